/* Hashes: words', XXH3 for other tables, SHA-256 and HMAC (OpenSSL) where someone may attack. */
#ifndef VERBATIM_BASE_HASH_H
#define VERBATIM_BASE_HASH_H

#include <endian.h>

#include "base/str.h"

#ifndef __SIZEOF_INT128__
#error "hash_word() is a product of 128 bits, and models hold its values: 64-bit targets only"
#endif

enum { SHA256_BYTES = 32, SHA256_TEXT_BYTES = 65 };

uint64_t hash_fast(struct str data, uint64_t seed); /* XXH3 64 bits */

/* The hash of a word, made for texts: words in thousands of small tables, and features of models.
 * Models and windows of repeats are made with it: it may never change but with them.
 *
 * Of 1 to HASH_WORD_BYTES bytes it is the product of the first and the last eight, each mixed with
 * a number, both halves of the 128 bits folded into one (as wyhash does); a shorter word's bytes
 * are both. How long the next word is can't be predicted, so that nothing depends on it by a
 * branch. Others have XXH3. */
enum { HASH_WORD_BYTES = 16 };
uint64_t hash_word(struct str word);

static inline uint64_t hash_word_ends(uint64_t head, uint64_t tail, size_t size)
{
    __extension__ typedef unsigned __int128 uint128;
    uint128 product = (uint128)(head ^ UINT64_C(0xa0761d6478bd642f)) *
                      (tail ^ (UINT64_C(0xe7037ed1a0b428db) + size));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The same where 8 bytes can be read from `at` on, however short the word is. */
static inline uint64_t hash_word_at(const char *at, size_t size)
{
    if (size - 1 >= HASH_WORD_BYTES) return hash_fast(str_make(at, size), 0); /* or none at all */
    int64_t more = (int64_t)size - 8;
    uint64_t beyond = (uint64_t)(-more & more >> 63); /* bytes read that aren't the word's, or 0 */
    uint64_t head, tail;
    memcpy(&head, at, sizeof head);
    memcpy(&tail, at + size + beyond - 8, sizeof tail);
    return hash_word_ends(le64toh(head) << 8 * beyond, le64toh(tail) << 8 * beyond, size);
}

/* The same where 8 bytes can be read before `at`, too: they are taken with the word, and masked. By
 * its size: which are its own of eight bytes that end with it, and where the first eight begin. */
struct hash_ends {
    uint64_t masks[HASH_WORD_BYTES + 1];
    int64_t from[HASH_WORD_BYTES + 1];
};
extern const struct hash_ends hash_ends;
static inline uint64_t hash_word_within(const char *at, size_t size)
{
    if (size - 1 >= HASH_WORD_BYTES) return hash_fast(str_make(at, size), 0);
    uint64_t head, tail, mask = hash_ends.masks[size];
    memcpy(&head, at + hash_ends.from[size], sizeof head);
    memcpy(&tail, at + size - sizeof tail, sizeof tail);
    return hash_word_ends(le64toh(head) & mask, le64toh(tail) & mask, size);
}

void hash_sha256(struct str data, uint8_t out[static SHA256_BYTES]);
void hash_hmac_sha256(struct str key, struct str data, uint8_t out[static SHA256_BYTES]);

/* HMAC-SHA-256 under one key, again and again: half the work is done. */
struct hash_key;
struct hash_key *hash_key_create(struct str key); /* NULL without memory */
void hash_key_destroy(struct hash_key *key);      /* NULL is ignored */
void hash_key_hmac(const struct hash_key *key, struct str data, uint8_t out[static SHA256_BYTES]);

/* Lower-case hex with a NUL; out has room for 2 × size + 1. */
void hash_hex(const uint8_t *bytes, size_t size, char *out);

/* SHA-256 over data that comes in parts. */
struct hash_stream {
    uint64_t room[14]; /* what OpenSSL's SHA256_CTX takes */
};
void hash_stream_begin(struct hash_stream *stream);
void hash_stream_add(struct hash_stream *stream, struct str data);
void hash_stream_finish(struct hash_stream *stream, uint8_t out[static SHA256_BYTES]);

bool hash_equal_constant_time(struct str a, struct str b);

#endif
