/* Producers, workers and readers on threads of one process, as in `verbatim run`.
 * For TSan above all. */
#include "must.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "test_embedded_rig.h"

enum { MESSAGES = 4000, CALL = 20, WORKERS = 2, WAIT_MS = 240000 };

static struct bus *bus;
static atomic_int passed, produced, cancelled;

static void on_done(void *user, const struct err *err)
{
    (void)user;
    if (err) abort();
    atomic_fetch_add(&produced, CALL);
}

static void *produce_all(void *argument)
{
    struct bus_producer *producer;
    struct err err;
    static char keys[MESSAGES][16];
    (void)argument;
    must(bus_producer_open(bus, "door", &producer, &err), &err);
    for (int i = 0; i < MESSAGES; i += CALL) {
        struct bus_output outputs[CALL];
        for (int j = 0; j < CALL; j++) {
            snprintf(keys[i + j], sizeof keys[0], "%d", i + j);
            outputs[j] = (struct bus_output){
                .topic = TOPIC_FEEDBACK, .key = str_of(keys[i + j]), .value = str_of(keys[i + j])};
        }
        must(bus_produce(producer, outputs, CALL, on_done, NULL, &err), &err);
        bus_producer_poll(producer);
    }
    must(bus_producer_flush(producer, WAIT_MS, &err), &err);
    bus_producer_close(producer);
    return NULL;
}

/* --- a worker: its loop polls while its committer commits ------------------------------------- */

struct worker {
    struct bus_consumer *consumer;
    struct bus_batch batch;
    pthread_t committer;
    bool committing;
    char member[16];
};

static void *commit_batch(void *argument)
{
    struct worker *worker = argument;
    struct bus_output outputs[100];
    struct bus_position positions[100];
    struct err err;
    for (uint32_t i = 0; i < worker->batch.count; i++) {
        const struct bus_message *message = &worker->batch.messages[i];
        outputs[i] = (struct bus_output){
            .topic = TOPIC_DOCUMENTS, .key = message->key, .value = message->value};
        positions[i] = (struct bus_position){
            message->topic, message->partition, message->offset + 1};
    }
    int rc = bus_commit(worker->consumer, outputs, worker->batch.count, positions,
                        worker->batch.count, &err);
    if (rc == E_OK) atomic_fetch_add(&passed, (int)worker->batch.count);
    else if (rc == E_CANCELLED) atomic_fetch_add(&cancelled, 1);
    else must(rc, &err);
    return NULL;
}

static void finish_commit(struct worker *worker)
{
    if (!worker->committing) return;
    pthread_join(worker->committer, NULL);
    bus_release(worker->consumer, &worker->batch);
    worker->committing = false;
}

static void on_revoked(void *user, const struct bus_position *partitions, size_t count)
{
    (void)partitions, (void)count;
    finish_commit(user);
}

static void turn(struct worker *worker)
{
    struct bus_batch batch = {0};
    struct bus_backlog backlog[8];
    struct err err;
    bus_pause(worker->consumer, worker->committing);
    must(bus_poll(worker->consumer, 100, 1 << 20, &batch, &err), &err);
    if (bus_backlog(worker->consumer, backlog, 8) > 8) abort();
    if (batch.count) {
        finish_commit(worker);
        worker->batch = batch;
        worker->committing = true;
        if (pthread_create(&worker->committer, NULL, commit_batch, worker)) abort();
        return;
    }
    finish_commit(worker);
    struct pollfd waiter = {.fd = bus_wake_fd(worker->consumer), .events = POLLIN};
    poll(&waiter, 1, 20);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    static const enum topic topic = TOPIC_FEEDBACK;
    struct err err;
    must(bus_subscribe(bus,
                       &(struct bus_subscription){.group = "workers",
                                                  .member = worker->member,
                                                  .topics = &topic,
                                                  .topic_count = 1,
                                                  .on_revoked = on_revoked,
                                                  .user = worker},
                       &worker->consumer, &err),
         &err);
    while (atomic_load(&passed) < MESSAGES) turn(worker);
    finish_commit(worker);
    bus_unsubscribe(worker->consumer);
    return NULL;
}

static void *read_documents(void *argument)
{
    static const enum topic topic = TOPIC_DOCUMENTS;
    struct bus_consumer *reader;
    struct err err;
    uint8_t *times = argument;
    int count = 0;
    must(bus_subscribe(bus, &(struct bus_subscription){.topics = &topic, .topic_count = 1}, &reader,
                       &err),
         &err);
    while (count < MESSAGES) {
        struct bus_batch batch;
        must(bus_poll(reader, 64, 1 << 20, &batch, &err), &err);
        for (uint32_t i = 0; i < batch.count; i++) {
            uint64_t number;
            if (!str_to_u64(batch.messages[i].value, &number) || number >= MESSAGES) abort();
            times[number]++;
            count++;
        }
        struct pollfd waiter = {.fd = bus_wake_fd(reader), .events = POLLIN};
        if (batch.count == 0) poll(&waiter, 1, 100);
        bus_release(reader, &batch);
    }
    bus_unsubscribe(reader);
    return NULL;
}

static void test_pipeline(void **state)
{
    (void)state;
    pthread_t producer, reader, threads[WORKERS];
    struct worker workers[WORKERS] = {{.member = "w0"}, {.member = "w1"}};
    uint8_t *times = calloc(1, MESSAGES);
    own_folder_make(NULL);
    struct bus_options options = rig_options();
    options.partitions = 4;
    bus = rig_open(&options, clock_system());
    assert_int_equal(pthread_create(&producer, NULL, produce_all, NULL), 0);
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_documents, times), 0);
    pthread_join(producer, NULL);
    for (int i = 0; i < WORKERS; i++) pthread_join(threads[i], NULL);
    pthread_join(reader, NULL);
    CASE("each message is passed on exactly once, whoever joined and whenever");
    assert_int_equal(atomic_load(&produced), MESSAGES);
    assert_int_equal(atomic_load(&passed), MESSAGES);
    for (int i = 0; i < MESSAGES; i++) assert_int_equal(times[i], 1);
    bus_close(bus);
    own_folder_remove(NULL);
    free(times);
}

/* --- callers that come again ----------------------------------------------------------------- */

enum { CALLERS = 8, TIMES = 50 };

struct caller {
    struct bus_producer *producer;
    int answers;
    const char *key;
};

static void on_answer(void *user, const struct err *err);

static void call(struct caller *caller)
{
    struct err err;
    const struct bus_output output = {
        .topic = TOPIC_FEEDBACK, .key = str_of(caller->key), .value = STR("x")};
    must(bus_produce(caller->producer, &output, 1, on_answer, caller, &err), &err);
}

static void on_answer(void *user, const struct err *err)
{
    struct caller *caller = user;
    assert_null(err);
    if (++caller->answers % TIMES) call(caller);
}

/* The writer waits for them a moment, but not for ever, and not when it is told to end. */
static void test_callers_come_again(void **state)
{
    static const char *const keys[CALLERS] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct caller callers[CALLERS];
    struct bus_topic_state topic;
    struct bus_producer *producer;
    struct err err;
    (void)state;
    own_folder_make(NULL);
    struct bus_options options = rig_options();
    bus = rig_open(&options, clock_system());
    must(bus_producer_open(bus, "door", &producer, &err), &err);
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.producer = producer, .key = keys[i]};
        call(&callers[i]);
    }
    must(bus_producer_flush(producer, WAIT_MS, &err), &err);
    CASE("each is answered as often as it has called");
    for (int i = 0; i < CALLERS; i++) assert_int_equal(callers[i].answers, TIMES);
    must(bus_topic_describe(bus, TOPIC_FEEDBACK, &topic, &err), &err);
    assert_int_equal(topic.records, CALLERS * TIMES);
    CASE("and one that comes alone, after all have gone");
    call(&callers[0]);
    must(bus_producer_flush(producer, WAIT_MS, &err), &err);
    assert_int_equal(callers[0].answers, 2 * TIMES);
    bus_producer_close(producer);
    bus_close(bus);
    own_folder_remove(NULL);
}

static void test_gathering_is_short(void **state)
{
    static const struct {
        const char *why;
        size_t last_count, queued;
        int64_t last_ns, wanted_ns;
    } cases[] = {
        {"as long as the last commit took", 4, 0, 2000000, 2000000},
        {"but a stalled one's is no measure", 4, 0, 20000000000, 5000000},
        {"few have let nobody go", 3, 0, 2000000, 0},
        {"neither has one that failed, or was cut", 0, 9, 2000000, 0},
        {"so many are enough", 200, 57, 2000000, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(
            embedded_gather_ns(cases[i].last_count, cases[i].queued, cases[i].last_ns),
            cases[i].wanted_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipeline), cmocka_unit_test(test_callers_come_again),
        cmocka_unit_test(test_gathering_is_short)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
