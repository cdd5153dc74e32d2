/* Answers that are too large for the broker: in one batch with others, by themselves, and for the
 * schema. Each is paid for once, and its record goes on. */
#include "account_rig.h"

#include "bus/backend.h"
#include "workers/genai/asker.h"

enum { MOST_BYTES = 900, PENDING_MAX = 16 };

/* A broker that takes what comes between two polls as one batch, of so many bytes. */
static struct {
    struct bus_backend backend;
    const struct bus_backend *real;
    struct { const struct bus_output *output; bus_on_done *on_done; void *user; } pending[PENDING_MAX];
    size_t count, bytes;
    unsigned refused;
} narrow;

static int narrow_produce(struct bus_producer *producer, const struct bus_output *outputs,
                          size_t count, bus_on_done *on_done, void *user, struct err *err)
{
    (void)producer, (void)err;
    assert_int_equal(count, 1);
    assert_true(narrow.count < PENDING_MAX);
    narrow.pending[narrow.count].output = outputs;
    narrow.pending[narrow.count].on_done = on_done;
    narrow.pending[narrow.count++].user = user;
    narrow.bytes += outputs->value.size;
    return E_OK;
}

static void narrow_poll(struct bus_producer *producer)
{
    struct err err;
    size_t count = narrow.count;
    bool refuses = narrow.bytes > MOST_BYTES;
    err_set(&err, E_TOO_LARGE, "a batch of %zu bytes", narrow.bytes);
    narrow.count = narrow.bytes = 0;
    narrow.refused += refuses && count;
    for (size_t i = 0; i < count; i++) {
        if (refuses) narrow.pending[i].on_done(narrow.pending[i].user, &err);
        else
            must(narrow.real->produce(producer, narrow.pending[i].output, 1,
                                      narrow.pending[i].on_done, narrow.pending[i].user, &err),
                 &err);
    }
    narrow.real->producer_poll(producer);
}

static void open_narrow(struct replica *replica)
{
    struct err err;
    rig_write_prices("test/m* 1 10 0.1\n");
    replica_prepare(replica, "genai-0", true, NULL);
    narrow.real = replica->bus->backend;
    narrow.backend = *narrow.real;
    narrow.backend.produce = narrow_produce;
    narrow.backend.producer_poll = narrow_poll;
    narrow.count = narrow.bytes = narrow.refused = 0;
    replica->bus->backend = &narrow.backend;
    must(account_open(&replica->context, &replica->account, &err), &err);
}

static void buy_many(struct replica *replica, const struct account_question *questions,
                     const char *const *said, int count)
{
    struct llm_result result = answered(30, 1);
    int kept = replica->kept;
    for (int i = 0; i < count; i++)
        assert_true(account_keep(replica->account, &questions[i], str_of(said[i]), &result, 0,
                                 replica_on_kept, replica));
    RIG_AWAIT(replica, replica->kept == kept + count);
}

static void expect_known(struct replica *replica, const struct account_question *question,
                         const char *said)
{
    struct str raw;
    assert_int_equal(recall(replica, question, &raw), ACCOUNT_KNOWN);
    assert_true(str_equal(raw, str_of(said)));
}

static void test_larger_than_the_broker_takes(void **state)
{
    enum { SIZE = 500 };
    struct replica replica;
    char small[3][SIZE + 1], large[MOST_BYTES + 1] = "", *huge = calloc(1, 70001);
    const struct account_question questions[] = {
        question_of("one", "a"), question_of("two", "a"), question_of("three", "a")},
        long_one = question_of("long", "a"), huge_one = question_of("huge", "a");
    (void)state;
    for (int i = 0; i < 3; i++) memset(small[i], 'a' + i, SIZE), small[i][SIZE] = '\0';
    memset(large, 'x', MOST_BYTES);
    memset(huge, 'y', 70000);
    open_narrow(&replica);
    struct str raw;
    assert_int_equal(recall(&replica, &long_one, &raw), ACCOUNT_UNKNOWN);
    CASE("three are too much together: each goes alone then, whole");
    buy_many(&replica, questions, (const char *[]){small[0], small[1], small[2]}, 3);
    assert_int_equal(narrow.refused, 1);
    for (int i = 0; i < 3; i++) expect_known(&replica, &questions[i], small[i]);
    CASE("one alone is: it is known without its words");
    buy_many(&replica, &long_one, (const char *[]){large}, 1);
    expect_known(&replica, &long_one, "");
    CASE("so is one that is larger than the schema has");
    buy_many(&replica, &huge_one, (const char *[]){huge}, 1);
    expect_known(&replica, &huge_one, "");
    replica.bus->backend = narrow.real;
    replica_close(&replica);
    CASE("after a restart, too");
    replica_open(&replica, "genai-0", true, NULL);
    expect_known(&replica, &questions[2], small[2]);
    expect_known(&replica, &long_one, "");
    expect_known(&replica, &huge_one, "");
    replica_close(&replica);
    free(huge);
}

static void on_end(void *user, struct task *task, struct insight *answer,
                   const struct asker_source *source)
{
    (void)task;
    assert_null(answer);
    assert_null(source);
    ++*(int *)user;
}

static void test_one_without_its_words_ends_the_question(void **state)
{
    int ended = 0;
    struct asker asker = {.on_end = on_end, .on_end_user = &ended};
    struct task task = {0};
    (void)state;
    assert_true(asker_take_known(&asker, &task, STR("")));
    assert_int_equal(ended, 1);
    assert_int_equal(asker.counts.given_up, 1); /* so the local models answer */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_larger_than_the_broker_takes, rig_setup,
                                        own_folder_remove),
        cmocka_unit_test(test_one_without_its_words_ends_the_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
