/* Counts the records of each tenant and window; what a story takes was measured on stories. */
#include "ops/cli/pricing_digests.h"

#include <stdlib.h>

#include "base/hash.h"
#include "workers/genai/digest_facts.h"
#include "workers/genai/digest_teller.h"

enum { SLOTS_FIRST = 64 };
/* Counts of 2,100 reviews and tweets of eight segments: 1,452 bytes of the window, 534 to 550 of
 * a segment, and the lines of later windows say what is usual, 42 bytes each. Numbers take more
 * tokens than words: three bytes a token. */
enum {
    WINDOW_BYTES = 2600, SEGMENT_BYTES = 1000, BYTES_A_TOKEN = 3, TEXT_BYTES_A_TOKEN = 4,
    AROUND_TOKENS = 109, FACTS_BYTES_MAX = 8192
};

struct digest_window {
    uint64_t key, records;
};

static struct digest_window *slot_of(const struct pricing_digests *digests, uint64_t key)
{
    uint64_t at = key;
    while (digests->windows[at % digests->capacity].records &&
           digests->windows[at % digests->capacity].key != key)
        at++;
    return &digests->windows[at % digests->capacity];
}

static int grow(struct pricing_digests *digests, struct err *err)
{
    struct pricing_digests larger = *digests;
    larger.capacity = digests->capacity ? digests->capacity * 2 : SLOTS_FIRST;
    larger.windows = calloc(larger.capacity, sizeof *larger.windows);
    if (!larger.windows) return err_set(err, E_NO_MEMORY, NULL);
    for (uint64_t i = 0; i < digests->capacity; i++)
        if (digests->windows[i].records)
            *slot_of(&larger, digests->windows[i].key) = digests->windows[i];
    free(digests->windows);
    *digests = larger;
    return E_OK;
}

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
    free(digests->windows);
    *digests = (struct pricing_digests){0};
}

int pricing_digests_add(struct pricing_digests *digests, struct str tenant, int64_t at_ms,
                        struct err *err)
{
    if (!digests->every_ms) return E_OK;
    int rc = digests->count * 2 >= digests->capacity ? grow(digests, err) : E_OK;
    if (rc) return rc;
    uint64_t key = hash_fast(tenant, (uint64_t)(at_ms / digests->every_ms));
    struct digest_window *window = slot_of(digests, key);
    digests->count += !window->records++;
    window->key = key;
    return E_OK;
}

struct pricing_stories pricing_digests_stories(const struct pricing_digests *digests)
{
    struct pricing_stories stories = {.windows = digests->count};
    uint64_t segments = 0;
    for (uint64_t i = 0; i < digests->capacity; i++) {
        uint64_t large = digests->windows[i].records / DIGEST_SEGMENT_LEAST;
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
