/* Decodes sections of a finished record; prints bars. */
#include "ops/cli/summary.h"

#include "base/terminal.h"

static void tally_add(struct tally *tally, struct str name)
{
    for (size_t i = 0; i < tally->used; i++)
        if (str_equal(str_of(tally->items[i].name), name)) {
            tally->items[i].count++;
            return;
        }
    if (tally->used == SUMMARY_NAMES || name.size >= sizeof tally->items[0].name) {
        tally->other++;
        return;
    }
    memcpy(tally->items[tally->used].name, name.data, name.size);
    tally->items[tally->used++].count = 1;
}

static void add_document(struct summary *summary, const struct document *document)
{
    tally_add(&summary->languages, document->language);
    summary->redactions += document->redactions.count;
    summary->duplicates += shape_has(document, document, duplicate);
}

static void add_safety(struct summary *summary, const struct safety *safety)
{
    summary->safety[safety->state]++;
    summary->serious += safety->serious;
    for (int i = 0; i < ENUM_safety_kind_count; i++) summary->kinds[i] += safety->kinds >> i & 1;
}

static void add_insight(struct summary *summary, const struct insight *insight)
{
    summary->sentiments[insight->sentiment.label]++;
    unsigned kinds = 0; /* a record counts once, however many problems it tells of */
    for (uint32_t i = 0; i < insight->needs.count; i++) kinds |= 1u << insight->needs.items[i].kind;
    for (int i = 0; i < ENUM_need_kind_count; i++) summary->needs[i] += kinds >> i & 1;
    for (uint32_t i = 0; i < insight->topics.count; i++)
        tally_add(&summary->topics, insight->topics.items[i]);
}

/* Of a trial of segments; else there is none. */
static int add_arm(struct summary *summary, const struct record *record, struct arena *arena,
                   struct err *err)
{
    if (!record_has(record, SECTION_SEGMENT)) return E_OK;
    const struct segment *segment = record_view(record, SECTION_SEGMENT, arena, err);
    if (!segment) return (int)err->code;
    if (shape_has(segment, segment, arm)) tally_add(&summary->arms, segment->arm);
    return E_OK;
}

int summary_add(struct summary *summary, const struct record *record, struct arena *arena,
                struct err *err)
{
    struct document document;
    struct safety safety;
    struct insight insight;
    int rc = record_decode(record, SECTION_DOCUMENT, &document, arena, err);
    if (rc == E_OK) rc = record_decode(record, SECTION_SAFETY, &safety, arena, err);
    if (rc == E_OK) rc = record_decode(record, SECTION_INSIGHT, &insight, arena, err);
    if (rc == E_OK) rc = add_arm(summary, record, arena, err);
    if (rc) return rc;
    summary->records++;
    add_document(summary, &document);
    add_safety(summary, &safety);
    add_insight(summary, &insight);
    return E_OK;
}

static void row(FILE *out, const char *group, const char *name, uint64_t count, uint64_t of,
                enum colour colour)
{
    enum { CELLS = 24 };
    int fd = fileno(out);
    uint64_t full = of ? count * CELLS / of : 0;
    fprintf(out, "  %-11s %-18s %s%8llu%s", group, name, terminal_colour(fd, colour),
            (unsigned long long)count, terminal_reset(fd));
    if (of) fprintf(out, "  %5.1f%%", 100.0 * (double)count / (double)of);
    if (full) fprintf(out, "  %s", terminal_colour(fd, COLOUR_DIM));
    for (uint64_t i = 0; i < full && i < CELLS; i++) fputs("▇", out);
    fprintf(out, "%s\n", full ? terminal_reset(fd) : "");
}

static void enum_rows(FILE *out, const char *group, const struct enumeration *names,
                      const uint64_t *counts, uint64_t of, const enum colour *colours)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (counts[i] == 0) continue;
        row(out, group, names->values[i], counts[i], of, colours ? colours[i] : COLOUR_NONE);
        group = ""; /* named once, by the first row that there is */
    }
}

/* Largest first, at most `most`. */
static void tally_rows(FILE *out, const char *group, const struct tally *tally, uint64_t of,
                       size_t most)
{
    bool shown[SUMMARY_NAMES] = {false};
    for (size_t n = 0; n < most && n < tally->used; n++) {
        size_t best = SUMMARY_NAMES;
        for (size_t i = 0; i < tally->used; i++)
            if (!shown[i] &&
                (best == SUMMARY_NAMES || tally->items[i].count > tally->items[best].count))
                best = i;
        shown[best] = true;
        row(out, n ? "" : group, tally->items[best].name, tally->items[best].count, of,
            COLOUR_NONE);
    }
}

void summary_print(const struct summary *summary, FILE *out)
{
    static const enum colour feelings[] = {COLOUR_GREEN, COLOUR_RED, COLOUR_NONE, COLOUR_YELLOW};
    static const enum colour states[] = {COLOUR_RED, COLOUR_NONE, COLOUR_YELLOW};
    uint64_t of = summary->records;
    fprintf(out, "  %llu record%s", (unsigned long long)of, of == 1 ? "" : "s");
    if (summary->refused) fprintf(out, ", %llu refused", (unsigned long long)summary->refused);
    if (summary->dead_letters)
        fprintf(out, ", %llu dead letter%s", (unsigned long long)summary->dead_letters,
                summary->dead_letters == 1 ? "" : "s");
    fprintf(out, "\n");
    tally_rows(out, "language", &summary->languages, of, 6);
    enum_rows(out, "sentiment", &sentiment_label_enumeration, summary->sentiments, of, feelings);
    enum_rows(out, "safety", &safety_state_enumeration, summary->safety, of, states);
    if (summary->serious) row(out, "", "serious", summary->serious, of, COLOUR_RED);
    enum_rows(out, "found", &safety_kind_enumeration, summary->kinds, of, NULL);
    enum_rows(out, "needs", &need_kind_enumeration, summary->needs, of, NULL);
    tally_rows(out, "topics", &summary->topics, of, 6);
    tally_rows(out, "arm", &summary->arms, of, 2);
    if (summary->redactions)
        row(out, "personal", "data replaced", summary->redactions, 0, COLOUR_NONE);
    if (summary->duplicates) row(out, "repeats", "marked", summary->duplicates, of, COLOUR_NONE);
}
