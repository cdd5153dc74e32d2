/* links: common_telemetry */
/* What telemetry reads from outside, lists of pairs and a collector's answer; and what it writes of
 * any text is JSON. */
#include <assert.h>
#include <stdio.h>

#include "schema/json.h"
#include "telemetry/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_pairs(struct str text)
{
    char room[256];
    struct pair pair;
    bool bad;
    size_t before = text.size;
    while (settings_next_pair(&text, room, sizeof room, &pair, &bad)) {
        assert(pair.name.size && pair.value.size <= sizeof room && text.size < before);
        for (size_t i = 0; i < pair.value.size; i++)
            assert((unsigned char)pair.value.data[i] >= ' ');
        before = text.size;
    }
}

static void try_span(struct str text)
{
    static const char own[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01";
    static struct telemetry telemetry = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                                         .changed = PTHREAD_COND_INITIALIZER,
                                         .settings = {.queue = 1}};
    char name[64];
    snprintf(
        name, sizeof name, "%.*s",
        STR_ARGS(str_slice(text, 0, str_utf8_valid_prefix(str_slice(text, 0, sizeof name - 1)))));
    const struct span_place place = {.traceparent = own,
                                     .parent = text,
                                     .name = name,
                                     .kind = SPAN_CLIENT,
                                     .ended_ns = (int64_t)text.size};
    struct trace_span span;
    struct arena arena = {0};
    atomic_store(&telemetry.waiting, 0);
    buffer_clear(&telemetry.spans);
    assert(span_begin(&span, &telemetry, &place));
    span_link(&span, text);
    span_text(&span, "text", text);
    span_texts(&span, "texts", &text, 1);
    span_number(&span, "number", (double)text.size / 3);
    span_end(&span);
    struct json_reader json = json_reader(buffer_str(&telemetry.spans), &arena);
    assert(json_skip(&json, NULL) && json_end(&json));
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make(data, size);
    try_pairs(text);
    (void)collector_read_refused(text);
    try_span(text);
    return 0;
}
