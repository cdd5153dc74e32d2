/* One metric after the other, each for all providers; names and labels are OpenTelemetry's where it
 * has them. */
#include "workers/genai/telling.h"

#include <stdio.h>

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
}

/* As OpenTelemetry's conventions for generative AI want them; the last one is the caller's. */
enum { CALL_LABELS = 6 };
static void label_call(const struct stage *stage, char port[static 8],
                       struct metric_label out[static CALL_LABELS])
{
    const struct llm_client *client = stage->client;
    snprintf(port, 8, "%u", llm_client_port(client));
    out[0] = (struct metric_label){"gen_ai_operation_name", "chat"};
    out[1] = (struct metric_label){PROVIDER, name_of(stage)};
    out[2] = (struct metric_label){"gen_ai_request_model", llm_client_model(client)};
    out[3] = (struct metric_label){"server_address", llm_client_server(client)};
    out[4] = (struct metric_label){"server_port", llm_client_port(client) ? port : ""};
}

static void write_durations(const struct stage *stage, struct metrics_writer *writer)
{
    struct metric_label labels[CALL_LABELS];
    char port[8];
    label_call(stage, port, labels);
    for (int why = 0; why < LLM_WHYS; why++) {
        labels[5] = (struct metric_label){
            "error_type", why == LLM_ANSWERED ? "" : llm_why_name((enum llm_why)why)};
        if (stage->ends[why] || why == LLM_ANSWERED)
            metrics_histogram(writer, METRIC_LLM_SECONDS, labels, CALL_LABELS,
                              &stage->seconds[why]);
    }
}

static void write_tokens(const struct stage *stage, struct metrics_writer *writer)
{
    struct metric_label labels[CALL_LABELS];
    char port[8];
    label_call(stage, port, labels);
    labels[5] = (struct metric_label){"gen_ai_token_type", "input"};
    metrics_histogram(writer, METRIC_LLM_TOKENS, labels, CALL_LABELS, &stage->input_tokens);
    labels[5] = (struct metric_label){"gen_ai_token_type", "output"};
    metrics_histogram(writer, METRIC_LLM_TOKENS, labels, CALL_LABELS, &stage->output_tokens);
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
    for (uint32_t i = 0; i < asker->stage_count; i++) write_durations(&asker->stages[i], writer);
    for (uint32_t i = 0; i < asker->stage_count; i++) write_tokens(&asker->stages[i], writer);
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
