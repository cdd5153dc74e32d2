/* Boils a text down to its Latin letters, and counts those of other scripts. */
#include "text/language/grams.h"

#include "text/ascii_head.h"

enum {
    SPACE = ' ',
    PIECES = 4,
    LONG_BYTES = 1024, /* four of a longer text may all be names */
    PIECES_OF_LONG = 6,
    PIECE_BYTES = 36,
    WORD_BYTES = 12
};

/* It may begin something that is no text. */
static bool is_odd(char c) { return (uint8_t)c >= 0x80 || c == ':' || c == '@'; }

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

/* Of a character that begins here; 1: it doesn't, or has been cut. */
static size_t wide_size(struct str text, size_t at)
{
    uint8_t lead = (uint8_t)text.data[at];
    size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (size > text.size - at) return 1;
    for (size_t i = 1; i < size; i++)
        if ((text.data[at + i] & 0xC0) != 0x80) return 1;
    return size;
}

/* One character beyond ASCII. */
static size_t take_wide(struct language_letters *letters, struct str text, size_t at)
{
    uint8_t lead = (uint8_t)text.data[at];
    size_t size = wide_size(text, at);
    if (size == 1) {
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

#ifdef __SSE2__
/* The bits of 64 bytes, from the lowest on. */
struct look {
    uint64_t spaces; /* all that is no letter */
    uint64_t odds;   /* what may begin something that is no text */
};

/* plain: the letters in lower case, and spaces. */
static inline struct look look_at(const char *bytes, uint8_t *plain)
{
    struct look look = {0};
    uint64_t letters = 0;
#pragma GCC unroll 4
    for (int i = 0; i < ASCII_MARKS_BYTES; i += ASCII_HEAD_BYTES) {
        __m128i v = _mm_loadu_si128((const void *)(bytes + i)),
                low = _mm_or_si128(v, _mm_set1_epi8(0x20)), letter = ascii_between(low, 'a', 26),
                blank = _mm_andnot_si128(letter, _mm_set1_epi8(SPACE));
        _mm_storeu_si128((void *)(plain + i), _mm_or_si128(_mm_and_si128(letter, low), blank));
        letters |= ascii_bits(letter, i);
        look.odds |= ascii_bits(_mm_or_si128(v, _mm_or_si128(ascii_equal(v, ':'),
                                                             ascii_equal(v, '@'))), i);
    }
    look.spaces = ~letters;
    return look;
}

/* Of 64 bytes, or of what is left, those before one that may begin something odd, without second
 * spaces. Returns how many were taken. */
static inline size_t take_plain(struct language_letters *letters, struct str text, size_t at)
{
    char last[ASCII_MARKS_BYTES];
    uint8_t plain[2 * ASCII_MARKS_BYTES]; /* copied 64 bytes at a time from anywhere in its half */
    struct look look = look_at(ascii_readable(text.data + at, text.size - at, sizeof last, SPACE,
                                              last), plain);
    size_t left = text.size - at;
    uint64_t end = left < ASCII_MARKS_BYTES ? UINT64_C(1) << left : 0,
             stop = (look.odds | end) & -(look.odds | end);
    uint32_t size = letters->size, from = 0,
             taken = stop ? (uint32_t)__builtin_ctzll(stop) : ASCII_MARKS_BYTES;
    uint64_t seconds = look.spaces & (look.spaces << 1 | (letters->bytes[size - 1] == SPACE)) &
                       (stop - 1);
    for (; seconds; seconds &= seconds - 1) {
        uint32_t second = (uint32_t)__builtin_ctzll(seconds);
        memcpy(letters->bytes + size, plain + from, ASCII_MARKS_BYTES);
        size += second - from;
        from = second + 1;
    }
    memcpy(letters->bytes + size, plain + from, ASCII_MARKS_BYTES);
    letters->size = size + taken - from;
    return taken;
}
#endif

static size_t take_ascii(struct language_letters *letters, struct str text, size_t at)
{
#ifdef __SSE2__
    return at + take_plain(letters, text, at);
#else
    for (; at < text.size && !is_odd(text.data[at]); at++) {
        uint8_t low = (uint8_t)text.data[at] | 0x20;
        put(letters, (uint8_t)(low - 'a') < 26 ? low : SPACE);
    }
    return at;
#endif
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

/* Pieces of a long text, behind each other and parted by blanks. */
static struct str join_pieces(struct str text, char *room)
{
    char *out = room;
    size_t pieces = text.size > LONG_BYTES ? PIECES_OF_LONG : PIECES;
    for (size_t piece = 0; piece < pieces; piece++) {
        size_t start = (text.size - PIECE_BYTES - WORD_BYTES) * piece / (pieces - 1);
        if (piece) start = next_word(text, start);
        memcpy(out, text.data + start, PIECE_BYTES);
        out[PIECE_BYTES] = ' ';
        out += PIECE_BYTES + 1;
    }
    return str_make(room, (size_t)(out - room));
}

void language_letters(struct str text, struct language_letters *letters)
{
    char room[PIECES_OF_LONG * (PIECE_BYTES + 1)];
    if (text.size > LANGUAGE_WHOLE_BYTES) text = join_pieces(text, room);
    letters->bytes[0] = SPACE;
    letters->size = 1;
    letters->foreign = 0;
    for (size_t at = 0; at < text.size;) {
        at = take_ascii(letters, text, at);
        if (at == text.size || !is_odd(text.data[at])) continue;
        at = (uint8_t)text.data[at] < 0x80 ? take_odd(letters, text, at)
                                           : take_wide(letters, text, at);
    }
    put(letters, SPACE);
    memset(letters->bytes + letters->size, SPACE, 8);
    letters->latin = letters->size - 1;
}
