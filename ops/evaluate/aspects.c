/* Aspects: a row names what it judges, and how: "price:positive+delivery:negative".
 * Two questions: is the aspect found (named), and is it found with its feeling (judged)? A row of
 * "none" judges nothing. */
#include "ops/evaluate/evaluate.h"

enum { NAMED = 0, JUDGED = 1 };

static const struct label labels[] = {
    {"positive", ENUM_sentiment_label_positive}, {"negative", ENUM_sentiment_label_negative},
    {"neutral", ENUM_sentiment_label_neutral},   {"mixed", ENUM_sentiment_label_mixed}, {NULL, 0},
};

static void start(struct evaluation *evaluation)
{
    evaluation->scores[NAMED].name = "named";
    evaluation->scores[JUDGED].name = "judged";
    (void)scores_class(&evaluation->scores[NAMED], STR("aspect"));
    for (uint32_t i = 0; i < ENUM_sentiment_label_count; i++)
        (void)scores_class(&evaluation->scores[JUDGED],
                           str_of(sentiment_label_enumeration.values[i]));
}

static const struct aspect *find_said(const struct aspect_list *said, struct str name)
{
    for (uint32_t i = 0; i < said->count; i++)
        if (str_equal(said->items[i].aspect, name)) return &said->items[i];
    return NULL;
}

/* The feeling that the row gives to the aspect; ENUM_sentiment_label_count: it doesn't name it. */
static int find_truth(struct str label, struct str name, uint32_t *ret_feeling, struct err *err)
{
    *ret_feeling = ENUM_sentiment_label_count;
    while (label.size) {
        struct str feeling = str_trim(str_cut(&label, '+')), aspect = str_cut(&feeling, ':');
        if (str_equal(aspect, name)) return label_find(labels, feeling, ret_feeling, err);
    }
    return E_OK;
}

static void count(struct evaluation *evaluation, uint32_t truth, uint32_t said)
{
    scores_each(&evaluation->scores[NAMED], 0, truth < ENUM_sentiment_label_count,
                said < ENUM_sentiment_label_count);
    for (uint32_t i = 0; i < ENUM_sentiment_label_count; i++)
        if (i == truth || i == said)
            scores_each(&evaluation->scores[JUDGED], i, i == truth, i == said);
}

/* Before anything is counted. */
static int check_label(struct str label, struct err *err)
{
    if (!str_trim(label).size) return err_set(err, E_BAD_MESSAGE, "the label is empty");
    while (label.size) {
        struct str feeling = str_trim(str_cut(&label, '+')), name = str_cut(&feeling, ':');
        uint32_t ignored;
        if (str_equal(name, STR("none"))) continue;
        if (!feeling.size)
            return err_set(err, E_BAD_MESSAGE, "label \"%.*s\" has no feeling; say %.*s:positive",
                           STR_ARGS(str_slice(name, 0, 60)), STR_ARGS(str_slice(name, 0, 60)));
        int rc = label_find(labels, feeling, &ignored, err);
        if (rc) return rc;
    }
    return E_OK;
}

static int judge(struct evaluation *evaluation, const struct example *example,
                 const struct verdict *verdict, struct arena *arena, struct err *err)
{
    const struct aspect_list *said = &verdict->insight.aspects;
    (void)arena;
    int rc = check_label(example->label, err);
    if (rc) return rc;
    for (uint32_t i = 0; i < said->count; i++) {
        uint32_t truth;
        rc = find_truth(example->label, said->items[i].aspect, &truth, err);
        if (rc) return rc;
        count(evaluation, truth, said->items[i].label);
    }
    for (struct str rest = example->label; rest.size;) {
        struct str feeling = str_trim(str_cut(&rest, '+')), name = str_cut(&feeling, ':');
        uint32_t truth;
        if (str_equal(name, STR("none")) || find_said(said, name)) continue;
        rc = label_find(labels, feeling, &truth, err);
        if (rc) return rc;
        count(evaluation, truth, ENUM_sentiment_label_count);
    }
    return E_OK;
}

static void sum_up(const struct evaluation *evaluation, struct figures *figures)
{
    figures_macro_f1(figures, "named_f1", &evaluation->scores[NAMED]);
    figures_macro_f1(figures, "judged_macro_f1", &evaluation->scores[JUDGED]);
}

const struct evaluation_task evaluate_aspects = {
    .name = "aspects",
    .labelled = true,
    .labels = "ASPECT:FEELING, joined by +, of config/aspects and positive, negative, neutral, "
              "mixed; none",
    .start = start,
    .judge = judge,
    .sum_up = sum_up,
};
