/* Whole numbers as digits, for answers that hold many: printf() takes ten times as long. */
#ifndef VERBATIM_BASE_DIGITS_H
#define VERBATIM_BASE_DIGITS_H

#include "base/buffer.h"

static inline void buffer_add_number(struct buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_append(buffer, digits + at, sizeof digits - at);
}

#endif
