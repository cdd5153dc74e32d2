/* Bytes a token, by language and script. */
#include "spend/estimate.h"

uint64_t spend_tokens(struct str text, struct str language)
{
    /* bytes of characters that take three or four: neither Latin letters nor accents */
    uint64_t wide = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0xE0) wide += c >= 0xF0 ? 4 : 3;
    }
    if (wide > text.size) wide = text.size;
    uint64_t narrow = text.size - wide, per_ten = str_equal(language, STR("en")) ? 41 : 34;
    return (narrow * 10 + per_ten - 1) / per_ten + (wide * 10 + 24) / 25;
}
