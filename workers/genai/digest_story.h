/* A digest in words: what the counts say by themselves, and whether what a model says
 * is in the counts. */
#ifndef VERBATIM_WORKERS_GENAI_DIGEST_STORY_H
#define VERBATIM_WORKERS_GENAI_DIGEST_STORY_H

#include "workers/genai/digest_facts.h"

/* By rules, in English, from the facts alone: what is largest and what is unusual; at least one
 * sentence. Provider local. NO_MEMORY. */
int digest_story_local(const struct digest_facts *facts, struct arena *arena,
                       struct digest_story *ret_story, struct err *err) CHECKED;

/* Drops sentences and advice that state a number which isn't among the facts; returns how many.
 * language: of the words in which numbers may be written out, en, es or fr. */
uint32_t digest_story_check(const struct digest_facts *facts, struct str language,
                            struct digest_story *story);

/* Is each number of this text among the facts? Digits within a name that the facts hold (a
 * product's, a need's) are no number. Signs and percents must agree; a number that is written
 * out is read, "half", "twice", "dozens" and their like are nothing that was counted. "One" is no
 * number here: it is mostly a word. */
bool digest_story_holds(const struct digest_facts *facts, struct str language, struct str text);

#endif
