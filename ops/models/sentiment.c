/* Rows for sentiment: labelled sentences, stars as a weak label, and word lists as tiny texts. */
#include "table.h"
#include "tasks.h"

enum { POSITIVE, NEGATIVE, NEUTRAL, ALL = 7 };
enum style { BY_LABEL, BY_STARS, LEXICON, WORDS };

/* Lexicons are texts of one word: this is how their knowledge gets into the weights. */
#define SOURCES(S)                                              \
    S("sentiment/vader_amazon.tsv",     BY_LABEL, 1.0f, true)   \
    S("sentiment/vader_tweets.tsv",     BY_LABEL, 1.0f, true)   \
    S("sentiment/vader_movie.tsv",      BY_LABEL, 0.5f, true)   \
    S("sentiment/proscons.tsv",         BY_LABEL, 0.3f, true)   \
    S("sentiment/product_features.tsv", BY_LABEL, 1.0f, true)   \
    S("sentiment/goemotions.tsv",       BY_LABEL, 0.5f, true)   \
    S("sentiment/tweets_en.tsv",        BY_LABEL, 1.0f, true)   \
    S("sentiment/tweets_es.tsv",        BY_LABEL, 2.0f, true)   \
    S("sentiment/tweets_fr.tsv",        BY_LABEL, 0.7f, true)   \
    S("sentiment/allocine_fr.tsv",      BY_LABEL, 2.0f, true)   \
    S("needs/minibar_en.tsv",           BY_STARS, 0.7f, true)   \
    S("needs/minibar_fr.tsv",           BY_STARS, 1.5f, true)   \
    S("needs/maalej.tsv",               BY_STARS, 0.7f, true)   \
    S("lexicons/vader_en.tsv",          LEXICON,  0.3f, false)  \
    S("lexicons/huliu_en.tsv",          LEXICON,  0.2f, false)  \
    S("lexicons/vader_fr.tsv",          LEXICON,  0.5f, false)  \
    S("lexicons/pattern_fr.tsv",        LEXICON,  0.5f, false)  \
    S("sentiment.tsv",                  BY_LABEL, 3.0f, false)  \
    S("words.tsv",                      WORDS,    1.5f, false)

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

static uint32_t score_bit(struct str score)
{
    double value;
    if (!str_to_f64(score, &value)) return 0;
    return value >= 0.3 ? 1u << POSITIVE : value <= -0.3 ? 1u << NEGATIVE : 0;
}

static int add_row(struct train_linear *train, const struct source *source, const struct table *table,
                   uint32_t number, struct err *err)
{
    struct str text = table_cell(table, "text");
    uint32_t bits = 0;
    if (source->style == BY_STARS) bits = stars_bit(table_cell(table, "stars"));
    else if (source->style == LEXICON) text = table->cells[0], bits = score_bit(table->cells[1]);
    else bits = label_bit(table_cell(table, "label"));
    if (!bits || !str_is_utf8(text)) return E_OK;
    int rc = E_OK;
    if (source->style != WORDS) return train_linear_add(train, text, bits, ALL, source->weight, number, err);
    while (text.size && !rc) rc = train_linear_add(train, str_cut(&text, ' '), bits, ALL, source->weight, number, err);
    return rc;
}

static int add_rows(struct train_linear *train, const char *data, const char *own, struct err *err)
{
    int rc = E_OK;
    for (uint32_t i = 0; i < sizeof sources / sizeof sources[0] && !rc; i++) {
        struct table table;
        bool ours = !strchr(sources[i].path, '/');
        rc = table_open(&table, ours ? own : data, sources[i].path, sources[i].style != LEXICON, err);
        while (!rc && table_next(&table)) rc = add_row(train, &sources[i], &table, i, err);
        table_close(&table);
    }
    return rc;
}

static const char *const classes[] = {"positive", "negative", "neutral"};

const struct task sentiment_task = {
    .name = "sentiment",
    .options = {.name = "sentiment-000001", .classes = classes, .class_count = 3, .link = LINEAR_SOFTMAX,
                .seed = 1, .balance = true,
                .notes = "en es fr; data and licences: config/models/README.md"},
    .source_names = source_names,
    .judged = judged,
    .add_rows = add_rows,
};
