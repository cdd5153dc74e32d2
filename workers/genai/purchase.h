/* One entry of the topic `answers` as bytes: an answer, a bill, or a mark. An answer's key is its
 * answer_key in hex, a bill's names the process that paid, a mark's the replica that asks
 * whether it has read all. */
#ifndef VERBATIM_WORKERS_GENAI_PURCHASE_H
#define VERBATIM_WORKERS_GENAI_PURCHASE_H

#include "runtime/worker.h"
#include "workers/genai/answers.h"

enum { PURCHASE_ROUND_BYTES = 24 };

/* The bytes, headers and `id` as its key, in `arena`; the time is `context`'s. NO_MEMORY,
 * TOO_LARGE. */
int purchase_write(const struct purchase *purchase, struct str id,
                   const struct worker_context *context, struct arena *arena,
                   struct bus_output *ret_output, struct err *err) CHECKED;

/* One message of the topic, or one that answers_find() gave. False: it tells of no purchase. */
bool purchase_read(struct str message, struct arena *arena, struct purchase *ret_purchase);
/* The key of a message that is an answer. False: it isn't. */
bool purchase_key(const struct purchase *purchase, struct str message_key,
                  struct answer_key *ret_key);

/* The key of a replica's mark of that number, in `out`. It is the same in each round, so that
 * compaction drops the old ones; the round stands in the value. */
struct str purchase_mark_id(const char *member, uint32_t number,
                            char out[static RECORD_ID_BYTES_MAX + 1]);
struct str purchase_round(uint64_t round, char out[static PURCHASE_ROUND_BYTES]);

#endif
