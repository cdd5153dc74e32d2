/* A call of a model as a span, named as OpenTelemetry's conventions for generative AI have it:
 * "chat MODEL", a child of the span of the first record that it is about, with links to those of
 * the others. Of what the records say, or the model said of them, nothing is told. */
#ifndef VERBATIM_WORKERS_GENAI_ASKER_SPAN_H
#define VERBATIM_WORKERS_GENAI_ASKER_SPAN_H

#include "workers/genai/asker.h"

struct call_span {
    bool told;
    int64_t began_ns;
    uint32_t records, attempt, links;
    char own[TRACE_TEXT_BYTES], parent[TRACE_TEXT_BYTES],
        linked[ANSWER_RECORDS_MAX][TRACE_TEXT_BYTES];
    char prompt[PROMPT_VERSION_BYTES];
};

/* Before the tasks' `calls` count this one. */
void call_span_begin(struct asker *asker, struct task *const *tasks, uint32_t count,
                     struct call_span *span);
/* result NULL: it was cut off. cost_usd below 0: not known. */
void call_span_end(struct asker *asker, const struct stage *stage, const struct call_span *span,
                   const struct llm_result *result, double cost_usd);

#endif
