/* Rows for needs: app reviews labelled by hand, a bank's questions, and our own sentences. */
#include "base/hash.h"
#include "table.h"
#include "tasks.h"

enum { REQUEST = 1, PROBLEM = 2, QUESTION = 4, ALL = 7 };
/* OURS: label is a need or none. REVIEWS: needs joined by '+'. QUESTIONS: known for questions only.
 * CONCEPTS: words of one meaning in the languages, which share weights
 * (train_linear_tie_concept()). Opinions on other things (films, goods) as rows without a
 * need were tried: the model then tells the sources apart instead of the needs, and leaving a
 * source out fell by 0.08. */
enum style { OURS, REVIEWS, QUESTIONS, CONCEPTS };

#define SOURCES(S)                                    \
    S("needs/minibar_en.tsv", REVIEWS,   1.0f, true)  \
    S("needs/minibar_fr.tsv", REVIEWS,   1.0f, true)  \
    S("needs/maalej.tsv",     REVIEWS,   1.0f, true)  \
    S("topics/banking77.tsv", QUESTIONS, 0.3f, false) \
    S("needs.tsv",            OURS,      3.0f, true)  \
    S("needs_more.tsv",       OURS,      2.0f, true)  \
    S("short.tsv",            OURS,      1.0f, true)  \
    S("concepts.tsv",         CONCEPTS,  1.0f, false)

static const struct source {
    const char *path;
    enum style style;
    float weight;
} sources[] = {
#define SOURCE(path, style, weight, judged) {path, style, weight},
    SOURCES(SOURCE)
#undef SOURCE
};
static const char *const source_names[] = {
#define SOURCE(path, style, weight, judged) path,
    SOURCES(SOURCE)
#undef SOURCE
    NULL,
};
static const bool judged[] = {
#define SOURCE(path, style, weight, judged) judged,
    SOURCES(SOURCE)
#undef SOURCE
};

/* Maalej's labels were made by other rules than MiniBAR's. Classes of its rows on which a teacher
 * from MiniBAR doesn't agree with them teach nothing: see own/README.md. */
#define DOUBTED "doubted.tsv"
enum { DOUBTED_MAX = 4096 };
struct doubts {
    struct doubt {
        uint64_t text; /* its hash */
        uint32_t classes;
    } rows[DOUBTED_MAX + 1];
    uint32_t count;
};

static uint32_t label_bits(struct str label)
{
    uint32_t bits = 0;
    while (label.size) {
        struct str part = str_cut(&label, '+');
        if (str_equal(part, STR("feature_request"))) bits |= REQUEST;
        if (str_equal(part, STR("problem_report")) || str_equal(part, STR("bug"))) bits |= PROBLEM;
        if (str_equal(part, STR("question"))) bits |= QUESTION;
    }
    return bits;
}

static int read_doubts(const char *own, struct doubts *doubts, struct err *err)
{
    struct table table;
    int rc = table_open(&table, own, DOUBTED, true, err);
    while (!rc && table_next(&table)) {
        struct doubt *doubt = &doubts->rows[doubts->count++];
        if (doubts->count > DOUBTED_MAX || !str_to_u64(table_cell(&table, "hash"), &doubt->text))
            rc = err_set(err, E_BAD_MESSAGE, "%s:%u", DOUBTED, table.line);
        doubt->classes = label_bits(table_cell(&table, "label"));
    }
    table_close(&table);
    return rc;
}

static uint32_t doubts_of(const struct doubts *doubts, struct str text)
{
    uint64_t hash = hash_fast(text, 0);
    for (uint32_t i = 0; i < doubts->count; i++)
        if (doubts->rows[i].text == hash) return doubts->rows[i].classes;
    return 0;
}

static bool asks(struct str text)
{
    return str_find(text, STR("?")) < text.size;
}

/* A bank's questions twice: as they are, and with the mark off, so that the words
 * are learnt too. */
static int add_question(struct train_linear *train, const struct source *source, struct str text,
                        uint32_t number, struct err *err)
{
    if (!asks(text)) return E_OK;
    int rc = train_linear_add(train, text, QUESTION, QUESTION, source->weight, number, err);
    struct str bare = str_slice(text, 0, str_find(text, STR("?")));
    if (!rc && bare.size)
        rc = train_linear_add(train, bare, QUESTION, QUESTION, source->weight, number, err);
    return rc;
}

static int add_row(struct train_linear *train, const struct source *source,
                   const struct table *table, const struct doubts *doubts, uint32_t number,
                   struct err *err)
{
    struct str text = table_cell(table, "text"), label = table_cell(table, "label");
    uint32_t known = asks(text) ? REQUEST | PROBLEM : ALL, bits = label_bits(label);
    if (!str_is_utf8(text)) return E_OK;
    if (source->style == QUESTIONS) return add_question(train, source, text, number, err);
    if (source->style == OURS) known = ALL;
    else known &= ~doubts_of(doubts, text);
    if (!known) return E_OK;
    return train_linear_add(train, text, bits, known, source->weight, number, err);
}

static int add_concept(struct train_linear *train, const struct table *table, uint32_t concept,
                       struct err *err)
{
    struct str words = table_cell(table, "text");
    int rc = E_OK;
    while (words.size && !rc)
        rc = train_linear_tie_concept(train, str_cut(&words, ' '), concept, err);
    return rc;
}

static int add_rows(struct train_linear *train, const char *data, const char *own, struct err *err)
{
    static struct doubts doubts;
    doubts.count = 0;
    int rc = read_doubts(own, &doubts, err);
    for (uint32_t i = 0; i < sizeof sources / sizeof sources[0] && !rc; i++) {
        struct table table;
        rc = table_open(&table, strchr(sources[i].path, '/') ? data : own, sources[i].path, true,
                        err);
        for (uint32_t row = 0; !rc && table_next(&table); row++)
            rc = sources[i].style == CONCEPTS ? add_concept(train, &table, row, err)
                                              : add_row(train, &sources[i], &table, &doubts, i,
                                                        err);
        table_close(&table);
    }
    return rc;
}

static int add_labelled(struct train_linear *train, next_labelled *next, void *user,
                        struct err *err)
{
    struct labelled row;
    bool end = false;
    int rc = next(user, &row, &end, err);
    for (; !rc && !end; rc = rc ? rc : next(user, &row, &end, err)) {
        uint32_t bits = label_bits(row.label);
        rc = bits || str_equal(row.label, STR("none"))
                 ? train_linear_add(train, row.text, bits, ALL, 1, row.source, err)
                 : label_unknown(row.label,
                                 "feature_request, problem_report, question joined by +, or none",
                                 err);
    }
    return rc;
}

static const char *const classes[] = {"feature_request", "problem_report", "question"};

const struct task needs_task = {
    .name = "needs",
    .options = {.name = "needs-000011", .classes = classes, .class_count = 3,
                .link = LINEAR_SIGMOID, .seed = 1, .least_features = 24,
                .thresholds = {[1] = 0.4, [2] = 0.4},
                .balance = true, .doubt_labels = true, .epochs = 30, .rate = 0.3, .l2 = 2e-5,
                .notes = "en es fr; data and licences: config/models/README.md"},
    .source_names = source_names,
    .judged = judged,
    .add_labelled = add_labelled,
    .add_rows = add_rows,
};
