/* Screens a document for harm: evidence, the criteria of a case report, named products,
 * the clock that runs. */
#include "workers/preprocess/screening.h"

enum { CUE_BYTES_MAX = 128 }; /* as schemas/ has it */

static struct str cue_that_fits(struct str cue)
{
    return cue.size <= CUE_BYTES_MAX ? cue : str_utf8_cut(cue, CUE_BYTES_MAX);
}

static int fill_evidence(const struct screen_result *result, struct arena *arena,
                         struct safety *safety, struct err *err)
{
    struct evidence_list list = {
        .items = ARENA_ARRAY(arena, struct evidence, result->count), .count = result->count};
    if (!list.items) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct screen_hit *hit = &result->hits[i];
        shape_set(evidence, &list.items[i], start, hit->start);
        shape_set(evidence, &list.items[i], end, hit->end);
        shape_set(evidence, &list.items[i], cue, cue_that_fits(hit->cue));
        shape_set(evidence, &list.items[i], polarity, hit->polarity);
    }
    if (list.count) shape_set(safety, safety, evidence, list);
    return E_OK;
}

static int fill_products(const struct preprocess_state *state, const struct tokens *tokens,
                         struct arena *arena, struct safety *safety, struct err *err)
{
    struct name_found found[NAMES_FOUND_MAX];
    uint32_t count = state->lists->products ? names_find(state->lists->products, tokens, found) : 0;
    if (!count) return E_OK;
    struct named_product_list list = {
        .items = ARENA_ARRAY(arena, struct named_product, count), .count = count};
    if (!list.items) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < count; i++) {
        shape_set(named_product, &list.items[i], name, found[i].name);
        shape_set(named_product, &list.items[i], start, found[i].start);
        shape_set(named_product, &list.items[i], end, found[i].end);
    }
    shape_set(safety, safety, products, list);
    return E_OK;
}

/* The list of products knows what the text names, or what the record says that it is about; or that
 * is a medicine by its words. */
static int is_watched(const struct preprocess_state *state, const struct feedback *feedback,
                      struct arena *arena, const struct safety *safety, bool *ret_watched,
                      struct err *err)
{
    struct name_found found[NAMES_FOUND_MAX];
    struct tokens tokens;
    *ret_watched = safety->products.count > 0;
    if (*ret_watched || !shape_has(feedback, feedback, product)) return E_OK;
    int rc = text_tokenize(feedback->product, arena, &tokens, err);
    if (rc == E_OK && state->lists->products)
        *ret_watched = names_find(state->lists->products, &tokens, found) > 0;
    if (rc == E_OK && !*ret_watched)
        rc = screen_is_medicine(state->lists->screen, feedback->product, &tokens, arena,
                                ret_watched, err);
    return rc;
}

static uint32_t state_of(const struct screen_result *result)
{
    switch (result->state) {
    case SCREEN_POSITIVE: return ENUM_safety_state_positive;
    case SCREEN_NEGATIVE: return ENUM_safety_state_negative;
    case SCREEN_UNASSESSED: break;
    }
    return ENUM_safety_state_unassessed;
}

int screening_make(struct worker_context *context, struct job *job, const struct feedback *feedback,
                   const struct reading *reading, struct safety *safety, struct err *err)
{
    struct preprocess_state *state = context->state;
    const struct preprocess_options *options = context->options;
    const struct document *document = &reading->document;
    struct screen_result result;
    const struct safety_model *model = preprocess_model(state);
    int rc = screen_text(state->lists->screen, document->text, reading->words,
                         reading->language.code, reading->language.confidence,
                         shape_has(feedback, feedback, product), job->arena, &result, err);
    bool watched = false;
    if (rc == E_OK) rc = fill_products(state, reading->words, job->arena, safety, err);
    if (rc == E_OK) rc = is_watched(state, feedback, job->arena, safety, &watched, err);
    const struct safety_about about = {state->lists->screen, reading->language.code,
                                       reading->language.confidence, watched};
    if (rc == E_OK && model)
        rc = safety_model_join(model, document->text, reading->words, &about, job->arena, &result,
                               err);
    if (rc == E_OK) rc = fill_evidence(&result, job->arena, safety, err);
    if (rc) return rc;
    int64_t received_ms = shape_has(feedback, feedback, received_at) ? feedback->received_at
                                                                     : job->message->timestamp_ms;
    bool known_customer = shape_has(feedback, feedback, customer);
    shape_set(safety, safety, state, state_of(&result));
    shape_set(safety, safety, serious, result.serious);
    shape_set(safety, safety, received_at, received_ms);
    if (result.kinds) shape_set(safety, safety, kinds, result.kinds);
    if (result.seriousness) shape_set(safety, safety, seriousness, result.seriousness);
    if (result.reason) shape_set(safety, safety, reason, str_of(result.reason));
    clocks_set_due(&state->lists->clocks, feedback, str_of(options->regions), safety);
    struct criteria criteria = {0};
    shape_set(criteria, &criteria, reaction, result.reaction);
    shape_set(criteria, &criteria, product,
              result.product || safety->products.count || shape_has(feedback, feedback, product));
    shape_set(criteria, &criteria, patient, result.patient);
    shape_set(criteria, &criteria, reporter, result.reporter || known_customer);
    shape_set(safety, safety, criteria, criteria);
    state->states[safety->state]++;
    return E_OK;
}

int screening_refused(struct worker_context *context, struct job *job, struct str id,
                      struct err *err)
{
    struct preprocess_state *state = context->state;
    const struct preprocess_options *options = context->options;
    struct safety safety = {0};
    shape_set(safety, &safety, state, ENUM_safety_state_unassessed);
    shape_set(safety, &safety, serious, false);
    shape_set(safety, &safety, reason, STR("refused"));
    shape_set(safety, &safety, received_at, job->message->timestamp_ms);
    clocks_set_due(&state->lists->clocks, &(struct feedback){0}, str_of(options->regions), &safety);
    job->record = (struct record){.version = RECORD_VERSION, .id = id};
    int rc = record_put(&job->record, SECTION_SAFETY, &safety, job->arena, err);
    if (rc == E_OK) rc = job_emit_record(job, TOPIC_SAFETY, id, err);
    if (rc == E_OK) state->states[ENUM_safety_state_unassessed]++;
    return rc;
}
