/* How much a text reads like what critics write of films: "X has created a tour de force that is
 * weird". A logistic model of its words (ops/models/redact/critic), for texts that never say what
 * they are about. Names say nothing in it: words with a capital within a sentence are left out.
 * Asked only where a name would go, which few texts come to. */
#include "text/redact/name.h"

/* of few words it knows little */
enum { BUCKETS = 16384, WORDS_LEAST = 8, WORDS_LEAST_PERHAPS = 6, WORDS_MOST = 256 };

/* In sixteenths of log-odds. French customers speak of apps alone in what taught it. */
static const struct bounds {
    int perhaps, least, surely;
} others = {-16, 0, 12}, french = {12, 12, 24};

static const int8_t bias_and_weights[1 + BUCKETS] = {
#include "text/redact/critic.inc"
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
    uint32_t found = REGISTER_WEIGHED;
    if (words >= WORDS_LEAST_PERHAPS && reaches(sum, words, bounds->perhaps))
        found |= REGISTER_CRITIC_PERHAPS;
    if (words >= WORDS_LEAST && reaches(sum, words, bounds->least)) found |= REGISTER_CRITIC;
    if (words >= WORDS_LEAST && reaches(sum, words, bounds->surely))
        found |= REGISTER_CRITIC_SURELY;
    return found;
}

bool name_is_in_a_critique(struct redact_finder *finder, enum critic least)
{
    static const uint32_t wanted[] = {
        [CRITIC_PERHAPS] = REGISTER_CRITIC_PERHAPS, [CRITIC] = REGISTER_CRITIC,
        [CRITIC_SURELY] = REGISTER_CRITIC_SURELY};
    uint32_t registers = redact_registers(finder);
    if (registers & (REGISTER_SERVICE | REGISTER_CONTACT)) return false;
    if (!(registers & REGISTER_WEIGHED))
        finder->registers |= weigh(finder->text, finder->french ? &french : &others);
    return (finder->registers & wanted[least]) != 0;
}
