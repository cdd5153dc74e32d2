/* One metric after the other, each for all providers; names and labels are OpenTelemetry's where it
 * has them. */
#include "workers/genai/telling.h"

#include "base/log.h"

#define PROVIDER "gen_ai_provider_name"

static const char *name_of(const struct stage *stage)
{
    return llm_provider_name(llm_client_provider(stage->client));
}

static void write_calls(const struct asker *asker, struct metrics_writer *writer)
{
    for (uint32_t i = 0; i < asker->stage_count; i++)
        for (int why = 0; why < LLM_WHYS; why++)
            if (asker->stages[i].ends[why] || why == LLM_ANSWERED)
                metrics_sample2(writer, METRIC_LLM_CALLS, PROVIDER, name_of(&asker->stages[i]),
                                "error_type",
                                why == LLM_ANSWERED ? "" : llm_why_name((enum llm_why)why),
                                (double)asker->stages[i].ends[why]);
    metrics_histogram(writer, METRIC_LLM_SECONDS, &asker->seconds);
}

static void write_tokens(const struct asker *asker, struct metrics_writer *writer)
{
    for (uint32_t i = 0; i < asker->stage_count; i++) {
        const struct stage *stage = &asker->stages[i];
        metrics_sample2(writer, METRIC_LLM_TOKENS, PROVIDER, name_of(stage), "gen_ai_token_type",
                        "input", (double)stage->input_tokens);
        metrics_sample2(writer, METRIC_LLM_TOKENS, PROVIDER, name_of(stage), "gen_ai_token_type",
                        "output", (double)stage->output_tokens);
    }
}

static void write_gauges(const struct asker *asker, struct metrics_writer *writer)
{
    for (uint32_t i = 0; i < asker->stage_count; i++)
        metrics_sample(writer, METRIC_LLM_IN_FLIGHT, PROVIDER, name_of(&asker->stages[i]),
                       asker->stages[i].pace.in_flight);
    for (uint32_t i = 0; i < asker->stage_count; i++)
        metrics_sample(writer, METRIC_LLM_WINDOW, PROVIDER, name_of(&asker->stages[i]),
                       asker->stages[i].pace.window);
    for (uint32_t i = 0; i < asker->stage_count; i++)
        metrics_sample(writer, METRIC_LLM_OUTAGE, PROVIDER, name_of(&asker->stages[i]),
                       asker->stages[i].breaker.state != BREAKER_CLOSED);
    for (uint32_t i = 0; i < asker->stage_count; i++)
        metrics_sample(writer, METRIC_LLM_OUTAGES, PROVIDER, name_of(&asker->stages[i]),
                       (double)asker->stages[i].breaker.opened);
    metrics_sample(writer, METRIC_LLM_WAITING, NULL, NULL, asker->waiting);
}

void telling_write(const struct asker *asker, struct metrics_writer *writer)
{
    write_calls(asker, writer);
    write_tokens(asker, writer);
    write_gauges(asker, writer);
    metrics_sample(writer, METRIC_LLM_RECORDS, "result", "answered",
                   (double)(asker->counts.answered - asker->counts.cached));
    metrics_sample(writer, METRIC_LLM_RECORDS, "result", "cached", (double)asker->counts.cached);
    metrics_sample(writer, METRIC_LLM_RECORDS, "result", "given_up",
                   (double)asker->counts.given_up);
    metrics_sample(writer, METRIC_LLM_RETRIES, NULL, NULL, (double)asker->counts.retries);
    metrics_sample(writer, METRIC_LLM_REPAIRS, "reason", "missing", (double)asker->counts.missing);
    metrics_sample(writer, METRIC_LLM_REPAIRS, "reason", "unusable",
                   (double)asker->counts.unusable);
    metrics_sample(writer, METRIC_LLM_SUSPECTS, NULL, NULL, (double)asker->counts.suspects);
    metrics_sample(writer, METRIC_LLM_STRANGE, NULL, NULL, (double)asker->counts.strange);
    metrics_sample(writer, METRIC_LLM_LEAKS, NULL, NULL, (double)asker->counts.leaked);
}

/* One line each time that it opens: its pauses grow, so there are few. */
void telling_outage(const struct stage *stage, const struct llm_result *result)
{
    struct log_event event;
    log_begin(&event, result ? LOG_WARN : LOG_INFO, "genai",
              result ? "the model's provider fails and is left alone for a while"
                     : "the model's provider answers again");
    log_add(&event, "provider", "%s", stage->name);
    if (result) {
        log_add(&event, "error", "%s", llm_why_name(result->why));
        log_add(&event, "says", "%s", result->text);
        log_add(&event, "pause_ms", "%lld", (long long)stage->breaker.pause_ms);
    }
    log_end(&event);
}
