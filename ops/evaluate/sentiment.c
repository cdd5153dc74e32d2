/* Sentiment. Two-way: rows that are positive or negative; a record that is neither counts by its
 * score's sign. Three-way: neutral rows too; mixed, which is between the two, counts as neutral.
 * All four where the data marks mixed rows. */
#include "ops/evaluate/evaluate.h"

enum { UNLABELLED = ENUM_sentiment_label_count, TWO_WAY = 0, THREE_WAY = 1, FOUR_WAY = 2 };

static const struct label labels[] = {
    {"positive", ENUM_sentiment_label_positive}, {"pos", ENUM_sentiment_label_positive},
    {"negative", ENUM_sentiment_label_negative}, {"neg", ENUM_sentiment_label_negative},
    {"neutral", ENUM_sentiment_label_neutral},   {"neu", ENUM_sentiment_label_neutral},
    {"mixed", ENUM_sentiment_label_mixed},       {"none", UNLABELLED}, {NULL, 0},
};

static void start(struct evaluation *evaluation)
{
    static const char *const NAMES[EVALUATION_SCORES] = {"two_way", "three_way", "four_way"};
    for (int way = 0; way < EVALUATION_SCORES; way++) {
        evaluation->scores[way].name = NAMES[way];
        for (int label = 0; label < 2 + way; label++) /* in the order of the enumeration */
            (void)scores_class(&evaluation->scores[way],
                               str_of(sentiment_label_enumeration.values[label]));
    }
}

static int judge(struct evaluation *evaluation, const struct example *example,
                 const struct verdict *verdict, struct arena *arena, struct err *err)
{
    const struct sentiment *sentiment = &verdict->insight.sentiment;
    uint32_t truth, said = sentiment->label;
    int rc = label_find(labels, example->label, &truth, err);
    (void)arena;
    if (rc) return rc;
    if (truth == UNLABELLED) return evaluation->unlabelled++, E_OK;
    uint32_t sign = sentiment->score >= 0 ? ENUM_sentiment_label_positive
                                          : ENUM_sentiment_label_negative;
    uint32_t pair = said <= ENUM_sentiment_label_negative ? said : sign;
    uint32_t three =
        said == ENUM_sentiment_label_mixed ? (uint32_t)ENUM_sentiment_label_neutral : said;
    if (truth <= ENUM_sentiment_label_negative)
        scores_one_of(&evaluation->scores[TWO_WAY], truth, pair);
    if (truth <= ENUM_sentiment_label_neutral)
        scores_one_of(&evaluation->scores[THREE_WAY], truth, three);
    scores_one_of(&evaluation->scores[FOUR_WAY], truth, said);
    if (truth <= ENUM_sentiment_label_neutral && said != ENUM_sentiment_label_mixed)
        scores_confidence(&evaluation->scores[THREE_WAY], (double)sentiment->confidence,
                          said == truth);
    return E_OK;
}

static void sum_up(const struct evaluation *evaluation, struct figures *figures)
{
    figures_macro_f1(figures, "two_way_macro_f1", &evaluation->scores[TWO_WAY]);
    if (evaluation->scores[THREE_WAY].classes[ENUM_sentiment_label_neutral].truth)
        figures_macro_f1(figures, "three_way_macro_f1", &evaluation->scores[THREE_WAY]);
    if (evaluation->scores[FOUR_WAY].classes[ENUM_sentiment_label_mixed].truth)
        figures_macro_f1(figures, "four_way_macro_f1", &evaluation->scores[FOUR_WAY]);
}

static void spell(const struct verdict *verdict, struct buffer *out)
{
    buffer_add(out, str_of(sentiment_label_enumeration.values[verdict->insight.sentiment.label]));
}

static uint32_t main_scores(const struct evaluation *evaluation)
{
    if (evaluation->scores[FOUR_WAY].classes[ENUM_sentiment_label_mixed].truth) return FOUR_WAY;
    return evaluation->scores[THREE_WAY].classes[ENUM_sentiment_label_neutral].truth ? THREE_WAY
                                                                                     : TWO_WAY;
}

const struct evaluation_task evaluate_sentiment = {
    .name = "sentiment",
    .labelled = true,
    .labels = "positive (pos), negative (neg), neutral (neu), mixed; none: not judged",
    .start = start,
    .judge = judge,
    .sum_up = sum_up,
    .spell = spell,
    .single = true,
    .finest = FOUR_WAY,
    .main_scores = main_scores,
};
