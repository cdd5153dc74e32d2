/* Boils a text down to its Latin letters, and counts those of other scripts. */
#include "text/language_grams.h"

#include "text/ascii_head.h"

enum {
    SPACE = ' ',
    LOOK = 1, /* the character may begin something that is no text */
    PIECES = 6,
    PIECE_BYTES = 36,
    WORD_BYTES = 12
};
_Static_assert((int)PIECE_BYTES >= (int)ASCII_HEAD_BYTES,
               "what is behind a piece's start can be read");

/* clang-format off */
#define SPACES_8 SPACE, SPACE, SPACE, SPACE, SPACE, SPACE, SPACE, SPACE
static const uint8_t ascii[128] = {
    SPACES_8, SPACES_8, SPACES_8, SPACES_8, SPACES_8, SPACES_8, SPACES_8,
    SPACE, SPACE, LOOK /* : */, SPACE, SPACE, SPACE, SPACE, SPACE,
    LOOK /* @ */, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', SPACE, SPACE, SPACE, SPACE, SPACE,
    SPACE, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', SPACE, SPACE, SPACE, SPACE, SPACE,
};
#undef SPACES_8
/* clang-format on */

static size_t skip_word(struct str text, size_t at)
{
    while (at < text.size && (uint8_t)text.data[at] > ' ') at++;
    return at;
}

static void put(struct language_letters *letters, uint8_t byte)
{
    letters->bytes[letters->size] = byte;
    letters->size += byte != SPACE || letters->bytes[letters->size - 1] != SPACE;
}

/* "@name" goes; so does "https" with what follows it. */
static size_t take_odd(struct language_letters *letters, struct str text, size_t at)
{
    bool web = text.data[at] == ':' && str_starts(str_slice(text, at + 1, text.size), STR("//"));
    while (web && letters->bytes[letters->size - 1] != SPACE) letters->size--;
    put(letters, SPACE);
    return web || text.data[at] == '@' ? skip_word(text, at + 1) : at + 1;
}

/* U+00C0 to U+027F in two bytes, to lower case. */
static void put_latin(struct language_letters *letters, uint8_t lead, uint8_t next)
{
    unsigned code = (lead & 0x1Fu) << 6 | (next & 0x3Fu);
    if (code <= 0xDE && code != 0xD7)
        code += 0x20;
    else if (code >= 0x100 && code <= 0x137)
        code |= 1;
    else if (code >= 0x139 && code <= 0x148)
        code += code & 1;
    else if (code >= 0x14A && code <= 0x177)
        code |= 1;
    else if (code >= 0x179 && code <= 0x17E)
        code += code & 1;
    put(letters, (uint8_t)(0xC0 | code >> 6));
    put(letters, (uint8_t)(0x80 | (code & 0x3F)));
}

/* One character beyond ASCII; the text may end, or have been cut, within it. */
static size_t take_wide(struct language_letters *letters, struct str text, size_t at)
{
    uint8_t lead = (uint8_t)text.data[at];
    size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (size == 1 || size > text.size - at) {
        put(letters, SPACE);
        return at + 1;
    }
    uint8_t next = (uint8_t)text.data[at + 1];
    if (lead >= 0xC3 && lead <= 0xC9) {
        put_latin(letters, lead, next);
    } else if (lead == 0xE1 && next >= 0xB8 && next <= 0xBB) { /* Latin Extended Additional */
        put(letters, lead);
        put(letters, next);
        put(letters, (uint8_t)text.data[at + 2] | 1);
    } else if (lead != 0xCC && lead != 0xCD) { /* combining marks part nothing */
        letters->foreign += lead >= 0xCE && lead != 0xE2 && lead < 0xEE;
        put(letters, SPACE);
    }
    return at + size;
}

/* How many of some bytes were taken, and what is next: a space behind another, something odd, or
 * neither. */
struct taken {
    uint32_t size;
    bool spaced, odd;
};

/* Of 16 bytes, or of `most`, those before one that may begin something odd, or that is a second
 * space: all at once, to where there is room for 16. */
static inline struct taken take_plain(const char *text, size_t most, uint8_t *out,
                                      bool behind_space)
{
#ifdef __SSE2__
    __m128i bytes = _mm_loadu_si128((const void *)text),
            low = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    __m128i letter = ascii_between(low, 'a', 26);
    __m128i odd = _mm_or_si128(bytes,
                               _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(':')),
                                            _mm_cmpeq_epi8(bytes, _mm_set1_epi8('@'))));
    uint32_t limit = 1u << (most < ASCII_HEAD_BYTES ? most : ASCII_HEAD_BYTES);
    uint32_t odds = (uint32_t)_mm_movemask_epi8(odd) & (limit - 1),
             space = ~(uint32_t)_mm_movemask_epi8(letter),
             spaces = space & (space << 1 | behind_space) & (limit - 1) & ~odds;
    __m128i blank = _mm_andnot_si128(letter, _mm_set1_epi8(SPACE));
    _mm_storeu_si128((void *)out, _mm_or_si128(_mm_and_si128(letter, low), blank));
    uint32_t size = (uint32_t)__builtin_ctz(limit | odds | spaces);
    return (struct taken){size, spaces >> size & 1, odds >> size & 1};
#else
    (void)text, (void)most, (void)out, (void)behind_space;
    return (struct taken){0};
#endif
}

/* text[from, to). The usual bytes go by a table, with the state in registers; those behind `to` are
 * looked at, and not taken. */
static void take_piece(struct language_letters *letters, struct str text, size_t from, size_t to)
{
    uint32_t size = letters->size;
    uint8_t before = letters->bytes[size - 1];
    struct str piece = str_slice(text, 0, to);
    for (size_t at = from; at < to;) {
        if (ASCII_HEAD_WORKS && text.size - at >= ASCII_HEAD_BYTES) {
            struct taken taken =
                take_plain(text.data + at, to - at, letters->bytes + size, before == SPACE);
            size += taken.size;
            at += taken.size + taken.spaced;
            before = letters->bytes[size - 1];
            if (!taken.odd) continue;
        }
        uint8_t byte = (uint8_t)text.data[at], letter = byte < 0x80 ? ascii[byte] : 0;
        if (letter > LOOK) {
            letters->bytes[size] = letter;
            size += letter != SPACE || before != SPACE;
            before = letter;
            at++;
            continue;
        }
        letters->size = size;
        at = letter ? take_odd(letters, piece, at) : take_wide(letters, piece, at);
        size = letters->size;
        before = letters->bytes[size - 1];
    }
    letters->size = size;
    put(letters, SPACE);
}

/* Where the word after text[at] begins, if that is near. 16 bytes can be read there. */
static size_t next_word(struct str text, size_t at)
{
#ifdef __SSE2__
    __m128i bytes = _mm_loadu_si128((const void *)(text.data + at));
    uint32_t spaces = (uint32_t)_mm_movemask_epi8(ascii_equal(bytes, ' ')),
             found = spaces & ((1u << WORD_BYTES) - 1);
    return at + (found ? (uint32_t)__builtin_ctz(found) : 0);
#else
    for (size_t i = at; i < at + WORD_BYTES; i++)
        if (text.data[i] == ' ') return i;
    return at;
#endif
}

void language_letters(struct str text, struct language_letters *letters)
{
    letters->bytes[0] = SPACE;
    letters->size = 1;
    letters->foreign = 0;
    if (text.size <= LANGUAGE_WHOLE_BYTES) {
        take_piece(letters, text, 0, text.size);
    } else {
        for (size_t piece = 0; piece < PIECES; piece++) {
            size_t start = (text.size - PIECE_BYTES - WORD_BYTES) * piece / (PIECES - 1);
            if (piece) start = next_word(text, start);
            take_piece(letters, text, start, start + PIECE_BYTES);
        }
    }
    memset(letters->bytes + letters->size, SPACE, 8);
    letters->latin = letters->size - 1;
}
