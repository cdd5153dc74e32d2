/* Records on their way to the feedback topic: key, message and headers, as the bus takes them. */
#include "workers/ingest/state.h"

int outputs_make(struct intake *intakes, size_t count, struct str parent, int64_t now_ms,
                 struct telemetry *telemetry, struct random *random, struct arena *arena,
                 struct bus_output **ret_outputs, struct err *err)
{
    struct bus_header *headers = ARENA_ARRAY(arena, struct bus_header, count * JOB_HEADERS);
    struct bus_output *outputs = ARENA_ARRAY(arena, struct bus_output, count);
    if (!headers || !outputs) return err_set(err, E_NO_MEMORY, NULL);
    struct str source = {0};
    for (size_t i = 0; i < count; i++, headers += JOB_HEADERS) {
        /* Views of a body or a file, which may be gone before the bus is done. */
        struct str id = arena_copy(arena, intakes[i].id), key = arena_copy(arena, intakes[i].key);
        char *trace = arena_alloc(arena, TRACE_TEXT_BYTES);
        /* Mostly the one before's. Without memory: none, which the tally counts with the rest. */
        if (!str_equal(intakes[i].feedback.source, source))
            source = arena_copy(arena, intakes[i].feedback.source);
        intakes[i].feedback.source = source;
        if (!id.data || !key.data || !trace) return err_set(err, E_NO_MEMORY, NULL);
        (void)telemetry_child(telemetry, parent, random, trace);
        headers_fill(headers, TOPIC_FEEDBACK, "ingest", id, str_make(trace, TRACE_TEXT_BYTES - 1));
        outputs[i] = (struct bus_output){
            .topic = TOPIC_FEEDBACK, .timestamp_ms = now_ms, .key = key,
            .value = intakes[i].message, .headers = headers, .header_count = JOB_HEADERS};
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
