/* The word before a place, and whether what stands at one may be asked for: looked at by its
 * letters, read only where it may matter. */
#include "text/redact/find.h"

#include "text/ascii_head.h"

/* Where the last word before `end` starts and ends, looking back as far as `least`: both `end` when
 * there is none. */
static inline void find_before(struct str text, size_t end, size_t least, size_t *ret_start,
                               size_t *ret_last)
{
#ifdef __SSE2__
    if (end >= ASCII_HEAD_BYTES && end <= text.size) { /* it lies in 16 bytes, nearly always */
        size_t from = end - ASCII_HEAD_BYTES;
        uint32_t letters = redact_letters_at(text.data + from);
        int last = letters ? 31 - __builtin_clz(letters) : 0;
        uint32_t others = ~letters & ((1u << last) - 1);
        if (letters && others) {
            *ret_last = from + (size_t)last + 1;
            *ret_start = from + (size_t)(32 - __builtin_clz(others));
            return;
        }
    }
#endif
    size_t last = end;
#ifdef __SSE2__
    while (end <= text.size && last >= least + ASCII_HEAD_BYTES && /* figures upon figures */
           !redact_letters_at(text.data + last - ASCII_HEAD_BYTES))
        last -= ASCII_HEAD_BYTES;
#endif
    while (last > least && !is_letter(text.data[last - 1])) last--;
    size_t start = last;
    while (start > least && is_letter(text.data[start - 1])) start--;
    *ret_start = start;
    *ret_last = last;
}

/* The word of the letters in [start, last), which is read on from its start; none if it goes on. */
static void read_before(struct str text, size_t start, size_t last, size_t end,
                        struct redact_word *ret_word)
{
    while (start < last && text.data[start] & 0x80 && !redact_wide_letter_size(text, start))
        start++;
    redact_word_at(text, start, ret_word);
    if (ret_word->end > last || start == last)
        *ret_word = (struct redact_word){.start = (uint32_t)end, .end = (uint32_t)end};
}

void redact_word_before(struct str text, size_t end, struct redact_word *ret_word)
{
    size_t least = end > 2 * WORD_BYTES ? end - 2 * WORD_BYTES : 0, start, last;
    find_before(text, end, least, &start, &last);
    read_before(text, start, last, end, ret_word);
}

/* The word of ASCII letters that ends at `last`, by its first letters. */
static inline bool may_be_in(struct str text, size_t start, size_t last, const uint64_t *set,
                             int bits)
{
    uint64_t eight;
    memcpy(&eight, text.data + start, sizeof eight);
    return redact_may_be_in(set, bits, eight, (unsigned)(last - start));
}

static inline bool is_plain(struct str text, size_t start, size_t last)
{
    return last > start && last - start < WORD_BYTES && start + ASCII_HEAD_BYTES <= text.size &&
           redact_run_end(text, start, RUN_ASCII) == last && !(at(text, last) & 0x80);
}

void redact_cue_before(struct str text, size_t end, struct redact_word *ret_word)
{
    size_t least = end > 2 * WORD_BYTES ? end - 2 * WORD_BYTES : 0, start, last;
    find_before(text, end, least, &start, &last);
    if (is_plain(text, start, last)) {
        ret_word->start = (uint32_t)start, ret_word->end = (uint32_t)last;
        ret_word->size = (uint8_t)(last - start), ret_word->cues = 0;
        if (!may_be_in(text, start, last, redact_numbers, NUMBER_BITS)) return;
    }
    read_before(text, start, last, end, ret_word);
}

bool redact_may_stand_before(struct str text, size_t end, const uint64_t *set, int bits)
{
    size_t least = end > 2 * WORD_BYTES ? end - 2 * WORD_BYTES : 0, start, last;
    find_before(text, end, least, &start, &last);
    return last != end || !is_plain(text, start, last) || may_be_in(text, start, last, set, bits);
}

bool redact_may_stand_at(struct str text, size_t start, const uint64_t *set, int bits)
{
    size_t last = redact_run_end(text, start, RUN_ASCII);
    return !is_plain(text, start, last) || may_be_in(text, start, last, set, bits);
}
