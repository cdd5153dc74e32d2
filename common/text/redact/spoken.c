/* What people say and somebody writes down, in calls above all: numbers in words ("oh seven seven
 * double oh, nine hundred"), houses and days of birth in words. */
#include "text/redact/name.h"
#include "text/redact/numbers.h"

enum { SAID_WORDS = 40 };

/* --- number words ----------------------------------------------------------------------------- */

enum said {
    SAID_NOTHING, SAID_UNIT, SAID_TEEN, SAID_TENS, SAID_HUNDRED, SAID_SCALE, SAID_REPEAT, SAID_JOIN,
    SAID_DAY /* of a date only: "second", "mayo", "del" */
};

static enum said read_said(const struct redact_word *word, bool date)
{
    static const char *const units[] = {
        "oh",     "zero", "one",    "two",   "three", "four", "five",  "six",   "seven", "eight",
        "nine",   "cero", "uno",    "un",    "dos",   "tres", "cuatro", "cinco", "seis",  "siete",
        "ocho",   "nueve", "deux",  "trois", "quatre", "cinq", "sept",  "huit",  "neuf",  "une"};
    static const char *const teens[] = {
        "ten",      "eleven",     "twelve",  "thirteen",    "fourteen", "fifteen",   "sixteen",
        "seventeen", "eighteen",  "nineteen", "diez",       "once",     "doce",      "trece",
        "catorce",  "quince",     "dieciseis", "diecisiete", "dieciocho", "diecinueve", "veintiuno",
        "veintidos", "veintitres", "veinticuatro", "veinticinco", "veintiseis", "veintisiete",
        "veintiocho", "veintinueve", "dix",  "onze",        "douze",    "treize",    "quatorze",
        "quinze",   "seize"};
    static const char *const tens[] = {
        "twenty",  "thirty",  "forty",   "fourty",   "fifty",     "sixty",     "seventy",
        "eighty",  "ninety",  "veinte",  "treinta",  "cuarenta",  "cincuenta", "sesenta",
        "setenta", "ochenta", "noventa", "vingt",    "vingts",    "trente",    "quarante",
        "cinquante", "soixante", "septante", "huitante", "octante", "nonante"};
    static const char *const hundreds[] = {
        "hundred", "cien", "ciento", "doscientos", "trescientos", "cuatrocientos", "quinientos",
        "seiscientos", "setecientos", "ochocientos", "novecientos", "cent", "cents"};
    static const char *const scales[] = {"thousand", "million", "mil", "millon", "millones",
                                         "mille"};
    static const char *const joins[] = {"and", "y", "et"};
    static const char *const days[] = {
        "first",   "second",  "third",  "fourth",  "fifth",   "sixth",      "seventh",   "eighth",
        "ninth",   "tenth",   "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth",
        "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth", "thirtieth", "primero",
        "premier", "de",      "del",    "of",      "the"};
    if (!word->size) return SAID_NOTHING;
    if (IS_ONE_OF(word, units)) return SAID_UNIT;
    if (IS_ONE_OF(word, teens)) return SAID_TEEN;
    if (IS_ONE_OF(word, tens)) return SAID_TENS;
    if (IS_ONE_OF(word, hundreds)) return SAID_HUNDRED;
    if (IS_ONE_OF(word, scales)) return SAID_SCALE;
    if (IS_ONE_OF(word, ((const char *const[]){"double", "triple"}))) return SAID_REPEAT;
    if (IS_ONE_OF(word, joins)) return SAID_JOIN;
    return date && (word->cues & CUE(MONTH) || IS_ONE_OF(word, days)) ? SAID_DAY : SAID_NOTHING;
}

struct run {
    size_t start, end;
    unsigned digits, groups, units; /* groups: "cuarenta y uno" is one */
    bool zero, scale, month;
    bool year; /* "eighty-two", "mille neuf cent": as years end, and the time of day doesn't */
};

/* Between two words of one run: a blank, a comma and a blank, a dash, three dots. */
static bool are_joined(struct str text, size_t end, size_t start)
{
    if (start <= end || start > end + 4) return false;
    for (size_t i = end; i < start; i++)
        if (!is_one_of(text.data[i], " ,-.")) return false;
    return at(text, end) != '.' || start > end + 2;
}

static size_t run_start(struct str text, size_t start, bool date)
{
    for (int k = 0; k < SAID_WORDS; k++) {
        struct redact_word word;
        redact_word_before(text, start, &word);
        enum said said = read_said(&word, date);
        if (said == SAID_NOTHING || !are_joined(text, word.end, start)) break;
        start = word.start;
    }
    return start;
}

static void count_word(struct run *run, enum said said, enum said last, bool dashed)
{
    bool goes_on = (last == SAID_TENS && said == SAID_UNIT) || (dashed && last != SAID_UNIT);
    switch (said) {
    case SAID_UNIT:
        run->year |= last == SAID_TENS;
        run->digits += !goes_on, run->groups += !goes_on, run->units += !goes_on;
        break;
    case SAID_TEEN:
    case SAID_TENS: run->digits += dashed ? 0 : 2, run->groups += !dashed; break;
    case SAID_HUNDRED: run->digits += 2; break;
    case SAID_SCALE: run->digits += 3, run->scale = run->year = true; break;
    case SAID_REPEAT: run->digits++; break;
    default: break;
    }
}

/* The run that starts at `start`, without joining words at either end. */
static struct run read_run(struct str text, size_t start, bool date)
{
    struct run run = {.start = start, .end = start};
    enum said last = SAID_NOTHING;
    bool begun = false;
    size_t behind = start; /* the last word */
    for (size_t i = start, k = 0; k < SAID_WORDS; k++) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        enum said said = read_said(&word, date);
        if (said == SAID_NOTHING || (k && !are_joined(text, behind, i))) break;
        behind = word.end;
        bool filler = said == SAID_JOIN || (said == SAID_DAY && word.cues & CUE(PARTICLE));
        filler |= word_is(&word, "of") || word_is(&word, "the");
        if (!begun && filler) run.start = skip_blanks(text, word.end);
        begun |= !filler;
        run.zero |= begun && run.groups == 0 && (word_is(&word, "oh") || word.folded[0] == 'z' ||
                                                 word_is(&word, "cero"));
        run.month |= said == SAID_DAY && (word.cues & CUE(MONTH)) != 0;
        count_word(&run, said, last, before(text, word.start) == '-');
        if (said != SAID_JOIN) last = said;
        if (!filler) run.end = word.end;
        for (i = word.end;
             i < text.size && i < word.end + 4u && is_one_of(text.data[i], " ,-.");)
            i++;
    }
    return run;
}

enum { HOUSE_WORDS = 3 };

/* "un" and "une" are articles, too. */
static bool is_said_house(const struct redact_word *word)
{
    return !word->capital && word->size >= 3 && !word_is(word, "une") && !word_is(word, "uno") &&
           !word_is(word, "one") && read_said(word, false) >= SAID_UNIT &&
           read_said(word, false) <= SAID_HUNDRED;
}

size_t redact_said_house_end(struct str text, size_t i)
{
    size_t end = i;
    for (int k = 0; k < HOUSE_WORDS; k++) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        if (!is_said_house(&word)) break;
        end = word.end;
        i = end + is_one_of(at(text, end), " -");
    }
    return end;
}

size_t redact_said_house_start(struct str text, size_t end)
{
    size_t start = end;
    for (int k = 0; k < HOUSE_WORDS; k++) {
        struct redact_word word;
        redact_word_before(text, start, &word);
        bool joined = word.end + 1u == start && is_one_of(text.data[word.end], " -");
        if (!joined || !is_said_house(&word)) break;
        start = word.start;
    }
    return start;
}

/* "forty two", "a hundred and nine", "one sixty-five" right before `end`. */
size_t redact_said_english_start(struct str text, size_t end)
{
    size_t start = end;
    for (size_t i = end, k = 0; k < 2 * HOUSE_WORDS; k++) {
        struct redact_word word;
        redact_word_before(text, i, &word);
        enum said said = read_said(&word, false);
        bool joins = k && (word_is(&word, "and") || word_is(&word, "a"));
        if (word.end + 1u != i || !is_one_of(text.data[word.end], " -") || word.size == 2 ||
            (!joins && (said < SAID_UNIT || said > SAID_HUNDRED)))
            break;
        i = word.start, start = word_is(&word, "and") ? start : i;
    }
    return start;
}

/* "one two three four five six seven": who counts, or tries a microphone. */
static bool is_counting(struct str text, const struct run *run)
{
    static const char *const rows[] = {
        "one two three four five six seven eight nine ten",
        "uno dos tres cuatro cinco seis siete ocho nueve diez",
        "un deux trois quatre cinq six sept huit neuf dix",
        "ten nine eight seven six five four three two one"};
    char said[64];
    size_t size = 0;
    for (size_t i = run->start; i < run->end && size < sizeof said; i++)
        if (text.data[i] != ',') said[size++] = (char)(text.data[i] | 0x20);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        struct str row = str_of(rows[k]);
        for (size_t i = 0; i + size <= row.size; i++)
            if (memcmp(row.data + i, said, size) == 0) return true;
    }
    return false;
}

/* ", letra B", ", letter B", " hache": the check of an identity number; `end` if it is none. */
size_t redact_letter_end(struct str text, size_t end)
{
    static const char *const letters[] = {"letra", "letter", "lettre"};
    static const char *const names[] = {"hache", "equis", "jota", "eme",  "ene", "erre",
                                        "efe",   "uve",   "zeta", "ese", "ele", "ache"};
    size_t i = end + (at(text, end) == ',');
    struct redact_word word, letter;
    if (at(text, i) != ' ') return end;
    redact_word_at(text, i + 1, &word);
    if (word.size && IS_ONE_OF(&word, names)) return word.end;
    if (!word.size || !IS_ONE_OF(&word, letters) || at(text, word.end) != ' ') return end;
    redact_word_at(text, word.end + 1, &letter);
    return letter.size == 1 || IS_ONE_OF(&letter, names) ? letter.end : end;
}

/* "siete de enero de 1980": the end of the year that is written in digits, or `end`. */
static size_t year_behind(struct str text, size_t end)
{
    static const char *const joins[] = {" de ", " del ", ", ", " "};
    for (size_t k = 0; k < sizeof joins / sizeof *joins; k++) {
        size_t year = end + strlen(joins[k]);
        if (!str_starts(str_slice(text, end, text.size), str_of(joins[k]))) continue;
        bool century = at(text, year) == '1' ? at(text, year + 1) == '9'
                                             : at(text, year) == '2' && at(text, year + 1) == '0';
        return century && is_digit(at(text, year + 2)) && is_digit(at(text, year + 3)) &&
                       !is_word(at(text, year + 4))
                   ? year + 4
                   : end;
    }
    return end;
}

static size_t birth_said(struct redact_finder *finder, size_t start)
{
    struct str text = finder->text;
    struct run run = read_run(text, run_start(text, start, true), true);
    struct redact_context context = redact_context_before(text, run.start);
    bool born = context.nearest & CUE(BIRTH) && context.distance <= 4,
         year = run.year && run.groups >= 2 && context.distance <= 2;
    struct redact_word lead;
    redact_word_before(text, run.start, &lead);
    year &= !IS_ONE_OF(&lead, ((const char *const[]){"at", "las"})); /* "at seven thirty-five" */
    if (!born || run.end <= start || (!run.month && !year)) return 0;
    run.end = year_behind(text, run.end);
    redact_add(finder, run.start, run.end, REDACT_DATE_OF_BIRTH);
    return run.end;
}

size_t redact_said_number(struct redact_finder *finder, const struct redact_word *first)
{
    static const uint32_t cues = CUE(PHONE) | CUE(CARD) | CUE(ACCOUNT) | CUE(ID);
    struct str text = finder->text;
    struct redact_word next;
    size_t behind = first->end;
    while (behind < text.size && behind < first->end + 3u && is_one_of(text.data[behind], " ,-"))
        behind++;
    if (behind == first->end || !is_letter(at(text, behind))) return 0;
    redact_word_at(text, behind, &next);
    if (read_said(&next, true) == SAID_NOTHING) return 0; /* "five stars" */
    size_t end = birth_said(finder, first->start);
    if (end) return end;
    struct run run = read_run(text, run_start(text, first->start, false), false);
    if (run.digits < 6 || run.groups < 3 || run.end <= first->start) return 0;
    struct redact_context context = redact_context_before(text, run.start);
    bool customers = !context.nearest && redact_is_customers(text, run.start),
         cue = context.nearest & cues && !(context.nearest & (CUE(ORDER) | CUE(VERSION)));
    size_t letter = redact_letter_end(text, run.end);
    /* without a zero before them or a letter behind, seven may be marks, or channels */
    bool sure = run.digits >= (run.zero || letter > run.end ? 7 : 9) && run.groups >= 5 &&
                !run.scale && (run.units >= 4 || run.zero) &&
                !(context.nearest & (CUE(ORDER) | CUE(VERSION)));
    if ((!cue && !sure && !customers) || is_counting(text, &run)) return run.end;
    enum redact_kind kind = context.nearest & CUE(ID)        ? REDACT_NATIONAL_ID
                            : context.nearest & CUE(PHONE)   ? REDACT_PHONE
                            : context.nearest & CUE(CARD)    ? REDACT_CARD
                            : context.nearest & CUE(ACCOUNT) ? REDACT_ACCOUNT
                            : customers                      ? REDACT_ACCOUNT
                            : run.digits >= 15               ? REDACT_CARD
                                                             : REDACT_PHONE;
    struct redact_word lead; /* "ES nine one …": an IBAN's country */
    redact_word_before(text, run.start, &lead);
    if (kind == REDACT_ACCOUNT && lead.upper && lead.size == 2 && lead.end + 1 == run.start)
        run.start = lead.start;
    if (kind == REDACT_NATIONAL_ID || run.scale) {
        if (letter > run.end) kind = REDACT_NATIONAL_ID, run.end = letter;
    }
    redact_add(finder, run.start, run.end, kind);
    return run.end;
}
