/* String views: searching, number parsing and UTF-8 validation. */
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/ascii.h"

int str_compare(struct str a, struct str b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
    if (order) return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

bool str_equal_ignoring_case(struct str a, struct str b)
{
    if (a.size != b.size) return false;
    /* most of those that aren't equal differ here */
    if (a.size && (a.data[0] ^ b.data[0]) & ~0x20) return false;
    for (size_t i = 0; i < a.size; i++)
        if (a.data[i] != b.data[i] && ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
            return false;
    return true;
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

struct str str_trim(struct str s)
{
    while (s.size && is_space(s.data[0])) s.data++, s.size--;
    while (s.size && is_space(s.data[s.size - 1])) s.size--;
    return s;
}

struct str str_cut(struct str *rest, char separator)
{
    const char *at = rest->size ? memchr(rest->data, separator, rest->size) : NULL;
    struct str head = *rest;
    if (!at) {
        *rest = str_slice(*rest, rest->size, rest->size);
        return head;
    }
    head.size = (size_t)(at - rest->data);
    *rest = (struct str){at + 1, rest->size - head.size - 1};
    return head;
}

struct str str_cut_word(struct str *rest)
{
    *rest = str_trim(*rest);
    size_t size = 0;
    while (size < rest->size && rest->data[size] != ' ' && rest->data[size] != '\t') size++;
    struct str word = str_slice(*rest, 0, size);
    *rest = str_slice(*rest, size, rest->size);
    return word;
}

size_t str_find(struct str s, struct str needle)
{
    if (needle.size == 0 || needle.size > s.size) return needle.size == 0 ? 0 : s.size;
    const char *at = memmem(s.data, s.size, needle.data, needle.size);
    return at ? (size_t)(at - s.data) : s.size;
}

bool str_to_u64(struct str s, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (s.size == 0) return false;
    for (size_t i = 0; i < s.size; i++) {
        if (!ascii_is_digit(s.data[i])) return false;
        uint64_t digit = (uint64_t)(s.data[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}

bool str_to_i64(struct str s, int64_t *ret_value)
{
    bool negative = s.size && s.data[0] == '-';
    uint64_t magnitude;
    if (!str_to_u64(negative ? str_slice(s, 1, s.size) : s, &magnitude)) return false;
    if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0)) return false;
    *ret_value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

bool str_to_f64(struct str s, double *ret_value)
{
    char text[64], *end;
    uint64_t whole;
    if (s.size == 0 || s.size >= sizeof text) return false;
    /* exact below 2^53 */
    if (s.size <= 15 && str_to_u64(s, &whole)) return *ret_value = (double)whole, true;
    memcpy(text, s.data, s.size);
    text[s.size] = '\0';
    /* Decimals only: strtod() takes hexadecimal too, and "nan", which passes any range check. */
    if (strspn(text, "+-.0123456789eE") != s.size) return false;
    errno = 0;
    double value = strtod(text, &end);
    if (end != text + s.size || errno == ERANGE) return false;
    *ret_value = value;
    return true;
}

size_t str_distance(struct str a, struct str b)
{
    enum { LONGEST = 63 };
    size_t row[LONGEST + 1];
    a = str_slice(a, 0, LONGEST);
    b = str_slice(b, 0, LONGEST);
    for (size_t j = 0; j <= b.size; j++) row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t change = diagonal + (ascii_lower(a.data[i - 1]) != ascii_lower(b.data[j - 1]));
            diagonal = row[j];
            size_t best = row[j] + 1 < row[j - 1] + 1 ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < best ? change : best;
        }
    }
    return row[b.size];
}

/* Size of the valid sequence that starts at p, or 0. Unicode 15, table 3-7. */
static size_t sequence_size(const uint8_t *p, size_t left)
{
    uint8_t low = 0x80, high = 0xBF;
    size_t size;
    if (p[0] < 0x80) return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF) size = 2;
    else if ((p[0] & 0xF0) == 0xE0) size = 3;
    else if (p[0] >= 0xF0 && p[0] <= 0xF4) size = 4;
    else return 0;
    if (left < size) return 0;
    if (p[0] == 0xE0) low = 0xA0;
    if (p[0] == 0xED) high = 0x9F;
    if (p[0] == 0xF0) low = 0x90;
    if (p[0] == 0xF4) high = 0x8F;
    if (p[1] < low || p[1] > high) return 0;
    for (size_t i = 2; i < size; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    return size;
}

#ifdef __SSE2__
/* How many bytes from `at` on are surely ASCII or whole letters of two bytes, as nearly all are:
 * sixteen at a time, up to what may be something else. */
static size_t two_byte_run(struct str s, size_t at)
{
    const size_t from = at;
    while (s.size - at >= 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(s.data + at));
        /* as signed numbers 0x80 to 0xBF are below -64, and 0xC2 to 0xDF from -62 to -33 */
        __m128i first = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(-63)),
                                      _mm_cmplt_epi8(bytes, _mm_set1_epi8(-32)));
        uint32_t wide = (uint32_t)_mm_movemask_epi8(bytes),
                 firsts = (uint32_t)_mm_movemask_epi8(first),
                 seconds = (uint32_t)_mm_movemask_epi8(_mm_cmplt_epi8(bytes, _mm_set1_epi8(-64)));
        if (((firsts << 1 & 0xFFFF) ^ seconds) | ((firsts | seconds) ^ wide)) break;
        at += 16 - (firsts >> 15); /* not a letter's first byte alone */
    }
    return at - from;
}
#else
static size_t two_byte_run(struct str s, size_t at)
{
    (void)s, (void)at;
    return 0;
}
#endif

size_t str_utf8_valid_prefix(struct str s)
{
    for (size_t at = 0;;) {
        at += two_byte_run(s, at);
        if (at == s.size) return at;
        size_t size = 0;
        if (s.size - at >= 8) {
            uint64_t eight;
            memcpy(&eight, s.data + at, 8);
            eight &= 0x8080808080808080u;
            /* Little-endian: the lowest bit that is set belongs to the first byte
             * that isn't ASCII. */
            size = eight ? (size_t)__builtin_ctzll(eight) / 8 : 8;
        }
        if (!size) size = sequence_size((const uint8_t *)s.data + at, s.size - at);
        if (!size) return at;
        at += size;
    }
}
