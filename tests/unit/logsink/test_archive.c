/* The archive, step by step: when objects are cut, stored, adopted and refused. */
#include "archive_rig.h"

static size_t objects_of(const struct world *world)
{
    size_t count = 0;
    for (size_t i = 0; i < world->store->count; i++)
        count += !str_starts(str_of(world->store->objects[i].key), STR("manifests/"));
    return count;
}

static bool has_key(const struct world *world, const char *key)
{
    return memory_get_object(world->store, str_of(key)).data != NULL;
}

#define OBJECT(start)        "feedback/date=2026-01-01/0/" start ".ndjson.zst"
#define MANIFEST(end, start) "manifests/feedback/0/" end "-" start ".json"

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
        static struct world world;
        struct member member;
        struct archive_options options = rig_options();
        options.count = cuts[i].count, options.bytes = cuts[i].bytes,
        options.age_ms = cuts[i].age_ms;
        world_init(&world);
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
        member_kill(&member);
        world_deinit(&world);
    }
}

static void a_new_day_begins_a_new_object(void **state)
{
    (void)state;
    static struct world world;
    struct member member;
    struct archive_options options = rig_options();
    const int64_t day = 86400000;
    options.age_ms = day;
    world_init(&world);
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
    member_kill(&member);
    world_deinit(&world);
}

/* --- positions ------------------------------------------------------------------------------- */

static void commits_behind_the_store_only(void **state)
{
    (void)state;
    static struct world world;
    struct member member;
    struct archive_options options = rig_options();
    options.count = 4;
    world_init(&world);
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
    member_kill(&member);
    world_deinit(&world);
}

static void markers_leave_gaps(void **state)
{
    (void)state;
    static struct world world;
    struct member member;
    struct archive_options options = rig_options();
    options.count = 2;
    world_init(&world);
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
    member_kill(&member);
    world_deinit(&world);
}

/* --- crashes --------------------------------------------------------------------------------- */

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
        static struct world world;
        struct member member;
        struct archive_options options = rig_options();
        world_init(&world);
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
        member_kill(&member);
        world_deinit(&world);
    }
}

/* Cut by our own clock, so by nothing that the records say: a member that dies before, in or after the PUT, and another
 * that cuts elsewhere. No record of the cut is kept beside the object, which is the cut. */
static const struct {
    const char *why, *prefix;
    enum err_code rc;
    enum memory_fault fault;
    uint32_t read_before, read_after; /* when the clock cuts */
} clock_cuts[] = {
    {"died before the PUT; the next one cuts later", "feedback/", E_CANCELLED, FAULT_BEFORE, 7, 11},
    {"died before the PUT; the next one cuts earlier", "feedback/", E_CANCELLED, FAULT_BEFORE, 7, 3},
    {"died after the PUT; the next one cuts later, and adopts", "feedback/", E_CANCELLED, FAULT_AFTER, 7, 11},
    {"died after the PUT; the next one cuts earlier, and adopts", "feedback/", E_CANCELLED, FAULT_AFTER, 7, 3},
    {"died before the manifest", "manifests/", E_CANCELLED, FAULT_BEFORE, 7, 11},
    {"died after the manifest, before the commit", "manifests/", E_CANCELLED, FAULT_AFTER, 7, 3},
};

static void cut_by_clock(struct member *member, struct world *world, uint32_t count)
{
    member_read(member, 0, count);
    (void)member_call(member); /* the lookup */
    clock_manual_advance(&world->clock, 5000);
    archive_tick(&member->archive);
}

static void survives_cuts_by_the_clock(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(clock_cuts); i++) {
        CASE(clock_cuts[i].why);
        static struct world world;
        struct member members[2];
        struct archive_options options = rig_options();
        world_init(&world);
        rig_add(&world, 0, 30);
        options.count = 1000;
        options.age_ms = 4000;
        member_init(&members[0], &world, options);
        member_init(&members[1], &world, options); /* has the same partition, and doesn't know better */
        cut_by_clock(&members[1], &world, clock_cuts[i].read_after);
        cut_by_clock(&members[0], &world, clock_cuts[i].read_before);
        world.store->fault = crash_once;
        crash_prefix = clock_cuts[i].prefix, crash_rc = (int)clock_cuts[i].rc, crash_fault = clock_cuts[i].fault;
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
        static struct world world;
        struct member member;
        struct archive_options options = rig_options();
        world_init(&world);
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
        member_kill(&member);
        world_deinit(&world);
    }
}

static void skips_what_is_stored_when_offsets_are_lost(void **state)
{
    (void)state;
    static struct world world;
    struct member member;
    struct archive_options options = rig_options();
    options.count = 2; /* more manifests than one lookup tells: 100 */
    world_init(&world);
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
    static struct world world;
    struct member member;
    struct archive_options options = rig_options();
    options.count = 4;
    world_init(&world);
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
    member_kill(&member);
    world_deinit(&world);
}

/* An object that a lifecycle rule took away isn't written again: its manifest remembers it. */
static void what_was_deleted_stays_deleted(void **state)
{
    (void)state;
    static struct world world;
    struct member member;
    world_init(&world);
    rig_add(&world, 0, 4);
    member_init(&member, &world, rig_options());
    member_finish(&member);
    member_kill(&member);
    memory_remove(world.store, STR(OBJECT("00000000000000000000")));
    world.committed[0] = 0;
    member_init(&member, &world, rig_options());
    member_finish(&member);
    assert_int_equal(objects_of(&world), 0);
    assert_int_equal(world.committed[0], 4);
    member_kill(&member);
    world_deinit(&world);
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
        static struct world world;
        struct member member;
        world_init(&world);
        rig_add(&world, 0, 4);
        member_init(&member, &world, rig_options());
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
        member_init(&member, &world, rig_options());
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
        member_kill(&member);
        world_deinit(&world);
    }
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
        static struct world world;
        struct member member;
        world_init(&world);
        rig_add(&world, 0, 4);
        member_init(&member, &world, rig_options());
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
        member_init(&member, &world, rig_options());
        member_read(&member, 0, 4);
        archive_drain(&member.archive);
        for (int turn = 0; turn < 3; turn++) {
            member_calls(&member);
            archive_draining(&member.archive);
        }
        member_calls(&member);
        assert_int_equal(member.flow.fatal.code, E_BAD_CONFIG);
        member_kill(&member);
        world_deinit(&world);
    }
}

/* --- a store that fails ---------------------------------------------------------------------- */

static int always_rc;
static enum memory_fault always_fails(void *user, struct str key, int *rc)
{
    (void)user, (void)key;
    *rc = always_rc;
    return always_rc ? FAULT_BEFORE : FAULT_NONE;
}

/* clang-format off */
static const struct {
    const char *why;
    enum err_code rc;
    bool passes;
} failures[] = {
    {"the store is away",               E_UNAVAILABLE, true},
    {"slow down",                       E_BUSY,        true},
    {"the disk is full",                E_DISK_FULL,   true},
    {"credentials expired",             E_DENIED,      true},
    {"the bucket doesn't exist",        E_BAD_CONFIG,  false},
    {"a key that no store can hold",    E_BAD_MESSAGE, false},
};
/* clang-format on */

static void waits_for_a_store_that_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        CASE(failures[i].why);
        static struct world world;
        struct member member;
        struct archive_options options = rig_options();
        options.count = 2, options.calls = 4;
        world_init(&world);
        for (uint32_t p = 0; p < RIG_PARTITIONS; p++) rig_add(&world, p, 10);
        member_init(&member, &world, options);
        world.store->fault = always_fails;
        always_rc = (int)failures[i].rc;
        for (uint32_t p = 0; p < RIG_PARTITIONS; p++) member_read(&member, p, 10);
        uint32_t calls = 0;
        for (int second = 0; second < 60; second++) { /* a minute */
            while (member_call(&member)) calls++;
            assert_true(member.task_count <= 1);
            clock_manual_advance(&world.clock, 1000);
            archive_tick(&member.archive);
        }
        member_commit(&member);
        assert_int_equal(world.committed[0], 0);
        assert_int_equal(archive_waiting(&member.archive).records, 0); /* the lookups are first */
        if (!failures[i].passes) {
            assert_int_equal(member.flow.fatal.code, failures[i].rc);
        } else {
            assert_int_equal(member.flow.fatal.code, E_OK);
            assert_in_range(calls, 10, 80); /* no storm: one at a time, a second apart */
            always_rc = E_OK;
            member_finish(&member);
            judge(&world);
            assert_int_equal(world.committed[0], 10);
        }
        member_kill(&member);
        world_deinit(&world);
    }
}

static void honours_retry_after(void **state)
{
    (void)state;
    static struct world world;
    struct member member;
    world_init(&world);
    rig_add(&world, 0, 1);
    member_init(&member, &world, rig_options());
    world.store->fault = always_fails;
    always_rc = E_BUSY;
    member_read(&member, 0, 1);
    assert_non_null(member.first);
    struct task *task = member.first;
    member.first = NULL, member.end = &member.first, member.task_count = 0;
    task_run(task, &world.store->base);
    task->retry_after_ms = 90000; /* as the store's header says */
    archive_done(&member.archive, task);
    clock_manual_advance(&world.clock, 89999);
    archive_tick(&member.archive);
    assert_int_equal(member.task_count, 0);
    assert_int_equal(member.archive.due_ms, clock_mono_ms(&world.clock.clock) + 1);
    clock_manual_advance(&world.clock, 1);
    archive_tick(&member.archive);
    assert_int_equal(member.task_count, 1);
    member_kill(&member);
    world_deinit(&world);
}

static void memory_is_bounded(void **state)
{
    (void)state;
    static struct world world;
    struct member member;
    struct archive_options options = rig_options();
    options.memory_bytes = 256 << 10;
    world_init(&world);
    char noise[2048 + 1] = {0};
    for (uint32_t i = 0; i < 1000; i++) {
        char id[16];
        snprintf(id, sizeof id, "%u", i);
        for (size_t c = 0; c < sizeof noise - 1; c++)
            noise[c] = (char)('0' + random_below(&world.random, 64));
        rig_add_raw(&world, i % 2, i / 2, RIG_START_MS, rig_record(&world, id, noise));
    }
    member_init(&member, &world, options);
    world.store->fault = always_fails;
    always_rc = E_OK;
    for (uint32_t p = 0; p < 2; p++) member_read(&member, p, 1);
    member_calls(&member); /* the lookups */
    always_rc = E_UNAVAILABLE;
    for (uint32_t i = 0; i < 30; i++) {
        for (uint32_t p = 0; p < 2; p++) member_read(&member, p, 15);
        member_calls(&member);
        size_t held = member.archive.open_bytes + member.archive.sealed_bytes;
        assert_true(held <=
                    options.memory_bytes + (64 << 10)); /* and the tail that was just added to */
    }
    assert_true(member.flow.in_flight > 0); /* they wait, and the source with them */
    always_rc = E_OK;
    member_finish(&member);
    while (member.position[0] < world.count[0] || member.position[1] < world.count[1])
        member_finish(&member);
    judge(&world);
    assert_int_equal(member.archive.open_bytes + member.archive.sealed_bytes, 0);
    member_kill(&member);
    world_deinit(&world);
}

/* --- rewinds --------------------------------------------------------------------------------- */

static void a_rewind_drops_what_is_not_stored(void **state)
{
    (void)state;
    static struct world world;
    struct member member;
    struct archive_options options = rig_options();
    options.count = 4;
    world_init(&world);
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
    member_kill(&member);
    world_deinit(&world);
}

static void poison_is_kept_as_it_is(void **state)
{
    (void)state;
    static struct world world;
    struct member member;
    world_init(&world);
    rig_add_raw(&world, 0, 0, RIG_START_MS, STR("\xc1 not msgpack"));
    rig_add(&world, 0, 2);
    rig_add_raw(&world, 0, 3, RIG_START_MS, STR(""));
    rig_add(&world, 0, 1);
    member_init(&member, &world, rig_options());
    member_finish(&member);
    judge(&world);
    assert_int_equal(world.committed[0], 5);
    assert_int_equal(member.archive.counters.raw, 2);
    assert_int_equal(member.flow.counters.rejected, 0);
    member_kill(&member);
    world_deinit(&world);
}

static void large_objects_go_in_parts(void **state)
{
    (void)state;
    static struct world world;
    struct member member;
    struct archive_options options = rig_options();
    options.keep.part_bytes = 100, options.age_ms = 3600000;
    world_init(&world);
    rig_add(&world, 0, 100);
    member_init(&member, &world, options);
    member_finish(&member);
    judge(&world);
    assert_int_equal(world.store->uploads, 1);
    member_kill(&member);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_objects),
        cmocka_unit_test(a_new_day_begins_a_new_object),
        cmocka_unit_test(commits_behind_the_store_only),
        cmocka_unit_test(markers_leave_gaps),
        cmocka_unit_test(survives_crashes),
        cmocka_unit_test(survives_cuts_by_the_clock),
        cmocka_unit_test(the_wall_clock_may_jump),
        cmocka_unit_test(skips_what_is_stored_when_offsets_are_lost),
        cmocka_unit_test(fills_a_hole_and_no_more),
        cmocka_unit_test(what_was_deleted_stays_deleted),
        cmocka_unit_test(refuses_another_history),
        cmocka_unit_test(refuses_a_damaged_object),
        cmocka_unit_test(waits_for_a_store_that_fails),
        cmocka_unit_test(honours_retry_after),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(a_rewind_drops_what_is_not_stored),
        cmocka_unit_test(poison_is_kept_as_it_is),
        cmocka_unit_test(large_objects_go_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
