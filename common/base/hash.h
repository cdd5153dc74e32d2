/* Hashes: XXH3 for tables, SHA-256 and HMAC (OpenSSL) where someone may attack. */
#ifndef VERBATIM_BASE_HASH_H
#define VERBATIM_BASE_HASH_H

#include "base/str.h"

enum { SHA256_BYTES = 32, SHA256_TEXT_BYTES = 65 };

uint64_t hash_fast(struct str data, uint64_t seed); /* XXH3 64 bits */

enum { HASH_SHORT_BYTES = 8 };

/* hash_fast(…, 0) of 1 to 8 bytes, where 8 can be read whatever their size: both of XXH3's ways,
 * then one of them by a mask. How long the next word is can't be predicted, and a wrong branch costs
 * more than a second way. (The XXH3 specification, "inputs of 1-3 bytes", "4-8 bytes", seed 0;
 * little-endian, as every machine that this runs on.) */
static inline uint64_t hash_short(const char *at, size_t size)
{
    uint64_t few = (uint64_t)(uint8_t)at[0] << 16 | (uint64_t)(uint8_t)at[size / 2] << 24 |
                   (uint64_t)(uint8_t)at[size - 1] | (uint64_t)size << 8;
    few ^= 0x87275A9B;
    few = (few ^ few >> 33) * 0xC2B2AE3D27D4EB4F;
    few = (few ^ few >> 29) * 0x165667B19E3779F9;
    few ^= few >> 32;

    uint32_t head, tail;
    memcpy(&head, at, sizeof head);
    memcpy(&tail, at + (size < 4 ? 0 : size - 4), sizeof tail);
    uint64_t more = (tail + ((uint64_t)head << 32)) ^ 0xC73AB174C5ECD5A2;
    more ^= (more << 49 | more >> 15) ^ (more << 24 | more >> 40);
    more *= 0x9FB21C651E98DF25;
    more = (more ^ ((more >> 35) + size)) * 0x9FB21C651E98DF25;
    more ^= more >> 28;

    uint64_t is_few = -(uint64_t)(size < 4);
    return (few & is_few) | (more & ~is_few);
}

void hash_sha256(struct str data, uint8_t out[static SHA256_BYTES]);
void hash_hmac_sha256(struct str key, struct str data, uint8_t out[static SHA256_BYTES]);

/* HMAC-SHA-256 under one key, again and again: hash_hmac_sha256() has OpenSSL look up its
 * algorithms each time, which costs more than the hash. One thread at a time. */
struct hash_key;
struct hash_key *hash_key_create(struct str key); /* NULL without memory */
void hash_key_destroy(struct hash_key *key);      /* NULL is ignored */
/* False without memory. */
bool hash_key_hmac(struct hash_key *key, struct str data, uint8_t out[static SHA256_BYTES]);

/* Lower-case hex with a NUL; out has room for 2 × size + 1. */
void hash_hex(const uint8_t *bytes, size_t size, char *out);

/* SHA-256 over data that comes in parts. */
struct hash_stream;
struct hash_stream *hash_stream_create(void); /* NULL without memory */
void hash_stream_add(struct hash_stream *stream, struct str data);
/* frees it */
void hash_stream_finish(struct hash_stream *stream, uint8_t out[static SHA256_BYTES]);

bool hash_equal_constant_time(struct str a, struct str b);

#endif
