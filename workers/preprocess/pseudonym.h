/* Customers under another name: a keyed hash, so that one customer's records stay together and
 * nobody without the key can tell who it is, not even by trying all customers. */
#ifndef VERBATIM_WORKERS_PREPROCESS_PSEUDONYM_H
#define VERBATIM_WORKERS_PREPROCESS_PSEUDONYM_H

#include "base/arena.h"


enum { PSEUDONYM_KEY_BYTES = 32 };

struct pseudonym {
    char key[256];
    size_t key_size;
    struct hash_key *hash;
};

/* key: from configuration; empty: read from FOLDER/customer.key, which is made (mode 0600) if it
 * isn't there, unless the folder was used before (BAD_CONFIG); without a folder as well: a key of
 * this run only. */
int pseudonym_open(struct pseudonym *pseudonym, const char *key, const char *folder,
                   struct err *err) CHECKED;

void pseudonym_close(struct pseudonym *pseudonym); /* a zeroed one is valid */

/* 32 hex digits: the first half of HMAC-SHA-256. data == NULL without memory. */
struct str pseudonym_of(const struct pseudonym *pseudonym, struct str customer,
                        struct arena *arena);

#endif
