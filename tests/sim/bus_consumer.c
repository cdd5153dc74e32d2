/* Reading: batches of copies, which go when they are released, so that ASan tells who keeps a view
 * for too long; and what else a bus does for one process. */
#include <string.h>

#include "tests/sim/bus.h"

struct sim_consumer *sim_consumers;

struct batch_memory {
    struct arena arena;
};

bool bus_reachable(const struct process *process)
{
    return sim.now_ns >= sim.broker_down_until_ns && sim.now_ns >= process->cut_until_ns;
}

void bus_stir(void)
{
    for (struct sim_consumer *consumer = sim_consumers; consumer; consumer = consumer->next)
        fd_raise(consumer->fd);
}

/* --- the bus --------------------------------------------------------------------------------- */

int sim_bus_open(void *user, const struct config *config, const struct clock *clock,
                 struct bus **ret_bus, struct err *err)
{
    struct sim_bus *bus = calloc(1, sizeof *bus);
    (void)config, (void)clock, (void)err;
    if (!bus) abort();
    *bus = (struct sim_bus){.base = {&sim_backend}, .process = user};
    *ret_bus = &bus->base;
    return E_OK;
}

static void close_bus(struct bus *bus) { free(bus); }

static const char *description(const struct bus *bus)
{
    (void)bus;
    return "simulated";
}

static int topic_create(struct bus *bus, enum topic topic,
                        const struct bus_topic_settings *settings, bool *ret_created,
                        struct err *err)
{
    (void)bus, (void)topic, (void)settings, (void)err;
    *ret_created = false;
    return E_OK;
}

static int topic_describe(struct bus *bus, enum topic topic, struct bus_topic_state *ret_state,
                          struct err *err)
{
    (void)bus, (void)err;
    *ret_state = (struct bus_topic_state){.partitions = sim.partitions};
    for (uint32_t i = 0; i < sim.partitions; i++) ret_state->records += sim_logs[topic][i].count;
    return E_OK;
}

static int lag(struct bus *base, const char *name, enum topic topic, struct bus_lag *ret_lag,
               struct err *err)
{
    const struct process *process = ((struct sim_bus *)base)->process;
    struct bus_lag sum = {0};
    fiber_sleep((int64_t)random_below(&sim.order, 5) * MS);
    if (!effect("lag") || !bus_reachable(process)) {
        fiber_sleep(5 * SECONDS);
        return err_set(err, E_UNAVAILABLE, "no broker answers");
    }
    for (uint32_t i = 0; i < sim.partitions; i++) {
        const struct log *log = &sim_logs[topic][i];
        int64_t committed = group_get(name)->committed[topic][i];
        sum.written += log->count;
        for (size_t j = committed > 0 ? (size_t)committed : 0; j < log->count; j++)
            sum.records += log_is_data(&log->entries[j]);
    }
    *ret_lag = sum;
    return E_OK;
}

/* --- what a consumer has --------------------------------------------------------------------- */

static void own(struct sim_consumer *consumer, enum topic topic, uint32_t partition,
                int64_t position)
{
    consumer->owned[consumer->owned_count++] = (struct owned){topic, partition, position};
}

static void tell(struct sim_consumer *consumer,
                 void (*call)(void *, const struct bus_position *, size_t))
{
    struct bus_position positions[TOPIC_COUNT * SIM_PARTITIONS_MAX];
    for (size_t i = 0; i < consumer->owned_count; i++)
        positions[i] = (struct bus_position){consumer->owned[i].topic,
                                             consumer->owned[i].partition,
                                             consumer->owned[i].position};
    if (call && consumer->owned_count)
        call(consumer->subscription.user, positions, consumer->owned_count);
}

void consumer_revoke(struct sim_consumer *consumer, bool lost)
{
    if (consumer->owned_count)
        trace("%zu partitions are %s", consumer->owned_count, lost ? "lost" : "revoked");
    consumer->lost = lost;
    tell(consumer, consumer->subscription.on_revoked);
    consumer->lost = false;
    if (!lost) tellings_settle(consumer);
    tellings_forget(consumer);
    consumer->owned_count = 0;
}

void consumer_assign(struct sim_consumer *consumer)
{
    for (int i = 0; i < TOPIC_COUNT; i++)
        for (uint32_t j = 0; j < sim.partitions; j++)
            if (consumer->topics >> i & 1 && consumer->group->owner[i][j] == consumer->member_id)
                own(consumer, (enum topic)i, j, -1);
    trace("%zu partitions are assigned", consumer->owned_count);
    tell(consumer, consumer->subscription.on_assigned);
}

static int subscribe(struct bus *base, const struct bus_subscription *subscription,
                     struct bus_consumer **ret_consumer, struct err *err)
{
    struct sim_bus *bus = (struct sim_bus *)base;
    struct sim_consumer *consumer = calloc(1, sizeof *consumer);
    char id[96];
    (void)err;
    if (!consumer) abort();
    consumer->base.backend = &sim_backend;
    consumer->process = bus->process;
    consumer->subscription = *subscription;
    consumer->withholds_since_ns = -1;
    consumer->fd = fd_open();
    for (size_t i = 0; i < subscription->topic_count; i++)
        consumer->topics |= 1u << subscription->topics[i];
    consumer->next = sim_consumers;
    sim_consumers = consumer;
    if (subscription->group) {
        consumer->group = group_get(subscription->group);
        consumer->group->topics = consumer->topics;
        snprintf(id, sizeof id, "%.40s.%.40s", subscription->member, subscription->group);
        consumer->transactional = transactional_get(id);
    }
    for (int i = 0; i < TOPIC_COUNT && !subscription->group; i++)
        for (uint32_t j = 0; j < sim.partitions; j++)
            if (consumer->topics >> i & 1)
                own(consumer, (enum topic)i, j,
                    subscription->start == BUS_LATEST ? (int64_t)sim_logs[i][j].count : 0);
    fd_raise(consumer->fd);
    *ret_consumer = &consumer->base;
    return E_OK;
}

static void unsubscribe(struct bus_consumer *base)
{
    struct sim_consumer *consumer = consumer_of(base), **link = &sim_consumers;
    if (process_is_alive(consumer->process)) tellings_settle(consumer);
    if (consumer->group && process_is_alive(consumer->process) && bus_reachable(consumer->process))
        group_leave(consumer);
    for (uint32_t i = 0; i < sim_group_count; i++) {
        struct member *member = group_find(&sim_groups[i], consumer->member_id);
        if (!member || member->consumer != consumer) continue;
        member->consumer = NULL; /* until its session is over */
        groups_watch();
    }
    while (*link != consumer) link = &(*link)->next;
    *link = consumer->next;
    fd_close(consumer->fd);
    free(consumer);
}

/* --- poll ------------------------------------------------------------------------------------ */

/* False: its committed position can't be known yet, as a transaction with it is open. */
static bool find_position(const struct sim_consumer *consumer, struct owned *owned)
{
    if (owned->position >= 0) return true;
    if (!bus_reachable(consumer->process)) return false;
    if (consumer->group->unstable[owned->topic][owned->partition]) return false;
    int64_t committed = consumer->group->committed[owned->topic][owned->partition];
    owned->position = committed >= 0 ? committed : 0;
    return true;
}

static void copy_message(struct batch_memory *memory, const struct bus_message *message,
                         struct bus_message *out)
{
    struct bus_header *headers =
        ARENA_ARRAY(&memory->arena, struct bus_header, message->header_count + 1);
    *out = *message;
    out->key = arena_copy(&memory->arena, message->key);
    out->value = arena_copy(&memory->arena, message->value);
    for (uint32_t i = 0; i < message->header_count; i++) headers[i] = message->headers[i];
    out->headers = headers;
}

static void fill(struct sim_consumer *consumer, uint32_t most, struct bus_batch *batch)
{
    struct batch_memory *memory = calloc(1, sizeof *memory);
    size_t first = consumer->owned_count ? random_below(&sim.order, consumer->owned_count) : 0;
    if (!memory) abort();
    batch->messages = ARENA_ARRAY(&memory->arena, struct bus_message, most);
    for (size_t i = 0; i < consumer->owned_count; i++) {
        struct owned *owned = &consumer->owned[(first + i) % consumer->owned_count];
        if (!find_position(consumer, owned)) continue;
        while (batch->count < most) {
            const struct entry *entry =
                log_next(owned->topic, owned->partition, &owned->position);
            if (!entry) break;
            copy_message(memory, &entry->message, &batch->messages[batch->count++]);
            owned->position++;
        }
    }
    batch->handle = memory;
    if (batch->count == most) fd_raise(consumer->fd);
    if (batch->count) {
        trace("reads %u", batch->count);
        return;
    }
    arena_deinit(&memory->arena);
    free(memory);
    *batch = (struct bus_batch){0};
}

static int poll_bus(struct bus_consumer *base, uint32_t max_records, size_t max_bytes,
                    struct bus_batch *ret_batch, struct err *err)
{
    struct sim_consumer *consumer = consumer_of(base);
    int rc = E_OK;
    (void)max_bytes;
    *ret_batch = (struct bus_batch){0};
    fd_lower(consumer->fd);
    if (!effect("poll")) return err_set(err, E_UNAVAILABLE, "dead");
    tellings_go_on(consumer);
    bool reachable = bus_reachable(consumer->process);
    if (chance(FAULT_POLL_FAILS) || (!reachable && random_below(&sim.order, 2)))
        return err_set(err, E_UNAVAILABLE, "no broker answers");
    if (consumer->group && reachable) rc = group_serve(consumer, err);
    if (rc || consumer->paused || !process_is_alive(consumer->process)) return rc;
    fill(consumer, max_records, ret_batch); /* out of reach: what has been fetched before */
    return E_OK;
}

static void release(struct bus_consumer *base, struct bus_batch *batch)
{
    struct batch_memory *memory = batch->handle;
    (void)base;
    arena_deinit(&memory->arena);
    free(memory);
}

static void pause_consumer(struct bus_consumer *base, bool paused)
{
    consumer_of(base)->paused = paused;
    if (!paused) fd_raise(consumer_of(base)->fd);
}

/* --- positions ------------------------------------------------------------------------------- */

static int rewind_consumer(struct bus_consumer *base, struct err *err)
{
    struct sim_consumer *consumer = consumer_of(base);
    if (!effect("rewind")) return err_set(err, E_UNAVAILABLE, "dead");
    tellings_settle(consumer);
    tellings_forget(consumer);
    if (chance(FAULT_REWIND_FAILS) || !bus_reachable(consumer->process))
        return err_set(err, E_UNAVAILABLE, "committed positions can't be read");
    for (size_t i = 0; i < consumer->owned_count; i++)
        if (consumer->group->unstable[consumer->owned[i].topic][consumer->owned[i].partition])
            return err_set(err, E_UNAVAILABLE, "a transaction is open");
    for (size_t i = 0; i < consumer->owned_count; i++) {
        consumer->owned[i].position = -1;
        find_position(consumer, &consumer->owned[i]);
    }
    trace("goes back to what is committed");
    fd_raise(consumer->fd);
    return E_OK;
}

static int seek(struct bus_consumer *base, const struct bus_position *position, struct err *err)
{
    struct sim_consumer *consumer = consumer_of(base);
    for (size_t i = 0; i < consumer->owned_count; i++) {
        struct owned *owned = &consumer->owned[i];
        if (owned->topic != position->topic || owned->partition != position->partition) continue;
        owned->position = position->offset;
        return E_OK;
    }
    return err_set(err, E_NOT_FOUND, "not assigned");
}

static struct bus_backlog backlog_of(const struct owned *owned)
{
    const struct log *log = &sim_logs[owned->topic][owned->partition];
    struct bus_backlog backlog = {.topic = owned->topic, .partition = owned->partition,
                                  .position = owned->position > 0 ? owned->position : 0,
                                  .end = (int64_t)log->count};
    for (size_t i = (size_t)backlog.position; i < log->count; i++) {
        if (!log_is_data(&log->entries[i])) continue;
        if (backlog.records++ == 0) backlog.oldest_ms = log->entries[i].message.timestamp_ms;
    }
    return backlog;
}

static size_t backlog(struct bus_consumer *base, struct bus_backlog *out, size_t max)
{
    struct sim_consumer *consumer = consumer_of(base);
    for (size_t i = 0; i < consumer->owned_count && i < max; i++)
        out[i] = backlog_of(&consumer->owned[i]);
    return consumer->owned_count;
}

static bool answers(struct bus_consumer *base) { return bus_reachable(consumer_of(base)->process); }

static uint64_t missed(struct bus_consumer *base) /* without retention nothing is */
{
    (void)base;
    return 0;
}

static int wake_fd(const struct bus_consumer *base)
{
    return ((const struct sim_consumer *)base)->fd;
}

const struct bus_backend sim_backend = {
    .positions_apart = true,
    .close = close_bus,
    .description = description,
    .topic_create = topic_create,
    .topic_describe = topic_describe,
    .lag = lag,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .wake_fd = wake_fd,
    .poll = poll_bus,
    .release = release,
    .pause = pause_consumer,
    .commit = sim_commit,
    .rewind = rewind_consumer,
    .seek = seek,
    .backlog = backlog,
    .missed = missed,
    .answers = answers,
    .producer_open = sim_producer_open,
    .producer_close = sim_producer_close,
    .produce = sim_produce,
    .producer_wake_fd = sim_producer_wake_fd,
    .producer_poll = sim_producer_poll,
    .producer_flush = sim_producer_flush,
};
