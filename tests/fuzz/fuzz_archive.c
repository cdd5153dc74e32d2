/* links: worker_logsink */
/* What logsink reads back from an object store, which others can write to: objects (the input as
 * zstd frames, and as lines that are packed here), lines, manifests. And a message that is poison:
 * it becomes one line that can be read back. */
#include <assert.h>
#include <stdlib.h>

#include "archive/line.h"
#include "archive/manifest.h"
#include "workers/logsink/line.h"
#include "workers/logsink/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_object(struct str packed)
{
    struct object_facts facts;
    struct err err = {0};
    int rc = object_read_facts(packed, TOPIC_AUDIT, 0, &facts, &err);
    assert(rc == E_OK || rc == E_BAD_MESSAGE || rc == E_BAD_JSON);
    if (rc != E_OK) return;
    assert(facts.records > 0 && facts.span.start >= 0);
    assert(facts.records <= (uint64_t)(facts.span.end - facts.span.start));
    assert(facts.earliest_ms <= facts.first_ms && facts.first_ms <= facts.latest_ms);
}

static void read_lines(struct str text)
{
    size_t bound = ZSTD_compressBound(text.size);
    char *packed = malloc(bound);
    if (!packed) abort();
    size_t size = ZSTD_compress(packed, bound, text.data, text.size, 1);
    assert(!ZSTD_isError(size));
    read_object(str_make(packed, size));
    free(packed);
}

static void write_message(struct str value, struct arena *arena)
{
    struct buffer line = {0};
    struct line_identity identity;
    struct err err = {0};
    bool raw;
    struct bus_message message = {.topic = TOPIC_AUDIT,
                                  .offset = 7,
                                  .timestamp_ms = 1767312000000,
                                  .key = str_slice(value, 0, 16),
                                  .value = value};
    int rc = line_write(&message, arena, &line, &raw, &err);
    assert(rc == E_OK);
    struct str text = buffer_str(&line);
    assert(str_find(text, STR("\n")) == text.size - 1);
    rc = line_identify(str_slice(text, 0, text.size - 1), arena, &identity, &err);
    assert(rc == E_OK && identity.offset == 7 && identity.raw == raw);
    assert(raw || identity.id.size > 0);
    buffer_deinit(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = str_make(data, size);
    struct arena arena = {0};
    struct manifest manifest;
    struct err err;
    read_object(input);
    read_lines(input);
    if (manifest_read(input, &arena, &manifest, &err) == E_OK) assert(manifest.object.data);
    write_message(input, &arena);
    arena_deinit(&arena);
    return 0;
}
