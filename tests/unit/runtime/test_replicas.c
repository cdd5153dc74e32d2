/* Replicas of one worker: they share what there is, and one that is killed loses nothing. */
#include "runtime_rig.h"

#include <signal.h>
#include <sys/wait.h>

/* A few records after the other, until both members have had some. Returns how many. */
static int produce_until_shared(struct outside *outside, struct tally *tally, int produced)
{
    enum { A_FEW = 10, MANY = 6000, PAUSE_MS = 20 }; /* so another has time to join, and to start */
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
    int produced = produce_until_shared(&outside, &tally, 0);
    outside_produce(&outside, "ok", produced, 200, NULL, 0);
    assert_int_equal(replica_stop(&replicas[1]), E_OK); /* in the middle of it */
    outside_produce(&outside, "ok", produced + 200, 100, NULL, 0);
    outside_read(&outside, 300, tally_on_message, &tally);
    tally_check(&tally, 0, produced + 300);
    assert_int_equal(replica_stop(&replicas[0]), E_OK);
    outside_read_none(&outside);
    outside_close(&outside);
}

/* Nothing is done twice here: who gives partitions away tells how far it came. */
static void test_one_joins_at_least_once(void **state)
{
    enum { FEW = 20 };
    static const char *const first[] = {"runtime.replica=0", "runtime.delivery=at_least_once", NULL},
                             *const second[] = {"runtime.replica=1",
                                                "runtime.delivery=at_least_once", NULL};
    static struct tally tally;
    struct outside outside;
    struct replica replicas[2];
    (void)state;
    tally = fresh_tally();
    atomic_store(&rig_positions_apart, true);
    outside_open(&outside, TOPIC_DOCUMENTS);
    replica_start(&replicas[0], first);
    outside_produce(&outside, "ok", 0, FEW, NULL, 0);
    outside_read(&outside, FEW, tally_on_message, &tally);
    replica_start(&replicas[1], second);
    int produced = produce_until_shared(&outside, &tally, FEW);
    tally_check(&tally, 0, produced);
    assert_int_equal(replica_stop(&replicas[1]), E_OK);
    assert_int_equal(replica_stop(&replicas[0]), E_OK);
    outside_read_none(&outside);
    outside_close(&outside);
}

/* The child of killed_replica(): a replica in a process of its own. */
static void run_child(const char *delivery)
{
    struct config *config = rig_config(
        (const char *[]){"runtime.replica=1", "runtime.batch_records=7", delivery, NULL});
    struct runtime *runtime;
    struct err err;
    must(runtime_create(&shell_worker, config, &runtime, &err), &err);
    must(runtime_run(runtime, &err), &err);
}

static void read_until_all(struct outside *outside, struct tally *tally, int count)
{
    struct bus_batch batch;
    struct err err;
    int64_t until_ms = clock_mono_ms(clock_system()) + RIG_WAIT_MS;
    for (int seen = 0; seen < count;) {
        must(bus_poll(outside->reader, 100, 1 << 20, &batch, &err), &err);
        for (uint32_t i = 0; i < batch.count; i++) tally_on_message(tally, &batch.messages[i]);
        if (batch.count == 0) poll(NULL, 0, RIG_TURN_MS);
        bus_release(outside->reader, &batch);
        while (seen < count && tally->seen[seen]) seen++;
        assert_true(clock_mono_ms(clock_system()) < until_ms);
    }
}

/* repeats: the bus takes positions apart from outputs, and a crash may come between */
static void killed_replica(const char *delivery, bool repeats)
{
    static struct tally tally;
    struct outside outside;
    struct replica replica;
    tally = fresh_tally();
    atomic_store(&rig_positions_apart, repeats);
    pid_t child = fork(); /* before there are threads */
    assert_true(child >= 0);
    if (child == 0) {
        run_child(delivery);
        _exit(0);
    }
    outside_open(&outside, TOPIC_DOCUMENTS);
    replica_start(&replica, (const char *[]){"runtime.replica=0", "runtime.batch_records=7",
                                             delivery, NULL});
    int produced = produce_until_shared(&outside, &tally, 0);
    outside_produce(&outside, "ok", produced, 1000, NULL, 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    read_until_all(&outside, &tally, produced + 1000);
    assert_int_equal(replica_stop(&replica), E_OK);
    if (!repeats) tally_check(&tally, 0, produced + 1000);
    if (!repeats) outside_read_none(&outside);
    outside_close(&outside);
}

static void test_killed_replica(void **state)
{
    (void)state;
    killed_replica("runtime.delivery=exactly_once", false);
}

static void test_killed_replica_at_least_once(void **state)
{
    (void)state;
    killed_replica("runtime.delivery=at_least_once", true);
    rig_anew();
    killed_replica("runtime.delivery=at_least_once", false);
}

int main(void)
{
    log_setup(LOG_ERROR, LOG_TEXT);
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_killed_replica), /* forks: before there are threads */
        RIG_TEST(test_killed_replica_at_least_once),
        RIG_TEST(test_two_replicas_share),
        RIG_TEST(test_one_joins_at_least_once),
    };
    return cmocka_run_group_tests_name("replicas", tests, NULL, NULL);
}
