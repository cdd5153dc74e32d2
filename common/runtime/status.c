/* How far behind a worker is: for its metrics, and for everybody on the audit topic.
 *
 * There, news are told at each `status_every`: records came, or the backlog changed. Where nothing
 * does, heartbeats follow, at ever longer intervals up to half a minute, so that whoever looks
 * knows that the worker is there. They are marked and not archived (workers/logsink): a system
 * where nothing happens doesn't fill its archive. Once an hour a status counts as news all the
 * same, and so the archive and the ledger tell silence from absence. */
#include <stdlib.h>

#include "base/log.h"
#include "runtime/internal.h"

static uint64_t backlog_records(const struct runtime *runtime)
{
    uint64_t records = runtime->flow.in_flight;
    for (size_t i = 0; i < runtime->backlog_count; i++) records += runtime->backlog[i].records;
    return records;
}

/* Nothing can bring them back, so it is said at once: without it only `verify` would tell. */
static void tell_missed(struct runtime *runtime)
{
    struct log_event event;
    uint64_t missed = bus_missed(runtime->consumer);
    if (missed == runtime->missed) return;
    log_begin(&event, LOG_ERROR, runtime->worker->name,
              "messages were deleted before they were read: retention is shorter than the backlog");
    log_add(&event, "messages", "%llu", (unsigned long long)(missed - runtime->missed));
    log_end(&event);
    runtime->missed = missed;
}

void status_refresh(struct runtime *runtime)
{
    tell_missed(runtime);
    size_t count = bus_backlog(runtime->consumer, runtime->backlog, runtime->backlog_capacity);
    if (count > runtime->backlog_capacity) {
        struct bus_backlog *grown = realloc(runtime->backlog, count * sizeof *grown);
        if (!grown) return; /* the old figures stay for a second */
        runtime->backlog = grown;
        runtime->backlog_capacity = count;
        count = bus_backlog(runtime->consumer, runtime->backlog, count);
    }
    runtime->backlog_count = count < runtime->backlog_capacity ? count : runtime->backlog_capacity;
    atomic_store(&runtime->progress.backlog_records, backlog_records(runtime));
}

uint64_t worker_backlog(struct worker_context *context)
{
    if (!context->bus) return 0; /* no runtime is around it */
    return backlog_records(
        (struct runtime *)((char *)context - offsetof(struct runtime, context)));
}

double status_backlog_seconds(const struct runtime *runtime, enum topic topic)
{
    int64_t oldest_ms = 0, now_ms = clock_wall_ms(runtime->context.clock);
    for (size_t i = 0; i < runtime->backlog_count; i++) {
        const struct bus_backlog *item = &runtime->backlog[i];
        if (topic != TOPIC_NONE && item->topic != topic) continue;
        if (item->oldest_ms && (!oldest_ms || item->oldest_ms < oldest_ms))
            oldest_ms = item->oldest_ms;
    }
    return oldest_ms && oldest_ms < now_ms ? (double)(now_ms - oldest_ms) * 1e-3 : 0;
}

/* --- on the audit topic ----------------------------------------------------------------------- */

enum { HEARTBEAT_MOST_MS = 30000, NEWS_EVERY_MS = 3600000 };

/* logsink reads everybody's: its own reading of what it told itself is no news. */
static bool is_of_customers(enum topic topic)
{
    return topic != TOPIC_AUDIT && topic != TOPIC_LEDGER;
}

void status_count(struct runtime *runtime, const struct bus_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        runtime->taken += is_of_customers(batch->messages[i].topic);
}

static uint64_t waiting_records(const struct runtime *runtime)
{
    uint64_t records = 0;
    for (size_t i = 0; i < runtime->backlog_count; i++)
        if (is_of_customers(runtime->backlog[i].topic)) records += runtime->backlog[i].records;
    return records;
}

enum status_due status_due(struct runtime *runtime, int64_t now_ms)
{
    const struct status_told *told = &runtime->told;
    if (!told->any) return STATUS_NEWS;
    if (now_ms - told->told_ms < runtime->options.status_every) return STATUS_NOT_DUE;
    if (told->taken != runtime->taken || told->waiting != waiting_records(runtime) ||
        now_ms - told->news_ms >= NEWS_EVERY_MS)
        return STATUS_NEWS;
    return now_ms - told->told_ms >= told->wait_ms ? STATUS_HEARTBEAT : STATUS_NOT_DUE;
}

static void note_told(struct runtime *runtime, enum status_due due, int64_t now_ms)
{
    struct status_told *told = &runtime->told;
    int64_t every_ms = runtime->options.status_every;
    int64_t most_ms = every_ms > HEARTBEAT_MOST_MS ? every_ms : HEARTBEAT_MOST_MS;
    told->told_ms = now_ms;
    if (due == STATUS_HEARTBEAT) {
        told->wait_ms = told->wait_ms < most_ms / 2 ? told->wait_ms * 2 : most_ms;
        return;
    }
    *told = (struct status_told){.any = true, .told_ms = now_ms, .news_ms = now_ms,
                                 .wait_ms = every_ms, .taken = runtime->taken,
                                 .waiting = waiting_records(runtime)};
}

static void add_detail(struct str_map *map, const char *name, struct str text)
{
    if (text.data) map->items[map->count++] = (struct str_pair){str_of(name), text};
}

static bool fill_audit(struct runtime *runtime, struct arena *arena, struct audit *audit)
{
    const struct flow_counters *counters = &runtime->flow.counters;
    struct str_map map = {.items = ARENA_ARRAY(arena, struct str_pair, 8)};
    if (!map.items) return false;
    add_detail(&map, "worker", str_of(runtime->worker->name));
    add_detail(&map, "backlog_records",
               arena_printf(arena, "%llu", (unsigned long long)backlog_records(runtime)));
    add_detail(&map, "backlog_seconds",
               arena_printf(arena, "%.1f", status_backlog_seconds(runtime, TOPIC_NONE)));
    add_detail(&map, "done", arena_printf(arena, "%llu", (unsigned long long)counters->done));
    add_detail(&map, "rejected",
               arena_printf(arena, "%llu", (unsigned long long)counters->rejected));
    add_detail(&map, "in_flight", arena_printf(arena, "%u", runtime->flow.in_flight));
    shape_set(audit, audit, actor, str_of(runtime->member));
    shape_set(audit, audit, action, STR("status"));
    shape_set(audit, audit, at, clock_wall_ms(runtime->context.clock));
    shape_set(audit, audit, detail, map);
    return true;
}

bool status_message(struct runtime *runtime, enum topic topic, enum section section,
                    const void *value, int64_t timestamp_ms, struct bus_output *ret_output)
{
    struct arena *arena = &runtime->status_arena;
    struct record record = {.version = RECORD_VERSION};
    struct uuid_generator generator = {.clock = runtime->context.clock, .random = &runtime->random};
    struct str bytes;
    char *id = arena_alloc(arena, UUID_TEXT_BYTES), *trace = arena_alloc(arena, TRACE_TEXT_BYTES);
    struct bus_header *headers = ARENA_ARRAY(arena, struct bus_header, JOB_HEADERS + 1);
    if (!id || !trace || !headers) return false;
    uuid_next(&generator, id);
    trace_alone(&runtime->random, trace);
    record.id = str_of(id);
    if (record_put(&record, section, value, arena, NULL) ||
        record_write(&record, arena, &bytes, NULL))
        return false;
    headers_fill(headers, topic, runtime->worker->name, record.id, str_of(trace));
    headers[JOB_HEADERS] = (struct bus_header){STR(HEADER_HEARTBEAT), STR("1")}; /* not counted */
    *ret_output = (struct bus_output){
        .topic = topic, .timestamp_ms = timestamp_ms, .key = str_of(runtime->member),
        .value = bytes, .headers = headers, .header_count = JOB_HEADERS};
    return true;
}

bool status_gather(struct runtime *runtime, enum status_due due, int64_t now_ms,
                   struct bus_output *ret_output)
{
    struct audit audit = {0};
    note_told(runtime, due, now_ms);
    if (!fill_audit(runtime, &runtime->status_arena, &audit) ||
        !status_message(runtime, TOPIC_AUDIT, SECTION_AUDIT, &audit, audit.at, ret_output))
        return false;
    if (due == STATUS_HEARTBEAT) ret_output->header_count++; /* the mark */
    return true;
}
