/* Workers one behind the other in one thread, without a bus: what one emits is the next one's
 * input. `verbatim analyze`, benchmarks and tests run the same process() functions this way. */
#ifndef VERBATIM_RUNTIME_CHAIN_H
#define VERBATIM_RUNTIME_CHAIN_H

#include "runtime/worker.h"

struct chain;

/* Opens the workers in this order. `config` must know their tables. */
int chain_create(const struct worker *const *workers, size_t count, const struct config *config,
                 const struct clock *clock, struct chain **ret_chain, struct err *err) CHECKED;
void chain_destroy(struct chain *chain);

/* One message. Records are handed on in memory, checked and encoded by nobody; other bytes are
 * scanned by the worker that consumes them, as on a bus. */
struct chain_message {
    enum topic topic;
    struct str key;
    struct record *record; /* NULL: value holds bytes */
    struct str value;      /* empty where there is a record */
    struct tokens *words; /* of the record's document, or NULL */
    int64_t timestamp_ms;
};

/* The message's record, handed on or scanned. BAD_MESSAGE, TOO_LARGE, NO_MEMORY. */
int chain_record(const struct chain_message *message, struct arena *arena,
                 struct record *ret_record, struct err *err) CHECKED;

/* What a worker emitted that nobody in the chain consumes: the result, safety events,
 * dead letters. */
typedef void chain_on_output(void *user, const struct chain_message *message);

/* Sends one message in. Everything that it gives comes by on_output before this returns; its memory
 * is good until then. A REJECT comes as a dead letter; a RETRY is tried three times. */
int chain_process(struct chain *chain, const struct chain_message *message,
                  chain_on_output *on_output, void *user, struct err *err) CHECKED;

#endif
