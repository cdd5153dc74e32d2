/* Records on their way to the feedback topic: key, message and headers, as the bus takes them. */
#include "workers/ingest/state.h"

int taken_make(const struct intake *intake, const struct taken *before, struct arena *arena,
               struct taken *ret_taken, struct err *err)
{
    struct str source = intake->feedback.source, id = arena_copy(arena, intake->id);
    bool is_id = intake->key.data == intake->id.data;
    bool again = before && str_equal(before->source, source);
    struct str key = is_id ? id : arena_copy(arena, intake->key);
    source = again ? before->source : arena_copy(arena, source);
    if (!id.data || !key.data || !source.data) return err_set(err, E_NO_MEMORY, NULL);
    *ret_taken = (struct taken){id, key, source, intake->message, intake->row};
    return E_OK;
}

int outputs_make(const struct taken *taken, size_t count, struct str parent, int64_t now_ms,
                 struct telemetry *telemetry, struct random *random, struct arena *arena,
                 struct bus_output **ret_outputs, struct err *err)
{
    struct bus_header *headers = arena_alloc(arena, count * JOB_HEADERS * sizeof *headers);
    struct bus_output *outputs = arena_alloc(arena, count * sizeof *outputs);
    char *trace = arena_alloc(arena, count * TRACE_TEXT_BYTES);
    if (!headers || !outputs || !trace) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < count; i++, headers += JOB_HEADERS, trace += TRACE_TEXT_BYTES) {
        (void)telemetry_child(telemetry, parent, random, trace);
        headers_fill(headers, TOPIC_FEEDBACK, "ingest", taken[i].id,
                     str_make(trace, TRACE_TEXT_BYTES - 1));
        outputs[i] = (struct bus_output){
            .topic = TOPIC_FEEDBACK, .timestamp_ms = now_ms, .key = taken[i].key,
            .value = taken[i].message, .headers = headers, .header_count = JOB_HEADERS};
    }
    *ret_outputs = outputs;
    return E_OK;
}

static void tell(const struct worker_context *context, const struct bus_output *output,
                 struct span_place *place, const struct err *err)
{
    struct trace_span span;
    struct str trace = output->headers[JOB_HEADERS - 1].value;
    if (!trace_is_sampled(trace)) return;
    place->traceparent = trace.data;
    if (!span_begin(&span, context->telemetry, place)) return;
    span_text(&span, "messaging.system", str_of(bus_system(context->bus)));
    span_text(&span, "messaging.operation.type", STR("send"));
    span_text(&span, "messaging.operation.name", STR("send"));
    span_text(&span, "messaging.destination.name", str_of(topic_info(output->topic)->name));
    span_text(&span, "messaging.message.id", output->headers[JOB_HEADER_ID].value);
    if (err) span_failed(&span, err_name(err->code));
    span_end(&span);
}

void outputs_tell(const struct worker_context *context, const struct bus_output *outputs,
                  size_t count, struct str parent, int64_t began_ns, const struct err *err)
{
    if (!context->telemetry) return;
    struct span_place place = {.parent = parent, .name = "send feedback", .kind = SPAN_PRODUCER,
                               .began_ns = began_ns, .ended_ns = clock_mono_ns(context->clock)};
    for (size_t i = 0; i < count; i++) tell(context, &outputs[i], &place, err);
}
