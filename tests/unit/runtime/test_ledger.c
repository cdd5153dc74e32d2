/* What a worker tells of its commits: each record once, whatever became of it and of the commit. */
#include "runtime_rig.h"
#include "told.h"

#include "schema/ledger.h"

struct told {
    struct ledger_sum read, dropped, refused, resent, documents, letters;
    int64_t next[RIG_PARTITIONS]; /* where the partition's next entry must begin; -1: anywhere */
    int messages, silences;
};

static struct told nothing_told(void)
{
    return (struct told){.next = {-1, -1, -1, -1}};
}

static void add(struct ledger_sum *sum, uint64_t records, struct str ids)
{
    uint64_t more = 0;
    if (records) assert_true(ledger_ids_read(ids, &more));
    sum->records += records;
    sum->ids += more;
}

static void count_account(struct told *told, const struct account *account)
{
    assert_true(str_equal(account->topic, STR("feedback")));
    assert_true(account->partition < RIG_PARTITIONS && account->from < account->to);
    assert_int_equal(account->window % LEDGER_WINDOW_MS, 0);
    int64_t *next = &told->next[account->partition];
    if (*next >= 0) assert_int_equal(account->from, *next);
    *next = (int64_t)account->to;
    add(&told->read, account->records, account->ids);
    if (shape_has(account, account, dropped))
        add(&told->dropped, account->dropped, account->dropped_ids);
    if (shape_has(account, account, refused))
        add(&told->refused, account->refused, account->refused_ids);
    if (shape_has(account, account, resent))
        add(&told->resent, account->resent, account->resent_ids);
    for (uint32_t i = 0; i < account->outputs.count; i++) {
        const struct posting *posting = &account->outputs.items[i];
        bool letters = str_equal(posting->topic, STR("dead-letters"));
        assert_true(letters || str_equal(posting->topic, STR("documents")));
        add(letters ? &told->letters : &told->documents, posting->records, posting->ids);
    }
}

static void on_entry(void *user, const struct bus_message *message)
{
    struct told *told = user;
    struct arena arena = {0};
    struct ledger ledger;
    told_in(message, SECTION_LEDGER, &ledger, &arena);
    assert_true(str_equal(ledger.worker, STR("shell")) && str_equal(ledger.member, STR("shell-0")));
    assert_true(str_equal(message->key, ledger.member));
    told->messages++;
    told->silences += ledger.accounts.count == 0;
    for (uint32_t i = 0; i < ledger.accounts.count; i++)
        count_account(told, &ledger.accounts.items[i]);
    arena_deinit(&arena);
}

static void read_one(struct outside *outside, struct told *told)
{
    struct bus_batch batch = {0};
    struct err err;
    struct pollfd wake = {.fd = bus_wake_fd(outside->reader), .events = POLLIN};
    int64_t until_ms = clock_mono_ms(clock_system()) + RIG_WAIT_MS;
    while (batch.count == 0) {
        assert_true(clock_mono_ms(clock_system()) < until_ms);
        must(bus_poll(outside->reader, 1, 1 << 20, &batch, &err), &err);
        if (batch.count)
            on_entry(told, &batch.messages[0]);
        else
            poll(&wake, 1, 100);
        bool none = batch.count == 0;
        bus_release(outside->reader, &batch);
        if (!none) break;
    }
}

static void read_until(struct outside *outside, uint64_t records, struct told *told)
{
    while (told->read.records + told->resent.records < records) read_one(outside, told);
    assert_int_equal(told->read.records + told->resent.records, records);
}

static void produce_all(struct outside *outside)
{
    static const struct bus_header redriven = {
        {HEADER_REDRIVES, sizeof HEADER_REDRIVES - 1}, {"1", 1}};
    static const struct bus_header replayed = {
        {HEADER_REPLAY, sizeof HEADER_REPLAY - 1}, {"monday", 6}};
    outside_produce(outside, "ok", 0, 40, NULL, 0);
    outside_produce(outside, "reject", 0, 7, NULL, 0);
    outside_produce(outside, "silent", 0, 5, NULL, 0);
    outside_produce(outside, "ok", 0, 3, &redriven, 1);
    outside_produce(outside, "silent", 0, 2, &replayed, 1);
}

#define EXACTLY_ONCE "runtime.delivery=exactly_once"
#define AT_LEAST_ONCE "runtime.delivery=at_least_once"

static const struct {
    const char *why, *delivery;
    enum err_code code;
    int times;
} faults[] = {
    {"commits that succeed", EXACTLY_ONCE, E_OK, 0},
    {"tried again: not counted twice", EXACTLY_ONCE, E_UNAVAILABLE, 3},
    {"cancelled: what was lost isn't counted, what is done anew is", EXACTLY_ONCE, E_CANCELLED, 2},
    {"at least once many commits share an entry", AT_LEAST_ONCE, E_OK, 0},
    {"of which one was tried again", AT_LEAST_ONCE, E_UNAVAILABLE, 3},
    {"or cancelled", AT_LEAST_ONCE, E_CANCELLED, 2},
};

static void test_each_record_is_told_once(void **state)
{
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct outside outside;
        struct replica replica;
        struct told told = nothing_told();
        CASE(faults[i].why);
        if (i) assert_int_equal(rig_setup(state), 0);
        atomic_store(&rig_positions_apart, true);
        outside_open(&outside, TOPIC_LEDGER);
        produce_all(&outside);
        rig_fail_commits(faults[i].code, faults[i].times);
        replica_start(&replica,
                      (const char *[]){"runtime.batch_records=10", faults[i].delivery, NULL});
        read_until(&outside, 57, &told);
        assert_int_equal(told.read.records, 52);
        assert_int_equal(told.documents.records, 40);
        assert_int_equal(told.refused.records, 7);
        assert_int_equal(told.letters.records, 7);
        assert_int_equal(told.dropped.records, 5);
        assert_int_equal(told.resent.records, 5);
        struct ledger_sum parts = told.documents;
        parts.ids += told.refused.ids + told.dropped.ids;
        assert_true(parts.ids == told.read.ids);
        assert_int_equal(replica_stop(&replica), E_OK);
        assert_int_equal(atomic_load(&commits_unaccounted), 0);
        outside_read_none(&outside);
        outside_close(&outside);
        if (i + 1 < COUNT_OF(faults)) assert_int_equal(own_folder_remove(state), 0);
    }
}

static void too_large_is_told_as_it_ended(const char *delivery)
{
    static char large[6000];
    struct outside outside;
    struct replica replica;
    struct told told = nothing_told();
    memset(large, 'l', sizeof large - 1);
    atomic_store(&rig_positions_apart, true);
    outside_open(&outside, TOPIC_LEDGER);
    outside_produce(&outside, large, 0, 3, NULL, 0);
    outside_produce(&outside, "ok", 0, 20, NULL, 0);
    atomic_store(&commit_bytes_most, 4000);
    replica_start(&replica, (const char *[]){delivery, NULL});
    read_until(&outside, 23, &told);
    assert_int_equal(told.documents.records, 20);
    assert_int_equal(told.refused.records, 3);
    assert_int_equal(told.letters.records, 3);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_close(&outside);
}

static void test_too_large_is_told_as_it_ended(void **state)
{
    (void)state;
    too_large_is_told_as_it_ended(EXACTLY_ONCE);
    rig_anew();
    too_large_is_told_as_it_ended(AT_LEAST_ONCE);
}

static void a_stop_leaves_nothing_untold(const char *delivery)
{
    struct outside outside;
    struct replica replica;
    struct told told = nothing_told();
    atomic_store(&rig_positions_apart, true);
    outside_open(&outside, TOPIC_LEDGER);
    outside_produce(&outside, "ok", 0, 30, NULL, 0);
    replica_start(&replica, (const char *[]){delivery, NULL});
    RIG_AWAIT(replica_progress(&replica).done == 30);
    assert_int_equal(replica_stop(&replica), E_OK);
    read_until(&outside, 30, &told);
    outside_read_none(&outside);
    outside_close(&outside);
}

static void test_a_stop_leaves_nothing_untold(void **state)
{
    (void)state;
    a_stop_leaves_nothing_untold(EXACTLY_ONCE);
    rig_anew();
    a_stop_leaves_nothing_untold(AT_LEAST_ONCE);
}

/* Records that come singly: where telling costs, their positions, and so their entries, are told
 * ten times a second. */
static void at_least_once_tells(bool seldom)
{
    enum { RECORDS = 200, EVERY_MS = 100 };
    struct outside outside;
    struct replica replica;
    struct told told = nothing_told();
    atomic_store(&rig_positions_apart, seldom);
    outside_open(&outside, TOPIC_LEDGER);
    replica_start(&replica, (const char *[]){AT_LEAST_ONCE, NULL});
    replica_await_ready(&replica);
    int64_t since_ms = clock_mono_ms(clock_system());
    for (int i = 0; i < RECORDS; i++) {
        outside_produce(&outside, i % 2 ? "ok" : "silent", i, 1, NULL, 0);
        RIG_AWAIT(replica_progress(&replica).done == (unsigned)i + 1);
    }
    read_until(&outside, RECORDS, &told); /* the last ones too, though nothing comes any more */
    int64_t took_ms = clock_mono_ms(clock_system()) - since_ms;
    int telling = atomic_load(&commits_telling);
    if (seldom) assert_true(telling <= 2 + took_ms / EVERY_MS);
    else assert_true(atomic_load(&commits_asked) - telling <= 1); /* a status */
    assert_int_equal(told.documents.records, RECORDS / 2);
    assert_int_equal(told.dropped.records, RECORDS / 2);
    assert_int_equal(atomic_load(&commits_empty), 0);
    assert_int_equal(atomic_load(&commits_unaccounted), 0);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_read_none(&outside);
    outside_close(&outside);
}

static void test_at_least_once_tells_seldom(void **state)
{
    (void)state;
    at_least_once_tells(true);
    rig_anew();
    at_least_once_tells(false);
}

/* A commit that withholds its positions fails, when one before it has succeeded. */
static void withheld_fails(enum err_code code)
{
    enum { MOST = 4000 };
    struct outside outside;
    struct replica replica;
    struct told told = nothing_told();
    int produced = 0;
    atomic_store(&rig_positions_apart, true);
    outside_open(&outside, TOPIC_LEDGER);
    atomic_store(&commit_fault_withheld, true);
    rig_fail_commits(code, 1);
    replica_start(&replica, (const char *[]){AT_LEAST_ONCE, NULL});
    for (; atomic_load(&commit_fault_count) > 0 && produced < MOST; produced++)
        outside_produce(&outside, "ok", produced, 1, NULL, 0);
    assert_int_equal(atomic_load(&commit_fault_count), 0);
    read_until(&outside, (uint64_t)produced, &told);
    assert_int_equal(told.documents.records, produced);
    assert_int_equal(replica_stop(&replica), E_OK);
    assert_int_equal(atomic_load(&commits_unaccounted), 0);
    outside_read_none(&outside);
    outside_close(&outside);
}

static void test_withheld_fails(void **state)
{
    (void)state;
    withheld_fails(E_CANCELLED);
    rig_anew();
    withheld_fails(E_UNAVAILABLE);
}

static void test_silence_is_told(void **state)
{
    struct outside outside;
    struct replica replica;
    struct told told = nothing_told();
    (void)state;
    outside_open(&outside, TOPIC_LEDGER);
    replica_start(&replica, (const char *[]){"runtime.status_every=100ms", NULL});
    read_one(&outside, &told);
    assert_int_equal(told.silences, 1);
    assert_int_equal(told.read.records, 0);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_close(&outside);
}

static void test_it_can_be_turned_off(void **state)
{
    struct outside outside;
    struct replica replica;
    (void)state;
    outside_open(&outside, TOPIC_LEDGER);
    outside_produce(&outside, "ok", 0, 3, NULL, 0);
    replica_start(&replica, (const char *[]){"runtime.ledger=false", NULL});
    RIG_AWAIT(replica_progress(&replica).outputs == 3);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_read_none(&outside);
    outside_close(&outside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_each_record_is_told_once), RIG_TEST(test_too_large_is_told_as_it_ended),
        RIG_TEST(test_a_stop_leaves_nothing_untold), RIG_TEST(test_at_least_once_tells_seldom),
        RIG_TEST(test_withheld_fails), RIG_TEST(test_silence_is_told),
        RIG_TEST(test_it_can_be_turned_off),
    };
    log_setup(LOG_ERROR, LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
