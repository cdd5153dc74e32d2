/* How the parts of an address are read: house, street's name, flat, postal code, city. What the
 * finders by words (address.c) and by numbers (address_number.c) share. Each reader
 * returns the end of what it read, or the `i` that it was given where nothing of
 * the kind stands. */
#ifndef VERBATIM_TEXT_REDACT_ADDRESS_H
#define VERBATIM_TEXT_REDACT_ADDRESS_H

#include "text/redact/find.h"

enum { ADDRESS_NUMBER_MOST = 6, ADDRESS_NAME_WORDS = 5 }; /* digits of a house, words of a name */

/* At most so many of those bytes. */
static inline size_t address_skip(struct str text, size_t i, const char *among, size_t most)
{
    size_t start = i;
    while (i < text.size && i - start < most && is_one_of(text.data[i], among)) i++;
    return i;
}
size_t address_house_end(struct str text, size_t i); /* "23", "23B", "23-25", "3.º B", "nº 2" */
size_t address_ordinal_end(struct str text, size_t i); /* "º", ".º", "ª", "°": behind "3" */
size_t address_code_end(struct str text, size_t i);  /* "SW1A 1AA", "28035", "94103-1234" */
/* Capitalised words and the particles between them, and how many words. */
size_t address_names_end(struct str text, size_t i, int most, int *ret_words);
bool address_joins_names(const struct redact_word *word); /* "à", "sur", written small */
size_t address_small_city_end(struct str text, size_t i); /* ", guadalajara" */
size_t address_small_code_end(struct str text, size_t i); /* " sy8 1ap" */
size_t address_unit_end(struct str text, size_t i); /* "Apt. 864", "3º izquierda", "piso 2 B" */
/* What belongs to an address behind its street: flat, city, state, code, in any order. */
size_t address_tail_end(struct str text, size_t end);
/* Where an address starts that a sure postal code ends (address_code.c); `code` if nothing
 * of one stands before it. */
size_t address_start_before_code(struct str text, size_t code);
/* The same for five digits, which a state or a town must stand beside. */
size_t address_start_before_zip(struct str text, size_t zip);
/* The same for India's six, behind a town. */
size_t address_start_before_pin(struct str text, size_t pin);
/* Where the house's own name before a street starts, or `start`. */
size_t address_building_before(struct str text, size_t start);
/* "lives at 12 …", "address is 12 …", "Address:\n12 …"; but "room 12 West", "delivered 2 Large". */
bool address_is_led_to_house(struct str text, size_t number);
/* An English street written small behind its number; the end, or `names`
 * (address_small.c). */
size_t address_small_street_end(struct str text, size_t number, size_t names,
                                const struct redact_context *context);
size_t address_small_colony_end(struct str text, size_t i); /* " col mixcoac cdmx 03920" */
bool address_is_state(const struct redact_word *word); /* "tx", in any case */
size_t address_grid_end(struct str text, size_t i); /* "Calle 13 # 9A-1", "15 # 39-60" */
/* An English street whose number is said, from its word on; the end of what goes, or 0. */
size_t address_said_street(struct redact_finder *finder, const struct redact_word *street);
/* Behind "vivo", "dirección": "en san martin 845"; the end of what goes, or 0. */
size_t address_small_behind_home(struct redact_finder *finder, const struct redact_word *home);
/* Places with a name instead of a street (address_place.c); the end of what goes, or 0. */
size_t address_place(struct redact_finder *finder, const struct redact_word *word);
/* "Rose Cottage, Back Lane, Hathersage" at "Lane"; the end of what goes, or 0. */
size_t address_named_house(struct redact_finder *finder, const struct redact_word *street);
/* It goes; returns its end. */
size_t address_take(struct redact_finder *finder, size_t start, size_t end);

#endif
