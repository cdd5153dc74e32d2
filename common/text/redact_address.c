/* Postal addresses: a number with a street word before or after ("12 High Street", "Calle Mayor
 * 3, 2º B", "12 bis rue de la Paix"), what stands behind "Address:" and "lives at", boxes, and
 * the postal codes that can be nothing else (UK, Canada). What follows is taken along:
 * flat, postal code, city. */
#include "text/redact_find.h"

enum { LINE_BYTES = 160, NUMBER_MOST = 6, NAME_WORDS = 5, TAIL_PARTS = 7 };

static size_t skip(struct str text, size_t i, const char *among, size_t most)
{
    size_t start = i;
    while (i < text.size && i - start < most && strchr(among, text.data[i])) i++;
    return i;
}

/* What makes "3" an ordinal: "º", ".º", "ª", "°"; `i` if there is none. */
static size_t ordinal_end(struct str text, size_t i)
{
    static const char *const signs[] = {"\xC2\xBA", "\xC2\xAA", "\xC2\xB0"};
    size_t sign = at(text, i) == '.' ? i + 1 : i;
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++)
        if (str_starts(str_slice(text, sign, text.size), str_of(signs[k]))) return sign + 2;
    return i;
}

/* The door behind a floor, "3º B": one capital letter; `i` if there is none. */
static size_t door_end(struct str text, size_t i)
{
    size_t letter = skip(text, i, " ", 1);
    return letter > i && is_upper(at(text, letter)) && !is_word(at(text, letter + 1)) ? letter + 1
                                                                                      : i;
}

/* "23", "23B", "23-25", "3º", "3.º B", "2ª", "nº 2", "1D": end of it, or `i`. */
static size_t house_end(struct str text, size_t i)
{
    size_t start = i;
    static const char *const signs[] = {
        "n\xC2\xBA", "n\xC2\xB0", "N\xC2\xBA", "N\xC2\xB0", "n.", "no.", "num.", "#", "n\xC3\xBAm.",
        "km. ", "km "};
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++)
        if (str_starts(str_slice(text, i, text.size), str_of(signs[k]))) {
            i = skip(text, i + strlen(signs[k]), " ", 1);
            break;
        }
    struct str rest = str_slice(text, i, i + 3);
    if ((str_equal(rest, STR("s/n")) || str_equal(rest, STR("S/N"))) && !is_word(at(text, i + 3)))
        return i + 3; /* without number */
    size_t digits = i;
    while (is_digit(at(text, i)) && i - digits < NUMBER_MOST) i++;
    if (i == digits || is_digit(at(text, i))) return start;
    size_t ordinal = ordinal_end(text, i);
    if (ordinal > i) i = door_end(text, ordinal);
    /* "the 70s" */
    if (i - digits == 2 && text.data[i - 1] == '0' && at(text, i) == 's') return start;
    if (is_ascii_alnum(at(text, i)) && !is_word(at(text, i + 1))) i++; /* a letter */
    if (is_word(at(text, i))) return start;
    size_t next = i + 1; /* "23-25" */
    if (at(text, i) != '-') return i;
    while (is_digit(at(text, next)) && next - i <= NUMBER_MOST) next++;
    return next > i + 1 && !is_word(at(text, next)) ? next : i;
}

/* "SW1A 1AA", "K1A 0B1", "28035", "4850-123", "94103-1234": end, or `i`. */
static size_t code_end(struct str text, size_t i)
{
    static const char *const forms[] = {
        "A9 9AA", "A99 9AA", "AA9 9AA", "AA99 9AA", "A9A 9AA", "AA9A 9AA", "A9A 9A9", "99999-9999",
        "99999", "999 99", "9999", "999999"};
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
        size_t end = i;
        const char *form = forms[k];
        for (; *form; form++, end++) {
            char c = at(text, end);
            if (*form == 'A' ? !is_upper(c) : *form == '9' ? !is_digit(c) : c != *form) break;
        }
        if (!*form && !is_word(at(text, end))) return end;
    }
    return i;
}

static bool is_british_or_canadian(struct str code) { return is_upper(code.data[0]); }

/* Capitalised words and the particles between them; 0 words: `i`. */
static size_t names_end(struct str text, size_t i, int most, int *ret_words)
{
    size_t end = i;
    *ret_words = 0;
    for (int k = 0; k < most + 3 && *ret_words < most; k++) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        bool particle = word.cues & CUE(PARTICLE) ||
                        (word.size == 1 && (word.folded[0] == 'd' || word.folded[0] == 'l'));
        if (!word.size || (!word.capital && !particle) ||
            (word.capital && word.cues & CUE(COMMON) && !particle))
            break;
        if (word.capital) end = word.end, ++*ret_words;
        i = word.end;
        if (at(text, i) == '.' && word.size <= 4 && at(text, i + 1) == ' ') i++; /* "Dr. Joaquín" */
        if (at(text, i) == ' ' || at(text, i) == '-' || at(text, i) == '\'') i++;
        else if (str_starts(str_slice(text, i, i + 3), STR("\xE2\x80\x99"))) i += 3;
        else break;
    }
    return end;
}

/* "Apt. 864", "Suite 5", "3º izquierda", "piso 2 B", "bajo". */
static size_t unit_end(struct str text, size_t i)
{
    struct redact_word word;
    redact_word_at(text, i, &word);
    if (!(word.cues & CUE(UNIT))) return i;
    size_t next = skip(text, word.end, ". ", 2), end = house_end(text, next);
    if (end > next) return end;
    if (next > word.end && is_upper(at(text, next)) && !is_word(at(text, next + 1)))
        return next + 1;
    return word.end;
}

/* "59000 lille" at the end of a line: a city written small. */
static size_t small_city_end(struct str text, size_t code, size_t next)
{
    struct redact_word word;
    size_t digits = code;
    while (digits > 0 && is_digit(text.data[digits - 1])) digits--;
    redact_word_at(text, next, &word);
    bool last = word.end == text.size || at(text, word.end) == '\n' || at(text, word.end) == '.';
    return code - digits == 5 && next == code + 1 && word.size > 2 && last ? word.end : code;
}

/* "IL 62704", "AP 20849"; `i` if it isn't that. */
static size_t state_end(struct str text, size_t i)
{
    bool two = is_upper(at(text, i)) && is_upper(at(text, i + 1)) && at(text, i + 2) == ' ';
    size_t end = two ? code_end(text, i + 3) : i;
    return two && end > i + 3 ? end : i;
}

/* What belongs to an address behind its street: flat, city, state, code, in any order,
 * up to a full stop. */
static size_t tail_end(struct str text, size_t end)
{
    size_t i = end;
    for (int part = 0; part < TAIL_PARTS; part++) {
        if (at(text, i) == '.' && at(text, i + 1) == '\n' &&
            unit_end(text, skip(text, i + 1, " \n>", 6)) > skip(text, i + 1, " \n>", 6))
            i++;
        size_t next = skip(text, i, " ,\n-(>", 6);
        if (next == i) break;
        bool comma = memchr(text.data + i, ',', next - i) ||
                     memchr(text.data + i, '\n', next - i) || memchr(text.data + i, '-', next - i);
        int words;
        size_t behind = unit_end(text, next);
        if (behind == next) behind = code_end(text, next);
        if (behind == next) behind = state_end(text, next);
        if (behind == next && comma) behind = house_end(text, next);
        if (behind > next) {
            end = i = behind;
            continue;
        }
        /* A city: behind a comma or a code, or before a code. */
        behind = names_end(text, next, 3, &words);
        if (!words)
            return is_digit(before(text, i)) && i == end && !comma ? small_city_end(text, i, next)
                                                                   : end;
        size_t code = skip(text, behind, " ,\n", 3);
        bool coded = (code > behind && code_end(text, code) > code) || is_digit(before(text, i)) ||
                     is_upper(before(text, i));
        if (!comma && !coded) break;
        i = behind;
        if (coded || memchr(text.data + end, ',', next - end)) end = behind;
    }
    return end;
}

static size_t take(struct redact_finder *finder, size_t start, size_t end)
{
    if (at(finder->text, end) == ')' && memchr(finder->text.data + start, '(', end - start)) end++;
    redact_add(finder, start, end, REDACT_ADDRESS);
    return end;
}

/* --- a street word that comes first: "Calle Mayor 3", "rue de la Paix, 12" -------------------- */

/* Where the number before it starts: "12 bis, rue", "12, rue"; `i` if there is none. */
static size_t number_before(struct str text, size_t i)
{
    size_t start = i;
    while (start > 0 && (text.data[start - 1] == ' ' || text.data[start - 1] == ',')) start--;
    struct redact_word word;
    redact_word_before(text, start, &word);
    if (word.end == start && (str_equal(str_make(word.folded, word.size), STR("bis")) ||
                              str_equal(str_make(word.folded, word.size), STR("ter"))))
        start = word.start && text.data[word.start - 1] == ' ' ? word.start - 1 : word.start;
    size_t end = start;
    while (start > 0 && end - start < NUMBER_MOST && is_digit(text.data[start - 1])) start--;
    return start < end && start < i && !is_word(before(text, start)) ? start : i;
}

/* "via PayPal 20 euros": these are also ordinary words, and want a number before or a capital. */
static bool is_weak(const struct redact_word *word)
{
    static const char *const words[] = {
        "via", "place", "route", "largo", "colonia", "privada", "residence", "square", "cours",
        "camino", "corso", "rambla"};
    return IS_ONE_OF(word, words);
}

static bool is_sure(const struct redact_word *word)
{
    static const char *const words[] = {
        "rue", "calle", "avenida", "boulevard", "impasse", "avda", "allee"};
    return IS_ONE_OF(word, words);
}

/* "12 rue victor hugo", "calle mayor 3": names written small, up to a number or, with one
 * before, two words. */
static size_t small_names_end(struct str text, size_t i, bool numbered, int *ret_words)
{
    size_t start = i, end = i;
    int words = 0, all = 0;
    for (; all < NAME_WORDS; all++) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        if (!word.size || at(text, word.start) == '\0') break;
        words += !(word.cues & CUE(PARTICLE));
        i = end = word.end;
        if (numbered && words == 2) break;
        if (at(text, i) != ' ' && at(text, i) != '\'') break;
        i++;
    }
    size_t next = skip(text, end, " ,", 2);
    *ret_words = numbered || (next > end && house_end(text, next) > next) ? words : 0;
    return *ret_words ? end : start;
}

static size_t street_first(struct redact_finder *finder, const struct redact_word *word)
{
    struct str text = finder->text;
    int words;
    size_t i = skip(text, word->end, ". /", 2);
    if (i == word->end || before(text, word->start) == '/') return 0;
    size_t start = number_before(text, word->start), name = names_end(text, i, NAME_WORDS, &words);
    if (!words && is_sure(word)) name = small_names_end(text, i, start < word->start, &words);
    if (is_weak(word) && !word->capital && (start == word->start || !finder->french)) return 0;
    size_t next = skip(text, name, " ,.", 3), house = next > name ? house_end(text, next) : next;
    bool numbered = house > next || start < word->start;
    struct redact_context context = redact_context_before(text, start);
    if (!numbered && !(context.all & CUE(ADDRESS) && context.all & ~CUE(ADDRESS) & CUE(OWNER)))
        return 0;
    if (!words) return 0;
    return take(finder, start, tail_end(text, house > next ? house : name));
}

/* "C/ Mayor 3", "Av. Litoral, 30": short forms want the number behind. */
static size_t street_short(struct redact_finder *finder, const struct redact_word *word)
{
    static const char *const forms[] = {
        "c", "av", "avd", "pza", "pl", "pso", "ctra", "avda", "cl", "crta", "urb", "r"};
    struct str text = finder->text;
    char mark = at(text, word->end);
    if ((mark != '/' && mark != '.') || !word->capital || !IS_ONE_OF(word, forms)) return 0;
    int words;
    size_t i = skip(text, word->end, "./ ", 3), name = names_end(text, i, NAME_WORDS, &words),
           next = skip(text, name, " ,", 2);
    size_t house = next > name ? house_end(text, next) : next;
    return words && house > next ? take(finder, word->start, tail_end(text, house)) : 0;
}

/* --- behind "Address:" ------------------------------------------------------------------------ */

static bool ends_sentence(struct str text, size_t i)
{
    struct redact_word word;
    if (text.data[i] != '.' || (i + 1 < text.size && !is_blank(text.data[i + 1]))) return false;
    redact_word_before(text, i, &word);
    return word.end != i || word.size > 5 || i + 1 >= text.size || text.data[i + 1] == '\n';
}

static size_t behind_label(struct redact_finder *finder, const struct redact_word *word)
{
    struct str text = finder->text;
    bool digit = false;
    size_t start = skip(text, word->end, " ", 2), end;
    if (at(text, start) != ':') return 0;
    start = skip(text, start + 1, " \n", 8);
    struct redact_word first;
    redact_word_at(text, start, &first);
    if (!is_digit(at(text, start)) && !first.capital && at(text, start + 1) != '/') return 0;
    digit = first.cues & CUE(STREET_FIRST) && first.capital;
    for (end = start; end < text.size && end - start < LINE_BYTES; end++) {
        if (text.data[end] == '\n' || text.data[end] == ';' || text.data[end] == '|' ||
            text.data[end] == '?' || ends_sentence(text, end))
            break;
        if (text.data[end] == '@' || (text.data[end] == ':' && at(text, end + 1) == '/')) return 0;
        digit |= is_digit(text.data[end]);
    }
    while (end < text.size && ((unsigned char)text.data[end] & 0xC0) == 0x80) end--;
    return digit ? take(finder, start, tail_end(text, end)) : 0;
}

/* --- a street word at the end of another: "Hauptstraße 12", "Keizersgracht 123" --------------- */

static bool is_street_formed(const struct redact_word *word)
{
    static const struct ending {
        uint8_t size;
        char text[9];
    } endings[] = {{7, "strasse"}, {3, "str"},    {6, "straat"}, {3, "weg"},   {5, "gasse"},
                   {4, "laan"},    {4, "gade"},   {5, "gatan"},  {4, "gata"},  {3, "vej"},
                   {5, "veien"},   {5, "vegen"},  {4, "veen"},   {5, "platz"}, {5, "plein"},
                   {6, "gracht"},  {5, "allee"},  {4, "damm"},   {4, "katu"},  {5, "tanav"},
                   {6, "straeti"}, {5, "braut"},  {5, "vegur"},  {4, "utca"},  {6, "stigen"},
                   {7, "straede"}, {7, "stranda"}};
    for (size_t i = 0; word->size >= 7 && i < sizeof endings / sizeof *endings; i++) {
        const char *end = word->folded + word->size - endings[i].size;
        if (end[0] == endings[i].text[0] && memcmp(end, endings[i].text, endings[i].size) == 0)
            return true;
    }
    return false;
}

size_t redact_address_formed(struct redact_finder *finder, const struct redact_word *word)
{
    static const char *const never[] = {"renegade", "brigade", "norwegweg", "vallee"};
    struct str text = finder->text;
    size_t next = word->end + (at(text, word->end) == '.');
    if (!word->capital || at(text, next) != ' ' || !is_digit(at(text, next + 1))) return 0;
    size_t house = house_end(text, next + 1);
    if (house == next + 1 || house - next > 7 || !is_street_formed(word) || IS_ONE_OF(word, never))
        return 0;
    return take(finder, word->start, tail_end(text, house));
}

/* --- "the corner of Pine Street and 5th Avenue" ----------------------------------------------- */

/* One street of a corner: capitalised words and numbers. */
static size_t corner_part_end(struct str text, size_t i)
{
    size_t end = i;
    for (int k = 0; k < NAME_WORDS; k++) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        size_t behind = is_digit(at(text, i)) ? house_end(text, i) : word.capital ? word.end : i;
        bool small = behind == i && word.size && word.size <= 4 &&
                     (at(text, word.end) == '.' || word.cues & CUE(PARTICLE)); /* "ul.", "de" */
        if (behind == i && !small) break;
        i = small ? word.end + (at(text, word.end) == '.') : behind;
        if (!small) end = i;
        if (at(text, i) == '.' && at(text, i + 1) == ' ' && word.size <= 4 &&
            (word.cues & CUE(STREET)))
            end = ++i;
        if (at(text, i) != ' ') break;
        i++;
    }
    return end > 0 && at(text, end - 1) == ' ' ? end - 1 : end;
}

static size_t corner(struct redact_finder *finder, const struct redact_word *word)
{
    struct str text = finder->text, of = STR(" of "), and = STR(" and ");
    size_t first = word->end + of.size, start = word->start;
    if (!str_starts(str_slice(text, word->end, text.size), of)) return 0;
    size_t end = corner_part_end(text, first), second = end + and.size;
    if (end == first || !str_starts(str_slice(text, end, text.size), and)) return 0;
    size_t last = corner_part_end(text, second);
    if (last == second) return 0;
    if (start >= 4 && memcmp(text.data + start - 4, "the ", 4) == 0) start -= 4;
    return take(finder, start, tail_end(text, last));
}

size_t redact_address_word(struct redact_finder *finder, const struct redact_word *word)
{
    size_t end = 0;
    if (!word->capital && str_equal(str_make(word->folded, word->size), STR("corner")))
        return corner(finder, word);
    if (word->capital) end = redact_address_formed(finder, word);
    if (end) return end;
    if (word->cues & CUE(LABEL)) end = behind_label(finder, word);
    if (!end && word->cues & CUE(STREET_FIRST)) end = street_first(finder, word);
    if (!end && word->size <= 4) end = street_short(finder, word);
    return end;
}

/* --- a number that comes first: "11 Souterhead Road", "PO Box 12" ----------------------------- */

/* A street written small between a name and a number: "2224 Trenerys gate 232". */
static bool is_small_street(const struct redact_word *word)
{
    static const char *const words[] = {
        "gate", "gata", "vei", "veg", "vej", "utca", "utja", "ulica", "gatan", "tanav", "katu"};
    return !word->capital && IS_ONE_OF(word, words);
}

/* The street word among the capitalised words behind the number; `i` if there is none. */
static size_t street_behind(struct str text, size_t i)
{
    size_t start = i;
    for (int k = 0; k < NAME_WORDS; k++) {
        struct redact_word word;
        if (is_digit(at(text, i)) && k) { /* "12 5th Avenue", "69 42 Gordon Terrace" */
            while (is_ascii_alnum(at(text, i))) i++;
        } else {
            redact_word_at(text, i, &word);
            if (k && is_small_street(&word) && house_end(text, word.end + 1) > word.end + 1)
                return house_end(text, word.end + 1);
            if (!word.size || !word.capital || word.cues & CUE(COMMON)) return start;
            i = word.end;
            if (word.cues & CUE(STREET) && k)
                return at(text, i) == '.' && word.size <= 4 && at(text, i + 1) != '\n' &&
                               i + 1 < text.size
                           ? i + 1
                           : i;
        }
        if (at(text, i) == '.') i++;
        if (at(text, i) != ' ' && at(text, i) != '\'' && at(text, i) != '-') return start;
        i++;
    }
    return start;
}

/* The names right before a house number: "Los Alisos, 10", "c/ Doctor Esquerdo 46".
 * `number` if there are none. */
static size_t names_before(struct str text, size_t number)
{
    size_t start = number, capital = number;
    for (int k = 0; k < NAME_WORDS; k++) {
        struct redact_word word;
        size_t end = start;
        while (end > 0 && number - end < 3 &&
               (text.data[end - 1] == ' ' || (k == 0 && text.data[end - 1] == ',')))
            end--;
        if (k && start > 0 && text.data[start - 1] == ' ') end = start - 1;
        redact_word_before(text, end, &word);
        if (!word.size || word.end != end || end == start) break;
        if (!word.capital && !(word.cues & CUE(PARTICLE))) break;
        if (word.capital && word.cues & CUE(COMMON) && !(word.cues & CUE(PARTICLE))) break;
        start = word.start;
        if (word.capital && word.size > 2) capital = start;
        if (start > 0 && text.data[start - 1] != ' ') break;
    }
    if (capital > 2 && memcmp(text.data + capital - 3, "c/ ", 3) == 0) capital -= 3;
    return capital;
}

/* "Los Alisos, 10. 13002 Ciudad Real", "Keizersgracht 123, 1015 CJ Amsterdam": a house number, a
 * postal code and a city right behind. Returns the end, or `number`. */
static size_t house_and_code_end(struct str text, size_t number, size_t house)
{
    size_t code = skip(text, house, " .,-\n", 3);
    if (at(text, code) == 'E' && at(text, code + 1) == '-') code += 2;
    size_t digits = code;
    while (is_digit(at(text, digits)) && digits - code < 6) digits++;
    bool dutch = digits - code == 4 && at(text, digits) == ' ' && is_upper(at(text, digits + 1)) &&
                 is_upper(at(text, digits + 2)) && at(text, digits + 3) == ' ';
    bool nordic = digits - code == 3 && at(text, digits) == ' ' && is_digit(at(text, digits + 1)) &&
                  is_digit(at(text, digits + 2)) && at(text, digits + 3) == ' ';
    if (code == house || house - number > 4 || !(dutch || nordic || digits - code == 5))
        return number;
    struct redact_word city;
    size_t name = digits + (dutch || nordic ? 4 : 1);
    redact_word_at(text, name, &city);
    return at(text, name - 1) == ' ' && city.capital && city.size > 2
               ? tail_end(text, dutch || nordic ? name - 1 : digits)
               : number;
}

/* A box: "P.O. Box 242", "Unit 5022 Box 1225", "PSC 4095, Box 8316". */
static size_t box_start(struct str text, size_t number)
{
    struct redact_word box, kind;
    redact_word_before(text, number, &box);
    bool spanish = str_equal(str_make(box.folded, box.size), STR("apartado")),
         french = box.upper && str_equal(str_make(box.folded, box.size), STR("bp"));
    if (box.end + 1 != number) return number;
    if (spanish || french) return box.start;
    if (!str_equal(str_make(box.folded, box.size), STR("box"))) return number;
    redact_word_before(text, box.start, &kind);
    struct str name = str_make(kind.folded, kind.size);
    if (str_equal(name, STR("po")) || str_equal(name, STR("unit")) || str_equal(name, STR("psc")))
        return kind.start;
    if (str_equal(name, STR("o")) && kind.start >= 2 && (text.data[kind.start - 2] | 0x20) == 'p')
        return kind.start - 2;
    return number;
}

/* Behind "lives at", "address is": a number with names, with another number or without. */
static size_t behind_cue(struct str text, size_t names, const struct redact_context *context)
{
    int words;
    if (!(context->all & CUE(ADDRESS))) return names;
    size_t end = names_end(text, names, NAME_WORDS, &words);
    if (!words) return names;
    size_t next = skip(text, end, " ,.", 2), house = next > end ? house_end(text, next) : next;
    return house > next ? house : end;
}

/* "0605 pentelis 210 apt. 999", in any case: words, a number, then a flat's.
 * `i` if it isn't that. */
static size_t before_unit(struct str text, size_t i)
{
    size_t start = i;
    for (int k = 0; k < NAME_WORDS; k++) {
        struct redact_word word;
        if (k && is_digit(at(text, i))) {
            size_t house = house_end(text, i), unit = skip(text, house, " \n,.", 3);
            return house > i && unit > house && unit_end(text, unit) > unit ? house : start;
        }
        redact_word_at(text, i, &word);
        if (!word.size) return start;
        i = skip(text, word.end, " .", 2);
        if (i == word.end) return start;
    }
    return start;
}

/* "the 2013 Nexus 7": a model of that year. */
static bool is_year(struct str text, size_t start, size_t end)
{
    struct str century = str_slice(text, start, start + 2);
    return end - start == 4 && (str_equal(century, STR("19")) || str_equal(century, STR("20")));
}

size_t redact_address_number(struct redact_finder *finder, size_t start,
                             const struct redact_context *context)
{
    struct str text = finder->text;
    size_t number = house_end(text, start), box = box_start(text, start),
           code = code_end(text, start);
    if (box < start && number > start) return take(finder, box, tail_end(text, number));
    if (code > start && is_british_or_canadian(str_slice(text, start, code)))
        return take(finder, start, code);
    if (number == start || at(text, start) == '#') return 0;
    size_t coded = house_and_code_end(text, start, number),
           street = coded > start ? names_before(text, start) : start;
    if (street < start) return take(finder, street, coded);
    size_t names = skip(text, number, " ,", 2);
    if (names == number) return 0;
    /* "6750 17 Via Roma": a number of the building before */
    size_t second = house_end(text, names);
    if (second > names) names = skip(text, second, " ", 1);
    size_t end = street_behind(text, names);
    if (end == names) {
        struct redact_word first;
        int words;
        redact_word_at(text, names, &first);
        if (first.cues & CUE(MONTH)) return 0; /* "13 July '85" */
        size_t name = names_end(text, names, NAME_WORDS, &words), next = skip(text, name, " ", 1),
               house = words && next > name ? house_end(text, next) : next;
        /* "6750 Koskikatu 25 Apt. 864", "0104 Hafnarstraeti 5\n Suite 179" */
        size_t unit = skip(text, house, " \n,", 3);
        if (house > next && unit > house && unit_end(text, unit) > unit) end = house;
        /* "228 Ringvej 144,": nothing else has a long number, a name and a short one in
         * a line of its own. */
        bool closed = at(text, house) == ',' || at(text, house) == '\n' || house == text.size;
        if (house > next && number - start >= 3 && house - next <= 4 && words <= 3 && closed &&
            name - names > 4 && !is_year(text, start, number))
            end = house;
    }
    if (end == names) end = before_unit(text, names);
    if (end == names) end = behind_cue(text, names, context);
    return end > names ? take(finder, start, tail_end(text, end)) : 0;
}
