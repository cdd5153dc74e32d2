/* How much a text reads like what critics write of films: "X has created a tour de force that is
 * weird". A logistic model of its words (ops/models/redact/critic), for texts that never say what
 * they are about. Names say nothing in it: words with a capital within a sentence are left out.
 * Asked only where a name would go, which few texts come to. */
#include "text/redact_name.h"

enum { BUCKETS = 16384, WORDS_LEAST = 8, WORDS_MOST = 256 }; /* of few it knows little */

/* In sixteenths of log-odds. French customers speak of apps alone in what taught it. */
static const struct bounds {
    int least, surely;
} others = {0, 12}, french = {12, 24};

static const int8_t bias_and_weights[1 + BUCKETS] = {
#include "text/redact_critic.inc"
};

static uint32_t bucket_of(const struct redact_word *word)
{
    uint32_t value = 0;
    for (size_t i = 0; i < word->size; i++) value = value * 31 + (uint8_t)word->folded[i];
    value ^= value >> 15;
    return value * 0x9E3779B1u >> 18;
}

/* Bias and sum / sqrt(words) reach `least`, without a root. */
static bool reaches(int64_t sum, int64_t words, int64_t least)
{
    int64_t rest = least - bias_and_weights[0];
    if (rest >= 0) return sum >= 0 && sum * sum >= rest * rest * words;
    return sum >= 0 || sum * sum <= rest * rest * words;
}

static uint32_t weigh(struct str text, const struct bounds *bounds)
{
    int64_t sum = 0, words = 0;
    for (size_t i = 0; i < text.size && words < WORDS_MOST;) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        if (!word.size) {
            i++;
            continue;
        }
        if (!word.capital || word.size == 1 || name_starts_sentence(text, word.start))
            sum += bias_and_weights[1 + bucket_of(&word)], words++;
        i = word.end;
    }
    if (words < WORDS_LEAST || !reaches(sum, words, bounds->least)) return REGISTER_WEIGHED;
    return REGISTER_WEIGHED | REGISTER_CRITIC |
           (reaches(sum, words, bounds->surely) ? REGISTER_CRITIC_SURELY : 0);
}

bool name_is_in_a_critique(struct redact_finder *finder, bool surely)
{
    uint32_t registers = redact_registers(finder);
    if (registers & (REGISTER_SERVICE | REGISTER_CONTACT)) return false;
    if (!(registers & REGISTER_WEIGHED))
        finder->registers |= weigh(finder->text, finder->french ? &french : &others);
    return (finder->registers & (surely ? REGISTER_CRITIC_SURELY : REGISTER_CRITIC)) != 0;
}
