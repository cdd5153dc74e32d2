/* A worker on the embedded bus: starts, processes, commits, drains, reloads, recovers,
 * each record once. */
#include "runtime_rig.h"

#include <signal.h>
#include <sys/wait.h>

/* --- the happy path --------------------------------------------------------------------------- */

static void test_each_once_and_in_order(void **state)
{
    static struct tally tally;
    struct outside outside;
    struct replica replica;
    (void)state;
    tally = fresh_tally();
    outside_open(&outside, TOPIC_DOCUMENTS);
    outside_produce(&outside, "ok", 0, 300, NULL, 0);
    replica_start(&replica, NULL);
    outside_read(&outside, 300, tally_on_message, &tally);
    tally_check(&tally, 0, 300);
    assert_true(tally.ordered); /* one key, one partition, one order */
    RIG_AWAIT(replica_progress(&replica).idle);
    assert_int_equal(replica_progress(&replica).done, 300);
    assert_int_equal(replica_stop(&replica), E_OK);

    replica_start(&replica, NULL); /* what is committed isn't done again */
    replica_await_ready(&replica);
    outside_produce(&outside, "ok", 300, 1, NULL, 0);
    outside_read(&outside, 1, tally_on_message, &tally);
    tally_check(&tally, 0, 301);
    /* its output may be seen before it is counted */
    RIG_AWAIT(replica_progress(&replica).done == 1);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_read_none(&outside);
    outside_close(&outside);
}

static void test_asynchronous_steps(void **state)
{
    static struct tally tally;
    struct outside outside;
    struct replica replica;
    (void)state;
    tally = fresh_tally();
    outside_open(&outside, TOPIC_DOCUMENTS);
    replica_start(&replica, NULL);
    outside_produce(&outside, "defer", 0, 40, NULL, 0);
    outside_read(&outside, 40, tally_on_message, &tally);
    tally_check(&tally, 0, 40);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_close(&outside);
}

/* --- stopping --------------------------------------------------------------------------------- */

static void test_stop_drains(void **state)
{
    static struct tally tally;
    struct outside outside;
    struct replica replica;
    (void)state;
    tally = fresh_tally();
    atomic_store(&shell_hold, 1);
    outside_open(&outside, TOPIC_DOCUMENTS);
    outside_produce(&outside, "defer", 0, 20, NULL, 0);
    replica_start(&replica, (const char *[]){"runtime.drain=60s", NULL});
    RIG_AWAIT(atomic_load(&shell_deferred) == 20);
    runtime_stop(replica.runtime);
    RIG_AWAIT(atomic_load(&shell_drains) == 1); /* and yet it runs: answers are awaited */
    assert_true(replica_progress(&replica).ready);
    atomic_store(&shell_hold, 0);
    assert_int_equal(replica_join(&replica), E_OK);
    outside_read(&outside, 20, tally_on_message, &tally);
    tally_check(&tally, 0, 20);
    outside_close(&outside);
}

static void test_stop_ends_at_its_deadline(void **state)
{
    static struct tally tally;
    struct outside outside;
    struct replica replica;
    (void)state;
    tally = fresh_tally();
    atomic_store(&shell_hold, 1);
    outside_open(&outside, TOPIC_DOCUMENTS);
    outside_produce(&outside, "defer", 0, 20, NULL, 0);
    replica_start(&replica, (const char *[]){"runtime.drain=10ms", NULL});
    RIG_AWAIT(atomic_load(&shell_deferred) == 20);
    runtime_stop(replica.runtime);
    RIG_AWAIT(replica_progress(&replica).unfinished);
    assert_int_equal(replica_join(&replica), E_OK); /* although nothing was answered */
    outside_read_none(&outside);

    atomic_store(&shell_hold, 0); /* the next one finds them all */
    replica_start(&replica, NULL);
    outside_read(&outside, 20, tally_on_message, &tally);
    tally_check(&tally, 0, 20);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_close(&outside);
}

/* A disk that stays full isn't waited for; one that is full for a moment is, and so are brokers. */
static void test_stop_with_a_failing_bus(void **state)
{
    static const struct { const char *why; enum err_code code; int times; bool gives_up; } cases[] = {
        {"a full disk", E_DISK_FULL, 1000000, true},
        {"writes that fail", E_IO, 1000000, true},
        {"a disk that has room in time", E_DISK_FULL, 2, false},
        {"brokers that aren't ready yet", E_UNAVAILABLE, 8, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        static struct tally tally;
        struct outside outside;
        struct replica replica;
        CASE(cases[i].why);
        if (i) rig_anew();
        tally = fresh_tally();
        atomic_store(&shell_hold, 1);
        outside_open(&outside, TOPIC_DOCUMENTS);
        outside_produce(&outside, "defer", 0, 20, NULL, 0);
        replica_start(&replica, (const char *[]){"runtime.drain=600s", NULL});
        RIG_AWAIT(atomic_load(&shell_deferred) == 20);
        rig_fail_commits(cases[i].code, cases[i].times);
        runtime_stop(replica.runtime);
        RIG_AWAIT(atomic_load(&shell_drains) == 1);
        atomic_store(&shell_hold, 0);
        /* long before ten minutes, or the test is killed */
        assert_true(replica_ended(&replica).unfinished == cases[i].gives_up);
        assert_int_equal(replica.rc, E_OK);
        rig_fail_commits(E_OK, 0);
        if (cases[i].gives_up) {
            outside_read_none(&outside);
            replica_start(&replica, NULL); /* the next one finds them all */
        }
        outside_read(&outside, 20, tally_on_message, &tally);
        tally_check(&tally, 0, 20);
        if (cases[i].gives_up) assert_int_equal(replica_stop(&replica), E_OK);
        outside_close(&outside);
    }
}

/* What lies there when it is asked is done first, however much it is and whatever it waits for. */
static void test_finish_reads_to_the_end(void **state)
{
    static const struct { const char *why, *word; int records; bool ready_before; } cases[] = {
        {"asked before its first look", "ok", 3000, false},
        {"asked while it runs", "ok", 3000, true},
        {"with nothing to read", "ok", 0, true},
        {"with answers that come later", "defer", 40, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        static struct tally tally;
        struct outside outside;
        struct replica replica;
        CASE(cases[i].why);
        if (i) rig_anew();
        tally = fresh_tally();
        outside_open(&outside, TOPIC_DOCUMENTS);
        if (!cases[i].ready_before)
            outside_produce(&outside, cases[i].word, 0, cases[i].records, NULL, 0);
        replica_start(&replica, (const char *[]){"runtime.batch_records=7", NULL});
        if (cases[i].ready_before) {
            replica_await_ready(&replica);
            outside_produce(&outside, cases[i].word, 0, cases[i].records, NULL, 0);
        }
        runtime_finish(replica.runtime);
        RIG_AWAIT(atomic_load(&shell_drains) == 1);
        struct runtime_progress progress = replica_ended(&replica);
        assert_false(progress.unfinished);
        assert_int_equal(progress.done, cases[i].records);
        assert_int_equal(replica.rc, E_OK);
        outside_read(&outside, cases[i].records, tally_on_message, &tally);
        tally_check(&tally, 0, cases[i].records);
        outside_close(&outside);
    }
}

static void test_fatal_stops_and_commits_nothing_of_it(void **state)
{
    struct outside outside;
    struct replica replica;
    (void)state;
    outside_open(&outside, TOPIC_DOCUMENTS);
    outside_produce(&outside, "fatal", 0, 1, NULL, 0);
    for (int i = 0; i < 2; i++) { /* and so it does again: the record is still there */
        replica_start(&replica, NULL);
        assert_int_equal(replica_join(&replica), E_BUG);
        assert_string_equal(replica.err.text, "broken");
    }
    outside_close(&outside);
}

/* --- a bus that refuses ----------------------------------------------------------------------- */

static void test_commit_faults(void **state)
{
    static const struct {
        const char *why;
        enum err_code code;
        int count;
        int rewinds;
    } cases[] = {
        {"a full disk is waited for", E_DISK_FULL, 5, 0},
        {"a broker that isn't there is waited for", E_UNAVAILABLE, 3, 0},
        {"a refusal is not taken for success", E_BAD_MESSAGE, 3, 0},
        {"a lost generation starts from what is committed", E_CANCELLED, 1, 1},
        {"and so again and again", E_CANCELLED, 3, 3},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        static struct tally tally;
        struct outside outside;
        struct replica replica;
        CASE(cases[i].why);
        if (i) rig_anew();
        tally = fresh_tally();
        outside_open(&outside, TOPIC_DOCUMENTS);
        outside_produce(&outside, "ok", 0, 50, NULL, 0);
        rig_fail_commits(cases[i].code, cases[i].count);
        replica_start(&replica, NULL);
        outside_read(&outside, 50, tally_on_message, &tally);
        tally_check(&tally, 0, 50);
        assert_int_equal(atomic_load(&shell_rewinds), cases[i].rewinds);
        assert_true(atomic_load(&commits_asked) > cases[i].count);
        assert_int_equal(replica_stop(&replica), E_OK);
        outside_read_none(&outside);
        outside_close(&outside);
    }
}

/* Never the same refused transaction for ever: what is too large becomes a dead letter,
 * the rest goes on. */
static void test_larger_than_the_broker_takes(void **state)
{
    static struct tally tally;
    static char large[6000];
    struct outside outside;
    struct replica replica;
    (void)state;
    memset(large, 'l', sizeof large - 1);
    tally = fresh_tally();
    outside_open(&outside, TOPIC_DOCUMENTS);
    outside_produce(&outside, large, 0, 3, NULL, 0);
    outside_produce(&outside, "ok", 0, 50, NULL, 0);
    atomic_store(&commit_bytes_most, 4000);
    replica_start(&replica, NULL);
    outside_read(&outside, 50, tally_on_message, &tally);
    tally_check(&tally, 0, 50);
    RIG_AWAIT(replica_progress(&replica).rejected == 3);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_read_none(&outside);
    outside_close(&outside);
}

static void test_fatal_commit_stops(void **state)
{
    struct outside outside;
    struct replica replica;
    (void)state;
    outside_open(&outside, TOPIC_DOCUMENTS);
    outside_produce(&outside, "ok", 0, 1, NULL, 0);
    rig_fail_commits(E_FENCED, 1000);
    replica_start(&replica, NULL);
    assert_int_equal(replica_join(&replica), E_FENCED);
    outside_read_none(&outside);
    outside_close(&outside);
}

/* A dead letter is an output: while it can't be written, nothing is committed,
 * and the source waits. */
static void test_dead_letter_that_cannot_be_written(void **state)
{
    struct outside outside;
    struct replica replica;
    static struct tally tally;
    (void)state;
    tally = fresh_tally();
    outside_open(&outside, TOPIC_DOCUMENTS);
    outside_produce(&outside, "reject", 0, 60, NULL, 0);
    outside_produce(&outside, "ok", 60, 60, NULL, 0);
    rig_fail_commits(E_DISK_FULL, 1000000);
    replica_start(&replica,
                  (const char *[]){"runtime.batch_records=10", "runtime.batches=2", NULL});
    RIG_AWAIT(atomic_load(&commits_asked) > 5);
    struct runtime_progress progress = replica_progress(&replica);
    assert_int_equal(progress.outputs, 0);
    assert_true(progress.done + progress.rejected <= 20); /* two batches of ten, and no more */
    outside_read_none(&outside);
    rig_fail_commits(E_OK, 0);
    outside_read(&outside, 60, tally_on_message, &tally);
    /* letters, records; no status, no ledger */
    RIG_AWAIT(replica_progress(&replica).outputs == 60 + 60);
    assert_int_equal(replica_progress(&replica).rejected, 60);
    tally_check(&tally, 60, 60);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_close(&outside);
}

static void test_commits_rest(void **state)
{
    enum { TAKES_MS = 40, RECORDS = 60 };
    static const struct { const char *why, *full; bool apart, rests; } cases[] = {
        {"behind a slow broker a commit gathers", NULL, true, true},
        {"our own disk isn't spared", NULL, false, false},
        {"what is full doesn't wait", "runtime.batch_records=5", true, false},
    };
    static struct tally tally;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outside outside;
        struct replica replica;
        CASE(cases[i].why);
        if (i) rig_anew();
        tally = fresh_tally();
        atomic_store(&rig_positions_apart, cases[i].apart);
        atomic_store(&commit_takes_ms, TAKES_MS);
        outside_open(&outside, TOPIC_DOCUMENTS);
        if (cases[i].full) outside_produce(&outside, "ok", 0, RECORDS, NULL, 0);
        replica_start(&replica, (const char *[]){cases[i].full, NULL});
        for (int j = 0; j < RECORDS && !cases[i].full; j++) {
            outside_produce(&outside, "ok", j, 1, NULL, 0);
            poll(NULL, 0, 4);
        }
        outside_read(&outside, RECORDS, tally_on_message, &tally);
        tally_check(&tally, 0, RECORDS);
        bool rested = atomic_load(&commits_gap_ms) >= TAKES_MS / 2 - 1;
        assert_int_equal(rested, cases[i].rests);
        assert_int_equal(replica_stop(&replica), E_OK);
        outside_close(&outside);
        atomic_store(&rig_positions_apart, false);
    }
}

static void on_commit_ended(void *user) { (void)user; }

/* The bus lets go of what a commit uses when on_revoked returns: of one that only tells a status,
 * too, which runs while no partition is ours. */
static void test_revoked_without_partitions(void **state)
{
    static struct runtime runtime;
    struct err err;
    (void)state;
    runtime.worker = &shell_worker;
    runtime.context = (struct worker_context){.worker = &shell_worker, .clock = clock_system()};
    runtime.flow.context = &runtime.context;
    must(committer_create(NULL, on_commit_ended, NULL, &runtime.committer, &err), &err);
    atomic_store(&commit_takes_ms, 50);
    rig_fail_commits(E_CANCELLED, 1);
    committer_start(runtime.committer, NULL, 0, NULL, 0);
    RIG_AWAIT(atomic_load(&commits_asked) == 1);
    runtime_on_revoked(&runtime, NULL, 0);
    assert_int_equal(atomic_load(&commits_running), 0);
    assert_int_equal(atomic_load(&shell_rewinds), 1); /* and what became of it is known */
    committer_destroy(runtime.committer);
}

int main(void)
{
    log_setup(LOG_ERROR, LOG_TEXT);
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_each_once_and_in_order),
        RIG_TEST(test_asynchronous_steps),
        RIG_TEST(test_stop_drains), RIG_TEST(test_stop_ends_at_its_deadline),
        RIG_TEST(test_stop_with_a_failing_bus),
        RIG_TEST(test_finish_reads_to_the_end),
        RIG_TEST(test_fatal_stops_and_commits_nothing_of_it), RIG_TEST(test_commit_faults),
        RIG_TEST(test_larger_than_the_broker_takes), RIG_TEST(test_fatal_commit_stops),
        RIG_TEST(test_dead_letter_that_cannot_be_written),
        RIG_TEST(test_commits_rest), RIG_TEST(test_revoked_without_partitions),
    };
    return cmocka_run_group_tests_name("runtime", tests, NULL, NULL);
}
