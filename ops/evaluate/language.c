/* Language: ISO 639-1; what is meant by en-US is en. The chain isn't told what the file says. The
 * label may stand in a column "language"; "other" is any but English, Spanish and French, and only
 * says what these must not be taken for. */
#include "ops/evaluate/evaluate.h"

#include "text/language.h"

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
    struct str label = example->label.size ? example->label : example->language,
               said = verdict->document.language;
    char code[4] = "";
    (void)arena;
    bool other = str_equal_ignoring_case(str_trim(label), STR("other"));
    if (!str_trim(label).size)
        return err_set(err, E_BAD_MESSAGE,
                       "the label is empty; und says that the language isn't known");
    if (!other && !language_code(label, code))
        return err_set(err, E_BAD_MESSAGE,
                       "label \"%.*s\" is no language: ISO 639-1, und, or other",
                       STR_ARGS(str_slice(label, 0, 60)));
    struct str truth = str_of(code);
    bool right = str_equal(truth, said), ours = is_ours(truth);
    if (!other) {
        scores_one_of(scores, scores_class(scores, truth), scores_class(scores, said));
        scores_confidence(scores, (double)verdict->document.language_confidence, right);
    }
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
    .labels = "ISO 639-1 codes; und: none; other: not en, es, fr",
    .start = start,
    .judge = judge,
    .sum_up = sum_up,
};
