/* The parts of an address, one reader each; see address.h. */
#include "text/redact/address.h"

/* What makes "3" an ordinal: "º", ".º", "ª", "°"; `i` if there is none. */
size_t address_ordinal_end(struct str text, size_t i)
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
    size_t letter = address_skip(text, i, " ", 1);
    bool small = /* "2º b," */
        is_lower(at(text, letter)) && is_one_of(at(text, letter + 1), ",.\n");
    bool is = (is_upper(at(text, letter)) && !is_word(at(text, letter + 1))) || small;
    return letter > i && is ? letter + 1 : i;
}

/* "23", "23B", "23-25", "3º", "3.º B", "2ª", "nº 2", "1D": end of it, or `i`. */
size_t address_house_end(struct str text, size_t i)
{
    size_t start = i;
    static const char *const signs[] = {
        "n\xC2\xBA", "n\xC2\xB0", "N\xC2\xBA", "N\xC2\xB0", "n.", "no.", "No.", "Nro.", "nro.",
        "num.", "#", "n\xC3\xBAm.", "Km. ", "Km ", "km. ", "km ", "numero ",
        "n\xC3\xBAmero ", "num\xC3\xA9ro "};
    bool sign = !is_digit(at(text, i));
    if (sign && (!is_one_of(at(text, i), "nN#kKsS"))) return start;
    for (size_t k = 0; sign && k < sizeof signs / sizeof *signs; k++)
        if (str_starts(str_slice(text, i, text.size), str_of(signs[k]))) {
            i = address_skip(text, i + strlen(signs[k]), " ", 1);
            break;
        }
    struct str rest = str_slice(text, i, i + 3);
    if (sign && str_equal_ignoring_case(rest, STR("s/n")) && !is_word(at(text, i + 3)))
        return i + 3; /* without number */
    if (sign && str_equal_ignoring_case(str_slice(text, i, i + 2), STR("sn")) && i > 1 &&
        text.data[i - 2] == ',' && !is_word(at(text, i + 2)))
        return i + 2; /* "Avda. Marítima del Sur, sn" */
    size_t digits = i;
    if (sign && is_lower(at(text, i))) { /* "número doce" */
        size_t said = redact_said_house_end(text, i);
        return said > i ? said : start;
    }
    while (is_digit(at(text, i)) && i - digits < ADDRESS_NUMBER_MOST) i++;
    if (i == digits || is_digit(at(text, i))) return start;
    size_t ordinal = address_ordinal_end(text, i);
    if (ordinal > i) i = door_end(text, ordinal);
    /* "the 70s" */
    if (i - digits == 2 && text.data[i - 1] == '0' && at(text, i) == 's') return start;
    if (is_ascii_alnum(at(text, i)) && !is_word(at(text, i + 1))) i++; /* a letter */
    if (is_word(at(text, i))) return start;
    size_t next = i + 1; /* "23-25", "6/3" */
    if (at(text, i) != '-' && at(text, i) != '/') return i;
    while (is_digit(at(text, next)) && next - i <= ADDRESS_NUMBER_MOST) next++;
    return next > i + 1 && !is_word(at(text, next)) ? next : i;
}

/* Ireland's, "D22 YX08": of the letters that it has; some digits and some letters behind the
 * blank. */
static size_t eircode_end(struct str text, size_t i)
{
    static const char letters[] = "ACDEFHKNPRTVWXY";
    size_t digits = 0;
    bool dublin = at(text, i + 2) == 'W';
    if (!is_upper(at(text, i)) || !strchr(letters, text.data[i]) || !is_digit(at(text, i + 1)) ||
        (!is_digit(at(text, i + 2)) && !dublin) || at(text, i + 3) != ' ' ||
        is_word(at(text, i + 8)))
        return i;
    for (size_t k = i + 4; k < i + 8; k++) {
        char c = at(text, k);
        if (!is_digit(c) && (!is_upper(c) || !strchr(letters, c))) return i;
        digits += is_digit(c);
    }
    return digits > 0 && digits < 4 ? i + 8 : i;
}

/* "SW1A 1AA", "K1A 0B1", "28035", "4850-123", "94103-1234": end, or `i`. */
size_t address_code_end(struct str text, size_t i)
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
    return eircode_end(text, i);
}

/* "Four à Chaux", "Villeneuve sur Lot", "Saint-Rémy lès Chevreuse". */
bool address_joins_names(const struct redact_word *word)
{
    static const char *const joins[] = {"a", "au", "aux", "sur", "sous", "en", "les", "lez"};
    return !word->capital && IS_ONE_OF(word, joins);
}

/* Capitalised words and the particles between them; 0 words: `i`. */
size_t address_names_end(struct str text, size_t i, int most, int *ret_words)
{
    size_t end = i;
    *ret_words = 0;
    for (int k = 0; k < most + 3 && *ret_words < most; k++) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        bool particle = word.cues & CUE(PARTICLE) ||
                        (word.size == 1 && (word.folded[0] == 'd' || word.folded[0] == 'l')) ||
                        word_is(&word, "les") || (*ret_words && address_joins_names(&word));
        if (word.size == 1 && at(text, word.end) == '\xC2') break; /* "N° 5" */
        bool joined = at(text, word.end) == '-' || before(text, word.start) == '-';
        if (!word.size || (!word.capital && !particle) ||
            (word.capital && word.cues & CUE(COMMON) && !particle &&
             !joined && /* "Château-Renault" */
             !(*ret_words && word_is(&word, "este"))))
            break;
        if (word.capital) end = word.end, ++*ret_words;
        i = word.end;
        if (at(text, i) == '.' && at(text, i + 1) == ' ' &&
            (word.size <= 4 || word_is(&word, "fracc")))
            i++; /* "Dr. Joaquín" */
        if (at(text, i) == '\'' && at(text, i + 1) == 's' && at(text, i + 2) == ' ') i += 3;
        else if (at(text, i) == ' ' || at(text, i) == '-' || at(text, i) == '\'') i++;
        else if (str_starts(str_slice(text, i, i + 3), STR("\xE2\x80\x99"))) i += 3;
        else break;
    }
    return end;
}

/* "3rd floor", "2do piso", "1er étage"; `i` if it is none. */
static size_t floor_end(struct str text, size_t i)
{
    static const char *const endings[] = {"st", "nd", "rd", "th", "er", "ro",  "do",
                                          "to", "e",  "eme", "re", "r", "a", "mo"};
    struct redact_word word;
    size_t end = i;
    while (is_digit(at(text, end)) && end - i < 2) end++;
    redact_word_at(text, end, &word);
    if (end == i || !word.size || at(text, word.end) != ' ' || !IS_ONE_OF(&word, endings)) return i;
    redact_word_at(text, word.end + 1, &word);
    return word.cues & CUE(UNIT) ? word.end : i;
}

/* "Apt. 864", "Suite 5", "3º izquierda", "piso 2 B", "bajo", "3rd floor". */
size_t address_unit_end(struct str text, size_t i)
{
    struct redact_word word;
    if (is_digit(at(text, i))) return floor_end(text, i);
    redact_word_at(text, i, &word);
    static const char *const numbered[] = {
        "depto", "dpto", "dto", "edif", "edificio", "interior", "int", "oficina", "of", "local",
        "etapa", "apartamento", "manzana", "mz", "lote", "torre", "piano", "scala", "interno",
        "studio", "level", "app", "apto", "nave", "parcela", "casa", "chalet", "boite",
        "buzon",  "bureau", "pta", "entl", "room"};
    static const char *const doubles[] = {"dupl", "duplicado", "bis"};
    if (IS_ONE_OF(&word, doubles)) return word.end; /* "Gran Vía 22 dupl." */
    bool unit = word.cues & CUE(UNIT),
         only_numbered = !unit && word.size && IS_ONE_OF(&word, numbered);
    if (!unit && !only_numbered) return i;
    size_t next = address_skip(text, word.end, ". ", 2), end = address_house_end(text, next);
    if (end > next) return end;
    if (only_numbered) return i;
    if (next > word.end && is_upper(at(text, next)) && !is_word(at(text, next + 1)))
        return next + 1;
    return word.end;
}

/* "…, guadalajara": a city behind a street that is written small as well; `i` if there is none. */
size_t address_small_city_end(struct str text, size_t i)
{
    struct redact_word city, more;
    if (at(text, i) != ',' || at(text, i + 1) != ' ') return i;
    redact_word_at(text, i + 2, &city);
    const uint32_t names = CUE(GIVEN) | CUE(FAMILY) | CUE(ALSO) | CUE(BRAND) | CUE(PUBLIC);
    if (city.size < 4 || city.capital || city.cues & ~names || redact_is_ordinary(&city))
        return i;
    more = (struct redact_word){.size = 0};
    while (at(text, city.end) == '-' && is_letter(at(text, city.end + 1u))) /* "saint-avé" */
        city.end = (uint32_t)redact_run_end(text, city.end + 1u, RUN_LETTERS);
    if (at(text, city.end) == ' ') redact_word_at(text, city.end + 1, &more);
    bool two = more.size > 3 && !more.cues && !more.capital && !redact_is_ordinary(&more) &&
               (more.end == text.size || strchr(",.\n", text.data[more.end]));
    return two ? more.end : city.end; /* "milton keynes" */
}

/* "Flat 9, ", "Suite 529 ", "Level 9\n" before the street: where it starts, or `start`. */
static size_t unit_before(struct str text, size_t start)
{
    static const char *const others[] = {"studio", "level", "building", "block", "lot", "bldg",
                                         "shop"};
    struct redact_word unit;
    size_t end = start, digits;
    redact_word_before(text, start, &unit); /* the flat's number is what was found */
    if (unit.size && unit.end + 1 == start && is_digit(text.data[start]) &&
        (unit.cues & CUE(UNIT) || IS_ONE_OF(&unit, others)))
        return unit.start;
    while (end > 0 && start - end < 2 && strchr(" ,\n", text.data[end - 1])) end--;
    for (digits = end; digits > 0 && end - digits < 5 && is_ascii_alnum(text.data[digits - 1]);)
        digits--;
    if (digits == end || end == start || !is_digit(text.data[digits]) ||
        before(text, digits) != ' ')
        return start;
    digits -= digits > 1 && text.data[digits - 2] == '.'; /* "Bât. 4" */
    redact_word_before(text, digits, &unit);
    bool named = unit.size && (unit.cues & CUE(UNIT) || IS_ONE_OF(&unit, others));
    return named && unit.end + 1 == digits ? unit.start : start;
}

/* "2e étage gauche, ", "3rd floor, " before the street: where it starts, or `start`. */
static size_t floor_before(struct str text, size_t start)
{
    enum { BYTES = 32 };
    size_t i = start - 2, end;
    if (start < 6 || text.data[start - 1] != ' ' || text.data[start - 2] != ',') return start;
    while (i && start - i < BYTES && !strchr(",.;\n", text.data[i - 1])) {
        i--;
        if (!is_digit(text.data[i]) || is_word(before(text, i))) continue;
        end = floor_end(text, i);
        struct redact_word side;
        redact_word_at(text, end + 1, &side);
        if (end > i && at(text, end) == ' ' && side.size) end = side.end; /* "gauche" */
        return end == start - 2 ? i : start;
    }
    return start;
}

/* "Apartment 3B, The Foundry, " before the street: a name between it and the flat. */
static size_t named_unit_before(struct str text, size_t start)
{
    size_t i = start, unit;
    if (start < 6 || text.data[start - 1] != ' ' || text.data[start - 2] != ',') return start;
    i -= 2;
    for (int k = 0; k < 3 && i; k++) {
        struct redact_word word;
        redact_word_before(text, i, &word);
        if (word.end != i || !word.capital) return start;
        i = word.start;
        if (i > 1 && text.data[i - 2] == ',') break;
        if (before(text, i) != ' ') return start;
        i--;
    }
    unit = unit_before(text, i);
    return unit < i ? unit : start;
}

size_t address_take(struct redact_finder *finder, size_t start, size_t end)
{
    enum { PARTS_BEFORE = 4 };
    for (int part = 0; part < PARTS_BEFORE; part++) {
        size_t first = unit_before(finder->text, start);
        if (first == start) first = floor_before(finder->text, start);
        if (first == start) first = address_building_before(finder->text, start);
        if (first == start) first = named_unit_before(finder->text, start);
        if (first == start) break;
        start = first;
    }
    if (at(finder->text, end) == ')' && memchr(finder->text.data + start, '(', end - start)) end++;
    redact_add(finder, start, end, REDACT_ADDRESS);
    return end;
}
