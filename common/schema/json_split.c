/* By lines as long as lines will do, by brackets from then on. */
#include "schema/json_split.h"

struct json_split json_split(struct str text, bool complete)
{
    if (str_starts(text, STR("\xEF\xBB\xBF"))) text = str_slice(text, 3, text.size);
    return (struct json_split){.rest = text, .complete = complete};
}

/* Goes behind a string's closing quote. False: the line's end cuts it, which is no string. */
static bool pass_string(struct str text, size_t *at)
{
    for (++*at; *at < text.size; ++*at) {
        char c = text.data[*at];
        if (c == '\n') return false;
        if (c == '\\') ++*at;
        if (c == '"') return ++*at, true;
    }
    *at = text.size;
    return true;
}

/* Where the value at the text's start ends; the text's size: not seen. With a string that is cut
 * it ends there, as what follows may be whole. */
static size_t value_end(struct str text)
{
    size_t depth = 0, at = 0;
    while (at < text.size) {
        char c = text.data[at];
        if (c == '"') {
            if (!pass_string(text, &at)) return at;
            continue;
        }
        if (depth == 0 && at && (c == '}' || c == ']')) return at;
        if (depth == 0 && (c == ',' || c == '\n')) return at;
        at++;
        if (c == '{' || c == '[') depth++;
        else if ((c == '}' || c == ']') && (depth == 0 || --depth == 0)) return at;
    }
    return text.size;
}

static void pass(struct json_split *split, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        split->column++;
        if (split->rest.data[i] == '\n') split->line++, split->column = 0;
    }
    split->rest = str_slice(split->rest, size, split->rest.size);
}

static void pass_between(struct json_split *split)
{
    struct str rest = split->rest;
    size_t at = 0;
    for (; at < rest.size; at++) {
        char c = rest.data[at];
        if (c == '[' && !split->in_array) split->in_array = true;
        else if (c == ']' && split->in_array) split->in_array = false;
        else if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != ',') break;
    }
    pass(split, at);
}

static bool next_value(struct json_split *split, struct str *ret_text, struct json_place *ret_place)
{
    pass_between(split);
    size_t end = split->rest.size ? value_end(split->rest) : 0;
    if (end == 0 || (end == split->rest.size && !split->complete)) return false;
    *ret_text = str_slice(split->rest, 0, end);
    *ret_place = (struct json_place){split->line + 1, split->column + 1};
    pass(split, end);
    return true;
}

/* A line that is not empty, without its end and a comma there. */
static bool next_line(struct json_split *split, struct str *ret_text)
{
    while (split->rest.size) {
        const char *found = memchr(split->rest.data, '\n', split->rest.size);
        size_t end = found ? (size_t)(found - split->rest.data) : split->rest.size;
        struct str line = str_trim(str_slice(split->rest, 0, end));
        split->by_value = str_starts(line, STR("[")); /* however long the line may be */
        if (!split->by_value && end == split->rest.size && !split->complete) return false;
        split->by_value |= str_equal(line, STR("{"));
        if (split->by_value) return false;
        split->rest = str_slice(split->rest, end + 1, split->rest.size);
        split->line++;
        if (str_ends(line, STR(","))) line.size--;
        if (line.size) return *ret_text = line, true;
    }
    return false;
}

bool json_split_next(struct json_split *split, struct str *ret_text, struct json_place *ret_place)
{
    if (!split->by_value && next_line(split, ret_text))
        return *ret_place = (struct json_place){split->line, 1}, true;
    return split->by_value && next_value(split, ret_text, ret_place);
}
