/* Insights as they stream: filters, digests, tenants apart, and coming back without loss. */
#include "ingest_keys.h"
#include "ingest_started.h"

static int start_with_keys(void **state)
{
    if (rig_setup(state)) return -1;
    rig_start_with_keys(&rig);
    return 0;
}

static int start(void **state)
{
    return start_with(state, (const char *const[]){"ingest.streams=40", NULL});
}

struct follower {
    int fd;
    struct buffer in;
};

static void follow(struct follower *follower, const char *target, const char *headers)
{
    struct buffer request = {0};
    *follower = (struct follower){.fd = caller_connect(&rig)};
    buffer_printf(&request, "GET %s HTTP/1.1\r\nHost: test\r\n%s\r\n", target, headers);
    caller_send(follower->fd, buffer_str(&request));
    buffer_deinit(&request);
    assert_true(caller_read_until(follower->fd, &follower->in, ": insights follow"));
    assert_true(holds(buffer_str(&follower->in), "text/event-stream"));
}

static void unfollow(struct follower *follower)
{
    close(follower->fd);
    buffer_deinit(&follower->in);
}

static void publish(const char *id, const char *tenant, const char *product, uint32_t safety,
                    uint32_t label)
{
    rig_publish(&rig, id, id, tenant, product, safety, label);
}

/* Until it is told `id`; then what it was told. */
static struct str told(struct follower *follower, const char *id)
{
    char part[64];
    snprintf(part, sizeof part, "{\"id\":\"%s\"", id);
    assert_true(caller_read_until(follower->fd, &follower->in, part));
    return buffer_str(&follower->in);
}

static size_t count_of(struct str text, const char *part)
{
    size_t count = 0;
    for (size_t at; (at = str_find(text, str_of(part))) < text.size; count++)
        text = str_slice(text, at + 1, text.size);
    return count;
}

enum { PLACE_BYTES = 8192 };

static void last_event_id(struct str text, char out[static PLACE_BYTES])
{
    struct str id = STR("");
    for (size_t at; (at = str_find(text, STR("\nid: "))) < text.size;) {
        text = str_slice(text, at + 5, text.size);
        id = str_slice(text, 0, str_find(text, STR("\n")));
    }
    snprintf(out, PLACE_BYTES, "Last-Event-ID: %.*s\r\n", STR_ARGS(id));
}

static const struct {
    const char *why, *query;
    const char *ids; /* of the four below that it is told */
} filters[] = {
    {"everything", "", "1234"},
    {"one product", "?product=tea%20pot", "12"},
    {"one safety state", "?safety=positive", "13"},
    {"one sentiment", "?sentiment=negative", "134"},
    {"all of it", "?product=cup&safety=positive&sentiment=negative&tenant=acme", "3"},
    {"one tenant", "?tenant=globex", "4"},
    {"nothing is like that", "?product=saucer", ""},
};

static void publish_digest(const char *id, const char *tenant)
{
    struct record record = {.version = RECORD_VERSION, .id = str_of(id)};
    struct arena arena = {0};
    struct digest digest = {0};
    struct str message;
    struct err err;
    shape_set(digest, &digest, since, 0);
    shape_set(digest, &digest, until, 3600000);
    shape_set(digest, &digest, records, 17);
    if (tenant) shape_set(digest, &digest, tenant, str_of(tenant));
    must(record_put(&record, SECTION_DIGEST, &digest, &arena, &err), &err);
    must(record_write(&record, &arena, &message, &err), &err);
    rig_publish_message(&rig, "digest", message);
    arena_deinit(&arena);
}

/* An event of its own kind; those who come later are told the last one of each tenant at once. */
static void test_digests(void **state)
{
    struct follower all, filtered, late, foreign;
    (void)state;
    follow(&all, "/v1/insights/stream", "");
    follow(&filtered, "/v1/insights/stream?product=tea%20pot", "");
    publish_digest("digest-1", "acme");
    told(&all, "digest-1"); /* else the two, of two partitions, may come in either order */
    publish("after", "acme", "tea pot", ENUM_safety_state_negative, ENUM_sentiment_label_positive);
    struct str text = told(&all, "after");
    assert_int_equal(count_of(text, "event: digest\ndata: {\"id\":\"digest-1\",\"digest\":{"), 1);
    assert_int_equal(count_of(text, "event: insight\n"), 1);
    assert_int_equal(count_of(told(&filtered, "after"), "event: digest"), 0);
    publish_digest("digest-2", "acme");
    told(&all, "digest-2");
    follow(&late, "/v1/insights/stream", "");
    follow(&foreign, "/v1/insights/stream?tenant=globex", "");
    publish("last", "globex", "tea pot", ENUM_safety_state_negative, ENUM_sentiment_label_positive);
    assert_int_equal(count_of(told(&late, "last"), "event: digest"), 1);
    assert_int_equal(count_of(told(&late, "digest-2"), "\"records\":17"), 1);
    assert_int_equal(count_of(told(&foreign, "last"), "event: digest"), 0);
    unfollow(&all);
    unfollow(&filtered);
    unfollow(&late);
    unfollow(&foreign);
}

static void test_filters(void **state)
{
    struct follower followers[COUNT_OF(filters)];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        char target[128];
        snprintf(target, sizeof target, "/v1/insights/stream%s", filters[i].query);
        follow(&followers[i], target, "");
    }
    struct follower all;
    follow(&all, "/v1/insights/stream", "");
    publish("i1", "acme", "tea pot", ENUM_safety_state_positive, ENUM_sentiment_label_negative);
    publish("i2", "acme", "tea pot", ENUM_safety_state_negative, ENUM_sentiment_label_positive);
    publish("i3", "acme", "cup", ENUM_safety_state_positive, ENUM_sentiment_label_negative);
    publish("i4", "globex", "cup", ENUM_safety_state_unassessed, ENUM_sentiment_label_negative);
    for (int i = 1; i <= 4; i++) told(&all, (const char *const[]){"", "i1", "i2", "i3", "i4"}[i]);
    atomic_fetch_add(&rig_ahead_ms, 16000); /* a beat, which comes behind everything before it */
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        CASE(filters[i].why);
        assert_true(caller_read_until(followers[i].fd, &followers[i].in, ": still here"));
        for (char id = '1'; id <= '4'; id++) {
            char part[16];
            snprintf(part, sizeof part, "{\"id\":\"i%c\"", id);
            assert_int_equal(count_of(buffer_str(&followers[i].in), part),
                             strchr(filters[i].ids, id) != NULL);
        }
        unfollow(&followers[i]);
    }
    unfollow(&all);
}

static void test_bad_filters(void **state)
{
    static const struct {
        const char *why, *target, *headers, *says;
    } cases[] = {
        {"an unknown safety state", "/v1/insights/stream?safety=maybe", "",
         "safety is positive, negative or unassessed."},
        {"an unknown sentiment", "/v1/insights/stream?sentiment=happy", "", "sentiment is"},
        {"an event id of somebody else", "/v1/insights/stream", "Last-Event-ID: 42\r\n",
         "Last-Event-ID"},
        {"of a partition that isn't there", "/v1/insights/stream", "Last-Event-ID: 255:5\r\n",
         "Last-Event-ID"},
        {"of one that can't be", "/v1/insights/stream", "Last-Event-ID: 256:5\r\n",
         "Last-Event-ID"},
        {"before the start", "/v1/insights/stream", "Last-Event-ID: 0:-5\r\n", "Last-Event-ID"},
        {"a filter with a typo would let all through", "/v1/insights/stream?saftey=positive", "",
         "takes product, safety"},
        {"too many recent ones", "/v1/insights/stream?recent=10001", "", "recent is"},
        {"recent ones that are no number", "/v1/insights/stream?recent=all", "", "recent is"},
    };
    (void)state;
    publish("i0", NULL, "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct answer answer;
        CASE(cases[i].why);
        caller_ask(&rig, "GET", cases[i].target, cases[i].headers, (struct str){0}, &answer);
        assert_int_equal(answer.status, 400);
        assert_true(holds(answer.body, cases[i].says));
        answer_free(&answer);
    }
}

/* Away while insights come, over a restart of the worker too: each is told once. */
static void test_resume(void **state)
{
    struct follower follower;
    char place[PLACE_BYTES], id[16];
    (void)state;
    follow(&follower, "/v1/insights/stream", "");
    for (int i = 0; i < 10; i++) {
        snprintf(id, sizeof id, "i%d", i);
        publish(id, NULL, "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
        told(&follower, id);
    }
    last_event_id(buffer_str(&follower.in), place);
    unfollow(&follower);
    for (int i = 10; i < 30; i++) {
        snprintf(id, sizeof id, "i%d", i);
        publish(id, NULL, "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
    }
    assert_int_equal(rig_stop(&rig), E_OK);
    rig_start(&rig, NULL);
    follow(&follower, "/v1/insights/stream", place);
    for (int i = 10; i < 30; i++) {
        snprintf(id, sizeof id, "i%d", i);
        told(&follower, id);
    }
    atomic_fetch_add(&rig_ahead_ms, 3000); /* settled: the shared reader takes over, */
    publish("j0", NULL, "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
    told(&follower, "j0"); /* and nothing is missed or doubled */
    publish("j1", NULL, "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
    struct str all = told(&follower, "j1");
    assert_int_equal(count_of(all, "\nevent: insight\n"), 22);
    unfollow(&follower);
}

/* A second reader comes while one follows, and goes a minute after the last: each is told once,
 * those of one customer in their order. */
static void test_hurry(void **state)
{
    enum { ROUNDS = 3, EACH = 40 };
    struct follower follower;
    char id[32];
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        follow(&follower, "/v1/insights/stream", "");
        for (int i = 0; i < EACH; i++) {
            snprintf(id, sizeof id, "r%d-%d", round, i);
            rig_publish(&rig, id, i % 2 ? "odd" : id, NULL, "p", ENUM_safety_state_negative,
                        ENUM_sentiment_label_neutral);
            if (i == EACH / 2) RIG_AWAIT(rig_look(&rig)->hurry);
        }
        size_t before = 0;
        for (int i = 1; i < EACH; i += 2) {
            snprintf(id, sizeof id, "\"r%d-%d\"", round, i);
            assert_true(caller_read_until(follower.fd, &follower.in, id));
            size_t at = str_find(buffer_str(&follower.in), str_of(id));
            assert_true(at > before);
            before = at;
        }
        for (int i = 0; i < EACH; i += 2) {
            snprintf(id, sizeof id, "r%d-%d", round, i);
            told(&follower, id);
        }
        atomic_fetch_add(&rig_ahead_ms, 16000); /* a beat, which comes behind everything before */
        assert_true(caller_read_until(follower.fd, &follower.in, ": still here"));
        assert_int_equal(count_of(buffer_str(&follower.in), "event: insight\n"), EACH);
        unfollow(&follower);
        RIG_AWAIT(rig_look(&rig)->streams == 0);
        assert_true(rig_look(&rig)->hurry); /* who comes again soon finds it */
        atomic_fetch_add(&rig_ahead_ms, 61000);
        RIG_AWAIT(!rig_look(&rig)->hurry);
    }
}

static void publish_long(int number)
{
    static char words[6000];
    char id[24];
    memset(words, 'w', sizeof words);
    snprintf(id, sizeof id, "long-%d", number);
    rig_publish_text(&rig, id, id, NULL, "p", ENUM_safety_state_negative,
                     ENUM_sentiment_label_neutral, str_make(words, sizeof words));
}

/* More than may wait unsent, and a caller who takes his time: the stream waits for him, and doesn't
 * end. */
static void test_long_way_back(void **state)
{
    enum { RECORDS = 200 };
    struct follower follower;
    char id[24];
    (void)state;
    for (int i = 0; i < RECORDS; i++) publish_long(i);
    follow(&follower, "/v1/insights/stream", "Last-Event-ID: 0:0\r\n");
    struct str all = buffer_str(&follower.in);
    for (int i = 0; i < RECORDS; i++) {
        snprintf(id, sizeof id, "long-%d", i);
        all = told(&follower, id);
    }
    assert_int_equal(count_of(all, "\nevent: insight\n"), RECORDS);
    assert_false(holds(all, "\r\n0\r\n\r\n")); /* the end of a stream */
    unfollow(&follower);
}

/* An event id of a bus that is gone: the stream begins at the beginning of this one. */
static void test_other_bus(void **state)
{
    struct follower follower;
    (void)state;
    publish("before", NULL, "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
    follow(&follower, "/v1/insights/stream", "Last-Event-ID: 0:1000,1:1000,2:1000\r\n");
    for (int i = 0; i < 20; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        publish(id, NULL, "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
    }
    told(&follower, "before");
    for (int i = 0; i < 20; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        told(&follower, id);
    }
    assert_int_equal(count_of(buffer_str(&follower.in), "event: insight"), 21);
    unfollow(&follower);
}

/* As many partitions as the embedded bus may have, each with its place in the event's id. */
static void test_many_partitions(void **state)
{
    enum { PARTITIONS = 200, RECORDS = 400 };
    const struct bus_topic_settings many = {.partitions = PARTITIONS};
    struct follower follower;
    struct err err;
    char place[PLACE_BYTES], id[16];
    bool created;
    (void)state;
    assert_int_equal(rig_stop(&rig), E_OK);
    assert_int_equal(own_folder_remove(state), 0);
    assert_int_equal(rig_setup(state), 0);
    struct config *config = rig_config(NULL);
    struct bus *bus;
    must(bus_open(config, clock_system(), &bus, &err), &err);
    must(bus_topic_create(bus, TOPIC_INSIGHTS, &many, &created, &err), &err);
    bus_close(bus);
    config_destroy(config);
    rig_start(&rig, NULL);
    follow(&follower, "/v1/insights/stream", "");
    for (int i = 0; i < RECORDS; i++) {
        snprintf(id, sizeof id, "m%d", i);
        publish(id, NULL, "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
        if (i == RECORDS / 2 - 1) {
            told(&follower, id);
            last_event_id(buffer_str(&follower.in), place);
            unfollow(&follower);
        }
    }
    follow(&follower, "/v1/insights/stream", place);
    for (int i = RECORDS / 2; i < RECORDS; i++) {
        snprintf(id, sizeof id, "m%d", i);
        told(&follower, id);
    }
    assert_int_equal(count_of(buffer_str(&follower.in), "event: insight"), RECORDS / 2);
    unfollow(&follower);
}

static void test_recent(void **state)
{
    struct follower follower;
    char id[16];
    (void)state;
    for (int i = 0; i < 30; i++) {
        snprintf(id, sizeof id, "i%d", i);
        publish(id, NULL, "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
    }
    rig.whom = "webhook-crm"; /* before the last in its partition: no stream is told */
    rig_publish(&rig, "again", "last", NULL, "p", 0, 0);
    rig.whom = NULL;
    struct answer answer; /* the shared reader has seen them once it tells a stream of the last */
    follow(&follower, "/v1/insights/stream", "");
    publish("last", NULL, "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
    told(&follower, "last");
    unfollow(&follower);
    follow(&follower, "/v1/insights/stream?recent=10000", "");
    struct str all = told(&follower, "i0");
    for (int i = 0; i < 30; i++) {
        snprintf(id, sizeof id, "i%d", i);
        all = told(&follower, id);
    }
    assert_int_equal(count_of(told(&follower, "last"), "again"), 0);
    unfollow(&follower);
    follow(&follower, "/v1/insights/stream?recent=3", "");
    publish("end", NULL, "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
    all = told(&follower, "end");
    size_t events = count_of(all, "event: insight");
    assert_true(events >= 1 && events <= 4);
    unfollow(&follower);
    caller_ask(&rig, "GET", "/v1/status", NULL, (struct str){0}, &answer);
    assert_true(holds(answer.body, "\"streams\":"));
    answer_free(&answer);
}

static void test_isolation(void **state)
{
    struct follower acme, everybody;
    (void)state;
    /* asking for another's is asking for one's own */
    follow(&acme, "/v1/insights/stream?tenant=globex", "X-API-Key: reader.sr\r\n");
    follow(&everybody, "/v1/insights/stream?key=both.sb", "");
    publish("g1", "globex", "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
    publish("n1", NULL, "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
    publish("a1", "acme", "p", ENUM_safety_state_negative, ENUM_sentiment_label_neutral);
    struct str seen = told(&acme, "a1");
    assert_false(holds(seen, "g1") || holds(seen, "n1"));
    told(&everybody, "g1");
    told(&everybody, "n1");
    told(&everybody, "a1");
    unfollow(&acme);
    unfollow(&everybody);
}

static void test_too_many_streams(void **state)
{
    struct follower followers[40];
    struct answer answer;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(followers); i++)
        follow(&followers[i], "/v1/insights/stream", "");
    caller_ask(&rig, "GET", "/v1/insights/stream", NULL, (struct str){0}, &answer);
    assert_int_equal(answer.status, 503);
    assert_true(holds(answer.head, "Retry-After: 5"));
    answer_free(&answer);
    for (size_t i = 0; i < COUNT_OF(followers); i++) unfollow(&followers[i]);
}

#define WITH_KEYS(test) cmocka_unit_test_setup_teardown(test, start_with_keys, stop)
#define WITHOUT(test)   cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KEYS(test_isolation), WITHOUT(test_digests), WITHOUT(test_filters),
        WITHOUT(test_bad_filters), WITHOUT(test_resume), WITHOUT(test_hurry),
        WITHOUT(test_other_bus), WITHOUT(test_recent), WITHOUT(test_long_way_back),
        WITHOUT(test_too_many_streams), WITHOUT(test_many_partitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
