/* Cuts a text into words, numbers and emoji, folding each to lower case without accents.
 *
 * Of 64 bytes all words of ASCII are taken at once, others by pieces and characters
 * (tokens_character.h). Folded words are written into two pieces of the arena. */
#include "text/tokens.h"

#include "base/hash.h"
#include "text/ascii_head.h"
#include "text/tokens_character.h"

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
#else
    (void)text, (void)at, (void)out;
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

enum { PLAIN_BEFORE = 8 /* for hash_word_within() */ };

struct tokenizer {
    struct str text;
    struct arena *arena;
    struct token *items;
    uint32_t count;
    /* the text's ASCII letters and digits folded, each at its place; PLAIN_BEFORE bytes before */
    char *plain;
    char *folded; /* other words, one behind the other; NULL until there is one */
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

/* For the folded form of all that is left. */
static bool has_room(struct tokenizer *tokenizer, size_t at)
{
    size_t left = tokenizer->text.size - at;
    if (!tokenizer->folded)
        tokenizer->folded = arena_alloc(
            tokenizer->arena, left * FOLD_MOST + ASCII_HEAD_BYTES + TOKEN_READABLE);
    return tokenizer->folded != NULL;
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
    token->hash = hash_word_at(word.folded, word.size);
    if (word.letter) token->kind = TOKEN_WORD;
    token->upper = word.letters && !word.lower;
    token->stretched = word.stretched;
    token->apostrophe = word.apostrophe;
    tokenizer->folded_size += word.size;
    return at;
}

/* What 64 bytes from `start` on hold. Words and marks are read from its bits: byte by byte, each
 * word would wait until the one before is taken. */
struct outlook {
    size_t start;
    struct ascii_marks marks;
};

static inline void look_out(struct tokenizer *tokenizer, struct outlook *outlook, size_t at)
{
    struct str text = tokenizer->text;
    char last[ASCII_MARKS_BYTES];
    const char *bytes = ascii_readable(text.data + at, text.size - at, sizeof last, '\0', last);
    outlook->start = at;
    outlook->marks = ascii_marks_of(bytes, tokenizer->plain + at);
}

/* The first bits of words that have a mark in the gap before them: added to its gap, a mark is
 * carried on to the word. pending: one stood before all gaps. */
static inline uint64_t words_behind(uint64_t marks, uint64_t gaps, uint64_t starts, bool pending)
{
    return (((marks & gaps) + gaps) & starts) | (starts & -starts & -(uint64_t)pending);
}

/* The bits behind words that have a mark: added to its word, it is carried there. */
static inline uint64_t at_ends(uint64_t marks, uint64_t words) { return marks + words; }

/* Of words, each at the bit behind it. */
struct word_marks {
    uint64_t letters, upper, apostrophe, stretched; /* upper, stretched: as in struct token */
};

/* The same as take_word() tells of each word. */
static inline struct word_marks word_marks_of(const struct ascii_marks *marks, uint64_t starts)
{
    uint64_t words = marks->words, letters = marks->letters, digits = words & ~letters,
             behind_digits = (digits + (digits & starts)) & ~digits,
             firsts = letters & (starts | behind_digits);
    return (struct word_marks){
        .letters = at_ends(letters, words),
        .upper = at_ends(letters & ~firsts, words) & ~at_ends(letters & ~marks->uppers, words),
        .apostrophe = at_ends(marks->apostrophes, words),
        .stretched = at_ends(marks->repeats & marks->repeats << 1, words),
    };
}

/* The words of ASCII from `at` on that end within the outlook, and the marks before and between
 * them, noted without a branch: which come can't be foreseen. Returns where something else stands,
 * a word that goes on or touches something else, or the end of the outlook. */
static inline size_t take_plain_words(struct tokenizer *tokenizer, const struct outlook *outlook,
                                      size_t at)
{
    const struct ascii_marks marks = outlook->marks;
    uint32_t start = (uint32_t)outlook->start;
    struct token *token = tokenizer->items + tokenizer->count;
    uint64_t here = UINT64_MAX << (at - outlook->start), behind = here & -here;
    uint64_t others = marks.others & here, gaps = ~marks.words & here;
    uint64_t starts = marks.words & ~(marks.words << 1) & here;
    uint64_t ends = gaps & marks.words << 1 & here << 1 & (others - 1) & ~others;
    uint64_t clauses = words_behind(marks.clauses, gaps, starts, tokenizer->clause);
    uint64_t sentences = words_behind(marks.sentences, gaps, starts, tokenizer->sentence);
    struct word_marks of = word_marks_of(&marks, starts);
    clauses = at_ends(clauses, marks.words), sentences = at_ends(sentences, marks.words);
    bool pending = ends == 0;
    for (; ends; ends &= ends - 1, starts &= starts - 1, token++) {
        uint32_t from = (uint32_t)__builtin_ctzll(starts), to = (uint32_t)__builtin_ctzll(ends);
        behind = ends & -ends;
        token->start = start + from, token->end = start + to;
        token->folded = (struct str){tokenizer->plain + token->start, to - from};
        /* neighbours are apart: GCC would put them together first, at twice the cost */
        token->clause_before = (clauses & behind) != 0;
        token->upper = (of.upper & behind) != 0;
        token->stretched = (of.stretched & behind) != 0;
        token->hash = hash_word_within(token->folded.data, token->folded.size);
        token->kind = of.letters & behind ? TOKEN_WORD : TOKEN_NUMBER;
        token->sentence_before = (sentences & behind) != 0;
        token->apostrophe = (of.apostrophe & behind) != 0;
    }
    tokenizer->count = (uint32_t)(token - tokenizer->items);
    uint64_t stops = starts | others, passed = -behind & (stops - 1) & ~stops;
    tokenizer->clause = (tokenizer->clause & pending) | ((marks.clauses & passed) != 0);
    tokenizer->sentence = (tokenizer->sentence & pending) | ((marks.sentences & passed) != 0);
    return outlook->start + (stops ? (size_t)__builtin_ctzll(stops) : ASCII_MARKS_BYTES);
}

/* The same, also beyond the outlook. Returns where something else stands. */
static inline size_t take_plain_run(struct tokenizer *tokenizer, struct outlook *outlook, size_t at)
{
    while (at < tokenizer->text.size) {
        if (at - outlook->start >= ASCII_MARKS_BYTES) look_out(tokenizer, outlook, at);
        at = take_plain_words(tokenizer, outlook, at);
        size_t shown = at - outlook->start;
        if (shown == ASCII_MARKS_BYTES) continue;
        bool goes_on = ~outlook->marks.words >> shown == 0;
        if (!goes_on || shown == 0) break;
        look_out(tokenizer, outlook, at);
    }
    return at;
}

static size_t take_emoji(struct tokenizer *tokenizer, size_t at, struct character c)
{
    struct token *token = new_token(tokenizer, at, TOKEN_EMOJI);
    /* without its modifiers: one meaning */
    token->folded = str_slice(tokenizer->text, at, at + c.size);
    token->hash = hash_word(token->folded);
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
        .arena = arena,
        /* a token and what parts it from the next */
        .items = arena_alloc(arena, (text.size / 2 + 1) * sizeof(struct token)),
        .plain = arena_alloc(arena, PLAIN_BEFORE + text.size + ASCII_MARKS_BYTES + TOKEN_READABLE),
    };
    if (!tokenizer.items || !tokenizer.plain) return err_set(err, E_NO_MEMORY, NULL);
    memset(tokenizer.plain, 0, PLAIN_BEFORE);
    tokenizer.plain += PLAIN_BEFORE;
    struct outlook outlook = {.start = -(size_t)ASCII_MARKS_BYTES}; /* nothing is shown yet */
    for (size_t at = 0; at < text.size;) {
        if (ASCII_HEAD_WORKS) at = take_plain_run(&tokenizer, &outlook, at);
        if (at >= text.size) break;
        struct character c = read_character(text, at);
        if (c.class == LETTER || c.class == DIGIT) {
            if (!has_room(&tokenizer, at)) return err_set(err, E_NO_MEMORY, NULL);
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
