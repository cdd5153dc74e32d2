/* What a worker may do with a job: emit, defer, finish; and the headers of every message. */
#include "runtime/flow.h"
#include "schema/msgpack.h"

static const char *const event_types[TOPIC_COUNT] = {
#define TOPIC(id, name, partitions, retention_ms, keep, description) \
    [TOPIC_##id] = "verbatim." name,
#include "schemas/topics.def"
#undef TOPIC
};

void headers_fill(struct bus_header out[static JOB_HEADERS], enum topic topic,
                  const char *worker_source, struct str id, struct str traceparent)
{
    out[0] = (struct bus_header){STR("content-type"), STR("application/msgpack")};
    out[1] = (struct bus_header){STR("ce_specversion"), STR("1.0")};
    out[2] = (struct bus_header){STR("ce_type"), str_of(event_types[topic])};
    out[3] = (struct bus_header){STR("ce_source"), str_of(worker_source)};
    out[JOB_HEADER_ID] = (struct bus_header){STR("ce_id"), id};
    out[5] = (struct bus_header){STR("traceparent"), traceparent};
}

struct str header_find(const struct bus_message *message, struct str name)
{
    for (uint32_t i = 0; i < message->header_count; i++)
        if (str_equal(message->headers[i].name, name)) return message->headers[i].value;
    return (struct str){0};
}

/* Marks of the message that was read: on what is made of it too. */
static uint32_t copy_marks(const struct bus_message *message,
                           struct bus_header out[static JOB_MARKS])
{
    static const struct str names[JOB_MARKS] = {{HEADER_REDRIVES, sizeof HEADER_REDRIVES - 1},
                                                {HEADER_REPLAY, sizeof HEADER_REPLAY - 1}};
    uint32_t count = 0;
    for (int i = 0; i < JOB_MARKS; i++) {
        struct str value = header_find(message, names[i]);
        if (value.size && value.size <= MARK_BYTES_MAX)
            out[count++] = (struct bus_header){names[i], value};
    }
    return count;
}

/* CloudEvents tells events apart by source and id together. What a worker says of a record on
 * `safety` has the id of what else it makes of it, so it comes from another source. */
static const char *source_of(const struct job *job, struct job_output *output)
{
    const char *worker = job->context->worker->name;
    if (output->bus.topic != TOPIC_SAFETY) return worker;
    snprintf(output->source, sizeof output->source, "%s/safety", worker);
    return output->source;
}

void job_fill_headers(const struct job *job, struct job_output *output, struct str id)
{
    struct str trace = str_make(output->traceparent, TRACE_TEXT_BYTES - 1);
    headers_fill(output->headers, output->bus.topic, source_of(job, output), id, trace);
    output->bus.headers = output->headers;
    output->bus.header_count = JOB_HEADERS +
                               copy_marks(job->message, output->headers + JOB_HEADERS);
}

/* What every bus takes; refused here, where it is still one record's fault and not
 * a transaction's. */
static int check_size(struct str key, struct str value, struct err *err)
{
    if (key.size > BUS_KEY_BYTES_MAX)
        return err_set(err, E_TOO_LARGE, "key of %zu bytes; the limit is %d", key.size,
                       BUS_KEY_BYTES_MAX);
    if (value.size > MSGPACK_BYTES_MAX)
        return err_set(err, E_TOO_LARGE, "message of %zu bytes; the limit is %d", value.size,
                       MSGPACK_BYTES_MAX);
    return E_OK;
}

static struct job_output *add_output(struct job *job, enum topic topic, struct str key,
                                     struct str value)
{
    const struct worker *worker = job->context->worker;
    assert(worker->produces >> topic & 1 || topic == TOPIC_DEAD_LETTERS || topic == TOPIC_AUDIT);
    struct job_output *output = arena_alloc(job->arena, sizeof *output);
    if (!output) return NULL;
    output->next = NULL;
    output->record = NULL, output->words = NULL;
    output->bus = (struct bus_output){
        .topic = topic, .timestamp_ms = job->message->timestamp_ms, .key = key, .value = value};
    *job->outputs_end = output;
    job->outputs_end = &output->next;
    return output;
}

int job_emit(struct job *job, enum topic topic, struct str key, struct str value, struct err *err)
{
    int rc = check_size(key, value, err);
    if (rc) return rc;
    struct job_output *output = add_output(job, topic, key, value);
    if (!output) return err_set(err, E_NO_MEMORY, NULL);
    struct str id = job->record.id.size ? job->record.id : header_find(job->message, STR("ce_id"));
    if (job->span) memcpy(output->traceparent, job->span->traceparent, sizeof output->traceparent);
    else trace_child(job_trace(job), job->context->random, output->traceparent);
    /* foreign ids may be any size */
    job_fill_headers(job, output, str_slice(id, 0, RECORD_ID_BYTES_MAX));
    return E_OK;
}

static int hand_on(struct job *job, enum topic topic, struct str key, struct err *err)
{
    struct job_output *output = add_output(job, topic, key, (struct str){0});
    struct record *record = arena_alloc(job->arena, sizeof *record);
    if (!output || !record) return err_set(err, E_NO_MEMORY, NULL);
    record_copy(record, &job->record);
    output->record = record;
    output->words = job->words;
    return E_OK;
}

int job_emit_record(struct job *job, enum topic topic, struct str key, struct err *err)
{
    struct str value;
    if (job->handed_on) return hand_on(job, topic, key, err);
    int rc = record_write(&job->record, job->arena, &value, err);
    return rc ? rc : job_emit(job, topic, key, value, err);
}

struct str job_trace(const struct job *job)
{
    return job->span ? str_make(job->span->traceparent, TRACE_TEXT_BYTES - 1)
                     : header_find(job->message, STR("traceparent"));
}

void job_defer(struct job *job) { job->deferred = true; }

void job_reset(struct job *job)
{
    job->outputs = NULL;
    job->outputs_end = &job->outputs;
    job->deferred = false;
    job->span = NULL;
    job->words = NULL;
}

void worker_wake(struct worker_context *context)
{
    if (context->wake) uv_async_send(context->wake);
}

void worker_fail(struct worker_context *context, const struct err *err)
{
    if (!context->flow->fatal.code) context->flow->fatal = *err;
    worker_wake(context);
}
