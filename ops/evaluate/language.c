/* Language: ISO 639-1; what is meant by en-US is en. The chain isn't told what the file says. */
#include "ops/evaluate/evaluate.h"

static void start(struct evaluation *evaluation)
{
    evaluation->scores[0].name = "languages";
}

static bool is_ours(struct str code)
{
    return str_equal(code, STR("en")) || str_equal(code, STR("es")) || str_equal(code, STR("fr"));
}

static int judge(struct evaluation *evaluation, const struct example *example,
                 const struct verdict *verdict, struct arena *arena, struct err *err)
{
    struct scores *scores = &evaluation->scores[0];
    struct language_count *count = &evaluation->language;
    struct str rest = str_trim(example->label), truth = str_cut(&rest, '-'),
               said = verdict->document.language;
    bool right = str_equal(truth, said), ours = is_ours(truth);
    (void)arena;
    if (!truth.size)
        return err_set(err, E_BAD_MESSAGE,
                       "the label is empty; und says that the language isn't known");
    uint32_t class = scores_class(scores, truth);
    scores_one_of(scores, class, scores_class(scores, said));
    scores_confidence(scores, (double)verdict->document.language_confidence, right);
    count->ours += ours;
    count->ours_right += ours && right;
    count->others += !ours;
    count->others_called_ours += !ours && is_ours(said);
    return E_OK;
}

static void sum_up(const struct evaluation *evaluation, struct figures *figures)
{
    const struct language_count *count = &evaluation->language;
    figures_add(figures, NULL, "accuracy", scores_accuracy(&evaluation->scores[0]));
    figures_share(figures, NULL, "en_es_fr_right", count->ours_right, count->ours, 1);
    figures_share(figures, NULL, "others_called_en_es_fr", count->others_called_ours, count->others,
                  1);
}

const struct evaluation_task evaluate_language = {
    .name = "language",
    .labelled = true,
    .hides_language = true,
    .labels = "ISO 639-1 codes; und: none",
    .start = start,
    .judge = judge,
    .sum_up = sum_up,
};
