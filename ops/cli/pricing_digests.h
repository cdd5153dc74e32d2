/* What it costs to have digests told by a model: a story of each tenant and window with records,
 * and of each of its larger segments. In which segment a record falls isn't known here,
 * so it is the most that the numbers of records allow. That the same counts cost nothing
 * again isn't foreseen. */
#ifndef VERBATIM_OPS_CLI_PRICING_DIGESTS_H
#define VERBATIM_OPS_CLI_PRICING_DIGESTS_H

#include "base/hash_table.h"
#include "spend/prices.h"
#include "workers/genai/genai.h"
#include "workers/genai/prompt.h"

/* Zeroed: none are told. */
struct pricing_digests {
    int64_t every_ms; /* 0: none are told by a model */
    struct prompt *prompt;
    struct hash_table windows; /* how many records each has: by hash of tenant and time */
};

struct pricing_stories {
    uint64_t windows, calls, input_tokens, output_tokens;
    /* if each byte were a token, and each answer as long as it may be */
    uint64_t most_input_tokens, most_output_tokens;
};

/* of an answer, assumed: the longest of the shipped examples has 800 bytes */
enum { PRICING_STORY_TOKENS = 250 };

/* By genai.digest_every and genai.digest_prompt. folder: the configuration's.
 * As prompt_open_digest(). */
int pricing_digests_open(struct pricing_digests *digests, const struct genai_options *options,
                         const char *folder, struct random *random, struct err *err) CHECKED;
void pricing_digests_close(struct pricing_digests *digests);

/* One record, and when it is counted. NO_MEMORY. */
int pricing_digests_add(struct pricing_digests *digests, struct str tenant, int64_t at_ms,
                        struct err *err) CHECKED;
struct pricing_stories pricing_digests_stories(const struct pricing_digests *digests);

#endif
