/* What the door knows of records that have passed: bounded, and never another's. */
#include "ingest_rig.h" /* whose clock is wrapped around the system's */

#include "workers/ingest/feed.h"

static struct random random_source;
static struct worker_context context = {.random = &random_source};
static struct ingest_state ingest = {.context = &context};

/* Without a place from which it could be read once more. */
static const struct bus_message passed = {.partition = PARTITIONS_MAX};

static void await(struct feed *feed, struct str id) { assert_true(recall_await(feed, id)); }

static struct str name(char room[static 32], const char *prefix, int i)
{
    snprintf(room, 32, "%s-%d", prefix, i);
    return str_of(room);
}

static void nothing_is_kept_before_somebody_waits(void **state)
{
    struct feed feed = {.state = &ingest};
    struct str json;
    (void)state;
    recall_take(&feed, STR("a"), &passed, STR("{}"));
    assert_null(feed.recall);
    assert_false(recall_wants(&feed, STR("a")));
    assert_false(feed_recall(&feed, STR("a"), &json));
    recall_free(&feed);
}

static void what_was_waited_for_is_kept(void **state)
{
    struct feed feed = {.state = &ingest};
    struct str json = {0};
    (void)state;
    await(&feed, STR("a"));
    assert_true(recall_wants(&feed, STR("a")));
    assert_false(feed_recall(&feed, STR("a"), &json)); /* not yet */
    recall_take(&feed, STR("b"), &passed, STR("{\"b\":1}"));
    recall_take(&feed, STR("a"), &passed, STR("{\"a\":1}"));
    assert_false(recall_wants(&feed, STR("a")));
    assert_true(feed_recall(&feed, STR("a"), &json));
    assert_true(str_equal(json, STR("{\"a\":1}")));
    assert_false(feed_recall(&feed, STR("b"), &json)); /* that it passed, and no more */
    assert_false(recall_await(&feed, STR("b")));
    recall_take(&feed, STR("a"), &passed, (struct str){0}); /* once more: the first is the answer */
    assert_true(feed_recall(&feed, STR("a"), &json));
    assert_true(str_equal(json, STR("{\"a\":1}")));
    recall_free(&feed);
}

/* Many ids and large insights: the newest are known, and texts have their bound. */
static void old_ones_make_room(void **state)
{
    enum { MANY = 100000, LARGE = 30000 };
    static char large[LARGE], huge[40000];
    struct feed feed = {.state = &ingest};
    struct str json = {0};
    char room[32];
    int known = 0, kept = 0;
    (void)state;
    memset(large, 'x', sizeof large);
    memset(huge, 'x', sizeof huge);
    await(&feed, STR("first"));
    for (int i = 0; i < MANY; i++) recall_take(&feed, name(room, "passed", i), &passed, STR("{}"));
    assert_false(recall_await(&feed, name(room, "passed", MANY - 1))); /* it has passed */
    for (int i = MANY - 1; i >= 0; i--) known += !recall_await(&feed, name(room, "passed", i));
    assert_in_range(known, 4096, 16384);
    for (int i = 0; i < 1000; i++) {
        await(&feed, name(room, "large", i));
        recall_take(&feed, name(room, "large", i), &passed, str_make(large, sizeof large));
    }
    for (int i = 0; i < 1000; i++) {
        if (feed_recall(&feed, name(room, "large", i), &json)) kept += json.size == LARGE;
    }
    assert_in_range(kept, 100, (4 << 20) / LARGE);
    assert_true(feed_recall(&feed, name(room, "large", 999), &json));
    assert_int_equal(json.size, LARGE);
    await(&feed, STR("huge"));
    recall_take(&feed, STR("huge"), &passed, str_make(huge, sizeof huge));
    assert_false(feed_recall(&feed, STR("huge"), &json));
    assert_false(recall_await(&feed, STR("huge")));
    recall_free(&feed);
}

int main(void)
{
    random_seed(&random_source, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_kept_before_somebody_waits),
        cmocka_unit_test(what_was_waited_for_is_kept),
        cmocka_unit_test(old_ones_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
