/* French elisions ("l'", "qu’") at the head of a folded word: what follows is the
 * word that counts. */
#ifndef VERBATIM_MODEL_ELISION_H
#define VERBATIM_MODEL_ELISION_H

#include "text/tokens.h"

/* Bytes of a French elision at the head of a word ("n'", "qu’"), or 0. */
static inline size_t elision_bytes(struct str word)
{
    if (word.size < 4) return 0;
    char first = word.data[0];
    size_t letters = first == 'q' && word.data[1] == 'u' ? 2 : 1;
    char mark = word.data[letters];
    if (mark != '\'' && mark != '\xe2') return 0;
    if (letters == 1 && !(first == 'c' || first == 'd' || first == 'j' ||
                          (first >= 'l' && first <= 'n') || first == 's' || first == 't'))
        return 0;
    if (mark == '\'') return letters + 1;
    bool typographic = word.size > letters + 3 &&
                       memcmp(word.data + letters, "\xe2\x80\x99", 3) == 0;
    return typographic ? letters + 3 : 0;
}

/* The same of a token's folded word; most have no apostrophe. */
static inline size_t token_elision_bytes(const struct token *token)
{
    return token->apostrophe ? elision_bytes(token->folded) : 0;
}

/* What is left of it without its elision. */
static inline struct str token_bare(const struct token *token)
{
    return str_slice(token->folded, token_elision_bytes(token), token->folded.size);
}

/* hash_word() of that. */
static inline uint64_t token_bare_hash(const struct token *token)
{
    return token->kind == TOKEN_EMOJI ? token->hash : token_part_hash(token_bare(token));
}

#endif
