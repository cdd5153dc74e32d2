/* Which faults a schedule has, and when. */
#include <string.h>

#include "tests/sim/sim.h"

uint64_t sim_fault_counts[FAULT_COUNT];
bool sim_without[FAULT_COUNT], sim_at_least_once;

static const char *const names[FAULT_COUNT] = {
#define FAULT(id, name, what) [FAULT_##id] = name,
#include "tests/sim/faults.def"
#undef FAULT
};

const char *fault_name(enum fault fault) { return names[fault]; }

enum fault fault_by_name(struct str name)
{
    int i = 0;
    while (i < FAULT_COUNT && !str_equal(name, str_of(names[i]))) i++;
    return (enum fault)i;
}

/* Per million of the occasions, by what an occasion is: a turn of a loop, an effect, a call. */
static const uint32_t often[FAULT_COUNT] = {
    [FAULT_KILL] = 4000,           [FAULT_STOP] = 2000,          [FAULT_REPLACE] = 600000,
    [FAULT_TERM] = 60000,          [FAULT_RELOAD] = 60000,       [FAULT_CLOCK_JUMP] = 200000,
    [FAULT_SLOW] = 2000,           [FAULT_BROKER_DOWN] = 60000,  [FAULT_BROKER_CUT] = 120000,
    [FAULT_REBALANCE] = 300000,    [FAULT_POLL_FAILS] = 20000,   [FAULT_FETCH_LATE] = 100000,
    [FAULT_REWIND_FAILS] = 300000, [FAULT_SEND_FAILS] = 60000,   [FAULT_POSITIONS_LATE] = 50000,
    [FAULT_COMMIT_LOST] = 50000,   [FAULT_COMMIT_UNHEARD] = 80000, [FAULT_FATAL_PRODUCER] = 30000,
    [FAULT_PRODUCER_FULL] = 150000, [FAULT_PRODUCE_LOST] = 150000, [FAULT_ACK_LOST] = 200000,
    [FAULT_STORE_FAILS] = 100000,  [FAULT_STORE_UNHEARD] = 120000, [FAULT_STORE_HANGS] = 60000,
    [FAULT_STORE_THROTTLED] = 80000, [FAULT_STORE_DENIED] = 20000, [FAULT_REQUEST_LOST] = 150000,
    [FAULT_ANSWER_LOST] = 200000,  [FAULT_CLIENT_GONE] = 100000, [FAULT_WORK_FAILS] = 150000,
    [FAULT_TOO_LARGE] = 500000, /* of transactions with such a message */
};

/* A process goes without a word, or a commit ends without an answer or half-way. */
static const bool breaches[FAULT_COUNT] = {
    [FAULT_KILL] = true,        [FAULT_STOP] = true,           [FAULT_BROKER_DOWN] = true,
    [FAULT_BROKER_CUT] = true,  [FAULT_SEND_FAILS] = true,     [FAULT_TOO_LARGE] = true,
    [FAULT_COMMIT_LOST] = true, [FAULT_POSITIONS_LATE] = true, [FAULT_COMMIT_UNHEARD] = true,
};

void chance_draw(void)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        random_seed(&sim.chances[i], sim.seed * 1000003 + (uint64_t)i);
        uint64_t kind = random_below(&sim.chances[i], 5);
        sim.per_million[i] = kind < 2 ? 0 : kind < 4 ? often[i] / 2 : 2 * often[i];
        if (sim_without[i]) sim.per_million[i] = 0;
    }
}

bool chance(enum fault fault)
{
    if (!sim.faults_on || sim.per_million[fault] == 0) return false;
    if (random_below(&sim.chances[fault], 1000000) >= sim.per_million[fault]) return false;
    sim_fault_counts[fault]++;
    sim.faults++;
    sim.breaches += breaches[fault];
    trace("fault: %s", names[fault]);
    return true;
}

uint64_t chance_below(enum fault fault, uint64_t bound)
{
    return random_below(&sim.chances[fault], bound);
}
