/* What the flow asks of the money, and tells it: the journal of answers paid for before, the budget, the bill.
 *
 *     account_recall()   before a record is asked about: has this been paid for?
 *     account_reserve()  before a call leaves: may it, at the most that it can cost?
 *     account_settle()   when it has ended, however: what it did cost
 *     account_keep()     for each record whose answer is of use: into the journal, before the record is finished
 *
 * All on the loop's thread; none blocks. So far there is no journal and no budget: nothing is known, everything may
 * leave, and costs are unknown. */
#ifndef VERBATIM_WORKERS_GENAI_ACCOUNT_H
#define VERBATIM_WORKERS_GENAI_ACCOUNT_H

#include "llm/llm.h"
#include "runtime/worker.h"

struct account;

/* What decides the answer: equal ones need not be asked twice. Views. */
struct account_question {
    struct str text, language, answer_in, tenant;
    bool has_rating;
    float rating;
    const char *provider, *model, *prompt; /* prompt: its version, with the hash */
};

enum account_known { ACCOUNT_UNKNOWN, ACCOUNT_KNOWN, ACCOUNT_NOT_YET /* ask again at *ret_again_ms */ };
enum account_verdict { ACCOUNT_GO, ACCOUNT_PAUSE /* nothing leaves before *ret_again_ms */, ACCOUNT_DEGRADE /* the next provider */ };

struct account_call {
    const struct account_question *const *questions;
    uint32_t count;
    const char *provider, *model;
    uint32_t input_tokens, output_tokens; /* at most; input is an estimate on the high side */
    void *reservation;                    /* the account's own, from reserve to settle */
};

int account_open(struct worker_context *context, struct account **ret_account, struct err *err) CHECKED;
void account_close(struct account *account);

/* KNOWN: ret_raw is the record's object as the model gave it (in the arena); it is checked like any other. */
enum account_known account_recall(struct account *account, const struct account_question *question, struct arena *arena,
                                  int64_t now_ms, struct str *ret_raw, int64_t *ret_again_ms);
enum account_verdict account_reserve(struct account *account, struct account_call *call, int64_t now_ms, int64_t *ret_again_ms);
/* result NULL: it never left, or was cut off. US dollars, or below 0: not known. */
double account_settle(struct account *account, struct account_call *call, const struct llm_result *result);
void account_keep(struct account *account, const struct account_question *question, struct str raw,
                  const struct llm_result *result, double cost_usd);

#endif
