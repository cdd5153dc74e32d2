/* Has digests told in words: by the models of the chain, through the asker that asks about records
 * (same pace, breaker, money and journal), or by rules. A digest waits for that, `genai.patience`
 * at most; records never do. See digest_teller.c. */
#ifndef VERBATIM_WORKERS_GENAI_DIGEST_TELLER_H
#define VERBATIM_WORKERS_GENAI_DIGEST_TELLER_H

#include "runtime/worker.h"
#include "workers/genai/asker.h"

enum { DIGEST_STORY_TOKENS = 900 }; /* that a model may take for one */

struct digest_teller;

/* asker NULL, or `genai.digest_prompt` empty: by rules alone. folder: the configuration's.
 * NO_INPUT, BAD_CONFIG, NO_MEMORY. */
int digest_teller_open(struct worker_context *context, struct asker *asker, const char *folder,
                       struct digest_teller **ret_teller, struct err *err) CHECKED;
/* SIGHUP: the prompt anew; swapped, it is in force, and *prompt is the one before. NULL: none. */
int digest_teller_read(const struct digest_teller *teller, const char *folder,
                       struct prompt **ret_prompt, struct err *err) CHECKED;
void digest_teller_swap(struct digest_teller *teller, struct prompt **prompt);
/* NULL is fine. The asker is gone before, or has ended all that was asked. */
void digest_teller_close(struct digest_teller *teller);

/* Begins with these; one lot at a time. The digests stay as they are until digest_teller_drop().
 * NO_MEMORY. */
int digest_teller_begin(struct digest_teller *teller, const struct digest *digests, uint32_t count,
                        struct err *err) CHECKED;
/* Is everything told? What has waited too long is told by rules now. */
bool digest_teller_done(struct digest_teller *teller);
/* Sets the stories of one of the digests, once all is done; valid until digest_teller_drop().
 * NO_MEMORY. */
int digest_teller_fill(struct digest_teller *teller, uint32_t number, struct digest *digest,
                       struct err *err) CHECKED;
/* They are written, or nobody's any more. An answer that comes all the same is kept
 * in the journal. */
void digest_teller_drop(struct digest_teller *teller);

void digest_teller_metrics(const struct digest_teller *teller, struct metrics_writer *writer);

#endif
