/* Thin names over XXH3 and OpenSSL's digests. */
/* OpenSSL 3 calls SHA256_Init() and its like old. The new ones look the digest up by its name and
 * allocate in each call, which takes longer than to hash a text of ours; and the first of them
 * reads OpenSSL's configuration, a millisecond of each start. */
#define OPENSSL_API_COMPAT 0x10100000L
#include "base/hash.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
/* most of what is hashed is short: a call through the PLT would cost as much again */
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_fast(struct str data, uint64_t seed)
{
    return XXH3_64bits_withSeed(data.data, data.size, seed);
}

/* 1 to 7 bytes as one number. They are read where they are: copied to be read as eight, they would
 * be waited for. */
static uint64_t few_bytes(struct str word)
{
    const uint8_t *bytes = (const uint8_t *)word.data;
    size_t size = word.size;
    if (size < 4)
        return bytes[0] | (uint64_t)bytes[size / 2] << 8 * (size / 2) |
               (uint64_t)bytes[size - 1] << 8 * (size - 1);
    uint32_t head, tail;
    memcpy(&head, bytes, sizeof head);
    memcpy(&tail, bytes + size - sizeof tail, sizeof tail);
    return le32toh(head) | (uint64_t)le32toh(tail) << 8 * (size - sizeof tail);
}

uint64_t hash_word(struct str word)
{
    if (word.size - 1 >= 7) return hash_word_at(word.data, word.size);
    uint64_t all = few_bytes(word) << 8 * (8 - word.size);
    return hash_word_ends(all, all, word.size);
}

#define MASK(size) UINT64_MAX << 8 * (8 - (size))
const struct hash_ends hash_ends = {
    {0, MASK(1), MASK(2), MASK(3), MASK(4), MASK(5), MASK(6), MASK(7), UINT64_MAX, UINT64_MAX,
     UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
    {0, -7, -6, -5, -4, -3, -2, -1},
};
#undef MASK

void hash_sha256(struct str data, uint8_t out[static SHA256_BYTES])
{
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, data.data ? data.data : "", data.size);
    SHA256_Final(out, &context);
}

/* HMAC is H(outer key, H(inner key, data)) (RFC 2104): both hashes stand ready
 * behind their keys. */
struct hash_key {
    SHA256_CTX inner, outer;
};

enum { BLOCK_BYTES = 64 };

static void begin_with(SHA256_CTX *context, const uint8_t *block, uint8_t mask)
{
    uint8_t masked[BLOCK_BYTES];
    for (int i = 0; i < BLOCK_BYTES; i++) masked[i] = block[i] ^ mask;
    SHA256_Init(context);
    SHA256_Update(context, masked, sizeof masked);
}

static void begin(struct hash_key *made, struct str key)
{
    uint8_t block[BLOCK_BYTES] = {0};
    if (key.size > BLOCK_BYTES) hash_sha256(key, block);
    else if (key.size) memcpy(block, key.data, key.size);
    begin_with(&made->inner, block, 0x36);
    begin_with(&made->outer, block, 0x5C);
}

struct hash_key *hash_key_create(struct str key)
{
    struct hash_key *made = malloc(sizeof *made);
    if (made) begin(made, key);
    return made;
}

void hash_key_destroy(struct hash_key *key)
{
    if (key) OPENSSL_cleanse(key, sizeof *key);
    free(key);
}

static void finish_from(SHA256_CTX begun, const void *data, size_t size, uint8_t *out)
{
    SHA256_Update(&begun, data, size);
    SHA256_Final(out, &begun);
}

void hash_key_hmac(const struct hash_key *key, struct str data, uint8_t out[static SHA256_BYTES])
{
    uint8_t inner[SHA256_BYTES];
    finish_from(key->inner, data.data ? data.data : "", data.size, inner);
    finish_from(key->outer, inner, sizeof inner, out);
}

void hash_hmac_sha256(struct str key, struct str data, uint8_t out[static SHA256_BYTES])
{
    struct hash_key once;
    begin(&once, key);
    hash_key_hmac(&once, data, out);
    OPENSSL_cleanse(&once, sizeof once);
}

void hash_hex(const uint8_t *bytes, size_t size, char *out)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 15];
    }
    *out = '\0';
}

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct hash_stream), "a stream has room for it");

static SHA256_CTX *context_of(struct hash_stream *stream) { return (SHA256_CTX *)stream->room; }

void hash_stream_begin(struct hash_stream *stream) { SHA256_Init(context_of(stream)); }

void hash_stream_add(struct hash_stream *stream, struct str data)
{
    SHA256_Update(context_of(stream), data.data, data.size);
}

void hash_stream_finish(struct hash_stream *stream, uint8_t out[static SHA256_BYTES])
{
    SHA256_Final(out, context_of(stream));
}

bool hash_equal_constant_time(struct str a, struct str b)
{
    return a.size == b.size && CRYPTO_memcmp(a.data, b.data, a.size) == 0;
}
