/* Postal addresses from their number: "11 Souterhead Road", boxes, and the postal codes that can be
 * nothing else (UK, Canada). What follows is taken along: flat, postal code, city. */
#include "text/redact/address.h"

/* A street written small between a name and a number: "2224 Trenerys gate 232". */
static bool is_small_street(const struct redact_word *word)
{
    static const char *const words[] = {
        "gate", "gata", "vei", "veg", "vej", "utca", "utja", "ulica", "gatan", "tanav", "katu",
        "cesta", "ut", "ter", "trg"};
    return !word->capital && IS_ONE_OF(word, words);
}

/* "345 Larry Bridge", "548 Gibson Reach": only behind somebody's name these are streets. */
static bool is_rare_street(const struct redact_word *name, const struct redact_word *word)
{
    static const char *const words[] = {
        "bridge", "field", "fields", "points", "plain", "plains", "keys", "reach", "drives", "oval",
        "mountain", "station", "estate", "estates", "extension", "vista", "landing", "forge",
        "forges", "springs", "groves", "land", "mission", "path", "spur", "inlet", "haven",
        "trace", "track", "parade", "ferry", "fork", "forks", "glens", "green", "harbor", "harbors",
        "hollow", "islands", "isle", "lakes", "lights", "locks", "lodge", "manors", "mall", "mill",
        "mills", "motorway", "neck", "orchard", "parks", "passage", "pine", "pines", "port",
        "ports", "radial", "ramp", "ranch", "rapids", "rest", "ridges", "river", "route", "run",
        "shoal", "shoals", "shore", "shores", "stravenue", "stream", "streets", "summit",
        "throughway", "trafficway", "tunnel", "union", "unions", "valley", "valleys", "via",
        "viaduct", "view", "views", "village", "villages", "ville", "vistas", "well", "wells",
        "camp", "cape", "cliff", "cliffs", "club", "common", "corner", "corners", "course",
        "courts", "creek", "crest", "dale", "dam", "divide", "falls", "ford", "fort", "garden",
        "gateway", "access", "artery", "marg", "chowk", "ganj", "nagar", "circle"};
    return name->cues & (CUE(GIVEN) | CUE(FAMILY)) && word->size && IS_ONE_OF(word, words);
}

/* The street word among the capitalised words behind the number. */
static size_t street_behind(struct str text, size_t i)
{
    size_t start = i;
    struct redact_word word = {.size = 0}, name;
    for (int k = 0; k < ADDRESS_NAME_WORDS; k++) {
        name = word;
        if (is_digit(at(text, i)) && k) { /* "12 5th Avenue", "69 42 Gordon Terrace" */
            while (is_ascii_alnum(at(text, i))) i++;
        } else {
            redact_word_at(text, i, &word);
            if (k && is_small_street(&word) && address_house_end(text, word.end + 1) > word.end + 1)
                return address_house_end(text, word.end + 1);
            static const char *const sides[] = {"ne", "se", "nw", "sw"};
            bool side = k == 0 && word.upper && IS_ONE_OF(&word, sides); /* "1420 NE 63rd St" */
            if (!word.size || !word.capital || (word.cues & CUE(COMMON) && !side)) return start;
            i = word.end;
            if (k && is_rare_street(&name, &word) && !is_lower(at(text, i + 1))) return i;
            redact_word_at(text, i + 1, &name); /* "4805 Maple Ridge Ct" */
            bool more = at(text, i) == ' ' && name.capital && name.cues & CUE(STREET);
            if (word.cues & CUE(STREET) && k && !more)
                return at(text, i) == '.' && word.size <= 4 && at(text, i + 1) != '\n' &&
                               i + 1 < text.size
                           ? i + 1
                           : i;
        }
        if (at(text, i) == '.') i++;
        if (str_starts(str_slice(text, i, i + 3), STR("'s "))) i += 2; /* "Queen's Gate" */
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
    struct redact_word word;
    for (int k = 0; k < ADDRESS_NAME_WORDS; k++) {
        size_t end = start;
        while (end > 0 && number - end < 3 &&
               (text.data[end - 1] == ' ' || (k == 0 && text.data[end - 1] == ',')))
            end--;
        if (k && start > 0 && text.data[start - 1] == ' ') end = start - 1;
        redact_word_before(text, end, &word);
        if (!word.size || word.end != end || end == start) break;
        if (!word.capital && !(word.cues & CUE(PARTICLE)) && !word_is(&word, "les")) break;
        if (word.capital && word.cues & CUE(COMMON) && !(word.cues & CUE(PARTICLE))) break;
        start = word.start;
        if (word.capital && word.size > 2) capital = start;
        if (start > 0 && text.data[start - 1] != ' ') break;
    }
    while (capital && before(text, capital) == '-' && is_letter(before(text, capital - 1)))
        redact_word_before(text, capital - 1, &word), capital = word.start; /* "Grand-Rue" */
    if (capital > 2 && memcmp(text.data + capital - 3, "c/ ", 3) == 0) capital -= 3;
    return capital;
}

/* "the 2013 Nexus 7": a model of that year. */
static bool is_year(struct str text, size_t start, size_t end)
{
    struct str century = str_slice(text, start, start + 2);
    return end - start == 4 && (str_equal(century, STR("19")) || str_equal(century, STR("20")));
}

/* No street is named so: "Model 3, 5000 Miles", "We live in Zone 5". */
static bool is_no_street(const struct redact_word *word)
{
    static const char *const never[] = {"zone", "room",   "area", "district", "sector", "gate",
                                        "tier", "gmail",  "wave", "phase",    "group",  "team",
                                        "size", "windows"};
    const uint32_t others = CUE(ORDER) | CUE(VERSION) | CUE(ACCOUNT) | CUE(CARD) | CUE(ID) |
                            CUE(PHONE) | CUE(MONTH) | CUE(ZIP) | CUE(SECRET) | CUE(UNIT) |
                            CUE(COMMON);
    if (word->capital && word->cues & CUE(STREET_FIRST)) return false; /* "Grand-Rue 66" */
    return !word->capital || word->size < 4 || word->cues & others || redact_is_ordinary(word) ||
           IS_ONE_OF(word, never);
}

/* "Los Alisos, 10. 13002 Ciudad Real", "Keizersgracht 123, 1015 CJ Amsterdam": a house number, a
 * postal code and a city right behind. Returns the end, or `number`. */
static size_t house_and_code_end(struct str text, size_t number, size_t house)
{
    size_t code = address_skip(text, house, " .,-\n", 3);
    if (at(text, code) == 'E' && at(text, code + 1) == '-') code += 2;
    size_t digits = code;
    while (is_digit(at(text, digits)) && digits - code < 9) digits++;
    bool dutch = digits - code == 4 && at(text, digits) == ' ' && is_upper(at(text, digits + 1)) &&
                 is_upper(at(text, digits + 2)) && at(text, digits + 3) == ' ';
    /* "88-007", "4740-202", "54639-484" */
    char cut = at(text, digits), next = at(text, digits + 1);
    size_t joined = cut == '-' && is_digit(next) ? digits + 1 : digits;
    while (joined > digits && is_digit(at(text, joined)) && joined - digits < 5) joined++;
    bool apart = memchr(text.data + house, ',', code - house) ||
                 memchr(text.data + house, '\n', code - house);
    bool polish = joined == digits + 4 && digits - code <= 5;
    bool other = polish || (apart && (digits - code == 4 || digits - code >= 6) &&
                            !is_year(text, code, digits));
    bool nordic = digits - code == 3 && at(text, digits) == ' ' && is_digit(at(text, digits + 1)) &&
                  is_digit(at(text, digits + 2)) && at(text, digits + 3) == ' ';
    if (code == house || house - number > 7 ||
        !(dutch || nordic || other || digits - code == 5))
        return number;
    if (polish) digits = joined;
    struct redact_word city;
    size_t name = digits + (dutch || nordic ? 4 : 1);
    redact_word_at(text, name, &city);
    struct redact_word street;
    redact_word_before(text, number, &street);
    if (other && (redact_is_ordinary(&city) || is_no_street(&street))) return number;
    return at(text, name - 1) == ' ' && city.capital && city.size > 2
               ? address_tail_end(text, dutch || nordic ? name - 1 : digits)
               : number;
}

/* "Río Júcar, s/n, 28935 Móstoles", at the code: where the street starts, or `code`. */
static size_t unnumbered_start(struct str text, size_t code)
{
    size_t end = code;
    if (end > 1 && memcmp(text.data + end - 2, "E-", 2) == 0) end -= 2;
    while (end > 0 && code - end < 6 && strchr(" ,.-(\n", text.data[end - 1])) end--;
    struct str sign = str_slice(text, end > 3 ? end - 3 : 0, end);
    if (!str_equal_ignoring_case(sign, STR("s/n")) || is_word(before(text, end - 3))) return code;
    size_t start = names_before(text, end - 3);
    return start < end - 3 ? start : code;
}

/* A box: "P.O. Box 242", "Unit 5022 Box 1225", "PSC 4095, Box 8316". */
static size_t box_start(struct str text, size_t number, const struct redact_word *last)
{
    struct redact_word kind, box = *last;
    redact_word_before(text, box.start, &kind);
    bool spanish = (word_is(&box, "apartado") && box.capital) || word_is(&box, "apdo"),
         french = box.upper && (word_is(&box, "bp") || word_is(&box, "cs")) &&
                  (word_is(&box, "bp") || at(text, number + 5) == ',') && /* "CS 40012, 33070" */
                  !(kind.cues & CUE(ORDER));
    if (box.end + 1 != number && !(word_is(&box, "apdo") && box.end + 2 == number)) return number;
    if (spanish || french) return box.start;
    if (word_is(&box, "correos") || word_is(&box, "postal")) { /* "apartado de correos" */
        size_t start = box.start > 12 ? box.start - 12 : 0;
        struct str lead = str_slice(text, start, box.start);
        if (str_ends(lead, STR("partado de "))) return start;
        return str_ends(lead, STR("partado ")) ? box.start - 9 : number;
    }
    if (!word_is(&box, "box")) return number;
    if (word_is(&kind, "po") || word_is(&kind, "unit") || word_is(&kind, "psc")) return kind.start;
    if (word_is(&kind, "o") && kind.start >= 2 && (text.data[kind.start - 2] | 0x20) == 'p')
        return kind.start - 2;
    return number;
}

bool address_is_led_to_house(struct str text, size_t number)
{
    static const char *const leads[] = {
        "at", "to", "is", "in", "on", "es", "en", "est", "au", "aux", "a", "no", "nr", "nro",
        "from", "al", "near", "lives", "live", "living", "vivo", "vive", "habite", "wohne", "address",
        "direccion", "domicilio", "adresse", "anschrift", "indirizzo", "endereco"};
    struct redact_word lead;
    redact_word_before(text, number, &lead);
    if (!lead.size || number - lead.end > 3) return true;
    if (memchr(text.data + lead.end, ':', number - lead.end) ||
        memchr(text.data + lead.end, '\n', number - lead.end))
        return true;
    return IS_ONE_OF(&lead, leads);
}

/* "3 Orange lineas", "4 The North Face jackets": a small word behind that is none of every day. */
static bool goes_on(struct str text, size_t end)
{
    struct redact_word word;
    redact_word_at(text, end + 1, &word);
    return at(text, end) == ' ' && word.size && !word.capital && !(word.cues & CUE(COMMON));
}

/* Behind "lives at", "address is": a number with names, with another number or without.
 * "at 10 AM", "in 3 Business days" are none: a name is no word of every day there. */
static size_t behind_cue(struct str text, size_t number, size_t i,
                         const struct redact_context *context)
{
    static const char *const counted[] = {"star", "noon", "miles", "weeks", "watt", "watts"};
    size_t names = i;
    int words;
    struct redact_word first;
    if (!(context->all & CUE(ADDRESS)) || !address_is_led_to_house(text, number) ||
        is_year(text, number, address_house_end(text, number)))
        return i;
    redact_word_at(text, names, &first);
    if (first.capital && word_is(&first, "the") && at(text, first.end) == ' ') /* "4 The Green" */
        names = first.end + 1, redact_word_at(text, names, &first);
    size_t end = address_names_end(text, names, ADDRESS_NAME_WORDS, &words);
    if (!words || (first.upper && first.size < 4) || IS_ONE_OF(&first, counted)) return i;
    size_t next = address_skip(text, end, " ,.", 2),
           house = next > end ? address_house_end(text, next) : next;
    if (house > next) return house;
    return first.size > 3 && !redact_is_ordinary(&first) && !goes_on(text, end) ? end : i;
}

/* "0605 pentelis 210 apt. 999", in any case: words, a number, then a flat's.
 * `i` if it isn't that. */
static size_t before_unit(struct str text, size_t i)
{
    size_t start = i;
    for (int k = 0; k < ADDRESS_NAME_WORDS; k++) {
        struct redact_word word;
        if (k && is_digit(at(text, i))) {
            size_t house = address_house_end(text, i), unit = address_skip(text, house, " \n,.", 3);
            return house > i && unit > house && address_unit_end(text, unit) > unit ? house : start;
        }
        redact_word_at(text, i, &word);
        if (!word.size) return start;
        i = address_skip(text, word.end, " .", 2);
        if (i == word.end) return start;
    }
    return start;
}

/* Small words between a cue and the address: "lives at", "send it to", "vivo en", "adresse est". */
static bool is_led_to_street(struct str text, size_t street)
{
    static const char *const leads[] = {"at", "in", "en", "to", "is", "es", "au", "a", "on", "est"};
    static const char *const homes[] = {
        "live", "lives", "living", "lived", "vivo", "vive", "vivimos", "address", "direccion",
        "domicilio", "adresse", "habite", "habitons", "wohne", "reside", "resides", "ship", "send",
        "sent", "deliver", "delivered", "envien", "envienlo", "mande", "manden", "envoyez",
        "livrer", "located", "moved", "mude", "mudamos", "enviar", "mandar", "entregar", "llevar"};
    struct redact_word lead, home;
    redact_word_before(text, street, &lead);
    bool line = street > 1 && (text.data[street - 1] == '\n' || text.data[street - 2] == ':');
    if (line) return lead.size && (IS_ONE_OF(&lead, homes) || IS_ONE_OF(&lead, leads));
    if (lead.end + 1 != street || !IS_ONE_OF(&lead, leads)) return false;
    redact_word_before(text, lead.start, &home);
    if (IS_ONE_OF(&home, homes)) return true;
    redact_word_before(text, home.start, &home); /* "send it to" */
    return home.size && IS_ONE_OF(&home, homes);
}

/* "Fabian-Scharinger-Weg 142": where it starts, or `number`. */
static size_t hyphened_start(struct str text, size_t number, const struct redact_word *last)
{
    static const char *const streets[] = {"weg", "ring", "platz", "gasse", "strasse", "str",
                                          "allee", "damm", "ufer", "hof"};
    size_t start = last->start;
    if (last->end + 1 != number || before(text, start) != '-' || !IS_ONE_OF(last, streets))
        return number;
    while (start > 0 && number - start < 64 &&
           (is_letter(text.data[start - 1]) || text.data[start - 1] == '-'))
        start--;
    return is_letter(text.data[start]) ? start : number;
}

/* "Rivadavia 4567, piso 2 depto A": what only a house has. */
static bool has_flat(struct str text, size_t house)
{
    static const char *const kind[] = {"piso", "depto", "dpto", "dto", "apto", "puerta", "oficina"};
    struct redact_word flat;
    size_t i = address_skip(text, house, " ,", 2);
    redact_word_at(text, i, &flat);
    if (i == house || !IS_ONE_OF(&flat, kind)) return false;
    size_t number = address_skip(text, flat.end, ". ", 2);
    return address_house_end(text, number) > number;
}

/* Names and a number behind such a cue: "I live at Danapad 5", "Vivo en Las Margaritas 3237", "live
 * at Petőfi utca 63"; no names of every day ("send it to Room 5"). */
static size_t street_behind_cue(struct str text, size_t number, size_t house,
                                const struct redact_word *before_it)
{
    const struct redact_word last = *before_it;
    bool small = is_small_street(&last);
    if (!small && !last.capital) return number;
    size_t hyphened = hyphened_start(text, number, &last);
    if (hyphened < number) return hyphened;
    if (!small && is_no_street(&last)) return number;
    size_t unit = address_skip(text, house, " ", 1);
    bool closed = house == text.size || strchr(",.\n!?)", text.data[house]) ||
                  address_unit_end(text, unit) > unit || is_digit(at(text, unit));
    if (house - number > 7 || (!small && !closed)) return number;
    size_t street = names_before(text, small ? last.start : number);
    if (street >= last.start + (size_t)!small || (small && street == last.start)) return number;
    return small || has_flat(text, house) || is_led_to_street(text, street) ? street : number;
}

/* Behind a long number: a name, a second number and a flat, "6750 Koskikatu 25 Apt. 864", or a line
 * that ends there. The end, or `names`. */
static size_t two_numbers_end(struct str text, size_t start, size_t number, size_t names)
{
    int words;
    size_t name = address_names_end(text, names, ADDRESS_NAME_WORDS, &words),
           next = address_skip(text, name, " ", 1),
           house = words && next > name ? address_house_end(text, next) : next;
    /* "0104 Hafnarstraeti 5\n Suite 179" */
    size_t unit = address_skip(text, house, " \n,", 3);
    if (house > next && unit > house && address_unit_end(text, unit) > unit) return house;
    /* "228 Ringvej 144,": nothing else has a long number, a name and a short one in
     * a line of its own. */
    bool closed = at(text, house) == ',' || at(text, house) == '\n' || house == text.size;
    bool whole = house > next && number - start >= 3 && house - next <= 4 && words <= 3 && closed &&
                 name - names > 4 && !is_year(text, start, number);
    return whole ? house : names;
}

/* "Ennis V95 E2HX", "eircode A65 F4E2", but not "Part A65 F4E2". */
static bool is_irish(struct str text, size_t code, const struct redact_context *context)
{
    struct redact_word town;
    redact_word_before(text, code, &town);
    bool place = town.capital && town.size >= 4 && !redact_is_ordinary(&town) &&
                 !(town.cues & (CUE(ORDER) | CUE(VERSION) | CUE(COMMON)));
    return context->all & (CUE(ZIP) | CUE(ADDRESS)) || before(text, code) == '\n' ||
           (code > 1 && text.data[code - 2] == ',') || (town.end + 1 == code && place);
}

size_t redact_address_number(struct redact_finder *finder, size_t start,
                             const struct redact_context *context)
{
    struct str text = finder->text;
    struct redact_word last;
    size_t number = address_house_end(text, start);
    if (number > start) {
        redact_word_before(text, start, &last);
        size_t box = box_start(text, start, &last);
        if (box < start) return address_take(finder, box, address_tail_end(text, number));
    }
    /* of the codes only the British and the Canadian ones are enough by themselves */
    size_t code = is_upper(at(text, start)) ? address_code_end(text, start) : start;
    bool irish = code - start == 8 && text.data[start + 3] == ' ';
    if (code > start && (!irish || is_irish(text, start, context)))
        return address_take(finder, address_start_before_code(text, start), code);
    if (number == start && start && context->nearest & CUE(ZIP)) { /* "my postcode is le3 1qj" */
        size_t small = address_small_code_end(text, start - 1);
        if (small >= start) return address_take(finder, start, small);
    }
    if (number == start || at(text, start) == '#') return 0;
    size_t grid = at(text, number + 1) == '#' ? address_grid_end(text, start) : start;
    if (grid > start) return address_take(finder, start, address_tail_end(text, grid));
    size_t unnumbered = number - start == 5 ? unnumbered_start(text, start) : start;
    if (unnumbered < start)
        return address_take(finder, unnumbered, address_tail_end(text, number));
    size_t parts = number - start == 5   ? address_start_before_zip(text, start)
                   : number - start == 6 ? address_start_before_pin(text, start)
                                         : start;
    if (parts < start) return address_take(finder, parts, address_tail_end(text, number));
    size_t coded = house_and_code_end(text, start, number),
           street = coded > start ? names_before(text, start) : start;
    if (street < start) return address_take(finder, street, coded);
    street = street_behind_cue(text, start, number, &last);
    if (street < start) return address_take(finder, street, address_tail_end(text, number));
    size_t names = address_skip(text, number, " ,\n", 2);
    if (names == number) return 0;
    /* "6750 17 Via Roma": a number of the building before */
    size_t second = address_house_end(text, names);
    if (second > names) names = address_skip(text, second, " ", 1);
    size_t end = street_behind(text, names);
    if (end == names) {
        struct redact_word first;
        redact_word_at(text, names, &first);
        if (first.cues & CUE(MONTH)) return 0; /* "13 July '85" */
        end = two_numbers_end(text, start, number, names);
    }
    if (end == names) end = before_unit(text, names);
    if (end == names && is_lower(at(text, names)))
        end = address_small_street_end(text, start, names, context);
    if (end == names) end = behind_cue(text, start, names, context);
    return end > names ? address_take(finder, start, address_tail_end(text, end)) : 0;
}
