/* Small sets of folded words by first letter: quick to ask, easy to read and to edit. */
#ifndef VERBATIM_MODEL_WORDS_H
#define VERBATIM_MODEL_WORDS_H

#include "base/str.h"

enum { WORDS_BYTES = 20 };

/* Each list ends with ""; NULL where no word begins with the letter. */
struct words {
    const char (*by_letter[26])[WORDS_BYTES];
};
#define WORDS_AT(letter, ...) [(letter) - 'a'] = (const char[][WORDS_BYTES]){__VA_ARGS__, ""}

/* The second letter is compared first: nearly every word that isn't in the set ends there. */
static inline bool words_have(const struct words *words, struct str word)
{
    unsigned letter = word.size ? (unsigned)(unsigned char)word.data[0] - 'a' : 26;
    if (letter >= 26 || !words->by_letter[letter] || word.size >= WORDS_BYTES) return false;
    char second = '\0';
    if (word.size > 1) second = word.data[1];
    for (const char(*item)[WORDS_BYTES] = words->by_letter[letter]; (*item)[0]; item++)
        if ((*item)[1] == second && (*item)[word.size] == '\0' && memcmp(*item, word.data, word.size) == 0)
            return true;
    return false;
}

#endif
