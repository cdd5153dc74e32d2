/* Small sets of folded words, as strings by first letter: quick to ask, easy to read and to edit. */
#ifndef VERBATIM_MODEL_WORDS_H
#define VERBATIM_MODEL_WORDS_H

#include "base/str.h"

/* Each list is words with a space behind every one; NULL where no word begins with the letter. */
struct words {
    const char *by_letter[26];
};
#define WORDS_AT(letter) [(letter) - 'a']

static inline bool words_have(const struct words *words, struct str word)
{
    unsigned letter = word.size ? (unsigned)(unsigned char)word.data[0] - 'a' : 26;
    const char *list = letter < 26 ? words->by_letter[letter] : NULL;
    while (list && *list) {
        const char *space = strchr(list, ' ');
        size_t size = (size_t)(space - list);
        if (size == word.size && memcmp(list, word.data, size) == 0) return true;
        list = space + 1;
    }
    return false;
}

#endif
