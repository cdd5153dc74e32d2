/* What the flow asks of the money, and tells it: the journal of answers paid for before,
 * the budget, the bill.
 *
 *     account_recall()   before a record is asked about: has this been paid for?
 *     account_reserve()  before a call leaves: may it, at the most that it can cost?
 *     account_settle()   when it has ended, however: what it did cost
 *     account_keep()     for each record whose answer is of use: into the journal, before the
 *                        record is finished
 *
 * All on the loop's thread; none blocks. Money is whole micro-dollars within;
 * dollars go out for people. */
#ifndef VERBATIM_WORKERS_GENAI_ACCOUNT_H
#define VERBATIM_WORKERS_GENAI_ACCOUNT_H

#include "llm/llm.h"
#include "runtime/worker.h"
#include "spend/budget.h"
#include "spend/prices.h"
#include "workers/genai/answers.h"

struct account_book;
struct genai_options;

/* What decides the answer: equal ones need not be asked twice. Views. */
struct account_question {
    struct str text, language, answer_in, tenant;
    bool has_rating;
    float rating;
    /* prompt: its version, with the hash of its files and of the schema */
    const char *provider, *model, *prompt;
    /* account_key() of all this, where it is at hand; NULL: it is made when it is needed */
    const struct answer_key *key;
    bool shared; /* it waited for an identical one: not part of what decides */
};

enum account_known {
    ACCOUNT_UNKNOWN, ACCOUNT_KNOWN, ACCOUNT_NOT_YET /* ask again at *ret_again_ms */
};
enum account_verdict {
    ACCOUNT_GO,
    ACCOUNT_PAUSE,   /* the day's budget is spent: nothing leaves before *ret_again_ms */
    ACCOUNT_LATER,   /* that of a tenant: these records don't leave before *ret_again_ms */
    ACCOUNT_ALONE,   /* one of several tenants has spent its budget: ask about each alone */
    ACCOUNT_DEGRADE, /* the next provider */
};

struct account_call {
    const struct account_question *const *questions;
    uint32_t count;
    const char *provider, *model;
    uint32_t input_tokens, output_tokens; /* at most; input is an estimate on the high side */
    /* the account's own, from reserve to settle */
    uint64_t reserved_micros; /* for each record */
    struct price price;       /* of the model */
    bool priced;              /* it is known */
};

/* BAD_CONFIG: a budget that is no money. Asked also where no model is: it shows before it costs. */
int account_read_limits(const struct genai_options *options, struct budget_limits *ret_limits,
                        struct err *err) CHECKED;
/* BAD_CONFIG, and what purchases_open() says. Without a bus (verbatim analyze) nothing is
 * journaled: identical texts of one run are bought once all the same. */
int account_open(struct worker_context *context, struct account_book **ret_account,
                 struct err *err) CHECKED;
void account_close(struct account_book *account); /* NULL is ignored; no on_kept() any more */
/* SIGHUP: prices anew; swapped, they are in force, and *prices are those before. */
int account_read_prices(const struct worker_context *context, struct prices **ret_prices,
                        struct err *err) CHECKED;
void account_swap_prices(struct account_book *account, struct prices **prices);
/* BAD_CONFIG: there is a budget, and these prices (NULL: those in force) lack this model's. */
int account_check(const struct account_book *account, const struct prices *prices,
                  const char *provider, const char *model, struct err *err) CHECKED;

void account_key(const struct account_book *account, const struct account_question *question,
                 struct answer_key *ret_key);

/* KNOWN: ret_raw is the record's object as the model gave it (in the arena);
 * it is checked like any other. */
enum account_known account_recall(struct account_book *account,
                                  const struct account_question *question, struct arena *arena,
                                  int64_t now_ms, struct str *ret_raw, int64_t *ret_again_ms);
enum account_verdict account_reserve(struct account_book *account, struct account_call *call,
                                     int64_t now_ms, int64_t *ret_again_ms);
/* result NULL: it never left, or was cut off. US dollars, or below 0: not known. */
double account_settle(struct account_book *account, struct account_call *call,
                      const struct llm_result *result);

/* since it was opened, by this process */
uint64_t account_paid_micros(const struct account_book *account);

/* True: on_kept() follows, once the bus holds it; only then may the record be finished.
 * False: it may be now. */
typedef void account_on_kept(void *user);
bool account_keep(struct account_book *account, const struct account_question *question,
                  struct str raw, const struct llm_result *result, double cost_usd,
                  account_on_kept *on_kept, void *user);

/* Partitions may have changed hands: nothing is asked before all is read that
 * others have bought. */
void account_rewound(struct account_book *account);
/* `backlog_records`: not answered yet. */
void account_metrics(struct account_book *account, uint64_t backlog_records,
                     struct metrics_writer *writer);

#endif
