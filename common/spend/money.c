/* Dollars as text. */
#include "spend/money.h"

#include <inttypes.h>
#include <stdio.h>

enum { DECIMALS = 6 };

bool money_parse(struct str text, uint64_t *ret_micros)
{
    uint64_t whole = 0, fraction = 0;
    struct str rest = text, dollars = str_cut(&rest, '.');
    bool has_point = dollars.size < text.size;
    if (dollars.size > 10 || !str_to_u64(dollars, &whole)) return false;
    if (has_point && (rest.size > DECIMALS || !str_to_u64(rest, &fraction))) return false;
    for (size_t i = has_point ? rest.size : DECIMALS; i < DECIMALS; i++) fraction *= 10;
    if (whole * MONEY_MICROS + fraction > MONEY_MOST) return false;
    *ret_micros = whole * MONEY_MICROS + fraction;
    return true;
}

size_t money_format(uint64_t micros, char out[static MONEY_TEXT_BYTES])
{
    int size = snprintf(out, MONEY_TEXT_BYTES, "%" PRIu64 ".%06" PRIu64, micros / MONEY_MICROS,
                        micros % MONEY_MICROS);
    while (out[size - 1] == '0' && out[size - 3] != '.') size--;
    out[size] = '\0';
    return (size_t)size;
}
