/* Runs one worker on a libuv loop until it is told to stop. See runtime/flow.h for what happens to
 * records; this is the part with the loop, the committer's thread, signals,
 * back-off and admin HTTP. */
#ifndef VERBATIM_RUNTIME_RUNTIME_H
#define VERBATIM_RUNTIME_RUNTIME_H

#include "runtime/worker.h"

#define RUNTIME_OPTIONS(O)                                                                         \
    O(STR,   group,          "",      "Consumer group; empty: the worker's name.")                 \
    O(U32,   replica,        "0", 0, 9999,                                                         \
      "Number of this replica: its stable name is WORKER-REPLICA.")                                \
    O(CHOICE, delivery,      "exactly_once", "exactly_once|at_least_once", "What a commit means.") \
    O(U32,   batch_records,  "500", 1, 100000, "Records taken from the bus at once.")             \
    O(BYTES, batch_bytes,    "1M", 1024, 1073741824,                                               \
      "Bytes of values taken from the bus at once.")                                               \
    O(U32,   batches,        "4", 2, 64, "Full batches held at once; then the source is paused.")  \
    O(U32,   attempts,       "8", 1, 1000,                                                         \
      "How often a record is tried before it becomes a dead letter.")                              \
    O(MS,    backoff_least,  "100ms", 1, 60000, "Shortest pause before a retry.")                  \
    O(MS,    backoff_most,   "30s", 1, 3600000, "Longest pause before a retry.")                   \
    O(BYTES, dead_letter_bytes, "512k", 0, 1048576,                                                \
      "Raw bytes kept in a dead letter; larger ones keep their hash only.")                        \
    O(MS,    drain,          "10s", 0, 600000,                                                     \
      "How long a stop may take to finish what is in flight.")                                     \
    O(STR,   admin,          "",                                                                   \
      "Address of /metrics, /healthz and /readyz, e.g. 127.0.0.1:9101; empty: none.")              \
    O(BOOL,  admin_open,     "false",                                                              \
      "Allow the admin address beyond loopback: whoever reaches it may read it.")                  \
    O(MS,    status_every,   "10s", 100, 3600000,                                                  \
      "How often the backlog is reported on the audit topic; less often while nothing happens.")   \
    O(BOOL,  ledger,         "true",                                                               \
      "Write what each commit did on the ledger topic, for verbatim verify.")                      \
    O(CHOICE, log,           "text", "text|json", "Form of log lines.")                            \
    O(CHOICE, log_level,     "info", "debug|info|warn|error", "Least level that is logged.")
OPTIONS_STRUCT(runtime, RUNTIME_OPTIONS);
extern const struct option_table runtime_option_table;

/* Records the worker has read, written and given up; for displays. Safe from any thread. */
struct runtime_progress {
    uint64_t done, rejected, outputs, backlog_records;
    bool ready, idle; /* idle: nothing in flight, nothing to read when last looked */
    bool unfinished;  /* it has stopped, but what was in flight wasn't committed by its deadline */
};

struct runtime;

/* `config` must know runtime_option_table, bus's tables and the worker's own. */
int runtime_create(const struct worker *worker, const struct config *config,
                   struct runtime **ret_runtime, struct err *err) CHECKED;
/* The same, with time, chance and the bus from elsewhere: for a simulation (tests/sim). */
struct runtime_effects {
    const struct clock *clock;
    void (*seed)(void *user, struct random *random);
    int (*open_bus)(void *user, const struct config *config, const struct clock *clock,
                    struct bus **ret_bus, struct err *err);
    bool telemetry; /* spans may be told, by a thread of their own */
    /* Changes what the configuration says, for a worker that another one runs beside itself; or
     * NULL. */
    void (*adjust)(void *user, struct runtime_options *options);
    void *user;
};
struct runtime_effects runtime_system(void); /* as runtime_create() has them */
int runtime_create_with(const struct worker *worker, const struct config *config,
                        const struct runtime_effects *effects, struct runtime **ret_runtime,
                        struct err *err) CHECKED;
/* Opens everything, runs until runtime_stop(), drains. The error of what stopped it. */
int runtime_run(struct runtime *runtime, struct err *err) CHECKED;
/* runtime_run() in two halves, for who turns the loop himself: it turns from the one until
 * runtime_ended(), then comes the other, also when the first failed. */
int runtime_begin(struct runtime *runtime, struct err *err) CHECKED;
bool runtime_ended(const struct runtime *runtime);
int runtime_end(struct runtime *runtime, int rc, struct err *err) CHECKED;
void runtime_stop(struct runtime *runtime);   /* any thread */
/* Stops once a look at the bus that begins after this finds nothing more to read, and what was read
 * is done. Without end where the input has none; runtime_stop() cuts it short. Any thread. */
void runtime_finish(struct runtime *runtime);
void runtime_reload(struct runtime *runtime); /* any thread */
void runtime_progress(const struct runtime *runtime, struct runtime_progress *ret_progress);
/* Where the worker serves others, once progress says ready: "127.0.0.1:8080"; "": nowhere. */
const char *runtime_listens(const struct runtime *runtime);
void runtime_destroy(struct runtime *runtime);

/* The tables of the runtime, the bus, telemetry and these workers, ended by NULL, each once; NULL
 * without memory. The caller frees the array. */
const struct option_table **runtime_tables(const struct worker *const *workers, size_t count);

/* The modules that some worker has and another hasn't, ended by NULL. */
extern const char *const runtime_modules[];

/* What signals say to a program of workers, a lone one or `verbatim run` with six: TERM and INT
 * stop it, HUP reloads it, PIPE is nothing. HUP because the terminal went that it was started on
 * stops it too. Both functions are called in a signal's handler: runtime_stop(), runtime_reload()
 * or a flag are what they may do. */
void runtime_on_signals(void (*stop)(void), void (*reload)(void));

/* The whole main() of a worker's program: options, signals, exit status. */
int runtime_main(const struct worker *worker, int argc, char **argv, char *const *environment);

#endif
