/* Replicas of one worker: they share what there is, and one that is killed loses nothing. */
#include "runtime_rig.h"

#include <signal.h>
#include <sys/wait.h>

/* A few records after the other, until both members have had some. Returns how many. */
static int produce_until_shared(struct outside *outside, struct tally *tally)
{
    enum { A_FEW = 10, MANY = 6000, PAUSE_MS = 20 }; /* so another has time to join, and to start */
    int produced = 0;
    while (tally->by_member[0] == 0 || tally->by_member[1] == 0) {
        assert_true(produced < MANY);
        outside_produce(outside, "ok", produced, A_FEW, NULL, 0);
        produced += A_FEW;
        outside_read(outside, A_FEW, tally_on_message, tally);
        poll(NULL, 0, PAUSE_MS);
    }
    return produced;
}

static void test_two_replicas_share(void **state)
{
    static struct tally tally;
    static const char *const first[] = {"runtime.replica=0", NULL},
                             *const second[] = {"runtime.replica=1", NULL};
    struct outside outside;
    struct replica replicas[2];
    (void)state;
    tally = fresh_tally();
    outside_open(&outside, TOPIC_DOCUMENTS);
    replica_start(&replicas[0], first);
    replica_start(&replicas[1], second);
    replica_await_ready(&replicas[0]);
    replica_await_ready(&replicas[1]);
    int produced = produce_until_shared(&outside, &tally);
    outside_produce(&outside, "ok", produced, 200, NULL, 0);
    assert_int_equal(replica_stop(&replicas[1]), E_OK); /* in the middle of it */
    outside_produce(&outside, "ok", produced + 200, 100, NULL, 0);
    outside_read(&outside, 300, tally_on_message, &tally);
    tally_check(&tally, 0, produced + 300);
    assert_int_equal(replica_stop(&replicas[0]), E_OK);
    outside_read_none(&outside);
    outside_close(&outside);
}

/* The child of test_killed_replica(): a replica in a process of its own. */
static void run_child(void)
{
    struct config *config =
        rig_config((const char *[]){"runtime.replica=1", "runtime.batch_records=7", NULL});
    struct runtime *runtime;
    struct err err;
    must(runtime_create(&shell_worker, config, &runtime, &err), &err);
    must(runtime_run(runtime, &err), &err);
}

static void test_killed_replica(void **state)
{
    static struct tally tally;
    struct outside outside;
    struct replica replica;
    (void)state;
    tally = fresh_tally();
    pid_t child = fork(); /* before there are threads */
    assert_true(child >= 0);
    if (child == 0) {
        run_child();
        _exit(0);
    }
    outside_open(&outside, TOPIC_DOCUMENTS);
    replica_start(&replica, (const char *[]){"runtime.replica=0", "runtime.batch_records=7", NULL});
    int produced = produce_until_shared(&outside, &tally);
    outside_produce(&outside, "ok", produced, 1000, NULL, 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    outside_read(&outside, 1000, tally_on_message, &tally);
    tally_check(&tally, 0, produced + 1000);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_read_none(&outside);
    outside_close(&outside);
}

int main(void)
{
    log_setup(LOG_ERROR, LOG_TEXT);
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_killed_replica), /* forks: before there are threads */
        RIG_TEST(test_two_replicas_share),
    };
    return cmocka_run_group_tests_name("replicas", tests, NULL, NULL);
}
