/* Counts the records of each tenant and window; what a story takes was measured on stories. */
#include "ops/cli/pricing_digests.h"

#include "base/hash.h"
#include "workers/genai/digest_facts.h"
#include "workers/genai/digest_teller.h"

/* Counts of 2,100 reviews and tweets of eight segments: 1,452 bytes of the window, 534 to 550 of
 * a segment, and the lines of later windows say what is usual, 42 bytes each. Numbers take more
 * tokens than words: three bytes a token. */
enum {
    WINDOW_BYTES = 2600, SEGMENT_BYTES = 1000, BYTES_A_TOKEN = 3, TEXT_BYTES_A_TOKEN = 4,
    AROUND_TOKENS = 109, FACTS_BYTES_MAX = 8192
};

static const struct hash_table_layout layout = {.item_bytes = sizeof(uint64_t)};

int pricing_digests_open(struct pricing_digests *digests, const struct genai_options *options,
                         const char *folder, struct random *random, struct err *err)
{
    if (!options->digest_every || !options->digest_prompt[0]) return E_OK;
    digests->every_ms = options->digest_every;
    return prompt_open_digest(folder, options->digest_prompt, random, &digests->prompt, err);
}

void pricing_digests_close(struct pricing_digests *digests)
{
    prompt_close(digests->prompt);
    hash_table_deinit(&digests->windows);
    *digests = (struct pricing_digests){0};
}

int pricing_digests_add(struct pricing_digests *digests, struct str tenant, int64_t at_ms,
                        struct err *err)
{
    if (!digests->every_ms) return E_OK;
    uint64_t hash = hash_fast(tenant, (uint64_t)(at_ms / digests->every_ms));
    uint64_t *records = hash_table_get(&digests->windows, layout, hash, NULL);
    if (!records) return err_set(err, E_NO_MEMORY, NULL);
    ++*records;
    return E_OK;
}

struct pricing_stories pricing_digests_stories(const struct pricing_digests *digests)
{
    struct pricing_stories stories = {.windows = digests->windows.count};
    uint64_t segments = 0;
    const uint64_t *records;
    for (size_t at = 0; (records = hash_table_next(&digests->windows, layout, &at));) {
        uint64_t large = *records / DIGEST_SEGMENT_LEAST;
        segments += large < DIGEST_SEGMENTS_TOLD ? large : DIGEST_SEGMENTS_TOLD;
    }
    if (!stories.windows) return stories;
    const struct prompt *prompt = digests->prompt;
    uint64_t around_bytes = prompt->system.size + prompt->schema.size + prompt->request.size;
    stories.calls = stories.windows + segments;
    stories.input_tokens = stories.calls * (around_bytes / TEXT_BYTES_A_TOKEN + AROUND_TOKENS) +
                           stories.windows * (WINDOW_BYTES / BYTES_A_TOKEN) +
                           segments * (SEGMENT_BYTES / BYTES_A_TOKEN);
    stories.output_tokens = stories.calls * PRICING_STORY_TOKENS;
    stories.most_input_tokens =
        stories.calls * (around_bytes + AROUND_TOKENS * TEXT_BYTES_A_TOKEN + FACTS_BYTES_MAX);
    stories.most_output_tokens = stories.calls * DIGEST_STORY_TOKENS;
    return stories;
}
