/* links: worker_ingest */
/* A watched file, CSV or NDJSON by the first byte, read in one piece and in two, cut where the
 * second byte says: the same rows come of it, every step gets on, and what is written down about
 * refused rows is lines of JSON. */
#include <assert.h>

#include "workers/ingest/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct watch watch;

static void check_refused(struct buffer *refused, uint64_t rows)
{
    struct arena arena = {0};
    struct str text = buffer_str(refused), raw;
    uint64_t lines = 0;
    for (; text.size; lines++) {
        struct json_reader reader = json_reader(str_cut(&text, '\n'), &arena);
        assert(json_skip(&reader, &raw) && json_end(&reader));
    }
    assert(lines == rows);
    arena_deinit(&arena);
    buffer_deinit(refused);
}

/* From object->offset to `end` of the file, which is all of it or not. */
static bool read_to(struct object *object, struct str file, size_t end)
{
    bool complete = end == file.size;
    while (object->offset < end) {
        struct chunk chunk;
        struct err err;
        struct str input = str_slice(file, object->offset, end);
        arena_reset(&watch.arena);
        if (watch_read_rows(&watch, object, input, complete, &chunk, &err)) return false;
        assert(chunk.bytes <= input.size && chunk.count + chunk.refused_rows == chunk.rows);
        check_refused(&chunk.refused, chunk.refused_rows);
        object->offset += chunk.bytes;
        object->line += chunk.lines;
        object->rows += chunk.rows;
        object->accepted += chunk.count;
        object->skipping = chunk.skipping;
        if (chunk.bytes == 0) {
            assert(!complete);
            break; /* wants more */
        }
    }
    return true;
}

static bool read_file(struct str file, bool csv, size_t cut, struct object *ret_object)
{
    struct object object = {
        .key = STR("raw/file"), .id = "0123456789abcdef", .line = 1, .csv = csv};
    struct err err;
    bool good = !csv || watch_read_header(&object, file, true, &err) == E_OK;
    if (good && cut > object.offset) good = read_to(&object, file, cut);
    if (good) good = read_to(&object, file, file.size);
    arena_deinit(&object.arena);
    *ret_object = object;
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct worker_context context;
    static struct ingest_state state = {.context = &context};
    struct object whole, halves;
    if (size < 2) return 0;
    context.clock = clock_system();
    random_seed(&watch.random, 1);
    watch.state = &state;
    watch.ids = (struct uuid_generator){.clock = context.clock, .random = &watch.random};
    struct str file = str_make(data + 2, size - 2);
    bool good = read_file(file, data[0] & 1, 0, &whole);
    const char *unpack;
    if (intake_packed_as(file, &unpack)) { /* shows in a whole chunk's first bytes only */
        assert(!good);
        return 0;
    }
    size_t cut = data[1] < file.size ? data[1] : file.size;
    assert(read_file(file, data[0] & 1, cut, &halves) == good);
    if (!good) return 0;
    assert(whole.offset == file.size && halves.offset == file.size);
    assert(whole.rows == halves.rows && whole.accepted == halves.accepted &&
           whole.line == halves.line);
    arena_reset(&watch.arena);
    return 0;
}
