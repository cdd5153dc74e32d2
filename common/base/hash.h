/* Hashes: XXH3 for tables, SHA-256 and HMAC (OpenSSL) where someone may attack. */
#ifndef VERBATIM_BASE_HASH_H
#define VERBATIM_BASE_HASH_H

#include "base/str.h"

enum { SHA256_BYTES = 32, SHA256_TEXT_BYTES = 65 };

uint64_t hash_fast(struct str data, uint64_t seed); /* XXH3 64 bits */

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
