/* Rows for sentiment: labelled sentences, stars as a weak label, and word lists as tiny texts. */
#include <math.h>

#include "sentiment.h"
#include "table.h"
#include "tasks.h"

/* SIGNED: rows that had to be the one or the other */
enum {
    POSITIVE = FEELING_POSITIVE, NEGATIVE = FEELING_NEGATIVE, NEUTRAL = FEELING_NEUTRAL, SIGNED = 3,
    ALL = 7
};
#define WORD_SCORE_MIN 0.12 /* below it a lexicon's word says nothing */
enum style { BY_LABEL, BY_SIGN, BY_STARS, LEXICON, WORDS };

/* Lexicons are texts of one word, and tied (train_linear_tie()): so a word that no text holds is
 * known by its score. The fifth column makes their scores -1 to 1. Our own words have theirs in
 * the label: pos1 to neg3. */
#define SOURCES(S)                                                   \
    S("sentiment/vader_amazon.tsv",     BY_LABEL, 2.0f, true,  0)    \
    S("sentiment/vader_tweets.tsv",     BY_LABEL, 2.0f, true,  0)    \
    S("sentiment/vader_movie.tsv",      BY_LABEL, 0.5f, true,  0)    \
    S("sentiment/proscons.tsv",         BY_SIGN,  0.2f, true,  0)    \
    S("sentiment/product_features.tsv", BY_LABEL, 1.0f, true,  0)    \
    S("sentiment/goemotions.tsv",       BY_LABEL, 0.3f, true,  0)    \
    S("sentiment/tweets_en.tsv",        BY_LABEL, 2.0f, true,  0)    \
    S("sentiment/tweets_es.tsv",        BY_LABEL, 3.0f, true,  0)    \
    S("sentiment/tweets_fr.tsv",        BY_LABEL, 1.0f, true,  0)    \
    S("sentiment/allocine_fr.tsv",      BY_SIGN,  2.0f, true,  0)    \
    S("needs/minibar_en.tsv",           BY_STARS, 0.7f, true,  0)    \
    S("needs/minibar_fr.tsv",           BY_STARS, 1.5f, true,  0)    \
    S("needs/maalej.tsv",               BY_STARS, 0.7f, true,  0)    \
    S("lexicons/vader_en.tsv",          LEXICON,  0.3f, false, 0.4)  \
    S("lexicons/huliu_en.tsv",          LEXICON,  0.2f, false, 0.5)  \
    S("lexicons/vader_fr.tsv",          LEXICON,  0.5f, false, 0.4)  \
    S("lexicons/pattern_fr.tsv",        LEXICON,  0.5f, false, 1)    \
    S("sentiment.tsv",                  BY_LABEL, 1.5f, false, 0)    \
    S("sentiment_more.tsv",             BY_LABEL, 1.5f, false, 0)    \
    S("sentiment_told.tsv",             BY_LABEL, 1.5f, false, 0)    \
    S("words.tsv",                      WORDS,    1.5f, false, 1)

static const struct source {
    const char *path;
    enum style style;
    float weight;
    double scale; /* of a lexicon's scores */
} sources[] = {
#define SOURCE(path, style, weight, judged, scale) {path, style, weight, scale},
    SOURCES(SOURCE)
#undef SOURCE
};
static const char *const source_names[] = {
#define SOURCE(path, style, weight, judged, scale) path,
    SOURCES(SOURCE)
#undef SOURCE
    NULL,
};
static const bool judged[] = {
#define SOURCE(path, style, weight, judged, scale) judged,
    SOURCES(SOURCE)
#undef SOURCE
};

/* The label's bit, or 0: mixed and unmarked rows teach nothing. */
static uint32_t label_bit(struct str label)
{
    if (str_equal(label, STR("pos"))) return 1u << POSITIVE;
    if (str_equal(label, STR("neg"))) return 1u << NEGATIVE;
    return str_equal(label, STR("neu")) ? 1u << NEUTRAL : 0;
}

static uint32_t stars_bit(struct str stars)
{
    double value;
    if (!str_to_f64(stars, &value)) return 0;
    return value >= 4.5 ? 1u << POSITIVE : value <= 2 ? 1u << NEGATIVE : 0;
}

/* A word of a lexicon: tied, and a text of its own where its score says something. */
static int add_word(struct train_linear *train, const struct source *source, struct str word,
                    double score, uint32_t number, struct err *err)
{
    double bound = fmax(-1, fmin(1, score));
    if (!str_is_utf8(word)) return E_OK;
    int rc = train_linear_tie(train, word, (float)bound, err);
    if (rc || fabs(bound) < WORD_SCORE_MIN) return rc;
    return train_linear_add(train, word, 1u << (bound > 0 ? POSITIVE : NEGATIVE), SIGNED,
                            source->weight, number, err);
}

static double own_score(struct str label)
{
    static const struct { const char *label; double score; } SCORES[] = {
        {"pos1", 0.3}, {"pos2", 0.6}, {"pos3", 1}, {"neg1", -0.3}, {"neg2", -0.6}, {"neg3", -1}};
    for (size_t i = 0; i < sizeof SCORES / sizeof SCORES[0]; i++)
        if (str_equal(label, str_of(SCORES[i].label))) return SCORES[i].score;
    return 0;
}

static int add_row(struct train_linear *train, const struct source *source,
                   const struct table *table, uint32_t number, struct err *err)
{
    struct str text = table_cell(table, "text");
    double score;
    int rc = E_OK;
    if (source->style == LEXICON)
        return str_to_f64(table->cells[1], &score)
                   ? add_word(train, source, table->cells[0], score * source->scale, number, err)
                   : E_OK;
    while (source->style == WORDS && text.size && !rc)
        rc = add_word(train, source, str_cut(&text, ' '), own_score(table_cell(table, "label")),
                      number, err);
    if (source->style == WORDS) return rc;
    uint32_t known = source->style == BY_LABEL ? ALL : SIGNED;
    uint32_t bits = source->style == BY_STARS ? stars_bit(table_cell(table, "stars"))
                                              : label_bit(table_cell(table, "label"));
    if (!bits || !str_is_utf8(text)) return E_OK;
    return train_linear_add(train, text, bits, known, source->weight, number, err);
}

/* Our files of texts are one source: the first. */
static uint32_t number_of(uint32_t source)
{
    while (source && sources[source].style == BY_LABEL && !strchr(sources[source - 1].path, '/'))
        source--;
    return source;
}

int sentiment_visit(uint32_t number, const char *data, const char *own, sentiment_visitor *visit,
                    void *user, struct err *err)
{
    int rc = E_OK;
    for (uint32_t i = 0; i < sizeof sources / sizeof sources[0] && !rc; i++) {
        struct table table;
        bool ours = !strchr(sources[i].path, '/');
        if (sources[i].style != BY_LABEL || number_of(i) != number) continue;
        rc = table_open(&table, ours ? own : data, sources[i].path, true, err);
        while (!rc && table_next(&table)) {
            struct str text = table_cell(&table, "text");
            uint32_t bit = label_bit(table_cell(&table, "label"));
            if (bit && str_is_utf8(text))
                rc = visit(user, text, (enum feeling_class)__builtin_ctz(bit), err);
        }
        table_close(&table);
    }
    return rc;
}

static int add_rows(struct train_linear *train, const char *data, const char *own, struct err *err)
{
    int rc = E_OK;
    for (uint32_t i = 0; i < sizeof sources / sizeof sources[0] && !rc; i++) {
        struct table table;
        bool ours = !strchr(sources[i].path, '/');
        rc = table_open(&table, ours ? own : data, sources[i].path, sources[i].style != LEXICON,
                        err);
        while (!rc && table_next(&table))
            rc = add_row(train, &sources[i], &table, number_of(i), err);
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
        uint32_t bits = label_bit(str_slice(row.label, 0, 3)); /* "positive" and "pos" alike */
        if (!bits && (str_equal(row.label, STR("mixed")) || str_equal(row.label, STR("none"))))
            continue;
        rc = bits ? train_linear_add(train, row.text, bits, ALL, 1, row.source, err)
                  : label_unknown(row.label,
                                  "positive, negative, neutral; mixed and none teach nothing", err);
    }
    return rc;
}

static const char *const classes[] = {"positive", "negative", "neutral"};

const struct task sentiment_task = {
    .name = "sentiment",
    .options = {.name = "sentiment-000011", .classes = classes, .class_count = 3,
                .link = LINEAR_SOFTMAX,
                .bucket_bits = 20, .epochs = 5, .seed = 1, .balance = true, .rate = 0.12,
                .neutral_trust = 0.6, .neutral_odds = 0.25,
                .thresholds = {0.45, 0.35, 0.3},
                .notes = "en es fr; section feeling judges texts as a whole; data and licences: "
                         "config/models/README.md"},
    .source_names = source_names,
    .judged = judged,
    .vectors = true,
    .add_labelled = add_labelled,
    .add_rows = add_rows,
    .finish = sentiment_finish,
};
