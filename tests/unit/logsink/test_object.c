/* Objects: many lines in, one zstd frame out, that any reader takes, and taken apart again. */
#include <stdlib.h>

#include "base/random.h"
#include "test.h"
#include "workers/logsink/object.h"

struct made {
    struct object *object;
    struct buffer text; /* all its lines */
    ZSTD_CCtx *quick;
};

static void make(struct made *made, uint32_t records, size_t noise_bytes)
{
    struct random random;
    struct err err;
    random_seed(&random, 7);
    *made = (struct made){.object = object_create(TOPIC_AUDIT, 1, 0), .quick = ZSTD_createCCtx()};
    assert_non_null(made->object);
    for (uint32_t i = 0; i < records; i++) {
        struct buffer line = {0};
        buffer_printf(&line, "{\"id\":\"%u\",\"noise\":\"", i);
        for (size_t n = 0; n < noise_bytes; n++)
            buffer_add_char(&line, (char)('a' + random_below(&random, 26)));
        buffer_printf(&line,
                      "\",\"bus\":{\"offset\":%u,\"timestamp\":\"2026-01-02T00:00:00.%03uZ\"}}\n",
                      i * 2, i % 1000);
        buffer_add(object_tail(made->object), buffer_str(&line));
        buffer_add(&made->text, buffer_str(&line));
        assert_int_equal(object_added(made->object, made->quick, i * 2, 1767312000000 + i % 1000,
                                      false, line.size, &err),
                         E_OK);
        buffer_deinit(&line);
    }
}

static void unmake(struct made *made)
{
    object_destroy(made->object);
    buffer_deinit(&made->text);
    ZSTD_freeCCtx(made->quick);
}

static void check_text(struct str packed, struct str text)
{
    /* One frame that says its size, so that one call of the simplest reader takes it all. */
    assert_int_equal(ZSTD_getFrameContentSize(packed.data, packed.size), text.size);
    assert_int_equal(ZSTD_findFrameCompressedSize(packed.data, packed.size), packed.size);
    char *out = malloc(text.size + 1);
    assert_non_null(out);
    assert_int_equal(ZSTD_decompress(out, text.size + 1, packed.data, packed.size), text.size);
    assert_memory_equal(out, text.data, text.size);
    free(out);
}

/* clang-format off */
static const struct {
    const char *why;
    uint32_t records;
    size_t noise_bytes;
} sizes[] = {
    {"one line",                       1,    10},
    {"less than a piece",              20,   100},
    {"many pieces",                    3000, 100},
    {"lines larger than a piece",      5,    100000},
    {"a line that outgrows the reader", 1,   3000000},
};
/* clang-format on */

static void packs_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        CASE(sizes[i].why);
        struct made made;
        struct object_facts facts;
        struct err err;
        make(&made, sizes[i].records, sizes[i].noise_bytes);
        size_t open_bytes = object_memory_bytes(made.object);
        assert_true(open_bytes < made.text.size + (300 << 10));
        assert_int_equal(object_finish(made.object, 3, &err), E_OK);
        assert_int_equal(object_finish(made.object, 3, &err), E_OK); /* again: nothing to do */
        check_text(buffer_str(&made.object->packed), buffer_str(&made.text));
        assert_int_equal(object_memory_bytes(made.object),
                         sizeof *made.object + made.object->packed.size);
        assert_int_equal(
            object_read_facts(buffer_str(&made.object->packed), TOPIC_AUDIT, 1, &facts, &err),
            E_OK);
        assert_memory_equal(&facts, &made.object->facts, sizeof facts);
        assert_int_equal(facts.records, sizes[i].records);
        assert_int_equal(facts.span.end, sizes[i].records * 2 - 1);
        unmake(&made);
    }
}

/* clang-format off */
static const struct {
    const char *why;
    int64_t offset;
    uint32_t left;
} rests[] = {
    {"nothing is below",      0,    1000},
    {"the first line",        1,    999},
    {"between two offsets",   999,  500},
    {"at an offset",          1000, 500},
    {"all but the last",      1998, 1},
    {"all",                   1999, 0},
};
/* clang-format on */

static void keeps_the_rest(void **state)
{
    (void)state;
    for (int finished = 0; finished < 2; finished++)
        for (size_t i = 0; i < COUNT_OF(rests); i++) {
            CASE(rests[i].why);
            struct made made;
            struct object *rest = NULL;
            struct err err;
            make(&made, 1000, 100);
            if (finished) assert_int_equal(object_finish(made.object, 3, &err), E_OK);
            assert_int_equal(object_rest(made.object, made.quick, rests[i].offset, &rest, &err),
                             E_OK);
            if (rests[i].left == 0) {
                assert_null(rest);
            } else {
                assert_int_equal(rest->facts.records, rests[i].left);
                assert_int_equal(rest->facts.span.start, 2000 - rests[i].left * 2);
                assert_int_equal(rest->facts.span.end, 1999);
                assert_int_equal(object_finish(rest, 3, &err), E_OK);
                struct str text = buffer_str(&made.text);
                for (uint32_t skip = 1000 - rests[i].left; skip > 0; skip--) str_cut(&text, '\n');
                check_text(buffer_str(&rest->packed), text);
            }
            object_destroy(rest);
            unmake(&made);
        }
}

/* However it is cut off or damaged, it is refused: the frame's checksum sees to it. */
static void refuses_damage(void **state)
{
    (void)state;
    struct made made;
    struct object_facts facts;
    struct err err;
    make(&made, 200, 50);
    assert_int_equal(object_finish(made.object, 3, &err), E_OK);
    struct buffer *packed = &made.object->packed;
    for (size_t size = 0; size < packed->size; size += 1 + packed->size / 300)
        assert_int_equal(
            object_read_facts(str_slice(buffer_str(packed), 0, size), TOPIC_AUDIT, 1, &facts, &err),
            E_BAD_MESSAGE);
    for (size_t at = 0; at < packed->size; at += 1 + packed->size / 300) {
        packed->data[at] ^= 0x55;
        assert_int_not_equal(object_read_facts(buffer_str(packed), TOPIC_AUDIT, 1, &facts, &err),
                             E_OK);
        packed->data[at] ^= 0x55;
    }
    unmake(&made);
}

/* clang-format off */
static const struct {
    const char *why, *text;
    int rc;
} texts[] = {
    {"two lines",
     "{\"bus\":{\"offset\":1,\"timestamp\":\"2026-01-01\"}}\n"
     "{\"bus\":{\"offset\":2,\"timestamp\":\"2026-01-01\"}}\n", E_OK},
    {"no newline at its end", "{\"bus\":{\"offset\":1,\"timestamp\":\"2026-01-01\"}}",
     E_BAD_MESSAGE},
    {"an offset twice",
     "{\"bus\":{\"offset\":1,\"timestamp\":\"2026-01-01\"}}\n"
     "{\"bus\":{\"offset\":1,\"timestamp\":\"2026-01-01\"}}\n", E_BAD_MESSAGE},
    {"an empty line",       "\n", E_BAD_JSON},
    {"no line at all",      "", E_BAD_MESSAGE},
};
/* clang-format on */

static void reads_frames_of_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        CASE(texts[i].why);
        char packed[1024];
        struct object_facts facts;
        struct err err;
        size_t half = strlen(texts[i].text) / 2,
               size = ZSTD_compress(packed, sizeof packed, texts[i].text, half, 1);
        /* Two frames, cut in the middle of a line. */
        size += ZSTD_compress(packed + size, sizeof packed - size, texts[i].text + half,
                              strlen(texts[i].text) - half, 1);
        assert_int_equal(object_read_facts(str_make(packed, size), TOPIC_AUDIT, 1, &facts, &err),
                         texts[i].rc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_lines),
        cmocka_unit_test(keeps_the_rest),
        cmocka_unit_test(refuses_damage),
        cmocka_unit_test(reads_frames_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
