/* Scores a text and its sentences with the safety model, and joins the surest to the
 * screen's result. */
#include "model/safety.h"

#include <math.h>
#include <stdlib.h>

/* How many times likelier a report is where a medicine is what the text is about. */
static const float WATCHED_ODDS = 2;
/* How many times less likely where the text says that an ailment went, or that a danger passed. */
static const float EASED_ODDS = 6;
/* How many times less likely where the lists found an ailment that is denied, or that the product
 * is for: its words are no report. */
static const float EXPLAINED_ODDS = 2;
/* How many times less likely that it is serious where the text says that it is nothing serious. */
static const float MILD_ODDS = 8;

static int find_classes(struct safety_model *model, struct err *err)
{
    uint32_t missing = 0;
    model->alert = linear_class(&model->linear, "alert");
    model->serious = linear_class(&model->linear, "serious");
    missing |= model->alert == LINEAR_CLASSES_MAX || model->serious == LINEAR_CLASSES_MAX;
    for (uint32_t kind = 0; kind < SCREEN_KIND_COUNT; kind++) {
        model->kinds[kind] = linear_class(&model->linear, screen_kind_name((enum screen_kind)kind));
        missing |= model->kinds[kind] == LINEAR_CLASSES_MAX;
    }
    if (!missing && model->linear.link == LINEAR_SIGMOID) return E_OK;
    return err_set(
        err, E_BAD_MODEL,
        "model %.*s: no safety model; it needs sigmoid classes alert, serious and the kinds",
        STR_ARGS(model->linear.file.name));
}

static int copy_alerts(struct safety_model *model, struct err *err)
{
    const struct linear_model *linear = &model->linear;
    size_t buckets = (size_t)1 << linear->bucket_bits;
    model->alerts = malloc(buckets);
    if (!model->alerts) return err_set(err, E_NO_MEMORY, NULL);
    const uint8_t *alert = linear->weights + model->alert; /* kept, whatever is written */
    for (size_t i = 0, stride = linear->stride; i < buckets; i++, alert += stride)
        model->alerts[i] = *alert;
    model_file_rest(&linear->file);
    return E_OK;
}

int safety_model_parse(struct str bytes, struct safety_model *ret_model, struct err *err)
{
    struct safety_model model = {0};
    int rc = linear_parse(bytes, &model.linear, err);
    if (!rc) rc = find_classes(&model, err);
    if (!rc) rc = copy_alerts(&model, err);
    if (!rc) *ret_model = model;
    return rc;
}

int safety_model_open(const char *path, struct safety_model *ret_model, struct err *err)
{
    struct safety_model model = {0};
    int rc = linear_open(path, &model.linear, err);
    if (rc) return rc;
    rc = find_classes(&model, err);
    if (!rc) rc = copy_alerts(&model, err);
    if (rc) {
        safety_model_close(&model);
        return err_wrap(err, "%s", path);
    }
    *ret_model = model;
    return E_OK;
}

void safety_model_close(struct safety_model *model)
{
    if (!model) return;
    linear_close(&model->linear);
    free(model->alerts);
    *model = (struct safety_model){0};
}

/* Any mixing does that spreads the kinds over a model's buckets;
 * it is part of what models learnt. */
static uint32_t cue_hash(const struct screen_hit *hit)
{
    uint64_t what = (uint64_t)hit->polarity * SCREEN_KIND_COUNT + hit->kind + 1;
    return (uint32_t)(what * UINT64_C(0xd1342543de82ef95) >> 32);
}

int safety_cue_features(const struct screen_result *screened, struct arena *arena,
                        struct linear_features *ret_features, struct err *err)
{
    uint32_t *items = arena_alloc(arena, (screened->count + 1) * sizeof *items);
    uint32_t *first = arena_alloc(arena, (screened->count + 1) * sizeof *first);
    if (!items || !first) return err_set(err, E_NO_MEMORY, NULL);
    uint32_t count = 0;
    for (uint32_t i = 0; i < screened->count; i++) {
        first[i] = count;
        if (!screened->hits[i].decisive) items[count++] = cue_hash(&screened->hits[i]);
    }
    first[screened->count] = count;
    *ret_features = (struct linear_features){
        .items = items, .first = first, .count = count, .tokens = screened->count};
    return E_OK;
}

/* A range of tokens and of cues, and how surely it is an alert. Other classes are asked
 * for where it is one. */
struct reading {
    uint32_t first, last, first_cue, last_cue;
    int64_t sum; /* of the weights of class alert */
    uint32_t count;
    float odds; /* the logarithm of them */
};

/* How far the weights of class alert had come before each feature, as they are stored: what lies
 * between two levels is what the features between them weigh. Of all of them at once: sentences and
 * clauses are short, and where a loop ends can't be foreseen. */
struct alerts {
    const struct linear_features *features;
    uint64_t *levels;
};

static int sum_alerts(const struct safety_model *model, const struct linear_features *features,
                      struct arena *arena, struct alerts *ret_alerts, struct err *err)
{
    const uint32_t *items = features->items;
    const uint8_t *weights = model->alerts;
    uint32_t count = features->count, shift = 32 - model->linear.bucket_bits;
    uint64_t *levels = arena_alloc(arena, ((size_t)count + 1) * sizeof *levels), sum = 0;
    if (!levels) return err_set(err, E_NO_MEMORY, NULL);
    levels[0] = 0;
#pragma GCC unroll 4
    for (uint32_t i = 0; i < count; i++) levels[i + 1] = sum += weights[items[i] >> shift];
    *ret_alerts = (struct alerts){features, levels};
    return E_OK;
}

static void add_alerts(const struct alerts *alerts, uint32_t first, uint32_t last,
                       struct reading *reading)
{
    uint32_t at = alerts->features->first[first], end = alerts->features->first[last];
    reading->sum += (int64_t)(alerts->levels[end] - alerts->levels[at]) -
                    (int64_t)(end - at) * LINEAR_WEIGHT_ZERO;
    reading->count += end - at;
}

/* Questions that are answered no, and their answers, say nothing of harm, however many words of it
 * they hold: they are taken back. Returns how many tokens. */
static uint32_t take_answers(const struct alerts *words, const struct screen_result *screened,
                             struct reading *reading)
{
    if (reading->first_cue == reading->last_cue) return 0; /* nearly all */
    struct reading asked = {0};
    uint32_t taken = 0, behind = reading->first;
    for (uint32_t i = reading->first_cue; i < reading->last_cue; i++) {
        const struct screen_hit *hit = &screened->hits[i];
        uint32_t first = hit->asked_first > behind ? hit->asked_first : behind;
        uint32_t end = hit->asked_end < reading->last ? hit->asked_end : reading->last;
        if (end <= first) continue;
        add_alerts(words, first, end, &asked);
        taken += end - first;
        behind = end;
    }
    reading->sum -= asked.sum;
    reading->count -= asked.count;
    return taken;
}

static void keep_surest(const struct safety_model *model, struct reading *surest,
                        struct reading *reading)
{
    reading->odds = linear_odds(&model->linear, model->alert, reading->sum, reading->count);
    if (reading->odds > surest->odds) *surest = *reading;
}

/* Hits are in text order: those of the text's bytes before `end` follow those already taken. */
static uint32_t hits_before(const struct screen_result *screened, uint32_t hit, uint32_t end)
{
    while (hit < screened->count && screened->hits[hit].start < end) hit++;
    return hit;
}

/* The largest of many is large by chance: the odds are divided by their number. */
static float of_many(float largest, uint32_t count)
{
    return count > 1 ? largest - logf((float)count) : largest;
}

static struct reading read_text(const struct safety_model *model, const struct tokens *tokens,
                                const struct alerts *words, const struct alerts *cues,
                                const struct screen_result *screened)
{
    const struct linear_features *features = words->features;
    struct reading surest = {.odds = -INFINITY}, all = {.last = tokens->count};
    uint32_t sentences = 0;
    for (uint32_t i = 0; i < features->sentence_count; i++) {
        uint32_t first = features->sentences[i], last = features->sentences[i + 1];
        struct reading sentence = {.first = first, .last = last, .first_cue = all.last_cue};
        sentence.last_cue = all.last_cue =
            hits_before(screened, sentence.first_cue, tokens->items[last - 1].end);
        add_alerts(words, first, last, &sentence);
        add_alerts(cues, sentence.first_cue, sentence.last_cue, &sentence);
        all.sum += sentence.sum;
        all.count += sentence.count;
        uint32_t left = last - first - take_answers(words, screened, &sentence);
        if (left < SAFETY_SENTENCE_TOKENS || (first == 0 && last == tokens->count))
            continue;
        keep_surest(model, &surest, &sentence);
        sentences++;
    }
    surest.odds = of_many(surest.odds, sentences);
    take_answers(words, screened, &all);
    keep_surest(model, &surest, &all);
    return surest;
}

/* The clause that speaks loudest for an alert: what people are shown. */
static void find_evidence(const struct tokens *tokens, const struct alerts *words,
                          const struct reading *surest, struct screen_hit *hit)
{
    int64_t best = 0;
    bool any = false;
    for (uint32_t first = surest->first, last; first < surest->last; first = last) {
        for (last = first + 1; last < surest->last && !tokens->items[last].clause_before;) last++;
        struct reading clause = {0};
        add_alerts(words, first, last, &clause);
        if (any && clause.sum <= best) continue;
        any = true;
        best = clause.sum;
        hit->start = tokens->items[first].start;
        hit->end = tokens->items[last - 1].end;
    }
}

static uint32_t kinds_of(const struct safety_model *model, const float *probabilities)
{
    uint32_t kinds = 0, likeliest = 0;
    for (uint32_t kind = 0; kind < SCREEN_KIND_COUNT; kind++) {
        uint32_t class = model->kinds[kind];
        if (probabilities[class] >= model->linear.thresholds[class]) kinds |= 1u << kind;
        if (probabilities[class] > probabilities[model->kinds[likeliest]]) likeliest = kind;
    }
    return kinds ? kinds : 1u << likeliest;
}

static uint32_t first_bit(uint32_t bits)
{
    uint32_t bit = 0;
    while (!(bits >> bit & 1)) bit++;
    return bit;
}

/* Hits are in text order; with no room left, one that doesn't decide makes way. */
static int add_hit(struct screen_result *result, const struct screen_hit *hit, struct arena *arena,
                   struct err *err)
{
    if (!result->hits) result->hits = ARENA_ARRAY(arena, struct screen_hit, SCREEN_MAX_HITS);
    if (!result->hits) return err_set(err, E_NO_MEMORY, NULL);
    if (result->count == SCREEN_MAX_HITS) {
        uint32_t out = 0;
        while (out < SCREEN_MAX_HITS && result->hits[out].decisive) out++;
        if (out == SCREEN_MAX_HITS) return E_OK; /* decided many times over */
        memmove(result->hits + out, result->hits + out + 1,
                (result->count - out - 1) * sizeof *result->hits);
        result->count--;
    }
    uint32_t at = result->count++;
    for (; at && result->hits[at - 1].start > hit->start; at--)
        result->hits[at] = result->hits[at - 1];
    result->hits[at] = *hit;
    return E_OK;
}

/* What is asked of a range: a probability a class. */
static void ask_classes(const struct safety_model *model, const struct alerts *words,
                        const struct alerts *cues, const struct reading *reading,
                        float probabilities[static LINEAR_CLASSES_MAX])
{
    struct linear_sums sums = {0};
    linear_sum(&model->linear, words->features, reading->first, reading->last, &sums);
    linear_sum(&model->linear, cues->features, reading->first_cue, reading->last_cue, &sums);
    linear_probabilities(&model->linear, &sums, probabilities);
}

/* Class serious is of harms alone: what is none is learnt from no row of it. */
static bool is_serious(const struct safety_model *model, const float *probabilities, bool mild)
{
    float serious = probabilities[model->alert] * probabilities[model->serious];
    if (mild) serious /= serious + (1 - serious) * MILD_ODDS;
    return serious >= model->linear.thresholds[model->serious];
}

static int add_model_hit(const struct tokens *tokens, const struct alerts *words,
                         const struct reading *surest, uint32_t kinds, bool serious,
                         struct arena *arena, struct screen_result *result, struct err *err)
{
    struct screen_hit hit = {.cue = STR(SAFETY_MODEL_CUE), .kind = (uint8_t)first_bit(kinds),
                             .polarity = SCREEN_AFFIRMED, .decisive = true,
                             .seriousness = serious ? 1u << SCREEN_MEDICALLY_IMPORTANT : 0};
    find_evidence(tokens, words, surest, &hit);
    result->seriousness |= hit.seriousness;
    result->serious |= serious;
    return add_hit(result, &hit, arena, err);
}

static int join(const struct safety_model *model, const struct tokens *tokens,
                const struct alerts *words, const struct alerts *cues,
                const struct reading *surest, struct arena *arena, struct screen_result *result,
                struct err *err)
{
    float probabilities[LINEAR_CLASSES_MAX];
    ask_classes(model, words, cues, surest, probabilities);
    uint32_t kinds = kinds_of(model, probabilities);
    result->state = SCREEN_POSITIVE;
    result->reason = NULL;
    result->kinds |= kinds;
    result->reaction |= kinds >> SCREEN_ADVERSE_EVENT & 1;
    bool serious = is_serious(model, probabilities, result->mild);
    return add_model_hit(tokens, words, surest, kinds, serious, arena, result, err);
}

/* The lists found something, and nothing serious in it. */
static int join_serious(const struct safety_model *model, const struct tokens *tokens,
                        const struct alerts *words, const struct alerts *cues,
                        const struct reading *surest, struct arena *arena,
                        struct screen_result *result, struct err *err)
{
    struct reading all = {.last = tokens->count, .last_cue = cues->features->tokens};
    const struct reading *ranges[] = {surest, &all};
    for (int i = 0; i < 2; i++) {
        float probabilities[LINEAR_CLASSES_MAX];
        ask_classes(model, words, cues, ranges[i], probabilities);
        if (is_serious(model, probabilities, result->mild))
            return add_model_hit(tokens, words, ranges[i], result->kinds, true, arena, result,
                                 err);
    }
    return E_OK;
}

static bool is_explained(const struct screen_result *result)
{
    bool explained = false;
    for (uint32_t i = 0; i < result->count; i++)
        explained |= result->hits[i].polarity == SCREEN_INDICATION ||
                     result->hits[i].polarity == SCREEN_NEGATED;
    return explained;
}

/* Of a text in which the lists found nothing that decides. Where it is one, patient, reporter and
 * product are joined to *result. */
static int is_alert(const struct safety_model *model, struct str text, const struct tokens *tokens,
                    const struct safety_about *about, float odds, struct arena *arena,
                    struct screen_result *result, bool *ret_alert, struct err *err)
{
    struct screen_result named = *result;
    bool eased;
    float least = model->linear.thresholds[model->alert];
    if (about->watched) odds += logf(WATCHED_ODDS);
    if (is_explained(result)) odds -= logf(EXPLAINED_ODDS);
    *ret_alert = linear_of_odds(odds) >= least;
    if (!*ret_alert) return E_OK;
    int rc = screen_criteria(about->screen, text, tokens, about->language,
                             about->language_confidence, arena, &named, &eased, err);
    if (rc) return rc;
    *ret_alert = !eased || linear_of_odds(odds - logf(EASED_ODDS)) >= least;
    if (*ret_alert) *result = named;
    return E_OK;
}

int safety_model_join(const struct safety_model *model, struct str text,
                      const struct tokens *tokens, const struct safety_about *about,
                      struct arena *arena, struct screen_result *result, struct err *err)
{
    struct linear_features features, cue_features;
    struct alerts words, cues;
    bool found = result->state == SCREEN_POSITIVE, alert;
    if (result->state == SCREEN_UNASSESSED || result->serious || !tokens->count) return E_OK;
    int rc = linear_extract(text, tokens, arena, &features, err);
    if (!rc) rc = safety_cue_features(result, arena, &cue_features, err);
    if (!rc) rc = sum_alerts(model, &features, arena, &words, err);
    if (!rc) rc = sum_alerts(model, &cue_features, arena, &cues, err);
    if (rc) return rc;
    struct reading surest = read_text(model, tokens, &words, &cues, result);
    if (found)
        return join_serious(model, tokens, &words, &cues, &surest, arena, result, err);
    rc = is_alert(model, text, tokens, about, surest.odds, arena, result, &alert, err);
    if (rc || !alert) return rc;
    return join(model, tokens, &words, &cues, &surest, arena, result, err);
}
