/* An archive that balances, for tests to damage: its records, its ledger, its receipts. */
#ifndef VERBATIM_TEST_VERIFY_RIG_H
#define VERBATIM_TEST_VERIFY_RIG_H

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

static inline uint64_t sum_of(const char *ids)
{
    uint64_t sum = 0;
    for (; *ids; ids++) sum += ledger_hash(str_make(ids, 1));
    return sum;
}

/* Each character an id, from this offset on. */
static inline void put_records(struct rig *rig, enum topic topic, int64_t offset, const char *ids)
{
    struct buffer lines = {0};
    for (; *ids; ids++, offset++) {
        char body[96];
        const char *feedback = topic == TOPIC_FEEDBACK
                                   ? ",\"feedback\":{\"text\":\"\",\"source\":\"http\"}"
                                   : "";
        snprintf(body, sizeof body, "\"id\":\"%c\"%s", *ids, feedback);
        archive_line(&lines, body, topic, 0, offset);
    }
    archive_put(rig->store, topic, 0, buffer_str(&lines));
    buffer_deinit(&lines);
}

static inline void put_letter(struct rig *rig, const char *marks)
{
    struct buffer lines = {0};
    char body[512], time[TIME_TEXT_BYTES];
    time_format(ARCHIVE_BENCH_MS, time);
    snprintf(
        body, sizeof body,
        "\"id\":\"L\",\"dead_letter\":{\"worker\":\"preprocess\",\"cause\":\"bad_message\","
        "\"message\":\"no\",\"topic\":\"feedback\",\"partition\":0,\"offset\":3,\"attempts\":1,"
        "\"failed_at\":\"%s\",\"value_sha256\":\"00\",\"record\":\"d\"}%s",
        time, marks);
    archive_line(&lines, body, TOPIC_DEAD_LETTERS, 0, 0);
    archive_put(rig->store, TOPIC_DEAD_LETTERS, 0, buffer_str(&lines));
    buffer_deinit(&lines);
}

static inline void add_posting(struct buffer *text, const char *topic, const char *ids, bool first)
{
    buffer_printf(text, "%s{\"topic\":\"%s\",\"records\":%zu,\"ids\":\"%016llx\"}",
                  first ? "" : ",", topic, strlen(ids), (unsigned long long)sum_of(ids));
}

/* An entry on the ledger: read, passed on to a topic, dropped, refused, and letters. */
struct entry {
    const char *worker, *topic;
    int from, to;
    const char *read, *passed_to, *passed, *dropped, *refused, *letters;
};

static inline void add_entry(struct buffer *lines, int64_t offset, const struct entry *entry)
{
    struct buffer body = {0};
    char time[TIME_TEXT_BYTES];
    time_format(ARCHIVE_BENCH_MS, time);
    buffer_printf(&body,
                  "\"id\":\"n\",\"ledger\":{\"worker\":\"%s\",\"member\":\"%s-0\",\"at\":\"%s\"",
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

static inline void put_receipts(struct rig *rig, const struct told *told, size_t count)
{
    struct buffer lines = {0};
    for (size_t i = 0; i < count; i++) {
        struct buffer body = {0};
        char time[TIME_TEXT_BYTES], window[TIME_TEXT_BYTES];
        time_format(ARCHIVE_BENCH_MS, time);
        time_format(ARCHIVE_BENCH_MS + told[i].hour * LEDGER_WINDOW_MS, window);
        buffer_printf(&body, "\"id\":\"%s\",\"ledger\":{\"worker\":\"ingest\",\"member\":\"%s\",",
                      told[i].id, told[i].member);
        buffer_printf(&body, "\"at\":\"%s\",\"receipts\":[{\"source\":\"%s\",", time,
                      told[i].source);
        buffer_printf(&body, "\"window\":\"%s\",\"records\":%zu,\"ids\":\"%016llx\"}]}", window,
                      strlen(told[i].ids), (unsigned long long)sum_of(told[i].ids));
        archive_line(&lines, buffer_cstr(&body), TOPIC_LEDGER, 0, 10 + (int64_t)i);
        buffer_deinit(&body);
    }
    archive_put(rig->store, TOPIC_LEDGER, 0, buffer_str(&lines));
    buffer_deinit(&lines);
}

/* All but the entry `without` (-1: none), and `instead` in its place (NULL: nothing). */
static inline void put_ledger(struct rig *rig, int without, const struct entry *instead)
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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
    struct rig *rig = *state;
    memory_destroy(rig->store);
    arena_deinit(&rig->arena);
    verify_report_deinit(&rig->report);
    free(rig);
    return 0;
}

static inline struct verify_report *verify(struct rig *rig, int64_t from_ms, int64_t to_ms)
{
    const struct verify_options options = {.folder = "/tmp", .from_ms = from_ms, .to_ms = to_ms};
    struct err err;
    verify_report_deinit(&rig->report);
    must(verify_archive(&rig->store->base, &options, &rig->report, &err), &err);
    return &rig->report;
}

#endif
