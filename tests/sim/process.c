/* Processes: started, killed, stopped, continued, ended, and started again. */
#include <string.h>

#include "tests/sim/bus.h"
#include "tests/sim/sim.h"
#include "workers/featurize/featurize.h"
#include "workers/genai/genai.h"
#include "workers/ingest/ingest.h"
#include "workers/logsink/logsink.h"
#include "workers/preprocess/preprocess.h"
#include "workers/segment/segment.h"

#define START_WALL_MS INT64_C(1767312000000) /* shortly before midnight would be 1767398300000 */

static const struct worker *const workers[SIM_SLOTS / SIM_REPLICAS] = {
    &ingest_worker,  &preprocess_worker, &featurize_worker,
    &segment_worker, &genai_worker,      &logsink_worker,
};

static const struct worker *worker_of(uint32_t slot) { return workers[slot / SIM_REPLICAS]; }

const char *slot_worker(uint32_t slot) { return worker_of(slot)->name; }

void process_enter(struct process *process) { sim.current = process; }

bool process_is_alive(const struct process *process) { return process->life != LIFE_DEAD; }

/* --- clocks ---------------------------------------------------------------------------------- */

static int64_t wall_ms(void *self)
{
    const struct process *process = self;
    return START_WALL_MS + sim.now_ns / MS + (process ? process->skew_ms : 0);
}

static int64_t mono_ns(void *self)
{
    (void)self;
    return SECONDS + sim.now_ns;
}

const struct clock *sim_clock_of_nobody(void)
{
    static const struct clock clock = {wall_ms, mono_ns, NULL};
    return &clock;
}

/* --- life ------------------------------------------------------------------------------------ */

static void seed(void *user, struct random *random)
{
    const struct process *process = user;
    random_seed(random, sim.seed * 7919 + process->number);
}

static struct config *configure(uint32_t slot)
{
    static const struct option_table **tables[SIM_SLOTS];
    const struct worker *worker = worker_of(slot);
    struct config *config;
    struct err err;
    char replica[32];
    if (!tables[slot]) tables[slot] = runtime_tables(&worker, 1);
    if (config_create(tables[slot], &config, &err)) abort();
    snprintf(replica, sizeof replica, "runtime.replica=%u", slot % SIM_REPLICAS);
    if (config_set(config, str_of(replica), "sim", &err)) abort();
    for (uint32_t i = 0; i < sim.setting_count; i++) {
        struct str setting = str_of(sim.settings[i]), section = setting;
        section = str_cut(&section, '.');
        if (!str_equal(section, STR("runtime")) && !str_equal(section, str_of(worker->name)))
            continue;
        if (config_set(config, setting, "sim", &err)) {
            fprintf(stderr, "%s: %s\n", sim.settings[i], err.text);
            abort();
        }
    }
    return config;
}

static bool may_end_so(const struct process *process, int rc)
{
    return rc == E_FENCED || (rc == E_OK && process->ending);
}

static void end(struct process *process, int rc, struct err *err)
{
    bool was_alive = process->life != LIFE_DEAD;
    rc = runtime_end(process->runtime, rc, err);
    was_alive = was_alive && process->life != LIFE_DEAD;
    if (was_alive && !may_end_so(process, rc))
        broken("%s stopped with %s: %s", process->name, err_name((enum err_code)rc), err->text);
    if (was_alive) trace("ended: %s", err_name((enum err_code)rc));
    process->life = LIFE_DEAD;
    if (process->silent_ns < 0) process->silent_ns = sim.now_ns;
    runtime_destroy(process->runtime);
    process->runtime = NULL;
}

void process_start(uint32_t slot)
{
    struct process *process = sim_alloc(sizeof *process);
    const struct runtime_effects effects = {.clock = &process->clock, .seed = seed,
                                            .open_bus = sim_bus_open, .user = process};
    struct err err = {0};
    process->slot = slot;
    process->number = ++sim.started;
    process->silent_ns = -1;
    process->clock = (struct clock){wall_ms, mono_ns, process};
    snprintf(process->name, sizeof process->name, "%s-%u#%u", slot_worker(slot),
             slot % SIM_REPLICAS, process->number);
    process->next = sim.processes;
    sim.processes = process;
    sim.slots[slot] = process;
    process_enter(process);
    trace("starts");
    process->config = configure(slot);
    if (runtime_create_with(worker_of(slot), process->config, &effects, &process->runtime, &err))
        abort();
    int rc = runtime_begin(process->runtime, &err);
    if (rc)
        end(process, rc, &err);
    else
        process_look(process);
    process_enter(NULL);
}

static void check_bounds(const struct process *process)
{
    const struct flow *flow = &process->runtime->flow;
    const struct runtime_options *options = &process->runtime->options;
    uint32_t batches = options->batches > FLOW_SMALL_BATCHES ? options->batches
                                                             : FLOW_SMALL_BATCHES;
    if (flow->batch_count > batches ||
        flow->in_flight > options->batches * options->batch_records)
        broken("%s holds %u records in %u batches", process->name, flow->in_flight,
               flow->batch_count);
}

void process_look(struct process *process)
{
    struct err err = {0};
    if (process->life == LIFE_DEAD || !process->runtime) return;
    check_bounds(process);
    if (runtime_ended(process->runtime)) end(process, E_OK, &err);
}

void process_kill(struct process *process)
{
    if (process->life == LIFE_DEAD) return;
    trace("%s dies", process->name);
    process->life = LIFE_DEAD;
    if (process->silent_ns < 0) process->silent_ns = sim.now_ns;
    groups_watch();
}

static void start_again(void *user)
{
    uint32_t slot = (uint32_t)(uintptr_t)user;
    if (!sim.closing && !sim.slots[slot]) process_start(slot);
}

static void bury(struct process *process)
{
    struct err err = {0};
    process_enter(process);
    if (process->runtime) end(process, E_OK, &err);
    config_destroy(process->config);
    process_enter(NULL);
    if (sim.slots[process->slot] != process) return;
    sim.slots[process->slot] = NULL;
    int64_t wait_ms = sim.faults_on ? (int64_t)random_below(&sim.order, 10000) : 100;
    sim_after(wait_ms * MS, start_again, (void *)(uintptr_t)process->slot);
}

void processes_bury(void)
{
    for (struct process **link = &sim.processes; *link;) {
        struct process *process = *link;
        if (process->life != LIFE_DEAD) {
            link = &process->next;
            continue;
        }
        *link = process->next;
        bury(process);
        link = &sim.processes; /* more may have died */
    }
}

void processes_end(void)
{
    sim.closing = true;
    for (struct process *process = sim.processes; process; process = process->next)
        process_kill(process);
    processes_bury();
}

bool process_settled(void)
{
    for (uint32_t i = 0; i < SIM_SLOTS; i++)
        if (!sim.slots[i] || sim.slots[i]->life != LIFE_ALIVE) return false;
    return true;
}

/* --- standing still -------------------------------------------------------------------------- */

static void on_continue(void *user) { process_continue(user); }

static void replace(void *user)
{
    struct process *process = user;
    if (process->life != LIFE_STOPPED || sim.slots[process->slot] != process) return;
    process->replaced = true;
    process_start(process->slot);
}

void process_stop(struct process *process)
{
    if (process->life != LIFE_ALIVE) return;
    int64_t ns = 100 * MS + (int64_t)chance_below(FAULT_STOP, 40000) * MS;
    trace("stands still for %.1f s", (double)ns * 1e-9);
    process->life = LIFE_STOPPED;
    process->silent_ns = sim.now_ns;
    groups_watch();
    sim_after(ns, on_continue, process);
    if (chance(FAULT_REPLACE))
        sim_after((int64_t)chance_below(FAULT_REPLACE, 20000) * MS, replace, process);
}

void process_continue(struct process *process)
{
    if (process->life != LIFE_STOPPED) return;
    trace("%s goes on", process->name);
    process->life = LIFE_ALIVE;
    process->silent_ns = sim.now_ns < process->cut_until_ns ? process->silent_ns : -1;
    fibers_thaw(process);
}

bool effect(const char *what)
{
    struct process *process = sim.current;
    if (process->life == LIFE_DEAD) return false;
    if (chance(FAULT_KILL)) {
        trace("at %s", what);
        process_kill(process);
        return false;
    }
    if (chance(FAULT_STOP)) {
        trace("at %s", what);
        process_stop(process);
        if (fiber_running()) fiber_sleep(0); /* frozen until it goes on */
    }
    return process->life != LIFE_DEAD;
}
