/* The words before a place that say what a number there is: "my card ends in", "née le". */
#include "text/redact_find.h"

/* "no. 55", "nr. 55": the dot behind it ends no sentence. */
static bool is_number_sign(struct str text, size_t dot)
{
    struct str sign = str_slice(text, dot > 2 ? dot - 3 : 0, dot);
    return str_equal(sign, STR(" no")) || str_equal(sign, STR(" No")) ||
           str_equal(sign, STR(" nr")) || str_equal(sign, STR(" Nr"));
}

/* A placeholder, a blank line, or the end of a sentence lies between ("tel. 555" is none). */
static bool parts(struct str text, size_t start, size_t end, bool cue)
{
    bool digit = false;
    if (end == start + 1 && text.data[start] == ' ') return false; /* nearly always */
    for (size_t i = start; i < end; i++) {
        char c = text.data[i], next = at(text, i + 1);
        digit |= is_digit(c);
        if (c == '[' || c == ']' || (c == '\n' && next == '\n')) return true;
        if (c == '.' && is_blank(next) && (!cue || digit) && !is_number_sign(text, i)) return true;
    }
    return false;
}

struct redact_context redact_context_before(struct str text, size_t start)
{
    static const uint32_t classes = CUE(PHONE) | CUE(CARD) | CUE(ACCOUNT) | CUE(ID) | CUE(BIRTH) |
                                    CUE(SECRET) | CUE(ZIP) | CUE(ORDER) | CUE(VERSION);
    struct redact_context context = {0};
    size_t least = start > 64 ? start - 64 : 0;
    size_t end = start;
    for (uint32_t words = 0; words < 8 && end > least; words++) {
        struct redact_word word;
        redact_cue_before(text, end, &word);
        if (word.cues & CUE(SECRET) && redact_secret_needs_more(&word)) word.cues = 0;
        if (!word.size || word.start < least || parts(text, word.end, end, word.cues & classes))
            break;
        context.all |= word.cues;
        if (!context.nearest && word.cues & classes)
            context.nearest = word.cues & classes, context.distance = words;
        end = word.start;
    }
    return context;
}
