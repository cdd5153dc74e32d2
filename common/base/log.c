/* Formats an event into one buffer and writes it by one write(2), so that lines never interleave. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static struct {
    enum log_level least;
    enum log_format format;
} setup = {LOG_INFO, LOG_TEXT};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_setup(enum log_level least, enum log_format format)
{
    setup.least = least;
    setup.format = format;
}

void log_begin(struct log_event *event, enum log_level level, const char *component, const char *message)
{
    event->level = level;
    event->component = component;
    event->message = message;
    event->count = 0;
}

void log_add(struct log_event *event, const char *key, const char *format, ...)
{
    if (event->count == LOG_FIELDS_MAX) return;
    struct log_field *field = &event->fields[event->count++];
    field->key = key;
    va_list args;
    va_start(args, format);
    vsnprintf(field->value, sizeof field->value, format, args);
    va_end(args);
}

struct line {
    char text[4096];
    size_t size;
};

static void put(struct line *line, const char *text)
{
    while (*text && line->size < sizeof line->text - 2) line->text[line->size++] = *text++;
}

/* Also keeps control characters of untrusted values out of a terminal. */
static void put_quoted(struct line *line, const char *text)
{
    char escape[8];
    put(line, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') snprintf(escape, sizeof escape, "\\%c", c);
        else if (c < 0x20 || c == 0x7F) snprintf(escape, sizeof escape, "\\u%04x", c);
        else snprintf(escape, sizeof escape, "%c", c);
        put(line, escape);
    }
    put(line, "\"");
}

static void put_json(struct line *line, const struct log_event *event, const char *time)
{
    put(line, "{\"time\":\""), put(line, time);
    put(line, "\",\"level\":\""), put(line, level_names[event->level]);
    put(line, "\",\"component\":"), put_quoted(line, event->component);
    put(line, ",\"message\":"), put_quoted(line, event->message);
    for (size_t i = 0; i < event->count; i++) {
        put(line, ","), put_quoted(line, event->fields[i].key);
        put(line, ":"), put_quoted(line, event->fields[i].value);
    }
    put(line, "}");
}

static void put_text(struct line *line, const struct log_event *event, const char *time)
{
    put(line, time), put(line, " ");
    put(line, level_names[event->level]), put(line, " ");
    put(line, event->component), put(line, ": ");
    put(line, event->message);
    for (size_t i = 0; i < event->count; i++) {
        put(line, " "), put(line, event->fields[i].key), put(line, "=");
        put_quoted(line, event->fields[i].value);
    }
}

void log_end(struct log_event *event)
{
    if (event->level < setup.least) return;
    struct line line = {.size = 0};
    char time[TIME_TEXT_BYTES];
    time_format(clock_wall_ms(clock_system()), time);
    if (setup.format == LOG_JSON) put_json(&line, event, time);
    else put_text(&line, event, time);
    line.text[line.size++] = '\n';
    ssize_t written = write(STDERR_FILENO, line.text, line.size);
    (void)written; /* nowhere to report it */
}

void log_line(enum log_level level, const char *component, const char *message)
{
    struct log_event event;
    log_begin(&event, level, component, message);
    log_end(&event);
}

void log_error(enum log_level level, const char *component, const char *message, const struct err *err)
{
    struct log_event event;
    log_begin(&event, level, component, message);
    log_add(&event, "code", "%s", err_name(err->code));
    log_add(&event, "error", "%s", err->text);
    log_end(&event);
}
