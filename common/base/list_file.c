/* Files of lines. */
#include "base/list_file.h"

#include <stdarg.h>
#include <stdio.h>

bool list_file_next(struct list_file *file, struct str *ret_line)
{
    while (file->rest.size) {
        struct str line = str_cut(&file->rest, '\n');
        file->line++;
        if (file->comments_in_line) line = str_slice(line, 0, str_find(line, STR("#")));
        line = str_trim(line);
        if (line.size == 0 || line.data[0] == '#') continue;
        *ret_line = line;
        return true;
    }
    return false;
}

int list_file_bad(const struct list_file *file, struct err *err, const char *format, ...)
{
    char text[sizeof err->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return err_set(err, E_BAD_CONFIG, "%s:%u: %s", file->path, file->line, text);
}
