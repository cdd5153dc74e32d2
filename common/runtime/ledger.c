/* What a commit does, written by that commit.
 *
 * For each partition that the gathered transaction moves, and each hour of its records: what was
 * read, what was made of it, what was dropped and what was refused, as counts and sums of ids. It
 * goes into the same transaction: so it is exactly as true as the outputs, and an aborted commit
 * leaves none. One pass over the gathered jobs; memory is the accounts', not the records'.
 *
 * At least once on Kafka most commits withhold their positions: what they did is kept, added up,
 * and told by the next that doesn't, before its positions are. So what a crash leaves untold is
 * read again. */
#include <stdlib.h>

#include "base/array.h"
#include "runtime/internal.h"

enum { ACCOUNTS_MAX = 1024 }; /* of one message, as schemas/ledger.def has it */

/* --- entries --------------------------------------------------------------------------------- */

static bool reserve(struct ledger_entries *entries, size_t count)
{
    return array_fits(&entries->items, &entries->capacity, count, sizeof *entries->items);
}

static bool copy(struct ledger_entries *to, const struct ledger_entries *from)
{
    if (!reserve(to, from->count)) return false;
    if (from->count) memcpy(to->items, from->items, from->count * sizeof *to->items);
    to->count = from->count;
    return true;
}

static bool is_of(const struct ledger_entry *entry, const struct bus_position *position)
{
    return entry->topic == position->topic && entry->partition == position->partition;
}

/* Backwards: a record is mostly of the partition and the hour of the one before it. */
static struct ledger_entry *entry_of(struct ledger_entries *entries,
                                     const struct bus_position *position, int64_t from,
                                     int64_t window)
{
    for (size_t i = entries->count; i > 0; i--) {
        struct ledger_entry *entry = &entries->items[i - 1];
        if (!is_of(entry, position)) continue;
        if (entry->window == window) return entry;
        from = entry->from; /* all of a partition tell the same offsets */
    }
    if (!reserve(entries, entries->count + 1)) return NULL;
    struct ledger_entry *entry = &entries->items[entries->count++];
    *entry = (struct ledger_entry){.topic = position->topic, .partition = position->partition,
                                   .from = from, .window = window};
    return entry;
}

/* Was it sent again by an operator? Outputs carry the marks of their message. */
static bool is_resent(const struct job *job)
{
    if (job->outputs) return job->outputs->bus.header_count > JOB_HEADERS;
    return header_find(job->message, STR(HEADER_REDRIVES)).data ||
           header_find(job->message, STR(HEADER_REPLAY)).data;
}

static void count_job(struct ledger_entry *entry, const struct job *job)
{
    bool refused = false;
    if (is_resent(job)) {
        ledger_add(&entry->resent, job->id_hash);
        return;
    }
    ledger_add(&entry->read, job->id_hash);
    for (const struct job_output *output = job->outputs; output; output = output->next) {
        enum topic topic = output->bus.topic;
        ledger_add(&entry->outputs[topic], ledger_hash(output->headers[JOB_HEADER_ID].value));
        refused |= topic == TOPIC_DEAD_LETTERS;
    }
    if (refused) ledger_add(&entry->refused, job->id_hash);
    if (!job->outputs) ledger_add(&entry->dropped, job->id_hash);
}

/* The gathered jobs stand in the order of the positions. */
static bool count_all(const struct flow *flow, struct ledger_entries *entries)
{
    size_t next = 0;
    for (size_t i = 0; i < flow->position_count; i++) {
        const struct bus_position *position = &flow->positions[i];
        int64_t from = flow_committed_position(flow, position->topic, position->partition);
        for (; next < flow->gathered_count; next++) {
            const struct job *job = flow->gathered[next];
            const struct bus_message *message = job->message;
            if (message->topic != position->topic || message->partition != position->partition)
                break;
            if (from < 0) from = message->offset;
            int64_t window = ledger_window(message->timestamp_ms);
            struct ledger_entry *entry = entry_of(entries, position, from, window);
            if (!entry) return false;
            count_job(entry, job);
        }
        for (size_t at = 0; at < entries->count; at++)
            if (is_of(&entries->items[at], position)) entries->items[at].to = position->offset;
    }
    return true;
}

/* --- as a message ---------------------------------------------------------------------------- */

static bool fill_outputs(const struct ledger_entry *entry, struct account *account,
                         struct arena *arena)
{
    struct posting_list list = {.items = ARENA_ARRAY(arena, struct posting, TOPIC_COUNT)};
    if (!list.items) return false;
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const struct ledger_sum *sum = &entry->outputs[i];
        if (!sum->records) continue;
        struct posting *posting = &list.items[list.count++];
        shape_set(posting, posting, topic, str_of(topic_info((enum topic)i)->name));
        shape_set(posting, posting, records, sum->records);
        shape_set(posting, posting, ids, ledger_ids_text(sum->ids, arena));
        if (!posting->ids.data) return false;
    }
    if (list.count) shape_set(account, account, outputs, list);
    return true;
}

static bool fill_account(const struct ledger_entry *entry, struct account *account,
                         struct arena *arena)
{
    struct str read = ledger_ids_text(entry->read.ids, arena);
    struct str dropped = ledger_ids_text(entry->dropped.ids, arena);
    struct str refused = ledger_ids_text(entry->refused.ids, arena);
    struct str resent = ledger_ids_text(entry->resent.ids, arena);
    if (!read.data || !dropped.data || !refused.data || !resent.data) return false;
    shape_set(account, account, topic, str_of(topic_info(entry->topic)->name));
    shape_set(account, account, partition, entry->partition);
    shape_set(account, account, from, (uint64_t)entry->from);
    shape_set(account, account, to, (uint64_t)entry->to);
    shape_set(account, account, window, entry->window);
    shape_set(account, account, records, entry->read.records);
    shape_set(account, account, ids, read);
    if (entry->dropped.records) {
        shape_set(account, account, dropped, entry->dropped.records);
        shape_set(account, account, dropped_ids, dropped);
    }
    if (entry->refused.records) {
        shape_set(account, account, refused, entry->refused.records);
        shape_set(account, account, refused_ids, refused);
    }
    if (entry->resent.records) {
        shape_set(account, account, resent, entry->resent.records);
        shape_set(account, account, resent_ids, resent);
    }
    return fill_outputs(entry, account, arena);
}

static int add_message(struct runtime *runtime, const struct ledger_entry *entries, size_t count,
                       struct err *err)
{
    struct arena *arena = &runtime->status_arena;
    struct account_list accounts = {.items = ARENA_ARRAY(arena, struct account, count),
                                    .count = (uint32_t)count};
    struct ledger ledger = {0};
    struct bus_output output;
    if (!accounts.items) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < count; i++)
        if (!fill_account(&entries[i], &accounts.items[i], arena))
            return err_set(err, E_NO_MEMORY, NULL);
    shape_set(ledger, &ledger, worker, str_of(runtime->worker->name));
    shape_set(ledger, &ledger, member, str_of(runtime->member));
    shape_set(ledger, &ledger, at, clock_wall_ms(runtime->context.clock));
    if (count) shape_set(ledger, &ledger, accounts, accounts);
    if (!status_message(runtime, TOPIC_LEDGER, SECTION_LEDGER, &ledger, ledger.at, &output))
        return err_set(err, E_NO_MEMORY, NULL);
    return flow_add_output(&runtime->flow, &output, err);
}

bool ledger_is_kept(const struct runtime *runtime)
{
    return runtime->options.ledger && !runtime->worker->durable;
}

int ledger_add_gathered(struct runtime *runtime, struct err *err)
{
    struct ledger_entries *counted = &runtime->counted;
    int rc = E_OK;
    if (!ledger_is_kept(runtime)) return E_OK;
    if (!copy(counted, &runtime->untold) || !count_all(&runtime->flow, counted))
        return err_set(err, E_NO_MEMORY, NULL);
    if (runtime->flow.withholds) return E_OK;
    for (size_t at = 0; rc == E_OK && at < counted->count; at += ACCOUNTS_MAX) {
        size_t left = counted->count - at;
        rc = add_message(runtime, counted->items + at, left < ACCOUNTS_MAX ? left : ACCOUNTS_MAX,
                         err);
    }
    return rc;
}

void ledger_committed(struct runtime *runtime)
{
    struct ledger_entries before = runtime->untold;
    runtime->untold = runtime->counted;
    runtime->counted = before;
    runtime->counted.count = 0;
    if (!runtime->flow.withholds) runtime->untold.count = 0;
}

void ledger_forget(struct runtime *runtime) { runtime->untold.count = runtime->counted.count = 0; }

void ledger_deinit(struct runtime *runtime)
{
    free(runtime->untold.items);
    free(runtime->counted.items);
}

int ledger_add_silence(struct runtime *runtime, struct err *err)
{
    return ledger_is_kept(runtime) ? add_message(runtime, NULL, 0, err) : E_OK;
}
