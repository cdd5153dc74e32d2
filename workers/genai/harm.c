/* What is asked says where harm is told: the screen's answer, in a provider's terms. */
#include "workers/genai/harm.h"

#include "model/safety.h"

static enum insight_alarm alarm_of(enum safety_state state)
{
    if (state == ENUM_safety_state_unassessed) return INSIGHT_UNASSESSED;
    return state == ENUM_safety_state_positive ? INSIGHT_ALERT : INSIGHT_NO_ALERT;
}

/* What the screen's lists found that somebody was harmed by, or could be. What its model found says
 * less of the very words. */
static int note_events(const struct safety *safety, struct arena *arena,
                       struct provider_question *question, struct err *err)
{
    const uint32_t events = 1u << ENUM_safety_kind_adverse_event | 1u << ENUM_safety_kind_hazard;
    struct insight_span *spans = ARENA_ARRAY(arena, struct insight_span, safety->evidence.count);
    if (!spans) return err_set(err, E_NO_MEMORY, NULL);
    question->harm.spans = spans;
    for (uint32_t i = 0; i < safety->evidence.count && safety->kinds & events; i++) {
        const struct evidence *found = &safety->evidence.items[i];
        bool listed = !str_equal(found->cue, STR(SAFETY_MODEL_CUE));
        if (found->polarity == ENUM_polarity_affirmed && listed)
            spans[question->harm.count++] = (struct insight_span){found->start, found->end};
    }
    return E_OK;
}

int harm_note(const struct safety *safety, struct arena *arena, struct provider_question *question,
              struct err *err)
{
    question->harm.alarm = alarm_of(safety->state);
    if (question->harm.alarm != INSIGHT_ALERT) return E_OK;
    for (uint32_t i = 0; i < safety->evidence.count; i++) {
        const struct evidence *found = &safety->evidence.items[i];
        if (found->polarity != ENUM_polarity_affirmed) continue;
        question->harm.first = (struct insight_span){found->start, found->end};
        break;
    }
    return note_events(safety, arena, question, err);
}
