/* What the end of a call says about its provider: how fast it may be asked on (pace.h), and whether
 * it is left alone for a while (breaker.h). */
#include "workers/genai/asker.h"
#include "workers/genai/telling.h"

enum { LONGEST_HOLD_MS = 300000 };

static int64_t longest(int64_t ms) { return ms < LONGEST_HOLD_MS ? ms : LONGEST_HOLD_MS; }

/* Nothing left of a quota: not before it is back. */
static void heed(struct stage *stage, const struct llm_limit *limit, int64_t now_ms)
{
    if (limit->remaining == 0 && limit->reset_ms > 0)
        pace_hold(&stage->pace, now_ms + longest(limit->reset_ms));
}

/* Over its rate, again and again: it is asked less and less often, whether it says how
 * long to wait or not. */
static void heed_throttle(struct asker *asker, struct stage *stage, const struct departure *left,
                          const struct llm_result *result, int64_t now_ms)
{
    if (result->why != LLM_THROTTLED) {
        if (llm_why_next(result->why) != LLM_RETRY) stage->throttled = 0;
        return;
    }
    if (left->at_ms < stage->throttled_ms) return; /* it left before the last pause began */
    stage->throttled_ms = now_ms;
    pace_hold(&stage->pace, now_ms + asker_pause_ms(asker, stage->throttled++));
}

static void heed_limits(struct stage *stage, const struct llm_result *result, int64_t now_ms)
{
    if (result->retry_after_ms > 0)
        pace_hold(&stage->pace, now_ms + longest(result->retry_after_ms));
    heed(stage, &result->limits.requests, now_ms);
    heed(stage, &result->limits.tokens, now_ms);
    heed(stage, &result->limits.input_tokens, now_ms);
    heed(stage, &result->limits.output_tokens, now_ms);
}

/* A text that talks a model into an answer of no use has not broken the provider: else whoever
 * sends five of them in a row would have all others' feedback go without it. */
static bool tells_of_text(const struct departure *left, const struct llm_result *result,
                          bool of_use)
{
    if (!left->suspect || of_use) return false;
    return result->why == LLM_ANSWERED || result->why == LLM_BAD_ANSWER ||
           result->why == LLM_BAD_REQUEST;
}

void asker_judge(struct asker *asker, struct stage *stage, const struct departure *left,
                 const struct llm_result *result, bool of_use, int64_t now_ms)
{
    bool overload = result->why == LLM_THROTTLED || result->why == LLM_OVERLOADED ||
                    result->why == LLM_TIMED_OUT;
    bool alive = of_use || result->why == LLM_THROTTLED || result->why == LLM_TRUNCATED ||
                 result->why == LLM_REFUSED || result->why == LLM_TOO_LARGE;
    bool for_good = llm_why_next(result->why) == LLM_FALL_BACK && result->why != LLM_BAD_REQUEST;
    heed_limits(stage, result, now_ms);
    heed_throttle(asker, stage, left, result, now_ms);
    if (overload) pace_overloaded(&stage->pace, left->at_ms, now_ms);
    else if (alive) pace_answered(&stage->pace);
    if (result->why == LLM_LOCAL || tells_of_text(left, result, of_use)) {
        if (left->probe) breaker_forget_probe(&stage->breaker);
    } else if (!alive) {
        if (breaker_failed(&stage->breaker, left->probe, for_good, now_ms, asker->random))
            telling_outage(stage, result);
    } else if (breaker_answered(&stage->breaker, left->probe)) {
        pace_restart(&stage->pace, now_ms);
        telling_outage(stage, NULL);
    }
}
