/* Formats an event into one buffer and writes it by one write(2), so that lines
 * never interleave. Where nobody reads them they are counted in its place: whoever collects our log
 * must not hold us up. */
#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static struct {
    enum log_level least;
    enum log_format format;
} setup = {LOG_INFO, LOG_TEXT};

/* One thread at a time: of two that find room for a line, the second would wait in write(2). */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static unsigned lost; /* lines, since the last that was written */

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_setup(enum log_level least, enum log_format format)
{
    setup.least = least;
    setup.format = format;
}

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
    if (event->count == LOG_FIELDS_MAX) return;
    struct log_field *field = &event->fields[event->count++];
    field->key = key;
    va_list args;
    va_start(args, format);
    vsnprintf(field->value, sizeof field->value, format, args);
    va_end(args);
}

/* PIPE_BUF: up to this size, lines of several writers to one pipe don't mix. */
enum { LINE_BYTES = 4096, ROOM_FOR_END = 2 };

struct line {
    char text[LINE_BYTES];
    size_t size;
    bool full; /* something did not fit, and the line ends in half of it */
};

static void put_bytes(struct line *line, const char *bytes, size_t size)
{
    if (line->full || size > sizeof line->text - ROOM_FOR_END - line->size) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->size, bytes, size);
    line->size += size;
}

static void put(struct line *line, const char *text) { put_bytes(line, text, strlen(text)); }

/* One character of valid UTF-8. C0, DEL and C1 controls are escaped: JSON asks for it, and values
 * from outside must not steer a terminal. */
static void put_character(struct line *line, const char *at, size_t size)
{
    unsigned code = (unsigned char)at[0];
    char escape[8];
    if (size == 2 && code == 0xC2 && (unsigned char)at[1] < 0xA0) code = (unsigned char)at[1];
    if (code == '"' || code == '\\') snprintf(escape, sizeof escape, "\\%c", (char)code);
    else if (code < 0x20 || (code >= 0x7F && code < 0xA0))
        snprintf(escape, sizeof escape, "\\u%04x", code);
    else snprintf(escape, sizeof escape, "%.*s", (int)size, at);
    put(line, escape);
}

/* Bytes that are no UTF-8 (or a character that was cut) become U+FFFD. */
static void put_quoted(struct line *line, const char *text)
{
    struct str rest = str_of(text);
    put(line, "\"");
    while (rest.size) {
        size_t size = 1;
        while (rest.data[0] & 0x80 && str_utf8_is_inside(rest, size)) size++;
        if (str_is_utf8(str_slice(rest, 0, size))) {
            put_character(line, rest.data, size);
        } else {
            put(line, "\xEF\xBF\xBD");
            size = 1;
        }
        rest = str_slice(rest, size, rest.size);
    }
    put(line, "\"");
}

/* A field is there as a whole or not at all, so that a full line is still JSON. */
static void put_field(struct line *line, const struct log_field *field, enum log_format format)
{
    size_t before = line->size;
    if (format == LOG_JSON) put(line, ","), put_quoted(line, field->key), put(line, ":");
    else put(line, " "), put(line, field->key), put(line, "=");
    put_quoted(line, field->value);
    if (line->full) line->size = before, line->full = false;
}

static void put_head(struct line *line, const struct log_event *event, enum log_format format,
                     const char *time)
{
    const char *level = level_names[event->level];
    if (format == LOG_JSON) {
        put(line, "{\"time\":\""), put(line, time);
        put(line, "\",\"level\":\""), put(line, level);
        put(line, "\",\"component\":"), put_quoted(line, event->component);
        put(line, ",\"message\":"), put_quoted(line, event->message);
    } else {
        put(line, time), put(line, " "), put(line, level), put(line, " ");
        put(line, event->component), put(line, ": "), put(line, event->message);
    }
}

static void write_event(const struct log_event *event)
{
    struct line line = {.size = 0};
    char time[TIME_TEXT_BYTES];
    time_format(clock_wall_ms(clock_system()), time);
    put_head(&line, event, setup.format, time);
    for (size_t i = 0; i < event->count; i++) put_field(&line, &event->fields[i], setup.format);
    if (setup.format == LOG_JSON) line.text[line.size++] = '}';
    line.text[line.size++] = '\n';
    ssize_t written = write(STDERR_FILENO, line.text, line.size);
    (void)written; /* nowhere to report it */
}

/* A pipe that is ready takes a whole line. A slow reader is waited for, but only once. */
static bool is_read(void)
{
    enum { SLOW_MS = 200 };
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    bool ready = poll(&out, 1, lost ? 0 : SLOW_MS) > 0;
    lost += !ready;
    return ready;
}

/* Whether there were any. */
static bool tell_lost(void)
{
    struct log_event event;
    unsigned count = lost;
    if (count == 0) return false;
    lost = 0;
    log_begin(&event, LOG_WARN, "log", "lines were lost, as nobody read them");
    log_add(&event, "lines", "%u", count);
    write_event(&event);
    return true;
}

void log_end(struct log_event *event)
{
    if (event->level < setup.least) return;
    pthread_mutex_lock(&writing);
    if (is_read() && (!tell_lost() || is_read())) write_event(event);
    pthread_mutex_unlock(&writing);
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
    log_add(&event, "code", "%s", err_name(err->code));
    log_add(&event, "error", "%s", err->text);
    log_end(&event);
}
