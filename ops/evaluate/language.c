/* Language: ISO 639-1; what is meant by en-US is en. The chain isn't told what the file says. The
 * label may stand in a column "language"; "other" is any but English, Spanish and French, and only
 * says what these must not be taken for. */
#include "ops/evaluate/evaluate.h"

static void start(struct evaluation *evaluation)
{
    evaluation->scores[0].name = "languages";
}

static bool is_ours(struct str code)
{
    return str_equal(code, STR("en")) || str_equal(code, STR("es")) || str_equal(code, STR("fr"));
}

/* "en-US", "EN" are en. False: no code, but a name maybe. */
static bool read_code(struct str label, char out[static 4], struct str *ret_code)
{
    struct str rest = str_trim(label);
    struct str code = str_cut(&rest, str_find(rest, STR("_")) < 4 ? '_' : '-');
    if (code.size < 2 || code.size > 3) return false;
    for (size_t i = 0; i < code.size; i++) {
        out[i] = (char)(code.data[i] | 0x20);
        if (out[i] < 'a' || out[i] > 'z') return false;
    }
    *ret_code = str_make(out, code.size);
    return true;
}

static int judge(struct evaluation *evaluation, const struct example *example,
                 const struct verdict *verdict, struct arena *arena, struct err *err)
{
    struct scores *scores = &evaluation->scores[0];
    struct language_count *count = &evaluation->language;
    struct str label = example->label.size ? example->label : example->language, truth = {0},
               said = verdict->document.language;
    char room[4];
    (void)arena;
    bool other = str_equal_ignoring_case(str_trim(label), STR("other"));
    if (!str_trim(label).size)
        return err_set(err, E_BAD_MESSAGE,
                       "the label is empty; und says that the language isn't known");
    if (!other && !read_code(label, room, &truth))
        return err_set(err, E_BAD_MESSAGE,
                       "label \"%.*s\" is no language: ISO 639-1, und, or other",
                       STR_ARGS(str_slice(label, 0, 60)));
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
