/* A model that writes of the late parcel and forgets the burnt hand, or puts it last, must not keep
 * the safety team from hearing what to do. */
#include "workers/genai/advise.h"

#include "model/insight.h"
#include "workers/genai/evidence.h"

enum { RECOMMENDATIONS_MAX = 16 }; /* schemas/insight.def */

static const struct recommendation *first_to_safety(const struct insight *insight)
{
    const struct recommendation_list *list = &insight->recommendations;
    for (uint32_t i = 0; i < list->count; i++)
        if (list->items[i].team == ENUM_team_safety) return &list->items[i];
    return NULL;
}

/* What the rules say of a record with an alert, its words checked like any claim. */
static int ask_rules(struct job *job, struct provider *local, const struct provider_question *asked,
                     struct insight *ret_answer, struct err *err)
{
    struct provider_question question = *asked;
    question.harm.alarm = INSIGHT_ALERT;
    bool holds = false;
    int rc = local->ops->ask(local, job, &question, ret_answer, &holds, NULL, err);
    if (rc == E_OK && !holds) (void)evidence_check(ret_answer, asked->text);
    return rc;
}

/* Where harm is told: by the screen, or else by the model that raised the record. */
static bool find_harm(const struct provider_question *asked, const struct insight *insight,
                      uint32_t *ret_start, uint32_t *ret_end)
{
    *ret_start = asked->harm.first.start, *ret_end = asked->harm.first.end;
    if (*ret_start >= *ret_end && insight->signals.count)
        *ret_start = insight->signals.items[0].start, *ret_end = insight->signals.items[0].end;
    return evidence_holds(asked->text, *ret_start, *ret_end);
}

/* Mostly it needs no look at the text, which would cost as much as all else that is done for it. */
static bool tell_at_once(struct provider *local, const struct provider_question *asked,
                         const struct insight *insight, struct recommendation *ret_advice)
{
    uint32_t start, end;
    if (!find_harm(asked, insight, &start, &end)) return false;
    if (!local->ops->alert(local, asked->language, ret_advice)) return false;
    shape_set(recommendation, ret_advice, start, start);
    shape_set(recommendation, ret_advice, end, end);
    return true;
}

static int put_first(struct insight *insight, const struct recommendation *first,
                     struct arena *arena, struct err *err)
{
    const struct recommendation_list *before = &insight->recommendations;
    struct recommendation_list list = {
        .items = ARENA_ARRAY(arena, struct recommendation, before->count + 1)};
    if (!list.items) return err_set(err, E_NO_MEMORY, NULL);
    list.items[list.count++] = *first;
    for (uint32_t i = 0; i < before->count && list.count < RECOMMENDATIONS_MAX; i++)
        if (&before->items[i] != first) list.items[list.count++] = before->items[i];
    shape_set(insight, insight, recommendations, list);
    return E_OK;
}

int advise_safety_first(struct job *job, struct provider *local,
                        const struct provider_question *asked, struct insight *insight,
                        struct err *err)
{
    struct insight answer = {0};
    struct recommendation at_once = {0};
    const struct recommendation *first = first_to_safety(insight);
    if (!first && tell_at_once(local, asked, insight, &at_once)) first = &at_once;
    if (!first) {
        int rc = ask_rules(job, local, asked, &answer, err);
        if (rc) return rc;
        first = first_to_safety(&answer);
    }
    if (!first || first == insight->recommendations.items) return E_OK;
    return put_first(insight, first, job->arena, err);
}
