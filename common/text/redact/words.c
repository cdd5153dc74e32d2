/* How a word is read at a place of the text, and what the lists know of it. */
#include "text/redact/tables.h"

/* redact_hash_of() a word of 16 letters or fewer; what lies behind them in their room is masked. */
static inline uint32_t hash_of_short(const struct redact_word *word)
{
    static const uint8_t masks[2 * ASCII_HEAD_BYTES] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    uint64_t bytes[2], mask[2];
    memcpy(bytes, word->folded, sizeof bytes);
    memcpy(mask, masks + ASCII_HEAD_BYTES - word->size, sizeof mask);
    return redact_hash_end(
        redact_hash_step(0, le64toh(bytes[0] & mask[0]), le64toh(bytes[1] & mask[1])));
}

bool redact_is_ordinary(const struct redact_word *word)
{
#ifdef __SSE2__
    /* four at once: the word stands there, or one is empty, nearly always */
    __m128i four = _mm_loadu_si128((const void *)&redact_ordinary[word->hash % ORDINARY_SLOTS]);
    int here = _mm_movemask_epi8(_mm_cmpeq_epi32(four, _mm_set1_epi32((int)word->hash))),
        empty = _mm_movemask_epi8(_mm_cmpeq_epi32(four, _mm_setzero_si128()));
    if (here | empty) return here != 0;
#endif
    return redact_ordinary[redact_ordinary_slot(redact_ordinary, word->hash)] != 0;
}

uint32_t redact_cues_of_joined(struct str key)
{
    uint32_t is = redact_joined[redact_joined_slot(redact_joined, redact_hash_of(key))] & JOINED_IS;
    return (is & JOINED_PUBLIC ? CUE(PUBLIC) : 0) | (is & JOINED_BRAND ? CUE(BRAND) : 0);
}

/* --- words of the text ------------------------------------------------------------------------ */

__attribute__((noinline)) static void look_further(struct redact_word *word)
{
    uint32_t steps;
    uint32_t slot = redact_slots[redact_slot_of(redact_slots, word->hash, &steps)];
    word->cues = redact_cue_sets[slot >> 24];
}

/* No branch on whether the word is one of ours, as half are: what isn't has the last slot, which is
 * empty, and few of those that are don't stand in their own one. */
static inline void look_up(struct redact_word *word, uint32_t hash)
{
    uint32_t bit = redact_filter_bit(hash), own = hash & (REDACT_SLOTS - 1);
    uint32_t there = (uint32_t)(redact_filter[bit / 64] >> bit % 64) & (word->size + 31u) / 32 & 1;
    uint32_t slot = redact_slots[REDACT_SLOTS - ((REDACT_SLOTS - own) & -there)];
    word->hash = hash;
    /* one with a capital will be doubted, and which have one can't be foreseen */
    __builtin_prefetch(&redact_ordinary[hash % ORDINARY_SLOTS]);
    word->cues = redact_cue_sets[slot >> 24];
    uint32_t filled = 0 - ((slot | (0 - slot)) >> 31); /* all bits, or none */
    if (!redact_slot_is(slot, redact_slot_key(hash, 1) & filled)) look_further(word);
}

static void read_letters(struct str text, size_t start, struct redact_word *ret_word)
{
    redact_take_letters(text, start, ret_word);
    look_up(ret_word, redact_hash_of(str_make(ret_word->folded, ret_word->size)));
}

#ifdef __SSE2__
enum { LATIN_LEAD = 0xC3 }; /* of U+00C0 to U+00FF, which then have a second byte */

/* Accents off, of a word of Latin-1: `leads` has their first bytes, `low` all in lower case. Their
 * two bytes give way to one letter. False: one has no such letter. */
static inline bool fold_latin(const char *bytes, __m128i low, uint32_t leads,
                              struct redact_word *word)
{
    static const char plain[] = "aaaaaa\0ceeeeiiiidnooooo\0ouuuuy\0\0";
    static const uint32_t loans = 1u << 0x00 | 1u << 0x07 | 1u << 0x08 | 1u << 0x09 | 1u << 0x0A |
                                  1u << 0x0B | 1u << 0x0F | 1u << 0x11 | 1u << 0x14;
    static const uint8_t masks[2 * ASCII_HEAD_BYTES] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    size_t gone = 0;
    bool all = true;
    for (uint32_t rest = leads; rest; rest &= rest - 1, gone++) { /* what lies behind moves up */
        size_t place = (size_t)__builtin_ctz(rest) - gone;
        __m128i stays = _mm_loadu_si128((const void *)(masks + ASCII_HEAD_BYTES - place));
        low = _mm_or_si128(_mm_and_si128(stays, low),
                           _mm_andnot_si128(stays, _mm_srli_si128(low, 1)));
    }
    _mm_storeu_si128((void *)word->folded, low);
    word->accented = gone > 0;
    gone = 0;
    for (uint32_t rest = leads; rest; rest &= rest - 1, gone++) {
        size_t place = (size_t)__builtin_ctz(rest);
        uint32_t second = bytes[place + 1] & 0x1F;
        all &= plain[second] != 0;
        word->folded[place - gone] = plain[second];
        word->foreign |= !(loans >> second & 1);
    }
    word->size = (uint8_t)(word->size - gone);
    return all;
}

/* Fewer than 16 bytes of ASCII, and of Latin-1 if `latin`: at once. `bytes`: 16 that can be read.
 * False: it is longer, or has other letters. */
static inline bool take_short(const char *bytes, size_t start, struct redact_word *word, bool latin)
{
    __m128i given = _mm_loadu_si128((const void *)bytes),
            low = _mm_or_si128(given, _mm_set1_epi8(0x20));
    uint32_t leads = latin ? (uint32_t)_mm_movemask_epi8(ascii_equal(given, (char)LATIN_LEAD)) : 0;
    uint32_t letters = (uint32_t)_mm_movemask_epi8(ascii_between(low, 'a', 26));
    uint32_t lower = (uint32_t)_mm_movemask_epi8(_mm_slli_epi16(given, 2)); /* by the bit 0x20 */
    uint32_t others = ~(letters | leads | leads << 1), within = ~others & (others - 1);
    uint32_t size = (uint32_t)__builtin_ctz(others);
    /* behind it no letter stands: ASCII, a sign of Latin-1, or a dash or quote of three bytes */
    uint8_t behind = (uint8_t)bytes[size & (ASCII_HEAD_BYTES - 1)];
    if (size >= ASCII_HEAD_BYTES) return false;
    if (behind & 0x80 && behind != 0xC2 && behind != 0xE2) return false;
    word->start = (uint32_t)start;
    word->end = (uint32_t)start + size;
    word->accented = word->foreign = false;
    word->size = (uint8_t)size;
    leads &= within;
    _mm_storeu_si128((void *)word->folded, low);
    if (latin && !fold_latin(bytes, low, leads, word)) return false;
    /* second bytes of capitals lack that bit as well, and so do the first ones */
    word->capital = (~lower & within) >> (leads & 1) & 1;
    word->upper = (word->size > 1) & ((lower & within) == 0);
    look_up(word, hash_of_short(word));
    return true;
}

/* Apart, so that what it needs of registers isn't saved for plain words. */
__attribute__((noinline)) static void take_other(struct str text, size_t start,
                                                 struct redact_word *word)
{
    char last[ASCII_HEAD_BYTES] = {0};
    const char *bytes = text.data + start;
    if (start + ASCII_HEAD_BYTES > text.size) {
        if (start < text.size) memcpy(last, bytes, text.size - start);
        bytes = last;
    }
    if (!take_short(bytes, start, word, true)) read_letters(text, start, word);
}
#endif

void redact_word_at(struct str text, size_t start, struct redact_word *ret_word)
{
#ifdef __SSE2__
    if (start + ASCII_HEAD_BYTES > text.size ||
        !take_short(text.data + start, start, ret_word, false))
        take_other(text, start, ret_word);
#else
    read_letters(text, start, ret_word);
#endif
}
