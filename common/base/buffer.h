/* Growing bytes. A failed allocation sets `failed` and later appends do nothing:
 * check once, at the end. */
#ifndef VERBATIM_BASE_BUFFER_H
#define VERBATIM_BASE_BUFFER_H

#include "base/err.h"
#include "base/str.h"

struct buffer {
    char *data;
    size_t size, capacity;
    bool failed;
};

void buffer_deinit(struct buffer *buffer); /* a zeroed buffer is valid */
static inline void buffer_clear(struct buffer *buffer) { buffer->size = 0, buffer->failed = false; }

/* For buffer_reserve(), when there is no room: grows, or fails. */
char *buffer_grow(struct buffer *buffer, size_t more);

/* Room for `more` bytes after size, or NULL; the caller then adds what it wrote to size. */
static inline char *buffer_reserve(struct buffer *buffer, size_t more)
{
    /* more than asked for, so that there are data */
    return buffer->capacity - buffer->size > more ? buffer->data + buffer->size
                                                  : buffer_grow(buffer, more);
}

static inline void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    char *room = buffer_reserve(buffer, size);
    if (room && size) {
        memcpy(room, data, size);
        buffer->size += size;
    }
}

static inline void buffer_add(struct buffer *buffer, struct str s)
{
    buffer_append(buffer, s.data, s.size);
}
static inline void buffer_add_char(struct buffer *buffer, char c)
{
    char *room = buffer_reserve(buffer, 1);
    if (!room) return;
    *room = c;
    buffer->size++;
}
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

static inline struct str buffer_str(const struct buffer *buffer)
{
    return (struct str){buffer->data, buffer->size};
}

/* Puts a NUL behind the bytes (not counted in size) and returns them; "" on failure. */
const char *buffer_cstr(struct buffer *buffer);

/* Drops the first `size` bytes. */
void buffer_consume(struct buffer *buffer, size_t size);

/* Whole file into the buffer; TOO_LARGE beyond limit_bytes. */
int buffer_read_file(struct buffer *buffer, const char *path, size_t limit_bytes,
                     struct err *err) CHECKED;
/* Reads a text that people edit, into an empty buffer: without the byte order mark that some
 * editors put before it. TOO_LARGE beyond limit_bytes. */
int buffer_read_text(struct buffer *buffer, const char *path, size_t limit_bytes,
                     struct err *err) CHECKED;
/* The whole file anew from these bytes. NO_OUTPUT names it: then it may be cut short. */
int buffer_write_file(struct str bytes, const char *path, struct err *err) CHECKED;

#endif
