/* The runtime's own struct, shared by its files. */
#ifndef VERBATIM_RUNTIME_INTERNAL_H
#define VERBATIM_RUNTIME_INTERNAL_H

#include <stdatomic.h>

#include "http/server.h"
#include "runtime/committer.h"
#include "runtime/flow.h"
#include "runtime/runtime.h"
#include "schema/ledger.h"

enum runtime_phase { PHASE_STARTING, PHASE_RUNNING, PHASE_DRAINING, PHASE_STOPPED };

/* What was told last on the audit topic; times are mono. */
struct status_told {
    bool any;
    int64_t told_ms, news_ms; /* any status; one that said something new */
    int64_t wait_ms;          /* until the next one, where there is no news */
    uint64_t taken, waiting;  /* as they were in the last news */
};

/* What was made of a partition's records of one hour. */
struct ledger_entry {
    enum topic topic;
    uint32_t partition;
    int64_t from, to, window;
    struct ledger_sum read, dropped, refused, resent, outputs[TOPIC_COUNT];
};

struct ledger_entries {
    struct ledger_entry *items;
    size_t count, capacity;
};

struct runtime {
    const struct worker *worker;
    const struct config *config;
    struct runtime_effects effects;
    struct runtime_options options;
    void *worker_options;
    struct worker_context context;
    struct random random;
    char member[64], service[64];

    uv_loop_t loop;
    uv_async_t wake;      /* a commit ended; or stop and reload were asked for */
    uv_poll_t readable;   /* the bus has something */
    uv_timer_t timer;     /* retries, back-off, and a look at the bus each second */
    uv_idle_t busy;       /* keeps the loop turning while there is work */
    bool readable_started, busy_started;

    struct bus *bus;
    struct bus_consumer *consumer;
    struct committer *committer;
    struct flow flow;
    struct http_server *admin;
    char admin_listens[HTTP_ADDRESS_BYTES];
    struct telemetry *telemetry; /* NULL: no spans are told */

    enum runtime_phase phase;
    atomic_bool stop_asked, reload_asked, finish_asked;
    int64_t started_ns, drain_deadline_ms;
    int64_t ready_ns; /* when it was first; 0: not yet */
    /* mono; back-off after an error */
    int64_t poll_again_ms, commit_again_ms, next_backlog_ms;
    bool rests;            /* exactly once, after a commit that took long, */
    int64_t rest_until_ms; /* unless there is no room for more; mono */
    bool tells_seldom;    /* at least once, where each time would cost: positions now and then, */
    int64_t tell_ms;      /* by the first commit from then on; mono */
    bool owes;            /* positions of commits that weren't told */
    uint32_t poll_failures, commit_failures;
    uint64_t missed;      /* messages that the log has told of: status.c */
    uint32_t last_tries;  /* commits that failed by our own disk since the drain began */
    bool opened;          /* the worker */
    bool gathered;        /* the flow's transaction waits for a commit, or is in one */
    bool input_empty;     /* the last poll found nothing */
    bool finishing;       /* as runtime_finish() asked; `input_empty` is of a later poll */
    bool paused;
    /* partitions changed hands inside bus_poll(): start from what is committed */
    bool generation_lost;
    bool failed_by_disk;  /* the commit that failed last */
    bool away_asked;      /* worker_give_back(): what is in flight is to be given back, once all
                             that is done is told, */
    int64_t away_until_ms; /* and nothing taken in before; mono */
    int64_t last_poll_ms;
    uint64_t taken; /* records of customers that were read: no statuses, no ledgers */
    struct status_told told;
    struct arena status_arena; /* of the status message in the transaction */
    /* what commits did that wasn't told, and the same with what was gathered (ledger.c) */
    struct ledger_entries untold, counted;
    struct err fatal;

    uint64_t commits_done, commits_retried, commits_cancelled, reloads_done, reloads_refused;
    struct histogram commit_seconds;
    struct bus_backlog *backlog;
    size_t backlog_count, backlog_capacity;

    struct {
        atomic_ullong done, rejected, outputs, backlog_records;
        atomic_bool ready, idle, unfinished;
    } progress;
};

/* runtime.c. Ready: it runs, the bus has answered and does, and the worker says yes too. */
bool runtime_is_ready(struct runtime *runtime);
void runtime_tell_ready(struct runtime *runtime); /* the first time: says so */
void runtime_publish_progress(struct runtime *runtime); /* for runtime_progress() */

/* loop.c */
void runtime_tick(struct runtime *runtime);
int64_t runtime_now_ms(const struct runtime *runtime);
int64_t runtime_backoff_ms(struct runtime *runtime, uint32_t failures);
void runtime_fail(struct runtime *runtime, const struct err *err); /* the first one counts */
/* Every fourth failure of a row is worth a line. */
void runtime_complain(const struct runtime *runtime, uint32_t failures, const char *what,
                      const struct err *err);
/* What is in flight is not ours any more, or can't be committed. No commit is running. */
void runtime_lose_generation(struct runtime *runtime);
void runtime_on_revoked(void *user, const struct bus_position *partitions, size_t count);

/* commit.c */
void commit_start(struct runtime *runtime, int64_t now_ms); /* if it is time and there is any */
void commit_take(struct runtime *runtime);                  /* one that has ended */
void commit_tell_last(struct runtime *runtime); /* before partitions go: for their next owner */

/* wakeup.c */
/* More to do at once, more to wait for, or nothing until something calls; retry_ms: -1 for none. */
void wakeup_arrange(struct runtime *runtime, int64_t now_ms, int64_t retry_ms);
/* wake when the bus has something */
void wakeup_on_readable(struct runtime *runtime, bool wanted);

/* admin.c */
int admin_start(struct runtime *runtime, struct err *err) CHECKED;

/* status.c: the backlog, for metrics and on the audit topic */
void status_refresh(struct runtime *runtime);
/* TOPIC_NONE: of all */
double status_backlog_seconds(const struct runtime *runtime, enum topic topic);
/* A batch comes in. */
void status_count(struct runtime *runtime, const struct bus_batch *batch);
/* Is it time for a status, and does it say anything new? */
enum status_due { STATUS_NOT_DUE, STATUS_HEARTBEAT, STATUS_NEWS };
enum status_due status_due(struct runtime *runtime, int64_t now_ms);
/* Notes that it is told, and makes the message. False without memory. */
bool status_gather(struct runtime *runtime, enum status_due due, int64_t now_ms,
                   struct bus_output *ret_output);
/* A message of the runtime's own with one section, in status_arena; false without memory. */
bool status_message(struct runtime *runtime, enum topic topic, enum section section,
                    const void *value, int64_t timestamp_ms, struct bus_output *ret_output);

/* ledger.c: what the gathered transaction does, and (silence) that there was none. NO_MEMORY. */
bool ledger_is_kept(const struct runtime *runtime);
/* Counts it; its message goes into it, unless the flow withholds its positions. */
int ledger_add_gathered(struct runtime *runtime, struct err *err) CHECKED;
void ledger_committed(struct runtime *runtime);
void ledger_forget(struct runtime *runtime); /* what wasn't told will be read again */
void ledger_deinit(struct runtime *runtime);
int ledger_add_silence(struct runtime *runtime, struct err *err) CHECKED;

#endif
