/* Topics: names of the taxonomy; a row may be about several. */
#include "ops/evaluate/evaluate.h"

static void start(struct evaluation *evaluation)
{
    evaluation->scores[0].name = "topics";
}

static bool holds(struct str labels, struct str topic)
{
    while (labels.size)
        if (str_equal(str_trim(str_cut(&labels, '+')), topic)) return true;
    return false;
}

static int judge(struct evaluation *evaluation, const struct example *example,
                 const struct verdict *verdict, struct arena *arena, struct err *err)
{
    struct scores *scores = &evaluation->scores[0];
    const struct str_list *said = &verdict->insight.topics;
    (void)arena;
    (void)err;
    for (uint32_t i = 0; i < said->count; i++)
        scores_each(scores, scores_class(scores, said->items[i]),
                    holds(example->label, said->items[i]), true);
    for (struct str rest = example->label; rest.size;) {
        struct str truth = str_trim(str_cut(&rest, '+'));
        bool found = str_equal(truth, STR("none"));
        for (uint32_t i = 0; i < said->count; i++) found |= str_equal(truth, said->items[i]);
        if (!found) scores_each(scores, scores_class(scores, truth), true, false);
    }
    return E_OK;
}

static void sum_up(const struct evaluation *evaluation, struct figures *figures)
{
    figures_macro_f1(figures, "macro_f1", &evaluation->scores[0]);
}

static void spell(const struct verdict *verdict, struct buffer *out)
{
    const struct str_list *said = &verdict->insight.topics;
    if (said->count == 0) buffer_add(out, STR("none"));
    for (uint32_t i = 0; i < said->count; i++) {
        if (i) buffer_add_char(out, '+');
        buffer_add(out, said->items[i]);
    }
}

const struct evaluation_task evaluate_topics = {
    .name = "topics",
    .labelled = true,
    .labels = "names of config/topics, joined by +; none",
    .start = start,
    .judge = judge,
    .sum_up = sum_up,
    .spell = spell,
};
