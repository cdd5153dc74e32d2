/* Errors: one table gives code, class, exit status and text; the class is the policy.
 *
 * Every function that can fail returns E_OK (0) or a code and fills the `struct err *` that it was
 * given as last parameter. Callers add context with err_wrap(). Libraries never log. */
#ifndef VERBATIM_BASE_ERR_H
#define VERBATIM_BASE_ERR_H

#include <stddef.h>
#include <stdint.h>

#define CHECKED __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* RETRY: try again later. REJECT: this record goes to the dead letters. FATAL:
 * stop, commit nothing. */
enum err_class { ERR_RETRY, ERR_REJECT, ERR_FATAL };

/*    code         name           class   exit text */
#define ERR_TABLE(E)                                                              \
    E(NO_MEMORY,   "no_memory",   FATAL,  71, "out of memory")                    \
    E(SYSTEM,      "system",      FATAL,  71, "the operating system refused")     \
    E(BUG,         "bug",         FATAL,  70, "internal error")                   \
    E(USAGE,       "usage",       FATAL,  64, "wrong usage")                      \
    E(BAD_CONFIG,  "bad_config",  FATAL,  78, "bad configuration")                \
    E(BAD_MODEL,   "bad_model",   FATAL,  78, "model or list file is not usable") \
    E(NO_INPUT,    "no_input",    FATAL,  66, "input can't be opened")            \
    E(NO_OUTPUT,   "no_output",   FATAL,  73, "output can't be written")          \
    E(IN_USE,      "in_use",      FATAL,  69, "address or resource is in use")    \
    E(DENIED,      "denied",      FATAL,  77, "permission denied")                \
    E(FENCED,      "fenced",      FATAL,  75, "another instance took over")       \
    E(UNAVAILABLE, "unavailable", RETRY,  69, "service is not available")         \
    E(TIMEOUT,     "timeout",     RETRY,  75, "timed out")                        \
    E(BUSY,        "busy",        RETRY,  75, "busy")                             \
    E(IO,          "io",          RETRY,  74, "input or output failed")           \
    E(DISK_FULL,   "disk_full",   RETRY,  74, "no space left")                    \
    E(UPSTREAM,    "upstream",    RETRY,  69, "remote service refused the call")  \
    E(BAD_MESSAGE, "bad_message", REJECT, 65, "message breaks its schema")        \
    E(BAD_TEXT,    "bad_text",    REJECT, 65, "text is not valid UTF-8")          \
    E(BAD_JSON,    "bad_json",    REJECT, 65, "malformed JSON")                   \
    E(TOO_LARGE,   "too_large",   REJECT, 65, "larger than its limit")            \
    E(NOT_FOUND,   "not_found",   REJECT, 66, "not found")                        \
    E(EXISTS,      "exists",      REJECT, 73, "exists already")                   \
    E(CANCELLED,   "cancelled",   REJECT, 75, "cancelled")                        \
    E(UNDELIVERED, "undelivered", REJECT, 69, "its receiver didn't take it")

enum err_code {
    E_OK = 0,
#define ERR_CODE(code, name, class, exit, text) E_##code,
    ERR_TABLE(ERR_CODE)
#undef ERR_CODE
    ERR_COUNT
};

struct err {
    enum err_code code;
    char text[512]; /* for people; never holds a secret */
};

/* Fills `err` (may be NULL) and returns `code`. Without a format, the table's text is used. Control
 * characters of what is quoted become '?', here and in the two below. */
int err_set(struct err *err, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* err_set() with ": " and strerror(errno) at the end. ENOSPC and EACCES choose their own code. */
int err_system(struct err *err, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "context: " before the text; returns err's code. */
int err_wrap(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Puts the place before the text, as editors and compilers have it: "FILE:LINE: text". A text that
 * says itself where it is ("line 3, column 7: text") becomes "FILE:3:7: text". */
int err_at(struct err *err, const char *file, uint64_t line);

/* Names are lower case with underscores: "bad_message". Valid for E_OK ("ok") too. */
const char *err_name(enum err_code code);
const char *err_text(enum err_code code);
enum err_class err_class(enum err_code code);
int err_exit_status(enum err_code code); /* sysexits(3) */

#endif
