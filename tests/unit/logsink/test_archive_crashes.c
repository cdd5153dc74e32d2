/* The archive after a crash: what is stored is adopted, what contradicts it refused. */
#include "archive_scene.h"

static const char *crash_prefix;
static int crash_rc;
static enum memory_fault crash_fault;

static enum memory_fault crash_once(void *user, struct str key, int *rc)
{
    (void)user;
    if (!crash_prefix || !str_starts(key, str_of(crash_prefix))) return FAULT_NONE;
    crash_prefix = NULL;
    *rc = crash_rc;
    return crash_fault;
}

/* clang-format off */
static const struct {
    const char *why, *prefix;
    enum memory_fault fault;
    uint64_t count_before, count_after; /* rotation of the first member, and of the next */
} crashes[] = {
    {"before the object",                             "feedback/",  FAULT_BEFORE, 4, 4},
    {"between object and manifest, cut the same",     "feedback/",  FAULT_AFTER,  4, 4},
    {"between object and manifest, cut earlier now",  "feedback/",  FAULT_AFTER,  6, 4},
    {"between object and manifest, cut later now",    "feedback/",  FAULT_AFTER,  4, 6},
    {"between object and manifest, far later",        "feedback/",  FAULT_AFTER,  2, 100},
    {"between manifest and commit, cut the same",     "manifests/", FAULT_AFTER,  4, 4},
    {"between manifest and commit, cut later now",    "manifests/", FAULT_AFTER,  4, 6},
};
/* clang-format on */

static void survives_crashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(crashes); i++) {
        CASE(crashes[i].why);
        set_up();
        rig_add(&world, 0, 20);
        options.count = crashes[i].count_before;
        member_init(&member, &world, options);
        member_read(&member, 0, 10);
        assert_true(member_call(&member)); /* the lookup */
        world.store->fault = crash_once;
        crash_prefix = crashes[i].prefix, crash_rc = E_CANCELLED, crash_fault = crashes[i].fault;
        assert_true(member_call(&member));
        assert_null(crash_prefix);
        member_kill(&member);
        options.count = crashes[i].count_after;
        member_init(&member, &world, options);
        member_finish(&member);
        judge(&world);
        assert_int_equal(world.committed[0], 20);
        tear_down();
    }
}

/* Cut by our own clock, so by nothing that the records say: a member that dies before,
 * in or after the PUT, and another that cuts elsewhere. No record of the cut is kept beside the
 * object, which is the cut. */
static const struct {
    const char *why, *prefix;
    enum err_code rc;
    enum memory_fault fault;
    uint32_t read_before, read_after; /* when the clock cuts */
} clock_cuts[] = {
    {"died before the PUT; the next one cuts later", "feedback/", E_CANCELLED, FAULT_BEFORE, 7, 11},
    {"died before the PUT; the next one cuts earlier", "feedback/", E_CANCELLED, FAULT_BEFORE, 7,
     3},
    {"died after the PUT; the next one cuts later, and adopts", "feedback/", E_CANCELLED,
     FAULT_AFTER, 7, 11},
    {"died after the PUT; the next one cuts earlier, and adopts", "feedback/", E_CANCELLED,
     FAULT_AFTER, 7, 3},
    {"died before the manifest", "manifests/", E_CANCELLED, FAULT_BEFORE, 7, 11},
    {"died after the manifest, before the commit", "manifests/", E_CANCELLED, FAULT_AFTER, 7, 3},
};

static void cut_by_clock(struct member *who, uint32_t count)
{
    member_read(who, 0, count);
    (void)member_call(who); /* the lookup */
    clock_manual_advance(&world.clock, 5000);
    archive_tick(&who->archive);
}

static void survives_cuts_by_the_clock(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(clock_cuts); i++) {
        CASE(clock_cuts[i].why);
        struct member members[2];
        set_up();
        rig_add(&world, 0, 30);
        options.count = 1000;
        options.age_ms = 4000;
        member_init(&members[0], &world, options);
        /* has the same partition, and doesn't know better */
        member_init(&members[1], &world, options);
        cut_by_clock(&members[1], clock_cuts[i].read_after);
        cut_by_clock(&members[0], clock_cuts[i].read_before);
        world.store->fault = crash_once;
        crash_prefix = clock_cuts[i].prefix, crash_rc = (int)clock_cuts[i].rc,
        crash_fault = clock_cuts[i].fault;
        member_calls(&members[0]);
        assert_null(crash_prefix);
        member_kill(&members[0]);
        world.store->fault = NULL;
        member_finish(&members[1]);
        assert_int_equal(members[1].flow.fatal.code, E_OK);
        judge(&world);
        assert_int_equal(world.committed[0], 30);
        member_kill(&members[1]);
        world_deinit(&world);
    }
}

/* The wall clock jumps by a day, both ways: nothing is cut by it, nothing waits for it. */
static void the_wall_clock_may_jump(void **state)
{
    static const int64_t days[] = {1, -1, 365, -365};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(days); i++) {
        set_up();
        rig_add(&world, 0, 30);
        options.count = 1000;
        options.age_ms = 3600000;
        member_init(&member, &world, options);
        member_read(&member, 0, 10);
        assert_true(member_call(&member)); /* the lookup */
        world.clock.wall_ms += days[i] * 86400000;
        archive_tick(&member.archive);
        assert_false(member_call(&member)); /* nothing was cut */
        clock_manual_advance(&world.clock, 3600000);
        archive_tick(&member.archive);
        assert_true(member_call(&member)); /* by the monotonic clock it is */
        member_finish(&member);
        judge(&world);
        assert_int_equal(world.committed[0], 30);
        tear_down();
    }
}

static void skips_what_is_stored_when_offsets_are_lost(void **state)
{
    (void)state;
    set_up();
    options.count = 2; /* more manifests than one lookup tells: 100 */
    rig_add(&world, 0, 200);
    member_init(&member, &world, options);
    member_finish(&member);
    member_kill(&member);
    for (int64_t offset = 0; offset <= 150;
         offset += 75) { /* the beginning, the middle of an object */
        uint32_t puts = world.store->puts;
        world.committed[0] = offset;
        member_init(&member, &world, options);
        member_finish(&member);
        judge(&world);
        assert_int_equal(world.store->puts, puts);
        assert_int_equal(member.archive.counters.skipped, 200 - offset);
        assert_int_equal(world.committed[0], 200);
        member_kill(&member);
    }
    world_deinit(&world);
}

static void fills_a_hole_and_no_more(void **state)
{
    (void)state;
    set_up();
    options.count = 4;
    rig_add(&world, 0, 12);
    member_init(&member, &world, options);
    member_finish(&member);
    member_kill(&member);
    memory_remove(world.store, STR(OBJECT("00000000000000000004")));
    memory_remove(world.store, STR(MANIFEST("00000000000000000008", "00000000000000000004")));
    world.committed[0] = 0;
    options.count = 1000;
    member_init(&member, &world, options);
    member_finish(&member);
    judge(&world);
    assert_true(has_key(&world, MANIFEST("00000000000000000008", "00000000000000000004")));
    tear_down();
}

/* An object that a lifecycle rule took away isn't written again: its manifest remembers it. */
static void what_was_deleted_stays_deleted(void **state)
{
    (void)state;
    set_up();
    rig_add(&world, 0, 4);
    member_init(&member, &world, options);
    member_finish(&member);
    member_kill(&member);
    memory_remove(world.store, STR(OBJECT("00000000000000000000")));
    world.committed[0] = 0;
    member_init(&member, &world, options);
    member_finish(&member);
    assert_int_equal(objects_of(&world), 0);
    assert_int_equal(world.committed[0], 4);
    tear_down();
}

/* --- what contradicts ------------------------------------------------------------------------ */

/* clang-format off */
static const struct {
    const char *why;
    bool forget_manifests; /* the object is found by its name, not by a lookup */
    int64_t later_ms;
    const char *id;
} contradictions[] = {
    {"a topic that was created anew: another id",      false, 0,     "other-id"},
    {"the same, by the object's name",                 true,  0,     "other-id"},
    {"another time of the same id",                    false, 60000, "id-0-0"},
    {"the same, by the object's name",                 true,  60000, "id-0-0"},
};
/* clang-format on */

static void refuses_another_history(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(contradictions); i++) {
        CASE(contradictions[i].why);
        set_up();
        rig_add(&world, 0, 4);
        member_init(&member, &world, options);
        member_finish(&member);
        member_kill(&member);
        if (contradictions[i].forget_manifests)
            memory_remove(world.store,
                          STR(MANIFEST("00000000000000000004", "00000000000000000000")));
        struct str before = memory_get_object(world.store, STR(OBJECT("00000000000000000000")));
        world.committed[0] = 0;
        world.count[0] = 0;
        rig_add_raw(&world, 0, 0, RIG_START_MS + contradictions[i].later_ms,
                    rig_record(&world, contradictions[i].id, "another text"));
        member_init(&member, &world, options);
        member_read(&member, 0, 1);
        member_calls(&member);
        archive_drain(&member.archive);
        for (int turn = 0; turn < 3; turn++) {
            archive_draining(&member.archive);
            member_calls(&member);
        }
        assert_int_equal(member.flow.fatal.code, E_BAD_CONFIG);
        assert_non_null(strstr(member.flow.fatal.text, "00000000000000000000"));
        member_commit(&member);
        assert_int_equal(world.committed[0], 0);
        assert_true(
            str_equal(before, memory_get_object(world.store, STR(OBJECT("00000000000000000000")))));
        tear_down();
    }
}

/* An archive that begins later than the topic, as retention was faster than the first logsink. */
/* clang-format off */
static const struct {
    const char *why, *id; /* of the records where the archive begins */
    enum err_code rc;
} late_archives[] = {
    {"the same topic: what is before it is added",          "id",    E_OK},
    {"a topic made anew: its records aren't taken for those", "other", E_BAD_CONFIG},
};
/* clang-format on */

static void compares_where_a_hole_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(late_archives); i++) {
        CASE(late_archives[i].why);
        set_up();
        rig_add(&world, 0, 12);
        world.committed[0] = 8;
        member_init(&member, &world, options);
        member_finish(&member);
        member_kill(&member);
        world.committed[0] = 0;
        world.count[0] = 8;
        for (int64_t offset = 8; offset < 12; offset++) {
            char id[32];
            snprintf(id, sizeof id, "%s-0-%lld", late_archives[i].id, (long long)offset);
            rig_add_raw(&world, 0, offset, RIG_START_MS + offset * 1000,
                        rig_record(&world, id, "text"));
        }
        member_init(&member, &world, options);
        for (int turn = 0; turn < 3; turn++) {
            member_read(&member, 0, 12);
            member_calls(&member);
        }
        assert_int_equal(member.flow.fatal.code, late_archives[i].rc);
        member_commit(&member);
        assert_int_equal(world.committed[0], late_archives[i].rc ? 8 : 12);
        if (late_archives[i].rc == E_OK) judge(&world);
        tear_down();
    }
}

/* Without a rebalance, and on another day, so that no object has the name that its own would. */
static void notices_offsets_that_go_back(void **state)
{
    (void)state;
    set_up();
    options.count = 2;
    rig_add(&world, 0, 4);
    rig_add_raw(&world, 0, 0, RIG_START_MS + INT64_C(86400000),
                rig_record(&world, "other-id", "another text"));
    member_init(&member, &world, options);
    for (int turn = 0; turn < 3; turn++) {
        member_read(&member, 0, 2);
        member_calls(&member);
    }
    assert_int_equal(member.flow.fatal.code, E_BAD_CONFIG);
    assert_int_equal(objects_of(&world), 2);
    tear_down();
}

static void refuses_a_damaged_object(void **state)
{
    (void)state;
    const struct {
        const char *why;
        size_t cut;
    } cases[] = {{"cut off", 10}, {"its last byte is missing", 1}, {"empty", 100000}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        set_up();
        rig_add(&world, 0, 4);
        member_init(&member, &world, options);
        member_finish(&member);
        member_kill(&member);
        struct str whole = memory_get_object(world.store, STR(OBJECT("00000000000000000000")));
        size_t size = whole.size > cases[i].cut ? whole.size - cases[i].cut : 0;
        struct buffer damaged = {0};
        buffer_append(&damaged, whole.data, size);
        memory_set(world.store, STR(OBJECT("00000000000000000000")), buffer_str(&damaged));
        buffer_deinit(&damaged);
        memory_remove(world.store, STR(MANIFEST("00000000000000000004", "00000000000000000000")));
        world.committed[0] = 0;
        member_init(&member, &world, options);
        member_read(&member, 0, 4);
        archive_drain(&member.archive);
        for (int turn = 0; turn < 3; turn++) {
            member_calls(&member);
            archive_draining(&member.archive);
        }
        member_calls(&member);
        assert_int_equal(member.flow.fatal.code, E_BAD_CONFIG);
        tear_down();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_crashes),
        cmocka_unit_test(survives_cuts_by_the_clock),
        cmocka_unit_test(the_wall_clock_may_jump),
        cmocka_unit_test(skips_what_is_stored_when_offsets_are_lost),
        cmocka_unit_test(fills_a_hole_and_no_more),
        cmocka_unit_test(what_was_deleted_stays_deleted),
        cmocka_unit_test(refuses_another_history),
        cmocka_unit_test(compares_where_a_hole_ends),
        cmocka_unit_test(notices_offsets_that_go_back),
        cmocka_unit_test(refuses_a_damaged_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
