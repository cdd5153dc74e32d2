/* The error table and the functions that walk it. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *text;
    enum err_class class;
    int exit_status;
} table[ERR_COUNT] = {
    [E_OK] = {"ok", "no error", ERR_REJECT, 0},
#define ERR_ROW(code, name, class, exit, text) [E_##code] = {name, text, ERR_##class, exit},
    ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

/* It may quote what strangers wrote, and people read it on terminals: one line, nothing of which
 * steers one. */
static void make_plain(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at; at++) {
        bool control = *at < 0x20 || *at == 0x7F,
             two_bytes = at[0] == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0; /* U+0080 to U+009F */
        if (two_bytes) at[1] = '?';
        if (two_bytes || control) *at = '?';
    }
}

int err_set(struct err *err, enum err_code code, const char *format, ...)
{
    if (!err) return (int)code;
    err->code = code;
    if (!format) {
        snprintf(err->text, sizeof err->text, "%s", table[code].text);
        return (int)code;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    make_plain(err->text);
    return (int)code;
}

/* ": text" behind the first `used` characters (as snprintf counts, so maybe more than fit); cut. */
static void append(struct err *err, int used, const char *text)
{
    if (used < 0 || (size_t)used >= sizeof err->text) return;
    char *at = err->text + used, *last = err->text + sizeof err->text - 1;
    for (const char *from = ": "; *from && at < last; from++) *at++ = *from;
    for (const char *from = text; *from && at < last; from++) *at++ = *from;
    *at = '\0';
}

static enum err_code code_of_errno(int number, enum err_code otherwise)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT: return E_DISK_FULL;
    case EACCES:
    case EPERM: return E_DENIED;
    case ENOMEM: return E_NO_MEMORY;
    case EADDRINUSE: return E_IN_USE;
    default: return otherwise;
    }
}

int err_system(struct err *err, enum err_code code, const char *format, ...)
{
    int number = errno;
    code = code_of_errno(number, code);
    if (!err) return (int)code;
    err->code = code;
    va_list args;
    va_start(args, format);
    int used = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    append(err, used, strerror(number));
    make_plain(err->text);
    return (int)code;
}

int err_wrap(struct err *err, const char *format, ...)
{
    if (!err) return E_BUG;
    char inner[sizeof err->text];
    memcpy(inner, err->text, sizeof inner);
    va_list args;
    va_start(args, format);
    int used = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    append(err, used, inner);
    make_plain(err->text);
    return (int)err->code;
}

int err_at(struct err *err, const char *file, uint64_t line)
{
    if (!err) return E_BUG;
    unsigned long long said = 0, column = 0;
    int lines = 0, columns = 0;
    struct err inner = *err;
    if (sscanf(inner.text, "line %llu, column %llu: %n", &said, &column, &columns) == 2 && columns)
        return err_set(err, inner.code, "%s:%llu:%llu: %s", file, said, column,
                       inner.text + columns);
    if (sscanf(inner.text, "line %llu: %n", &said, &lines) == 1 && lines)
        return err_set(err, inner.code, "%s:%llu: %s", file, said, inner.text + lines);
    return err_wrap(err, "%s:%llu", file, (unsigned long long)line);
}

const char *err_name(enum err_code code) { return table[code].name; }
const char *err_text(enum err_code code) { return table[code].text; }
enum err_class err_class(enum err_code code) { return table[code].class; }
int err_exit_status(enum err_code code) { return table[code].exit_status; }
