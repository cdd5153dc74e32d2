/* Personal data out of one text, by the name that it stands under or by what is in it.
 * Private to strip*.c. */
#ifndef VERBATIM_WORKERS_PREPROCESS_STRIP_TEXTS_H
#define VERBATIM_WORKERS_PREPROCESS_STRIP_TEXTS_H

#include "schema/record.h"
#include "workers/preprocess/strip.h"

/* Called "email", "first_name", "user_id" …: what stands there is a person's,
 * whatever it looks like. */
bool strip_is_personal(struct str name);

/* A value under its name: placeholder or hash where the name says so, else redacted.
 * NO_MEMORY only. */
int strip_value(struct str name, struct str *value, const struct pseudonym *pseudonym,
                const char *language, struct arena *arena, struct err *err) CHECKED;

/* A catalogue's words, or a name: what only looks like a person or an address stays.
 * NO_MEMORY only. */
int strip_surely(struct str *text, const char *language, struct arena *arena,
                 struct err *err) CHECKED;

/* The same; a text that stays as it is is remembered, and not looked at again while it is.
 * NO_MEMORY only. */
int strip_known(struct str *text, const char *language, struct strip_known *known,
                struct arena *arena, struct err *err) CHECKED;

/* Fields or sections that this version doesn't know (strip_unknown.c): they survive, and their
 * names and each text in them are treated like attributes. Bytes that are no text, and numbers
 * under a person's name, become nil: nobody can tell what they hold. NO_MEMORY only. */
int strip_unknown(struct raw_fields *fields, const struct pseudonym *pseudonym,
                  const char *language, struct arena *arena, struct err *err) CHECKED;

#endif
