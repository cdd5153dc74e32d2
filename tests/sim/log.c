/* base/log.h into the trace: who runs thousands of schedules wants no lines of theirs. */
#include "base/log.h"

#include <stdarg.h>

#include "tests/sim/sim.h"

void log_setup(enum log_level least, enum log_format format) { (void)least, (void)format; }

void log_begin(struct log_event *event, enum log_level level, const char *component,
               const char *message)
{
    event->level = level;
    event->component = component;
    event->message = message;
    event->count = 0;
}

void log_add(struct log_event *event, const char *key, const char *format, ...)
{
    va_list arguments;
    if (!sim.trace || event->count == LOG_FIELDS_MAX) return;
    struct log_field *field = &event->fields[event->count++];
    field->key = key;
    va_start(arguments, format);
    vsnprintf(field->value, sizeof field->value, format, arguments);
    va_end(arguments);
}

void log_end(struct log_event *event)
{
    if (!sim.trace) return;
    trace("log: %s", event->message);
    for (size_t i = 0; i < event->count; i++)
        trace("log:   %s=%s", event->fields[i].key, event->fields[i].value);
}

void log_line(enum log_level level, const char *component, const char *message)
{
    struct log_event event;
    log_begin(&event, level, component, message);
    log_end(&event);
}

void log_error(enum log_level level, const char *component, const char *message,
               const struct err *err)
{
    struct log_event event;
    log_begin(&event, level, component, message);
    log_add(&event, err_name(err->code), "%s", err->text);
    log_end(&event);
}
