/* Rows for the safety model: patients' sentences, incident reports, our own rows; ordinary
 * texts as what is none. */

#include "base/hash.h"
#include "config/shipped.h"
#include "model/safety.h"
#include "table.h"
#include "tasks.h"

enum {
    ALERT = 1, SERIOUS = 2, ADVERSE_EVENT = 4, HAZARD = 8, PRODUCT_COMPLAINT = 16,
    SPECIAL_SITUATION = 32, ALL = 63
};
enum { WAYS_MAX = 24, GROUPS_MAX = 12 };
#define SENTENCE_WEIGHT 0.5f
/* UNBLAMED: ordinary texts of ours, less those that blame something: nothing says what for */
enum style { OURS, PATIENTS, INCIDENTS, ORDINARY, UNBLAMED };

/* part: a drug, or half of the products, to leave one out. */
#define SOURCES(S)                                                      \
    S("safety.tsv",                     NULL,      OURS,      1.0f, false) \
    S("safety_more.tsv",                NULL,      OURS,      0.5f, false) \
    S("patients.tsv",                   NULL,      OURS,      0.5f, false) \
    S("safety/psytar.tsv",              "lexapro", PATIENTS,  2.0f, true)  \
    S("safety/psytar.tsv",              "zoloft",  PATIENTS,  2.0f, true)  \
    S("safety/cpsc.tsv",                "0",       INCIDENTS, 1.0f, true)  \
    S("safety/cpsc.tsv",                "1",       INCIDENTS, 1.0f, true)  \
    S("needs/minibar_en.tsv",           NULL,      ORDINARY,  1.0f, true)  \
    S("needs/minibar_fr.tsv",           NULL,      ORDINARY,  1.0f, true)  \
    S("needs/maalej.tsv",               NULL,      ORDINARY,  0.5f, true)  \
    S("sentiment/vader_amazon.tsv",     NULL,      ORDINARY,  1.0f, true)  \
    S("sentiment/product_features.tsv", NULL,      ORDINARY,  0.5f, false) \
    S("sentiment/proscons.tsv",         NULL,      ORDINARY,  0.2f, true)  \
    S("sentiment/tweets_en.tsv",        NULL,      ORDINARY,  0.5f, false) \
    S("sentiment/tweets_es.tsv",        NULL,      ORDINARY,  2.0f, true)  \
    S("sentiment/tweets_fr.tsv",        NULL,      ORDINARY,  0.5f, true)  \
    S("sentiment/allocine_fr.tsv",      NULL,      ORDINARY,  0.5f, false) \
    S("topics/banking77.tsv",           NULL,      ORDINARY,  0.5f, true)  \
    S("sentiment.tsv",                  NULL,      ORDINARY,  1.0f, true)  \
    S("needs.tsv",                      NULL,      ORDINARY,  1.0f, true)  \
    S("short.tsv",                      NULL,      ORDINARY,  1.0f, true)  \
    S("ordinary.tsv",                   NULL,      ORDINARY,  1.0f, true)  \
    S("sentiment_more.tsv",             NULL,      UNBLAMED,  1.0f, true)  \
    S("needs_more.tsv",                 NULL,      UNBLAMED,  1.0f, true)

static const struct source {
    const char *path, *part;
    enum style style;
    float weight;
} sources[] = {
#define SOURCE(path, part, style, weight, judged) {path, part, style, weight},
    SOURCES(SOURCE)
#undef SOURCE
};
static const char *const source_names[] = {
#define SOURCE(path, part, style, weight, judged) path,
    SOURCES(SOURCE)
#undef SOURCE
    NULL,
};
static const bool judged[] = {
#define SOURCE(path, part, style, weight, judged) judged,
    SOURCES(SOURCE)
#undef SOURCE
};

/* What all rows go through. */
struct rows {
    struct train_linear *train;
    struct screen *screen;
    struct arena arena;
    const struct source *source;
    uint32_t number;
};

struct row {
    struct str text;
    const char *language;
    uint32_t labels, known;
    float weight;
};

/* How serious it is, is learnt from harms alone; of patients' sentences nobody has said it, but few
 * are in which the lists find nothing serious. */
static uint32_t known_of(const struct rows *rows, const struct row *row, bool found_serious)
{
    if (!row->labels || (rows->source->style == PATIENTS && found_serious))
        return row->known & ~(uint32_t)SERIOUS;
    return row->known;
}

/* The model is asked about each sentence: those of an ordinary text are ordinary. Of a report, we
 * don't know which are not. */
static int add_sentences(struct rows *rows, const struct row *row, const struct tokens *tokens,
                         const struct linear_features *features, struct err *err)
{
    int rc = E_OK;
    for (uint32_t first = 0, last; first < tokens->count && !rc; first = last) {
        for (last = first + 1; last < tokens->count && !tokens->items[last].sentence_before;)
            last++;
        if (last - first < SAFETY_SENTENCE_TOKENS || (first == 0 && last == tokens->count))
            continue;
        struct linear_features part = {.items = features->items + features->first[first],
                                       .count = features->first[last] - features->first[first]};
        rc = train_linear_add_features(rows->train, row->text, &part, NULL, row->labels,
                                       known_of(rows, row, false),
                                       SENTENCE_WEIGHT * row->weight * rows->source->weight,
                                       rows->number, err);
    }
    return rc;
}

static int add(struct rows *rows, const struct row *row, struct err *err)
{
    struct tokens tokens;
    struct linear_features features, cues;
    struct screen_result screened;
    if (!str_is_utf8(row->text)) return E_OK;
    arena_reset(&rows->arena);
    int rc = text_tokenize(row->text, &rows->arena, &tokens, err);
    if (!rc) rc = linear_extract(row->text, &tokens, &rows->arena, &features, err);
    if (!rc)
        rc = screen_text(rows->screen, row->text, &tokens, row->language, 1, true, &rows->arena,
                         &screened, err);
    if (!rc) rc = safety_cue_features(&screened, &rows->arena, &cues, err);
    if (rc || tokens.count == 0) return rc;
    rc = train_linear_add_features(rows->train, row->text, &features, &cues, row->labels,
                                   known_of(rows, row, screened.serious),
                                   row->weight * rows->source->weight, rows->number, err);
    return rc || row->labels ? rc : add_sentences(rows, row, &tokens, &features, err);
}

/* --- our own: {one|another} stands for both --------------------------------------------------- */

struct choice {
    struct str ways[WAYS_MAX];
    uint32_t count;
};
struct pattern {
    struct choice parts[2 * GROUPS_MAX + 1];
    uint32_t count, ways;
};

static int parse_pattern(struct str text, struct pattern *pattern, struct err *err)
{
    *pattern = (struct pattern){.ways = 1};
    while (text.size) {
        bool group = text.data[0] == '{';
        struct choice *part = &pattern->parts[pattern->count++];
        size_t end = str_find(text, group ? STR("}") : STR("{"));
        if (group && end == text.size)
            return err_set(err, E_BAD_CONFIG, "safety.tsv: { without }: %.*s", STR_ARGS(text));
        struct str inside = str_slice(text, group, end);
        do {
            if (part->count == WAYS_MAX)
                return err_set(err, E_BAD_CONFIG, "safety.tsv: too many ways: %.*s",
                               STR_ARGS(text));
            part->ways[part->count++] = group ? str_cut(&inside, '|') : inside;
        } while (group && inside.size);
        pattern->ways *= part->count;
        text = str_slice(text, end + group, text.size);
        if (pattern->count == 2 * GROUPS_MAX && text.size)
            return err_set(err, E_BAD_CONFIG, "safety.tsv: too many groups");
    }
    return E_OK;
}

static int write_way(const struct pattern *pattern, uint32_t way, struct buffer *out,
                     struct err *err)
{
    buffer_clear(out);
    for (uint32_t i = 0; i < pattern->count; i++) {
        const struct choice *part = &pattern->parts[i];
        struct str chosen = part->ways[way % part->count];
        way /= part->count;
        buffer_add(out, chosen);
    }
    return out->failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

/* Of many ways some are taken, evenly; all together weigh little more than a row of one. */
static int add_pattern(struct rows *rows, struct row row, struct err *err)
{
    struct pattern pattern;
    struct buffer text = {0};
    int rc = parse_pattern(row.text, &pattern, err);
    if (rc) return rc;
    uint32_t taken = pattern.ways < WAYS_MAX ? pattern.ways : WAYS_MAX;
    row.weight = pattern.ways > 1 ? 2.5f / (float)(taken > 2 ? taken : 2) : 1.0f;
    if (row.weight < 0.3f) row.weight = 0.3f;
    for (uint32_t i = 0; i < taken && !rc; i++) {
        rc = write_way(&pattern,
                       (uint32_t)((uint64_t)i * pattern.ways / taken +
                                  (taken < pattern.ways ? i * 7 % 5 : 0)) %
                           pattern.ways,
                       &text, err);
        row.text = buffer_str(&text);
        if (!rc) rc = add(rows, &row, err);
    }
    buffer_deinit(&text);
    return rc;
}

static uint32_t label_bits(struct str label)
{
    uint32_t bits = 0;
    while (label.size) {
        struct str part = str_cut(&label, '+');
        if (str_equal(part, STR("serious"))) bits |= SERIOUS;
        for (uint32_t kind = 0; kind < SCREEN_KIND_COUNT; kind++)
            if (str_equal(part, str_of(screen_kind_name((enum screen_kind)kind))))
                bits |= ALERT | (uint32_t)ADVERSE_EVENT << kind;
    }
    return bits;
}

/* --- the others ------------------------------------------------------------------------------- */

/* Lack of effect is a special situation for us and "none" for the labeller: nothing is learnt from
 * it but that it is no reaction. */
static void label_patient(struct row *row, struct str label, struct str flags)
{
    row->labels = str_equal(label, STR("ade")) ? ALERT | ADVERSE_EVENT : 0;
    row->known = ALERT | ADVERSE_EVENT | SERIOUS;
    if (!row->labels && str_find(flags, STR("INF")) < flags.size) row->known = ADVERSE_EVENT;
}

static void label_incident(struct row *row, struct str label)
{
    bool serious = str_find(label, STR("Emergency")) < label.size ||
                   str_find(label, STR("Hospital")) < label.size ||
                   str_find(label, STR("Death")) < label.size; /* not "Seen by Medical …" */
    row->labels = ALERT | HAZARD;
    row->known = ALL & ~SPECIAL_SITUATION & ~PRODUCT_COMPLAINT;
    if (str_starts(label, STR("Injury"))) row->labels |= ADVERSE_EVENT;
    if (serious) row->labels |= SERIOUS;
}

/* One product's reports are in one half: they are alike. */
static struct str part_of(const struct source *source, const struct table *table)
{
    if (source->style == PATIENTS) return table_cell(table, "drug");
    return hash_fast(table_cell(table, "product"), 0) % 2 ? STR("1") : STR("0");
}

static int add_cells(struct rows *rows, const struct table *table, struct err *err)
{
    struct str label = table_cell(table, "label"), language = table_cell(table, "lang");
    const struct source *source = rows->source;
    char code[8] = "";
    struct row row = {
        .text = table_cell(table, "text"), .language = code, .known = ALL, .weight = 1};
    memcpy(code, language.data, language.size < sizeof code ? language.size : 0);
    if (source->part && !str_equal(part_of(source, table), str_of(source->part))) return E_OK;
    switch (source->style) {
    case OURS: row.labels = label_bits(label); return add_pattern(rows, row, err);
    case PATIENTS: label_patient(&row, label, table_cell(table, "flags")); break;
    case INCIDENTS: label_incident(&row, label); break;
    case ORDINARY: break;
    case UNBLAMED:
        if (str_equal(label, STR("neg")) || str_ends(label, STR("problem_report"))) return E_OK;
        break;
    }
    return add(rows, &row, err);
}

static int add_sources(struct rows *rows, const char *data, const char *own, struct err *err)
{
    int rc = E_OK;
    for (uint32_t i = 0; i < sizeof sources / sizeof sources[0] && !rc; i++) {
        struct table table;
        rows->source = &sources[i];
        rows->number = i;
        rc = table_open(&table, strchr(sources[i].path, '/') ? data : own, sources[i].path, true,
                        err);
        while (!rc && table_next(&table)) rc = add_cells(rows, &table, err);
        table_close(&table);
    }
    return rc;
}

static int add_rows(struct train_linear *train, const char *data, const char *own, struct err *err)
{
    struct rows rows = {.train = train};
    char cues[SHIPPED_PATH_BYTES];
    int rc = shipped_path("", "cues", cues, err);
    if (!rc) rc = screen_open(cues, &rows.screen, err);
    if (!rc) rc = add_sources(&rows, data, own, err);
    screen_close(rows.screen);
    arena_deinit(&rows.arena);
    return rc;
}

static int add_labelled(struct train_linear *train, next_labelled *next, void *user,
                        struct err *err)
{
    static const struct source one = {.style = OURS, .weight = 1};
    struct rows rows = {.train = train, .source = &one};
    struct labelled labelled;
    char cues[SHIPPED_PATH_BYTES];
    bool end = false;
    int rc = shipped_path("", "cues", cues, err);
    if (!rc) rc = screen_open(cues, &rows.screen, err);
    if (!rc) rc = next(user, &labelled, &end, err);
    for (; !rc && !end; rc = rc ? rc : next(user, &labelled, &end, err)) {
        struct row row = {
            .text = labelled.text, .language = labelled.language, .known = ALL, .weight = 1};
        bool none = str_equal(labelled.label, STR("negative")) ||
                    str_equal(labelled.label, STR("none"));
        rows.number = labelled.source;
        row.labels = label_bits(labelled.label);
        if (str_equal(labelled.label, STR("positive")))
            row.labels = ALERT, row.known = ALERT | SERIOUS; /* of which kind isn't told */
        if (row.labels &&
            (str_equal(labelled.serious, STR("yes")) || str_equal(labelled.serious, STR("1"))))
            row.labels |= SERIOUS;
        rc = row.labels || none
                 ? add(&rows, &row, err)
                 : label_unknown(labelled.label, "positive, or kinds joined by +; negative, none",
                                 err);
    }
    screen_close(rows.screen);
    arena_deinit(&rows.arena);
    return rc;
}

static const char *const classes[] = {
    "alert", "serious", "adverse_event", "hazard", "product_complaint", "special_situation"};

const struct task safety_task = {
    .name = "safety",
    .options = {.name = "safety-000020", .classes = classes, .class_count = 6,
                .link = LINEAR_SIGMOID, .seed = 1, .least_features = 12,
                .bucket_bits = 19, .balance = true, .false_alarms = 0.026,
                .thresholds = {[1] = 0.2}, /* marking too little costs days, too much a look */
                .notes = "en es fr; data and licences: config/models/README.md"},
    .source_names = source_names,
    .judged = judged,
    .add_labelled = add_labelled,
    .add_rows = add_rows,
};
