/* Each kind of damage to an archive is found, and by the kind that it is. */
#include "verify_rig.h"

static void lose_object(struct rig *rig) { memory_remove(rig->store, KEY("features")); }
static void lose_object_and_manifest(struct rig *rig)
{
    memory_remove(rig->store, KEY("features"));
    memory_remove(rig->store, MANIFEST("features", "2"));
}
static void lose_insights_wholly(struct rig *rig)
{
    memory_remove(rig->store, KEY("insights"));
    memory_remove(rig->store, MANIFEST("insights", "2"));
}
static void lose_manifest(struct rig *rig)
{
    memory_remove(rig->store, MANIFEST("documents", "2"));
}

static void cut_object(struct rig *rig)
{
    struct str whole = memory_get_object(rig->store, KEY("documents"));
    struct str part = arena_copy(&rig->arena, str_slice(whole, 0, whole.size - 9));
    memory_set(rig->store, KEY("documents"), part);
}

static void flip_bit(struct rig *rig)
{
    struct str whole =
        arena_copy(&rig->arena, memory_get_object(rig->store, KEY("segments")));
    ((char *)(uintptr_t)whole.data)[whole.size / 2] ^= 4;
    memory_set(rig->store, KEY("segments"), whole);
}

static void double_object(struct rig *rig)
{
    struct str whole = arena_copy(&rig->arena, memory_get_object(rig->store, KEY("insights")));
    memory_set(rig->store, STR("insights/date=2026-01-02/0/00000000000000000001.ndjson.zst"),
               whole);
}

static void double_object_with_manifest(struct rig *rig)
{
    put_records(rig, TOPIC_INSIGHTS, 1, "b");
}

static void break_manifest(struct rig *rig)
{
    memory_set(rig->store, MANIFEST("insights", "2"), STR("{}"));
}

/* In place of what is there, with a manifest that fits: only the ledger can tell. */
static void replace(struct rig *rig, enum topic topic, const char *ids)
{
    char key[LAYOUT_KEY_BYTES];
    layout_manifest_key(topic, 0, (struct span_of_offsets){0, 2}, key);
    memory_remove(rig->store, str_of(key));
    put_records(rig, topic, 0, ids);
}
static void lose_record(struct rig *rig) { replace(rig, TOPIC_INSIGHTS, "a"); }
static void double_record(struct rig *rig) { replace(rig, TOPIC_INSIGHTS, "abb"); }
static void exchange_record(struct rig *rig) { replace(rig, TOPIC_INSIGHTS, "ac"); }
static void lose_document(struct rig *rig) { replace(rig, TOPIC_DOCUMENTS, "a"); }
static void lose_letter(struct rig *rig)
{
    memory_remove(rig->store, KEY("dead-letters"));
    memory_remove(rig->store, MANIFEST("dead-letters", "1"));
}
static void lose_feedback(struct rig *rig)
{
    memory_remove(rig->store, MANIFEST("feedback", "4"));
    put_records(rig, TOPIC_FEEDBACK, 0, "abb");
}

static void change_ledger(struct rig *rig, int at, const struct entry *entry)
{
    memory_remove(rig->store, MANIFEST("ledger", "4"));
    put_ledger(rig, at, entry);
}
static void lose_entry(struct rig *rig) { change_ledger(rig, 0, NULL); }
static void lose_last_entry(struct rig *rig)
{
    change_ledger(rig, 3, NULL);
}
static void entry_ends_early(struct rig *rig)
{
    struct entry entry = entries[1];
    entry.from = 1; /* and nobody tells of offset 0 */
    entry.read = entry.passed = "b";
    change_ledger(rig, 1, &entry);
}
static void entry_with_other_ids(struct rig *rig)
{
    struct entry entry = entries[2];
    entry.read = entry.passed = "ac";
    change_ledger(rig, 2, &entry);
}
static void entry_that_contradicts_itself(struct rig *rig)
{
    struct entry entry = entries[2];
    entry.passed = "a";
    change_ledger(rig, 2, &entry);
}
static void entry_told_twice(struct rig *rig)
{
    struct buffer lines = {0};
    add_entry(&lines, 4, &entries[3]);
    archive_put(rig->store, TOPIC_LEDGER, 0, buffer_str(&lines));
    buffer_deinit(&lines);
}
static void duplicate_that_was_none(struct rig *rig)
{
    struct entry entry = entries[0];
    entry.passed = "a"; /* b was dropped, both times */
    entry.dropped = "bb";
    change_ledger(rig, 0, &entry);
}
static void ledger_that_is_none(struct rig *rig)
{
    struct buffer lines = {0};
    archive_line(&lines, "\"id\":\"n\",\"ledger\":{\"worker\":7}", TOPIC_LEDGER, 0, 9);
    archive_put(rig->store, TOPIC_LEDGER, 0, buffer_str(&lines));
    buffer_deinit(&lines);
}

static void receipt_without_record(struct rig *rig)
{
    put_receipts(rig, &(struct told){"r1", "ingest-0", "http", "abbdef", 0}, 1);
}
static void receipt_of_another_record(struct rig *rig)
{
    put_receipts(rig, &(struct told){"r1", "ingest-0", "http", "abbdf", 0}, 1);
}
static void receipts_of_two_doors(struct rig *rig)
{
    const struct told told[] = {
        {"r1", "ingest-0", "http", "abb", 0}, {"r2", "ingest-1", "http", "def", 0}};
    put_receipts(rig, told, COUNT_OF(told));
}
static void receipt_of_another_source(struct rig *rig)
{
    put_receipts(rig, &(struct told){"r1", "ingest-0", "raw/a.csv", "a", 0}, 1);
}
static void receipt_of_another_hour(struct rig *rig)
{
    put_receipts(rig, &(struct told){"r1", "ingest-0", "http", "a", 1}, 1);
}
static void receipts_of_unnamed_sources(struct rig *rig)
{
    const struct told told[] = {
        {"r1", "ingest-0", "http", "abbd", 0}, {"r2", "ingest-0", "", "ef", 0}};
    put_receipts(rig, told, COUNT_OF(told));
}

static const struct {
    const char *why;
    void (*damage)(struct rig *rig);
    enum finding_kind kind; /* there is at least one such */
    const char *text;       /* in one of them; NULL: whatever */
} damages[] = {
    {"an object is missing", lose_object, FINDING_OBJECT, "isn't there"},
    {"an object and its manifest are missing", lose_object_and_manifest, FINDING_READ,
     "says 2, the archive holds 0"},
    {"the end of the way is missing", lose_insights_wholly, FINDING_WRITTEN,
     "says 2, the archive holds 0"},
    {"and each record is told as lost", lose_insights_wholly, FINDING_LOST, "genai read it"},
    {"a manifest is missing", lose_manifest, FINDING_WRITTEN, NULL},
    {"an object is cut off", cut_object, FINDING_OBJECT, "documents/date"},
    {"a bit is flipped", flip_bit, FINDING_OBJECT, "segments/date"},
    {"an object is there twice", double_object, FINDING_OVERLAP, "has no manifest"},
    {"an object is there twice, with a manifest", double_object_with_manifest, FINDING_OVERLAP,
     "in two objects"},
    {"a manifest is no manifest", break_manifest, FINDING_MANIFEST, "misses something"},
    {"a record is missing", lose_record, FINDING_WRITTEN, "says 2, the archive holds 1"},
    {"and told as lost", lose_record, FINDING_LOST, "nothing came of it"},
    {"a record is doubled", double_record, FINDING_DOUBLED, "holds 1 of its id, and 2 came"},
    {"and the sums tell", double_record, FINDING_WRITTEN, "says 2, the archive holds 3"},
    {"a record is exchanged for another", exchange_record, FINDING_WRITTEN, "not the same ids"},
    {"and it was never received", exchange_record, FINDING_DOUBLED, "holds no record of its id"},
    {"the hour doesn't balance", lose_record, FINDING_BALANCE, "2026-01-02T00"},
    {"a document is missing in the middle", lose_document, FINDING_READ, NULL},
    {"a dead letter is missing", lose_letter, FINDING_WRITTEN, NULL},
    {"a receipt's record is missing", lose_feedback, FINDING_READ, "says 4, the archive holds 3"},
    {"an entry of the ledger is missing", lose_entry, FINDING_WRITTEN,
     "says 0, the archive holds 2"},
    {"the last entry is missing", lose_last_entry, FINDING_WRITTEN, NULL},
    {"an entry doesn't tell of a record before it", entry_ends_early, FINDING_SKIPPED, "featurize"},
    {"an entry tells of other ids", entry_with_other_ids, FINDING_READ, "not the same ids"},
    {"an entry contradicts itself", entry_that_contradicts_itself, FINDING_LEDGER, "segment-0"},
    {"an entry is there twice", entry_told_twice, FINDING_LEDGER, "committed twice"},
    {"what was dropped was no duplicate", duplicate_that_was_none, FINDING_WRITTEN, NULL},
    {"a receipt was given for a record that isn't there", receipt_without_record, FINDING_RECEIPTS,
     "of http: the door gave 6 receipts, feedback holds 5"},
    {"or for another one", receipt_of_another_record, FINDING_RECEIPTS, "not the same ids"},
    {"two doors together gave one too many", receipts_of_two_doors, FINDING_RECEIPTS,
     "gave 6 receipts"},
    {"a file's rows aren't there", receipt_of_another_source, FINDING_RECEIPTS,
     "of raw/a.csv: the door gave 1"},
    {"nothing of the hour is there", receipt_of_another_hour, FINDING_RECEIPTS, "T01 of http"},
    {"one of a source without a name of its own is missing", receipts_of_unnamed_sources,
     FINDING_RECEIPTS, "of all sources: the door gave 6"},
    {"an entry can't be read", ledger_that_is_none, FINDING_LEDGER, NULL},
};

static bool has_finding(const struct findings *findings, enum finding_kind kind, const char *text)
{
    for (size_t i = 0; i < findings->count && i < FINDINGS_KEPT; i++)
        if (findings->kept[i].kind == kind &&
            (!text || strstr(findings->kept[i].text.data, text)))
            return true;
    return false;
}

static void finds_each_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        void *rig = NULL;
        CASE(damages[i].why);
        assert_int_equal(set_up(&rig), 0);
        damages[i].damage(rig);
        struct verify_report *report = verify(rig, 0, 0);
        if (!has_finding(&report->findings, damages[i].kind, damages[i].text)) {
            for (size_t k = 0; k < report->findings.count; k++)
                print_message("    found: %s %s\n", finding_name(report->findings.kept[k].kind),
                              report->findings.kept[k].text.data);
            fail_msg("no such finding: %s", finding_name(damages[i].kind));
        }
        tear_down(&rig);
    }
}

/* The first finding says where: topic, partition, offset and id. */
static void says_where(void **state)
{
    struct rig *rig = *state;
    entry_ends_early(rig);
    struct verify_report *report = verify(rig, 0, 0);
    const struct finding *finding = &report->findings.kept[0];
    assert_int_equal(finding->kind, FINDING_SKIPPED);
    assert_int_equal(finding->topic, TOPIC_DOCUMENTS);
    assert_int_equal(finding->partition, 0);
    assert_int_equal(finding->offset, 0);
    assert_true(str_equal(finding->id, STR("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_damage),
        cmocka_unit_test_setup_teardown(says_where, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
