/* Answers that were paid for, by the hash of what was asked: a bounded store in memory,
 * or in a mapped file that the system may page out. The oldest give way; what is asked for again
 * stays longer. It holds what the topic `answers` holds, and is filled from there after a start
 * (purchases.h): so the file is begun anew each time. One thread. */
#ifndef VERBATIM_WORKERS_GENAI_ANSWERS_H
#define VERBATIM_WORKERS_GENAI_ANSWERS_H

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

struct answer_key {
    uint8_t bytes[SHA256_BYTES];
};

/* The hash of so many parts, each with its length, so that no two questions are the same by the
 * way in which they are cut. */
void answer_key_of(const struct str *parts, size_t count, struct answer_key *ret_key);

struct answers;

enum { ANSWERS_BYTES_MIN = 1 << 16 };

/* path NULL: in memory. size_bytes: of the answers, from ANSWERS_BYTES_MIN; an index of an eighth
 * is added. SYSTEM, DISK_FULL, DENIED, NO_MEMORY; IN_USE when another process holds the file. */
int answers_open(const char *path, size_t size_bytes, struct answers **ret_purchases,
                 struct err *err) CHECKED;
void answers_close(struct answers *answers); /* NULL is ignored */

/* False: there is none. The view is valid until the next call. */
bool answers_find(struct answers *answers, const struct answer_key *key, struct str *ret_value);
/* The newest value of a key counts. One that is larger than an eighth of the store isn't kept. */
void answers_put(struct answers *answers, const struct answer_key *key, struct str value);

/* that were put and not overwritten; an estimate */
uint64_t answers_count(const struct answers *answers);

#endif
