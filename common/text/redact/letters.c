/* Reads a word letter by letter, as few are: those with letters beyond ASCII, and long ones. */
#include "text/redact/find.h"

enum { LATIN_FIRST = 0xC0, LATIN_LAST = 0x17F };

static const char latin[LATIN_LAST - LATIN_FIRST + 1][4] = {
#include "text/latin.inc"
};

size_t redact_wide_letter_size(struct str text, size_t i)
{
    uint8_t c = (uint8_t)text.data[i];
    if (c < 0xC3 || i + 1 >= text.size) return 0; /* U+0080 to U+00BF: signs */
    if (c == 0xC3 && ((uint8_t)text.data[i + 1] == 0x97 || (uint8_t)text.data[i + 1] == 0xB7))
        return 0;
    if (c < 0xE0) return 2;
    /* punctuation, symbols, emoji */
    if (c == 0xE2 || c >= 0xF0 || c == 0xE3 || c == 0xEF) return 0;
    return i + 2 < text.size ? 3 : 0;
}

static void fold_wide_letter(struct str text, size_t i, size_t size, struct redact_word *word)
{
    char plain[4] = {0};
    const char *folded = plain;
    uint32_t code = ((uint32_t)text.data[i] & 0x1F) << 6 | ((uint32_t)text.data[i + 1] & 0x3F);
    if (size == 2 && code >= LATIN_FIRST && code <= LATIN_LAST) folded = latin[code - LATIN_FIRST];
    else memcpy(plain, text.data + i, size);
    for (; *folded && word->size + 1 < WORD_BYTES; folded++) word->folded[word->size++] = *folded;
}

/* Capitals of two bytes: Latin-1, Latin Extended-A (even codes, near enough), Greek and
 * Cyrillic. */
static bool is_wide_capital(struct str text, size_t i)
{
    uint32_t code = ((uint32_t)text.data[i] & 0x1F) << 6 | ((uint32_t)text.data[i + 1] & 0x3F);
    if (code >= 0xC0 && code <= 0xDE) return true;
    if (code >= 0x100 && code <= 0x17F)
        return (code >= 0x139 && code <= 0x148) || code >= 0x179 ? code & 1 : !(code & 1);
    return (code >= 0x386 && code <= 0x3A9) || (code >= 0x400 && code <= 0x42F);
}

/* à ç è é ê ë ñ ï ô in either case: a bit for each second byte. */
static bool is_loan_letter(struct str text, size_t i)
{
    static const uint32_t seconds = 1u << 0x00 | 1u << 0x07 | 1u << 0x08 | 1u << 0x09 | 1u << 0x0A |
                                    1u << 0x0B | 1u << 0x0F | 1u << 0x11 | 1u << 0x14;
    return text.data[i] == '\xC3' && (seconds >> (text.data[i + 1] & 0x1F) & 1);
}

void redact_take_letters(struct str text, size_t start, struct redact_word *ret_word)
{
    struct redact_word word = {.start = (uint32_t)start, .upper = true};
    size_t letters = 0, i = start, most = start + 4 * WORD_BYTES;
    word.capital = is_upper(at(text, start));
    for (; i < text.size && i < most; letters++) {
        char c = text.data[i];
        if (!(c & 0x80)) { /* nearly always */
            if (!is_letter(c)) break;
            word.upper &= is_upper(c);
            if (word.size + 1 < WORD_BYTES) word.folded[word.size++] = (char)(c | 0x20);
            i++;
            continue;
        }
        size_t size = redact_wide_letter_size(text, i);
        if (!size) break;
        bool capital = size == 2 && is_wide_capital(text, i);
        if (i == start) word.capital = capital;
        word.upper &= capital;
        word.accented = true;
        word.foreign |= size == 2 && !is_loan_letter(text, i);
        fold_wide_letter(text, i, size, &word);
        i += size;
    }
    word.end = (uint32_t)i;
    word.upper &= letters > 1;
    *ret_word = word;
}

bool redact_is_among(const struct redact_word *word, const char *const *words, size_t count)
{
    uint16_t head, each;
    if (!word->size) return false;
    const char letters[2] = {word->folded[0], word->size > 1 ? word->folded[1] : '\0'};
    memcpy(&head, letters, sizeof head);
    for (size_t i = 0; i < count; i++) {
        memcpy(&each, words[i], sizeof each);
        if (each != head) continue; /* nearly always */
        size_t same = word->size > 1 ? 2 : 1;
        while (same < word->size && words[i][same] == word->folded[same]) same++;
        if (same == word->size && !words[i][same]) return true;
    }
    return false;
}

struct redact_outline redact_outline_at(struct str text, size_t start,
                                        char room[static OUTLINE_BYTES])
{
    struct redact_outline outline = {
        ascii_readable(text.data + start, text.size - start, OUTLINE_BYTES, '\0', room),
        0, 0, 0, 0, 0, 0};
#ifdef __SSE2__
#pragma GCC unroll 4
    for (int i = 0; i < ASCII_MARKS_BYTES; i += ASCII_HEAD_BYTES) {
        __m128i v = _mm_loadu_si128((const void *)(outline.bytes + i));
        __m128i sign = _mm_or_si128(_mm_or_si128(ascii_equal(v, '@'), ascii_equal(v, '#')),
                                    ascii_equal(v, '['));
        outline.letters |= (uint64_t)redact_letters_at(outline.bytes + i) << i;
        outline.high |= ascii_bits(v, i);
        outline.capitals |= ascii_bits(ascii_between(v, 'A', 26), i);
        outline.signs |= ascii_bits(sign, i);
    }
#else
    for (int i = 0; i < ASCII_MARKS_BYTES; i++) {
        char c = outline.bytes[i];
        outline.letters |= (uint64_t)is_letter(c) << i;
        outline.high |= (uint64_t)((c & 0x80) != 0) << i;
        outline.capitals |= (uint64_t)is_upper(c) << i;
        outline.signs |= (uint64_t)(c == '@' || c == '#' || c == '[') << i;
    }
#endif
    outline.width = redact_whole_words(outline.letters);
    uint64_t looked = outline.width < 64 ? (UINT64_C(1) << outline.width) - 1 : UINT64_MAX;
    outline.words = outline.letters &
                    ~(outline.letters << 1 | is_letter(before(text, start))) & looked;
    outline.capitals &= outline.words;
    outline.signs &= looked;
    return outline;
}
