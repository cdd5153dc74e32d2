/* How much a word that no list knows looks like a name: "Bovarnik" does, "Netgear" doesn't. A
 * logistic model of its pieces of two to four letters (ops/models/redact/likeness). A third of
 * brands and half of places look like names, too: it only says how much must be said of a word. */
#include "text/redact/name.h"

enum { BUCKETS = 4096, SHORTEST = 4, LONGEST = 14 };

static const int8_t bias_and_weights[1 + BUCKETS] = {
#include "text/redact/likeness.inc"
};

static uint32_t bucket_of(const char *piece, size_t size)
{
    uint32_t value = 0;
    for (size_t i = 0; i < size; i++) value = value * 31 + (uint8_t)piece[i];
    value ^= value >> 15;
    return value * 0x9E3779B1u >> 20;
}

static int likeness(const struct redact_word *word)
{
    char framed[LONGEST + 2];
    size_t size = word->size + 2u;
    int total = bias_and_weights[0];
    if (word->size < SHORTEST || word->size > LONGEST) return INT16_MIN;
    framed[0] = '^', framed[size - 1] = '$';
    memcpy(framed + 1, word->folded, word->size);
    for (size_t piece = 2; piece <= 4; piece++)
        for (size_t i = 0; i + piece <= size; i++)
            total += bias_and_weights[1 + bucket_of(framed + i, piece)];
    return total;
}

/* Of a name's only word, or of its first and its last on average: two words tell more than one,
 * and either may be short. */
int name_likeness(struct str text, const struct name *name)
{
    struct redact_word first, last;
    redact_word_at(text, name->start, &first);
    if (name->parts == 1) return likeness(&first);
    redact_word_before(text, name->end, &last);
    if (first.size < SHORTEST && last.size < SHORTEST) return INT16_MIN;
    int total = (first.size < SHORTEST ? 0 : likeness(&first)) +
                (last.size < SHORTEST ? 0 : likeness(&last));
    return total / 2;
}

bool name_is_like_one(struct str text, const struct name *name, int least)
{
    return name_likeness(text, name) >= least;
}
