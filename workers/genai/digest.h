/* Digest events: what a window of insights says together, from all partitions,
 * once each. See digest.c. */
#ifndef VERBATIM_WORKERS_GENAI_DIGEST_H
#define VERBATIM_WORKERS_GENAI_DIGEST_H

#include "runtime/worker.h"
#include "workers/genai/digest_teller.h"

#define DIGEST_GROUP "digest" /* of the replicas that could make them */

enum { DIGEST_LEAST_MS = 1000 };
struct digest_maker;

/* Windows of every_ms, on the worker's bus and loop. The teller stays the caller's,
 * and outlives it. */
int digest_open(struct worker_context *context, int64_t every_ms, struct digest_teller *teller,
                struct digest_maker **ret_maker, struct err *err) CHECKED;
void digest_close(struct digest_maker *maker); /* NULL is fine; waits for a running commit */
uint64_t digest_count(const struct digest_maker *maker); /* events that were committed; NULL: 0 */

#endif
