/* Addresses without a street: "Residencial Las Lomas, casa 14, Tegucigalpa", "Quartier Almadies,
 * villa 45", "Mz. F Lt. 14". */
#include "text/redact/address.h"
#include "text/redact/numbers.h"

/* "Mz. B Lote 7": block and lot. */
static size_t lot_end(struct str text, const struct redact_word *block)
{
    static const char *const blocks[] = {"mz", "mza", "manzana"},
                             *const lots[] = {"lt", "lote", "casa"};
    struct redact_word lot;
    if (!IS_ONE_OF(block, blocks)) return 0;
    size_t name = address_skip(text, block->end, ". ", 2), end = name;
    while (is_ascii_alnum(at(text, end)) && end - name < 3) end++;
    size_t next = address_skip(text, end, " ,-", 2);
    if (name == block->end || end == name || next == end) return 0;
    redact_word_at(text, next, &lot);
    if (!IS_ONE_OF(&lot, lots)) return 0;
    size_t number = address_skip(text, lot.end, ". ", 2), last = address_house_end(text, number);
    return number > lot.end && last > number ? last : 0;
}

/* ", casa 14", ", 4e étage", ", Mz. F Lt. 14": which of the homes there; its end, or 0. */
static size_t home_end(struct str text, size_t i)
{
    static const char *const homes[] = {"casa", "villa", "lote", "lot", "nave", "torre", "parcela",
                                        "bloque", "manzana", "apto", "chalet"};
    struct redact_word home;
    size_t next = address_skip(text, i, ", ", 2);
    if (next < i + 2) return 0;
    redact_word_at(text, next, &home);
    size_t lot = lot_end(text, &home), number = address_skip(text, home.end, ". ", 2);
    if (lot) return lot;
    if (IS_ONE_OF(&home, homes) && number > home.end && is_digit(at(text, number)))
        return address_house_end(text, number);
    size_t unit = address_unit_end(text, next);
    return unit > next && is_digit(at(text, unit == home.end ? next : number)) ? unit : 0;
}

/* "villa 14, ", "Lot 12, " before the place: where it starts, or `start`. */
static size_t home_before(struct str text, size_t start)
{
    static const char *const homes[] = {"casa", "villa", "lote", "lot", "torre", "parcela",
                                        "bloque", "manzana", "apto", "chalet", "appt", "bloc"};
    struct redact_word home;
    size_t digits = start - 2;
    if (start < 7 || text.data[start - 1] != ' ' || text.data[start - 2] != ',') return start;
    while (digits && is_digit(text.data[digits - 1])) digits--;
    redact_word_before(text, digits, &home);
    bool is = digits < start - 2 && home.end + 1 == digits && IS_ONE_OF(&home, homes);
    return is ? home.start : start;
}

size_t address_place(struct redact_finder *finder, const struct redact_word *word)
{
    struct str text = finder->text;
    int words;
    size_t lot = lot_end(text, word);
    if (lot) return address_take(finder, word->start, address_tail_end(text, lot));
    size_t name = address_skip(text, word->end, ". ", 2),
           end = address_names_end(text, name, ADDRESS_NAME_WORDS, &words),
           home = words && name > word->end ? home_end(text, end) : 0;
    if (home) return address_take(finder, word->start, address_tail_end(text, home));
    size_t start = words && name > word->end ? home_before(text, word->start) : word->start;
    return start < word->start ? address_take(finder, start, address_tail_end(text, end)) : 0;
}

/* Names, and a number that may stand behind them: "Road 11". `i` if there are none. */
static size_t named_part_end(struct str text, size_t i)
{
    int words;
    size_t end = address_names_end(text, i, ADDRESS_NAME_WORDS, &words),
           number = address_skip(text, end, " ", 1), house = address_house_end(text, number);
    if (!words) return i;
    return number > end && is_digit(at(text, number)) && house > number ? house : end;
}

size_t redact_address_unit(struct redact_finder *finder, size_t start, size_t end)
{
    static const char *const units[] = {"lot", "plot", "house", "block", "casa"};
    static const char *const leads[] = {"to", "at", "from", "is", "a", "au", "en", "address",
                                        "direccion", "adresse"};
    struct str text = finder->text, comma = STR(", ");
    struct redact_word unit, lead;
    redact_word_before(text, start, &unit);
    bool named = unit.cues & CUE(UNIT) || IS_ONE_OF(&unit, units);
    if (!unit.capital || !named || unit.end + 1 != start ||
        !str_starts(str_slice(text, end, text.size), comma))
        return 0;
    redact_word_before(text, unit.start, &lead);
    if (unit.start > lead.end + 2 || !lead.size || !IS_ONE_OF(&lead, leads)) return 0;
    size_t place = end + comma.size, town = named_part_end(text, place);
    if (town == place || !str_starts(str_slice(text, town, text.size), comma)) return 0;
    place = town + comma.size, town = named_part_end(text, place);
    return town > place ? address_take(finder, unit.start, address_tail_end(text, town)) : 0;
}

size_t address_named_house(struct redact_finder *finder, const struct redact_word *street)
{
    enum { NAMES_MOST = 3 };
    struct str text = finder->text;
    size_t start = street->start, end;
    for (int k = 0; k < NAMES_MOST && before(text, start) == ' '; k++) {
        struct redact_word name;
        redact_word_before(text, start, &name);
        if (name.end + 1 != start || !name.capital || name.cues & CUE(COMMON)) break;
        start = name.start;
    }
    if (start == street->start || address_building_before(text, start) == start) return 0;
    end = address_tail_end(text, street->end);
    return end > street->end ? address_take(finder, start, end) : 0;
}
