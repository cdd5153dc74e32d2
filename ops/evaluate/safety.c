/* Safety: positive records are alerts. Unassessed ones go to people as well, but find nothing. */
#include "ops/evaluate/evaluate.h"

enum { POSITIVE_BIT = 1 << 30, STATES = 0, KINDS = 1 };

static const struct label labels[] = {
    {"positive", POSITIVE_BIT}, {"yes", POSITIVE_BIT}, {"1", POSITIVE_BIT}, {"true", POSITIVE_BIT},
    {"adverse_event", POSITIVE_BIT | 1u << ENUM_safety_kind_adverse_event},
    {"ade", POSITIVE_BIT | 1u << ENUM_safety_kind_adverse_event},
    {"hazard", POSITIVE_BIT | 1u << ENUM_safety_kind_hazard},
    {"product_complaint", POSITIVE_BIT | 1u << ENUM_safety_kind_product_complaint},
    {"special_situation", POSITIVE_BIT | 1u << ENUM_safety_kind_special_situation},
    {"negative", 0}, {"none", 0}, {"no", 0}, {"0", 0}, {"false", 0}, {NULL, 0},
};

static const struct label answers[] = {
    {"yes", 1}, {"1", 1}, {"true", 1}, {"serious", 1}, {"no", 0}, {"0", 0}, {"false", 0}, {"", 0},
    {NULL, 0},
};

static void start(struct evaluation *evaluation)
{
    evaluation->scores[STATES].name = "states";
    for (uint32_t state = 0; state < ENUM_safety_state_count; state++)
        (void)scores_class(&evaluation->scores[STATES],
                           str_of(safety_state_enumeration.values[state]));
}

static void judge_kinds(struct scores *scores, uint32_t truth, uint32_t said)
{
    scores->name = "kinds";
    for (uint32_t kind = 0; kind < ENUM_safety_kind_count; kind++)
        scores_each(scores, scores_class(scores, str_of(safety_kind_enumeration.values[kind])),
                    truth >> kind & 1, said >> kind & 1);
}

static void count(struct safety_count *count, bool truth, bool serious, const struct safety *said)
{
    bool alert = said->state == ENUM_safety_state_positive,
         unassessed = said->state == ENUM_safety_state_unassessed;
    count->positive += truth;
    count->negative += !truth;
    count->alerts += alert;
    count->false_alerts += alert && !truth;
    count->unassessed += unassessed;
    count->reached += truth && (alert || unassessed);
    count->serious += serious;
    count->serious_found += serious && alert;
    count->serious_marked += serious && alert && said->serious;
}

static int judge(struct evaluation *evaluation, const struct example *example,
                 const struct verdict *verdict, struct arena *arena, struct err *err)
{
    uint32_t truth, serious;
    int rc = label_find_all(labels, example->label, &truth, err);
    (void)arena;
    if (!rc) rc = label_find(answers, example->serious, &serious, err);
    if (rc) return rc;
    scores_one_of(&evaluation->scores[STATES],
                  truth ? ENUM_safety_state_positive : ENUM_safety_state_negative,
                  verdict->safety.state);
    count(&evaluation->safety, truth != 0, serious != 0, &verdict->safety);
    if (truth == 0 || truth & ~(uint32_t)POSITIVE_BIT)
        judge_kinds(&evaluation->scores[KINDS], truth, verdict->safety.kinds);
    return E_OK;
}

static void sum_up(const struct evaluation *evaluation, struct figures *figures)
{
    const struct class_count *positive =
        &evaluation->scores[STATES].classes[ENUM_safety_state_positive];
    const struct safety_count *count = &evaluation->safety;
    if (count->positive) {
        figures_add(figures, NULL, "recall", class_recall(positive));
        figures_add(figures, NULL, "f1", class_f1(positive));
    }
    figures_share(figures, NULL, "precision", positive->right, positive->said, 1);
    figures_share(figures, NULL, "reached_people", count->reached, count->positive, 1);
    figures_share(figures, NULL, "serious_recall", count->serious_found, count->serious, 1);
    figures_share(figures, NULL, "serious_marked", count->serious_marked, count->serious, 1);
    figures_share(figures, NULL, "alerts_per_1000", count->alerts, evaluation->rows, 1000);
    figures_share(figures, NULL, "false_alerts_per_1000", count->false_alerts, count->negative,
                  1000);
    figures_share(figures, NULL, "unassessed_per_1000", count->unassessed, evaluation->rows, 1000);
}

/* Unassessed is no label: such a row is compared with nobody. */
static void spell(const struct verdict *verdict, struct buffer *out)
{
    const struct safety *safety = &verdict->safety;
    if (safety->state == ENUM_safety_state_negative) buffer_add(out, STR("negative"));
    if (safety->state == ENUM_safety_state_positive)
        labels_join(safety_kind_enumeration.values, ENUM_safety_kind_count, safety->kinds,
                    "positive", out);
}

const struct evaluation_task evaluate_safety = {
    .name = "safety",
    .labelled = true,
    .labels = "positive (yes, 1), or kinds joined by +: adverse_event (ade), hazard, "
              "product_complaint, special_situation; "
              "negative (no, 0, none)",
    .start = start,
    .judge = judge,
    .sum_up = sum_up,
    .spell = spell,
    .single = true,
    .finest = STATES,
};
