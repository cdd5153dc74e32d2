/* In-flight records that are done: what goes into the next transaction, and what becomes of it.
 * Each output is committed with its record's position or not at all. See flow.h. */
#include "runtime/flow_internal.h"

#include "base/array.h"
#include "base/mutant.h"

/* --- gathering -------------------------------------------------------------------------------- */

static bool gather_outputs(struct flow *flow, const struct job *job)
{
    size_t outputs_before = flow->output_count;
    for (const struct job_output *output = job->outputs; output; output = output->next) {
        if (!array_fits(&flow->outputs, &flow->output_capacity, flow->output_count + 1,
                        sizeof(struct bus_output))) {
            flow->output_count = outputs_before;
            return false;
        }
        flow->outputs[flow->output_count++] = output->bus;
    }
    return true;
}

static bool gather_job(struct flow *flow, struct job *job)
{
    if (!array_fits(&flow->gathered, &flow->gathered_capacity, flow->gathered_count + 1,
                    sizeof(struct job *)))
        return false;
    if (!gather_outputs(flow, job)) return false;
    job->state = JOB_GATHERED;
    flow->gathered[flow->gathered_count++] = job;
    return true;
}

/* How far a worker that keeps records beyond process() lets its partition be committed. */
static int64_t durable_position(const struct flow *flow, const struct lane *lane)
{
    const struct worker *worker = flow->context->worker;
    if (!worker->durable) return INT64_MAX;
    return worker->durable(flow->context, lane->topic, lane->partition);
}

/* What was emitted goes with its position or not at all: beyond `durable` it waits, else a crash
 * would write it again. */
static void gather_lane(struct flow *flow, struct lane *lane, int64_t durable)
{
    while (lane->first && lane->first->state == JOB_DONE &&
           flow->gathered_count < flow->limits.transaction_records) {
        struct job *job = lane->first;
        if (job->outputs && job->message->offset >= durable) return;
        if (!gather_job(flow, job)) return; /* short of memory: a smaller transaction */
        lane->done = job->message->offset + (MUTANT(offset_off_by_one) ? 0 : 1);
        lane->first = job->next;
        if (!lane->first) lane->last = NULL;
    }
}

bool flow_gather(struct flow *flow)
{
    flow->output_count = flow->own_count = flow->position_count = flow->gathered_count = 0;
    for (uint32_t i = 0; i < flow->lane_count; i++) {
        struct lane *lane = &flow->lanes[i];
        /* First: outputs without their position would be written again. */
        if (!array_fits(&flow->positions, &flow->position_capacity, flow->position_count + 1,
                        sizeof(struct bus_position)))
            break;
        int64_t durable = durable_position(flow, lane);
        gather_lane(flow, lane, durable);
        int64_t position = durable < lane->done ? durable : lane->done;
        if (position < 0 || position <= lane->committed) continue;
        flow->positions[flow->position_count++] = (struct bus_position){
            lane->topic, lane->partition, position};
    }
    bool kept = flow->position_count == 0 && flow->output_count == 0;
    if (flow->withholds ? flow->gathered_count > 0 : !kept) return true;
    /* kept by the worker: nothing to commit yet */
    if (kept && flow->gathered_count) flow_committed(flow);
    flow->position_count = 0;
    return false;
}

int flow_add_output(struct flow *flow, const struct bus_output *output, struct err *err)
{
    if (!array_fits(&flow->outputs, &flow->output_capacity, flow->output_count + 1, sizeof *output))
        return err_set(err, E_NO_MEMORY, NULL);
    flow->outputs[flow->output_count++] = *output;
    flow->own_count++;
    return E_OK;
}

/* --- a bus that takes less than we thought ---------------------------------------------------- */

static size_t largest_output(const struct job *job)
{
    size_t largest = 0;
    for (const struct job_output *output = job->outputs; output; output = output->next)
        if (output->bus.key.size + output->bus.value.size > largest)
            largest = output->bus.key.size + output->bus.value.size;
    return largest;
}

static struct job *largest_gathered(const struct flow *flow)
{
    struct job *largest = NULL;
    size_t size = 0;
    for (size_t i = 0; i < flow->gathered_count; i++) {
        size_t other = largest_output(flow->gathered[i]);
        if (other <= size) continue;
        size = other;
        largest = flow->gathered[i];
    }
    return largest;
}

/* A dead letter in place of what the job emitted, without the message's bytes. */
static int replace_by_letter(struct flow *flow, struct job *job, const struct err *cause,
                             struct err *err)
{
    if (!flow_give_scratch(flow, job)) return err_set(err, E_NO_MEMORY, NULL);
    job_reset(job);
    job->record = (struct record){0}; /* its memory has gone: once more what came in */
    bool readable = !flow->context->worker->raw &&
                    record_scan(job->message->value, job->arena, &job->record, NULL) == E_OK;
    if (!readable) job->record = (struct record){0};
    int rc = dead_letter_emit(job, E_TOO_LARGE, cause, 0, err);
    if (rc == E_OK && !flow_keep_outputs(job)) rc = err_set(err, E_NO_MEMORY, NULL);
    flow_take_scratch(flow, job);
    return rc;
}

int flow_refuse_largest(struct flow *flow, const struct err *cause, struct err *err)
{
    struct job *job = largest_gathered(flow);
    size_t before = job ? largest_output(job) : 0;
    int rc = job ? replace_by_letter(flow, job, cause, err) : E_OK;
    if (rc) return rc;
    if (!job || largest_output(job) >= before) return err_set(err, E_TOO_LARGE, "%s", cause->text);
    flow->counters.rejected++;
    flow->counters.dead_letters[E_TOO_LARGE]++;
    flow->output_count = flow->own_count = 0;
    for (size_t i = 0; i < flow->gathered_count; i++)
        if (!gather_outputs(flow, flow->gathered[i])) return err_set(err, E_NO_MEMORY, NULL);
    return E_OK;
}

/* --- the end of it ---------------------------------------------------------------------------- */

int64_t flow_committed_position(const struct flow *flow, enum topic topic, uint32_t partition)
{
    const struct lane *lane = flow_find_lane(flow, topic, partition);
    return lane ? lane->committed : -1;
}

void flow_committed(struct flow *flow)
{
    int64_t now_ms = clock_wall_ms(flow->context->clock);
    for (size_t i = 0; i < flow->position_count && !flow->withholds; i++) {
        struct lane *lane = flow_find_lane(flow, flow->positions[i].topic,
                                           flow->positions[i].partition);
        if (lane) lane->committed = flow->positions[i].offset;
    }
    flow->counters.outputs += flow->output_count - flow->own_count;
    for (size_t i = 0; i < flow->gathered_count; i++) {
        struct job *job = flow->gathered[i];
        if (i == 0)
            histogram_add(&flow->counters.age_seconds,
                          (double)(now_ms - job->message->timestamp_ms) * 1e-3,
                          flow->gathered_count);
        flow_job_gone(flow, job);
    }
    flow->output_count = flow->own_count = flow->position_count = flow->gathered_count = 0;
}

static void drop_lane(struct flow *flow, struct lane *lane)
{
    for (struct job *job = lane->first, *next; job; job = next) {
        next = job->next;
        flow->counters.dropped++;
        bool deferred = job->deferred; /* job_finish() will come, and let go of it */
        flow->waiting -= job->state == JOB_WAITING;
        job->state = JOB_DROPPED;
        if (!deferred) flow_job_gone(flow, job);
    }
    lane->first = lane->last = NULL;
    lane->done = lane->committed = -1;
}

void flow_drop_all(struct flow *flow)
{
    for (size_t i = 0; i < flow->gathered_count; i++) flow_job_gone(flow, flow->gathered[i]);
    flow->output_count = flow->own_count = flow->position_count = flow->gathered_count = 0;
    for (uint32_t i = 0; i < flow->lane_count; i++) drop_lane(flow, &flow->lanes[i]);
}
