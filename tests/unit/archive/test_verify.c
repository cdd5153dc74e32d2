/* An archive that is whole balances; each kind of damage is found, and by the kind that it is. */
#include "archive/verify.h"

#include "test.h"

#include "archive_bench.h"
#include "base/arena.h"

/* Five records on feedback/0: a and b became insights, b came twice, d became a dead letter of
 * preprocess, and e (offset 5, behind a transaction's marker) isn't read yet. */
struct rig {
    struct memory_store *store;
    struct arena arena;
    struct verify_report report;
};

static uint64_t sum_of(const char *ids)
{
    uint64_t sum = 0;
    for (; *ids; ids++) sum += ledger_hash(str_make(ids, 1));
    return sum;
}

/* Each character an id, from this offset on. */
static void put_records(struct rig *rig, enum topic topic, int64_t offset, const char *ids)
{
    struct buffer lines = {0};
    for (; *ids; ids++, offset++) {
        char body[96];
        const char *feedback = topic == TOPIC_FEEDBACK ? ",\"feedback\":{\"text\":\"\",\"source\":\"http\"}" : "";
        snprintf(body, sizeof body, "\"id\":\"%c\"%s", *ids, feedback);
        archive_line(&lines, body, topic, 0, offset);
    }
    archive_put(rig->store, topic, 0, buffer_str(&lines));
    buffer_deinit(&lines);
}

static void put_letter(struct rig *rig, const char *marks)
{
    struct buffer lines = {0};
    char body[512], time[TIME_TEXT_BYTES];
    time_format(ARCHIVE_BENCH_MS, time);
    snprintf(body, sizeof body,
             "\"id\":\"L\",\"dead_letter\":{\"worker\":\"preprocess\",\"cause\":\"bad_message\","
             "\"message\":\"no\",\"topic\":\"feedback\",\"partition\":0,\"offset\":3,\"attempts\":1,"
             "\"failed_at\":\"%s\",\"value_sha256\":\"00\",\"record\":\"d\"}%s",
             time, marks);
    archive_line(&lines, body, TOPIC_DEAD_LETTERS, 0, 0);
    archive_put(rig->store, TOPIC_DEAD_LETTERS, 0, buffer_str(&lines));
    buffer_deinit(&lines);
}

static void add_posting(struct buffer *text, const char *topic, const char *ids, bool first)
{
    buffer_printf(text, "%s{\"topic\":\"%s\",\"records\":%zu,\"ids\":\"%016llx\"}", first ? "" : ",",
                  topic, strlen(ids), (unsigned long long)sum_of(ids));
}

/* An entry on the ledger: read, passed on to a topic, dropped, refused, and letters. */
struct entry {
    const char *worker, *topic;
    int from, to;
    const char *read, *passed_to, *passed, *dropped, *refused, *letters;
};

static void add_entry(struct buffer *lines, int64_t offset, const struct entry *entry)
{
    struct buffer body = {0};
    char time[TIME_TEXT_BYTES];
    time_format(ARCHIVE_BENCH_MS, time);
    buffer_printf(&body, "\"id\":\"n\",\"ledger\":{\"worker\":\"%s\",\"member\":\"%s-0\",\"at\":\"%s\"",
                  entry->worker, entry->worker, time);
    buffer_printf(&body, ",\"accounts\":[{\"topic\":\"%s\",\"partition\":0,\"from\":%d,\"to\":%d,",
                  entry->topic, entry->from, entry->to);
    buffer_printf(&body, "\"window\":\"%s\",\"records\":%zu,\"ids\":\"%016llx\"", time,
                  strlen(entry->read), (unsigned long long)sum_of(entry->read));
    if (entry->dropped)
        buffer_printf(&body, ",\"dropped\":%zu,\"dropped_ids\":\"%016llx\"", strlen(entry->dropped),
                      (unsigned long long)sum_of(entry->dropped));
    if (entry->refused)
        buffer_printf(&body, ",\"refused\":%zu,\"refused_ids\":\"%016llx\"", strlen(entry->refused),
                      (unsigned long long)sum_of(entry->refused));
    buffer_add(&body, STR(",\"outputs\":["));
    add_posting(&body, entry->passed_to, entry->passed, true);
    if (entry->letters) add_posting(&body, "dead-letters", entry->letters, false);
    buffer_add(&body, STR("]}]}"));
    archive_line(lines, buffer_cstr(&body), TOPIC_LEDGER, 0, offset);
    buffer_deinit(&body);
}

static const struct entry entries[] = {
    {"preprocess", "feedback", 0, 5, "abbd", "documents", "ab", "b", "d", "L"},
    {"featurize", "documents", 0, 2, "ab", "features", "ab", NULL, NULL, NULL},
    {"segment", "features", 0, 2, "ab", "segments", "ab", NULL, NULL, NULL},
    {"genai", "segments", 0, 2, "ab", "insights", "ab", NULL, NULL, NULL},
};

/* The door's: this message tells of receipts for these records, an hour or more from the first. */
struct told {
    const char *id, *member, *source, *ids;
    int hour;
};

static void put_receipts(struct rig *rig, const struct told *told, size_t count)
{
    struct buffer lines = {0};
    for (size_t i = 0; i < count; i++) {
        struct buffer body = {0};
        char time[TIME_TEXT_BYTES], window[TIME_TEXT_BYTES];
        time_format(ARCHIVE_BENCH_MS, time);
        time_format(ARCHIVE_BENCH_MS + told[i].hour * LEDGER_WINDOW_MS, window);
        buffer_printf(&body, "\"id\":\"%s\",\"ledger\":{\"worker\":\"ingest\",\"member\":\"%s\",",
                      told[i].id, told[i].member);
        buffer_printf(&body, "\"at\":\"%s\",\"receipts\":[{\"source\":\"%s\",", time, told[i].source);
        buffer_printf(&body, "\"window\":\"%s\",\"records\":%zu,\"ids\":\"%016llx\"}]}", window,
                      strlen(told[i].ids), (unsigned long long)sum_of(told[i].ids));
        archive_line(&lines, buffer_cstr(&body), TOPIC_LEDGER, 0, 10 + (int64_t)i);
        buffer_deinit(&body);
    }
    archive_put(rig->store, TOPIC_LEDGER, 0, buffer_str(&lines));
    buffer_deinit(&lines);
}

/* All but the entry `without` (-1: none), and `instead` in its place (NULL: nothing). */
static void put_ledger(struct rig *rig, int without, const struct entry *instead)
{
    struct buffer lines = {0};
    for (int i = 0; i < (int)COUNT_OF(entries); i++) {
        const struct entry *entry = i == without ? instead : &entries[i];
        if (entry) add_entry(&lines, i, entry);
    }
    archive_put(rig->store, TOPIC_LEDGER, 0, buffer_str(&lines));
    buffer_deinit(&lines);
}

#define KEY(topic) STR(topic "/date=2026-01-02/0/00000000000000000000.ndjson.zst")
#define MANIFEST(topic, end)                                                                       \
    STR("manifests/" topic "/0/0000000000000000000" end "-00000000000000000000.json")

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    if (!rig) return -1;
    rig->store = memory_create();
    put_records(rig, TOPIC_FEEDBACK, 0, "abbd");
    put_records(rig, TOPIC_FEEDBACK, 5, "e");
    put_records(rig, TOPIC_DOCUMENTS, 0, "ab");
    put_records(rig, TOPIC_FEATURES, 0, "ab");
    put_records(rig, TOPIC_SEGMENTS, 0, "ab");
    put_records(rig, TOPIC_INSIGHTS, 0, "ab");
    put_letter(rig, "");
    put_ledger(rig, -1, NULL);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    memory_destroy(rig->store);
    arena_deinit(&rig->arena);
    verify_report_deinit(&rig->report);
    free(rig);
    return 0;
}

static struct verify_report *verify(struct rig *rig, int64_t from_ms, int64_t to_ms)
{
    const struct verify_options options = {.folder = "/tmp", .from_ms = from_ms, .to_ms = to_ms};
    struct err err;
    verify_report_deinit(&rig->report);
    archive_must(verify_archive(&rig->store->base, &options, &rig->report, &err), &err);
    return &rig->report;
}

static void a_whole_archive_balances(void **state)
{
    struct verify_report *report = verify(*state, 0, 0);
    if (report->findings.count) fail_msg("%s", report->findings.kept[0].text.data);
    assert_int_equal(report->row_count, 1);
    const struct verify_row *row = &report->rows[0];
    assert_int_equal(row->window, ARCHIVE_BENCH_MS);
    assert_int_equal(row->received, 5);
    assert_int_equal(row->insights, 2);
    assert_int_equal(row->duplicates, 1);
    assert_int_equal(row->dead_letters, 1);
    assert_int_equal(row->in_flight, 1);
    assert_true(row->balanced);
    assert_int_equal(report->entries, 4);
    assert_int_equal(report->topics[TOPIC_FEEDBACK].objects, 2);
    assert_int_equal(report->topics[TOPIC_FEEDBACK].records, 5);
}

/* An event of its own kind among the insights, which no record became. */
static void digests_are_no_insights(void **state)
{
    struct rig *rig = *state;
    struct buffer lines = {0};
    archive_line(&lines, "\"id\":\"digest-1-\",\"digest\":{\"records\":2}", TOPIC_INSIGHTS, 0, 2);
    archive_put(rig->store, TOPIC_INSIGHTS, 0, buffer_str(&lines));
    buffer_deinit(&lines);
    struct verify_report *report = verify(rig, 0, 0);
    if (report->findings.count) fail_msg("%s", report->findings.kept[0].text.data);
    assert_int_equal(report->row_count, 1);
    assert_int_equal(report->rows[0].insights, 2);
    assert_true(report->rows[0].balanced);
    assert_int_equal(report->topics[TOPIC_INSIGHTS].records, 3);
}

static void hours_can_be_chosen(void **state)
{
    struct verify_report *report = verify(*state, ARCHIVE_BENCH_MS, ARCHIVE_BENCH_MS + 3600000);
    assert_int_equal(report->findings.count, 0);
    assert_int_equal(report->rows[0].received, 5);
    report = verify(*state, ARCHIVE_BENCH_MS + 3600000, 0); /* the ledger alone: nothing to count */
    assert_int_equal(report->findings.count, 0);
    assert_int_equal(report->row_count, 0);
}

/* --- damage ---------------------------------------------------------------------------------- */

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
    const struct told told[] = {{"r1", "ingest-0", "http", "abb", 0}, {"r2", "ingest-1", "http", "def", 0}};
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
    const struct told told[] = {{"r1", "ingest-0", "http", "abbd", 0}, {"r2", "ingest-0", "", "ef", 0}};
    put_receipts(rig, told, COUNT_OF(told));
}

static const struct {
    const char *why;
    void (*damage)(struct rig *rig);
    enum finding_kind kind; /* there is at least one such */
    const char *text;       /* in one of them; NULL: whatever */
} damages[] = {
    {"an object is missing", lose_object, FINDING_OBJECT, "isn't there"},
    {"an object and its manifest are missing", lose_object_and_manifest, FINDING_READ, "says 2, the archive holds 0"},
    {"the end of the way is missing", lose_insights_wholly, FINDING_WRITTEN, "says 2, the archive holds 0"},
    {"and each record is told as lost", lose_insights_wholly, FINDING_LOST, "genai read it"},
    {"a manifest is missing", lose_manifest, FINDING_WRITTEN, NULL},
    {"an object is cut off", cut_object, FINDING_OBJECT, "documents/date"},
    {"a bit is flipped", flip_bit, FINDING_OBJECT, "segments/date"},
    {"an object is there twice", double_object, FINDING_OVERLAP, "has no manifest"},
    {"an object is there twice, with a manifest", double_object_with_manifest, FINDING_OVERLAP, "in two objects"},
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
    {"an entry of the ledger is missing", lose_entry, FINDING_WRITTEN, "says 0, the archive holds 2"},
    {"the last entry is missing", lose_last_entry, FINDING_WRITTEN, NULL},
    {"an entry doesn't tell of a record before it", entry_ends_early, FINDING_SKIPPED, "featurize"},
    {"an entry tells of other ids", entry_with_other_ids, FINDING_READ, "not the same ids"},
    {"an entry contradicts itself", entry_that_contradicts_itself, FINDING_LEDGER, "segment-0"},
    {"an entry is there twice", entry_told_twice, FINDING_LEDGER, "committed twice"},
    {"what was dropped was no duplicate", duplicate_that_was_none, FINDING_WRITTEN, NULL},
    {"a receipt was given for a record that isn't there", receipt_without_record, FINDING_RECEIPTS, "of http: the door gave 6 receipts, feedback holds 5"},
    {"or for another one", receipt_of_another_record, FINDING_RECEIPTS, "not the same ids"},
    {"two doors together gave one too many", receipts_of_two_doors, FINDING_RECEIPTS, "gave 6 receipts"},
    {"a file's rows aren't there", receipt_of_another_source, FINDING_RECEIPTS, "of raw/a.csv: the door gave 1"},
    {"nothing of the hour is there", receipt_of_another_hour, FINDING_RECEIPTS, "T01 of http"},
    {"one of a source without a name of its own is missing", receipts_of_unnamed_sources, FINDING_RECEIPTS, "of all sources: the door gave 6"},
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
        void *rig;
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

/* A door may tell of fewer receipts than it gave, and twice of the same ones. */
static const struct {
    const char *why;
    struct told told[3];
    uint64_t receipts;
} fine[] = {
    {"a receipt for each record", {{"r1", "ingest-0", "http", "abbde", 0}}, 5},
    {"in parts", {{"r1", "ingest-0", "http", "ab", 0}, {"r2", "ingest-0", "http", "bde", 0}}, 5},
    {"a killed door couldn't tell of the last ones", {{"r1", "ingest-0", "http", "ab", 0}}, 2},
    {"a message that the door sent again", {{"r1", "ingest-0", "http", "abb", 0}, {"r1", "ingest-0", "http", "abb", 0}, {"r2", "ingest-0", "http", "de", 0}}, 5},
    {"it came late", {{"r1", "ingest-0", "http", "abb", 0}, {"r2", "ingest-0", "http", "de", 0}, {"r1", "ingest-0", "http", "abb", 0}}, 5},
    {"with one of another door between", {{"r1", "ingest-0", "http", "abb", 0}, {"r2", "ingest-1", "http", "de", 0}, {"r1", "ingest-0", "http", "abb", 0}}, 5},
    {"sources without a name of their own", {{"r1", "ingest-0", "", "abb", 0}}, 3},
};

static void doors_may_tell_less(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fine); i++) {
        void *rig;
        size_t count = 0;
        uint64_t receipts = 0;
        CASE(fine[i].why);
        assert_int_equal(set_up(&rig), 0);
        while (count < COUNT_OF(fine[i].told) && fine[i].told[count].id) count++;
        put_receipts(rig, fine[i].told, count);
        struct verify_report *report = verify(rig, 0, 0);
        if (report->findings.count) fail_msg("%s", report->findings.kept[0].text.data);
        assert_string_equal(report->sources[0].name, "http");
        assert_int_equal(report->sources[0].records, 5);
        for (size_t k = 0; k < report->source_count; k++) receipts += report->sources[k].receipts;
        assert_int_equal(receipts, fine[i].receipts);
        /* Of another hour nothing is told. */
        report = verify(rig, ARCHIVE_BENCH_MS + LEDGER_WINDOW_MS, 0);
        assert_int_equal(report->findings.count, 0);
        assert_int_equal(report->source_count, 0);
        tear_down(&rig);
    }
}

/* More sources than there is room for: they are summed, and still checked by the hour. */
static void many_sources_are_bounded(void **state)
{
    struct sources sources = {0};
    struct findings findings = {0};
    struct source_sums *sums = NULL;
    struct err err;
    size_t count;
    (void)state;
    for (int round = 0; round < 2; round++) /* told, then found */
        for (uint32_t i = 0; i < 2 * SOURCES_MAX; i++) {
            char name[32];
            snprintf(name, sizeof name, "raw/%u.csv", i);
            struct source_cell *cell = sources_get(&sources, str_of(name), 0);
            assert_non_null(cell);
            if (round == 1 && i == 2 * SOURCES_MAX - 1) continue; /* this one is lost */
            ledger_add(round ? &cell->found : &cell->told, i);
        }
    for (int64_t hour = 1; hour < 3 * SOURCE_CELLS_MAX; hour++)
        assert_non_null(sources_get(&sources, hour % 2 ? STR("raw/1.csv") : STR("raw/2.csv"), (hour / 2) % SOURCE_CELLS_MAX));
    assert_true(sources.name_count <= SOURCES_MAX);
    archive_must(sources_judge(&sources, &findings, &sums, &count, &err), &err);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.of_kind[FINDING_RECEIPTS], 1);
    assert_non_null(strstr(findings.kept[0].text.data, "all sources: the door gave 4096"));
    assert_true(count <= SOURCES_MAX);
    free(sums);
    sources_deinit(&sources);
    findings_deinit(&findings);
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

/* A crash between an object and its manifest: the next start writes it. */
static void an_object_at_the_end_may_wait_for_its_manifest(void **state)
{
    struct rig *rig = *state;
    memory_set(rig->store, STR("insights/date=2026-01-02/0/00000000000000000002.ndjson.zst"), STR("x"));
    struct verify_report *report = verify(rig, 0, 0);
    assert_int_equal(report->findings.count, 0);
    assert_int_equal(report->unfinished, 1);
}

static void nothing_is_no_archive(void **state)
{
    struct memory_store *store = memory_create();
    const struct verify_options options = {.folder = "/tmp"};
    struct verify_report report;
    struct err err;
    (void)state;
    assert_int_equal(verify_archive(&store->base, &options, &report, &err), E_NO_INPUT);
    verify_report_deinit(&report);
    memory_destroy(store);
}

static void a_folder_that_is_none(void **state)
{
    struct rig *rig = *state;
    const struct verify_options options = {.folder = "/nonexistent/folder"};
    struct err err;
    assert_int_equal(verify_archive(&rig->store->base, &options, &rig->report, &err), E_NO_OUTPUT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_archive_balances),
        TEST(digests_are_no_insights),
        TEST(hours_can_be_chosen),
        cmocka_unit_test(finds_each_damage),
        cmocka_unit_test(doors_may_tell_less),
        cmocka_unit_test(many_sources_are_bounded),
        TEST(says_where),
        TEST(an_object_at_the_end_may_wait_for_its_manifest),
        cmocka_unit_test(nothing_is_no_archive),
        TEST(a_folder_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
