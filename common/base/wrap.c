/* Lines broken between words, see wrap.h. */
#include "base/wrap.h"

#include <stdio.h>
#include <unistd.h>

#include "base/terminal.h"

enum { FILLED = 90, WIDE = 120, HANG_MOST = 30 };

/* Characters, not bytes; each is taken to be one cell. */
static unsigned cells_of(struct str text)
{
    unsigned cells = 0;
    for (size_t i = 0; i < text.size; i++) cells += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return cells;
}

static size_t blanks_at(struct str line, size_t at)
{
    size_t end = at;
    while (end < line.size && line.data[end] == ' ') end++;
    return end - at;
}

/* Where a broken line goes on: below what stands behind two blanks, or "Usage: " and the like. */
static size_t hang_of(struct str line)
{
    size_t indent = blanks_at(line, 0), colon = str_find(line, STR(": "));
    for (size_t at = indent; at + 1 < line.size && at < HANG_MOST; at++)
        if (blanks_at(line, at) >= 2) return at + blanks_at(line, at);
    return !indent && colon < 10 ? colon + 2 : indent;
}

/* Not into a list's title. */
static bool flows_on(struct str line, struct str text)
{
    struct str next = str_cut(&text, '\n');
    return cells_of(line) >= FILLED && line.data[0] != ' ' && next.size && next.data[0] != ' ' &&
           !str_ends(next, STR(":")) && !str_starts(next, STR("Example:"));
}

/* Writes words until the line is full. */
static void break_line(struct buffer *out, struct str line, unsigned columns)
{
    size_t hang = hang_of(line), indent = blanks_at(line, 0);
    unsigned used = 0;
    if (hang + 10 > columns) hang = indent;
    for (struct str rest = line; rest.size;) {
        size_t gap = blanks_at(rest, 0);
        struct str word = str_slice(rest, gap, rest.size);
        word = str_slice(word, 0, str_find(word, STR(" ")));
        rest = str_slice(rest, gap + word.size, rest.size);
        if (!word.size) break;
        if (used > hang && used + gap + cells_of(word) > columns) {
            size_t at = hang + cells_of(word) > columns ? indent : hang;
            buffer_printf(out, "\n%*s", (int)at, "");
            used = (unsigned)at;
            gap = 0;
        }
        buffer_printf(out, "%*s%.*s", (int)gap, "", STR_ARGS(word));
        used += (unsigned)gap + cells_of(word);
    }
    buffer_add_char(out, '\n');
}

void wrap_text(struct buffer *out, struct str text, unsigned columns)
{
    struct buffer paragraph = {0};
    while (text.size) {
        struct str line = str_cut(&text, '\n');
        buffer_clear(&paragraph);
        buffer_add(&paragraph, line);
        while (line.size && flows_on(line, text) && columns < WIDE) {
            line = str_cut(&text, '\n');
            buffer_add_char(&paragraph, ' ');
            buffer_add(&paragraph, line);
        }
        if (cells_of(buffer_str(&paragraph)) > columns) {
            break_line(out, buffer_str(&paragraph), columns);
        } else {
            buffer_add(out, buffer_str(&paragraph));
            buffer_add_char(out, '\n');
        }
    }
    if (paragraph.failed) out->failed = true;
    buffer_deinit(&paragraph);
}

int wrap_print(struct buffer *text, struct err *err)
{
    struct buffer wrapped = {.failed = text->failed};
    if (!terminal_is(STDOUT_FILENO)) return terminal_print(text, err);
    wrap_text(&wrapped, buffer_str(text), terminal_columns(STDOUT_FILENO));
    buffer_deinit(text);
    return terminal_print(&wrapped, err);
}
