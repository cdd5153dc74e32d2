/* A text of many JSON values, one by one: lines of NDJSON, an array, or values one behind the other
 * over as many lines as they like.
 *
 * A line at a time, as one that is broken then costs only itself; value by value from where a line
 * begins an array, or an object that isn't on one line. Values are cut by their brackets and quotes
 * alone: what is in them is for json_read. */
#ifndef VERBATIM_SCHEMA_JSON_SPLIT_H
#define VERBATIM_SCHEMA_JSON_SPLIT_H

#include "base/str.h"

struct json_place {
    uint64_t line, column; /* from 1, in bytes */
};

struct json_split {
    struct str rest;         /* what is left of the text */
    bool complete;           /* nothing comes behind it: so its last value ends there */
    bool by_value, in_array; /* no longer by lines; inside the outer brackets */
    uint64_t line, column;   /* lines, and bytes of this one, that are behind us */
};

struct json_split json_split(struct str text, bool complete); /* a byte order mark is passed over */

/* False: there is none whole in `rest`, which has more to come, or is empty. What parts values
 * (white space, commas, the outer brackets) is not in the text. */
bool json_split_next(struct json_split *split, struct str *ret_text, struct json_place *ret_place);

#endif
