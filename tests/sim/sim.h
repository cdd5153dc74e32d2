/* One world in one thread: virtual time, processes, and what is shared by the files here.
 *
 * Nothing happens by itself. What is due lies in one queue of events (events.c) or in the loops of
 * the processes (loop.c), and sim_turn() does one of these things after the other, in an order that
 * is drawn. Whatever code of ours runs then belongs to `sim.current`. */
#ifndef VERBATIM_TESTS_SIM_H
#define VERBATIM_TESTS_SIM_H

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/random.h"
#include "runtime/internal.h"

#define MS INT64_C(1000000) /* in ns */
#define SECONDS (1000 * MS)
enum { SIM_SLOTS = 12, SIM_REPLICAS = 2 };

enum fault {
#define FAULT(id, name, what) FAULT_##id,
#include "tests/sim/faults.def"
#undef FAULT
    FAULT_COUNT
};

enum life { LIFE_ALIVE, LIFE_STOPPED, LIFE_DEAD };

struct sim_loop;
struct fiber;
struct server;

/* One incarnation of a replica of a worker. */
struct process {
    struct process *next;
    uint32_t slot, number;
    char name[48]; /* "genai-1#7" */
    enum life life;
    bool ending; /* it was told to stop */
    bool replaced; /* another has taken its slot */
    struct runtime *runtime;
    struct config *config;
    struct sim_loop *loop;
    struct clock clock;
    int64_t skew_ms;      /* of its wall clock */
    int64_t cut_until_ns; /* the broker can't be reached before */
    int64_t silent_ns;    /* since when it sends no heartbeats: stopped or dead */
    struct fiber *fibers;
    struct server *server; /* of ingest */
};

struct event {
    int64_t at_ns;
    uint64_t order;
    void (*call)(void *user); /* NULL: called off */
    void *user;
};

struct sim {
    uint64_t seed;
    bool trace;
    bool failed;
    char why[600]; /* the first thing that broke */
    struct arena arena; /* what lives as long as the schedule */

    int64_t now_ns;
    struct random order;  /* what comes next */
    struct random plan;   /* the schedule's shape */
    struct process *current;
    struct process *processes;
    struct process *slots[SIM_SLOTS];
    uint32_t started;

    struct event **events;
    size_t event_count, event_capacity;
    uint64_t event_order, turns;

    bool faults_on;
    uint64_t faults; /* that have happened, */
    uint64_t breaches; /* and of these, those after which something may come twice at least once */
    uint64_t repeats; /* what came twice */
    struct random chances[FAULT_COUNT];
    uint32_t per_million[FAULT_COUNT];
    int64_t broker_down_until_ns, store_denied_until_ns;
    bool static_members;
    uint32_t partitions, poisoned;
    bool closing; /* what ends isn't started again */
    char settings[24][64]; /* of all workers: "section.name=value" */
    uint32_t setting_count;
};
extern struct sim sim;
/* Over all schedules. */
extern uint64_t sim_fault_counts[FAULT_COUNT];
extern bool sim_without[FAULT_COUNT];
extern bool sim_at_least_once; /* else exactly once */
/* Must each record come once? At least once too, unless there was a reason. */
static inline bool sim_once(void) { return !sim_at_least_once || sim.breaches == 0; }

/* events.c */
struct event *sim_at(int64_t at_ns, void (*call)(void *user), void *user);
struct event *sim_after(int64_t ns, void (*call)(void *user), void *user);
void event_cancel(struct event *event); /* NULL is ignored */
/* Does one thing. False: nothing will ever happen again. */
bool sim_turn(void);
void *sim_alloc(size_t bytes); /* zeroed, for the schedule's life */
struct str sim_copy(struct str text);

/* chance.c */
void chance_draw(void); /* how often each fault comes in this schedule */
bool chance(enum fault fault);
uint64_t chance_below(enum fault fault, uint64_t bound);
const char *fault_name(enum fault fault);
enum fault fault_by_name(struct str name); /* FAULT_COUNT: none */

/* trace.c */
void trace(const char *format, ...) PRINTF_LIKE(1, 2);
void broken(const char *format, ...) PRINTF_LIKE(1, 2); /* a promise: the schedule has failed */

/* loop.c: what our code takes for libuv */
int64_t loop_due_ns(struct sim_loop *loop); /* of its next callback; INT64_MAX: none */
void loop_turn(struct sim_loop *loop);      /* calls one that is due */
int fd_open(void);
void fd_close(int fd);
void fd_raise(int fd); /* readable from now on */
void fd_lower(int fd);

/* fiber.c: calls that block, such as a commit or a store's, on a stack of their own */
struct fiber *fiber_start(void (*run)(void *user), void *user); /* of the current process */
bool fiber_done(const struct fiber *fiber);
/* Runs it to its end, without time passing. */
void fiber_finish(struct fiber *fiber);
void fiber_free(struct fiber *fiber); /* done; NULL is ignored */
/* On a fiber: time passes, and others run. */
void fiber_sleep(int64_t ns);
bool fiber_running(void);
void fibers_thaw(struct process *process);
void fibers_release_stacks(void);

/* process.c */
void process_start(uint32_t slot);
/* From now on nothing that it does has an effect; buried by the next turn. */
void process_kill(struct process *process);
void process_stop(struct process *process);
void process_continue(struct process *process);
void process_look(struct process *process); /* after its code has run: has it ended? */
void processes_bury(void);                  /* those that are dead */
void processes_end(void);                   /* all, at the end of the schedule */
void process_enter(struct process *process);
bool process_is_alive(const struct process *process);
const char *slot_worker(uint32_t slot);
extern const struct clock *sim_clock_of_nobody(void);
bool process_settled(void); /* each slot has a process that runs, and nobody stands still */
/* Each effect of a process passes here: it may die or stand still at this point. False: it is dead,
 * and nothing of what it does has an effect. */
bool effect(const char *what);

#endif
