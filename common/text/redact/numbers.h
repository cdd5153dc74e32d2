/* Numbers, gathered (numbers.c): what the readers of dates,
 * cards, ids, phones and codes share. */
#ifndef VERBATIM_TEXT_REDACT_NUMBERS_H
#define VERBATIM_TEXT_REDACT_NUMBERS_H

#include "text/redact/find.h"

enum { NUMBER_GROUPS = 12, NUMBER_DIGITS = 32 };

/* Digits in groups: "(555) 123-4567" is 3 groups with separators ')' and '-'. */
struct redact_digits {
    uint32_t start, end;   /* with the parenthesis or plus sign before the first group */
    bool plus;
    uint8_t groups, count; /* count: of digits */
    uint8_t sizes[NUMBER_GROUPS];
    char separators[NUMBER_GROUPS]; /* before group i; ' ' for any blank */
    uint32_t ends[NUMBER_GROUPS];   /* byte behind group i */
    char digits[NUMBER_DIGITS];
};

/* The end of a date of birth, in digits or words, or 0. */
size_t redact_birth_date(struct redact_finder *finder, const struct redact_digits *digits,
                         const struct redact_context *context);

/* A reading of the first `groups` groups; 0: it isn't one. */
uint8_t redact_date_groups(const struct redact_digits *digits);
uint8_t redact_card_groups(const struct redact_digits *digits,
                           const struct redact_context *context);
size_t redact_id_letter(struct str text, const struct redact_digits *digits);
uint8_t redact_id_groups(const struct redact_finder *finder, const struct redact_digits *digits,
                         const struct redact_context *context);
uint8_t redact_phone_groups(const struct redact_finder *finder, const struct redact_digits *digits,
                            const struct redact_context *context);

/* "300 123 4567 unidades": no phone. */
bool redact_counts_things(struct str text, size_t end);
/* "x0135", "ext. 12", "poste 3" behind a phone number: its end, or `end`. */
size_t redact_extension_end(struct str text, size_t end);

static inline unsigned number_of(const char *digits, size_t count)
{
    unsigned value = 0;
    for (size_t i = 0; i < count; i++) value = value * 10 + (unsigned)(digits[i] - '0');
    return value;
}
bool redact_is_nir(const char *digits); /* 15 of them */

/* redact_context_before(); where no word says what the number is, those behind `end` may. */
struct redact_context redact_context_around(struct str text, size_t start, size_t end);

/* "Unit 5, Ballymount Trading Estate, Dublin 12" at its number (address_place.c). */
size_t redact_address_unit(struct redact_finder *finder, size_t start, size_t end);

size_t redact_letter_end(struct str text, size_t end); /* ", letra B" (spoken.c) */

/* Of devices (device.c). */
uint8_t redact_ipv4_groups(const struct redact_digits *digits,
                           const struct redact_context *context);
size_t redact_mac_end(struct str text, size_t start); /* 0: there is none */
bool redact_is_imei(struct str text, size_t start, size_t count); /* by the words before it */

/* Letters and digits (codes.c): IBAN, DNI, NINO … `token` starts and ends at word borders.
 * Returns the end of what was found and its kind, or 0. */
size_t redact_code_at(struct str text, size_t start, const struct redact_context *context,
                      enum redact_kind *ret_kind);
/* Where a codice fiscale in groups starts, "RSSMRA 85T10 A562S", of which `start` is the year; or
 * `start`. */
size_t redact_italian_start(struct str text, size_t start);
/* By the words before it (whose.c). */
bool redact_is_things_id(struct str text, size_t start);
bool redact_is_customers(struct str text, size_t start);
bool redact_is_own_number(struct str text, size_t start);
bool redact_is_sort_code(struct str text, const struct redact_digits *digits);
bool redact_is_own_case(struct str text, size_t start);
size_t redact_plate_end(struct str text, size_t start);
bool redact_is_last_of_id(struct str text, size_t start); /* its four last digits */
bool redact_luhn(const char *digits, size_t count);

#endif
