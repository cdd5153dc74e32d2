/* Records on their way to the feedback topic: key, message and headers, as the bus takes them. */
#include "workers/ingest/state.h"

int outputs_make(struct intake *intakes, size_t count, struct str parent, int64_t now_ms,
                 struct random *random, struct arena *arena, struct bus_output **ret_outputs,
                 struct err *err)
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
        trace_child(parent, random, trace);
        headers_fill(headers, TOPIC_FEEDBACK, "ingest", id, str_make(trace, TRACE_TEXT_BYTES - 1));
        outputs[i] = (struct bus_output){
            .topic = TOPIC_FEEDBACK, .timestamp_ms = now_ms, .key = key,
            .value = intakes[i].message, .headers = headers, .header_count = JOB_HEADERS};
    }
    *ret_outputs = outputs;
    return E_OK;
}
