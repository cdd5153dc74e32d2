/* Asks remote models about records: batches, one retry loop, and a chain of providers. See asker.c.
 *
 * A record is a task. It ends exactly once, by on_end(), from asker_turn() or when a call's result
 * comes: answered, or given up, and then the local models answer. Nothing blocks; time comes
 * from the clock given. */
#ifndef VERBATIM_WORKERS_GENAI_ASKER_H
#define VERBATIM_WORKERS_GENAI_ASKER_H

#include "observe/metrics.h"
#include "telemetry/telemetry.h"
#include "workers/genai/account.h"
#include "workers/genai/breaker.h"
#include "workers/genai/claims.h"
#include "workers/genai/pace.h"
#include "workers/genai/prompt.h"
#include "workers/genai/provider.h"

enum { ASKER_STAGES_MAX = 3, ASKER_REASON_BYTES = 96 };

struct asker_options {
    struct pace_limits limits;
    uint32_t batch_records, tries, answer_tokens, text_bytes;
    uint32_t queue;        /* what waits above that is given up at once; 0: nothing is */
    int64_t batch_wait_ms, patience_ms, retry_least_ms, retry_most_ms, breaker_least_ms,
        breaker_most_ms;
    const char *language;  /* of answers; "": the feedback's */
    double temperature;    /* below 0: not sent */
};

struct task;
struct asker_source;

/* What else than records can be asked about, by the same providers, pace, money and journal: each
 * such task goes alone, under its own prompt, whose rules say of what shape the answer is. Outlives
 * its tasks; `prompt` may be replaced. */
struct asker_subject {
    struct prompt *prompt;
    const char *name, *purpose; /* of the answer, for the provider */
    uint32_t answer_tokens;
    /* answer NULL: given up. Else a struct of the shape asked for, in the task's arena. */
    void (*on_end)(void *user, struct task *task, void *answer, const struct asker_source *source);
    void *user;
};

/* One record. Zeroed but for `arena`, `asked`, `user`, `trace` and `subject`, and it stays where
 * it is until it ends. */
struct task {
    struct provider_question asked;
    struct arena *arena;   /* for the answer */
    void *user;
    /* the traceparent of what asks, or nothing; lives as long as the arena */
    struct str trace;
    const struct asker_subject *subject; /* NULL: a record */
    /* The asker's own: */
    struct task *next;
    struct account_question key;
    struct claim claim;    /* its question, so that identical ones wait for its answer */
    uint32_t stage, tries, calls, repairs;
    int64_t since_ms, due_ms;
    bool alone, gone; /* gone: its record isn't ours any more */
    /* its text seems to speak to the model: it goes alone, and what comes of it says
     * nothing about others */
    bool suspect;
    char reason[ASKER_REASON_BYTES]; /* why the answer before was of no use */
    /* of those that are asked about again together, as they were; 0: none */
    uint64_t group;
    char id[ANSWER_ID_BYTES], mark[PROMPT_MARK_BYTES]; /* in the call that is out, or comes again */
    char prompt[PROMPT_VERSION_BYTES];
};

struct task_queue {
    struct task *first, *last;
    uint32_t count;
};

/* How an answered task was answered. */
struct asker_source {
    const char *provider, *prompt;
    struct str model;
    /* the record's share of a batch; the whole call's time */
    uint32_t input_tokens, output_tokens, latency_us;
    double cost_usd; /* the record's share; below 0: not known */
    uint32_t dropped;
    bool degraded, cached, has_usage;
};

/* insight NULL: given up. Else its claims, in the task's arena; source says where from. */
typedef void asker_on_end(void *user, struct task *task, struct insight *insight,
                          const struct asker_source *source);

/* One provider of the chain. */
struct stage {
    const char *name;
    struct llm_client *client;
    struct pace pace;
    struct breaker breaker;
    struct task_queue together, alone, later; /* later: after a pause */
    uint32_t throttled;     /* times in a row, */
    int64_t throttled_ms;   /* the last then */
    uint64_t ends[LLM_WHYS], records, holds;
    /* of calls that ended so; per call, where it was told */
    struct histogram seconds[LLM_WHYS], input_tokens, output_tokens;
    struct call *calls;
};

struct asker {
    struct asker_options options;
    const struct clock *clock;
    struct random *random;
    struct prompt *prompt;
    struct account_book *account; /* may be NULL: its own business */
    struct telemetry *telemetry;  /* NULL: calls aren't told as spans */
    asker_on_end *on_end;
    void *on_end_user;
    void (*on_due)(void *user); /* what is due has changed: asker_turn(), soon, but not from here */
    void *on_due_user;
    /* a call is over, and nothing is under way here: asker_turn() may be called at once, so that
     * the next one leaves before other replies are looked at. NULL: on_due() is told */
    void (*on_free)(void *user);
    struct stage stages[ASKER_STAGES_MAX];
    uint32_t stage_count;
    struct task_queue inbox;
    struct claims claims;
    /* of one look at a text: a task's own memory lasts as long as it waits */
    struct arena scratch;
    struct buffer request;   /* of one call, while it is sent */
    uint32_t waiting;        /* in all queues */
    uint64_t groups;         /* numbers given */
    int64_t paused_until_ms; /* by the account */
    /* how long it has been paused in all: nobody's patience is used up by that */
    int64_t held_ms;
    struct {
        uint64_t asked, answered, given_up, cached, suspects, missing, strange, unusable, repairs,
            leaked, plain, retries;
    } counts;
};

/* The prompt, the account and the clients stay the caller's. */
void asker_init(struct asker *asker, const struct asker_options *options, const struct clock *clock,
                struct random *random, struct prompt *prompt, struct account_book *account);
void asker_add_stage(struct asker *asker, const char *name, struct llm_client *client);
/* Cancels calls and forgets tasks: none ends any more. */
void asker_deinit(struct asker *asker);

void asker_ask(struct asker *asker, struct task *task);
/* Does what is due; returns when to be called again, or INT64_MAX. */
int64_t asker_turn(struct asker *asker);
/* The records aren't ours any more: ends all tasks that are in no call, as given up. An answer that
 * comes all the same is kept in the journal, but nothing is asked a second time. */
void asker_let_go(struct asker *asker);
uint32_t asker_calls(const struct asker *asker); /* out now */

/* --- for the files of the asker --------------------------------------------------------------- */

void task_queue_push(struct task_queue *queue, struct task *task);
struct task *task_queue_pop(struct task_queue *queue);

/* asker_queue.c: where a task goes. */
void asker_place(struct asker *asker, struct task *task);               /* in its stage's queues */
/* or given up, after the last */
void asker_next_stage(struct asker *asker, struct task *task);
/* while it may */
void asker_try_again(struct asker *asker, struct task *task, uint64_t group, int64_t pause_ms);
int64_t asker_pause_ms(struct asker *asker, uint32_t failures); /* exponential, with jitter */
void asker_repair(struct asker *asker, struct task *task, const char *reason);  /* alone, once */
/* its money isn't there before; patience waits too */
void asker_hold(struct asker *asker, struct task *task, int64_t until_ms);
void asker_end(struct asker *asker, struct task *task, void *answer,
               const struct asker_source *source);
const struct prompt *asker_prompt(const struct asker *asker, const struct task *task);
static inline struct task *task_of(struct claim *claim)
{
    return (struct task *)((char *)claim - offsetof(struct task, claim));
}

/* asker_call.c: a request leaves (GO), and its result comes. Else the tasks are the caller's still:
 * what the money says, or DEGRADE where it couldn't leave. */
enum account_verdict asker_send(struct asker *asker, uint32_t stage, struct task *const *tasks,
                                uint32_t count, int64_t *ret_again_ms);
uint32_t asker_estimate(const struct asker *asker, struct task *const *tasks, uint32_t count,
                        uint32_t *ret_input);
void asker_cancel_calls(struct stage *stage);
void asker_mark_gone(struct stage *stage); /* what is in calls */

/* asker_answer.c: what is sent of a text, whole characters; and what was answered about it. */
struct str asker_text(const struct asker *asker, const struct task *task);
/* From a call; raw.data NULL: the record wasn't in it. */
void asker_take(struct asker *asker, struct task *task, struct str raw,
                const struct llm_result *result, struct asker_source source);
/* An answer from the journal. False: it is of no use. */
bool asker_take_known(struct asker *asker, struct task *task, struct str raw);

/* asker_judge.c: what the end of a call says about its provider. */
struct departure {
    int64_t at_ms;
    bool probe;   /* as breaker_leave() said */
    bool suspect; /* of a text that seems to speak to the model */
};
/* `of_use`: it was an answer of the form that was asked for. */
void asker_judge(struct asker *asker, struct stage *stage, const struct departure *left,
                 const struct llm_result *result, bool of_use, int64_t now_ms);

#endif
