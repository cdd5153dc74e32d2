/* What is due when: a heap of events, and the one turn of the world. */
#include <string.h>

#include "tests/sim/sim.h"

struct sim sim;

enum { TURNS_MAX = 3000000 };

void *sim_alloc(size_t bytes)
{
    void *memory = arena_zalloc(&sim.arena, bytes);
    if (!memory) abort();
    return memory;
}

struct str sim_copy(struct str text)
{
    struct str copy = arena_copy(&sim.arena, text);
    if (!copy.data) abort();
    return copy;
}

/* --- the heap -------------------------------------------------------------------------------- */

static bool is_before(const struct event *left, const struct event *right)
{
    return left->at_ns != right->at_ns ? left->at_ns < right->at_ns : left->order < right->order;
}

static void place(size_t at, struct event *event) { sim.events[at] = event; }

static void sift_up(size_t at)
{
    struct event *event = sim.events[at];
    for (; at > 0 && is_before(event, sim.events[(at - 1) / 2]); at = (at - 1) / 2)
        place(at, sim.events[(at - 1) / 2]);
    place(at, event);
}

static void sift_down(size_t at)
{
    struct event *event = sim.events[at];
    for (size_t child; (child = 2 * at + 1) < sim.event_count; at = child) {
        if (child + 1 < sim.event_count && is_before(sim.events[child + 1], sim.events[child]))
            child++;
        if (!is_before(sim.events[child], event)) break;
        place(at, sim.events[child]);
    }
    place(at, event);
}

struct event *sim_at(int64_t at_ns, void (*call)(void *user), void *user)
{
    struct event *event = sim_alloc(sizeof *event);
    if (sim.event_count == sim.event_capacity) {
        sim.event_capacity = sim.event_capacity ? 2 * sim.event_capacity : 256;
        sim.events = realloc(sim.events, sim.event_capacity * sizeof *sim.events);
        if (!sim.events) abort();
    }
    *event = (struct event){at_ns > sim.now_ns ? at_ns : sim.now_ns, sim.event_order++, call, user};
    sim.events[sim.event_count++] = event;
    sift_up(sim.event_count - 1);
    return event;
}

struct event *sim_after(int64_t ns, void (*call)(void *user), void *user)
{
    return sim_at(sim.now_ns + ns, call, user);
}

void event_cancel(struct event *event)
{
    if (event) event->call = NULL;
}

static void pop_event(void)
{
    struct event *event = sim.events[0];
    sim.events[0] = sim.events[--sim.event_count];
    if (sim.event_count) sift_down(0);
    if (event->call) event->call(event->user);
}

static bool event_is_due(void) { return sim.event_count && sim.events[0]->at_ns <= sim.now_ns; }

/* --- the turn -------------------------------------------------------------------------------- */

/* The loop that may turn now, one of `count`, or NULL with the time of the next. */
static struct process *choose(uint32_t *ret_count, int64_t *ret_next_ns)
{
    struct process *chosen = NULL;
    uint32_t count = event_is_due();
    *ret_next_ns = sim.event_count ? sim.events[0]->at_ns : INT64_MAX;
    for (struct process *process = sim.processes; process; process = process->next) {
        if (process->life != LIFE_ALIVE || !process->loop) continue;
        int64_t due_ns = loop_due_ns(process->loop);
        if (due_ns < *ret_next_ns) *ret_next_ns = due_ns;
        if (due_ns <= sim.now_ns && random_below(&sim.order, ++count) == 0) chosen = process;
    }
    *ret_count = count;
    return chosen;
}

static void turn_process(struct process *process)
{
    process_enter(process);
    loop_turn(process->loop);
    sim.now_ns += 10000 + (int64_t)random_below(&sim.order, 100000);
    if (chance(FAULT_SLOW)) sim.now_ns += (int64_t)chance_below(FAULT_SLOW, 3000) * MS;
    process_look(process);
    process_enter(NULL);
}

bool sim_turn(void)
{
    uint32_t count;
    int64_t next_ns;
    struct process *process = choose(&count, &next_ns);
    if (++sim.turns > TURNS_MAX) {
        broken("it takes more than %d turns: something spins", TURNS_MAX);
        return false;
    }
    if (count == 0) {
        if (next_ns == INT64_MAX) return false;
        sim.now_ns = next_ns;
        return true;
    }
    if (process)
        turn_process(process);
    else
        pop_event();
    processes_bury();
    return true;
}
