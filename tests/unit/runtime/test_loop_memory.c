/* Each allocation of a whole worker fails in turn, on whatever thread: when it is created, opens,
 * processes, commits and stops. It says so or goes on; and the next one does what is left: each
 * record is written once, each dead letter too. */
#define FAILING_MALLOC_EVERYWHERE
#include "runtime_rig.h"
#include "failing_malloc.h"

enum { RECORDS = 12, REJECTED = 2, DOCUMENTS = RECORDS - REJECTED - 2 };

/* Two are silent, two become dead letters, two are answered later. */
static void produce_all(struct outside *outside)
{
    outside_produce(outside, "ok", 0, RECORDS - 6, NULL, 0);
    outside_produce(outside, "defer", RECORDS - 6, 2, NULL, 0);
    outside_produce(outside, "reject", RECORDS - 4, REJECTED, NULL, 0);
    outside_produce(outside, "silent", RECORDS - 2, 2, NULL, 0);
}

/* A worker's whole life: it ends by itself once there is nothing left to read. */
static int live(struct config *config, struct err *err)
{
    struct runtime *runtime;
    int rc = runtime_create(&shell_worker, config, &runtime, err);
    if (rc) return rc;
    runtime_reload(runtime);
    runtime_finish(runtime);
    rc = runtime_run(runtime, err);
    runtime_destroy(runtime);
    return rc;
}

static void on_letter(void *user, const struct bus_message *message)
{
    (void)message;
    ++*(int *)user;
}

/* What is there when all is done. */
static void judge(void)
{
    static struct tally tally;
    struct outside outside;
    int letters = 0;
    tally = (struct tally){.ordered = true};
    outside_open(&outside, TOPIC_DOCUMENTS);
    outside_read(&outside, DOCUMENTS, tally_on_message, &tally);
    outside_read_none(&outside);
    tally_check(&tally, 0, DOCUMENTS);
    assert_true(tally.ordered);
    outside_close(&outside);
    outside_open(&outside, TOPIC_DEAD_LETTERS);
    outside_read(&outside, REJECTED, on_letter, &letters);
    outside_read_none(&outside);
    assert_int_equal(letters, REJECTED);
    outside_close(&outside);
}

static bool one_fails(long nth, bool *ret_stopped)
{
    static const char *const settings[] = {
        "runtime.batch_records=5", "runtime.log_level=error", NULL};
    struct outside outside;
    struct err err = {0};
    assert_int_equal(rig_setup(NULL), 0);
    outside_open(&outside, TOPIC_DOCUMENTS);
    produce_all(&outside);
    outside_close(&outside);
    struct config *config = rig_config(settings);
    allocation_failed = false;
    allocations_left = nth;
    int rc = live(config, &err);
    allocations_left = -1;
    bool failed = allocation_failed;
    if (rc && (!failed || rc != E_NO_MEMORY || err.code != E_NO_MEMORY))
        fail_msg("number %ld: %s: %s", nth, err_name((enum err_code)rc), err.text);
    must(live(config, &err), &err);
    judge();
    config_destroy(config);
    assert_int_equal(own_folder_remove(NULL), 0);
    *ret_stopped = rc != E_OK;
    return failed;
}

static void every_allocation_may_fail(void **state)
{
    unsigned told = 0;
    bool failed = true, stopped;
    (void)state;
    for (long nth = 0; failed; nth++) {
        failed = one_fails(nth, &stopped);
        told += stopped;
    }
    assert_true(told > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    log_setup(LOG_ERROR, LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
