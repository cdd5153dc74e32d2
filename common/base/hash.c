/* Thin names over XXH3 and OpenSSL's digests. */
/* OpenSSL 3 calls SHA256_Init() and its like old. The new ones look the digest up by its name and
 * allocate in each call, which takes longer than to hash a text of ours. */
#define OPENSSL_API_COMPAT 0x10100000L
#include "base/hash.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>
/* most of what is hashed is short: a call through the PLT would cost as much again */
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_fast(struct str data, uint64_t seed)
{
    return XXH3_64bits_withSeed(data.data, data.size, seed);
}

uint64_t hash_word(struct str word)
{
    char room[8] = {0};
    if (word.size >= sizeof room) return hash_word_at(word.data, word.size);
    if (word.size) memcpy(room, word.data, word.size);
    return hash_word_at(room, word.size);
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

void hash_hmac_sha256(struct str key, struct str data, uint8_t out[static SHA256_BYTES])
{
    unsigned size = 0;
    const unsigned char *done =
        HMAC(EVP_sha256(), key.data ? key.data : "", (int)key.size,
             (const unsigned char *)(data.data ? data.data : ""), data.size, out, &size);
    assert(done && size == SHA256_BYTES);
}

/* HMAC is H(outer key, H(inner key, data)) (RFC 2104): both hashes stand ready
 * behind their keys. */
struct hash_key {
    EVP_MD_CTX *inner, *outer, *work;
};

enum { BLOCK_BYTES = 64 };

static EVP_MD_CTX *begin_with(const uint8_t *block, uint8_t mask)
{
    uint8_t masked[BLOCK_BYTES];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    for (int i = 0; i < BLOCK_BYTES; i++) masked[i] = block[i] ^ mask;
    if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
        EVP_DigestUpdate(context, masked, sizeof masked) == 1)
        return context;
    EVP_MD_CTX_free(context);
    return NULL;
}

struct hash_key *hash_key_create(struct str key)
{
    uint8_t block[BLOCK_BYTES] = {0};
    if (key.size > BLOCK_BYTES) hash_sha256(key, block);
    else if (key.size) memcpy(block, key.data, key.size);
    struct hash_key *made = calloc(1, sizeof *made);
    if (!made) return NULL;
    made->inner = begin_with(block, 0x36);
    made->outer = begin_with(block, 0x5C);
    made->work = EVP_MD_CTX_new();
    if (made->inner && made->outer && made->work) return made;
    hash_key_destroy(made);
    return NULL;
}

void hash_key_destroy(struct hash_key *key)
{
    if (!key) return;
    EVP_MD_CTX_free(key->inner);
    EVP_MD_CTX_free(key->outer);
    EVP_MD_CTX_free(key->work);
    free(key);
}

static bool finish_from(EVP_MD_CTX *work, const EVP_MD_CTX *begun, const void *data, size_t size,
                        uint8_t *out)
{
    return EVP_MD_CTX_copy_ex(work, begun) == 1 && EVP_DigestUpdate(work, data, size) == 1 &&
           EVP_DigestFinal_ex(work, out, NULL) == 1;
}

bool hash_key_hmac(struct hash_key *key, struct str data, uint8_t out[static SHA256_BYTES])
{
    uint8_t inner[SHA256_BYTES];
    return finish_from(key->work, key->inner, data.data, data.size, inner) &&
           finish_from(key->work, key->outer, inner, sizeof inner, out);
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

struct hash_stream *hash_stream_create(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        context = NULL;
    }
    return (struct hash_stream *)context;
}

void hash_stream_add(struct hash_stream *stream, struct str data)
{
    EVP_DigestUpdate((EVP_MD_CTX *)stream, data.data, data.size);
}

void hash_stream_finish(struct hash_stream *stream, uint8_t out[static SHA256_BYTES])
{
    unsigned size = 0;
    EVP_DigestFinal_ex((EVP_MD_CTX *)stream, out, &size);
    EVP_MD_CTX_free((EVP_MD_CTX *)stream);
}

bool hash_equal_constant_time(struct str a, struct str b)
{
    return a.size == b.size && CRYPTO_memcmp(a.data, b.data, a.size) == 0;
}
