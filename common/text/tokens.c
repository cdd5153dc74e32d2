/* Cuts a text into words, numbers and emoji, folding each to lower case without accents.
 *
 * ASCII goes through one table, Latin letters with accents through another; only what is left asks
 * utf8proc. Folded words that differ from the text are written into one piece of the arena. */
#include "text/tokens.h"

#include <utf8proc.h>
#define XXH_INLINE_ALL /* hash_fast() of a longer word, without the call */
#include <xxhash.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/hash.h"
#include "text/ascii_head.h"

enum {
    LATIN_FIRST = 0xC0, LATIN_LAST = 0x17F, FOLD_MOST = 4 /* bytes that one byte can fold to */
};

static const char latin[LATIN_LAST - LATIN_FIRST + 1][4] = {
#include "text/latin.inc"
};

enum class { OTHER, LETTER, DIGIT, MARK, EMOJI };

struct character {
    uint32_t code;
    uint8_t size; /* bytes */
    uint8_t class;
};

static inline bool is_letter(uint8_t c) { return (uint8_t)((c | 0x20) - 'a') < 26; }
static inline bool is_digit(uint8_t c) { return (uint8_t)(c - '0') < 10; }

/* One branch for both: marks and digits come when they will. */
static inline bool is_alphanumeric(uint8_t c)
{
    return ((unsigned)is_letter(c) | (unsigned)is_digit(c)) != 0;
}

static inline uint8_t ascii_class(uint8_t c)
{
    return is_letter(c) ? LETTER : is_digit(c) ? DIGIT : OTHER;
}

static bool is_emoji(uint32_t code)
{
    return (code >= 0x1F300 && code <= 0x1FAFF) || (code >= 0x2600 && code <= 0x27BF) ||
           (code >= 0x1F1E6 && code <= 0x1F1FF) || code == 0x2B50 || code == 0x2B55 ||
           code == 0x203C || code == 0x2049;
}

/* What follows an emoji and belongs to it: variation selectors, skin tones, keycaps, tags. */
static bool is_modifier(uint32_t code)
{
    return code == 0xFE0F || code == 0xFE0E || code == 0x20E3 ||
           (code >= 0x1F3FB && code <= 0x1F3FF) || (code >= 0xE0020 && code <= 0xE007F);
}

static uint8_t class_of(uint32_t code)
{
    if (is_emoji(code)) return EMOJI;
    switch (utf8proc_category((utf8proc_int32_t)code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return LETTER;
    case UTF8PROC_CATEGORY_ND: case UTF8PROC_CATEGORY_NL: case UTF8PROC_CATEGORY_NO: return DIGIT;
    case UTF8PROC_CATEGORY_MN: case UTF8PROC_CATEGORY_MC: case UTF8PROC_CATEGORY_ME: return MARK;
    default: return OTHER;
    }
}

static struct character read_wide(struct str text, size_t at)
{
    const uint8_t *p = (const uint8_t *)text.data + at;
    size_t left = text.size - at;
    if (p[0] < 0xE0 && left >= 2) {
        uint32_t code = (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
        return (struct character){code, 2, class_of(code)};
    }
    if (p[0] < 0xF0 && left >= 3) {
        uint32_t code = (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 |
                        (p[2] & 0x3F);
        return (struct character){code, 3, class_of(code)};
    }
    if (left >= 4) {
        uint32_t code = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 |
                        (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3F);
        return (struct character){code, 4, class_of(code)};
    }
    return (struct character){0xFFFD, 1, OTHER};
}

/* The text is valid UTF-8, or was cut at a character: a broken tail reads as one odd byte. ASCII
 * and Latin letters are nearly all that there is, and told at once. */
static inline struct character read_character(struct str text, size_t at)
{
    uint8_t lead = (uint8_t)text.data[at];
    if (lead < 0x80) return (struct character){lead, 1, ascii_class(lead)};
    if (lead >= 0xC0 + LATIN_FIRST / 64 && lead <= 0xC0 + LATIN_LAST / 64 && text.size - at >= 2) {
        uint32_t code = (uint32_t)(lead & 0x1F) << 6 | ((uint8_t)text.data[at + 1] & 0x3F);
        return (struct character){code, 2, latin[code - LATIN_FIRST][0] ? LETTER : OTHER};
    }
    return read_wide(text, at);
}

/* --- folding ---------------------------------------------------------------------------------- */

static size_t fold_slowly(uint32_t code, char *out)
{
    utf8proc_int32_t parts[8];
    int boundary = 0;
    size_t size = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(
        (utf8proc_int32_t)code, parts, 8,
        UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK, &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < 8 && size + 4 <= 8; i++)
        size += (size_t)utf8proc_encode_char(parts[i], (utf8proc_uint8_t *)out + size);
    return size;
}

/* Writes the folded form of one character, at most 8 bytes. */
static inline size_t fold_character(struct character c, char *out)
{
    if (c.code < 0x80) {
        out[0] = (char)(c.code >= 'A' && c.code <= 'Z' ? c.code + 32 : c.code);
        return 1;
    }
    if (c.code >= LATIN_FIRST && c.code <= LATIN_LAST && latin[c.code - LATIN_FIRST][0]) {
        const char *folded = latin[c.code - LATIN_FIRST];
        out[0] = folded[0];
        out[1] = folded[1]; /* NUL, and written over, where there is one */
        return folded[1] ? 2 : 1;
    }
    if (c.code == 0x2019) { /* the typographic apostrophe */
        out[0] = '\'';
        return 1;
    }
    return fold_slowly(c.code, out);
}

/* How many bytes of ASCII from `at` on were folded: up to the first other one, or the last bytes.
 * Sixteen at a time: out has room for them. */
static size_t fold_ascii(struct str text, size_t at, char *out)
{
    size_t done = 0;
#ifdef __SSE2__
    for (; text.size - at - done >= 16; done += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(text.data + at + done));
        unsigned wide = (unsigned)_mm_movemask_epi8(x);
        __m128i upper = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8('A' - 1)),
                                      _mm_cmplt_epi8(x, _mm_set1_epi8('Z' + 1)));
        x = _mm_or_si128(x, _mm_and_si128(upper, _mm_set1_epi8(32)));
        _mm_storeu_si128((__m128i *)(void *)(out + done), x);
        if (wide) return done + (size_t)__builtin_ctz(wide);
    }
#endif
    return done;
}

struct str text_fold(struct str text, struct arena *arena)
{
    char *copy = arena_alloc(arena, text.size * FOLD_MOST + 8);
    size_t size = 0;
    if (!copy) return (struct str){0};
    for (size_t at = 0; at < text.size;) {
        size_t ascii = fold_ascii(text, at, copy + size);
        at += ascii, size += ascii;
        if (at == text.size) break;
        struct character c = read_character(text, at);
        size += fold_character(c, copy + size);
        at += c.size;
    }
    return (struct str){copy, size};
}

/* --- tokens ----------------------------------------------------------------------------------- */

struct tokenizer {
    struct str text;
    struct token *items;
    uint32_t count;
    char *folded; /* grows at its end; text.size × FOLD_MOST and room */
    size_t folded_size;
    bool clause, sentence; /* a boundary since the last token */
};

enum { NO_BOUNDARY, CLAUSE_ENDS, SENTENCE_ENDS }; /* the end of a sentence is a clause's too */

static const uint8_t ascii_boundaries[128] = {
    ['.'] = SENTENCE_ENDS, ['!'] = SENTENCE_ENDS, ['?'] = SENTENCE_ENDS, ['\n'] = SENTENCE_ENDS,
    [';'] = CLAUSE_ENDS,   [':'] = CLAUSE_ENDS,   [','] = CLAUSE_ENDS,   ['-'] = CLAUSE_ENDS,
    ['('] = CLAUSE_ENDS,   [')'] = CLAUSE_ENDS,   ['['] = CLAUSE_ENDS,   [']'] = CLAUSE_ENDS,
    ['{'] = CLAUSE_ENDS,   ['}'] = CLAUSE_ENDS,   ['/'] = CLAUSE_ENDS,   ['"'] = CLAUSE_ENDS,
};

static uint8_t wide_boundary(uint32_t code)
{
    switch (code) {
    case 0x2026: /* … ¿ ¡ */
    case 0xBF:
    case 0xA1: return SENTENCE_ENDS;
    case 0x2013: /* – — « » */
    case 0x2014:
    case 0xAB:
    case 0xBB: return CLAUSE_ENDS;
    default: return NO_BOUNDARY;
    }
}

/* By a table, and without a branch: which mark comes next is hard to predict. */
static inline void note_boundary(struct tokenizer *tokenizer, uint32_t code)
{
    uint8_t boundary = code < 0x80 ? ascii_boundaries[code] : wide_boundary(code);
    tokenizer->clause |= boundary != NO_BOUNDARY;
    tokenizer->sentence |= boundary == SENTENCE_ENDS;
}

static bool apostrophe_within(const struct tokenizer *tokenizer, struct character c, size_t at)
{
    if (c.code != '\'' && c.code != 0x2019) return false;
    size_t next = at + c.size;
    return next < tokenizer->text.size && read_character(tokenizer->text, next).class == LETTER;
}

static struct token *new_token(struct tokenizer *tokenizer, size_t start, uint8_t kind)
{
    struct token *token = &tokenizer->items[tokenizer->count++];
    *token = (struct token){
        .start = (uint32_t)start, .kind = kind, .clause_before = tokenizer->clause,
        .sentence_before = tokenizer->sentence};
    tokenizer->clause = tokenizer->sentence = false;
    return token;
}

static bool is_upper(struct character c, const char *folded, size_t size)
{
    if (c.code < 0x80) return c.code >= 'A' && c.code <= 'Z';
    if (c.code <= LATIN_LAST) { /* case pairs: 32 apart in Latin-1, next to each other above */
        if (c.code < 0x100) return c.code < 0xE0 && c.code != 0xDF;
        return size > 0 && folded[0] &&
               utf8proc_category((utf8proc_int32_t)c.code) == UTF8PROC_CATEGORY_LU;
    }
    return utf8proc_category((utf8proc_int32_t)c.code) == UTF8PROC_CATEGORY_LU;
}

/* What is known of a word so far. */
struct word {
    char *folded;
    size_t size;
    uint32_t previous; /* folded bytes of the last character */
    unsigned run;      /* times that it came in a row, if a letter */
    bool letter, letters /* two or more */, lower; /* lower: a letter that isn't a capital */
    bool stretched, apostrophe;
};

static inline void note_character(struct word *word, uint32_t folded, bool letter, bool upper)
{
    word->letters |= letter && word->letter;
    word->letter |= letter;
    word->lower |= letter && !upper;
    word->run = letter && folded == word->previous ? word->run + 1 : 1;
    word->stretched |= word->run >= 3;
    word->previous = folded;
}

/* Of 16 bytes the ASCII letters and digits at their head, unless a letter in them follows its like:
 * then none. */
static inline size_t take_head(const char *text, struct word *word)
{
    char *folded = word->folded + word->size;
    struct ascii_head head = ascii_head_take(text, folded);
    if (head.size == 0 || head.repeats || (uint8_t)folded[0] == word->previous) return 0;
    word->letters |= head.letters && (word->letter || (head.letters & (head.letters - 1)));
    word->letter |= head.letters != 0;
    word->lower |= head.letters != head.uppers;
    word->run = 1;
    word->previous = (uint8_t)folded[head.size - 1];
    word->size += head.size;
    return head.size;
}

/* ASCII letters and digits from `at` on: some at once, the rest one by one. Both fold by one bit,
 * which digits have already. Returns where they end. */
static inline size_t take_ascii(struct str text, size_t at, struct word *word)
{
    if (ASCII_HEAD_WORKS && text.size - at >= ASCII_HEAD_BYTES)
        at += take_head(text.data + at, word);
    for (; at < text.size; at++) {
        uint8_t c = (uint8_t)text.data[at], folded = c | 0x20;
        bool letter = is_letter(c);
        if (!is_alphanumeric(c)) break;
        word->folded[word->size++] = (char)folded;
        note_character(word, folded, letter, letter && !(c & 0x20));
    }
    return at;
}

static inline void take_character(struct word *word, struct character c)
{
    char *folded = word->folded + word->size;
    size_t added = fold_character(c, folded);
    bool letter = c.class == LETTER;
    uint32_t bytes = 0;
    for (size_t i = 0; i < added; i++) bytes = bytes << 8 | (uint8_t)folded[i];
    note_character(word, bytes, letter, letter && is_upper(c, folded, added));
    word->apostrophe |= c.class == OTHER;
    word->size += added;
}

/* hash_fast(); there are 8 bytes to be read, however short the word is. */
static inline uint64_t hash_word(const char *folded, size_t size)
{
    return size - 1 < HASH_SHORT_BYTES ? hash_short(folded, size) : XXH3_64bits(folded, size);
}

/* From its first letter or digit to where it ends. */
static size_t take_word(struct tokenizer *tokenizer, size_t at)
{
    struct token *token = new_token(tokenizer, at, TOKEN_NUMBER);
    struct str text = tokenizer->text;
    struct word word = {.folded = tokenizer->folded + tokenizer->folded_size};
    for (;;) {
        at = take_ascii(text, at, &word);
        if (at >= text.size || text.data[at] == ' ') break;
        struct character c = read_character(text, at);
        if (c.class != LETTER && c.class != DIGIT && c.class != MARK &&
            !apostrophe_within(tokenizer, c, at))
            break;
        take_character(&word, c);
        at += c.size;
    }
    token->end = (uint32_t)at;
    token->folded = (struct str){word.folded, word.size};
    token->hash = hash_word(word.folded, word.size);
    if (word.letter) token->kind = TOKEN_WORD;
    token->upper = word.letters && !word.lower;
    token->stretched = word.stretched;
    token->apostrophe = word.apostrophe;
    tokenizer->folded_size += word.size;
    return at;
}

/* The word at `at`, if it is of fewer than 16 ASCII letters and digits, as most are: the same as
 * take_word(), at once. Returns where it ends, or `at` when it is another. */
static inline size_t take_plain_word(struct tokenizer *tokenizer, size_t at)
{
    const char *bytes = tokenizer->text.data + at;
    size_t left = tokenizer->text.size - at;
    char *folded = tokenizer->folded + tokenizer->folded_size, last[ASCII_HEAD_BYTES] = {0};
    if (!ASCII_HEAD_WORKS) return at;
    if (left < ASCII_HEAD_BYTES) bytes = memcpy(last, bytes, left);
    struct ascii_head head = ascii_head_take(bytes, folded);
    if (head.size == ASCII_HEAD_BYTES) return at;
    if (head.size > ASCII_HEAD_BYTES) __builtin_unreachable();
    uint8_t behind = (uint8_t)bytes[head.size];      /* no letter or digit of ASCII */
    if (behind >= 0x80 || behind == '\'') return at;     /* the word may go on */
    struct token *token = new_token(tokenizer, at, head.letters ? TOKEN_WORD : TOKEN_NUMBER);
    token->end = (uint32_t)(at + head.size);
    token->folded = (struct str){folded, head.size};
    token->hash = hash_word(folded, head.size);
    token->upper = (head.letters == head.uppers) & ((head.letters & (head.letters - 1)) != 0);
    token->stretched = (head.repeats & head.repeats << 1) != 0;
    tokenizer->folded_size += head.size;
    return at + head.size;
}

static size_t take_emoji(struct tokenizer *tokenizer, size_t at, struct character c)
{
    struct token *token = new_token(tokenizer, at, TOKEN_EMOJI);
    /* without its modifiers: one meaning */
    token->folded = str_slice(tokenizer->text, at, at + c.size);
    token->hash = hash_fast(token->folded, 0);
    at += c.size;
    while (at < tokenizer->text.size) {
        c = read_character(tokenizer->text, at);
        if (!is_modifier(c.code)) break;
        at += c.size;
    }
    token->end = (uint32_t)at;
    return at;
}

int text_tokenize(struct str text, struct arena *arena, struct tokens *ret_tokens, struct err *err)
{
    struct tokenizer tokenizer = {
        .text = text,
        /* a token and what parts it from the next */
        .items = arena_alloc(arena, (text.size / 2 + 1) * sizeof(struct token)),
        .folded = arena_alloc(arena, text.size * FOLD_MOST + ASCII_HEAD_BYTES + TOKEN_READABLE),
    };
    if (!tokenizer.items || !tokenizer.folded) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t at = 0; at < text.size;) {
        uint8_t byte = (uint8_t)text.data[at];
        if (is_alphanumeric(byte)) {
            size_t end = take_plain_word(&tokenizer, at);
            at = end > at ? end : take_word(&tokenizer, at);
            at += at < text.size && text.data[at] == ' '; /* mostly one, and never a boundary */
            continue;
        }
        struct character c = read_character(text, at);
        if (c.class == LETTER || c.class == DIGIT) {
            at = take_word(&tokenizer, at);
        } else if (c.class == EMOJI) {
            at = take_emoji(&tokenizer, at, c);
        } else {
            note_boundary(&tokenizer, c.code);
            at += c.size;
        }
    }
    *ret_tokens = (struct tokens){.items = tokenizer.items, .count = tokenizer.count};
    return E_OK;
}
