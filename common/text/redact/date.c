/* Dates of birth: digits and months, in the order of any of our languages, behind a word of birth;
 * other days stay. */
#include "text/redact/numbers.h"

static unsigned group_value(const struct redact_digits *digits, int group)
{
    unsigned value = 0;
    size_t first = 0;
    for (int g = 0; g < group; g++) first += digits->sizes[g];
    for (int k = 0; k < digits->sizes[group] && k < 4; k++)
        value = value * 10 + (unsigned)(digits->digits[first++] - '0');
    return value;
}

static bool is_year(unsigned value, uint8_t size)
{
    return size == 2 || (size == 4 && value >= 1900 && value <= 2100);
}

/* 12/03/1985, 1985-03-12, 12.3.85. */
uint8_t redact_date_groups(const struct redact_digits *digits)
{
    if (digits->groups < 3 || digits->separators[1] != digits->separators[2] ||
        strchr(")(", digits->separators[1]))
        return 0;
    unsigned a = group_value(digits, 0), b = group_value(digits, 1), c = group_value(digits, 2);
    bool year_last = digits->sizes[0] <= 2 && digits->sizes[1] <= 2 &&
                     is_year(c, digits->sizes[2]) && a >= 1 && b >= 1 &&
                     ((a <= 31 && b <= 12) || (a <= 12 && b <= 31));
    bool year_first = digits->sizes[0] == 4 && is_year(a, 4) && digits->sizes[1] <= 2 &&
                      digits->sizes[2] <= 2 && b >= 1 && b <= 12 && c >= 1 && c <= 31;
    return year_last || year_first ? 3 : 0;
}

static size_t skip_date_words(struct str text, size_t i)
{
    for (int k = 0; k < 2; k++) {
        while (at(text, i) == ' ' || at(text, i) == ',' || at(text, i) == '.') i++;
        if (at(text, i) == 'd' && at(text, i + 1) == 'e' &&
            (at(text, i + 2) == ' ' || at(text, i + 2) == 'l'))
            i += at(text, i + 2) == 'l' ? 3 : 2;
    }
    while (at(text, i) == ' ') i++;
    return i;
}

static size_t year_end(struct str text, size_t i)
{
    size_t end = i;
    while (is_digit(at(text, end)) && end - i < 5) end++;
    return end - i == 4 || end - i == 2 ? end : 0;
}

/* "12 de marzo de 1985", "12th of March 1985", "March 12, 1985", "1er mars 1985". */
static bool worded_date(struct str text, const struct redact_digits *digits, size_t *ret_start,
                        size_t *ret_end)
{
    struct redact_word word;
    size_t start = digits->start, end = digits->ends[0];
    if (digits->sizes[0] > 2 || group_value(digits, 0) > 31) return false;
    redact_word_before(text, start, &word);
    if (word.cues & CUE(MONTH) && word.end + 2 >= start) {
        if (is_one_of(at(text, end), "snrt"))
            end += is_letter(at(text, end)) && is_letter(at(text, end + 1)) ? 2 : 0;
        size_t year = year_end(text, skip_date_words(text, end));
        *ret_start = word.start, *ret_end = year ? year : end;
        return true;
    }
    if (is_letter(at(text, end))) {
        redact_word_at(text, end, &word);
        if (word.size > 3) return false;
        end = word.end;
    } else if (str_starts(str_slice(text, end, end + 2), STR("\xC2\xBA")) ||
               str_starts(str_slice(text, end, end + 2), STR("\xC2\xB0"))) {
        end += 2;
    }
    size_t month = skip_date_words(text, end);
    if (str_starts(str_slice(text, month, month + 3), STR("of "))) month += 3;
    if (at(text, month) == '-' || at(text, month) == '/') month++;
    redact_word_at(text, month, &word);
    if (!(word.cues & CUE(MONTH))) return false;
    size_t behind = word.end;
    if (at(text, behind) == '-' || at(text, behind) == '/') behind++;
    size_t year = year_end(text, skip_date_words(text, behind));
    *ret_start = start, *ret_end = year ? year : word.end;
    return true;
}

/* "a gift for his birthday ~12/1/2018", "old birthday and yesterday 3/21/2021". */
static bool is_another_day(struct str text, size_t start)
{
    static const char *const others[] = {"and",  "yesterday", "party", "gift",  "present", "last",
                                         "y",    "et",        "ayer",  "hier",  "fiesta",  "fete",
                                         "cake", "since",     "until", "desde", "depuis"};
    static const char *const days[] = {"birthday", "cumpleanos", "anniversaire"};
    struct redact_word word;
    bool other = before(text, start) == '~';
    for (int k = 0; k < 4; k++, start = word.start) {
        redact_word_before(text, start, &word);
        if (!word.size) return false;
        if (word.cues & CUE(BIRTH)) return other && IS_ONE_OF(&word, days);
        other |= IS_ONE_OF(&word, others);
    }
    return false;
}

/* "for his birthday on March 12": the day that a gift came. */
static bool is_day_of_party(struct str text, size_t start)
{
    for (int k = 0; k < 4; k++) {
        struct redact_word word;
        redact_word_before(text, start, &word);
        struct str folded = str_make(word.folded, word.size);
        if (str_equal(folded, STR("on")) || str_equal(folded, STR("yesterday"))) {
            redact_word_before(text, word.start, &word);
            return word_is(&word, "birthday") && word.size == 8;
        }
        if (!(word.cues & CUE(MONTH))) return false;
        start = word.start;
    }
    return false;
}

/* "Né un 4 juillet": the film; nobody tells his own day so. */
static bool is_some_day(struct str text, size_t start)
{
    struct redact_word word;
    redact_word_before(text, start, &word);
    if (!word_is(&word, "un") || word.end + 1 != start) return false;
    redact_word_before(text, word.start, &word);
    return word_is(&word, "ne");
}

/* "Anyone born in 1985", "a birthday in 1999". */
static bool is_others_year(struct str text, size_t start)
{
    struct redact_word word = {.start = (uint32_t)start};
    for (int k = 0; k < 3; k++) {
        redact_word_before(text, word.start, &word);
        if (!(word.cues & CUE(BIRTH))) continue;
        struct str cue = str_make(word.folded, word.size);
        if (str_equal(cue, STR("birthday"))) return true;
        if (!str_equal(cue, STR("born"))) return false;
        redact_word_before(text, word.start, &word);
        redact_word_before(text, word.start, &word);
        return !word_is(&word, "i");
    }
    return false;
}

/* "in March 1951", "the ninth of February 1951": where the month before a year starts, and the day
 * that is said before it; or `year`. */
static size_t said_day_start(struct str text, size_t year)
{
    struct redact_word month, word;
    redact_word_before(text, year, &month);
    if (!(month.cues & CUE(MONTH)) || month.end + 1 != year) return year;
    redact_word_before(text, month.start, &word);
    if (word_is(&word, "of")) redact_word_before(text, word.start, &word);
    struct str day = str_make(word.folded, word.size);
    bool ordinal = str_ends(day, STR("th")) || word_is(&word, "first") ||
                   word_is(&word, "second") || word_is(&word, "third");
    if (!ordinal || word_is(&word, "month")) return month.start;
    size_t start = word.start;
    redact_word_before(text, start, &word); /* "the twenty-third" */
    if (word_is(&word, "twenty") || word_is(&word, "thirty")) start = word.start;
    redact_word_before(text, start, &word);
    return word_is(&word, "the") && word.end + 1 == start ? word.start : start;
}

size_t redact_birth_date(struct redact_finder *finder, const struct redact_digits *digits,
                         const struct redact_context *context)
{
    enum { FAR_WORDS = 4, SAID_BYTES = 12 };
    size_t start = digits->start, end;
    if (!(context->nearest & CUE(BIRTH))) return 0;
    size_t said = digits->sizes[0] == 4 ? said_day_start(finder->text, start) : start;
    bool whole = start - said > SAID_BYTES; /* a day as well */
    if ((context->distance > FAR_WORDS && !whole) ||
        is_day_of_party(finder->text, digits->start) || is_some_day(finder->text, digits->start) ||
        is_another_day(finder->text, digits->start))
        return 0;
    uint8_t groups = redact_date_groups(digits);
    if (groups) end = digits->ends[groups - 1];
    else if (!worded_date(finder->text, digits, &start, &end)) {
        /* "I was born in 1985": a year alone, if it is the writer's own. */
        bool year = digits->sizes[0] == 4 && is_year(group_value(digits, 0), 4) &&
                    group_value(digits, 0) < 2020;
        if (!year || (context->distance > 2 && !whole) ||
            (!whole && is_others_year(finder->text, digits->start)))
            return 0;
        start = said, end = digits->ends[0];
    }
    redact_add(finder, start, end, REDACT_DATE_OF_BIRTH);
    return end;
}
