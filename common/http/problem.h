/* Errors for people and programs: application/problem+json. Source: RFC 9457. */
#ifndef VERBATIM_HTTP_PROBLEM_H
#define VERBATIM_HTTP_PROBLEM_H

#include "base/buffer.h"
#include "base/str.h"

#define PROBLEM_CONTENT_TYPE STR("application/problem+json")

struct problem {
    int status;
    struct str type;     /* URI; empty: "about:blank" */
    struct str title;    /* empty: the status's own phrase */
    struct str detail;   /* what happened this time; left out if empty, like the next */
    struct str instance; /* URI of this occurrence */
};

/* One entry of the extension "errors". Empty members and rows below 0 are left out. */
struct problem_error {
    struct str pointer;  /* JSON pointer into the body (RFC 6901): "/rating"; STR(""): all of it */
    struct str field;    /* or a header's, parameter's or column's name */
    struct str code;     /* for programs, e.g. "out_of_range" */
    struct str detail;   /* for people */
    int64_t row;         /* of bulk input, from 0 */
};

/* Appends the JSON object. Allocation failure: out->failed. */
void problem_write(struct buffer *out, const struct problem *problem,
                   const struct problem_error *errors, size_t count);

/* Appends a JSON string with its quotes (RFC 8259); bytes that aren't UTF-8 become U+FFFD. */
void problem_quote(struct buffer *out, struct str text);

/* The phrase of RFC 9110: "Not Found" for 404, "Unknown" for what isn't in there. */
const char *http_status_phrase(int status);

#endif
