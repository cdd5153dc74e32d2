/* Reads the numbers of a sentence and looks them up among those that were shown. */
#include <math.h>

#include "base/ascii.h"
#include "workers/genai/digest_story.h"

enum { TOKEN_BYTES = 32, GROUP_DIGITS = 3 };
#define NEVER (-1.0) /* a figure of speech, or a calculation: counted by nobody */
#define HALF (-2.0)  /* 50 percent */

struct number_word {
    const char *word;
    double value;
};
static const struct number_word english[] = {
    {"two", 2}, {"three", 3}, {"four", 4}, {"five", 5}, {"six", 6}, {"seven", 7}, {"eight", 8},
    {"nine", 9}, {"ten", 10},
    {"eleven", 11}, {"twelve", 12}, {"thirteen", 13}, {"fourteen", 14}, {"fifteen", 15},
    {"sixteen", 16}, {"seventeen", 17},
    {"eighteen", 18}, {"nineteen", 19}, {"twenty", 20}, {"thirty", 30}, {"forty", 40},
    {"fifty", 50}, {"sixty", 60},
    {"seventy", 70}, {"eighty", 80}, {"ninety", 90}, {"hundred", 100}, {"thousand", 1000},
    {"half", HALF}, {"dozen", 12},
    {"dozens", NEVER}, {"hundreds", NEVER}, {"thousands", NEVER}, {"million", NEVER},
    {"millions", NEVER}, {"twice", NEVER},
    {"thrice", NEVER}, {"double", NEVER}, {"doubled", NEVER}, {"triple", NEVER}, {"tripled", NEVER},
    {"halved", NEVER}, {NULL, 0}};
static const struct number_word spanish[] = {
    {"dos", 2}, {"tres", 3}, {"cuatro", 4}, {"cinco", 5}, {"seis", 6}, {"siete", 7}, {"ocho", 8},
    {"nueve", 9}, {"diez", 10},
    {"once", 11}, {"doce", 12}, {"trece", 13}, {"catorce", 14}, {"quince", 15}, {"veinte", 20},
    {"treinta", 30},
    {"cuarenta", 40}, {"cincuenta", 50}, {"sesenta", 60}, {"setenta", 70}, {"ochenta", 80},
    {"noventa", 90}, {"cien", 100},
    {"mil", 1000}, {"mitad", HALF}, {"docena", 12}, {"docenas", NEVER}, {"cientos", NEVER},
    {"miles", NEVER},
    {"millones", NEVER}, {"doble", NEVER}, {"triple", NEVER}, {"duplicado", NEVER}, {NULL, 0}};
static const struct number_word french[] = {
    {"deux", 2}, {"trois", 3}, {"quatre", 4}, {"cinq", 5}, {"six", 6}, {"sept", 7}, {"huit", 8},
    {"neuf", 9}, {"dix", 10},
    {"onze", 11}, {"douze", 12}, {"treize", 13}, {"quatorze", 14}, {"quinze", 15}, {"seize", 16},
    {"vingt", 20},
    {"trente", 30}, {"quarante", 40}, {"cinquante", 50}, {"soixante", 60}, {"cent", 100},
    {"mille", 1000}, {"moiti\xc3\xa9", HALF},
    {"douzaine", 12}, {"douzaines", NEVER}, {"centaines", NEVER}, {"milliers", NEVER},
    {"millions", NEVER}, {"double", NEVER},
    {"doubl\xc3\xa9", NEVER}, {"triple", NEVER}, {NULL, 0}};

static bool is_letter(char c) { return ascii_is_letter(c) || (unsigned char)c >= 0x80; }

static bool is_told(const struct digest_facts *facts, double value, bool percent)
{
    for (uint32_t i = 0; i < facts->number_count; i++)
        if (facts->numbers[i].percent == percent && fabs(facts->numbers[i].value - value) < 1e-9)
            return true;
    return false;
}

/* --- names ------------------------------------------------------------------------------------ */

static bool word_begins(struct str text, size_t at)
{
    return at == 0 || !(is_letter(text.data[at - 1]) || ascii_is_digit(text.data[at - 1]));
}
static bool word_ends(struct str text, size_t at)
{
    return at >= text.size || !(is_letter(text.data[at]) || ascii_is_digit(text.data[at]));
}

static bool stands_at(struct str text, size_t at, struct str name)
{
    return at + name.size <= text.size &&
           str_equal_ignoring_case(str_slice(text, at, at + name.size), name) &&
           word_begins(text, at) && word_ends(text, at + name.size);
}

/* A segment's name is a bare number: it is one only behind the word. */
static size_t segment_at(const struct digest_facts *facts, struct str text, size_t at)
{
    static const struct str words[] = {{"segment ", 8}, {"segmento ", 9}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t behind = at + words[i].size;
        if (behind > text.size || !str_equal_ignoring_case(str_slice(text, at, behind), words[i]))
            continue;
        for (uint32_t j = 0; j < facts->name_count; j++)
            if (stands_at(text, behind, facts->names[j]))
                return words[i].size + facts->names[j].size;
    }
    return 0;
}

static bool is_bare_number(struct str name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!ascii_is_digit(name.data[i])) return false;
    return true;
}

/* Bytes of the longest name that stands here. */
static size_t name_at(const struct digest_facts *facts, struct str text, size_t at)
{
    size_t longest = segment_at(facts, text, at);
    for (uint32_t i = 0; i < facts->name_count; i++)
        if (!is_bare_number(facts->names[i]) && facts->names[i].size > longest &&
            stands_at(text, at, facts->names[i]))
            longest = facts->names[i].size;
    return longest;
}

/* --- numbers in digits ------------------------------------------------------------------------ */

/* Bytes of the word or sign for percent that stands here; 0: none. */
static size_t percent_size(struct str rest)
{
    static const struct str words[] = {
        {"%", 1}, {"percent", 7}, {"per cent", 8}, {"por ciento", 10}, {"pour cent", 9},
        {"pct", 3}};
    static const struct str spaces[] = {{" ", 1}, {"\xc2\xa0", 2}, {"\xe2\x80\xaf", 3}, {"", 0}};
    size_t space = 0;
    while (!str_starts(rest, spaces[space])) space++;
    rest = str_slice(rest, spaces[space].size, rest.size);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_equal_ignoring_case(str_slice(rest, 0, words[i].size), words[i]))
            return spaces[space].size + words[i].size;
    return 0;
}

static bool is_negative(struct str text, size_t at)
{
    static const struct str minus = {"\xe2\x88\x92", 3};
    if (at >= 3 && str_equal(str_slice(text, at - 3, at), minus)) return true;
    return at >= 1 && text.data[at - 1] == '-' &&
           (at == 1 || !(ascii_is_digit(text.data[at - 2]) || is_letter(text.data[at - 2])));
}

/* Digits with single points and commas between them; they end here. */
static size_t token_end(struct str text, size_t at)
{
    while (at < text.size &&
           (ascii_is_digit(text.data[at]) ||
            ((text.data[at] == '.' || text.data[at] == ',') && at + 1 < text.size &&
             ascii_is_digit(text.data[at + 1]))))
        at++;
    return at;
}

/* Read with its separators as those of thousands. False: they can't be. */
static bool read_thousands(struct str token, double *ret_value)
{
    char digits[TOKEN_BYTES];
    size_t count = 0, group = 0;
    bool first = true;
    for (size_t i = 0; i <= token.size; i++) {
        if (i < token.size && ascii_is_digit(token.data[i])) {
            digits[count++] = token.data[i];
            group++;
            continue;
        }
        if (first ? group > GROUP_DIGITS && i < token.size : group != GROUP_DIGITS) return false;
        first = false;
        group = 0;
    }
    return str_to_f64(str_make(digits, count), ret_value);
}

/* Read with its last separator as the decimal one. */
static bool read_decimal(struct str token, double *ret_value)
{
    char digits[TOKEN_BYTES];
    size_t separators = 0;
    for (size_t i = 0; i < token.size; i++) {
        digits[i] = ascii_is_digit(token.data[i]) ? token.data[i] : '.';
        separators += !ascii_is_digit(token.data[i]);
    }
    return separators == 1 && str_to_f64(str_make(digits, token.size), ret_value);
}

static bool holds_digits(const struct digest_facts *facts, struct str text, size_t at, size_t *end)
{
    struct str token = str_slice(text, at, *end);
    size_t percent = percent_size(str_slice(text, *end, text.size));
    double sign = is_negative(text, at) ? -1 : 1, value;
    if (token.size >= TOKEN_BYTES) return false;
    *end += percent;
    if (read_thousands(token, &value) && is_told(facts, sign * value, percent > 0)) return true;
    return read_decimal(token, &value) && is_told(facts, sign * value, percent > 0);
}

/* --- numbers in words ------------------------------------------------------------------------- */

static const struct number_word *words_of(struct str language)
{
    if (str_starts(language, STR("es"))) return spanish;
    return str_starts(language, STR("fr")) ? french : english;
}

static bool holds_word(const struct digest_facts *facts, const struct number_word *words,
                       struct str text, size_t at, size_t *end)
{
    struct str word = str_slice(text, at, *end);
    while (words->word && !str_equal_ignoring_case(word, str_of(words->word))) words++;
    if (!words->word) return true;
    if (words->value == HALF) return is_told(facts, 50, true);
    size_t percent = percent_size(str_slice(text, *end, text.size));
    *end += percent;
    return words->value != NEVER && is_told(facts, words->value, percent > 0);
}

/* Digits of other scripts, fractions, and numbers in circles aren't read: who writes them states
 * what can't be checked. */
static bool is_strange_digit(struct str rest)
{
    static const struct {
        unsigned char lead[3];
        size_t size;
        unsigned char least, most;
    } ranges[] = {
        /* superscripts, fractions */
        {{0xC2}, 1, 0xB2, 0xB3}, {{0xC2}, 1, 0xB9, 0xB9}, {{0xC2}, 1, 0xBC, 0xBE},
        {{0xD9}, 1, 0xA0, 0xA9}, {{0xDB}, 1, 0xB0, 0xB9},                            /* Arabic */
        /* Devanagari, Bengali */
        {{0xE0, 0xA5}, 2, 0xA6, 0xAF}, {{0xE0, 0xA7}, 2, 0xA6, 0xAF},
        /* super- and subscripts */
        {{0xE2, 0x81}, 2, 0xB0, 0xB9}, {{0xE2, 0x82}, 2, 0x80, 0x89},
        /* fractions, Roman */
        {{0xE2, 0x85}, 2, 0x90, 0xBF}, {{0xE2, 0x86}, 2, 0x80, 0x89},
        /* in circles */
        {{0xE2, 0x91}, 2, 0xA0, 0xBF}, {{0xE2, 0x92}, 2, 0x80, 0x9B},
        /* full width */
        {{0xEF, 0xBC}, 2, 0x90, 0x99},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (!str_starts(rest, str_make(ranges[i].lead, ranges[i].size)) ||
            rest.size <= ranges[i].size)
            continue;
        unsigned char last = (unsigned char)rest.data[ranges[i].size];
        if (last >= ranges[i].least && last <= ranges[i].most) return true;
    }
    return str_starts(rest, str_make("\xf0\x9d\x9f", 3)); /* mathematical digits */
}

/* --- a text ----------------------------------------------------------------------------------- */

bool digest_story_holds(const struct digest_facts *facts, struct str language, struct str text)
{
    const struct number_word *words = words_of(language);
    for (size_t at = 0, end; at < text.size; at = end) {
        end = at + name_at(facts, text, at);
        if (end > at) continue;
        if (ascii_is_digit(text.data[at])) {
            end = token_end(text, at);
            if (!holds_digits(facts, text, at, &end)) return false;
            continue;
        }
        if (is_strange_digit(str_slice(text, at, text.size))) return false;
        end = at + 1;
        if (!is_letter(text.data[at])) continue;
        while (end < text.size && is_letter(text.data[end]) &&
               !is_strange_digit(str_slice(text, end, text.size)))
            end++;
        if (!holds_word(facts, words, text, at, &end)) return false;
    }
    return true;
}

uint32_t digest_story_check(const struct digest_facts *facts, struct str language,
                            struct digest_story *story)
{
    uint32_t claims = 0, advice = 0, before = story->summary.count + story->recommendations.count;
    for (uint32_t i = 0; i < story->summary.count; i++)
        if (digest_story_holds(facts, language, story->summary.items[i].text))
            story->summary.items[claims++] = story->summary.items[i];
    for (uint32_t i = 0; i < story->recommendations.count; i++)
        if (digest_story_holds(facts, language, story->recommendations.items[i].text))
            story->recommendations.items[advice++] = story->recommendations.items[i];
    story->summary.count = claims;
    story->recommendations.count = advice;
    if (!advice) shape_unset(digest_story, story, recommendations);
    return before - claims - advice;
}
