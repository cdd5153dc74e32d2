/* That what a text costs grows no faster than its size. By the processor's time, not the clock's: a
 * long text takes at most four times what as many short ones do, where the square would take
 * sixteen. */
#ifndef VERBATIM_TEST_GROWTH_H
#define VERBATIM_TEST_GROWTH_H

#include "test.h"

#include <time.h>

enum { GROWTH_BYTES = 256 * 1024, GROWTH_TIMES = 16, GROWTH_MOST = 4, GROWTH_ROUNDS = 3 };

/* Judges the text once; returns what that took, in clock()'s units. */
typedef clock_t growth_run(const char *text, size_t size);

static inline double growth_seconds(growth_run *run, const char *text, size_t size)
{
    double least = 1e9;
    for (int round = 0; round < GROWTH_ROUNDS && (round == 0 || least < 0.1); round++) {
        double taken = (double)run(text, size) / CLOCKS_PER_SEC;
        least = taken < least ? taken : least;
    }
    return least;
}

/* Each text holds one pattern again and again. */
static inline void check_growth(growth_run *run, const char *const *patterns, size_t count)
{
    static char text[GROWTH_BYTES];
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(patterns[i]);
        CASE(patterns[i]);
        for (size_t k = 0; k < sizeof text; k++) text[k] = patterns[i][k % size];
        double few = growth_seconds(run, text, sizeof text / GROWTH_TIMES),
               many = growth_seconds(run, text, sizeof text);
        assert_true(many < GROWTH_MOST * GROWTH_TIMES * few);
    }
}

#endif
