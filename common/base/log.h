/* Structured logs on stderr: one line an event, as text for people or as JSON for programs.
 * Only the runtime and the programs log; libraries return errors. Thread-safe. */
#ifndef VERBATIM_BASE_LOG_H
#define VERBATIM_BASE_LOG_H

#include "base/err.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

void log_setup(enum log_level least, enum log_format format);

/* `message` is a constant sentence; what varies goes into the fields, "key", "format", value. */
#define LOG_FIELDS_MAX 12
struct log_field {
    const char *key;
    char value[256];
};
struct log_event {
    enum log_level level;
    const char *component, *message;
    struct log_field fields[LOG_FIELDS_MAX];
    size_t count;
};
void log_begin(struct log_event *event, enum log_level level, const char *component,
               const char *message);
void log_add(struct log_event *event, const char *key, const char *format, ...) PRINTF_LIKE(3, 4);
void log_end(struct log_event *event);

/* The usual cases: nothing but a message; a message and an error. */
void log_line(enum log_level level, const char *component, const char *message);
void log_error(enum log_level level, const char *component, const char *message,
               const struct err *err);

#endif
