/* Each allocation of the archive fails in turn, the store's too: the worker stops or tries again,
 * and the next one finds what is stored and does the rest: each message is archived once. And how
 * the worker opens: NO_MEMORY, without a leak. */
#include "own_folder.h"
#include "archive_rig.h"
#include "failing_malloc.h"
#include "base/log.h"
#include "runtime/runtime.h"
#include "workers/logsink/logsink.h"

#include <unistd.h>

enum { RECORDS = 7, TURNS_MOST = 50 };

/* What lets small memory be felt: objects of few lines, and room for few of them. */
static const struct {
    const char *why;
    uint64_t count, memory_bytes, part_bytes;
    bool stored_before;
} cases[] = {
    {"one object a partition", 1000, 16 << 20, 16 << 20, false},
    {"many small ones, of which the store has the first", 2, 16 << 20, 16 << 20, true},
    {"jobs that wait for memory", 3, 1, 16 << 20, false},
    {"objects that go up in parts", 1000, 16 << 20, 1, false},
};

static struct archive_options options_of(size_t i)
{
    struct archive_options options = rig_options();
    options.count = cases[i].count;
    options.memory_bytes = cases[i].memory_bytes;
    options.keep.part_bytes = cases[i].part_bytes;
    return options;
}

/* Takes all that there is of a partition. */
static int take_all(struct member *member, uint32_t partition, struct err *err)
{
    long left = allocations_left;
    uint32_t count = member->world->count[partition] - member->position[partition];
    if (count == 0) return E_OK;
    allocations_left = -1; /* the test's own */
    struct bus_batch batch = {.messages = calloc(count, sizeof *batch.messages), .count = count};
    assert_non_null(batch.messages);
    memcpy(batch.messages, &member->world->messages[partition][member->position[partition]],
           count * sizeof *batch.messages);
    allocations_left = left;
    member->position[partition] += count;
    int rc = flow_take(&member->flow, &batch, err);
    if (rc == E_OK) flow_run(&member->flow, count);
    return rc;
}

/* A worker's life up to its stop, or to the first thing that it can't do. */
static int live(struct member *member, struct world *world, struct archive_options options,
                struct err *err)
{
    int rc = member_open(member, world, options, err);
    for (uint32_t p = 0; p < RIG_PARTITIONS && rc == E_OK; p++) rc = take_all(member, p, err);
    if (rc) return rc;
    archive_drain(&member->archive);
    for (int turn = 0;
         turn < TURNS_MOST && archive_draining(&member->archive) && !member->flow.fatal.code;
         turn++) {
        if (turn == 1) member_commit(member);
        member_calls(member);
        clock_manual_advance(&world->clock, 2000);
        archive_tick(&member->archive);
    }
    if (member->flow.fatal.code) {
        *err = member->flow.fatal;
        return (int)err->code;
    }
    assert_false(archive_draining(&member->archive));
    member_commit(member);
    return E_OK;
}

static void store_before(struct world *world, size_t i)
{
    static struct member member;
    if (!cases[i].stored_before) return;
    member_init(&member, world, options_of(i));
    member_read(&member, 0, 3);
    while (member_call(&member)) continue; /* stored, and killed before its commit */
    member_kill(&member);
}

/* Returns whether an allocation failed; and whether the worker stopped for it. */
static bool one_fails(size_t i, long nth, bool *ret_stopped)
{
    static struct world world;
    static struct member member;
    struct err err = {0};
    world_init(&world);
    for (uint32_t p = 0; p < RIG_PARTITIONS; p++) rig_add(&world, p, RECORDS - p);
    rig_add_raw(&world, 1, 90, RIG_START_MS, STR("no record"));
    store_before(&world, i);
    allocation_failed = false;
    allocations_left = nth;
    int rc = live(&member, &world, options_of(i), &err);
    allocations_left = -1;
    bool failed = allocation_failed;
    if (rc && (!failed || rc != E_NO_MEMORY || err.code != E_NO_MEMORY))
        fail_msg("number %ld: %s: %s", nth, err_name((enum err_code)rc), err.text);
    member_kill(&member);
    member_init(&member, &world, options_of(i));
    member_rewind(&member);
    member_finish(&member);
    member_kill(&member);
    judge(&world);
    world_deinit(&world);
    *ret_stopped = rc != E_OK;
    return failed;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool failed = true, stopped;
        unsigned told = 0;
        CASE(cases[i].why);
        for (long nth = 0; failed; nth++) {
            failed = one_fails(i, nth, &stopped);
            told += stopped;
        }
        assert_true(told > 5);
    }
}

/* --- opening ---------------------------------------------------------------------------------- */


/* The worker with its threads, on a bus of its own; it ends at once, as there is
 * nothing to archive. */
static int open_and_end(void *user)
{
    struct runtime *runtime;
    struct err err = {0};
    int rc = runtime_create(&logsink_worker, user, &runtime, &err);
    if (rc) return rc;
    runtime_finish(runtime);
    rc = runtime_run(runtime, &err);
    runtime_destroy(runtime);
    if (rc) assert_int_equal(err.code, rc);
    return rc;
}

static void opening(void **state)
{
    static const struct worker *const workers[] = {&logsink_worker};
    const struct option_table **tables = runtime_tables(workers, 1);
    struct config *config;
    struct err err;
    bool failed = true;
    unsigned told = 0;
    (void)state;
    own_folder_make(NULL);
    assert_int_equal(config_create(tables, &config, &err), E_OK);
    char settings[4][128] = {"", "", "bus.durable=false", "runtime.log_level=error"};
    snprintf(settings[0], sizeof settings[0], "bus.path=%s/bus", own_folder);
    snprintf(settings[1], sizeof settings[1], "logsink.url=%s/archive", own_folder);
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        assert_int_equal(config_set(config, str_of(settings[i]), "test", &err), E_OK);
    assert_int_equal(open_and_end(config), E_OK); /* the bus and its topics are there */
    /* the first ones, then samples; a report that there was no memory for is no failure */
    for (long nth = 0; failed; nth += 1 + nth / 32) {
        allocation_failed = false;
        allocations_left = nth;
        int rc = open_and_end(config);
        allocations_left = -1;
        failed = allocation_failed;
        if (rc) assert_true(failed && rc == E_NO_MEMORY);
        told += rc != E_OK;
    }
    assert_true(told > 10);
    config_destroy(config);
    free(tables);
    assert_int_equal(own_folder_remove(NULL), 0);
}

int main(int argc, char **argv)
{
    if (argc == 2) cmocka_set_test_filter(argv[1]); /* e.g. opening */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(opening),
    };
    log_setup(LOG_ERROR, LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
