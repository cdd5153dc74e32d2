/* French elisions ("l'", "qu’") at the head of a folded word: what follows is the word that counts. */
#ifndef VERBATIM_MODEL_ELISION_H
#define VERBATIM_MODEL_ELISION_H

#include "base/str.h"

/* Bytes of a French elision at the head of a word ("n'", "qu’"), or 0. */
static inline size_t elision_bytes(struct str word)
{
    static const char LETTERS[] = "cdjlmnst";
    size_t letters = 1;
    if (word.size < 4) return 0;
    if (word.data[0] == 'q' && word.data[1] == 'u') letters = 2;
    else if (!memchr(LETTERS, word.data[0], sizeof LETTERS - 1)) return 0;
    if (word.data[letters] == '\'') return letters + 1;
    if (word.size > letters + 3 && memcmp(word.data + letters, "\xe2\x80\x99", 3) == 0) return letters + 3;
    return 0;
}

#endif
