/* xoshiro256** by Blackman and Vigna (prng.di.unimi.it), seeded by splitmix64;
 * UUIDs per RFC 9562. */
#include "base/random.h"

#include <sys/random.h>

static uint64_t rotate_left(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void random_seed(struct random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) random->state[i] = splitmix(&seed);
}

void random_seed_system(struct random *random)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        seed = (uint64_t)clock_mono_ns(clock_system()) ^ (uint64_t)(uintptr_t)random;
    random_seed(random, seed);
}

uint64_t random_u64(struct random *random)
{
    uint64_t *s = random->state, result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0], s[3] ^= s[1], s[1] ^= s[2], s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    uint64_t threshold = (0 - bound) % bound, value; /* reject the uneven tail */
    do value = random_u64(random);
    while (value < threshold);
    return value % bound;
}

double random_unit(struct random *random) { return (double)(random_u64(random) >> 11) * 0x1.0p-53; }

static void format_uuid(const uint8_t bytes[16], char *out)
{
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 15];
    }
    *out = '\0';
}

void uuid_next(struct uuid_generator *generator, char out[static UUID_TEXT_BYTES])
{
    int64_t now = clock_wall_ms(generator->clock);
    if (now > generator->last_ms) {
        generator->last_ms = now;
        generator->sequence = (uint32_t)(random_u64(generator->random) & 0x1FFFFF);
    } else if (++generator->sequence >= 1u << 24) { /* also when the wall clock went back */
        generator->last_ms++;
        generator->sequence = 0;
    }
    uint64_t ms = (uint64_t)generator->last_ms, noise = random_u64(generator->random);
    uint32_t high = generator->sequence >> 12, low = generator->sequence & 0xFFF;
    uint8_t b[16];
    for (int i = 0; i < 6; i++) b[i] = (uint8_t)(ms >> (40 - 8 * i));
    b[6] = (uint8_t)(0x70 | high >> 8);
    b[7] = (uint8_t)high;
    b[8] = (uint8_t)(0x80 | low >> 6);
    b[9] = (uint8_t)((low & 0x3F) << 2 | (noise >> 62));
    for (int i = 10; i < 16; i++) b[i] = (uint8_t)(noise >> (8 * (i - 10)));
    format_uuid(b, out);
}

void uuid_from_hash(const uint8_t hash[static 16], char out[static UUID_TEXT_BYTES])
{
    uint8_t b[16];
    memcpy(b, hash, 16);
    b[6] = (uint8_t)(0x80 | (b[6] & 0x0F));
    b[8] = (uint8_t)(0x80 | (b[8] & 0x3F));
    format_uuid(b, out);
}
