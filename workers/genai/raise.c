/* One rule: negative and a signal → positive. Unassessed and positive records go to people. */
#include "workers/genai/raise.h"

enum { SAFETY_EVIDENCE_MAX = 64 }; /* schemas/safety.def */

static int add_signals(struct safety *safety, const struct insight *insight, struct arena *arena,
                       struct err *err)
{
    const struct signal_list *signals = &insight->signals;
    uint32_t before = safety->evidence.count, kinds = safety->kinds;
    struct evidence_list list = {.items =
                                     ARENA_ARRAY(arena, struct evidence, before + signals->count)};
    if (!list.items) return err_set(err, E_NO_MEMORY, NULL);
    for (; list.count < before; list.count++)
        list.items[list.count] = safety->evidence.items[list.count];
    for (uint32_t i = 0; i < signals->count; i++) {
        const struct signal *signal = &signals->items[i];
        struct evidence *cue = &list.items[list.count];
        kinds |= 1u << signal->kind;
        if (list.count >= SAFETY_EVIDENCE_MAX) continue;
        shape_set(evidence, cue, start, signal->start);
        shape_set(evidence, cue, end, signal->end);
        shape_set(evidence, cue, cue, str_of(safety_kind_enumeration.values[signal->kind]));
        shape_set(evidence, cue, polarity, ENUM_polarity_affirmed);
        list.count++;
    }
    shape_set(safety, safety, evidence, list);
    shape_set(safety, safety, kinds, kinds);
    return E_OK;
}

/* Day 0 is when it was received, as for a record that the screen found. */
static int set_due(struct job *job, const struct raise_clocks *clocks, struct safety *safety,
                   struct err *err)
{
    struct feedback feedback = {0};
    int rc = E_OK;
    if (record_has(&job->record, SECTION_FEEDBACK))
        rc = record_decode(&job->record, SECTION_FEEDBACK, &feedback, job->arena, err);
    if (rc) return rc;
    if (!shape_has(safety, safety, received_at)) {
        bool told = shape_has(feedback, &feedback, received_at);
        shape_set(safety, safety, received_at,
                  told ? feedback.received_at : job->message->timestamp_ms);
    }
    clocks_set_due(clocks->clocks, &feedback, clocks->regions, safety);
    return E_OK;
}

int raise_safety(struct job *job, const struct raise_clocks *clocks, const struct insight *insight,
                 bool *ret_raised, struct err *err)
{
    struct safety safety;
    *ret_raised = false;
    if (!insight->signals.count || !record_has(&job->record, SECTION_SAFETY)) return E_OK;
    int rc = record_decode(&job->record, SECTION_SAFETY, &safety, job->arena, err);
    if (rc || safety.state != ENUM_safety_state_negative) return rc;
    if ((rc = add_signals(&safety, insight, job->arena, err))) return rc;
    struct str model = shape_has(insight, insight, model) ? insight->model : (struct str){0};
    struct str by =
        arena_printf(job->arena, "%.*s %.*s", STR_ARGS(insight->provider), STR_ARGS(model));
    if (!by.data) return err_set(err, E_NO_MEMORY, NULL);
    shape_set(safety, &safety, state, ENUM_safety_state_positive);
    shape_set(safety, &safety, raised_by, str_trim(by));
    if ((rc = set_due(job, clocks, &safety, err))) return rc;
    rc = record_put(&job->record, SECTION_SAFETY, &safety, job->arena, err);
    if (rc == E_OK) *ret_raised = true;
    return rc;
}
