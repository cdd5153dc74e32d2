/* Copies the traceparents at the start: when a call ends, its records may be gone. */
#include "workers/genai/asker_span.h"

#include <stdio.h>

/* The first that is told, so that what is linked to it isn't lost with it. */
static const struct task *find_parent(struct task *const *tasks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (trace_is_valid(tasks[i]->trace) && trace_is_sampled(tasks[i]->trace)) return tasks[i];
    return tasks[0];
}

static void keep(struct str trace, char out[static TRACE_TEXT_BYTES])
{
    snprintf(out, TRACE_TEXT_BYTES, "%.*s", STR_ARGS(str_slice(trace, 0, TRACE_TEXT_BYTES - 1)));
}

void call_span_begin(struct asker *asker, struct task *const *tasks, uint32_t count,
                     struct call_span *span)
{
    if (!asker->telemetry) return;
    const struct task *parent = find_parent(tasks, count);
    span->told = telemetry_child(asker->telemetry, parent->trace, asker->random, span->own);
    if (!span->told) return;
    span->began_ns = clock_mono_ns(asker->clock);
    span->records = count;
    span->attempt = tasks[0]->calls + 1;
    keep(parent->trace, span->parent);
    memcpy(span->prompt, tasks[0]->prompt, sizeof span->prompt);
    for (uint32_t i = 0; i < count; i++)
        if (tasks[i] != parent && trace_is_valid(tasks[i]->trace))
            keep(tasks[i]->trace, span->linked[span->links++]);
}

static void tell_request(struct trace_span *span, const struct asker *asker,
                         const struct stage *stage, const struct call_span *call)
{
    const struct llm_client *client = stage->client;
    span_text(span, "gen_ai.operation.name", STR("chat"));
    span_text(span, "gen_ai.provider.name", str_of(llm_provider_name(llm_client_provider(client))));
    span_text(span, "gen_ai.request.model", str_of(llm_client_model(client)));
    if (asker->options.temperature >= 0)
        span_number(span, "gen_ai.request.temperature", asker->options.temperature);
    span_text(span, "gen_ai.output.type", STR("json"));
    span_text(span, "server.address", str_of(llm_client_server(client)));
    if (llm_client_port(client)) span_count(span, "server.port", llm_client_port(client));
    span_text(span, "verbatim.prompt.version", str_of(call->prompt));
    span_count(span, "verbatim.records", call->records);
    if (call->attempt > 1) span_count(span, "verbatim.attempt", call->attempt);
}

static void tell_usage(struct trace_span *span, const struct llm_usage *usage)
{
    if (!usage->known) return;
    span_count(span, "gen_ai.usage.input_tokens", usage->input_tokens);
    span_count(span, "gen_ai.usage.output_tokens", usage->output_tokens);
    if (usage->cached_tokens)
        span_count(span, "gen_ai.usage.cache_read.input_tokens", usage->cached_tokens);
    if (usage->cache_written_tokens)
        span_count(span, "gen_ai.usage.cache_creation.input_tokens", usage->cache_written_tokens);
}

static void tell_result(struct trace_span *span, const struct llm_result *result, double cost_usd)
{
    const struct str finish = str_of(result->finish);
    if (result->status) span_text(span, "gen_ai.response.model", str_of(result->model));
    span_text(span, "gen_ai.response.id", str_of(result->id));
    if (finish.size) span_texts(span, "gen_ai.response.finish_reasons", &finish, 1);
    tell_usage(span, &result->usage);
    if (result->status) span_count(span, "http.response.status_code", result->status);
    if (cost_usd >= 0) span_number(span, "verbatim.cost_usd", cost_usd);
    if (result->why != LLM_ANSWERED) span_failed(span, llm_why_name(result->why));
}

void call_span_end(struct asker *asker, const struct stage *stage, const struct call_span *call,
                   const struct llm_result *result, double cost_usd)
{
    struct trace_span span;
    char name[SPAN_TEXT_BYTES_MAX];
    if (!call->told) return;
    snprintf(name, sizeof name, "chat %s", llm_client_model(stage->client));
    const struct span_place place = {.traceparent = call->own,
                                     .parent = str_of(call->parent),
                                     .name = name,
                                     .kind = SPAN_CLIENT,
                                     .began_ns = call->began_ns,
                                     .ended_ns = clock_mono_ns(asker->clock)};
    if (!span_begin(&span, asker->telemetry, &place)) return;
    for (uint32_t i = 0; i < call->links; i++) span_link(&span, str_of(call->linked[i]));
    tell_request(&span, asker, stage, call);
    if (result)
        tell_result(&span, result, cost_usd);
    else
        span_failed(&span, "cancelled");
    span_end(&span);
}
