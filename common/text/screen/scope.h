/* Marks that words leave for the hits around them, and what the whole text says of hits. Private to
 * scope.c, which settles a hit by its clause, and outcome.c, which goes further. */
#ifndef VERBATIM_TEXT_SCREEN_SCOPE_H
#define VERBATIM_TEXT_SCREEN_SCOPE_H

#include "text/screen/match.h"

/* What is asked of a word: criteria alone, those and what marks the words around it, what it says
 * of the whole text, or whether it belies the sentence before. */
enum screen_asked { ASKED_CRITERIA, ASKED_AROUND, ASKED_OUTCOMES, ASKED_UNTRUE };

/* Words [first, end) with such flags, or as many as it takes to name the criteria where these are
 * asked. */
void screen_mark(const struct screen_words *words, uint32_t first, uint32_t end, uint8_t flags,
                 enum screen_asked asked, uint32_t *marks, struct raw_hits *hits);

/* Words [*ret_first, *ret_end) are the hit's sentence. */
void screen_sentence_of(const struct screen_words *words, const struct raw_hit *hit,
                        uint32_t *ret_first, uint32_t *ret_end);

/* Its sentence says what it came of, so it isn't a reason from elsewhere: "broke my wrist on your
 * stairs, cancel my membership". */
bool screen_is_caused(const struct screen_words *words, const uint32_t *marks,
                      const struct raw_hit *hit);

/* What other sentences, or the whole text, say of hits whose own clause is settled: that a denial
 * was a lie, that what was judged helped, that nothing came of what was foretold, that it is a
 * story. Without hits: eased and mild. */
void screen_outcomes_find(const struct screen_words *words, uint32_t *marks, struct raw_hits *hits);

#endif
