/* A worker whose group begins at the end, and one that gives back: nothing is lost by either. */
#include "runtime_rig.h"

/* How often the worker will give back when a record comes; how many it has held. */
static atomic_int returns, held_in_all;
enum { AWAY_MS = 30 };

static struct job *held[64];
static int held_count;

static int guest_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct str value = job->message->value;
    if (atomic_load(&returns) <= 0)
        return job_emit(job, TOPIC_DOCUMENTS, job->message->key, value, err);
    assert_true(held_count < (int)COUNT_OF(held));
    held[held_count++] = job;
    atomic_fetch_add(&held_in_all, 1);
    job_defer(job);
    worker_give_back(context, AWAY_MS);
    return E_OK;
}

/* All that it holds has been dropped. */
static void guest_rewound(struct worker_context *context)
{
    (void)context;
    atomic_fetch_sub(&returns, 1);
    while (held_count) job_finish(held[--held_count], E_OK, NULL);
}

static const struct worker guest = {
    .name = "guest", .summary = "Gives back.", .consumes = TOPICS(FEEDBACK),
    .produces = TOPICS(DOCUMENTS), .raw = true, .from_end = true, .process = guest_process,
    .rewound = guest_rewound,
};

static const char *const ways[] = {"runtime.delivery=exactly_once",
                                   "runtime.delivery=at_least_once"};

static void start(struct replica *replica, const char *delivery)
{
    replica_run(replica, &guest, rig_config((const char *[]){delivery, NULL}));
    replica_await_ready(replica);
    RIG_AWAIT(replica_progress(replica).idle); /* it has its partitions, from their ends on */
}

static void begin(struct outside *outside, struct tally *tally, size_t way)
{
    rig_anew();
    atomic_store(&returns, 0);
    atomic_store(&held_in_all, 0);
    atomic_store(&rig_positions_apart, way == 1);
    *tally = fresh_tally();
    outside_open(outside, TOPIC_DOCUMENTS);
}

static void test_begins_at_the_end(void **state)
{
    static struct tally tally;
    struct outside outside;
    struct replica replica;
    (void)state;
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        CASE(ways[way]);
        begin(&outside, &tally, way);
        outside_produce(&outside, "old", 0, 20, NULL, 0);
        start(&replica, ways[way]);
        assert_int_equal(replica_stop(&replica), E_OK);
        outside_produce(&outside, "missed", 20, 20, NULL, 0); /* while nobody is there */
        start(&replica, ways[way]);
        outside_produce(&outside, "new", 40, 20, NULL, 0);
        outside_read(&outside, 40, tally_on_message, &tally);
        assert_int_equal(replica_stop(&replica), E_OK);
        tally_check(&tally, 20, 40);
        outside_read_none(&outside);
        outside_close(&outside);
    }
}

static void test_gives_back(void **state)
{
    static struct tally tally;
    struct outside outside;
    struct replica replica;
    (void)state;
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        CASE(ways[way]);
        begin(&outside, &tally, way);
        start(&replica, ways[way]);
        outside_produce(&outside, "before", 0, 20, NULL, 0);
        outside_read(&outside, 20, tally_on_message, &tally);
        atomic_store(&returns, 3);
        outside_produce(&outside, "meanwhile", 20, 20, NULL, 0);
        outside_read(&outside, 20, tally_on_message, &tally);
        assert_true(atomic_load(&held_in_all) >= 3); /* it has seen some again and again */
        assert_int_equal(replica_stop(&replica), E_OK);
        tally_check(&tally, 0, 40);
        outside_read_none(&outside);
        outside_close(&outside);
    }
}

/* A stop doesn't wait for what is given back. */
static void test_stops_while_it_holds(void **state)
{
    static struct tally tally;
    struct outside outside;
    struct replica replica;
    (void)state;
    begin(&outside, &tally, 0);
    start(&replica, ways[0]);
    atomic_store(&returns, 1000000);
    outside_produce(&outside, "held", 0, 20, NULL, 0);
    RIG_AWAIT(atomic_load(&held_in_all) > 0);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_read_none(&outside);
    atomic_store(&returns, 0);
    start(&replica, ways[0]);
    outside_read(&outside, 20, tally_on_message, &tally);
    assert_int_equal(replica_stop(&replica), E_OK);
    tally_check(&tally, 0, 20);
    outside_close(&outside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_begins_at_the_end),
        RIG_TEST(test_gives_back),
        RIG_TEST(test_stops_while_it_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
