/* Partitions as logs: an entry an offset, markers of transactions included; what is open hides all
 * that lies behind it. */
#include <string.h>

#include "tests/sim/bus.h"

enum { TRANSACTION_TIMEOUT_S = 60 };

struct log sim_logs[TOPIC_COUNT][SIM_PARTITIONS_MAX];
static struct transactional *transactionals;

/* --- entries --------------------------------------------------------------------------------- */

static struct entry *add(enum topic topic, uint32_t partition)
{
    struct log *log = &sim_logs[topic][partition];
    if (log->count == log->capacity) {
        log->capacity = log->capacity ? 2 * log->capacity : 32;
        log->entries = realloc(log->entries, log->capacity * sizeof *log->entries);
        if (!log->entries) abort();
    }
    struct entry *entry = &log->entries[log->count];
    *entry = (struct entry){.message = {.topic = topic, .partition = partition,
                                        .offset = (int64_t)log->count},
                            .written_ns = sim.now_ns};
    log->count++;
    return entry;
}

static void stir_later(void *user)
{
    (void)user;
    bus_stir();
}

/* Copied now, as it goes over the wire now: whose memory is gone by then, ASan tells. */
void log_append(const struct bus_output *output, struct transaction *transaction)
{
    uint32_t partition = bus_partition_of(output->key, sim.partitions);
    struct entry *entry = add(output->topic, partition);
    struct bus_header *headers =
        sim_alloc((output->header_count + 1) * sizeof *headers);
    for (uint32_t i = 0; i < output->header_count; i++)
        headers[i] = (struct bus_header){sim_copy(output->headers[i].name),
                                         sim_copy(output->headers[i].value)};
    entry->message.timestamp_ms = output->timestamp_ms;
    entry->message.key = sim_copy(output->key);
    entry->message.value = sim_copy(output->value);
    entry->message.headers = headers;
    entry->message.header_count = output->header_count;
    entry->transaction = transaction;
    if (transaction) transaction->touched[output->topic][partition] = true;
    if (chance(FAULT_FETCH_LATE)) {
        entry->visible_ns = sim.now_ns + (int64_t)chance_below(FAULT_FETCH_LATE, 2000) * MS;
        sim_at(entry->visible_ns, stir_later, NULL);
    }
    trace("append %s/%u@%lld%s", topic_info(output->topic)->name, partition,
          (long long)entry->message.offset, transaction ? " (transaction)" : "");
    bus_stir();
}

bool log_is_data(const struct entry *entry)
{
    return !entry->marker &&
           (!entry->transaction || entry->transaction->outcome == OUTCOME_COMMITTED);
}

const struct entry *log_next(enum topic topic, uint32_t partition, int64_t *position)
{
    const struct log *log = &sim_logs[topic][partition];
    for (; (size_t)*position < log->count; (*position)++) {
        const struct entry *entry = &log->entries[*position];
        if (entry->visible_ns > sim.now_ns) return NULL;
        if (entry->marker) continue;
        if (entry->transaction && entry->transaction->outcome == OUTCOME_OPEN) return NULL;
        if (log_is_data(entry)) return entry;
    }
    return NULL;
}

int64_t log_reach(enum topic topic, uint32_t partition)
{
    const struct log *log = &sim_logs[topic][partition];
    for (size_t i = log->count; i > 0; i--)
        if (log_is_data(&log->entries[i - 1])) return (int64_t)i;
    return 0;
}

void logs_free(void)
{
    for (int i = 0; i < TOPIC_COUNT; i++)
        for (int j = 0; j < SIM_PARTITIONS_MAX; j++) {
            free(sim_logs[i][j].entries);
            sim_logs[i][j] = (struct log){0};
        }
    transactionals = NULL;
}

/* --- transactions ---------------------------------------------------------------------------- */

struct transactional *transactional_get(const char *id)
{
    struct transactional *transactional = transactionals;
    while (transactional && strcmp(transactional->id, id) != 0) transactional = transactional->next;
    if (transactional) return transactional;
    transactional = sim_alloc(sizeof *transactional);
    snprintf(transactional->id, sizeof transactional->id, "%s", id);
    transactional->next = transactionals;
    return transactionals = transactional;
}

uint32_t transactional_init(struct transactional *transactional)
{
    if (transactional->open) transaction_end(transactional->open, OUTCOME_ABORTED);
    return ++transactional->epoch;
}

static void on_timeout(void *user)
{
    struct transaction *transaction = user;
    if (transaction->outcome != OUTCOME_OPEN) return;
    trace("the transaction of %s has timed out", transaction->owner->id);
    transactional_init(transaction->owner);
}

struct transaction *transaction_begin(struct transactional *transactional)
{
    struct transaction *transaction = sim_alloc(sizeof *transaction);
    transaction->owner = transactional;
    transactional->open = transaction;
    sim_after(TRANSACTION_TIMEOUT_S * SECONDS, on_timeout, transaction);
    return transaction;
}

static void apply(const struct pending *pending, enum outcome outcome)
{
    enum topic topic = pending->position.topic;
    uint32_t partition = pending->position.partition;
    pending->group->unstable[topic][partition]--;
    if (outcome != OUTCOME_COMMITTED) return;
    pending->group->committed[topic][partition] = pending->position.offset;
    trace("%s is at %s/%u@%lld", pending->group->name, topic_info(topic)->name, partition,
          (long long)pending->position.offset);
}

void transaction_end(struct transaction *transaction, enum outcome outcome)
{
    transaction->outcome = outcome;
    transaction->owner->open = NULL;
    trace("%s of %s", outcome == OUTCOME_COMMITTED ? "commit" : "abort", transaction->owner->id);
    for (const struct pending *pending = transaction->pending; pending; pending = pending->next)
        apply(pending, outcome);
    for (int i = 0; i < TOPIC_COUNT; i++)
        for (uint32_t j = 0; j < sim.partitions; j++)
            if (transaction->touched[i][j]) add((enum topic)i, j)->marker = true;
    bus_stir();
}
