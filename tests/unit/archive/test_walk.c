/* Which objects a wish finds, and what reading one tells of it. */
#include "archive/walk.h"

#include "test.h"

#include "archive_bench.h"

static void put(struct memory_store *store, enum topic topic, uint32_t partition, int64_t start,
                int64_t end)
{
    struct buffer lines = {0};
    for (int64_t offset = start; offset < end; offset++)
        archive_line(&lines, "\"id\":\"a\"", topic, partition, offset);
    archive_put(store, topic, partition, buffer_str(&lines));
    buffer_deinit(&lines);
}

static int set_up(void **state)
{
    struct memory_store *store = memory_create();
    put(store, TOPIC_FEEDBACK, 0, 0, 10);
    put(store, TOPIC_FEEDBACK, 0, 10, 20);
    put(store, TOPIC_FEEDBACK, 10, 0, 5);
    put(store, TOPIC_FEEDBACK, 2, 3, 7);
    put(store, TOPIC_INSIGHTS, 2, 5, 6);
    memory_set(store, STR("manifests/feedback/0/README"), STR("not ours"));
    *state = store;
    return 0;
}

static int tear_down(void **state)
{
    memory_destroy(*state);
    return 0;
}

#define EVERY ((1u << TOPIC_COUNT) - 1)
#define AT(seconds) (ARCHIVE_BENCH_MS + (seconds) * 1000)

/* clang-format off */
static const struct {
    const char *why;
    struct archive_wish wish;
    const char *found; /* topic/partition:start-end */
} wishes[] = {
    {"everything", {.topics = EVERY},
     "feedback/0:0-10 feedback/0:10-20 feedback/10:0-5 feedback/2:3-7 insights/2:5-6 "},
    {"one topic", {.topics = 1u << TOPIC_INSIGHTS}, "insights/2:5-6 "},
    {"a topic that has none", {.topics = 1u << TOPIC_SAFETY}, ""},
    {"one partition, of each topic", {.topics = EVERY, .one_partition = true, .partition = 2},
     "feedback/2:3-7 insights/2:5-6 "},
    {"partition 1 isn't partition 10", {.topics = EVERY, .one_partition = true, .partition = 1},
     ""},
    {"from a time on", {.topics = EVERY, .from_ms = AT(7)}, "feedback/0:0-10 feedback/0:10-20 "},
    {"up to a time, which isn't in it", {.topics = EVERY, .to_ms = AT(3)},
     "feedback/0:0-10 feedback/10:0-5 "},
    {"a window", {.topics = EVERY, .from_ms = AT(5), .to_ms = AT(6)},
     "feedback/0:0-10 feedback/2:3-7 insights/2:5-6 "},
    {"before everything", {.topics = EVERY, .to_ms = AT(0)}, ""},
};
/* clang-format on */

static void finds_what_is_wished(void **state)
{
    for (size_t i = 0; i < COUNT_OF(wishes); i++) {
        CASE(wishes[i].why);
        struct archive_walk walk;
        struct buffer found = {0};
        struct err err;
        archive_walk_init(&walk, *state, &wishes[i].wish);
        for (;;) {
            must(archive_walk_next(&walk, &err), &err);
            if (!walk.found) break;
            const struct object_facts *facts = &walk.manifest.facts;
            buffer_printf(&found, "%s/%u:%lld-%lld ", topic_info(facts->topic)->name,
                          facts->partition, (long long)facts->span.start,
                          (long long)facts->span.end);
        }
        assert_string_equal(buffer_cstr(&found), wishes[i].found);
        archive_walk_deinit(&walk);
        buffer_deinit(&found);
    }
}

static void goes_on_behind_a_damaged_manifest(void **state)
{
    struct memory_store *store = *state;
    const struct archive_wish wish = {.topics = 1u << TOPIC_FEEDBACK};
    struct str key =
        STR("manifests/feedback/0/00000000000000000010-00000000000000000000.json");
    struct archive_walk walk;
    struct err err;
    memory_set(store, key, STR("{\"object\":"));
    archive_walk_init(&walk, &store->base, &wish);
    assert_int_equal(archive_walk_next(&walk, &err), E_BAD_JSON);
    assert_true(str_equal(walk.key, key));
    assert_non_null(strstr(err.text, key.data));
    must(archive_walk_next(&walk, &err), &err);
    assert_true(walk.found);
    assert_int_equal(walk.manifest.facts.span.start, 10);
    archive_walk_deinit(&walk);
}

static enum memory_fault fail_often(void *user, struct str key, int *rc)
{
    unsigned *calls = user;
    (void)key;
    *rc = E_UNAVAILABLE;
    return ++*calls % 3 ? FAULT_BEFORE : FAULT_NONE;
}

static void a_failing_store_may_be_asked_again(void **state)
{
    struct memory_store *store = *state;
    const struct archive_wish wish = {.topics = EVERY};
    struct archive_walk walk;
    struct err err;
    unsigned calls = 0, found = 0;
    store->fault = fail_often;
    store->user = &calls;
    archive_walk_init(&walk, &store->base, &wish);
    for (;;) {
        int rc = archive_walk_next(&walk, &err);
        if (rc == E_UNAVAILABLE) continue;
        must(rc, &err);
        if (!walk.found) break;
        found++;
    }
    assert_int_equal(found, 5);
    archive_walk_deinit(&walk);
}

static void refuses_a_manifest_under_another_name(void **state)
{
    struct memory_store *store = *state;
    const struct archive_wish wish = {.topics = 1u << TOPIC_INSIGHTS};
    struct str other = memory_get_object(
        store, STR("manifests/feedback/0/00000000000000000010-00000000000000000000.json"));
    struct archive_walk walk;
    struct err err;
    memory_set(store, STR("manifests/insights/2/00000000000000000006-00000000000000000005.json"),
               other);
    archive_walk_init(&walk, &store->base, &wish);
    assert_int_equal(archive_walk_next(&walk, &err), E_BAD_MESSAGE);
    must(archive_walk_next(&walk, &err), &err);
    assert_false(walk.found);
    archive_walk_deinit(&walk);
}

/* --- one object ------------------------------------------------------------------------------ */

struct seen {
    uint64_t lines;
    int64_t last, stop_at;
};

static int on_line(void *user, struct str line, const struct line_identity *identity,
                   struct err *err)
{
    struct seen *seen = user;
    assert_true(str_equal(identity->id, STR("a")) && line.data[0] == '{');
    seen->lines++;
    seen->last = identity->offset;
    return identity->offset == seen->stop_at ? err_set(err, E_CANCELLED, "enough") : E_OK;
}

#define OBJECT STR("feedback/date=2026-01-02/0/00000000000000000010.ndjson.zst")

static void reads_what_the_manifest_says(void **state)
{
    struct memory_store *store = *state;
    const struct archive_wish wish = {.topics = 1u << TOPIC_FEEDBACK, .from_ms = AT(15)};
    struct archive_walk walk;
    struct seen seen = {.stop_at = -1};
    struct err err;
    struct object_facts facts = {.topic = TOPIC_FEEDBACK};
    archive_walk_init(&walk, &store->base, &wish);
    must(archive_walk_next(&walk, &err), &err);
    assert_true(str_equal(walk.manifest.object, OBJECT));
    must(archive_read_object(&store->base, walk.manifest.object, &facts, on_line, &seen, &err),
         &err);
    const struct object_facts *told = &walk.manifest.facts;
    assert_int_equal(seen.lines, 10);
    assert_int_equal(seen.last, 19);
    assert_int_equal(facts.records, told->records);
    assert_int_equal(facts.bytes, told->bytes);
    assert_int_equal(facts.content_bytes, told->content_bytes);
    assert_int_equal(facts.earliest_ms, told->earliest_ms);
    assert_int_equal(facts.latest_ms, told->latest_ms);
    assert_string_equal(facts.sha256, told->sha256);
    assert_string_equal(facts.content_sha256, told->content_sha256);
    archive_walk_deinit(&walk);
}

static void a_reader_may_stop(void **state)
{
    struct memory_store *store = *state;
    struct seen seen = {.stop_at = 12};
    struct object_facts facts = {0};
    struct err err;
    assert_int_equal(archive_read_object(&store->base, OBJECT, &facts, on_line, &seen, &err),
                     E_CANCELLED);
    assert_int_equal(seen.lines, 3);
}

static void tells_damage(void **state)
{
    struct memory_store *store = *state;
    struct object_facts facts = {0};
    struct err err;
    char sha256[SHA256_TEXT_BYTES];
    uint8_t hash[SHA256_BYTES];
    struct str whole = memory_get_object(store, OBJECT);
    char *copy = memory_copy(whole);
    struct str cut = str_make(copy, whole.size / 2);
    memory_set(store, OBJECT, cut);
    hash_sha256(cut, hash);
    hash_hex(hash, sizeof hash, sha256);
    assert_int_equal(archive_read_object(&store->base, OBJECT, &facts, NULL, NULL, &err),
                     E_BAD_MESSAGE);
    assert_int_equal(facts.bytes, cut.size);
    assert_string_equal(facts.sha256, sha256);
    memory_remove(store, OBJECT);
    assert_int_equal(archive_read_object(&store->base, OBJECT, &facts, NULL, NULL, &err),
                     E_NOT_FOUND);
    free(copy);
}

/* Cut where a frame ends, it reads well to its end: only the manifest knows better. */
static void one_that_is_short_is_told(void **state)
{
    struct memory_store *store = *state;
    const struct archive_wish wish = {.topics = 1u << TOPIC_FEEDBACK};
    struct str manifest =
        STR("manifests/feedback/0/00000000000000000020-00000000000000000010.json");
    struct seen seen = {.stop_at = -1};
    struct err err;
    char *kept = memory_copy(memory_get_object(store, manifest));
    struct str told = str_make(kept, memory_get_object(store, manifest).size);
    put(store, TOPIC_FEEDBACK, 0, 10, 17);
    memory_remove(store, STR("manifests/feedback/0/00000000000000000017-00000000000000000010.json"));
    memory_set(store, manifest, told);
    assert_int_equal(archive_walk_lines(&store->base, &wish, on_line, &seen, &err), E_BAD_MESSAGE);
    assert_int_equal(seen.last, 16);
    assert_non_null(strstr(err.text, "00000000000000000010.ndjson.zst: holds 7 records"));
    free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_what_is_wished, set_up, tear_down),
        cmocka_unit_test_setup_teardown(goes_on_behind_a_damaged_manifest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failing_store_may_be_asked_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_manifest_under_another_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_what_the_manifest_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reader_may_stop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_damage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_short_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
