/* What belongs to an address behind its street: flat, city, state, postal code; a town that a small
 * word joins ("… à Niort"). */
#include "text/redact/address.h"

enum { TAIL_PARTS = 7 };

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
    size_t end = two ? address_code_end(text, i + 3) : i;
    return two && end > i + 3 ? end : i;
}

/* "rue Sainte-Catherine Est", "Queens Quay W": behind the street's name; `i` if it is none. */
static size_t direction_end(struct str text, size_t i)
{
    static const char *const names[] = {"n",    "s",     "e",     "w",   "o",     "ne",   "nw",
                                        "se",   "sw",    "no",    "so",  "est",   "ouest", "nord",
                                        "sud",  "north", "south", "east", "west", "norte", "sur",
                                        "este", "oeste"};
    struct redact_word word;
    redact_word_at(text, i, &word);
    bool ends = word.end == text.size || strchr(",.\n #;", text.data[word.end]);
    return word.capital && ends && IS_ONE_OF(&word, names) ? word.end : i;
}

/* "C.P. 45050", "CP 28013": behind the word for the code; `i` if there is none. */
static size_t code_label_end(struct str text, size_t i)
{
    static const char *const labels[] = {"C.P. ", "CP ", "C.P ", "cp ", "c.p. ", "CP: ", "C.P.: "};
    for (size_t k = 0; k < sizeof labels / sizeof *labels; k++)
        if (str_starts(str_slice(text, i, text.size), str_of(labels[k]))) {
            size_t code = i + strlen(labels[k]);
            return address_code_end(text, code) > code ? code : i;
        }
    return i;
}

/* "City: Macon", "Tel. 5604": the next line says something else. */
static bool is_label(struct str text, size_t end)
{
    if (at(text, end) == '.') end++;
    size_t mark = address_skip(text, end, " ", 1);
    return at(text, mark) == ':' || (at(text, end - 1) == '.' && mark > end &&
                                     (is_digit(at(text, mark)) || is_one_of(at(text, mark), "(+")));
}

/* "28015 Madrid" */
static bool is_coded_town(struct str text, size_t i)
{
    struct redact_word town;
    for (size_t k = 0; k < 5; k++)
        if (!is_digit(at(text, i + k))) return false;
    redact_word_at(text, i + 6, &town);
    return at(text, i + 5) == ' ' && town.capital && town.size > 2 && !redact_is_ordinary(&town);
}

/* "5° C" right behind the house: a digit or two and what makes an ordinal of them. */
static bool is_floor(struct str text, size_t i)
{
    size_t end = i;
    while (is_digit(at(text, end)) && end - i < 2) end++;
    return end > i && address_ordinal_end(text, end) > end;
}

/* "C1193", "C1193AAB": a postal code of Argentina, its province first; `i` if it is none. */
static size_t argentine_end(struct str text, size_t i)
{
    size_t end = i + 1, digits = 0, letters = 0;
    if (!is_upper(at(text, i))) return i;
    while (is_digit(at(text, end))) end++, digits++;
    while (is_upper(at(text, end))) end++, letters++;
    return digits == 4 && (letters == 0 || letters == 3) && !is_word(at(text, end)) ? end : i;
}

/* "01382 555 019": a phone, with more digits than any house and code have. */
static bool is_long_number(struct str text, size_t i)
{
    size_t digits = 0, start = i;
    for (; i - start < 16 && (is_digit(at(text, i)) || (i > start && at(text, i) == ' ')); i++)
        digits += is_digit(text.data[i]);
    return digits > 8 && text.data[start] == '0';
}

/* "(A Coruña)": capitals and letters up to the bracket. */
static size_t bracketed_end(struct str text, size_t i)
{
    enum { PLACE_BYTES = 32 };
    size_t end = i;
    if (!is_upper(at(text, i))) return i;
    while (end - i < PLACE_BYTES && (is_word(at(text, end)) || at(text, end) == ' ') &&
           !is_digit(at(text, end)))
        end++;
    return at(text, end) == ')' ? end + 1 : i;
}

/* " à Niort", " in Leeds", " en Cádiz": a town that a small word joins, up to a full stop
 * ("in Ely. Parcel never came"); `i` if there is none. */
static size_t joined_town_end(struct str text, size_t i)
{
    static const char *const joins[] = {"a", "in", "en"};
    const uint32_t others = CUE(MONTH) | CUE(COMMON) | CUE(UNIT) |
                            CUE(STREET_FIRST); /* "en Route to" */
    struct redact_word join, town;
    int words;
    size_t from = i + (at(text, i) == ',');
    if (at(text, from) != ' ') return i;
    redact_word_at(text, from + 1, &join);
    if (join.capital || !IS_ONE_OF(&join, joins) || at(text, join.end) != ' ') return i;
    if (text.data[join.start] == 'a') return i; /* "a Tesco van" */
    redact_word_at(text, join.end + 1, &town);
    if (!town.capital || town.size < 3 || town.cues & others || redact_is_ordinary(&town))
        return i;
    size_t end = address_names_end(text, join.end + 1, 3, &words);
    bool block = at(text, end) == ' ' && is_digit(at(text, end + 1)); /* "in Block 3" */
    if (block && address_code_end(text, end + 1) == end + 1) return i;
    bool more = at(text, end) == ' ' && is_lower(at(text, end + 1));
    if (town.cues & CUE(BRAND) && more) return i; /* "in Tesco flats" */
    const char *stop = memchr(text.data + join.end, '.', end - join.end);
    return stop ? (size_t)(stop - text.data) : end;
}

/* "Paris 19e", "Dublin 2": a part of the town, behind it; `i` if there is none. */
static size_t quarter_end(struct str text, size_t i)
{
    static const char *const endings[] = {"e", "eme", "er"};
    struct redact_word ending;
    size_t end = i + 1;
    if (at(text, i) != ' ') return i;
    while (is_digit(at(text, end)) && end - i < 3) end++;
    bool closed = end == text.size || is_one_of(text.data[end], ",.\n)");
    if (end > i + 1 && end < i + 4 && closed && str_ends(str_slice(text, 0, i), STR("Dublin")))
        return end;
    redact_word_at(text, end, &ending);
    return end > i + 1 && IS_ONE_OF(&ending, endings) ? ending.end : i;
}

/* What belongs to an address behind its street: flat, city, state, code, in any order,
 * up to a full stop. */
static size_t tail_end(struct str text, size_t end)
{
    size_t i = end;
    for (int part = 0; part < TAIL_PARTS; part++) {
        if (at(text, i) == '.' && at(text, i + 1) == '\n' &&
            address_unit_end(text, address_skip(text, i + 1, " \n>", 6)) >
                address_skip(text, i + 1, " \n>", 6))
            i++;
        if (at(text, i) == '.' && at(text, i + 1) == ',') i++; /* "2º dcha., 48001" */
        if (at(text, i) == '.' && is_coded_town(text, i + 2)) i++; /* "3º D. 28015 Madrid" */
        size_t next = address_skip(text, i, " ,\n-(>", 6);
        if (next == i || is_long_number(text, next)) break;
        bool comma = memchr(text.data + i, ',', next - i) ||
                     memchr(text.data + i, '\n', next - i) || memchr(text.data + i, '-', next - i);
        bool bracket = before(text, next) == '(';
        int words;
        size_t behind = address_unit_end(text, next), code_at = code_label_end(text, next);
        if (behind == next) behind = address_code_end(text, code_at);
        if (behind == code_at) behind = next;
        if (behind == next) behind = state_end(text, next);
        if (behind == next && (comma || at(text, next) == '#' || is_floor(text, next)))
            behind = address_house_end(text, next);
        if (behind == next) behind = argentine_end(text, next);
        if (behind == next && part == 0 && !comma) behind = direction_end(text, next);
        if (behind > next) {
            end = i = behind;
            continue;
        }
        size_t place = bracket ? bracketed_end(text, next) : next;
        if (place > next) { /* "Vedra (A Coruña)", "(Québec)" */
            end = i = place;
            continue;
        }
        /* A city: behind a comma or a code, or before a code. */
        behind = address_names_end(text, next, 3, &words);
        if (words && text.data[next - 1] == '\n' && is_label(text, behind)) break;
        size_t colony = words ? i : address_small_colony_end(text, i); /* ", colonia Del Valle" */
        if (colony > i) {
            end = i = colony;
            continue;
        }
        if (!words)
            return is_digit(before(text, i)) && i == end && !comma ? small_city_end(text, i, next)
                                                                   : end;
        size_t code = address_skip(text, behind, " ,\n", 3);
        bool coded = (code > behind && address_code_end(text, code) > code) ||
                     is_digit(before(text, i)) || is_upper(before(text, i));
        if (!comma && !coded) break;
        i = behind;
        if (coded || memchr(text.data + end, ',', next - end)) end = i = quarter_end(text, behind);
    }
    return end;
}

size_t address_tail_end(struct str text, size_t end)
{
    return joined_town_end(text, tail_end(text, end));
}
