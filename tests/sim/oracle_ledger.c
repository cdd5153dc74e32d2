/* The ledger against the topics: what the workers say that their commits did is what there is. For
 * each worker and partition: spans one behind the other, as many records as were there to read; for
 * each topic: as many outputs as the topic has. */
#include <string.h>

#include "tests/sim/bus.h"
#include "tests/sim/oracle.h"

static struct arena arena;
static uint64_t written[TOPIC_COUNT]; /* by all workers, as they say */

struct sums {
    uint64_t read, to; /* of one partition */
};
static struct sums sums[SIM_GROUPS][TOPIC_COUNT][SIM_PARTITIONS_MAX];

static int group_number(struct str worker)
{
    for (uint32_t i = 0; i < sim_group_count; i++)
        if (str_equal(worker, str_of(sim_groups[i].name))) return (int)i;
    return -1;
}

static void take_account(int group, const struct account *account, const struct entry *entry)
{
    enum topic topic = topic_by_name(account->topic);
    if (group < 0 || topic == TOPIC_NONE || account->partition >= sim.partitions) {
        broken("ledger/%u@%lld: an account of what isn't there", entry->message.partition,
               (long long)entry->message.offset);
        return;
    }
    struct sums *sum = &sums[group][topic][account->partition];
    sum->read += account->records + account->resent;
    if (account->to > sum->to) sum->to = account->to;
    for (uint32_t i = 0; i < account->outputs.count; i++) {
        const struct posting *posting = &account->outputs.items[i];
        if (topic_by_name(posting->topic) != TOPIC_NONE)
            written[topic_by_name(posting->topic)] += posting->records;
    }
}

static void take_entry(const struct entry *entry)
{
    struct record record;
    struct ledger ledger;
    struct err err;
    arena_reset(&arena);
    if (record_scan(entry->message.value, &arena, &record, &err) ||
        record_decode(&record, SECTION_LEDGER, &ledger, &arena, &err)) {
        broken("ledger/%u@%lld: %s", entry->message.partition, (long long)entry->message.offset,
               err.text);
        return;
    }
    for (uint32_t i = 0; i < ledger.accounts.count; i++)
        take_account(group_number(ledger.worker), &ledger.accounts.items[i], entry);
}

static uint64_t count_data(enum topic topic, uint32_t partition, uint64_t end, bool poison)
{
    const struct log *log = &sim_logs[topic][partition];
    uint64_t count = 0;
    for (size_t i = 0; i < log->count && i < end; i++)
        if (log_is_data(&log->entries[i]) &&
            (poison || log->entries[i].message.value.data[0] != '\xc1'))
            count++;
    return count;
}

static void check_read(uint32_t group, enum topic topic, uint32_t partition)
{
    const struct sums *sum = &sums[group][topic][partition];
    uint64_t there = count_data(topic, partition, sum->to, true);
    bool agrees = sim_once() ? sum->read == there : sum->read >= there;
    if (!agrees || log_reach(topic, partition) > (int64_t)sum->to)
        broken("ledger: %s has read %llu records of %s/%u up to %llu; there are %llu, up to %lld",
               sim_groups[group].name, (unsigned long long)sum->read, topic_info(topic)->name,
               partition, (unsigned long long)sum->to, (unsigned long long)there,
               (long long)log_reach(topic, partition));
}

static void check_written(enum topic topic)
{
    uint64_t there = 0;
    for (uint32_t i = 0; i < sim.partitions; i++) there += count_data(topic, i, UINT64_MAX, false);
    if (there != written[topic] && sim_once())
        broken("ledger: %llu records were written to %s; there are %llu",
               (unsigned long long)written[topic], topic_info(topic)->name,
               (unsigned long long)there);
}

void oracle_ledger(void)
{
    static const enum topic topics[] = {TOPIC_DOCUMENTS, TOPIC_SAFETY,   TOPIC_FEATURES,
                                        TOPIC_SEGMENTS,  TOPIC_INSIGHTS, TOPIC_DEAD_LETTERS};
    memset(sums, 0, sizeof sums);
    memset(written, 0, sizeof written);
    for (uint32_t i = 0; i < sim.partitions; i++)
        for (size_t j = 0; j < sim_logs[TOPIC_LEDGER][i].count && !sim.failed; j++)
            if (log_is_data(&sim_logs[TOPIC_LEDGER][i].entries[j]))
                take_entry(&sim_logs[TOPIC_LEDGER][i].entries[j]);
    for (uint32_t i = 0; i < sim_group_count && !sim.failed; i++)
        for (int j = 0; j < TOPIC_COUNT && strcmp(sim_groups[i].name, "logsink") != 0; j++)
            for (uint32_t k = 0; k < sim.partitions && sim_groups[i].topics >> j & 1; k++)
                check_read(i, (enum topic)j, k);
    for (size_t i = 0; i < sizeof topics / sizeof *topics && !sim.failed; i++)
        check_written(topics[i]);
    arena_deinit(&arena);
    arena = (struct arena){0};
}
