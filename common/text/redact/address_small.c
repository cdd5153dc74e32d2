/* Addresses written small: "55 fennel close, norwich", "vivo en san martin 845", "c/mayor 3". */
#include "text/redact/address.h"

/* " sy8 1ap": a British code behind its town or its word; `i` if it is none. */
size_t address_small_code_end(struct str text, size_t i)
{
    size_t end = i + 1, letters = 0;
    while (is_lower(at(text, end)) && letters < 2) end++, letters++;
    if (!letters || at(text, i) != ' ' || !is_digit(at(text, end))) return i;
    end += is_word(at(text, end + 1)) ? 2 : 1;
    bool is = at(text, end) == ' ' && is_digit(at(text, end + 1)) && is_lower(at(text, end + 2)) &&
              is_lower(at(text, end + 3)) && !is_word(at(text, end + 4));
    return is ? end + 4 : i;
}

/* " houston tx 77002": a town and its state behind a street written small; states that are also
 * words want the code. `i` if it is none. */
static size_t small_state_end(struct str text, size_t i)
{
    static const char *const words[] = {"in", "or", "me", "ok", "hi", "oh", "la", "de", "co",
                                        "id", "ma", "pa", "al", "ne", "mo", "mi"};
    struct redact_word word;
    size_t next = address_skip(text, i, ", ", 2);
    for (int k = 0; k < 3 && next > i; k++) {
        redact_word_at(text, next, &word);
        if (!word.size || word.capital) return i;
        if (k && word.size == 2 && address_is_state(&word)) {
            size_t code = word.end + 1u, end = address_code_end(text, code);
            if (at(text, word.end) == ' ' && end >= code + 5) return end;
            return IS_ONE_OF(&word, words) ? i : word.end;
        }
        if (word.cues & CUE(COMMON) || redact_is_ordinary(&word)) return i;
        next = address_skip(text, word.end, ", ", 2);
        if (next == word.end) return i;
    }
    return i;
}

/* "55 fennel close, norwich", "my address is 27 thistle grove": an English street written small,
 * with its city or postal code behind it, or a cue before it; most of these words mean other things
 * as well ("a 10 minute drive, then", "2 tennis courts"). The end, or `names`. */
size_t address_small_street_end(struct str text, size_t number, size_t names,
                                const struct redact_context *context)
{
    static const char *const streets[] = {
        "street", "road", "avenue", "lane", "crescent", "terrace", "grove", "gardens", "mews",
        "boulevard", "close", "drive", "court", "rd", "ave", "blvd", "st", "way", "ln"};
    static const char *const measures[] = {
        "minute", "minutes", "min", "mins", "mile", "miles", "hour", "hours", "hr", "hrs", "km",
        "day", "days", "lane", "way", "star", "inch", "gb", "tb", "mb", "bed", "bedroom", "car",
        "ft", "foot", "metre", "meter", "year", "block", "blocks", "very", "more", "other",
        "tennis", "minutos", "percent", "level", "storey", "story", "food", "flash", "hard", "usb",
        "people"};
    static const char *const sides[] = {"n", "s", "e", "w"};
    static const char *const sure[] = {"rd", "ave", "blvd", "ln"}; /* nothing else is written so */
    struct redact_word word;
    size_t i = names, end = 0;
    redact_word_at(text, i, &word);
    bool side = IS_ONE_OF(&word, sides) && at(text, word.end) == ' '; /* "9120 s harlem st" */
    if (side) i = word.end + 1;
    if (word_is(&word, "the") && at(text, word.end) == ' ') { /* "9 the crescent, wigton" */
        static const char *const greens[] = {"green", "paddock", "row", "hill", "square"};
        redact_word_at(text, word.end + 1, &word);
        bool street = IS_ONE_OF(&word, greens) || IS_ONE_OF(&word, streets);
        size_t town = street ? address_small_city_end(text, word.end) : 0,
               code = street && town > word.end ? address_small_code_end(text, town) : 0;
        return code && (code > town || context->all & CUE(ADDRESS)) ? code : names;
    }
    for (int k = 0; k < 4 && !end; k++, i = word.end + 1) {
        redact_word_at(text, i, &word);
        if (!word.size || word.capital || word.cues & CUE(COMMON)) return names;
        if (k == 0 && (word.size < 3 || IS_ONE_OF(&word, measures))) return names;
        if (k && word.cues & CUE(STREET) && IS_ONE_OF(&word, streets)) end = word.end;
        if (at(text, word.end) != ' ' && !end) return names;
    }
    bool listed = number > 1 && text.data[number - 2] == ','; /* "the old bakery, 12 church st" */
    if (!end || (!listed && !address_is_led_to_house(text, number))) return names;
    size_t city = address_small_city_end(text, end), code = address_skip(text, end, " ,", 2);
    if (city == end) city = small_state_end(text, end);
    else city = address_small_code_end(text, city);
    if (city == end && (side || (IS_ONE_OF(&word, sure) && number))) return end;
    bool coded = code > end && address_code_end(text, code) > code;
    return city > end ? city : coded || context->all & CUE(ADDRESS) ? end : names;
}

/* Names written small up to a number; where it starts, or 0. */
static size_t number_behind_small(struct str text, size_t i)
{
    static const char *const rooms[] = {"zona", "planta", "nivel", "sector", "sala", "talla",
                                        "fila", "mesa", "habitacion", "cuarto", "version"};
    bool name = false;
    for (int k = 0; k < ADDRESS_NAME_WORDS; k++) {
        struct redact_word word;
        redact_word_at(text, i, &word);
        bool particle = word.cues & CUE(PARTICLE);
        if (!word.size ||
            (word.cues & (CUE(COMMON) | CUE(UNIT) | CUE(STREET_FIRST)) && !particle) ||
            IS_ONE_OF(&word, rooms))
            return 0;
        name |= !particle && word.size >= 3;
        i = address_skip(text, word.end, ". ,", 2);
        if (i == word.end) return 0;
        size_t house = address_house_end(text, i);
        if (house > i) return name ? i : 0;
    }
    return 0;
}

/* The house at `number` with what belongs to it; 0: something is counted, or a year. */
static size_t small_end(struct str text, size_t number)
{
    size_t house = address_house_end(text, number);
    char c = at(text, house), next = at(text, house + 1);
    struct str century = str_slice(text, number, number + 2);
    bool year = house - number == 4 &&
                (str_equal(century, STR("19")) || str_equal(century, STR("20")));
    if (year || redact_is_counted(text, number, house) || is_one_of(c, "%:$") || c == '\xE2' ||
        (is_one_of(c, ".,") && is_digit(next)))
        return 0;
    size_t end = address_tail_end(text, house), city = address_small_city_end(text, end);
    return city;
}

size_t address_small_behind_home(struct redact_finder *finder, const struct redact_word *home)
{
    static const char *const links[] = {"en", "es"};
    struct str text = finder->text;
    struct redact_word link = {.size = 0};
    if (at(text, home->end) == ' ') redact_word_at(text, home->end + 1, &link);
    if (!finder->spanish || !IS_ONE_OF(&link, links) || at(text, link.end) != ' ') return 0;
    size_t start = link.end + 1;
    if (!is_lower(at(text, start))) return 0;
    size_t number = number_behind_small(text, start), end = number ? small_end(text, number) : 0;
    return end ? address_take(finder, start, end) : 0;
}

size_t redact_address_calle(struct redact_finder *finder, size_t number)
{
    enum { BACK = 40 };
    struct str text = finder->text;
    size_t least = number > BACK ? number - BACK : 0;
    const char *mark = memrchr(text.data + least, '/', number - least);
    if (!mark) return 0;
    size_t slash = (size_t)(mark - text.data) + 1;
    if (slash < least + 2 || (text.data[slash - 2] | 0x20) != 'c' ||
        is_word(before(text, slash - 2)))
        return 0;
    size_t names = address_skip(text, slash, " ", 1);
    size_t house = number_behind_small(text, names); /* "nº 4", of which `number` is the digit */
    if (!house || house > number || (house < number && address_house_end(text, house) <= number))
        return 0;
    size_t end = small_end(text, house);
    return end ? address_take(finder, slash - 2, end) : 0;
}

/* " col mixcoac cdmx 03920", ", colonia del valle": the quarter behind a street that is written
 * small as well, up to a code or where the clause ends; `i` if there is none. */
size_t address_small_colony_end(struct str text, size_t i)
{
    static const char *const quarters[] = {"col", "colonia", "fracc", "barrio", "urb"};
    struct redact_word word;
    size_t end = i, next = address_skip(text, i, ", ", 2);
    redact_word_at(text, next, &word);
    if (next == i || word.capital || !IS_ONE_OF(&word, quarters)) return i;
    for (int k = 0; k < ADDRESS_NAME_WORDS; k++) {
        next = address_skip(text, word.end, ". ", 2);
        size_t code = address_code_end(text, next);
        if (next == word.end) break;
        if (code == next + 5) return code;
        redact_word_at(text, next, &word);
        bool particle = word.cues & CUE(PARTICLE);
        if (!word.size || (!particle && word.cues & CUE(COMMON))) break;
        if (!particle && end == i) end = word.end;
        if (!particle && strchr(",.\n", at(text, word.end))) return word.end;
    }
    return end;
}

/* --- English streets behind a number in words ------------------------------------------------- */

/* Right behind the street: the end of something, or a small word. "two Baker Street mugs" are
 * none. */
static bool is_closed_street(struct str text, size_t end)
{
    struct redact_word next;
    if (at(text, end) != ' ') return true;
    redact_word_at(text, end + 1, &next);
    static const char *const others[] = {"instead", "today", "yesterday", "again", "near", "which",
                                         "last", "next", "every"};
    return !next.size || (!next.capital && next.cues & (CUE(COMMON) | CUE(UNIT))) ||
           IS_ONE_OF(&next, others);
}

/* It is all that its clause says: "Twelve Acacia Avenue, that is where I live". */
static bool is_whole_clause(struct str text, size_t start, size_t end)
{
    bool starts = !start || text.data[start - 1] == '\n' ||
                  (start > 1 && strchr(",.;:!?(", text.data[start - 2]));
    return starts && (end == text.size || strchr(",.;!?)\n", text.data[end]));
}

/* "six Kestrel Rise", "one hundred and nine Cobbold Street", from the street's word on. */
size_t address_said_street(struct redact_finder *finder, const struct redact_word *street)
{
    struct str text = finder->text;
    struct redact_word name = *street;
    size_t start = street->start;
    for (int k = 0; k < 3; k++) {
        redact_word_before(text, start, &name);
        if (name.end + 1u != start || text.data[name.end] != ' ' || !name.capital ||
            name.cues & CUE(COMMON))
            break;
        size_t said = redact_said_english_start(text, start);
        if (said < start) break; /* "Twelve Acacia Avenue" */
        start = name.start;
    }
    size_t house = redact_said_english_start(text, start);
    redact_word_at(text, start, &name);
    if (start == street->start || house == start ||
        IS_ONE_OF(&name, ((const char *const[]){"way", "mile"}))) /* "Two Way Street" */
        return 0;
    bool led = house && address_is_led_to_house(text, house); /* "our two …" isn't */
    if (!(led && is_closed_street(text, street->end)) && !is_whole_clause(text, house, street->end))
        return 0;
    return address_take(finder, house, address_tail_end(text, street->end));
}
