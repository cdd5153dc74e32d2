/* Personal data out of a text: each piece gives way to a placeholder that says what it was. */
#ifndef VERBATIM_TEXT_REDACT_H
#define VERBATIM_TEXT_REDACT_H

#include "base/arena.h"

struct redacted_span {
    uint32_t start, end; /* bytes of the placeholder in the redacted text */
    uint32_t kind;       /* enum redaction_kind, in schema order */
};

struct redacted {
    struct str text; /* a view of the input where nothing was found */
    struct redacted_span *items; /* in text order */
    uint32_t count;
};

/* text: valid UTF-8, clean. language: ISO 639-1, "" or "und" when not known. NO_MEMORY only. */
int text_redact(struct str text, const char *language, struct arena *arena, struct redacted *ret_redacted,
                struct err *err) CHECKED;

#endif
