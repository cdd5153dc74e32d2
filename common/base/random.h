/* Random numbers as an effect: seeded and repeatable (xoshiro256**), or seeded by the system. */
#ifndef VERBATIM_BASE_RANDOM_H
#define VERBATIM_BASE_RANDOM_H

#include "base/clock.h"

struct random {
    uint64_t state[4];
};

void random_seed(struct random *random, uint64_t seed);   /* the same numbers for the same seed */
void random_seed_system(struct random *random);           /* from getrandom(2) */
uint64_t random_u64(struct random *random);
uint64_t random_below(struct random *random, uint64_t bound); /* uniform in [0, bound); bound > 0 */
double random_unit(struct random *random);                /* uniform in [0, 1) */

/* UUID version 7 (RFC 9562): time-ordered; strictly rising within one generator. */
enum { UUID_TEXT_BYTES = 37 };
struct uuid_generator {
    const struct clock *clock;
    struct random *random;
    int64_t last_ms;
    uint32_t sequence; /* rand_a and the top of rand_b count up within one millisecond */
};
void uuid_next(struct uuid_generator *generator, char out[static UUID_TEXT_BYTES]);

/* UUID version 8 (RFC 9562, free form) from 16 bytes of a hash: the same bytes, the same id. */
void uuid_from_hash(const uint8_t hash[static 16], char out[static UUID_TEXT_BYTES]);

#endif
