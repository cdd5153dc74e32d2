/* Lines: what a message becomes, what is read back of a line, and names of objects. */
#include "archive/line.h"
#include "archive/manifest.h"
#include "runtime/worker.h"
#include "schema/json.h"
#include "schema/pack.h"
#include "test.h"
#include "workers/logsink/line.h"

static struct str record_with(struct arena *arena, const char *section)
{
    struct record record = {.version = RECORD_VERSION, .id = STR("id-1")};
    struct feedback feedback = {0};
    struct raw_field unknown = {str_of(section), STR("\x07")};
    struct str value;
    struct err err;
    shape_set(feedback, &feedback, text, STR("a \"quoted\"\nword"));
    assert_int_equal(record_put(&record, SECTION_FEEDBACK, &feedback, arena, &err), E_OK);
    if (section) record.unknown = (struct raw_fields){.items = &unknown, .count = 1};
    assert_int_equal(record_write(&record, arena, &value, &err), E_OK);
    return value;
}

/* clang-format off */
#define RECORD "{\"id\":\"id-1\",\"feedback\":{\"text\":\"a \\\"quoted\\\"\\nword\"}"
#define BUS(key)                                                     \
    "\"bus\":{\"topic\":\"insights\",\"partition\":3,\"offset\":17," \
    "\"timestamp\":\"2026-01-02T03:04:05.678Z\"" key "}}\n"

static const struct {
    /* line NULL: only its end is looked at */
    const char *why, *section, *key, *trace, *redrives, *replay, *line;
    const char *contains;
    bool raw;
} lines[] = {
    {"a record", NULL, "k", NULL, NULL, NULL, RECORD "," BUS(",\"key\":\"k\""), NULL, false},
    {"no key", NULL, "", NULL, NULL, NULL, RECORD "," BUS(""), NULL, false},
    {"a key that isn't text", NULL, "\xff", NULL, NULL, NULL,
     RECORD "," BUS(",\"key_base64\":\"/w==\""), NULL, false},
    {"with its trace", NULL, "k", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NULL,
     NULL,
     RECORD ","
     BUS(",\"key\":\"k\","
         "\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\""), NULL,
         false},
    {"a trace that is none is left out", NULL, "k", "\xff\xff", NULL, NULL,
     RECORD "," BUS(",\"key\":\"k\""), NULL, false},
    {"an unknown section stays", "mood", "k", NULL, NULL, NULL,
     RECORD ",\"mood\":7," BUS(",\"key\":\"k\""), NULL, false},
    {"a section with the archive's own name: the bytes are kept", "bus", "k", NULL, NULL, NULL,
     NULL, RECORD ",\"raw\":\"", true},
    {"another such", "raw", "k", NULL, NULL, NULL, NULL, RECORD ",\"raw\":\"", true},
    {"another such", "error", "k", NULL, NULL, NULL, NULL, RECORD ",\"raw\":\"", true},
    {"redriven, of a replay", NULL, "", NULL, "2", "may-1",
     RECORD "," BUS(",\"redrives\":2,\"replay\":\"may-1\""), NULL, false},
    {"marks that are none are left out", NULL, "", NULL, "two", "\xff", RECORD "," BUS(""), NULL,
     false},
};
/* clang-format on */

static void writes_lines(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        CASE(lines[i].why);
        struct buffer out = {0};
        struct err err = {0};
        bool raw;
        const struct bus_header headers[] = {{STR("traceparent"), str_of(lines[i].trace)},
                                             {STR(HEADER_REDRIVES), str_of(lines[i].redrives)},
                                             {STR(HEADER_REPLAY), str_of(lines[i].replay)}};
        struct bus_message message = {.topic = TOPIC_INSIGHTS,
                                      .partition = 3,
                                      .offset = 17,
                                      .timestamp_ms = 1767323045678,
                                      .key = str_of(lines[i].key),
                                      .value = record_with(&arena, lines[i].section),
                                      .headers = headers,
                                      .header_count = COUNT_OF(headers)};
        assert_int_equal(line_write(&message, &arena, &out, &raw, &err), E_OK);
        assert_int_equal(raw, lines[i].raw);
        if (lines[i].line) assert_string_equal(buffer_cstr(&out), lines[i].line);
        if (lines[i].contains) assert_non_null(strstr(buffer_cstr(&out), lines[i].contains));
        buffer_deinit(&out);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
}

/* clang-format off */
static const struct {
    const char *why;
    struct str value;
    const char *line;
} poison[] = {
    {"not msgpack", {"\xc1", 1}, "{\"raw\":\"wQ==\",\"error\":\"bad_message\",\"error_text\":\""},
    {"nothing", {"", 0}, "{\"raw\":\"\",\"error\":\"bad_message\",\"error_text\":\""},
    {"not a map", {"\x01", 1}, "{\"raw\":\"AQ==\",\"error\":\"bad_message\",\"error_text\":\""},
    {"a newer version of the schema", {"\x82\xa1v\x63\xa2id\xa1x", 9},
     "{\"raw\":\"gqF2Y6JpZKF4\",\"error\":\"bad_message\",\"error_text\":\""},
    {"a count that would take gigabytes", {"\xdd\x04\x00\x00\x00", 5},
     "{\"raw\":\"3QQAAAA=\",\"error\":\"bad_message\",\"error_text\":\""},
};
/* clang-format on */

static void keeps_poison(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(poison); i++) {
        CASE(poison[i].why);
        struct buffer out = {0};
        struct err err = {0};
        struct line_identity identity;
        bool raw = false;
        struct bus_message message = {.topic = TOPIC_DEAD_LETTERS,
                                      .partition = 3,
                                      .offset = 17,
                                      .timestamp_ms = -1,
                                      .value = poison[i].value};
        buffer_add(&out, STR("before\n"));
        assert_int_equal(line_write(&message, &arena, &out, &raw, &err), E_OK);
        assert_true(raw);
        struct str line = str_slice(buffer_str(&out), 7, out.size - 1);
        assert_true(str_starts(line, str_of(poison[i].line)));
        assert_int_equal(line_identify(line, &arena, &identity, &err), E_OK);
        assert_true(identity.raw);
        assert_int_equal(identity.offset, 17);
        assert_int_equal(identity.timestamp_ms, 0); /* no time: 1970 */
        assert_int_equal(identity.id.size, 0);
        buffer_deinit(&out);
    }
    arena_deinit(&arena);
}

/* clang-format off */
static const struct {
    const char *why, *line;
    int rc;
} identities[] = {
    {"a record's",
     "{\"id\":\"a\",\"bus\":{\"offset\":5,\"timestamp\":\"2026-01-02T03:04:05.678Z\"}}", E_OK},
    {"in another order",
     "{\"bus\":{\"timestamp\":\"2026-01-02T03:04:05.678Z\",\"x\":{},\"offset\":5},\"id\":\"a\"}",
     E_OK},
    {"no bus",                 "{\"id\":\"a\"}", E_BAD_MESSAGE},
    {"no offset",
     "{\"id\":\"a\",\"bus\":{\"timestamp\":\"2026-01-02T03:04:05.678Z\"}}", E_BAD_MESSAGE},
    {"an offset that is none",
     "{\"id\":\"a\",\"bus\":{\"offset\":-5,\"timestamp\":\"2026-01-02T03:04:05.678Z\"}}",
     E_BAD_MESSAGE},
    {"no offset comes behind it",
     "{\"id\":\"a\",\"bus\":{\"offset\":9223372036854775807,"
     "\"timestamp\":\"2026-01-02T03:04:05.678Z\"}}", E_BAD_MESSAGE},
    {"a time that is none",    "{\"id\":\"a\",\"bus\":{\"offset\":5,\"timestamp\":\"yesterday\"}}",
     E_BAD_MESSAGE},
    {"bus is no object",       "{\"id\":\"a\",\"bus\":5}", E_BAD_MESSAGE},
    {"not an object",          "[]", E_BAD_MESSAGE},
    {"cut off",                "{\"id\":\"a\",\"bus\":{\"offset\":5", E_BAD_JSON},
    {"empty",                  "", E_BAD_JSON},
};
/* clang-format on */

static void reads_identities(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(identities); i++) {
        CASE(identities[i].why);
        struct line_identity identity;
        struct err err = {0};
        assert_int_equal(line_identify(str_of(identities[i].line), &arena, &identity, &err),
                         identities[i].rc);
        if (identities[i].rc) continue;
        assert_int_equal(identity.offset, 5);
        assert_int_equal(identity.timestamp_ms, 1767323045678);
        assert_true(str_equal(identity.id, STR("a")));
        assert_false(identity.raw);
    }
    arena_deinit(&arena);
}

static void names_objects(void **state)
{
    (void)state;
    char key[LAYOUT_KEY_BYTES];
    struct span_of_offsets span;
    layout_object_key(TOPIC_INSIGHTS, 12, 345, 1767323045678, key);
    assert_string_equal(key, "insights/date=2026-01-02/12/00000000000000000345.ndjson.zst");
    layout_object_key(TOPIC_AUDIT, 0, INT64_MAX, INT64_MAX, key);
    assert_string_equal(key, "audit/date=9999-12-31/0/09223372036854775807.ndjson.zst");
    layout_manifest_key(TOPIC_DEAD_LETTERS, 1, (struct span_of_offsets){7, 9}, key);
    assert_string_equal(key,
                        "manifests/dead-letters/1/00000000000000000009-00000000000000000007.json");
    assert_true(layout_manifest_span(str_of(key), &span));
    assert_int_equal(span.start, 7);
    assert_int_equal(span.end, 9);
    char after[LAYOUT_KEY_BYTES];
    layout_manifest_after(TOPIC_DEAD_LETTERS, 1, 8, after); /* covered: its manifest comes behind */
    assert_true(strcmp(after, key) < 0);
    layout_manifest_after(TOPIC_DEAD_LETTERS, 1, 9, after); /* not covered: before */
    assert_true(strcmp(after, key) > 0);
}

static void ignores_other_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "manifests/audit/0/README",
        "manifests/audit/0/00000000000000000009-00000000000000000007.json.bak",
        "manifests/audit/0/00000000000000000009_00000000000000000007.json",
        "manifests/audit/0/00000000000000000007-00000000000000000009.json", /* ends before it starts
                                                                             */
        "manifests/audit/0/0000000000000000000x-00000000000000000007.json",
        "",
    };
    struct span_of_offsets span;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        CASE(names[i]);
        assert_false(layout_manifest_span(str_of(names[i]), &span));
    }
}

static void manifests_can_be_read_back(void **state)
{
    (void)state;
    struct object_facts facts = {.topic = TOPIC_SAFETY,
                                 .partition = 2,
                                 .span = {5, 9},
                                 .records = 3,
                                 .raw = 1,
                                 .first_ms = 1767323045678,
                                 .earliest_ms = 1767323045000,
                                 .latest_ms = 1767323046000,
                                 .content_bytes = 100,
                                 .bytes = 50,
                                 .content_sha256 = "aa",
                                 .sha256 = "bb"};
    struct buffer text = {0};
    struct arena arena = {0};
    struct manifest manifest;
    struct err err;
    manifest_write(&facts, &text);
    assert_int_equal(manifest_read(buffer_str(&text), &arena, &manifest, &err), E_OK);
    assert_true(str_equal(manifest.object,
                          STR("safety/date=2026-01-02/2/00000000000000000005.ndjson.zst")));
    assert_int_equal(manifest.facts.earliest_ms, 1767323045000);
    assert_int_equal(manifest.facts.latest_ms, 1767323046000);
    assert_int_equal(manifest.facts.topic, TOPIC_SAFETY);
    assert_int_equal(manifest.facts.partition, 2);
    assert_int_equal(manifest.facts.span.start, 5);
    assert_int_equal(manifest.facts.span.end, 9);
    assert_int_equal(manifest.facts.records, 3);
    assert_int_equal(manifest.facts.raw, 1);
    assert_int_equal(manifest.facts.bytes, 50);
    assert_int_equal(manifest.facts.content_bytes, 100);
    assert_string_equal(manifest.facts.sha256, "bb");
    assert_string_equal(manifest.facts.content_sha256, "aa");
    for (size_t size = 0; size + 2 < text.size; size++)
        assert_int_not_equal(
            manifest_read(str_slice(buffer_str(&text), 0, size), &arena, &manifest, &err), E_OK);
    buffer_deinit(&text);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_lines),        cmocka_unit_test(keeps_poison),
        cmocka_unit_test(reads_identities),    cmocka_unit_test(names_objects),
        cmocka_unit_test(ignores_other_names), cmocka_unit_test(manifests_can_be_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
