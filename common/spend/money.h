/* Money as whole numbers: millionths of a US dollar. No fractions are ever added up. */
#ifndef VERBATIM_SPEND_MONEY_H
#define VERBATIM_SPEND_MONEY_H

#include <stdbool.h>

#include "base/str.h"

enum { MONEY_TEXT_BYTES = 32 };
#define MONEY_MICROS  UINT64_C(1000000)          /* of one dollar */
#define MONEY_MOST    (1000000000 * MONEY_MICROS) /* a sum that no option and no row may exceed */

/* "12", "0.25", "1.000001": at most six decimals, at most MONEY_MOST; no sign, no currency. */
bool money_parse(struct str text, uint64_t *ret_micros);

/* "12.00", "0.25", "0.000007": two decimals, or as many as it takes. Returns the length. */
size_t money_format(uint64_t micros, char out[static MONEY_TEXT_BYTES]);

/* Sums that stay at the largest number instead of starting at 0 again. */
static inline uint64_t money_add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}
static inline uint64_t money_less(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

#endif
