/* An archive that is whole balances; what is told of it, and of what is none. */
#include "verify_rig.h"

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

/* Who reads insights and sets one aside, as a webhook does, keeps no ledger: the record isn't lost,
 * and is an insight still. */
static void letters_of_webhooks_lose_nothing(void **state)
{
    struct rig *rig = *state;
    struct buffer lines = {0};
    archive_line(&lines,
                 "\"id\":\"W\",\"dead_letter\":{\"worker\":\"webhook-crm\","
                 "\"cause\":\"undelivered\",\"message\":\"no\",\"topic\":\"insights\",\"partition\":0,\"offset\":0,"
                 "\"attempts\":1,\"failed_at\":\"2026-01-02T03:04:05Z\",\"value_sha256\":\"00\","
                 "\"record\":\"a\"}",
                 TOPIC_DEAD_LETTERS, 0, 1);
    archive_put(rig->store, TOPIC_DEAD_LETTERS, 0, buffer_str(&lines));
    buffer_deinit(&lines);
    struct verify_report *report = verify(rig, 0, 0);
    if (report->findings.count) fail_msg("%s", report->findings.kept[0].text.data);
    assert_int_equal(report->rows[0].insights, 2);
    assert_int_equal(report->rows[0].dead_letters, 1);
    assert_true(report->rows[0].balanced);
    assert_int_equal(report->topics[TOPIC_DEAD_LETTERS].records, 2);
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

/* A door may tell of fewer receipts than it gave, and twice of the same ones. */
static const struct {
    const char *why;
    struct told told[3];
    uint64_t receipts;
} fine[] = {
    {"a receipt for each record", {{"r1", "ingest-0", "http", "abbde", 0}}, 5},
    {"in parts", {{"r1", "ingest-0", "http", "ab", 0}, {"r2", "ingest-0", "http", "bde", 0}}, 5},
    {"a killed door couldn't tell of the last ones", {{"r1", "ingest-0", "http", "ab", 0}}, 2},
    {"a message that the door sent again",
     {{"r1", "ingest-0", "http", "abb", 0}, {"r1", "ingest-0", "http", "abb", 0},
      {"r2", "ingest-0", "http", "de", 0}}, 5},
    {"it came late", {{"r1", "ingest-0", "http", "abb", 0}, {"r2", "ingest-0", "http", "de", 0},
                      {"r1", "ingest-0", "http", "abb", 0}}, 5},
    {"with one of another door between",
     {{"r1", "ingest-0", "http", "abb", 0}, {"r2", "ingest-1", "http", "de", 0},
      {"r1", "ingest-0", "http", "abb", 0}}, 5},
    {"sources without a name of their own", {{"r1", "ingest-0", "", "abb", 0}}, 3},
};

static void doors_may_tell_less(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fine); i++) {
        void *rig = NULL;
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
        assert_non_null(sources_get(&sources, hour % 2 ? STR("raw/1.csv") : STR("raw/2.csv"),
                                    (hour / 2) % SOURCE_CELLS_MAX));
    assert_true(sources.name_count <= SOURCES_MAX);
    must(sources_judge(&sources, &findings, &sums, &count, &err), &err);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.of_kind[FINDING_RECEIPTS], 1);
    assert_non_null(strstr(findings.kept[0].text.data, "all sources: the door gave 4096"));
    assert_true(count <= SOURCES_MAX);
    free(sums);
    sources_deinit(&sources);
    findings_deinit(&findings);
}

/* A crash between an object and its manifest: the next start writes it. */
static void an_object_at_the_end_may_wait_for_its_manifest(void **state)
{
    struct rig *rig = *state;
    memory_set(rig->store, STR("insights/date=2026-01-02/0/00000000000000000002.ndjson.zst"),
               STR("x"));
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
        TEST(letters_of_webhooks_lose_nothing),
        TEST(hours_can_be_chosen),
        cmocka_unit_test(doors_may_tell_less),
        cmocka_unit_test(many_sources_are_bounded),
        TEST(an_object_at_the_end_may_wait_for_its_manifest),
        cmocka_unit_test(nothing_is_no_archive),
        TEST(a_folder_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
