/* What the finders of personal data share. Each looks around one place of the text that the scan in
 * redact.c stopped at, within fixed bounds, and adds what it finds; the scan goes on behind it. */
#ifndef VERBATIM_TEXT_REDACT_FIND_H
#define VERBATIM_TEXT_REDACT_FIND_H

#include <endian.h>

#include "text/ascii_head.h"
#include "text/redact.h"

struct redact_found {
    uint32_t start, end; /* bytes of the text */
    uint32_t kind;
};

enum { LEFT_MOST = 24 }; /* words that are weighed, of a text */

struct redact_finder {
    struct str text;
    /* known: a language was told, and is none of ours if all are false */
    bool english, spanish, french, known;
    struct arena *arena;
    struct redact_found *items; /* in the order of finding: not sorted, may overlap */
    uint32_t count, capacity;
    bool no_memory, capitals; /* capitals: the text has some */
    bool again;               /* the text has placeholders */
    uint32_t registers;       /* of the text, 0: not looked yet (register.c) */
    size_t plain_until;       /* the run of letters and digits before it is no secret */
    bool self_sought, speaks_of_self; /* see redact_speaks_of_self() */
    uint32_t left[LEFT_MOST], left_count; /* where words stand that no rule took or refused */
    const struct redact_watcher *watcher; /* NULL: nobody trains (weigh.c) */
};

/* Remembers bytes [start, end); memory that runs out is told at the end. */
void redact_add(struct redact_finder *finder, size_t start, size_t end, enum redact_kind kind);

/* --- words that mean something to a finder (words.c) ---------------------------------- */

/* clang-format off */
#define REDACT_CUES(C)                                                                             \
    C(PHONE)    C(CARD)     C(ACCOUNT)  C(ID)       C(BIRTH)    C(SECRET)   C(ADDRESS) C(ZIP)      \
    C(ORDER)    /* an order, a model, a version, a price: the number behind it is no person's */   \
    C(VERSION)                                                                                     \
    C(AT)       C(DOT)      C(MAIL)     C(NUMBER)                                                  \
    C(MONTH)    C(STREET)   C(STREET_FIRST)          C(UNIT)                                       \
    C(TITLE)    C(NAMED)    C(SIGN_OFF) C(RELATIVE) C(GIVEN)    C(FAMILY)   C(COMMON)  C(PARTICLE) \
    C(LABEL)    C(COMPANY)  C(ALSO)     C(PUBLIC)   C(OWNER)   C(BRAND)
/* clang-format on */
#define CUE_BIT(name) CUE_BIT_##name,
enum { REDACT_CUES(CUE_BIT) CUE_BIT_COUNT };
#undef CUE_BIT
#define CUE(name) (1u << CUE_BIT_##name)

enum { WORD_BYTES = 32 };

struct redact_word {
    uint32_t start, end;   /* bytes of the text */
    uint32_t cues;         /* CUE bits, 0: an ordinary word */
    bool capital, upper;   /* starts with a capital; has two letters or more, all capitals */
    bool accented;         /* has a letter beyond ASCII */
    bool foreign;          /* one that loan words in English (café, jalapeño) don't have */
    uint8_t size;          /* of folded */
    uint32_t hash;         /* redact_hash_of(folded) */
    char folded[WORD_BYTES]; /* lower case, accents off; cut when longer */
};

static inline bool word_is(const struct redact_word *word, const char *folded)
{
    return str_equal(str_make(word->folded, word->size), str_of(folded));
}
/* Few words pass: by their first two letters, their last one and their size, of which a list has
 * few. GCC works out the bits of a list: no word of it is looked at. Others, and sanitizers, would
 * do it again and again. */
__attribute__((always_inline)) static inline bool
redact_may_be_among(const struct redact_word *word, const char *const *words, size_t count)
{
#if defined __OPTIMIZE__ && !defined __clang__ && !defined __SANITIZE_ADDRESS__ &&                 \
    !defined __SANITIZE_THREAD__
    uint32_t firsts = 0, seconds = 0, lasts = 0, sizes = 0;
#pragma GCC unroll 128
    for (size_t i = 0; i < count; i++) {
        size_t size = __builtin_strlen(words[i]);
        firsts |= 1u << (words[i][0] & 31), seconds |= 1u << (words[i][1] & 31);
        lasts |= 1u << (words[i][size - 1] & 31), sizes |= 1u << size;
    }
    uint32_t first = firsts >> (word->folded[0] & 31), second = seconds >> (word->folded[1] & 31),
             last = lasts >> (word->folded[(word->size - 1u) & 31] & 31);
    /* what stands behind a single letter may be anything */
    return (first & last & (second | (word->size < 2)) & sizes >> (word->size & 31) & 1) != 0;
#else
    (void)words;
    return count && word->size;
#endif
}
bool redact_is_among(const struct redact_word *word, const char *const *words, size_t count);
/* `list` is an array. */
#define IS_ONE_OF(word, list)                                                                      \
    (redact_may_be_among((word), (list), sizeof(list) / sizeof *(list)) &&                         \
     redact_is_among((word), (list), sizeof(list) / sizeof *(list)))

/* Which letters words start with, as bits: of the third by the first two, and of the second by the
 * third and fourth. Two loads tell nearly always that a word is none of ours. */
struct redact_starts {
    uint32_t third[1024], second[1024];
    uint32_t size[1024]; /* and of the size, by the first and the last letter */
};
extern const struct redact_starts redact_starts; /* of the words that a finder starts from */
extern const struct redact_starts redact_key_starts; /* of secrets */

/* Of the first four bytes, the first one lowest. Letters beyond ASCII are folded only later
 * ("née"): they may be anything. */
static inline bool redact_marks(const struct redact_starts *starts, uint32_t four)
{
    uint32_t first = four & 31, second = four >> 8 & 31, third = four >> 16 & 31,
             fourth = four >> 24 & 31;
    uint32_t known = starts->third[first << 5 | second] >> third &
                     starts->second[third << 5 | fourth] >> second & 1;
    return ((four & 0x80808000) != 0) | known;
}

static inline bool redact_is_marked(const struct redact_starts *starts, const char *at, size_t left)
{
    uint32_t four = 0;
    if (left >= sizeof four) memcpy(&four, at, sizeof four); /* one load */
    else memcpy(&four, at, left);
    return redact_marks(starts, le32toh(four));
}
static inline bool redact_secret_may_start(const char *at, size_t left)
{
    return redact_is_marked(&redact_key_starts, at, left);
}

/* Whole words as bits of their first eight letters and size: one load tells of nearly all others
 * that they are none. */
enum { TRIGGER_BITS = 15, NAME_BITS = 18, NUMBER_BITS = 13 };
extern const uint64_t redact_triggers[(1 << TRIGGER_BITS) / 64]; /* that a finder starts from */
extern const uint64_t redact_names[(1 << NAME_BITS) / 64];       /* given and family names */
extern const uint64_t redact_numbers[(1 << NUMBER_BITS) / 64];   /* that say what a number is */

extern const uint64_t redact_word_masks[64]; /* by its size, of its first eight bytes */

/* The bit of a word, one of 1 << bits; eight: its bytes, the first one lowest, and what lies behind
 * them. size: 1 or more. */
static inline uint32_t redact_word_bit(uint64_t eight, unsigned size, int bits)
{
    /* no more than the word */
    uint64_t word = (eight | 0x2020202020202020u) & redact_word_masks[size & 63];
    return (uint32_t)((word + size) * 0x9E3779B97F4A7C15u >> (64 - bits));
}
void redact_mark_words(uint64_t *set, int bits, struct str words); /* parted by blanks */
/* eight: as they lie in the text. */
static inline bool redact_may_be_in(const uint64_t *set, int bits, uint64_t eight, unsigned size)
{
    uint32_t bit = redact_word_bit(le64toh(eight), size, bits);
    return set[bit / 64] >> bit % 64 & 1;
}

/* Words of seven letters at most that no finder starts from, whether or not with a capital; each
 * has one place, by its letters, unless another one took it. */
enum { PLAIN_BITS = 13, PLAIN_BYTES = 7 };
extern const uint64_t redact_plain[1 << PLAIN_BITS];

/* eight: the word's letters in small ones, the first one lowest, and 0 behind them. */
static inline uint32_t redact_plain_slot(uint64_t eight)
{
    return (uint32_t)(eight * 0x9E3779B97F4A7C15u >> (64 - PLAIN_BITS));
}
/* eight: as they lie in the text. 0 or 1. */
static inline uint64_t redact_is_plain(uint64_t eight, unsigned size)
{
    uint64_t word = (le64toh(eight) | 0x2020202020202020u) & redact_word_masks[size & 63];
    return redact_plain[redact_plain_slot(word)] == word;
}

/* The word that starts at `start`: a run of letters, whatever stands beside it.
 * size 0: there is none. */
void redact_word_at(struct str text, size_t start, struct redact_word *ret_word);
/* The same without its hash and cues, slowly (letters.c). */
void redact_take_letters(struct str text, size_t start, struct redact_word *ret_word);
/* Bytes of the letter at i, which is beyond ASCII; 0: it is none. Signs, dashes and quotes of the
 * blocks from U+2000 on are no letters. */
size_t redact_wide_letter_size(struct str text, size_t i);

/* --- runs of letters, 16 bytes at a time: each returns where the run at `i` ends -------------- */

enum redact_run { RUN_LOWER, RUN_ASCII, RUN_LETTERS /* of ASCII, or beyond it */ };

static inline bool redact_runs_on(char c, enum redact_run run)
{
    if (run == RUN_LOWER) return (uint8_t)(c - 'a') < 26;
    return (uint8_t)((c | 0x20) - 'a') < 26 || (run == RUN_LETTERS && c & 0x80);
}

#ifdef __SSE2__
/* Which of 16 bytes are letters, or parts of them: bit i is about byte i. */
static inline uint32_t redact_letters_at(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const void *)at),
            low = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    return (uint32_t)(_mm_movemask_epi8(ascii_between(low, 'a', 26)) | _mm_movemask_epi8(bytes));
}
#endif

static inline size_t redact_run_end(struct str text, size_t i, enum redact_run run)
{
#ifdef __SSE2__
    for (; i + ASCII_HEAD_BYTES <= text.size; i += ASCII_HEAD_BYTES) {
        __m128i bytes = _mm_loadu_si128((const void *)(text.data + i));
        __m128i low = run == RUN_LOWER ? bytes : _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        uint32_t in_run = (uint32_t)_mm_movemask_epi8(ascii_between(low, 'a', 26));
        if (run == RUN_LETTERS) in_run |= (uint32_t)_mm_movemask_epi8(bytes);
        if (in_run != 0xFFFF) return i + (size_t)__builtin_ctz(~in_run);
    }
#endif
    while (i < text.size && redact_runs_on(text.data[i], run)) i++;
    return i;
}

/* The word that ends at or before `end`, looking back 32 bytes at most. size 0: there is none. */
void redact_word_before(struct str text, size_t end, struct redact_word *ret_word);
/* The same, but of a word that says nothing of numbers only place and size; its cues are 0. */
void redact_cue_before(struct str text, size_t end, struct redact_word *ret_word);
/* False: the word that ends right at `end`, or starts at `start`, is surely none of the set. */
bool redact_may_stand_before(struct str text, size_t end, const uint64_t *set, int bits);
bool redact_may_stand_at(struct str text, size_t start, const uint64_t *set, int bits);
/* A word of every day, on no list of names: "Although" in "Although Jackson". */
bool redact_is_ordinary(const struct redact_word *word);
/* Whether it is a brand or somebody public: "calvin_klein". */
uint32_t redact_cues_of_joined(struct str key);
uint32_t redact_hash_of(struct str folded); /* never 0 */
void redact_mark_start(struct redact_starts *starts, struct str word);

/* Of 64 bytes from `start` on: letters, and bytes beyond ASCII; these alone; where a word starts,
 * with whatever letter, and with a capital of ASCII; '@', '#' and '['. Without a word that goes on
 * behind them: width says where the next 64 start. */
struct redact_outline {
    const char *bytes; /* with eight more behind them, in the text or in `room` */
    uint64_t letters, high, words, capitals, signs;
    unsigned width;
};
enum { OUTLINE_BYTES = ASCII_MARKS_BYTES + sizeof(uint64_t) };
struct redact_outline redact_outline_at(struct str text, size_t start,
                                        char room[static OUTLINE_BYTES]);

/* --- what a text talks of (register.c) ------------------------------------------------- */

enum {
    REGISTER_LOOKED = 1,
    REGISTER_FILM = 2,    /* films, series: names are actors' and characters' */
    REGISTER_ARTS = 4,    /* books, music, politics, sport */
    REGISTER_SOCIAL = 8,  /* a public post: "@someone", "#thing" */
    REGISTER_SERVICE = 16, /* a customer's matter */
    REGISTER_HINT = 64,   /* one word that is said of films, and of much else */
    REGISTER_CONTACT = 32, /* a phone, an e-mail … was found in it */
    REGISTER_PUBLIC = 128, /* sport, politics, a show: names are public */
    REGISTER_SOUGHT = 256, /* whether it names public people: looked for only beside a bare name */
    REGISTER_FAMOUS = 512, /* it does: "a fourth rate Jim Carrey" */
    REGISTER_WEIGHED = 1024, /* whether it reads like a critic's: the same */
    REGISTER_CRITIC = 2048,  /* it does */
    REGISTER_CRITIC_SURELY = 4096,
    REGISTER_CRITIC_PERHAPS = 8192,
};
void redact_phrases_open(void); /* builds its tables once; any thread, any number of times */
enum { SAID_BITS = 13 };
void redact_mark_said(uint64_t *before_it, uint64_t *behind_it); /* (unlisted.c) */
/* False: nothing stands beside this word by which redact_unlisted_name() would take it for a name,
 * and it is no part of a longer one. */
bool redact_may_be_said(struct str text, const struct redact_word *word);
void redact_ware_open(void), redact_small_open(void), redact_register_open(void); /* the same */
uint32_t redact_registers(struct redact_finder *finder);
/* "I", "nous", "mi": somebody tells what happened to him. Looked for once. */
bool redact_speaks_of_self(struct redact_finder *finder);

struct redact_context {
    uint32_t nearest, all; /* CUE bits of the cue word nearest before, and of all in the window */
    uint32_t distance;     /* words between the nearest one and the place */
};
/* The words before `start`: eight of them or 64 bytes. */
struct redact_context redact_context_before(struct str text, size_t start);

/* The same for a whole word of ASCII letters. */
static inline bool redact_is_shaped(const struct redact_starts *starts, const char *at, size_t size)
{
    return (starts->size[((uint8_t)at[0] & 31u) << 5 | ((uint8_t)at[size - 1] & 31u)] >>
                (size & 31u) &
            1) != 0;
}

/* Of the words that start at `begins`, of 64 bytes with eight more behind them, those that may be
 * in a set. run: letters that such words have; ends: bytes that end a word for sure. Those that go
 * on otherwise may be if `starts` has their first letters; NULL: they all may. No branch on what
 * can't be foreseen. */
static inline uint64_t redact_words_among(const uint64_t *set, int bits,
                                          const struct redact_starts *starts, const char *bytes,
                                          uint64_t begins, uint64_t run, uint64_t ends)
{
    uint64_t found = 0, eight;
    if (!~run) return begins;
    for (uint64_t rest = begins; rest; rest &= rest - 1) {
        unsigned at = (unsigned)__builtin_ctzll(rest),
                 size = (unsigned)__builtin_ctzll(~(run >> at));
        memcpy(&eight, bytes + at, sizeof eight);
        found |= (uint64_t)redact_may_be_in(set, bits, eight, size) << at;
    }
    uint64_t others = (run + begins) & ~run & ~ends; /* a sum carries from start to end */
    for (; others; others &= others - 1) {
        uint64_t behind = ~run & ((others & -others) - 1);
        unsigned at = behind ? 64 - (unsigned)__builtin_clzll(behind) : 0;
        bool is = !starts || redact_is_marked(starts, bytes + at, sizeof(uint32_t));
        found |= (uint64_t)is << at;
    }
    return found;
}

/* How many of 64 bytes, of which these are letters, can be looked at with no word that goes on
 * behind them. */
static inline unsigned redact_whole_words(uint64_t letters)
{
    return letters >> 63 && ~letters ? 64 - (unsigned)__builtin_clzll(~letters) : 64;
}

/* --- bytes ------------------------------------------------------------------------------------ */

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static inline bool is_letter(char c)
{
    return is_upper((char)(c & ~0x20)) || (unsigned char)c >= 0x80;
}
static inline bool is_ascii_alnum(char c) { return is_digit(c) || is_upper((char)(c & ~0x20)); }
static inline bool is_word(char c) { return is_digit(c) || is_letter(c); }
static inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }
static inline char at(struct str text, size_t i) { return i < text.size ? text.data[i] : '\0'; }
/* One of a string's bytes, all ASCII; strchr() would find the NUL that at() has behind the text's
 * end. */
__attribute__((always_inline)) static inline bool is_one_of(char c, const char *set)
{
    if (!__builtin_constant_p(__builtin_strlen(set))) return c && strchr(set, c);
    uint64_t low = 0, high = 0; /* bits of the first 64 and of the next, which GCC works out */
#pragma GCC unroll 32
    for (size_t i = 0; i < __builtin_strlen(set); i++) {
        uint64_t bit = UINT64_C(1) << (set[i] & 63);
        low |= set[i] & 64 ? 0 : bit, high |= set[i] & 64 ? bit : 0;
    }
    return (c & 0x80) == 0 && ((c & 64 ? high : low) >> (c & 63) & 1);
}
static inline char before(struct str text, size_t i) { return i ? text.data[i - 1] : '\0'; }
static inline bool is_apostrophe(struct str text, size_t i, size_t *ret_size)
{
    *ret_size = at(text, i) == '\'' ? 1 : 3;
    return at(text, i) == '\'' || str_starts(str_slice(text, i, i + 3), STR("\xE2\x80\x99"));
}

/* --- finders: each returns where the scan goes on, `start` or less if it found nothing -------- */

size_t redact_email(struct redact_finder *finder, size_t sign);           /* at an '@' */
size_t redact_user_handle(struct redact_finder *finder, size_t sign);     /* too (user.c) */
size_t redact_email_spelled(struct redact_finder *finder, const struct redact_word *sign);
size_t redact_email_bracketed(struct redact_finder *finder, size_t bracket); /* at "(a)", "[@]" */
size_t redact_email_joined(struct redact_finder *finder, size_t dot); /* at a '.' within a word */
size_t redact_number(struct redact_finder *finder, size_t start);         /* at a digit */
/* At a number in words, at a letter on its own (spoken.c). */
size_t redact_said_number(struct redact_finder *finder, const struct redact_word *first);
/* "quarante-deux", "doce", up to three words: the number of a house; its end, or `i`. */
size_t redact_said_house_end(struct str text, size_t i);
/* Where such a number before `end` starts, or `end`. */
size_t redact_said_house_start(struct str text, size_t end);
/* The same in English, "a hundred and nine". */
size_t redact_said_english_start(struct str text, size_t end);
size_t redact_spelled_name(struct redact_finder *finder, const struct redact_word *letter);
size_t redact_link(struct redact_finder *finder, size_t colon);           /* at "://" */
size_t redact_ipv6(struct redact_finder *finder, size_t colon);           /* at a ':' */
size_t redact_secret_word(struct redact_finder *finder, const struct redact_word *cue);
/* The same, where more words lie between it and its value (told.c). */
size_t redact_secret_told(struct redact_finder *finder, const struct redact_word *cue);
bool redact_secret_only_told(const struct redact_word *word);  /* "cvv": no other finder's */
/* "code", "digits": other words must say that it is one */
bool redact_secret_needs_more(const struct redact_word *word);
size_t redact_secret_token(struct redact_finder *finder, size_t start);   /* at a word's start */
/* "30 minutes", "12 characters", "$5": no number of anybody's, and none that opens. */
bool redact_is_counted(struct str text, size_t start, size_t end);
/* at a digit in the middle of a word: what looks drawn by lot, such as keys */
size_t redact_secret_random(struct redact_finder *finder, size_t digit);
size_t redact_person(struct redact_finder *finder, const struct redact_word *word);
/* Names at a colon (field.c): behind the label of a field, "Served by: Anna"; before what
 * somebody writes in a chat, "[10:41] Anna M.: hello". */
size_t redact_address_word(struct redact_finder *finder, const struct redact_word *word);
size_t redact_address_formed(struct redact_finder *finder, const struct redact_word *word);
/* "c/mayor 3" at its number, in a Spanish text. */
size_t redact_address_calle(struct redact_finder *finder, size_t number);
size_t redact_address_number(struct redact_finder *finder, size_t start,
                             const struct redact_context *context);
void redact_field(struct redact_finder *finder, size_t colon);
void redact_person_again(struct redact_finder *finder);
/* The same names elsewhere in the text, and what "and" joins to them. */
void redact_person_repeated(struct redact_finder *finder);

#endif
