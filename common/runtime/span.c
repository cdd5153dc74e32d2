/* A record's step through this worker as a span: "process segments", a child of the one that its
 * message comes from, and the parent of whatever becomes of what it emits. Names are
 * OpenTelemetry's for messaging. Nothing that the record says is told, its id is. */
#include <stdio.h>

#include "runtime/flow.h"

enum { NAME_BYTES = 64, ID_BYTES_MAX = 128 };

/* A copy, as the arena that the job runs in keeps it for as long as the job is there. Without
 * memory: no span. */
void job_span_begin(struct job *job)
{
    struct worker_context *context = job->context;
    struct job_span span;
    struct str parent = header_find(job->message, STR("traceparent"));
    if (!context->telemetry ||
        !telemetry_child(context->telemetry, parent, context->random, span.traceparent))
        return;
    span.began_ns = clock_mono_ns(context->clock);
    if ((job->span = arena_alloc(job->arena, sizeof span))) *job->span = span;
}

void job_span_end(const struct job *job, enum err_code code)
{
    struct worker_context *context = job->context;
    struct trace_span span;
    char name[NAME_BYTES];
    if (!job->span) return;
    const char *topic = topic_info(job->message->topic)->name;
    snprintf(name, sizeof name, "process %s", topic);
    const struct span_place place = {.traceparent = job->span->traceparent,
                                     .parent = header_find(job->message, STR("traceparent")),
                                     .name = name,
                                     .kind = SPAN_CONSUMER,
                                     .began_ns = job->span->began_ns,
                                     .ended_ns = clock_mono_ns(context->clock)};
    if (!span_begin(&span, context->telemetry, &place)) return;
    char partition[16];
    int digits = snprintf(partition, sizeof partition, "%u", job->message->partition);
    const char *system =
        context->bus ? bus_system(context->bus) : "verbatim"; /* NULL: a test's flow */
    span_text(&span, "messaging.system", str_of(system));
    span_text(&span, "messaging.operation.type", STR("process"));
    span_text(&span, "messaging.operation.name", STR("process"));
    span_text(&span, "messaging.destination.name", str_of(topic));
    span_text(&span, "messaging.destination.partition.id", str_make(partition, (size_t)digits));
    span_count(&span, *system == 'k' ? "messaging.kafka.offset" : "verbatim.offset",
               job->message->offset);
    span_text(&span, "messaging.message.id",
              str_slice(header_find(job->message, STR("ce_id")), 0, ID_BYTES_MAX));
    if (job->attempts > 1) span_count(&span, "verbatim.attempt", job->attempts);
    if (code != E_OK) span_failed(&span, err_name(code));
    span_end(&span);
}
