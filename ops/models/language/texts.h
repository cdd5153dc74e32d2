/* The texts that the language model learns from, and how one lesson is drawn from them. */
#ifndef VERBATIM_OPS_MODELS_LANGUAGE_TEXTS_H
#define VERBATIM_OPS_MODELS_LANGUAGE_TEXTS_H

#include "base/buffer.h"
#include "base/random.h"
#include "text/language/grams.h"

/* Lanes: code, and the languages whose texts it learns from. */
#define LANGUAGE_LANES_TABLE(L)                                                                    \
    L("en", "en")                                                                                  \
    L("es", "es")                                                                                  \
    L("fr", "fr")                                                                                  \
    L("pt", "pt")                                                                                  \
    L("it", "it")                                                                                  \
    L("de", "de")                                                                                  \
    L("nl", "nl")                                                                                  \
    L("ca", "ca")                                                                                  \
    L("ro", "ro")                                                                                  \
    L("pl", "pl")                                                                                  \
    L("tr", "tr")                                                                                  \
    L("id", "id")                                                                                  \
    L("und", "sv no da is")                                                                        \
    L("und", "cs sk sl sr")                                                                        \
    L("und", "fi et hu lv lt")                                                                     \
    L("und", "sw tl vi af sq eo eu cy ga ht")

/* What a row of langid/tweets.tsv is for: decided by its text, so that no text is in two parts. */
enum split { SPLIT_TRAIN, SPLIT_TUNE, SPLIT_TEST };
enum split split_of(struct str text);

struct texts;
int texts_open(const char *data, const char *fetched, struct texts **ret_texts,
               struct err *err) CHECKED;
void texts_close(struct texts *texts);
const char *texts_code(uint32_t lane);
int texts_lane(struct str code); /* the lane that says this code, or -1 */

/* Draws a lesson: a few words or sentences of one language, in the caller's buffer.
 * texts: a struct texts. */
struct str texts_draw(const void *texts, struct random *random, char *buffer, size_t room,
                      uint32_t *ret_lane);

/* A line whole, or a few of its words, in the caller's buffer; and one in seven without its
 * accents, as people type. */
struct str lesson_of(struct str line, struct random *random, char *buffer, size_t room);
struct str lesson_accents(struct str text, struct random *random, char *buffer);

#endif
