/* A reply's JSON by a table of paths: one walk, and only into what some row wants. */
#include "llm/reply.h"

#include <assert.h>

#include "schema/json.h"

enum { ROWS_MAX = 32 };

/* A set of rows is a bit for each: those whose paths begin with where the walk is. */
struct walk {
    struct json_reader json;
    const struct reply_row *rows;
    struct reply *reply;
};

static struct str *place_of(const struct walk *walk, const struct reply_row *row)
{
    return (struct str *)(void *)((char *)walk->reply + row->offset);
}

/* Of the rows, those that go on from `at` with this step. */
static uint32_t follow(const struct walk *walk, uint32_t rows, size_t at, struct str separator,
                       struct str name)
{
    uint32_t found = 0;
    size_t end = at + separator.size + name.size;
    for (; rows; rows &= rows - 1) {
        struct str path = walk->rows[__builtin_ctz(rows)].path;
        if (path.size < end || (name.size && path.data[end - 1] != name.data[name.size - 1]))
            continue; /* most, without a call */
        if (path.size > end && path.data[end] != '.' && path.data[end] != '[') continue;
        struct str step = str_slice(path, at, end);
        if (str_starts(step, separator) &&
            str_equal(str_slice(step, separator.size, step.size), name))
            found |= rows & -rows;
    }
    for (size_t i = 0; found && i < name.size; i++)
        if (name.data[i] == '.' || name.data[i] == '[') return 0; /* a name, not two steps */
    return found;
}

/* The one whose path ends at `at`, where what it wants isn't found yet. */
static const struct reply_row *row_at(const struct walk *walk, uint32_t rows, size_t at)
{
    const struct reply_row *exact = NULL;
    for (; rows; rows &= rows - 1) {
        const struct reply_row *row = &walk->rows[__builtin_ctz(rows)];
        if (row->path.size == at && !place_of(walk, row)->data) exact = row;
    }
    return exact;
}

static void take(struct walk *walk, const struct reply_row *row, struct str text)
{
    *place_of(walk, row) = text.data ? text : STR("");
}

/* A value that `rows` are about: their first `at` bytes lead to it. Recursion is bounded by
 * JSON_DEPTH_MAX. */
static bool walk_value(struct walk *walk, uint32_t rows, size_t at)
{
    struct json_value value;
    struct str raw, name;
    bool first = true;
    if (!rows) return json_skip(&walk->json, NULL);
    const struct reply_row *exact = row_at(walk, rows, at);
    if (exact && exact->take == TAKE_RAW) {
        if (!json_skip(&walk->json, &raw)) return false;
        take(walk, exact, raw);
        return true;
    }
    if (!json_next(&walk->json, &value)) return false;
    bool string = value.kind == JSON_STRING, number = value.kind == JSON_NUMBER;
    if (exact && ((string && exact->take == TAKE_STRING) || (number && exact->take == TAKE_NUMBER)))
        take(walk, exact, value.text);
    struct str dot = at ? STR(".") : STR("");
    while (value.kind == JSON_OBJECT && json_member(&walk->json, &first, &name))
        if (!walk_value(walk, follow(walk, rows, at, dot, name), at + dot.size + name.size))
            return false;
    uint32_t inside = value.kind == JSON_ARRAY ? follow(walk, rows, at, STR("[]"), STR("")) : 0;
    while (value.kind == JSON_ARRAY && json_item(&walk->json, &first))
        if (!walk_value(walk, inside, at + 2)) return false;
    return !walk->json.fault;
}

int reply_read(struct str body, const struct reply_row *rows, size_t count, struct arena *arena,
               struct reply *ret_reply, struct err *err)
{
    struct reply reply = {0};
    struct walk walk = {.json = json_reader(body, arena), .rows = rows, .reply = &reply};
    uint32_t all = count < ROWS_MAX ? (UINT32_C(1) << count) - 1 : UINT32_MAX;
    assert(count <= ROWS_MAX);
    if (!walk_value(&walk, all, 0) || !json_end(&walk.json)) return json_fault(&walk.json, err);
    *ret_reply = reply;
    return E_OK;
}

bool reply_is_object(struct str *text)
{
    struct str inner = str_trim(*text), whole;
    if (str_starts(inner, STR("```")) && str_ends(inner, STR("```")) && inner.size > 6) {
        inner = str_slice(inner, 3, inner.size - 3);
        if (str_starts(inner, STR("json"))) inner = str_slice(inner, 4, inner.size);
        inner = str_trim(inner);
    }
    if (!str_starts(inner, STR("{"))) return false;
    struct json_reader json = json_reader(inner, NULL);
    if (!json_skip(&json, &whole) || !json_end(&json)) return false;
    *text = whole;
    return true;
}

void reply_copy_text(char *out, size_t room, struct str text)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size && size + 1 < room; i++) {
        char c = text.data[i];
        bool printable = c > ' ' && c < 0x7F, gap = size && out[size - 1] == ' ';
        if (printable) out[size++] = c;
        else if ((unsigned char)c >= 0x80) out[size++] = '?';
        else if (size && !gap) out[size++] = ' ';
    }
    while (size && out[size - 1] == ' ') size--;
    out[size] = '\0';
}
