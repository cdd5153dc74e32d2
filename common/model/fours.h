/* Four numbers at once: what linear models ask of sums. */
#ifndef VERBATIM_MODEL_FOURS_H
#define VERBATIM_MODEL_FOURS_H

#include "base/fours.h"

#ifdef __SSE2__
#include <emmintrin.h>
#else
#include <math.h>
#endif

/* Inlined, so that it becomes of the processor that its caller is compiled for. */
#define OF_FOUR static inline __attribute__((always_inline))

OF_FOUR floats_4 larger_of_four(floats_4 a, floats_4 b)
{
    for (int i = 0; i < FOUR; i++) a[i] = a[i] > b[i] ? a[i] : b[i]; /* one instruction */
    return a;
}

/* The exponential function: what expf() of glibc gives, but for one number of a thousand million
 * and for NaN, of which it is infinite (a bound takes its place), where expf() gives NaN again.
 * exp(x) = 2^(k/32) x 2^r by a table for k and a polynomial for r, in double (after Szabolcs Nagy,
 * expf() of Arm's optimized routines, whose coefficients these are). */
enum { EXPONENTIAL_POWERS = 32 };
/* Bits of 2^(i/32), less those that k adds. */
static const uint64_t exponential_powers[EXPONENTIAL_POWERS] = {
    0x3ff0000000000000, 0x3fefd9b0d3158574, 0x3fefb5586cf9890f, 0x3fef9301d0125b51,
    0x3fef72b83c7d517b, 0x3fef54873168b9aa, 0x3fef387a6e756238, 0x3fef1e9df51fdee1,
    0x3fef06fe0a31b715, 0x3feef1a7373aa9cb, 0x3feedea64c123422, 0x3feece086061892d,
    0x3feebfdad5362a27, 0x3feeb42b569d4f82, 0x3feeab07dd485429, 0x3feea47eb03a5585,
    0x3feea09e667f3bcd, 0x3fee9f75e8ec5f74, 0x3feea11473eb0187, 0x3feea589994cce13,
    0x3feeace5422aa0db, 0x3feeb737b0cdc5e5, 0x3feec49182a3f090, 0x3feed503b23e255d,
    0x3feee89f995ad3ad, 0x3feeff76f2fb5e47, 0x3fef199bdd85529c, 0x3fef3720dcef9069,
    0x3fef5818dcfba487, 0x3fef7c97337b9b5f, 0x3fefa4afa2a490da, 0x3fefd0765b6e4540};

OF_FOUR floats_4 exponential_of_four(floats_4 x)
{
    typedef double doubles_4 __attribute__((vector_size(8 * FOUR)));
    typedef uint64_t longs_4 __attribute__((vector_size(8 * FOUR)));
    const double shift = 0x1.8p52, /* rounds what is added to it to a whole number */
                 most = 4801; /* beyond it all is infinite, or nothing, as a float */
    doubles_4 z = __builtin_convertvector(x, doubles_4) *
                  (0x1.71547652b82fep0 * EXPONENTIAL_POWERS);
    for (int i = 0; i < FOUR; i++) z[i] = z[i] < most ? z[i] : most;
    for (int i = 0; i < FOUR; i++) z[i] = z[i] > -most ? z[i] : -most;
    doubles_4 shifted = z + shift, r = z - (shifted - shift);
    longs_4 k = (longs_4)shifted, power;
    for (int i = 0; i < FOUR; i++) power[i] = exponential_powers[k[i] % EXPONENTIAL_POWERS];
    power += k << 47;
    doubles_4 low = r * 0x1.62e42ff0c52d6p-6 + 1.0,
              high = r * 0x1.c6af84b912394p-20 + 0x1.ebfce50fac4f3p-13;
    return __builtin_convertvector((high * (r * r) + low) * (doubles_4)power, floats_4);
}

OF_FOUR floats_4 root_of_four(floats_4 x)
{
#ifdef __SSE2__
    return (floats_4)_mm_sqrt_ps((__m128)x);
#else
    return (floats_4){sqrtf(x[0]), sqrtf(x[1]), sqrtf(x[2]), sqrtf(x[3])};
#endif
}

#undef OF_FOUR
#endif
