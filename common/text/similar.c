/* An order-dependent mix of word hashes, and a vote of word pairs on each of 64 bits. */
#include "text/similar.h"

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    return x ^ x >> 32;
}

uint64_t text_exact_hash(const struct tokens *tokens)
{
    uint64_t hash = 0x9E3779B97F4A7C15u;
    for (uint32_t i = 0; i < tokens->count; i++) hash = mix(hash ^ tokens->items[i].hash);
    return hash;
}

/* Eight bits are counted at once, a byte each: 0x01 in every byte whose bit is set. */
static uint64_t spread(uint64_t byte)
{
    return (byte * 0x8040201008040201u >> 7) & 0x0101010101010101u;
}

uint64_t text_simhash(const struct tokens *tokens)
{
    uint32_t votes[64] = {0}, pairs = 0;
    uint64_t counts[8] = {0}, simhash = 0;
    for (uint32_t i = 0; i + 1 < tokens->count; i++) {
        uint64_t hash = mix(tokens->items[i].hash * 3 + tokens->items[i + 1].hash);
        for (int b = 0; b < 8; b++) counts[b] += spread(hash >> (8 * b) & 0xFF);
        if (++pairs % 255 && i + 2 < tokens->count) continue;
        for (int bit = 0; bit < 64; bit++) votes[bit] += (uint32_t)(counts[bit / 8] >> (8 * (bit % 8)) & 0xFF); /* before a byte overflows */
        for (int b = 0; b < 8; b++) counts[b] = 0;
    }
    for (int bit = 0; bit < 64; bit++)
        if (votes[bit] * 2 > pairs) simhash |= 1ull << bit;
    return simhash;
}
