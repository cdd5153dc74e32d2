/* Growing bytes: doubles its capacity. */
#include "base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PRINTF_BYTES = 64 };

void buffer_deinit(struct buffer *buffer)
{
    if (!buffer) return;
    free(buffer->data);
    *buffer = (struct buffer){0};
}

char *buffer_grow(struct buffer *buffer, size_t more)
{
    if (buffer->failed) return NULL;
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity - buffer->size <= more) {
        if (capacity > SIZE_MAX / 4) goto failed;
        capacity *= 2;
    }
    char *data = realloc(buffer->data, capacity);
    if (!data) goto failed;
    buffer->data = data;
    buffer->capacity = capacity;
    return data + buffer->size;
failed:
    buffer->failed = true;
    buffer->capacity = buffer->size; /* so that there is no room, and buffer_reserve() asks here */
    return NULL;
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args, again;
    char *room = buffer_reserve(buffer, PRINTF_BYTES);
    if (!room) return;
    size_t left = buffer->capacity - buffer->size;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(room, left, format, args); /* it fits, mostly */
    va_end(args);
    if (size >= 0 && (size_t)size >= left) {
        room = buffer_reserve(buffer, (size_t)size + 1);
        if (room) vsnprintf(room, (size_t)size + 1, format, again);
    }
    if (size >= 0 && room) buffer->size += (size_t)size;
    va_end(again);
}

const char *buffer_cstr(struct buffer *buffer)
{
    char *room = buffer_reserve(buffer, 1);
    if (!room) return "";
    *room = '\0';
    return buffer->data;
}

void buffer_consume(struct buffer *buffer, size_t size)
{
    if (size > buffer->size) size = buffer->size;
    if (size == 0) return;
    memmove(buffer->data, buffer->data + size, buffer->size - size);
    buffer->size -= size;
}

int buffer_read_file(struct buffer *buffer, const char *path, size_t limit_bytes, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = E_OK;
    if (fd < 0) return err_system(err, E_NO_INPUT, "%s", path);
    for (;;) {
        char *room = buffer_reserve(buffer, 64 * 1024);
        if (!room) {
            rc = err_set(err, E_NO_MEMORY, "reading %s", path);
            break;
        }
        ssize_t got = read(fd, room, 64 * 1024);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) rc = err_system(err, E_NO_INPUT, "reading %s", path);
        if (got <= 0) break;
        buffer->size += (size_t)got;
        if (buffer->size > limit_bytes) {
            rc = err_set(err, E_TOO_LARGE, "%s is larger than %zu bytes", path, limit_bytes);
            break;
        }
    }
    close(fd);
    return rc;
}

int buffer_read_text(struct buffer *buffer, const char *path, size_t limit_bytes, struct err *err)
{
    int rc = buffer_read_file(buffer, path, limit_bytes, err);
    if (rc == E_OK && str_starts(buffer_str(buffer), STR("\xEF\xBB\xBF")))
        buffer_consume(buffer, 3);
    return rc;
}

int buffer_write_file(struct str bytes, const char *path, struct err *err)
{
    FILE *file = fopen(path, "wbe");
    if (!file) return err_system(err, E_NO_OUTPUT, "%s", path);
    size_t written = fwrite(bytes.data, 1, bytes.size, file);
    if (fclose(file) || written != bytes.size) return err_system(err, E_NO_OUTPUT, "%s", path);
    return E_OK;
}
