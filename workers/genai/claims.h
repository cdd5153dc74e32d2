/* Which questions are being asked just now, so that identical texts under way share one call: the
 * first of them claims the question, the others wait until its claim is released, and then find its
 * answer in the journal; or, where there is none, the next of them claims it. */
#ifndef VERBATIM_WORKERS_GENAI_CLAIMS_H
#define VERBATIM_WORKERS_GENAI_CLAIMS_H

#include "workers/genai/answers.h"

enum { CLAIMS_BUCKETS = 1024 };

/* One in each record; zeroed, and it stays where it is while it is claimed or waits. */
struct claim {
    struct answer_key key;
    struct claim *next;                   /* in its bucket, or behind who waits before it */
    struct claim *waiting, *last_waiting; /* of the one that is claimed, in their order */
    bool claimed, waits;
};

/* Zeroed is valid. */
struct claims {
    struct claim *buckets[CLAIMS_BUCKETS];
};

/* True: it is claimed now. False: it waits. `claim->key` is set. */
bool claims_take(struct claims *claims, struct claim *claim);
/* Of one that is claimed: who waited for it comes back, linked by `next`, and waits no more. NULL
 * also where it wasn't claimed. */
struct claim *claims_release(struct claims *claims, struct claim *claim);
/* All that wait, linked by `next`; they wait no more. */
struct claim *claims_let_go(struct claims *claims);

#endif
