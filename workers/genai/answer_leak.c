/* Whether an answer's text repeats the prompt. Most don't, and of these the hashes of eight bytes
 * each say so; only where all hashes are the prompt's own it is looked through. */
#include "workers/genai/answer.h"

/* a run of the prompt of 47 bytes is always seen */
enum { LEAK_STEP = 16, LEAK_BYTES = 32, GRAM_BYTES = 8 };

static uint32_t gram_at(const char *at)
{
    uint64_t eight;
    memcpy(&eight, at, sizeof eight);
    return (uint32_t)(eight * UINT64_C(0x9E3779B97F4A7C15) >> 48); /* Fibonacci hashing */
}

void answer_note_prompt(struct str prompt, uint64_t ret_grams[static ANSWER_GRAM_WORDS])
{
    _Static_assert(ANSWER_GRAM_WORDS * 64 == 1 << 16, "a bit for each hash");
    memset(ret_grams, 0, ANSWER_GRAM_WORDS * sizeof *ret_grams);
    for (size_t at = 0; at + GRAM_BYTES <= prompt.size; at++) {
        uint32_t gram = gram_at(prompt.data + at);
        ret_grams[gram / 64] |= UINT64_C(1) << gram % 64;
    }
}

/* False: these LEAK_BYTES aren't in the prompt. */
static bool may_be_of_prompt(const struct answer_rules *rules, const char *piece)
{
    for (size_t at = 0; rules->prompt_grams && at < LEAK_BYTES; at += GRAM_BYTES) {
        uint32_t gram = gram_at(piece + at);
        if (!(rules->prompt_grams[gram / 64] >> gram % 64 & 1)) return false;
    }
    return true;
}

bool answer_repeats_prompt(const struct answer_rules *rules, struct str text)
{
    for (size_t at = 0; at + LEAK_BYTES <= text.size; at += LEAK_STEP)
        if (may_be_of_prompt(rules, text.data + at) &&
            str_find(rules->prompt, str_slice(text, at, at + LEAK_BYTES)) < rules->prompt.size)
            return true;
    return false;
}
