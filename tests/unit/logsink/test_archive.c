/* The archive, step by step: when objects are cut and stored, and what is committed behind them. */
#include "archive_scene.h"

/* --- when an object ends --------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *why;
    uint64_t count, bytes;
    int64_t age_ms;
    uint32_t records;
    int64_t wait_ms;
    size_t objects; /* stored, without a drain */
} cuts[] = {
    {"nothing is due",                          1000, 1 << 20, 60000, 10, 0,     0},
    {"by count: whole objects only",            4,    1 << 20, 60000, 10, 0,     2},
    {"by count: exactly full",                  5,    1 << 20, 60000, 10, 0,     2},
    {"by bytes",                                1000, 800,     60000, 10, 0,     2},
    {"by the records' own time, a second apart", 1000, 1 << 20, 5000,  10, 0,     1},
    {"by our clock, just not yet",              1000, 1 << 20, 60000, 10, 59999, 0},
    {"by our clock",                            1000, 1 << 20, 60000, 10, 60000, 1},
};
/* clang-format on */

static void cuts_objects(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cuts); i++) {
        CASE(cuts[i].why);
        set_up();
        options.count = cuts[i].count, options.bytes = cuts[i].bytes,
        options.age_ms = cuts[i].age_ms;
        rig_add(&world, 0, cuts[i].records);
        member_init(&member, &world, options);
        member_read(&member, 0, 1000);
        member_calls(&member);
        clock_manual_advance(&world.clock, cuts[i].wait_ms);
        archive_tick(&member.archive);
        member_calls(&member);
        assert_int_equal(objects_of(&world), cuts[i].objects);
        member_finish(&member);
        judge(&world);
        assert_int_equal(world.committed[0], cuts[i].records);
        tear_down();
    }
}

static void a_new_day_begins_a_new_object(void **state)
{
    (void)state;
    set_up();
    const int64_t day = 86400000;
    options.age_ms = day;
    const int64_t times[] = {-1000, 0, -500, 1000};
    for (int i = 0; i < 4; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        rig_add_raw(&world, 0, i, RIG_START_MS + day + times[i], rig_record(&world, id, "text"));
    }
    member_init(&member, &world, options);
    member_finish(&member);
    judge(&world);
    assert_int_equal(objects_of(&world), 2); /* the late record rides along with the new day */
    assert_true(has_key(&world, "feedback/date=2026-01-01/0/00000000000000000000.ndjson.zst"));
    assert_true(has_key(&world, "feedback/date=2026-01-02/0/00000000000000000001.ndjson.zst"));
    tear_down();
}

/* --- positions ------------------------------------------------------------------------------- */

static void commits_behind_the_store_only(void **state)
{
    (void)state;
    set_up();
    options.count = 4;
    rig_add(&world, 0, 10);
    member_init(&member, &world, options);
    member_read(&member, 0, 10);
    member_commit(&member);
    assert_int_equal(world.committed[0], 0); /* the lookup hasn't even ended */
    assert_true(member_call(&member));
    member_commit(&member);
    assert_int_equal(world.committed[0], 0);
    assert_true(member_call(&member));
    member_commit(&member);
    assert_int_equal(world.committed[0], 4);
    assert_int_equal(archive_waiting(&member.archive).records, 6); /* with a call, and open */
    assert_int_equal(archive_waiting(&member.archive).oldest_ms, RIG_START_MS + 4000);
    assert_true(has_key(&world, MANIFEST("00000000000000000004", "00000000000000000000")));
    member_finish(&member);
    assert_int_equal(world.committed[0], 10);
    judge(&world);
    tear_down();
}

static void markers_leave_gaps(void **state)
{
    (void)state;
    set_up();
    options.count = 2;
    for (int i = 0; i < 6; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        rig_add_raw(&world, 0, 5 + i * 3, RIG_START_MS, rig_record(&world, id, "text"));
    }
    member_init(&member, &world, options);
    member_finish(&member);
    judge(&world);
    assert_true(has_key(&world, OBJECT("00000000000000000005")));
    assert_true(has_key(&world, OBJECT("00000000000000000011")));
    assert_int_equal(world.committed[0], 21);
    tear_down();
}

/* --- rewinds --------------------------------------------------------------------------------- */

static void a_rewind_drops_what_is_not_stored(void **state)
{
    (void)state;
    set_up();
    options.count = 4;
    rig_add(&world, 0, 10);
    member_init(&member, &world, options);
    member_read(&member, 0, 10);
    assert_true(member_call(&member)); /* lookup; then the first object is on its way */
    assert_int_equal(member.task_count, 1);
    member_rewind(&member);
    assert_int_equal(member.archive.open_bytes, 0);
    member_read(&member, 0, 3);
    assert_int_equal(member.task_count, 1); /* one call a partition, even an old one */
    member_calls(&member);
    member_finish(&member);
    judge(&world);
    assert_int_equal(world.committed[0], 10);
    assert_int_equal(member.archive.counters.skipped, 4); /* the old call's object counts */
    tear_down();
}

static void poison_is_kept_as_it_is(void **state)
{
    (void)state;
    set_up();
    rig_add_raw(&world, 0, 0, RIG_START_MS, STR("\xc1 not msgpack"));
    rig_add(&world, 0, 2);
    rig_add_raw(&world, 0, 3, RIG_START_MS, STR(""));
    rig_add(&world, 0, 1);
    member_init(&member, &world, options);
    member_finish(&member);
    judge(&world);
    assert_int_equal(world.committed[0], 5);
    assert_int_equal(member.archive.counters.raw, 2);
    assert_int_equal(member.flow.counters.rejected, 0);
    tear_down();
}

static void large_objects_go_in_parts(void **state)
{
    (void)state;
    set_up();
    options.keep.part_bytes = 100, options.age_ms = 3600000;
    rig_add(&world, 0, 100);
    member_init(&member, &world, options);
    member_finish(&member);
    judge(&world);
    assert_int_equal(world.store->uploads, 1);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_objects),
        cmocka_unit_test(a_new_day_begins_a_new_object),
        cmocka_unit_test(commits_behind_the_store_only),
        cmocka_unit_test(markers_leave_gaps),
        cmocka_unit_test(a_rewind_drops_what_is_not_stored),
        cmocka_unit_test(poison_is_kept_as_it_is),
        cmocka_unit_test(large_objects_go_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
