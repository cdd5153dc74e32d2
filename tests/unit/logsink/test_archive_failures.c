/* The archive over a store that fails: it waits, within its memory, and goes on. */
#include "archive_scene.h"

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
        set_up();
        options.count = 2, options.calls = 4;
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
        tear_down();
    }
}

static void honours_retry_after(void **state)
{
    (void)state;
    set_up();
    rig_add(&world, 0, 1);
    member_init(&member, &world, options);
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
    tear_down();
}

static void memory_is_bounded(void **state)
{
    (void)state;
    set_up();
    options.memory_bytes = 256 << 10;
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
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_a_store_that_fails),
        cmocka_unit_test(honours_retry_after),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
