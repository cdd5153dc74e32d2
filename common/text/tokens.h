/* Words of a text with their places: the one tokeniser that every text kernel shares.
 *
 * A token is a run of letters, digits and inner apostrophes (U+0027, U+2019) or a single emoji
 * (with its modifiers). `folded` is the token in lower case with accents off ("Déçu" → "decu"),
 * ASCII where Unicode's decomposition gives ASCII. Offsets are bytes of the input text. */
#ifndef VERBATIM_TEXT_TOKENS_H
#define VERBATIM_TEXT_TOKENS_H

#include "base/arena.h"
#include "base/hash.h"

enum token_kind { TOKEN_WORD, TOKEN_NUMBER, TOKEN_EMOJI };
/* So many bytes behind a word's or number's folded form may be read, whatever they are: who looks
 * at its first letters needn't ask how many there are. */
enum { TOKEN_READABLE = 8 };

struct token {
    uint32_t start, end;  /* bytes [start, end) of the text */
    struct str folded;    /* in the arena; an emoji's a view of the text */
    uint64_t hash;        /* hash_word(folded) */
    uint8_t kind;         /* enum token_kind */
    /* a clause boundary (. ! ? ; : , newline, dash, bracket) lies before it */
    bool clause_before;
    bool sentence_before; /* a sentence boundary (. ! ? newline) lies before it */
    bool upper;           /* two letters or more, all upper case */
    bool apostrophe;      /* one stands within */
    bool stretched;       /* a letter three times or more in a row ("soooo") */
};

/* hash_word() of a part of a word's folded form: there are bytes to be read behind it. */
static inline uint64_t token_part_hash(struct str part)
{
    return hash_word_at(part.data, part.size);
}

struct linear_features;
struct tokens {
    struct token *items;
    uint32_t count;
    /* What common/model made of them, for all that score them afterwards; NULL: nothing yet.
     * As long-lived as they are. */
    const struct linear_features *features;
};

/* text: valid UTF-8, at most 4 GiB. O(n). NO_MEMORY only. */
int text_tokenize(struct str text, struct arena *arena, struct tokens *ret_tokens,
                  struct err *err) CHECKED;

/* Lower case with accents off, for whole strings such as cue lists. data == NULL: out of memory. */
struct str text_fold(struct str text, struct arena *arena);

#endif
