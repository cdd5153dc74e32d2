/* Inside of the JSON reader: json_reader.c reads structure, numbers, short strings; json_string.c
 * other strings. Functions return false on a fault, which the reader then holds. */
#ifndef VERBATIM_SCHEMA_JSON_STRING_H
#define VERBATIM_SCHEMA_JSON_STRING_H

#include "schema/json.h"
#include "schema/json_plain.h"

/* The fault, by its address, that is the machine's and not the text's. */
extern const char json_no_memory[];

/* Notes what is malformed at reader->at, unless a fault is known already. */
static inline bool json_refuse(struct json_reader *reader, const char *what)
{
    if (!reader->fault) reader->fault = what;
    return false;
}

/* The reader is at an opening quote; afterwards behind the closing one. *ret_text is valid UTF-8
 * without escapes, in the reader's text or arena; with escapes and no arena it is as written. */
bool json_long_string(struct json_reader *reader, struct str *ret_text);

#endif
