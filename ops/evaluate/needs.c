/* Needs: a row may state several; a record states a kind when it holds a need of it. */
#include "ops/evaluate/evaluate.h"

enum { KINDS = 0, WITH_NONE = 1, NONE = ENUM_need_kind_count };

static const struct label labels[] = {
    {"feature_request", 1u << ENUM_need_kind_feature_request},
    {"problem_report", 1u << ENUM_need_kind_problem_report},
    {"question", 1u << ENUM_need_kind_question}, {"bug", 1u << ENUM_need_kind_problem_report},
    {"none", 0}, {"irrelevant", 0}, {"other", 0}, {"rating", 0}, {"user_experience", 0}, {NULL, 0},
};

static void start(struct evaluation *evaluation)
{
    evaluation->scores[KINDS].name = "kinds";
    evaluation->scores[WITH_NONE].name = "with_none";
    for (int with = KINDS; with <= WITH_NONE; with++) {
        for (uint32_t kind = 0; kind < ENUM_need_kind_count; kind++)
            (void)scores_class(&evaluation->scores[with],
                               str_of(need_kind_enumeration.values[kind]));
    }
    (void)scores_class(&evaluation->scores[WITH_NONE], STR("none"));
}

static int judge(struct evaluation *evaluation, const struct example *example,
                 const struct verdict *verdict, struct arena *arena, struct err *err)
{
    const struct need_list *needs = &verdict->insight.needs;
    float confidence[ENUM_need_kind_count] = {0};
    uint32_t truth, said = 0;
    int rc = label_find_all(labels, example->label, &truth, err);
    (void)arena;
    if (rc) return rc;
    for (uint32_t i = 0; i < needs->count; i++) {
        said |= 1u << needs->items[i].kind;
        if (needs->items[i].confidence > confidence[needs->items[i].kind])
            confidence[needs->items[i].kind] = needs->items[i].confidence;
    }
    for (uint32_t kind = 0; kind < ENUM_need_kind_count; kind++) {
        for (int with = KINDS; with <= WITH_NONE; with++)
            scores_each(&evaluation->scores[with], kind, truth >> kind & 1, said >> kind & 1);
        if (said >> kind & 1)
            scores_confidence(&evaluation->scores[KINDS], (double)confidence[kind],
                              truth >> kind & 1);
    }
    scores_each(&evaluation->scores[WITH_NONE], NONE, truth == 0, said == 0);
    return E_OK;
}

static void sum_up(const struct evaluation *evaluation, struct figures *figures)
{
    figures_macro_f1(figures, "macro_f1", &evaluation->scores[KINDS]);
    figures_macro_f1(figures, "macro_f1_with_none", &evaluation->scores[WITH_NONE]);
}

static void spell(const struct verdict *verdict, struct buffer *out)
{
    const struct need_list *needs = &verdict->insight.needs;
    uint32_t said = 0;
    for (uint32_t i = 0; i < needs->count; i++) said |= 1u << needs->items[i].kind;
    labels_join(need_kind_enumeration.values, ENUM_need_kind_count, said, "none", out);
}

const struct evaluation_task evaluate_needs = {
    .name = "needs",
    .labelled = true,
    .labels = "feature_request, problem_report (bug), question, joined by +; none (irrelevant, "
              "other, rating, user_experience)",
    .start = start,
    .judge = judge,
    .sum_up = sum_up,
    .spell = spell,
    .finest = KINDS,
};
