/* Telephone numbers: international ones by their plus sign or 00, national ones by the way
 * that a country writes them, and any other grouping behind words like "call me on", "mi
 * móvil es", "mon numéro".
 *
 * Sources of the national forms: ITU-T E.123, the numbering plans of NANP, Ofcom,
 * ARCEP, CNMC, IFT, BIPT. */
#include "text/redact/numbers.h"

/* Most digits of an international number with its country code; what isn't listed: 15 (E.164). */
static const struct country {
    const char *code;
    uint8_t most;
} countries[] = {
    {"1", 11},  {"33", 11}, {"34", 11}, {"44", 12}, {"52", 13}, {"32", 11},  {"351", 12},
    {"31", 11}, {"41", 11},
    {"39", 13}, {"54", 13}, {"56", 11}, {"57", 12}, {"51", 11}, {"352", 12}, {"353", 12},
    {"46", 12}, {"47", 10},
};

static bool starts_with(const struct redact_digits *digits, const char *prefix)
{
    size_t size = strlen(prefix);
    return digits->count >= size && memcmp(digits->digits, prefix, size) == 0;
}

static char digit_at(const struct redact_digits *digits, size_t i)
{
    return i < digits->count ? digits->digits[i] : '\0';
}

static size_t most_digits(const struct redact_digits *digits, size_t skipped)
{
    for (size_t i = 0; i < sizeof countries / sizeof *countries; i++) {
        size_t size = strlen(countries[i].code);
        if (digits->count < skipped + size ||
            memcmp(digits->digits + skipped, countries[i].code, size) != 0)
            continue;
        bool trunk = memchr(digits->separators, '(', digits->groups) &&
                     digit_at(digits, skipped + size) == '0';
        return countries[i].most + skipped + trunk;
    }
    return 15 + skipped;
}

/* As many groups as belong together: up to `most` digits, and not over a blank once the number was
 * written with dashes or dots ("555-123-4567 2 times"). */
static uint8_t joined_groups(const struct redact_digits *digits, size_t most, size_t *ret_count)
{
    uint8_t groups = 0;
    size_t count = 0;
    for (; groups < digits->groups && count + digits->sizes[groups] <= most; groups++) {
        char separator = digits->separators[groups],
             earlier = groups > 1 ? digits->separators[groups - 1] : 0;
        if (separator == ' ' && (earlier == '-' || earlier == '.') && count >= 7) break;
        if (separator == '(' && count >= 7) break;
        if (separator == ' ' && digits->sizes[groups] == 1 && count >= 9) break;
        count += digits->sizes[groups];
    }
    *ret_count = count;
    return groups;
}

static uint8_t international_groups(const struct redact_digits *digits)
{
    size_t skipped = digits->plus ? 0 : 2, count;
    if (!digits->plus && (!starts_with(digits, "00") || digits->sizes[0] == 1)) return 0;
    char first = digit_at(digits, skipped);
    if (first == '0' || first == '\0') return 0;
    uint8_t groups = joined_groups(digits, most_digits(digits, skipped), &count);
    return count >= skipped + (digits->plus ? 8 : 9) ? groups : 0;
}

/* --- national forms --------------------------------------------------------------------------- */

/* sizes: of the groups. first, second: what the first and the fourth or fifth digit
 * may be; NULL: any. */
static const struct form {
    const char *sizes, *first, *second; /* second: first digit of the second group */
    bool spanish_only;
} forms[] = {
    {"334", "23456789", "23456789", false},  /* US, CA; also MX */
    {"1334", "1", "23456789", false},        /* with the trunk 1 */
    {"37", "23456789", "23456789", false},   /* "646 5550187" */
    {"333", "6789", NULL, false},            /* ES */
    {"3222", "6789", NULL, false},           /* ES */
    {"2322", "9", NULL, false},              /* ES landlines */
    {"36", "679", NULL, true},               /* ES */
    {"244", "2345678", NULL, true},          /* MX, two-digit areas */
    {"22222", "23456789", NULL, true},       /* MX */
    {"244", "1", "23456789", true},          /* AR mobiles */
    {"144", "9", NULL, true},                /* CL mobiles */
    {"334", "3", NULL, true},                /* CO mobiles */
    {"254", "", NULL, true},                 /* BR: only with its area in brackets */
};

static bool has_sizes(const struct redact_digits *digits, const char *sizes)
{
    size_t groups = strlen(sizes);
    if (digits->groups < groups) return false;
    for (size_t g = 0; g < groups; g++)
        if (digits->sizes[g] != sizes[g] - '0') return false;
    /* The same separator throughout, but for the parenthesis of the area code. */
    size_t second = groups > 2 ? 2 : 1,
           first = digits->separators[1] == ')' || digits->separators[1] == '(' ? second : 1;
    if (digits->separators[1] == '(') first = groups > 3 ? 3 : second;
    /* "514 555-0147" is written so in North America */
    bool area = strcmp(sizes, "334") == 0 && digits->separators[1] == ' ' &&
                digits->separators[2] == '-';
    for (size_t g = first + 1; g < groups && !area; g++)
        if (digits->separators[g] != digits->separators[first]) return false;
    return true;
}

static bool is_round(const struct redact_digits *digits, uint8_t groups)
{
    size_t count = 0;
    for (int g = 0; g < groups; g++) count += digits->sizes[g];
    return count >= 3 && memcmp(digits->digits + count - 3, "000", 3) == 0;
}

static bool goes_on(const struct redact_digits *digits, uint8_t groups)
{
    return digits->groups > groups &&
           digits->separators[groups] == digits->separators[groups - 1] &&
           digits->sizes[groups] >= 2;
}

static uint8_t grouped_form(const struct redact_finder *finder, const struct redact_digits *digits)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct form *form = &forms[i];
        uint8_t groups = (uint8_t)strlen(form->sizes);
        bool area = digits->separators[1] == ')'; /* "(55) 1234-6995", "(11) 91234-2355" */
        if ((form->spanish_only && !finder->spanish && !area) || !has_sizes(digits, form->sizes))
            continue;
        if (!strchr(form->first, digits->digits[0]) && !area) continue;
        size_t second = i == 1 ? (size_t)digits->sizes[0] + digits->sizes[1] : digits->sizes[0];
        if (form->second && (!strchr(form->second, digits->digits[second]) ||
                             (i == 1 && !strchr(form->second, digits->digits[1]))))
            continue;
        if ((digits->separators[1] == '.' || digits->separators[1] == ' ') &&
            is_round(digits, groups))
            continue; /* 600.000.000 */
        if (!goes_on(digits, groups)) return groups;
    }
    return 0;
}

/* With the trunk 0: 06 12 34 56 78, 0475/12.34.56, 020 7946 0018, 07700 900123, 0157 548 89. */
static uint8_t trunk_form(const struct redact_digits *digits, bool cue)
{
    size_t count = 0;
    uint8_t best = 0;
    bool bracket = digits->sizes[0] == 1 && digits->separators[1] == ')'; /* "(0)6 12 34 56 78" */
    if (digits->digits[0] != '0' || digit_at(digits, 1) == '0' ||
        (digits->sizes[0] < 2 && !bracket) || digits->sizes[0] > 5)
        return 0;
    for (uint8_t groups = 1; groups <= digits->groups && groups <= 6 + bracket; groups++) {
        if (groups > 1u + bracket &&
            (digits->sizes[groups - 1] < 2 || strchr("(", digits->separators[groups - 1])))
            break;
        count += digits->sizes[groups - 1];
        if (count > (cue ? 13u : 11u)) break; /* AR: 0351 155 443 218 */
        if (groups >= 2 && count >= (cue ? 7u : 9u)) best = groups;
    }
    /* MX: 044 55 1234 6622, 01 55 1234 2039 */
    if (best && goes_on(digits, best) && digits->sizes[best] == 4 && digits->groups == best + 1)
        best++;
    return best;
}

static bool is_plain(const struct redact_finder *finder, const struct redact_digits *digits,
                     bool cue)
{
    uint8_t size = digits->sizes[0];
    const char *d = digits->digits;
    bool repeated = true;
    for (int i = 1; i < size; i++) repeated &= d[i] == d[0];
    if (digits->groups > 1 && digits->separators[1] == '.' && !cue) return false;
    if (repeated && !cue) return false;
    /* FR, BE mobile */
    if (size == 10 && d[0] == '0' && d[1] != '0') return true;
    /* UK */
    if (size == 11 && d[0] == '0' && (d[1] == '7' || d[1] == '1' || d[1] == '2')) return true;
    if (size == 9 && d[0] == '0' && d[1] != '0') return cue;                      /* BE */
    if (size == 9 && strchr("679", d[0])) return cue || finder->spanish;          /* ES */
    if (size == 10 && strchr("23456789", d[0]) && strchr("23456789", d[3]))
        return cue || finder->english || finder->spanish || !finder->known;
    if (size == 10 && d[0] == '3' && d[1] < '6') return cue || finder->spanish;   /* CO */
    if (size == 11 && d[0] == '1' && strchr("23456789", d[1])) return cue;
    return false;
}

/* "0 7 7 0 0 9 0 0 1 2 3": told digit by digit; without a word that says so it begins with a
 * zero. */
static uint8_t single_digits(const struct redact_digits *digits, bool cue)
{
    enum { LEAST = 9 };
    uint8_t groups = 0;
    while (groups < digits->groups && digits->sizes[groups] == 1 &&
           (groups == 0 || digits->separators[groups] == ' ' || digits->separators[groups] == '-'))
        groups++;
    bool low = true; /* "0 1 0 1 1 0 …" */
    for (uint8_t g = 0; g < groups; g++) low &= digits->digits[g] < '3';
    bool starts = digits->digits[0] == '0' && digit_at(digits, 1) != '0';
    return groups >= LEAST && groups == digits->groups && !low && (cue || starts) ? groups : 0;
}

static bool is_date_form(const struct redact_digits *digits)
{
    return digits->groups >= 3 && digits->separators[1] == digits->separators[2] &&
           !strchr("() ", digits->separators[1]) &&
           ((digits->sizes[0] <= 2 && digits->sizes[1] <= 2 && digits->sizes[2] == 4) ||
            (digits->sizes[0] == 4 && digits->sizes[1] == 2 && digits->sizes[2] == 2));
}

/* Any grouping, because the words say what it is. */
static uint8_t cued_form(const struct redact_digits *digits)
{
    size_t count;
    uint8_t groups = joined_groups(digits, 15, &count);
    bool decimals = digits->groups == 2 && digits->separators[1] == '.' && digits->sizes[1] <= 2;
    bool range = digits->groups == 2 && digits->sizes[0] <= 4 && digits->sizes[1] <= 2;
    bool bands = digits->groups == 2 && digits->separators[1] == '/' && count < 9 &&
                 digits->digits[0] != '0'; /* "GSM 900/1900" */
    return count >= 6 && !decimals && !range && !bands ? groups : 0;
}

/* "my number is 98765 43916", "mon numéro : 21 123 67 42", "555 123 34 is my cell", "[PERSON] 77
 * 555 01 23" at the end: long, and somebody's own. */
static bool is_ones_own(struct str text, const struct redact_digits *digits)
{
    static const char *const owners[] = {"my",  "mi",  "mon", "his", "her", "our", "their",
                                         "su",  "son", "notre", "nuestro", "contact"};
    static const char *const numbers[] = {"number", "no", "numero", "num", "nr"};
    static const char *const links[] = {"is", "es", "est", "s", "now"};
    struct redact_word word, owner, thing;
    if (digits->count < 8) return false;
    if (digits->groups > 2 && digits->end == text.size &&
        str_ends(str_slice(text, 0, digits->start), STR("[PERSON] ")))
        return true;
    redact_word_before(text, digits->start, &word);
    if (word.size && IS_ONE_OF(&word, links)) redact_word_before(text, word.start, &word);
    redact_word_before(text, word.start, &owner);
    if (word.size && IS_ONE_OF(&word, numbers)) return owner.size && IS_ONE_OF(&owner, owners);
    redact_word_at(text, digits->end + 1, &word);
    if (at(text, digits->end) != ' ' || !word.size || !IS_ONE_OF(&word, links)) return false;
    redact_word_at(text, word.end + 1, &owner);
    redact_word_at(text, owner.end + 1, &thing);
    return owner.size && IS_ONE_OF(&owner, owners) &&
           (thing.cues & CUE(PHONE) || (thing.size && IS_ONE_OF(&thing, numbers)));
}

uint8_t redact_phone_groups(const struct redact_finder *finder, const struct redact_digits *digits,
                            const struct redact_context *context)
{
    bool cue = context->nearest & CUE(PHONE) && context->distance <= 5;
    if (!cue && !context->nearest) cue = is_ones_own(finder->text, digits);
    /* "20110312-00704-2147481553": the end of a longer number */
    if (!cue && digits->start > 1 && strchr("-/._", finder->text.data[digits->start - 1]) &&
        is_ascii_alnum(finder->text.data[digits->start - 2]))
        return 0;
    uint8_t groups = international_groups(digits);
    if (groups && (digits->plus || cue || digits->groups > 1 || digits->count >= 12)) return groups;
    uint32_t others = CUE(ORDER) | CUE(VERSION) | CUE(ACCOUNT) | CUE(ID) | CUE(ZIP);
    if (!cue && context->nearest & others && context->distance <= 3) return 0;
    if (!cue && digits->start > 0 && finder->text.data[digits->start - 1] == '#') return 0;
    if (is_date_form(digits)) return 0;
    if ((groups = single_digits(digits, cue)) != 0) return groups;
    if ((groups = grouped_form(finder, digits)) != 0 || (groups = trunk_form(digits, cue)) != 0)
        return groups;
    if (is_plain(finder, digits, cue)) return 1;
    return cue ? cued_form(digits) : 0;
}

bool redact_counts_things(struct str text, size_t end)
{
    static const char *const things[] = {"unidades", "units", "unites", "pieces", "piezas"};
    struct redact_word word;
    redact_word_at(text, end + 1, &word);
    return at(text, end) == ' ' && IS_ONE_OF(&word, things);
}

size_t redact_extension_end(struct str text, size_t end)
{
    size_t i = end;
    while (at(text, i) == ' ' || at(text, i) == ',') i++;
    struct redact_word word;
    redact_word_at(text, i, &word);
    static const char *const names[] = {
        "x", "ext", "extension", "poste", "anexo", "interno", "durchwahl"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (!word.size || !str_equal(str_make(word.folded, word.size), str_of(names[k]))) continue;
        i = word.end;
        if (at(text, i) == '.') i++;
        while (at(text, i) == ' ') i++;
        size_t digits = i;
        while (is_digit(at(text, i)) && i - digits < 7) i++;
        return i > digits && !is_word(at(text, i)) ? i : end;
    }
    return end;
}
