/* Walks over the archive, once for the ledger and once for the rest, and judges. */
#include "archive/verify.h"

#include <stdlib.h>

#include "archive/balance.h"
#include "archive/ids.h"
#include "archive/objects.h"
#include "archive/read.h"
#include "archive/walk.h"
#include "schema/json.h"

/* A worker whose clock is behind tells of an hour that, by its clock, hasn't begun. */
#define CLOCK_SLACK_MS LEDGER_WINDOW_MS

struct verify {
    struct store *store;
    const struct verify_options *options;
    struct verify_report *report;
    struct book book;
    struct ids ids;
    struct objects objects;
    struct verify_progress progress;
    struct arena arena;
    /* The object at hand, and where the one before it ended: */
    const struct object_facts *facts;
    enum topic last_topic;
    uint32_t last_partition;
    int64_t last_end;
};

static int no_memory(struct err *err) { return err_set(err, E_NO_MEMORY, "verifying"); }

static struct finding at_line(const struct verify *verify, enum finding_kind kind,
                              const struct line_identity *identity)
{
    return (struct finding){.kind = kind,
                            .topic = verify->facts->topic,
                            .partition = verify->facts->partition,
                            .offset = identity->offset,
                            .id = identity->id};
}

/* --- lines ------------------------------------------------------------------------------------ */

static int read_section(struct verify *verify, const struct shape *shape, struct str section,
                        void *value, struct err *err)
{
    struct json_problems problems;
    arena_reset(&verify->arena);
    if (!section.size) return err_set(err, E_BAD_MESSAGE, "its section is missing");
    return json_read_shape(shape, section, JSON_UNKNOWN_KEEP, &verify->arena, value, &problems,
                           err);
}

static int take_ledger(void *user, struct str line, const struct line_identity *identity,
                       struct err *err)
{
    struct verify *verify = user;
    struct finding place = at_line(verify, FINDING_LEDGER, identity);
    struct ledger ledger = {0};
    struct err why = {0};
    (void)line;
    int rc = read_section(verify, &ledger_shape, identity->section, &ledger, &why);
    if (rc == E_NO_MEMORY) return no_memory(err);
    if (rc == E_OK) return book_add(&verify->book, &ledger, &place, &verify->report->findings, err);
    findings_add(&verify->report->findings, place, "%s", why.text);
    return E_OK;
}

/* One that has no id is known by its place, also to its dead letter. */
static struct str place_id(struct arena *arena, struct str topic, uint32_t partition,
                           uint64_t offset)
{
    return arena_printf(arena, "%.*s/%u/%llu", STR_ARGS(topic), partition,
                        (unsigned long long)offset);
}

static int note_letter(struct verify *verify, const struct line_identity *identity,
                       struct id_note note, struct err *err)
{
    struct dead_letter letter = {0};
    struct err why = {0};
    int rc = read_section(verify, &dead_letter_shape, identity->section, &letter, &why);
    if (rc == E_NO_MEMORY) return no_memory(err);
    int stage = rc == E_OK ? stage_reading(topic_by_name(letter.topic)) : STAGES;
    if (rc != E_OK || stage == STAGES) return E_OK;
    note.what = IDS_LETTER;
    note.of = (uint8_t)stage;
    struct str id = shape_has(dead_letter, &letter, record)
                        ? letter.record
                        : place_id(&verify->arena, letter.topic, letter.partition, letter.offset);
    return id.data ? ids_add(&verify->ids, id, identity->marks, note, err) : no_memory(err);
}

/* Of one who reads what is finished (a webhook): the record isn't lost by it, and no ledger tells
 * of it. */
static bool is_foreign_letter(struct verify *verify, const struct line_identity *identity)
{
    struct dead_letter letter = {0};
    return verify->facts->topic == TOPIC_DEAD_LETTERS &&
           read_section(verify, &dead_letter_shape, identity->section, &letter, NULL) == E_OK &&
           stage_reading(topic_by_name(letter.topic)) == STAGES;
}

static int note_id(struct verify *verify, const struct line_identity *identity, int stage,
                   enum book_place place, struct err *err)
{
    const struct object_facts *facts = verify->facts;
    struct id_note note = {.offset = identity->offset,
                           .partition = facts->partition,
                           .what = (uint8_t)stage,
                           .waiting = stage < STAGES && place == BOOK_WAITING};
    struct str id = identity->id;
    if (facts->topic == TOPIC_DEAD_LETTERS) return note_letter(verify, identity, note, err);
    if (stage == STAGES && facts->topic != TOPIC_INSIGHTS) return E_OK;
    arena_reset(&verify->arena);
    if (!id.size)
        id = place_id(&verify->arena, str_of(topic_info(facts->topic)->name), facts->partition,
                      (uint64_t)identity->offset);
    return id.data ? ids_add(&verify->ids, id, identity->marks, note, err) : no_memory(err);
}

/* As something that a worker reads. */
static int count_input(struct verify *verify, const struct line_identity *identity, int64_t window,
                       enum book_place place, struct err *err)
{
    const struct object_facts *facts = verify->facts;
    struct cell *cell = cells_get(&verify->book.cells, facts->topic, facts->partition, window);
    uint64_t hash = ledger_hash(identity->id);
    if (!cell) return no_memory(err);
    if (place == BOOK_SKIPPED)
        findings_add(&verify->report->findings, at_line(verify, FINDING_SKIPPED, identity),
                     "no ledger of %s tells of it, though of later ones",
                     stages[stage_reading(facts->topic)].worker);
    else if (place == BOOK_READ)
        ledger_add(identity->marks.size ? &cell->found_resent : &cell->found_read, hash);
    else if (!identity->marks.size)
        ledger_add(&cell->waiting, hash);
    return E_OK;
}

static struct str source_of(struct verify *verify, struct str section)
{
    struct json_value value;
    struct str name, raw;
    arena_reset(&verify->arena);
    struct json_reader reader = json_reader(section, &verify->arena);
    if (!section.size || !json_next(&reader, &value) || value.kind != JSON_OBJECT)
        return (struct str){0};
    for (bool first = true; json_member(&reader, &first, &name);) {
        if (str_equal(name, STR("source")))
            return json_next(&reader, &value) && value.kind == JSON_STRING ? value.text
                                                                           : (struct str){0};
        if (!json_skip(&reader, &raw)) break;
    }
    return (struct str){0};
}

/* As what the door gave a receipt for, if it did. */
static int count_received(struct verify *verify, const struct line_identity *identity,
                          int64_t window, struct err *err)
{
    struct str source = source_of(verify, identity->section);
    struct source_cell *cell = sources_get(&verify->book.sources, source, window);
    if (!cell) return no_memory(err);
    ledger_add(&cell->found, ledger_hash(identity->id));
    return E_OK;
}

static int take_line(void *user, struct str line, const struct line_identity *identity,
                     struct err *err)
{
    struct verify *verify = user;
    enum topic topic = verify->facts->topic;
    int64_t window = ledger_window(identity->timestamp_ms);
    int stage = stage_reading(topic), rc = E_OK;
    enum book_place place = BOOK_READ;
    (void)line;
    /* a digest: no record's insight */
    if (topic == TOPIC_INSIGHTS && identity->section.size) return E_OK;
    if (!book_wants(&verify->book, window) || is_foreign_letter(verify, identity)) return E_OK;
    if (stage < STAGES) {
        place = book_find(&verify->book, stage, verify->facts->partition, identity->offset);
        rc = count_input(verify, identity, window, place, err);
    }
    if (rc == E_OK && !identity->marks.size) {
        struct cell *cell = cells_get(&verify->book.cells, topic, CELL_ALL, window);
        if (!cell) return no_memory(err);
        ledger_add(&cell->found, ledger_hash(identity->id));
        if (topic == TOPIC_FEEDBACK) rc = count_received(verify, identity, window, err);
    }
    return rc == E_OK ? note_id(verify, identity, stage, place, err) : rc;
}

/* --- objects ---------------------------------------------------------------------------------- */

/* Tells what is wrong with an object, if something is. */
static void judge_object(struct verify *verify, const struct manifest *manifest,
                         const struct object_facts *found, int rc, struct err *why)
{
    const struct object_facts *told = &manifest->facts;
    struct finding where = {.kind = FINDING_OBJECT,
                            .topic = told->topic,
                            .partition = told->partition,
                            .offset = told->span.start};
    if (rc == E_OK) rc = manifest_check(manifest, found, why);
    if (rc == E_NOT_FOUND)
        findings_add(&verify->report->findings, where, "%.*s isn't there",
                     STR_ARGS(manifest->object));
    else if (rc != E_OK)
        findings_add(&verify->report->findings, where, "%.*s: %s", STR_ARGS(manifest->object),
                     why->text);
}

static void check_order(struct verify *verify, const struct object_facts *facts)
{
    bool goes_on = verify->progress.objects && verify->last_topic == facts->topic &&
                   verify->last_partition == facts->partition;
    if (goes_on && facts->span.start < verify->last_end)
        findings_add(&verify->report->findings,
                     (struct finding){.kind = FINDING_OVERLAP,
                                      .topic = facts->topic,
                                      .partition = facts->partition,
                                      .offset = facts->span.start},
                     "offsets %lld to %lld are in two objects", (long long)facts->span.start,
                     (long long)verify->last_end);
    verify->last_topic = facts->topic;
    verify->last_partition = facts->partition;
    if (!goes_on || facts->span.end > verify->last_end) verify->last_end = facts->span.end;
}

static int take_object(struct verify *verify, const struct manifest *manifest, struct err *err)
{
    enum topic topic = manifest->facts.topic;
    struct object_facts found = {.topic = topic, .partition = manifest->facts.partition};
    struct verify_topic *seen = &verify->report->topics[topic];
    archive_on_line *on_line = topic == TOPIC_LEDGER ? take_ledger : take_line;
    check_order(verify, &manifest->facts);
    if (!objects_add(&verify->objects, manifest)) return no_memory(err);
    verify->facts = &found;
    int rc = archive_read_object(verify->store, manifest->object, &found, on_line, verify, err);
    if (rc != E_OK && rc != E_NOT_FOUND && rc != E_BAD_MESSAGE && rc != E_BAD_JSON) return rc;
    judge_object(verify, manifest, &found, rc, err);
    seen->objects++, verify->progress.objects++;
    seen->records += found.records, verify->progress.records += found.records;
    seen->bytes += found.bytes, verify->progress.bytes += found.bytes;
    verify->progress.topic = topic;
    if (verify->options->on_object)
        verify->options->on_object(verify->options->user, &verify->progress);
    return E_OK;
}

static int take_topics(struct verify *verify, const struct archive_wish *wish, struct err *err)
{
    struct archive_walk walk;
    int rc;
    archive_walk_init(&walk, verify->store, wish);
    do {
        rc = archive_walk_next(&walk, err);
        if (rc == E_OK && walk.found) {
            rc = take_object(verify, &walk.manifest, err);
        } else if (rc == E_BAD_JSON || rc == E_BAD_MESSAGE || rc == E_TOO_LARGE) {
            findings_add(&verify->report->findings,
                         (struct finding){.kind = FINDING_MANIFEST, .topic = walk.topic,
                                          .offset = -1},
                         "%s", err->text);
            rc = E_OK;
            walk.found = true;
        }
    } while (rc == E_OK && walk.found);
    archive_walk_deinit(&walk);
    return rc;
}

/* --- all ------------------------------------------------------------------------------------- */

static int take_all(struct verify *verify, struct err *err)
{
    const struct verify_options *options = verify->options;
    int64_t from_ms = options->from_ms > CLOCK_SLACK_MS ? options->from_ms - CLOCK_SLACK_MS : 0;
    struct archive_wish ledger = {.topics = 1u << TOPIC_LEDGER, .from_ms = from_ms};
    struct archive_wish rest = {.topics = ((1u << TOPIC_COUNT) - 1) & ~(1u << TOPIC_LEDGER),
                                .from_ms = options->from_ms,
                                .to_ms = options->to_ms};
    int rc = take_topics(verify, &ledger, err);
    if (rc == E_OK) rc = take_topics(verify, &rest, err);
    if (rc == E_OK && !verify->progress.objects && !verify->report->findings.count)
        rc = err_set(err, E_NO_INPUT, "%s holds no archive", store_description(verify->store));
    /* Part of the archive says nothing of objects that belong to the rest. */
    if (rc == E_OK && !options->from_ms && !options->to_ms)
        rc = objects_find_strays(&verify->objects, verify->store, &verify->report->findings,
                                 &verify->report->unfinished, err);
    return rc;
}

static int judge(struct verify *verify, struct err *err)
{
    struct verify_report *report = verify->report;
    struct id_note vanished;
    int rc = ids_judge(&verify->ids, &report->findings, &vanished, err);
    if (rc != E_OK) return rc;
    report->entries = verify->book.entries;
    report->repeated = verify->ids.repeated;
    rc = balance(&verify->book, verify->ids.dropped, &vanished, report, err);
    if (rc == E_OK)
        rc = sources_judge(&verify->book.sources, &report->findings, &report->sources,
                           &report->source_count, err);
    return rc;
}

int verify_archive(struct store *store, const struct verify_options *options,
                   struct verify_report *report, struct err *err)
{
    struct verify verify = {.store = store,
                            .options = options,
                            .report = report,
                            .book = {.from_ms = options->from_ms, .to_ms = options->to_ms}};
    *report = (struct verify_report){0};
    int rc = ids_init(&verify.ids, options->folder, err);
    if (rc == E_OK) rc = take_all(&verify, err);
    if (rc == E_OK) rc = judge(&verify, err);
    ids_deinit(&verify.ids);
    book_deinit(&verify.book);
    objects_deinit(&verify.objects);
    arena_deinit(&verify.arena);
    return rc;
}

void verify_report_deinit(struct verify_report *report)
{
    findings_deinit(&report->findings);
    free(report->rows);
    free(report->sources);
    *report = (struct verify_report){0};
}
