/* Scores a text and its sentences with the safety model, and joins the surest to the screen's result. */
#include "model/safety.h"

#include <math.h>

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
    return err_set(err, E_BAD_MODEL, "model %.*s: no safety model; it needs sigmoid classes alert, serious and the kinds",
                   STR_ARGS(model->linear.file.name));
}

int safety_model_parse(struct str bytes, struct safety_model *ret_model, struct err *err)
{
    struct safety_model model = {0};
    int rc = linear_parse(bytes, &model.linear, err);
    if (!rc) rc = find_classes(&model, err);
    if (!rc) *ret_model = model;
    return rc;
}

int safety_model_open(const char *path, struct safety_model *ret_model, struct err *err)
{
    struct safety_model model = {0};
    int rc = linear_open(path, &model.linear, err);
    if (rc) return rc;
    rc = find_classes(&model, err);
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
    *model = (struct safety_model){0};
}

/* Any mixing does that spreads the kinds over a model's buckets; it is part of what models learnt. */
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
    *ret_features = (struct linear_features){items, first, count, screened->count};
    return E_OK;
}

/* A range of tokens and what the model says of it. */
struct reading {
    uint32_t first, last;
    float probabilities[LINEAR_CLASSES_MAX];
};

static void keep_surest(const struct safety_model *model, struct reading *surest, const struct reading *reading)
{
    if (reading->probabilities[model->alert] > surest->probabilities[model->alert]) *surest = *reading;
}

static void add_sums(struct linear_sums *sums, const struct linear_sums *more, uint32_t classes)
{
    for (uint32_t c = 0; c < classes; c++) sums->classes[c] += more->classes[c];
    sums->count += more->count;
}

/* Hits are in text order: those of the text's bytes before `end` follow those already taken. */
static uint32_t hits_before(const struct screen_result *screened, uint32_t hit, uint32_t end)
{
    while (hit < screened->count && screened->hits[hit].start < end) hit++;
    return hit;
}

/* The largest of many probabilities is large by chance: its odds are divided by their number's square root. */
static float of_many(float largest, uint32_t count)
{
    return count ? largest / (largest + (1 - largest) * sqrtf((float)count)) : largest;
}

static struct reading read_text(const struct safety_model *model, const struct tokens *tokens,
                                const struct linear_features *features, const struct linear_features *cues,
                                const struct screen_result *screened)
{
    struct reading surest = {0}, all = {.last = tokens->count};
    struct linear_sums whole = {0};
    uint32_t sentences = 0;
    for (uint32_t first = 0, last, hit = 0, next_hit; first < tokens->count; first = last, hit = next_hit) {
        struct reading sentence = {.first = first};
        struct linear_sums sums = {0};
        for (last = first + 1; last < tokens->count && !tokens->items[last].sentence_before;) last++;
        next_hit = hits_before(screened, hit, tokens->items[last - 1].end);
        linear_sum(&model->linear, features, first, last, &sums);
        linear_sum(&model->linear, cues, hit, next_hit, &sums);
        add_sums(&whole, &sums, model->linear.classes);
        if (last - first < SAFETY_SENTENCE_TOKENS || (first == 0 && last == tokens->count)) continue;
        sentence.last = last;
        linear_probabilities(&model->linear, &sums, sentence.probabilities);
        keep_surest(model, &surest, &sentence);
        sentences++;
    }
    surest.probabilities[model->alert] = of_many(surest.probabilities[model->alert], sentences);
    linear_probabilities(&model->linear, &whole, all.probabilities);
    keep_surest(model, &surest, &all);
    return surest;
}

static float weight_of(const struct safety_model *model, const struct linear_features *features, uint32_t first,
                       uint32_t last)
{
    struct linear_sums sums = {0};
    linear_sum(&model->linear, features, first, last, &sums);
    return (float)sums.classes[model->alert];
}

/* The clause that speaks loudest for an alert: what people are shown. */
static void find_evidence(const struct safety_model *model, const struct tokens *tokens,
                          const struct linear_features *features, const struct reading *surest, struct screen_hit *hit)
{
    float best = 0;
    bool any = false;
    for (uint32_t first = surest->first, last; first < surest->last; first = last) {
        for (last = first + 1; last < surest->last && !tokens->items[last].clause_before;) last++;
        float weight = weight_of(model, features, first, last);
        if (any && weight <= best) continue;
        any = true;
        best = weight;
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
static int add_hit(struct screen_result *result, const struct screen_hit *hit, struct arena *arena, struct err *err)
{
    if (!result->hits) result->hits = ARENA_ARRAY(arena, struct screen_hit, SCREEN_MAX_HITS);
    if (!result->hits) return err_set(err, E_NO_MEMORY, NULL);
    if (result->count == SCREEN_MAX_HITS) {
        uint32_t out = 0;
        while (out < SCREEN_MAX_HITS && result->hits[out].decisive) out++;
        if (out == SCREEN_MAX_HITS) return E_OK; /* decided many times over */
        memmove(result->hits + out, result->hits + out + 1, (result->count - out - 1) * sizeof *result->hits);
        result->count--;
    }
    uint32_t at = result->count++;
    for (; at && result->hits[at - 1].start > hit->start; at--) result->hits[at] = result->hits[at - 1];
    result->hits[at] = *hit;
    return E_OK;
}

static int join(const struct safety_model *model, const struct tokens *tokens, const struct linear_features *features,
                const struct reading *surest, struct arena *arena, struct screen_result *result, struct err *err)
{
    uint32_t kinds = kinds_of(model, surest->probabilities);
    bool serious = surest->probabilities[model->serious] >= model->linear.thresholds[model->serious];
    struct screen_hit hit = {.cue = STR(SAFETY_MODEL_CUE), .kind = (uint8_t)first_bit(kinds),
                             .polarity = SCREEN_AFFIRMED, .decisive = true,
                             .seriousness = serious ? 1u << SCREEN_MEDICALLY_IMPORTANT : 0};
    find_evidence(model, tokens, features, surest, &hit);
    result->state = SCREEN_POSITIVE;
    result->reason = NULL;
    result->kinds |= kinds;
    result->seriousness |= hit.seriousness;
    result->serious |= serious;
    result->reaction |= kinds >> SCREEN_ADVERSE_EVENT & 1;
    return add_hit(result, &hit, arena, err);
}

int safety_model_join(const struct safety_model *model, struct str text, const struct tokens *tokens,
                      struct arena *arena, struct screen_result *result, struct err *err)
{
    struct linear_features features, cues;
    if (result->state != SCREEN_NEGATIVE || !tokens->count) return E_OK;
    int rc = linear_extract_for(&model->linear, text, tokens, arena, &features, err);
    if (!rc) rc = safety_cue_features(result, arena, &cues, err);
    if (rc) return rc;
    struct reading surest = read_text(model, tokens, &features, &cues, result);
    if (surest.probabilities[model->alert] < model->linear.thresholds[model->alert]) return E_OK;
    return join(model, tokens, &features, &surest, arena, result, err);
}
