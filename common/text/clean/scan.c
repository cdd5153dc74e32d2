/* Looks through a text for anything that cleaning would change: 64 bytes at once, of which those
 * that aren't plain one by one through a table, and only what is rare by its code point. */
#include "text/ascii_head.h"
#include "text/clean/internal.h"

/* What a byte means at the start of a character. */
enum step { PLAIN, BLANK, NEWLINE, MARKUP, BAD, LATIN /* C3 to CB: U+00C0 to U+02FF */, WIDE };

/* clang-format off */
static const uint8_t steps[256] = {
    [0x00] = BAD, [0x01] = BAD, [0x02] = BAD, [0x03] = BAD, [0x04] = BAD, [0x05] = BAD,
    [0x06] = BAD, [0x07] = BAD, [0x08] = BAD, [0x09] = BLANK, [0x0A] = NEWLINE, [0x0B] = BAD,
    [0x0C] = BAD, [0x0D] = BAD, [0x0E] = BAD, [0x0F] = BAD, [0x10] = BAD, [0x11] = BAD,
    [0x12] = BAD, [0x13] = BAD, [0x14] = BAD, [0x15] = BAD, [0x16] = BAD, [0x17] = BAD,
    [0x18] = BAD, [0x19] = BAD, [0x1A] = BAD, [0x1B] = BAD, [0x1C] = BAD, [0x1D] = BAD,
    [0x1E] = BAD, [0x1F] = BAD, [0x20] = BLANK, [0x26] = MARKUP, [0x3C] = MARKUP, [0x7F] = BAD,
    [0xC2] = WIDE, [0xC3] = LATIN, [0xC4] = LATIN, [0xC5] = LATIN, [0xC6] = LATIN, [0xC7] = LATIN,
    [0xC8] = LATIN, [0xC9] = LATIN, [0xCA] = LATIN, [0xCB] = LATIN, [0xCC] = WIDE, [0xCD] = WIDE,
    [0xCE] = WIDE, [0xCF] = WIDE, [0xD0] = WIDE, [0xD1] = WIDE, [0xD2] = WIDE, [0xD3] = WIDE,
    [0xD4] = WIDE, [0xD5] = WIDE, [0xD6] = WIDE, [0xD7] = WIDE, [0xD8] = WIDE, [0xD9] = WIDE,
    [0xDA] = WIDE, [0xDB] = WIDE, [0xDC] = WIDE, [0xDD] = WIDE, [0xDE] = WIDE, [0xDF] = WIDE,
    [0xE0] = WIDE, [0xE1] = WIDE, [0xE2] = WIDE, [0xE3] = WIDE, [0xE4] = WIDE, [0xE5] = WIDE,
    [0xE6] = WIDE, [0xE7] = WIDE, [0xE8] = WIDE, [0xE9] = WIDE, [0xEA] = WIDE, [0xEB] = WIDE,
    [0xEC] = WIDE, [0xED] = WIDE, [0xEE] = WIDE, [0xEF] = WIDE, [0xF0] = WIDE, [0xF1] = WIDE,
    [0xF2] = WIDE, [0xF3] = WIDE, [0xF4] = WIDE,
};
/* clang-format on */

/* NFC whatever stands beside them; from U+0300 on. Leaves out what composes or has a form of its
 * own. */
static bool is_composed(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x2010, 0x205E}, {0x20A0, 0x20C0},   {0x2100, 0x2125}, {0x212C, 0x218F}, {0x2190, 0x2328},
        {0x232B, 0x2AD0}, {0x1F000, 0x1FAFF}, {0xFE0E, 0xFE0F}, {0x0391, 0x03C9}, {0x0400, 0x0482},
        {0x048A, 0x052F}, {0x05D0, 0x05EA},   {0x0621, 0x063A}, {0x0641, 0x064A}, {0x0E01, 0x0E30},
        {0x1E00, 0x1E99}, {0x1EA0, 0x1EF9},   {0x3001, 0x3029}, {0x3041, 0x3096}, {0x309B, 0x30FF},
        {0x4E00, 0x9FFF}, {0xAC00, 0xD7A3},   {0xFF01, 0xFF9F}, {0xFFFD, 0xFFFD},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (code >= ranges[i].first && code <= ranges[i].last) return true;
    return false;
}

/* A letter that is also the first byte of UTF-8, followed by another character beyond ASCII. */
static unsigned scan_latin(struct str text, size_t at)
{
    const uint8_t *p = (const uint8_t *)text.data + at;
    if (p[0] != 0xC3 || text.size - at < 4 || p[2] < 0x80) return 0;
    return p[1] == 0x82 || p[1] == 0x83 || p[1] == 0xA2 || p[1] == 0xB0 ? CLEAN_REPAIR
                                                                        : 0; /* Â Ã â ð */
}

static unsigned scan_wide(uint32_t code)
{
    if (!clean_keeps(code) || clean_is_blank(code) || clean_is_newline(code)) return CLEAN_FILTER;
    if (code < 0x300 || is_composed(code))
        return code == 0xFE0E || code == 0xFE0F ? CLEAN_FILTER : 0;
    return CLEAN_COMPOSE | CLEAN_FILTER; /* the filter counts marks */
}

/* What the byte at `at` asks for, if it starts a character. */
static unsigned needs_at(struct str text, size_t at)
{
    size_t size;
    enum step before = at ? (enum step)steps[(uint8_t)text.data[at - 1]] : BLANK;
    switch ((enum step)steps[(uint8_t)text.data[at]]) {
    case PLAIN: return 0;
    case BLANK: return before == BLANK || before == NEWLINE ? CLEAN_FILTER : 0;
    case NEWLINE: /* at most two, and no blank before them */
        return before == BLANK ||
                       (before == NEWLINE && at > 1 && steps[(uint8_t)text.data[at - 2]] == NEWLINE)
                   ? CLEAN_FILTER
                   : 0;
    case MARKUP: return CLEAN_MARKUP;
    case BAD: return CLEAN_FILTER;
    case LATIN: return scan_latin(text, at);
    case WIDE: return scan_wide(clean_read(text, at, &size));
    }
    return 0;
}

#ifdef __SSE2__
/* Of 64 bytes beyond ASCII those that ask for nothing: letters from U+00C0 to U+02FF, but for those
 * that a wrong encoding gives (scan_latin()), and what follows the first byte of a character. */
static uint64_t plain_letters(const char *data)
{
    uint64_t fine = 0, latin = 0, marks = 0;
#pragma GCC unroll 4
    for (int i = 0; i < ASCII_MARKS_BYTES; i += ASCII_HEAD_BYTES) {
        __m128i v = _mm_loadu_si128((const void *)(data + i));
        __m128i pair = _mm_and_si128(v, _mm_set1_epi8((char)0xFE)); /* without the lowest bit */
        __m128i mark = _mm_or_si128(ascii_equal(pair, '\x82'),
                                    _mm_or_si128(ascii_equal(v, '\xA2'), ascii_equal(v, '\xB0')));
        __m128i follows = _mm_cmplt_epi8(v, _mm_set1_epi8((char)0xC0)); /* as signed numbers */
        fine |= ascii_bits(_mm_or_si128(ascii_between(v, '\xC3', 9), follows), i);
        latin |= ascii_bits(ascii_equal(v, '\xC3'), i);
        marks |= ascii_bits(mark, i);
    }
    return fine & ~(latin & (marks >> 1 | UINT64_C(1) << 63));
}

/* Of 64 bytes those that may ask for something: all but printable ASCII, single blanks and plain
 * letters. blank: before them stands a blank. */
static inline uint64_t odd_bytes(const char *data, bool blank)
{
    uint64_t printable = 0, blanks = 0, openers = 0, wide = 0;
#pragma GCC unroll 4
    for (int i = 0; i < ASCII_MARKS_BYTES; i += ASCII_HEAD_BYTES) {
        __m128i v = _mm_loadu_si128((const void *)(data + i));
        printable |= ascii_bits(ascii_between(v, ' ', '~' - ' ' + 1), i);
        blanks |= ascii_bits(ascii_equal(v, ' '), i);
        openers |= ascii_bits(_mm_or_si128(ascii_equal(v, '<'), ascii_equal(v, '&')), i);
        wide |= ascii_bits(v, i);
    }
    uint64_t odd = ~printable | openers, gaps = blanks | (~printable & ~wide);
    if (wide) odd &= ~plain_letters(data);
    return odd | (blanks & (gaps << 1 | blank));
}

static unsigned needs_within(struct str text)
{
    unsigned needs = 0;
    for (size_t start = 0; start < text.size; start += ASCII_MARKS_BYTES) {
        char last[ASCII_MARKS_BYTES];
        const char *bytes =
            ascii_readable(text.data + start, text.size - start, sizeof last, 'x', last);
        bool blank = start == 0 || (uint8_t)text.data[start - 1] <= ' ';
        for (uint64_t odd = odd_bytes(bytes, blank); odd; odd &= odd - 1)
            needs |= needs_at(text, start + (size_t)__builtin_ctzll(odd));
    }
    return needs;
}
#else
static unsigned needs_within(struct str text)
{
    unsigned needs = 0;
    for (size_t at = 0; at < text.size; at++) needs |= needs_at(text, at);
    return needs;
}
#endif

unsigned clean_scan(struct str text)
{
    unsigned needs = needs_within(text);
    enum step last = text.size ? (enum step)steps[(uint8_t)text.data[text.size - 1]] : BLANK;
    return last == BLANK || last == NEWLINE ? needs | CLEAN_FILTER : needs;
}
