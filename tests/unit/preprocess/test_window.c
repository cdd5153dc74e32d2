/* The duplicate window: what it calls a repeat, for how long, and what survives of it. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "workers/preprocess/window.h"

enum { ENTRIES = 1024 };

static struct window_record make(const char *id, int64_t offset, uint64_t exact, uint64_t similar)
{
    struct window_record record = {
        .id = str_of(id), .offset = offset, .seen_ms = 1000 + offset, .has_text = true,
        .near = true, .exact = exact, .similar = similar};
    for (int band = 0; band < SIMILAR_BANDS; band++)
        record.bands[band] = (uint16_t)(similar >> 16 * band); /* any will do */
    return record;
}

static enum window_match check(struct window *window, const struct window_record *record,
                               int64_t age_ms, struct str *ret_id)
{
    enum window_match match = window_look(window, record, age_ms, ret_id);
    window_enter(window, record, age_ms, match);
    return match;
}

static void tells_repeats(void **state)
{
    static const struct {
        const char *why, *id;
        int64_t offset;
        uint64_t exact, similar;
        enum window_match match;
        const char *earlier;
    } steps[] = {
        {"the first is new", "a", 1, 11, 0xFFFF0000FFFF0000, WINDOW_NEW, ""},
        {"the same message again is judged as the first time", "a", 1, 11, 0xFFFF0000FFFF0000,
         WINDOW_NEW, ""},
        {"the same id as another message: posted again", "a", 2, 11, 1, WINDOW_RETRIED, ""},
        {"the same id with another text: used twice", "a", 2, 12, 1, WINDOW_REUSED, ""},
        {"another id with the same text", "b", 3, 11, 0xFFFF0000FFFF0000, WINDOW_EXACT, "a"},
        {"that one processed again is still a repeat", "b", 3, 11, 0xFFFF0000FFFF0000, WINDOW_EXACT,
         "a"},
        {"eight bits differ: near", "c", 4, 13, 0xFFFF0000FFFF00FF, WINDOW_NEAR, "a"},
        {"nine bits differ: new", "d", 5, 14, 0xFFFF0000FFFF01FF, WINDOW_NEW, ""},
        {"one key of four agrees", "e", 6, 15, 0xFFFE0001FFFE0000, WINDOW_NEAR, "a"},
        {"no key agrees: not even looked at", "f", 7, 16, 0xFFFE0001FFFE0001, WINDOW_NEW, ""},
    };
    struct window *window;
    struct err err;
    (void)state;
    assert_int_equal(window_open(NULL, ENTRIES, &window, &err), E_OK);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct str earlier = {0};
        struct window_record record = make(steps[i].id, steps[i].offset, steps[i].exact,
                                           steps[i].similar);
        CASE(steps[i].why);
        assert_int_equal(check(window, &record, 1000000, &earlier), steps[i].match);
        assert_true(str_equal(earlier, str_of(steps[i].earlier)));
    }
    window_close(window);
}

static void short_texts_have_no_repeats(void **state)
{
    struct window *window;
    struct err err;
    struct str earlier = {0};
    struct window_record first = make("a", 1, 5, 6), second = make("b", 2, 5, 6);
    (void)state;
    first.has_text = first.near = second.has_text = second.near = false;
    assert_int_equal(window_open(NULL, ENTRIES, &window, &err), E_OK);
    assert_int_equal(check(window, &first, 1000, &earlier), WINDOW_NEW);
    assert_int_equal(check(window, &second, 1000, &earlier), WINDOW_NEW);
    second.id = first.id; /* ids are known all the same */
    assert_int_equal(check(window, &second, 1000, &earlier), WINDOW_RETRIED);
    window_close(window);
}

static void forgets(void **state)
{
    struct window *window;
    struct err err;
    struct str earlier = {0};
    (void)state;
    assert_int_equal(window_open(NULL, ENTRIES, &window, &err), E_OK);
    struct window_record first = make("a", 1, 5, 6), late = make("b", 2, 5, 6);
    assert_int_equal(check(window, &first, 500, &earlier), WINDOW_NEW);
    late.seen_ms = first.seen_ms + 501; /* by age */
    assert_int_equal(check(window, &late, 500, &earlier), WINDOW_NEW);
    for (int i = 0; i < ENTRIES; i++) { /* by number */
        char id[16];
        snprintf(id, sizeof id, "n%d", i);
        struct window_record record = make(id, 10 + i, 1000 + (uint64_t)i,
                                           (uint64_t)i << 40 | (uint64_t)i << 20);
        record.near = false;
        record.seen_ms = late.seen_ms;
        assert_int_equal(check(window, &record, 500, &earlier), WINDOW_NEW);
    }
    struct window_record again = make("c", 5000, 5, 6);
    again.seen_ms = late.seen_ms;
    assert_int_equal(check(window, &again, 500, &earlier), WINDOW_NEW);
    window_close(window);
}

static struct window_record numbered(int number, int64_t offset, char id[static 16])
{
    snprintf(id, 16, "n%d", number);
    struct window_record record = make(id, offset, 5, 6);
    record.has_text = record.near = false;
    record.seen_ms = 1000;
    return record;
}

/* Whichever ids came between: one that was forgotten early is a record that is doubled
 * (soak 7 in tests/soak). */
static void knows_every_id_in_the_ring(void **state)
{
    enum { MORE = 300 };
    struct window *window;
    struct err err;
    struct str earlier = {0};
    char id[16];
    (void)state;
    assert_int_equal(window_open(NULL, ENTRIES, &window, &err), E_OK);
    for (int i = 0; i < ENTRIES + MORE; i++) {
        struct window_record record = numbered(i, i, id);
        assert_int_equal(check(window, &record, 1000, &earlier), WINDOW_NEW);
    }
    for (int i = 0; i < ENTRIES + MORE; i++) {
        struct window_record record = numbered(i, 10000 + i, id);
        assert_int_equal(window_look(window, &record, 1000, &earlier),
                         i < MORE ? WINDOW_NEW : WINDOW_RETRIED);
    }
    window_close(window);
}

static void survives_a_restart(void **state)
{
    char folder[] = "/tmp/verbatim-window-XXXXXX", path[64];
    struct window *window, *second;
    struct err err;
    struct str earlier = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/w", folder);
    struct window_record first = make("a", 1, 5, 6), repeat = make("b", 2, 5, 6),
                         retried = make("a", 3, 5, 8);
    assert_int_equal(window_open(path, ENTRIES, &window, &err), E_OK);
    assert_int_equal(check(window, &first, 1000, &earlier), WINDOW_NEW);
    CASE("one process holds it");
    assert_int_equal(window_open(path, ENTRIES, &second, &err), E_IN_USE);
    assert_false(window_was_cleared(window));
    window_close(window);
    CASE("what was seen before the restart is known after it");
    assert_int_equal(window_open(path, ENTRIES, &window, &err), E_OK);
    assert_false(window_was_cleared(window));
    assert_int_equal(check(window, &repeat, 1000, &earlier), WINDOW_EXACT);
    assert_true(str_equal(earlier, STR("a")));
    assert_int_equal(check(window, &retried, 1000, &earlier), WINDOW_RETRIED);
    window_close(window);
    CASE("another size starts anew");
    assert_int_equal(window_open(path, 2 * ENTRIES, &window, &err), E_OK);
    assert_true(window_was_cleared(window));
    assert_int_equal(check(window, &repeat, 1000, &earlier), WINDOW_NEW);
    window_close(window);
    CASE("damage is no crash");
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    fseek(file, 64, SEEK_SET);
    for (int i = 0; i < 100000; i++) fputc(i * 7 & 255, file);
    fclose(file);
    assert_int_equal(window_open(path, 2 * ENTRIES, &window, &err), E_OK);
    for (int i = 0; i < 200; i++) {
        struct window_record record = make("x", i, (uint64_t)i, (uint64_t)i);
        enum window_match match = check(window, &record, 1000, &earlier);
        assert_in_range(match, WINDOW_NEW, WINDOW_NEAR);
    }
    window_close(window);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_repeats),
        cmocka_unit_test(short_texts_have_no_repeats),
        cmocka_unit_test(forgets),
        cmocka_unit_test(knows_every_id_in_the_ring),
        cmocka_unit_test(survives_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
