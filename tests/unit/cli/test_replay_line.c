/* A message to a line of the archive and back: the same bytes. */
#include <stdlib.h>

#include "ops/cli/replay_line.h"
#include "must.h"
#include "workers/logsink/line.h"

/* As logsink writes it, without the newline. */
static struct str line_of(const struct bus_message *message, struct arena *arena,
                          struct buffer *out)
{
    bool raw;
    struct err err = {0};
    buffer_clear(out);
    must(line_write(message, arena, out, &raw, &err), &err);
    return str_slice(buffer_str(out), 0, out->size - 1);
}

static void golden_records_keep_their_bytes(void **state)
{
    static const char *const names[] = {"whole", "smallest"};
    const char *source = getenv("VERBATIM_SOURCE");
    (void)state;
    assert_non_null(source);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct arena arena = {0};
        struct buffer bytes = {0}, line = {0};
        struct replay_message again;
        struct err err = {0};
        char path[512];
        CASE(names[i]);
        snprintf(path, sizeof path, "%s/tests/golden/%s.msgpack", source, names[i]);
        must(buffer_read_file(&bytes, path, 1 << 20, &err), &err);
        const struct bus_message message = {
            .topic = TOPIC_INSIGHTS, .partition = 2, .offset = 7, .timestamp_ms = 1700000000000,
            .value = buffer_str(&bytes)};
        must(replay_line(line_of(&message, &arena, &line), &arena, &again, &err), &err);
        assert_int_equal(again.value.size, bytes.size);
        assert_memory_equal(again.value.data, bytes.data, bytes.size);
        assert_true(again.id.size > 0);
        buffer_deinit(&bytes);
        buffer_deinit(&line);
        arena_deinit(&arena);
    }
}

#define RECORD "\x82\xa1v\x01\xa2id\xa3r-1"
#define TRACE  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static const struct {
    const char *why;
    struct str value, key;
    /* of what goes out again, on feedback, by the run "may" */
    const char *trace, *redrives, *replay, *id, *headers;
} lines[] = {
#define BYTES(text) {text, sizeof(text) - 1}
    {"a record with all", BYTES(RECORD), BYTES("c-1"), TRACE, NULL, NULL, "r-1",
     "content-type=application/msgpack ce_specversion=1.0 ce_type=verbatim.feedback "
     "ce_source=ingest ce_id=r-1 traceparent=" TRACE " verbatim-replay=may "},
    {"no key, no trace", BYTES(RECORD), BYTES(""), NULL, NULL, NULL, "r-1",
     "content-type=application/msgpack ce_specversion=1.0 ce_type=verbatim.feedback "
     "ce_source=ingest ce_id=r-1 verbatim-replay=may "},
    {"a key that is no text", BYTES(RECORD), BYTES("\xff\x00\x01"), NULL, NULL, NULL, "r-1",
     NULL},
    {"a key that needs escapes", BYTES(RECORD), BYTES("a\"b\\\n"), NULL, NULL, NULL, "r-1",
     NULL},
    {"redriven: the count stays", BYTES(RECORD), BYTES(""), NULL, "2", NULL, "r-1",
     "content-type=application/msgpack ce_specversion=1.0 ce_type=verbatim.feedback "
     "ce_source=ingest ce_id=r-1 verbatim-replay=may verbatim-redrives=2 "},
    {"replayed before: of this run now", BYTES(RECORD), BYTES(""), NULL, NULL, "april", "r-1",
     "content-type=application/msgpack ce_specversion=1.0 ce_type=verbatim.feedback "
     "ce_source=ingest ce_id=r-1 verbatim-replay=may "},
    {"bytes that are no record", BYTES("\xc1\x00junk"), BYTES("k"), TRACE, NULL, NULL, "",
     "traceparent=" TRACE " verbatim-replay=may "},
    {"no bytes at all", BYTES(""), BYTES("k"), NULL, NULL, NULL, "", "verbatim-replay=may "},
    {"a section with the archive's own name", BYTES("\x83\xa1v\x01\xa2id\xa3r-1\xa3" "bus\x07"),
     BYTES("k"), NULL, NULL, NULL, "r-1", NULL},
    {"a section that nobody knows", BYTES("\x83\xa1v\x01\xa2id\xa3r-1\xa4mood\x81\xa1x\xa1y"),
     BYTES("k"), NULL, NULL, NULL, "r-1", NULL},
};

static void what_is_around_a_record_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct arena arena = {0};
        struct buffer line = {0};
        struct bus_header headers[3];
        struct replay_message again;
        struct bus_output output;
        struct err err = {0};
        char found[1024] = "";
        uint32_t count = 0;
        CASE(lines[i].why);
        if (lines[i].trace)
            headers[count++] = (struct bus_header){STR("traceparent"), str_of(lines[i].trace)};
        if (lines[i].redrives)
            headers[count++] = (struct bus_header){STR(HEADER_REDRIVES), str_of(lines[i].redrives)};
        if (lines[i].replay)
            headers[count++] = (struct bus_header){STR(HEADER_REPLAY), str_of(lines[i].replay)};
        const struct bus_message message = {
            .topic = TOPIC_FEEDBACK, .offset = 7, .timestamp_ms = 1700000000000,
            .key = lines[i].key, .value = lines[i].value, .headers = headers,
            .header_count = count};
        must(replay_line(line_of(&message, &arena, &line), &arena, &again, &err), &err);
        assert_true(str_equal(again.value, lines[i].value));
        assert_true(str_equal(again.key, lines[i].key));
        assert_true(str_equal(again.id, str_of(lines[i].id)));
        assert_int_equal(again.copy, lines[i].replay != NULL);
        must(
            replay_output(&again, TOPIC_FEEDBACK, STR("may"), 1700000009000, &arena, &output, &err),
            &err);
        assert_int_equal(output.timestamp_ms, 1700000009000);
        for (uint32_t j = 0; j < output.header_count; j++)
            snprintf(found + strlen(found), sizeof found - strlen(found), "%.*s=%.*s ",
                     STR_ARGS(output.headers[j].name), STR_ARGS(output.headers[j].value));
        if (lines[i].headers) assert_string_equal(found, lines[i].headers);
        buffer_deinit(&line);
        arena_deinit(&arena);
    }
}

static void what_is_no_line_is_refused(void **state)
{
    static const struct { const char *why, *line; int rc; } cases[] = {
        {"nothing", "", E_BAD_JSON},
        {"cut off", "{\"id\":\"a\",\"bus\":{\"topic\":\"feedback\"", E_BAD_JSON},
        {"an array", "[]", E_BAD_MESSAGE},
        {"a record that isn't from an archive", "{\"id\":\"a\"}", E_BAD_MESSAGE},
        {"bus is no object", "{\"id\":\"a\",\"bus\":1}", E_BAD_MESSAGE},
        {"a record that breaks its schema",
         "{\"id\":\"a\",\"feedback\":{\"rating\":\"x\"},\"bus\":{}}", E_BAD_MESSAGE},
        {"no record", "{\"feedback\":{},\"bus\":{}}", E_BAD_MESSAGE},
        {"raw that is no base64", "{\"raw\":\"!\",\"bus\":{}}", E_BAD_MESSAGE},
        {"a key that is no base64", "{\"id\":\"a\",\"bus\":{\"key_base64\":\"!\"}}", E_BAD_MESSAGE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct replay_message message;
        struct err err = {0};
        CASE(cases[i].why);
        assert_int_equal(replay_line(str_of(cases[i].line), &arena, &message, &err), cases[i].rc);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_records_keep_their_bytes),
        cmocka_unit_test(what_is_around_a_record_comes_back),
        cmocka_unit_test(what_is_no_line_is_refused),
    };
    return cmocka_run_group_tests_name("replay_line", tests, NULL, NULL);
}
