/* Figures of speech whose words mislead: "to die for", "de muerte" and "une tuerie" praise, "cuesta
 * un ojo de la cara" blames. */
#ifndef VERBATIM_MODEL_IDIOMS_H
#define VERBATIM_MODEL_IDIOMS_H

#include "text/tokens.h"

enum idiom_kind {
    IDIOM_NONE,
    IDIOM_PRAISE,
    /* praise in words that may as well be meant ("this is sick"): none where somebody was harmed */
    IDIOM_SLANG,
    IDIOM_BLAME,
    IDIOM_EVEN, /* neither: "could be worse" */
};

/* Built once; any thread. */
struct idioms;
const struct idioms *idioms_open(void);

/* Which idiom ends with token `at`, within the tokens from `first` on, and where it begins.
 * languages: bits as of topics.h. Only tokens in the set WORD_IDIOM end one. */
enum idiom_kind idiom_at(const struct idioms *all, const struct tokens *tokens, uint32_t first,
                         uint32_t at, uint32_t languages, uint32_t *ret_from);

/* The words that may end a grade (grade.c): one look tells of them and of idioms. */
#define IDIOM_GRADES                                                                               \
    "star stars etoile etoiles estrella estrellas 5 10 20 100 five cinq cinco ten dix diez"

/* False, as of nearly all tokens in the set WORD_IDIOM: neither an idiom nor a grade ends with
 * token `at`. */
bool idiom_may_end(const struct idioms *all, const struct tokens *tokens, uint32_t at);

/* Each idiom's last word, for words.c. */
void idioms_each_last(void (*enter)(void *user, struct str word), void *user);

#endif
