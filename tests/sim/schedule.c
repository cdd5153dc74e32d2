/* One schedule: two replicas of each worker, some clients, faults for a while; then everything must
 * come to rest, and the oracle looks. */
#include "tests/sim/schedule.h"

#include <string.h>

#include "tests/sim/bus.h"
#include "tests/sim/clients.h"
#include "tests/sim/oracle.h"
#include "tests/sim/store.h"

enum { REST_S = 900, STOP_S = 60, TICK_MS = 500 };

static uint32_t roll(uint32_t below) { return (uint32_t)random_below(&sim.plan, below); }

/* --- the shape ------------------------------------------------------------------------------- */

static void set(const char *name, uint64_t value, const char *unit)
{
    snprintf(sim.settings[sim.setting_count++], sizeof sim.settings[0], "%s=%llu%s", name,
             (unsigned long long)value, unit);
}

static void choose_settings(void)
{
    set("runtime.status_every", 3600000, "ms");
    set("runtime.batch_records", 1 + roll(roll(2) ? 6 : 60), "");
    set("runtime.batches", 2 + roll(3), "");
    set("runtime.backoff_most", roll(2) ? 2000 : 30000, "ms");
    set("runtime.attempts", 2 + roll(8), "");
    set("ingest.backlog_most", roll(3) ? 3 + roll(10) : 1000000, "");
    set("logsink.count", 1 + roll(roll(2) ? 6 : 60), "");
    set("logsink.bytes", 1024 + roll(60000), "");
    set("logsink.age", 500 + roll(roll(2) ? 5000 : 60000), "ms");
    set("logsink.uploads", 1 + roll(3), "");
    set("logsink.level", 1, "");
    set("preprocess.window_records", 1024, "");
    if (sim_at_least_once)
        snprintf(sim.settings[sim.setting_count++], sizeof sim.settings[0],
                 "runtime.delivery=at_least_once");
    snprintf(sim.settings[sim.setting_count++], sizeof sim.settings[0],
             "preprocess.customer_key=%s", "0123456789abcdef0123456789abcdef");
}

static void begin(uint64_t seed, bool traced)
{
    struct arena arena = sim.arena;
    struct event **events = sim.events;
    size_t capacity = sim.event_capacity;
    sim = (struct sim){.seed = seed, .trace = traced, .faults_on = true, .arena = arena,
                       .events = events, .event_capacity = capacity};
    random_seed(&sim.order, 2 * seed);
    random_seed(&sim.plan, 2 * seed + 1);
    chance_draw();
    sim.partitions = 1 + roll(3);
    sim.static_members = roll(2);
    choose_settings();
}

/* --- faults that come with time -------------------------------------------------------------- */

static struct process *any_process(void)
{
    struct process *process = sim.slots[random_below(&sim.order, SIM_SLOTS)];
    return process && process->life == LIFE_ALIVE && process->runtime ? process : NULL;
}

static void heal(void *user)
{
    struct process *process = user;
    if (process->life == LIFE_ALIVE) process->silent_ns = -1;
    bus_stir();
}

static void cut(struct process *process)
{
    int64_t ns = (int64_t)chance_below(FAULT_BROKER_CUT, 40000) * MS;
    trace("%s can't reach the broker for %.1f s", process->name, (double)ns * 1e-9);
    process->cut_until_ns = sim.now_ns + ns;
    if (process->silent_ns < 0) process->silent_ns = sim.now_ns;
    groups_watch();
    sim_after(ns, heal, process);
}

static void tell_to_stop(struct process *process)
{
    trace("%s is told to stop", process->name);
    process->ending = true;
    runtime_stop(process->runtime);
}

static void jump(struct process *process)
{
    enum { TWO_DAYS_MS = 2 * 86400000 };
    process->skew_ms = (int64_t)chance_below(FAULT_CLOCK_JUMP, 2 * TWO_DAYS_MS) - TWO_DAYS_MS;
    trace("%s: the clock is %lld s off", process->name, (long long)process->skew_ms / 1000);
}

static void tick(void *unused)
{
    struct process *process = any_process();
    (void)unused;
    if (!sim.faults_on) return;
    sim_after(TICK_MS * MS, tick, NULL);
    if (chance(FAULT_BROKER_DOWN))
        sim.broker_down_until_ns =
            sim.now_ns + (int64_t)chance_below(FAULT_BROKER_DOWN, 20000) * MS;
    if (chance(FAULT_REBALANCE) && sim_group_count)
        group_rebalance(&sim_groups[chance_below(FAULT_REBALANCE, sim_group_count)]);
    if (!process) return;
    if (chance(FAULT_TERM)) tell_to_stop(process);
    if (chance(FAULT_RELOAD)) runtime_reload(process->runtime);
    if (chance(FAULT_CLOCK_JUMP)) jump(process);
    if (chance(FAULT_BROKER_CUT)) cut(process);
}

/* --- from the faults to rest ----------------------------------------------------------------- */

static void start_slot(void *user)
{
    uint32_t slot = (uint32_t)(uintptr_t)user;
    if (!sim.slots[slot]) process_start(slot);
}

static void start_all(void)
{
    uint32_t spread_ms = roll(2) ? 1 : 5000;
    for (uint32_t i = 0; i < SIM_SLOTS; i++)
        sim_at(roll(spread_ms) * MS, start_slot, (void *)(uintptr_t)i);
    clients_start();
    sim.poisoned = roll(4);
    for (uint32_t i = sim.poisoned; i > 0; i--) sim_at(roll(9000) * MS, oracle_poison, NULL);
    sim_at(1000 * MS, tick, NULL);
}

/* The world is well again. Of two that have one name, the older goes. */
static void end_faults(void)
{
    trace("no more faults");
    sim.faults_on = false;
    sim.broker_down_until_ns = sim.store_denied_until_ns = 0;
    for (struct process *process = sim.processes; process; process = process->next) {
        process->cut_until_ns = 0;
        if (process->replaced) process_kill(process);
        process_continue(process);
        if (process->life == LIFE_ALIVE) process->silent_ns = -1;
    }
    processes_bury();
    bus_stir();
}

static void run_until(int64_t until_ns)
{
    while (!sim.failed && sim.now_ns < until_ns && sim_turn()) continue;
}

static bool run_to_rest(void)
{
    int64_t until_ns = sim.now_ns + REST_S * SECONDS;
    while (!sim.failed && sim.now_ns < until_ns) {
        for (int i = 0; i < 50 && !sim.failed; i++) sim_turn();
        if ((sim.closing || process_settled()) && !oracle_unrest()) return true;
    }
    return false;
}

static const char *unrest(void)
{
    const char *text = oracle_unrest();
    return text ? text : "a process that isn't there";
}

static bool is_logsink(const struct process *process)
{
    return process->slot >= SIM_SLOTS - SIM_REPLICAS;
}

static bool any_left(bool logsink)
{
    for (const struct process *process = sim.processes; process; process = process->next)
        if (is_logsink(process) == logsink) return true;
    return false;
}

static void stop_those(bool logsink)
{
    int64_t until_ns = sim.now_ns + STOP_S * SECONDS;
    for (struct process *process = sim.processes; process; process = process->next)
        if (is_logsink(process) == logsink) tell_to_stop(process);
    while (!sim.failed && any_left(logsink) && sim.now_ns < until_ns) sim_turn();
    if (any_left(logsink)) broken("%s doesn't stop", sim.processes->name);
}

/* Who archives goes last, when all that the others did is archived. */
static void stop_all(void)
{
    sim.closing = true;
    stop_those(false);
    if (!sim.failed && !run_to_rest()) broken("it doesn't come to rest at the end: %s", unrest());
    stop_those(true);
}

static void play(void)
{
    start_all();
    run_until((10 + roll(35)) * SECONDS);
    if (sim.failed) return;
    end_faults();
    bool at_rest = run_to_rest();
    if (sim.failed) return;
    oracle_topics(at_rest);
    if (!at_rest) broken("it doesn't come to rest within %d s: %s", REST_S, unrest());
    if (!sim.failed) oracle_ledger();
    if (!sim.failed) oracle_archive(true);
    if (!sim.failed && !sim.poisoned && sim_once()) oracle_verify();
    if (sim.failed || roll(4)) return;
    stop_all();
    if (!sim.failed) oracle_topics(true);
    if (!sim.failed) oracle_ledger();
    if (!sim.failed) oracle_archive(false);
}

/* --- the end --------------------------------------------------------------------------------- */

static void clear(void)
{
    clients_finish();
    processes_end();
    oracle_forget();
    logs_free();
    sim_store_free();
    sim_group_count = 0;
    sim.event_count = 0;
    arena_reset(&sim.arena);
}

static uint64_t count_records(void)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < sim_client_count; i++) count += sim_clients[i].said_count;
    return count;
}

void schedule_run(uint64_t seed, bool traced, struct schedule_result *ret_result)
{
    begin(seed, traced);
    play();
    *ret_result = (struct schedule_result){.failed = sim.failed,
                                           .virtual_seconds = (double)sim.now_ns * 1e-9,
                                           .turns = sim.turns, .records = count_records(),
                                           .objects = sim_objects.count,
                                           .repeats = sim.repeats};
    memcpy(ret_result->why, sim.why, sizeof sim.why);
    clear();
}
