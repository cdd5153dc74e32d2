/* Personal data out of a text: each piece gives way to a placeholder that says what it was.
 *
 * "Call me on 0612 345678, Anna" → "Call me on [PHONE], [PERSON]". Numbers are judged by their
 * form and check digits first, then by the words before them ("card", "née le", "mi cuenta"):
 * order numbers, prices, versions and models stay. Names and addresses are found by cues and
 * lists, with precision before recall. A placeholder that is there already is left alone: doing
 * it twice changes nothing. */
#ifndef VERBATIM_TEXT_REDACT_H
#define VERBATIM_TEXT_REDACT_H

#include "base/arena.h"

/* In the order of the schema's redaction_kind. The placeholder is "[EMAIL]", "[PHONE]" … */
/* clang-format off */
#define REDACT_KINDS(K)                                                                       \
    K(EMAIL) K(PHONE) K(PERSON) K(ADDRESS) K(CARD) K(IBAN) K(NATIONAL_ID) K(IP) K(URL)        \
    K(DATE_OF_BIRTH) K(ACCOUNT) K(SECRET)
/* clang-format on */

#define REDACT_CODE(code) REDACT_##code,
enum redact_kind { REDACT_KINDS(REDACT_CODE) REDACT_KIND_COUNT };
#undef REDACT_CODE

struct redacted_span {
    uint32_t start, end; /* bytes of the placeholder in the redacted text */
    uint32_t kind;       /* enum redact_kind */
};

struct redacted {
    struct str text;             /* a view of the input where nothing was found */
    struct redacted_span *items; /* in text order */
    uint32_t count;
};

/* text: valid UTF-8, clean, below 4 GiB. language: ISO 639-1, "" or "und" when not known;
 * it decides between readings of a number, it never switches a kind off. Time is linear in the
 * text's size. NO_MEMORY only. */
int text_redact(struct str text, const char *language, struct arena *arena,
                struct redacted *ret_redacted, struct err *err) CHECKED;

#endif
