/* Names that are spelled: "P-R-Z-Y-B", "N as in November, W, O, S, U". */
#include <string.h>

#include "text/redact/name.h"

enum { SPELLED_LETTERS = 24, SPELLED_LEAST = 3 };

static const char *const likes[] = {" as in ", " for ", " like ", " comme ", " como ", " de "};

/* Behind a letter: " as in November", " de Navarra", " comme Kevin"; `end` if there is none. */
static size_t example_end(struct str text, size_t end)
{
    for (size_t k = 0; k < sizeof likes / sizeof *likes; k++) {
        if (!str_starts(str_slice(text, end, text.size), str_of(likes[k]))) continue;
        struct redact_word word;
        redact_word_at(text, end + strlen(likes[k]), &word);
        bool its = word.capital && word.size > 2 && word.folded[0] == (text.data[end - 1] | 0x20);
        return its ? word.end : end;
    }
    return end;
}

static bool is_single(struct str text, size_t i)
{
    return is_upper(at(text, i)) && !is_word(at(text, i + 1)) && !is_word(before(text, i));
}

/* "O as in Oscar", of which the last word ends at `end`: where the letter stands, or `end`. */
static size_t example_start(struct str text, size_t end)
{
    struct redact_word word;
    redact_word_before(text, end, &word);
    if (word.end != end || word.size < 3 || !word.capital) return end;
    for (size_t k = 0; k < sizeof likes / sizeof *likes; k++) {
        size_t size = strlen(likes[k]);
        if (str_ends(str_slice(text, 0, word.start), str_of(likes[k])) && word.start > size &&
            is_single(text, word.start - size - 1))
            return word.start - size - 1;
    }
    return end;
}

/* The letters of [start, end) that stand alone are those of the word. */
static bool are_letters_of(struct str text, size_t start, size_t end,
                           const struct redact_word *word)
{
    size_t count = 0;
    for (size_t i = start; i < end; i++) {
        if (!is_single(text, i)) continue;
        if (count >= word->size || (text.data[i] | 0x20) != word->folded[count]) return false;
        count++;
    }
    return count == word->size;
}

/* Between what says that a name is spelled and its letters: "it's", "written as", the name. */
static bool leads_to_letters(const struct redact_word *word)
{
    static const char *const leads[] = {"s", "spelled", "written", "out", "avec", "ca", "there"};
    return word->capital || word->cues & (CUE(COMMON) | CUE(OWNER) | CUE(PARTICLE)) ||
           IS_ONE_OF(word, leads);
}

/* "that's", "that is", right before the letters. */
static bool is_that_is(struct str text, const struct redact_word *is)
{
    struct redact_word that;
    redact_word_before(text, is->start, &that);
    return (word_is(is, "s") || word_is(is, "is")) && word_is(&that, "that");
}

/* "my name is", "spelled", "ça s'écrit", a name: before the letters, with no other thing between.
 * The very name that they spell goes with them. */
static bool is_spelling(struct redact_finder *finder, size_t start, size_t end)
{
    static const char *const spells[] = {"spelled", "spelt",   "spelling", "spell",  "ecrit",
                                         "epelle",  "deletreo", "deletrea", "escribe"};
    struct str text = finder->text;
    struct redact_word word;
    bool spelled = false, led = true;
    for (size_t k = 0, i = start; k < 5 && i; k++, i = word.start) {
        redact_word_before(text, i, &word);
        if (!word.size) break;
        bool placeholder = word.upper && at(text, word.end) == ']' && word_is(&word, "person");
        bool names = word.cues & CUE(NAMED) && !name_is_told_behind(&word);
        bool says = placeholder || names || IS_ONE_OF(&word, spells);
        spelled |= led && (says || (k == 0 && is_that_is(text, &word)));
        led &= says || leads_to_letters(&word);
        if (!are_letters_of(text, start, end, &word)) continue;
        redact_add(finder, word.start, word.end, REDACT_PERSON);
        return true;
    }
    return spelled;
}

size_t redact_spelled_name(struct redact_finder *finder, const struct redact_word *letter)
{
    struct str text = finder->text;
    size_t start = letter->start, end = letter->end;
    int letters = 1;
    if (!is_single(text, start)) return 0;
    while (start > 1 && letters < SPELLED_LETTERS) { /* "A" was passed as an article is */
        size_t gap = text.data[start - 1] == ' ' && text.data[start - 2] == ',' ? 2 : 1;
        if (!is_one_of(text.data[start - 1], " -,") || start < gap + 1) break;
        size_t earlier = is_single(text, start - gap - 1) ? start - gap - 1
                                                          : example_start(text, start - gap);
        if (earlier == start - gap) break;
        start = earlier, letters++;
    }
    size_t first = end;
    end = example_end(text, end);
    bool example = end > first;
    while (letters < SPELLED_LETTERS) {
        size_t next = end;
        while (next < end + 3 && next < text.size && is_one_of(text.data[next], " -,")) next++;
        if (next == end || !is_single(text, next)) break;
        end = example_end(text, next + 1), letters++;
        example |= end > next + 1;
    }
    if (letters < SPELLED_LEAST || (!is_spelling(finder, start, end) && !example)) return 0;
    redact_add(finder, start, end, REDACT_PERSON);
    return end;
}
