/* Happy path: begin() → the facts of each digest → a task each → the asker → on_end() checks the
 * numbers → done() → fill().
 *
 * Failures: an asker that gives up, an answer of which nothing holds, and a wait of more than
 * `genai.patience` (a budget that pauses, a call that hangs) end in the story that rules tell,
 * marked degraded. So a digest is never late by more than that, and never without words. A lot that
 * is dropped while it is being asked about stays in memory until the asker has ended its tasks. */
#include "workers/genai/digest_teller.h"

#include <stdlib.h>

#include "workers/genai/digest_story.h"
#include "workers/genai/genai.h"

enum { MODEL_BYTES = 128 };
#define FACTS_LANGUAGE STR("en")

struct lot;
struct telling {
    struct task task;
    struct lot *lot;
    const struct digest_facts *facts;
    uint32_t digest;
    struct digest_story story;
    bool told;
};

/* What is told together. */
struct lot {
    struct lot *next; /* of those that were dropped */
    struct digest_teller *teller;
    struct arena arena;
    struct telling *tellings;
    uint32_t count, asked; /* asked: the asker hasn't ended them */
    int64_t since_ms;
    bool dropped;
};

struct digest_teller {
    struct worker_context *context;
    struct asker *asker; /* NULL: nobody is asked */
    struct asker_subject subject;
    int64_t patience_ms;
    struct lot *lot, *dropped;
    uint64_t by_model, cached, by_rules, degraded, dropped_claims;
};

/* --- lots ------------------------------------------------------------------------------------- */

static void free_lot(struct lot *lot)
{
    struct lot **link = &lot->teller->dropped;
    while (*link && *link != lot) link = &(*link)->next;
    if (*link) *link = lot->next;
    arena_deinit(&lot->arena);
    free(lot);
}

void digest_teller_drop(struct digest_teller *teller)
{
    struct lot *lot = teller->lot;
    if (!lot) return;
    teller->lot = NULL;
    lot->dropped = true;
    lot->next = teller->dropped;
    teller->dropped = lot;
    if (!lot->asked) free_lot(lot);
}

/* --- told ------------------------------------------------------------------------------------- */

static void tell_by_rules(struct telling *telling, bool degraded, uint32_t dropped)
{
    struct digest_teller *teller = telling->lot->teller;
    struct digest_story *story = &telling->story;
    struct err err;
    telling->told = true;
    if (digest_story_local(telling->facts, &telling->lot->arena, story, &err)) {
        *story = (struct digest_story){0}; /* no memory: fill() leaves it out */
        return;
    }
    if (degraded) shape_set(digest_story, story, degraded, true);
    if (dropped) shape_set(digest_story, story, dropped_claims, dropped);
    if (telling->task.calls) shape_set(digest_story, story, attempts, telling->task.calls);
    if (degraded) teller->degraded++;
    else teller->by_rules++;
}

static void tell_source(struct telling *telling, const struct asker_source *source,
                        uint32_t dropped)
{
    struct digest_story *story = &telling->story;
    struct str model = arena_copy(&telling->lot->arena, str_slice(source->model, 0, MODEL_BYTES));
    shape_set(digest_story, story, provider, str_of(source->provider));
    if (model.size) shape_set(digest_story, story, model, model);
    shape_set(digest_story, story, prompt, str_of(telling->task.prompt));
    if (source->has_usage) {
        shape_set(digest_story, story, input_tokens, source->input_tokens);
        shape_set(digest_story, story, output_tokens, source->output_tokens);
    }
    if (source->cost_usd >= 0) shape_set(digest_story, story, cost_usd, (float)source->cost_usd);
    if (source->cached) shape_set(digest_story, story, cached, true);
    else shape_set(digest_story, story, latency_us, source->latency_us);
    if (source->degraded) shape_set(digest_story, story, degraded, true);
    if (dropped) shape_set(digest_story, story, dropped_claims, dropped);
    if (telling->task.calls) shape_set(digest_story, story, attempts, telling->task.calls);
}

/* What the model says is told as far as the facts hold it; where that is nothing,
 * the rules tell. */
static void take_answer(struct telling *telling, const struct digest_story *answer,
                        const struct asker_source *source)
{
    struct digest_teller *teller = telling->lot->teller;
    telling->story = *answer;
    uint32_t dropped =
        source->dropped +
        digest_story_check(telling->facts, telling->task.key.answer_in, &telling->story);
    teller->dropped_claims += dropped;
    if (!telling->story.summary.count) {
        tell_by_rules(telling, true, dropped);
        return;
    }
    telling->told = true;
    tell_source(telling, source, dropped);
    if (source->cached) teller->cached++;
    else teller->by_model++;
}

static void on_end(void *user, struct task *task, void *answer, const struct asker_source *source)
{
    struct telling *telling = task->user;
    struct lot *lot = telling->lot;
    (void)user;
    lot->asked--;
    if (!telling->told && !lot->dropped) {
        if (answer) take_answer(telling, answer, source);
        else tell_by_rules(telling, true, 0);
    }
    if (lot->dropped && !lot->asked) free_lot(lot);
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool add_facts(struct lot *lot, const struct digest *digest, uint32_t number,
                      struct err *err)
{
    struct digest_facts *facts;
    uint32_t count;
    /* a dropped lot outlives the digests */
    struct str tenant = arena_copy(&lot->arena, digest->tenant);
    if (!tenant.data || digest_facts_make(digest, &lot->arena, &facts, &count, err)) return false;
    for (uint32_t i = 0; i < count; i++) {
        struct telling *telling = &lot->tellings[lot->count++];
        *telling = (struct telling){.lot = lot, .facts = &facts[i], .digest = number};
        telling->task = (struct task){
            .arena = &lot->arena, .user = telling, .subject = &lot->teller->subject};
        telling->task.asked = (struct provider_question){
            .text = facts[i].text, .language = FACTS_LANGUAGE, .tenant = tenant};
    }
    return true;
}

int digest_teller_begin(struct digest_teller *teller, const struct digest *digests, uint32_t count,
                        struct err *err)
{
    struct lot *lot = calloc(1, sizeof *lot);
    bool ok = lot != NULL;
    if (ok)
        *lot = (struct lot){.teller = teller, .since_ms = clock_mono_ms(teller->context->clock)};
    if (ok)
        lot->tellings = ARENA_ARRAY(&lot->arena, struct telling,
                                    count ? count * DIGEST_FACTS_MAX : 1);
    ok = ok && lot->tellings;
    for (uint32_t i = 0; ok && i < count; i++) ok = add_facts(lot, &digests[i], i, err);
    if (!ok) {
        if (lot) free_lot(lot);
        return err_set(err, E_NO_MEMORY, NULL);
    }
    teller->lot = lot;
    for (uint32_t i = 0; i < lot->count; i++) {
        if (teller->asker) lot->asked++, asker_ask(teller->asker, &lot->tellings[i].task);
        else tell_by_rules(&lot->tellings[i], false, 0);
    }
    return E_OK;
}

bool digest_teller_done(struct digest_teller *teller)
{
    struct lot *lot = teller->lot;
    bool late = clock_mono_ms(teller->context->clock) - lot->since_ms >= teller->patience_ms;
    for (uint32_t i = 0; i < lot->count; i++) {
        if (lot->tellings[i].told) continue;
        if (!late) return false;
        tell_by_rules(&lot->tellings[i], true, 0);
    }
    return true;
}

int digest_teller_fill(struct digest_teller *teller, uint32_t number, struct digest *digest,
                       struct err *err)
{
    struct lot *lot = teller->lot;
    struct digest_story_list list = {
        .items = ARENA_ARRAY(&lot->arena, struct digest_story, DIGEST_FACTS_MAX)};
    if (!list.items) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < lot->count; i++) {
        struct telling *telling = &lot->tellings[i];
        if (telling->digest != number || !telling->story.summary.count) continue;
        struct digest_story *story = &list.items[list.count++];
        *story = telling->story;
        if (telling->facts->segment.size)
            shape_set(digest_story, story, segment, telling->facts->segment);
        shape_set(digest_story, story, counts, telling->facts->text);
    }
    if (list.count) shape_set(digest, digest, stories, list);
    return E_OK;
}

/* --- life ------------------------------------------------------------------------------------- */

int digest_teller_open(struct worker_context *context, struct asker *asker, const char *folder,
                       struct digest_teller **ret_teller, struct err *err)
{
    const struct genai_options *options = context->options;
    struct digest_teller *teller = calloc(1, sizeof *teller);
    if (!teller) return err_set(err, E_NO_MEMORY, NULL);
    *teller = (struct digest_teller){
        .context = context, .asker = options->digest_prompt[0] ? asker : NULL,
        .patience_ms = options->patience,
        .subject = {.name = "digest_story", .purpose = "What the counts of a window say together.",
                    .answer_tokens = DIGEST_STORY_TOKENS,
                    .on_end = on_end, .user = teller}};
    int rc = digest_teller_read(teller, folder, &teller->subject.prompt, err);
    if (rc) digest_teller_close(teller);
    else *ret_teller = teller;
    return rc;
}

int digest_teller_read(const struct digest_teller *teller, const char *folder,
                       struct prompt **ret_prompt, struct err *err)
{
    const struct genai_options *options = teller->context->options;
    if (!teller->asker) return *ret_prompt = NULL, E_OK;
    return prompt_open_digest(folder, options->digest_prompt, teller->context->random, ret_prompt,
                              err);
}

void digest_teller_swap(struct digest_teller *teller, struct prompt **prompt)
{
    struct prompt *before = teller->subject.prompt;
    teller->subject.prompt = *prompt;
    *prompt = before;
}

void digest_teller_close(struct digest_teller *teller)
{
    if (!teller) return;
    digest_teller_drop(teller);
    while (teller->dropped) free_lot(teller->dropped);
    prompt_close(teller->subject.prompt);
    free(teller);
}

void digest_teller_metrics(const struct digest_teller *teller, struct metrics_writer *writer)
{
    metrics_sample(writer, METRIC_DIGEST_STORIES, "result", "answered", (double)teller->by_model);
    metrics_sample(writer, METRIC_DIGEST_STORIES, "result", "cached", (double)teller->cached);
    metrics_sample(writer, METRIC_DIGEST_STORIES, "result", "rules", (double)teller->by_rules);
    metrics_sample(writer, METRIC_DIGEST_STORIES, "result", "degraded", (double)teller->degraded);
    metrics_sample(writer, METRIC_DIGEST_CLAIMS_DROPPED, NULL, NULL,
                   (double)teller->dropped_claims);
}
