/* Feedback as one fixed vector: hashed, signed words and word pairs, plus channel and rating.
 *
 * Each word w and each pair of neighbours is an n-gram g with the 64-bit hash h(g). Its bucket is
 * the top 8 bits of h and its sign the lowest bit (Weinberger et al. 2009, "Feature Hashing for
 * Large Scale Multitask Learning"). A bucket is the root of what the signs in it add up to, with
 * its sign, so that a word counts less each time that it comes again (Perronnin et al. 2010,
 * "Improving the Fisher Kernel": power normalisation). The word part is scaled to length 1; then
 * the channel adds +-FEATURES_CHANNEL_WEIGHT to the bucket of "channel=NAME", and the rating r adds
 * +-FEATURES_RATING_WEIGHT x (r - 3) / 2 to the bucket of "rating" (r is cut to [1, 5]); then the
 * whole is scaled to length 1. No word, channel or rating: all zero. */
#ifndef VERBATIM_MODEL_FEATURES_H
#define VERBATIM_MODEL_FEATURES_H

#include "text/tokens.h"

enum { FEATURES_DIMENSIONS = 256 };

/* Changes whenever the same text would give another vector. */
#define FEATURES_VERSION "hash-256-2"

#define FEATURES_CHANNEL_WEIGHT 0.25f
#define FEATURES_RATING_WEIGHT 0.25f

/* channel: as in the record, empty if unknown. Never fails, never allocates, O(tokens). A rating
 * that is no number counts as none. */
void features_extract(const struct tokens *tokens, struct str channel, bool has_rating,
                      float rating, float out[static FEATURES_DIMENSIONS]);

#endif
