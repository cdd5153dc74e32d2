/* What was bought, on the topic `answers`: written before the record that asked is finished, and so
 * before its offset is committed; read back after a start and whenever partitions may have changed
 * hands. Every replica reads all of it all the time, so that one's answers are everybody's.
 *
 * A question's key is a hash of all that its answer depends on: the redacted text, its language,
 * the prompt's version, the model, the schema's version and the parameters.
 * One thread: the loop's. */
#ifndef VERBATIM_WORKERS_GENAI_PURCHASES_H
#define VERBATIM_WORKERS_GENAI_PURCHASES_H

#include "runtime/worker.h"
#include "workers/genai/answers.h"

struct purchases;

struct purchases_calls {
    /* A bill of another process, or of an earlier one of ours: for the budget. */
    void (*on_bill)(void *user, const struct purchase *purchase);
    /* All that was written before the last purchases_catch_up() has been read. */
    void (*on_ready)(void *user);
    void *user;
};

/* What is read goes into `answers`, which outlives it. Creates the topic where that is allowed;
 * begins to catch up. NOT_FOUND, DENIED: there is no such topic, and it can't be made. */
int purchases_open(struct worker_context *context, struct answers *answers,
                   const struct purchases_calls *calls, struct purchases **ret_journal,
                   struct err *err) CHECKED;
/* What isn't written yet is reported as CANCELLED. Its memory lives until the loop has
 * closed its handles. */
void purchases_close(struct purchases *journal); /* NULL is ignored */

/* Partitions may have changed hands: not ready until all is read that others wrote up to now. */
void purchases_catch_up(struct purchases *journal);
bool purchases_ready(const struct purchases *journal);

/* An answer under its key; or, with key NULL, a bill. The journal adds `run`. on_written (may be
 * NULL): on_written(user, NULL) once the bus holds it, or with CANCELLED when the journal is closed
 * before, or TOO_LARGE: once. What fails is tried again for as long as it takes; an answer that is
 * too large for the bus is kept without its words, so that nobody asks again; what can't succeed
 * stops the worker. NO_MEMORY, TOO_LARGE. */
typedef void purchases_on_written(void *user, const struct err *err);
int purchases_write(struct purchases *journal, const struct answer_key *key,
                    const struct purchase *purchase, purchases_on_written *on_written, void *user,
                    struct err *err) CHECKED;

#endif
