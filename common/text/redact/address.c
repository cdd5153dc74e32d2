/* Postal addresses that a word gives away: a street word before or behind ("Calle Mayor 3, 2º B",
 * "12 bis rue de la Paix", "Hauptstraße 12"), what stands behind "Address:" and "lives at", and
 * corners. What follows is taken along: flat, postal code, city. */
#include "text/redact/address.h"

enum { LINE_BYTES = 160 };

/* --- a street word that comes first: "Calle Mayor 3", "rue de la Paix, 12" -------------------- */

/* "numéro 12 de la rue", "au 7 de l'avenue": where the number starts, or `i`. */
static size_t number_of_street(struct str text, size_t i)
{
    static const char *const joins[] = {" de la ", " de l'", " du ", " de l\xE2\x80\x99"};
    static const char *const leads[] = {"numero", "au", "no", "n"};
    struct redact_word lead;
    for (size_t k = 0; k < sizeof joins / sizeof *joins; k++) {
        if (!str_ends(str_slice(text, 0, i), str_of(joins[k]))) continue;
        size_t end = i - strlen(joins[k]), start = end;
        while (start > 0 && end - start < ADDRESS_NUMBER_MOST && is_digit(text.data[start - 1]))
            start--;
        redact_word_before(text, start, &lead);
        return start < end && start - lead.end < 4 && IS_ONE_OF(&lead, leads) ? start : i;
    }
    return i;
}

/* Where the number before it starts: "12 bis, rue", "12, rue"; `i` if there is none. */
static size_t number_before(struct str text, size_t i)
{
    size_t start = number_of_street(text, i);
    if (start < i) return start;
    while (start > 0 && (text.data[start - 1] == ' ' || text.data[start - 1] == ',')) start--;
    struct redact_word word;
    redact_word_before(text, start, &word);
    bool twice = word.end == start && (word_is(&word, "bis") || word_is(&word, "ter"));
    if (twice)
        start = word.start && text.data[word.start - 1] == ' ' ? word.start - 1 : word.start;
    size_t end = start;
    while (start > 0 && end - start < ADDRESS_NUMBER_MOST && is_digit(text.data[start - 1]))
        start--;
    if (start < end && start < i && !is_word(before(text, start))) return start;
    size_t from = twice ? word.start : i, said = redact_said_house_start(text, from);
    return said < from ? said : i; /* "quarante-deux rue", "douze bis rue" */
}

/* "N-340", "A7", "CV-35": the name of a Spanish road; `i` if it is none. */
static size_t road_end(struct str text, size_t i)
{
    size_t end = i, digits;
    while (is_upper(at(text, end)) && end - i < 3) end++;
    if (end == i) return i;
    for (digits = end += at(text, end) == '-'; is_digit(at(text, end)) && end - digits < 4;) end++;
    return end > digits && !is_word(at(text, end)) ? end : i;
}

/* "Gran Vía 22": where it starts, or `via`. */
static size_t gran_start(struct str text, const struct redact_word *via)
{
    struct redact_word gran;
    if (!via->capital || !word_is(via, "via")) return via->start;
    redact_word_before(text, via->start, &gran);
    bool is = gran.capital && gran.end + 1 == via->start && word_is(&gran, "gran");
    return is ? gran.start : via->start;
}

/* "via PayPal 20 euros": these are also ordinary words, and want a number before or a capital. */
static bool is_weak(const struct redact_word *word)
{
    static const char *const words[] = {
        "via", "place", "route", "largo", "colonia", "privada", "residence", "square", "cours",
        "camino", "corso", "rambla", "periferico", "retorno", "cerrada", "circuito",
        "continuacion", "viaducto", "diagonal", "prolongacion", "andador", "transversal", "carrera",
        "cuesta", "alameda", "pasadizo", "circunvalacion", "vereda", "borgo", "strada", "vicolo",
        "contrada", "rotonda", "canale", "estrada", "rodovia", "praca", "ladeira", "jardim",
        "quadra", "gang", "montee", "rang", "sentier", "passage", "cra", "kra", "diag",
        "blv", "cll", "kr", "sente", "ruelle", "rte", "bd", "bld", "boul", "imp", "av", "avd",
        "praza"};
    return IS_ONE_OF(word, words);
}

static bool is_sure(const struct redact_word *word)
{
    static const char *const words[] = {
        "rue", "calle", "avenida", "boulevard", "impasse", "avda", "allee", "rte", "bd", "bld",
        "boul", "imp", "av", "avd"};
    return IS_ONE_OF(word, words);
}

/* "12 rue victor hugo", "calle mayor 3": names written small, up to a number or, with one
 * before, two words. */
static size_t small_names_end(struct str text, size_t i, bool numbered, int *ret_words)
{
    size_t start = i, end = i;
    int words = 0, all = 0;
    for (; all < ADDRESS_NAME_WORDS; all++) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        if (!word.size || (all && address_house_end(text, i) > i)) break; /* "número doce" */
        words += !(word.cues & CUE(PARTICLE)) && !(all && address_joins_names(&word));
        i = end = word.end;
        if (numbered && words == 2) break;
        if (at(text, i) != ' ' && at(text, i) != '\'') break;
        i++;
    }
    size_t next = address_skip(text, end, " ,", 2);
    *ret_words = numbered || (next > end && address_house_end(text, next) > next) ? words : 0;
    return *ret_words ? end : start;
}

/* "calle 12 de octubre 455", "Av. 9 de Julio": a day of the year; `i` if it is none. */
static size_t day_end(struct str text, size_t i)
{
    struct redact_word word;
    size_t end = i;
    while (is_digit(at(text, end)) && end - i < 2) end++;
    if (end == i || !str_starts(str_slice(text, end, text.size), STR(" de "))) return i;
    redact_word_at(text, end + 4, &word);
    return word.cues & CUE(MONTH) ? word.end : i;
}

/* "10 Sur", "5 poniente": streets that are numbered; `i` if it is none. */
static size_t numbered_street_end(struct str text, size_t i)
{
    static const char *const sides[] = {"sur", "norte", "oriente", "poniente", "este", "oeste"};
    struct redact_word side;
    size_t end = i;
    while (is_digit(at(text, end)) && end - i < 3) end++;
    if (end == i || at(text, end) != ' ') return i;
    redact_word_at(text, end + 1, &side);
    return IS_ONE_OF(&side, sides) ? side.end : i;
}

/* The name of a street, a road or a day: "Mayor", "N-340", "9 de Julio". */
static size_t street_name_end(struct str text, size_t i, int *ret_words)
{
    size_t end = day_end(text, i);
    if (end == i) end = road_end(text, i);
    if (end == i) end = numbered_street_end(text, i);
    if (end > i) return *ret_words = 1, end;
    return address_names_end(text, i, ADDRESS_NAME_WORDS, ret_words);
}

/* "int 802", "depto 4" right behind the house. */
static bool has_unit(struct str text, size_t house)
{
    size_t unit = address_skip(text, house, " ,", 2);
    return unit > house && is_lower(at(text, unit)) && address_unit_end(text, unit) > unit;
}

static size_t street_first(struct redact_finder *finder, const struct redact_word *word)
{
    struct str text = finder->text;
    int words;
    size_t i = address_skip(text, word->end, ". /", 2);
    if (i == word->end || before(text, word->start) == '/') return 0;
    size_t grid = is_digit(at(text, i)) || at(text, i) == 'c' ? address_grid_end(text, i) : i;
    if (grid > i) return address_take(finder, word->start, address_tail_end(text, grid));
    size_t start = number_before(text, word->start), gran = gran_start(text, word),
           name = street_name_end(text, i, &words);
    if (!words && gran < word->start && address_house_end(text, i) > i) words = 1, name = word->end;
    static const char *const behind_number[] = {"avenue", "chemin", "quai", "sente", "ruelle"};
    static const char *const closes[] = {"privada", "cerrada", "andador", "retorno", "callejon"};
    bool small = !words && (is_sure(word) || IS_ONE_OF(word, closes) ||
                            (finder->french && start < word->start &&
                             IS_ONE_OF(word, behind_number)));
    if (small) name = small_names_end(text, i, start < word->start, &words);
    size_t next = address_skip(text, name, " ,.", 3),
           house = next > name ? address_house_end(text, next) : next;
    /* "av insurgentes 1457", "privada jazmines número doce" */
    bool signs = is_one_of(at(text, next), "nN#"), flat = house > next && has_unit(text, house);
    bool avenue = small && (flat || (word->folded[0] == 'a' && finder->spanish) ||
                            (signs && IS_ONE_OF(word, closes)));
    /* "SQUARE GLITTER BALL 171214" */
    if (is_weak(word) && word->upper && start == word->start) return 0;
    if (is_weak(word) && !word->capital && !avenue && (start == word->start || !finder->french))
        return 0;
    bool numbered = house > next || start < word->start;
    struct redact_context context = redact_context_before(text, start);
    if (!numbered && !(context.all & CUE(ADDRESS) && context.all & ~CUE(ADDRESS) & CUE(OWNER)))
        return 0;
    if (!words) return 0;
    size_t street = house > next ? house : name, end = address_tail_end(text, street);
    if (small && end == street) end = address_small_city_end(text, end);
    if (small) end = address_small_colony_end(text, end);
    return address_take(finder, gran < start ? gran : start, end);
}

/* "C/ Mayor 3", "Av. Litoral, 30": short forms want the number behind. */
static size_t street_short(struct redact_finder *finder, const struct redact_word *word)
{
    static const char *const forms[] = {
        "c", "av", "avd", "pza", "pl", "pso", "ctra", "avda", "cl", "crta", "urb", "r",
        "cr", "cra", "tr", "diag", "blv", "jl", "gg", "carr", "blvd", "priv", "prol", "calz",
        "cda", "fracc", "bv", "jr", "psje", "trav"};
    struct str text = finder->text;
    char mark = at(text, word->end);
    if (!word->capital || !IS_ONE_OF(word, forms)) return 0;
    bool av = mark == ' ' && IS_ONE_OF(word, ((const char *const[]){"av", "avd", "avda"}));
    if (word->folded[0] == 'j' && !finder->spanish) return 0; /* "Davis Jr. Band 20" */
    if (before(text, word->start) == '.') return 0; /* "P.R.C. 2016" */
    struct str lead = str_slice(text, 0, word->start - (before(text, word->start) == ' '));
    if (mark == '.' && (str_ends(lead, STR("\xC2\xB0")) || str_ends(lead, STR("\xC2\xBA"))))
        return 0; /* "14 °C. Version 2" */
    if (str_starts(str_slice(text, word->end, text.size), STR(".C.")))
        return 0; /* "C.C. 52.884.107" */
    if (mark != '/' && mark != '.' && !av) return 0;
    int words;
    size_t i = address_skip(text, word->end, "./ ", 3), grid = address_grid_end(text, i);
    if (grid > i) return address_take(finder, word->start, address_tail_end(text, grid));
    size_t name = street_name_end(text, i, &words);
    struct redact_word first; /* "C/ Domingo Miral", "Av. Tres Cruces", "Av. V. Carranza" */
    redact_word_at(text, name, &first);
    if (first.capital && first.size && (name == i || first.cues & CUE(COMMON))) {
        size_t more = address_skip(text, first.end, ". ", 2), end;
        end = address_names_end(text, more, ADDRESS_NAME_WORDS, &words);
        name = words ? end : name;
    }
    size_t next = address_skip(text, name, " ,.", 3);
    size_t house = next > name ? address_house_end(text, next) : next;
    bool version = at(text, house) == '.' && is_digit(at(text, house + 1)); /* "2.0.18" */
    return words && house > next && !version
               ? address_take(finder, word->start, address_tail_end(text, house))
               : 0;
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
    size_t start = address_skip(text, word->end, " ", 2), end;
    if (at(text, start) != ':') return 0;
    start = address_skip(text, start + 1, " \n", 8);
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
    return digit ? address_take(finder, start, address_tail_end(text, end)) : 0;
}

/* --- a street word at the end of another: "Hauptstraße 12", "Keizersgracht 123" --------------- */

static bool is_street_formed(const struct redact_word *word)
{
    static const struct ending {
        uint8_t size;
        char text[10];
    } endings[] = {{7, "strasse"}, {3, "str"},    {6, "straat"}, {3, "weg"},   {5, "gasse"},
                   {4, "laan"},    {4, "gade"},   {5, "gatan"},  {4, "gata"},  {3, "vej"},
                   {5, "veien"},   {5, "vegen"},  {4, "veen"},   {5, "platz"}, {5, "plein"},
                   {6, "gracht"},  {5, "allee"},  {4, "damm"},   {4, "katu"},  {5, "tanav"},
                   {6, "straeti"}, {5, "braut"},  {5, "vegur"},  {4, "utca"},  {6, "stigen"},
                   {7, "straede"}, {7, "stranda"},
                   {5, "steeg"},   {5, "dreef"},  {6, "singel"}, {9, "boulevard"}, {5, "vagen"},
                   {4, "dijk"},    {4, "kade"},   {7, "laantje"}};
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
    size_t house = address_house_end(text, next + 1);
    if (house == next + 1 || house - next > 7 || !is_street_formed(word) || IS_ONE_OF(word, never))
        return 0;
    return address_take(finder, word->start, address_tail_end(text, house));
}

/* --- "the corner of Pine Street and 5th Avenue" ----------------------------------------------- */

/* One street of a corner: capitalised words and numbers. */
static size_t corner_part_end(struct str text, size_t i)
{
    size_t end = i;
    for (int k = 0; k < ADDRESS_NAME_WORDS; k++) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        size_t behind = is_digit(at(text, i)) ? address_house_end(text, i)
                        : word.capital        ? word.end
                                              : i;
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
    return address_take(finder, start, address_tail_end(text, last));
}

size_t redact_address_word(struct redact_finder *finder, const struct redact_word *word)
{
    size_t end = 0;
    if (!word->capital && word_is(word, "corner"))
        return corner(finder, word);
    if (word->capital) end = redact_address_formed(finder, word);
    if (end) return end;
    if (word->cues & (CUE(LABEL) | CUE(STREET_FIRST))) {
        if (word->cues & CUE(LABEL)) end = behind_label(finder, word);
        if (!end && word->cues & CUE(LABEL))
            end = word->capital ? 0 : address_small_behind_home(finder, word);
        if (!end && word->cues & CUE(LABEL)) end = address_place(finder, word);
        if (!end && word->cues & CUE(STREET_FIRST)) end = street_first(finder, word);
    }
    if (!end && word->capital & finder->english && word->cues & CUE(STREET))
        end = address_said_street(finder, word);
    if (!end && word->capital & finder->english && word->cues & CUE(STREET))
        end = address_named_house(finder, word);
    return end ? end : street_short(finder, word);
}
