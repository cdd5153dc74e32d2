/* Receipts on the ledger: all that were given when the door has stopped, none twice,
 * and silence is told. */
#include "ingest_started.h"
#include "told.h"

#include "schema/ledger.h"

static int start(void **state)
{
    return start_with(state, (const char *const[]){"ingest.rows_most=200", NULL});
}

/* --- the ledger, and what it must say --------------------------------------------------------- */

struct told {
    struct {
        char source[300];
        struct ledger_sum sum;
    } sources[128];
    size_t source_count, messages, silent;
    char last_id[UUID_TEXT_BYTES];
    size_t repeated; /* messages with the id of the one before them */
};

static struct ledger_sum *sum_of(struct told *told, struct str source)
{
    size_t i = 0;
    while (i < told->source_count && !str_equal(str_of(told->sources[i].source), source)) i++;
    assert_true(i < COUNT_OF(told->sources));
    if (i == told->source_count) {
        snprintf(told->sources[i].source, sizeof told->sources[i].source, "%.*s", STR_ARGS(source));
        told->source_count++;
    }
    return &told->sources[i].sum;
}

static void take_message(struct told *told, const struct bus_message *message)
{
    struct arena arena = {0};
    struct ledger ledger;
    struct record record = told_in(message, SECTION_LEDGER, &ledger, &arena);
    assert_true(str_equal(ledger.worker, STR("ingest")));
    assert_true(str_equal(message->key, ledger.member));
    bool again = str_equal(record.id, str_of(told->last_id));
    told->messages++;
    told->repeated += again;
    told->silent += ledger.receipts.count == 0;
    snprintf(told->last_id, sizeof told->last_id, "%.*s", STR_ARGS(record.id));
    for (uint32_t i = 0; i < ledger.receipts.count && !again; i++) {
        const struct receipt *receipt = &ledger.receipts.items[i];
        struct ledger_sum *sum = sum_of(told, receipt->source);
        uint64_t ids;
        assert_int_equal(receipt->window % LEDGER_WINDOW_MS, 0);
        assert_true(ledger_ids_read(receipt->ids, &ids));
        sum->records += receipt->records;
        sum->ids += ids;
    }
    arena_deinit(&arena);
}

static void read_ledger(struct told *told)
{
    const enum topic topic = TOPIC_LEDGER;
    struct bus_subscription subscription = {
        .member = "outside", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    struct bus_consumer *reader;
    struct bus_batch batch;
    struct err err;
    memset(told, 0, sizeof *told);
    must(bus_subscribe(rig.bus, &subscription, &reader, &err), &err);
    for (uint32_t got = 1; got;) {
        must(bus_poll(reader, 500, 8 << 20, &batch, &err), &err);
        got = batch.count;
        for (uint32_t i = 0; i < got; i++) take_message(told, &batch.messages[i]);
        bus_release(reader, &batch);
    }
    bus_unsubscribe(reader);
}

static void count_record(void *user, const struct seen *seen)
{
    ledger_add(sum_of(user, seen->feedback.source), ledger_hash(str_of(seen->id)));
}

/* Stops the door, and keeps the bus. */
static void stop_door(void)
{
    runtime_stop(rig.runtime);
    pthread_join(rig.thread, NULL);
    assert_int_equal(rig.rc, E_OK);
}

static int start_with_a_file(void **state)
{
    char path[128], setting[160];
    if (rig_setup(state)) return -1;
    snprintf(path, sizeof path, "%s/raw", own_folder);
    if (mkdir(path, 0700)) return -1;
    snprintf(setting, sizeof setting, "ingest.watch=%s", path);
    snprintf(path, sizeof path, "%s/raw/a.csv", own_folder);
    FILE *file = fopen(path, "w");
    if (!file || fputs("text\none\ntwo\n", file) < 0 || fclose(file)) return -1;
    rig_start(&rig, (const char *const[]){setting, NULL});
    return 0;
}

static int finish(void **state)
{
    runtime_destroy(rig.runtime);
    bus_close(rig.bus);
    config_destroy(rig.config);
    return own_folder_remove(state);
}

static void must_tell_all(struct told *told)
{
    struct told held = {0};
    read_ledger(told);
    rig_read_feedback(&rig, count_record, &held);
    for (size_t i = 0; i < held.source_count; i++) {
        const struct ledger_sum *sum = sum_of(told, str_of(held.sources[i].source));
        assert_true(ledger_same(*sum, held.sources[i].sum));
    }
    assert_int_equal(told->source_count, held.source_count);
}

/* --- cases ------------------------------------------------------------------------------------ */

static void post(const char *type, const char *body, int status)
{
    struct answer answer;
    caller_post(&rig, type, body, &answer);
    assert_int_equal(answer.status, status);
    answer_free(&answer);
}

static void post_a_few(void)
{
    post(JSON_TYPE, "{\"text\":\"a\"}", 202);
    post(JSON_TYPE, "{\"text\":\"b\",\"source\":\"shop\",\"id\":\"twice\"}", 202);
    /* both have a receipt */
    post(JSON_TYPE, "{\"text\":\"b\",\"source\":\"shop\",\"id\":\"twice\"}", 202);
    post(JSON_TYPE, "[{\"text\":\"a\"},{\"text\":7},{\"text\":\"b\",\"source\":\"shop\"}]", 202);
    post(JSON_TYPE, "{\"text\":7}", 422);
}

static void a_stopped_door_has_told_all(void **state)
{
    struct told told;
    (void)state;
    post_a_few();
    stop_door();
    must_tell_all(&told);
    assert_int_equal(sum_of(&told, STR("http"))->records, 2);
    assert_int_equal(sum_of(&told, STR("shop"))->records, 3);
}

static void it_is_told_while_it_runs(void **state)
{
    struct told told;
    (void)state;
    post_a_few();
    do read_ledger(&told);
    while (sum_of(&told, STR("http"))->records < 2 || sum_of(&told, STR("shop"))->records < 3);
    stop_door();
    must_tell_all(&told);
}

static void silence_is_told(void **state)
{
    struct told told;
    (void)state;
    do read_ledger(&told);
    while (told.silent < 1);
    assert_int_equal(told.source_count, 0);
    /* once; the next only after something was told, or in an hour: this is five intervals */
    for (int64_t until = clock_mono_ms(clock_system()) + 500;
         clock_mono_ms(clock_system()) < until;)
        read_ledger(&told);
    assert_int_equal(told.silent, 1);
    post(JSON_TYPE, "{\"text\":\"a\"}", 202);
    do read_ledger(&told);
    while (told.silent < 2);
    assert_int_equal(sum_of(&told, STR("http"))->records, 1);
    stop_door();
}

static void without_receipt_none_is_told(void **state)
{
    static const int faults[] = {PRODUCE_BUSY, PRODUCE_REFUSED, PRODUCE_LOST, PRODUCE_LARGE};
    static const int answers[] = {429, 503, 503, 413};
    struct told told;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        atomic_store(&rig_produce, faults[i]);
        post(JSON_TYPE, "{\"text\":\"a\"}", answers[i]);
    }
    atomic_store(&rig_produce, PRODUCE_WELL);
    stop_door();
    read_ledger(&told);
    assert_int_equal(told.source_count, 0);
}

/* The ledger's message isn't written, or nobody says that it was: it is sent again,
 * and counts once. */
static void what_failed_is_told_again(void **state)
{
    static const int faults[] = {PRODUCE_BUSY, PRODUCE_REFUSED, PRODUCE_LOST, PRODUCE_UNHEARD};
    struct told told;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        int before = atomic_load(&rig_told_calls);
        atomic_store(&rig_tell, faults[i]);
        post_a_few();
        RIG_AWAIT(atomic_load(&rig_told_calls) > before + 2);
    }
    atomic_store(&rig_tell, PRODUCE_WELL);
    stop_door();
    must_tell_all(&told);
    assert_true(told.repeated > 0);
}

/* More sources in a second than there are rows: the rest is told without a name. */
static void many_sources_are_bounded(void **state)
{
    struct buffer body = {0};
    struct told told;
    uint64_t records = 0;
    (void)state;
    for (int i = 0; i < 200; i++)
        buffer_printf(&body, "%s{\"text\":\"a\",\"source\":\"s%d\"}", i ? "," : "[", i);
    buffer_add(&body, STR("]"));
    post(JSON_TYPE, buffer_cstr(&body), 202);
    buffer_deinit(&body);
    stop_door();
    read_ledger(&told);
    for (size_t i = 0; i < told.source_count; i++) records += told.sources[i].sum.records;
    assert_int_equal(records, 200);
    assert_int_equal(told.source_count, 61);
    assert_int_equal(sum_of(&told, STR(""))->records, 140);
}

/* Without posts beside it: libuv closes sockets by bare system calls, and TSan takes a descriptor's
 * number that the watcher then uses again for a race. */
static void rows_of_a_file_are_told(void **state)
{
    struct told told;
    (void)state;
    RIG_AWAIT(rig_read_feedback(&rig, NULL, NULL) == 2);
    do read_ledger(&told); /* the door may hear of it a little after we see it */
    while (sum_of(&told, STR("raw/a.csv"))->records < 2);
    stop_door();
    must_tell_all(&told);
    assert_int_equal(sum_of(&told, STR("raw/a.csv"))->records, 2);
}

#define TALLY_TEST(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALLY_TEST(a_stopped_door_has_told_all), TALLY_TEST(it_is_told_while_it_runs),
        TALLY_TEST(silence_is_told),
        TALLY_TEST(without_receipt_none_is_told), TALLY_TEST(what_failed_is_told_again),
        TALLY_TEST(many_sources_are_bounded),
        cmocka_unit_test_setup_teardown(rows_of_a_file_are_told, start_with_a_file, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
