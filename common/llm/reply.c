/* A reply's JSON by a table of paths: one walk, and only into what some row wants. */
#include "llm/reply.h"

#include "schema/json.h"

enum { PATH_BYTES = 96 };

struct walk {
    struct json_reader json;
    const struct reply_row *rows;
    size_t count;
    struct reply *reply;
    char path[PATH_BYTES];
    size_t path_size;
};

/* Whether rows begin with the path; *ret_exact is the one that is it, where what it wants isn't
 * found yet. */
static bool is_wanted(const struct walk *walk, const struct reply_row **ret_exact)
{
    struct str path = str_make(walk->path, walk->path_size);
    bool wanted = false;
    *ret_exact = NULL;
    for (size_t i = 0; i < walk->count; i++) {
        struct str row = walk->rows[i].path;
        if (row.size < path.size ||
            (path.size && row.data[path.size - 1] != path.data[path.size - 1]))
            continue; /* most, without a call */
        if (!str_starts(row, path)) continue;
        const struct str *taken =
            (const struct str *)(const void *)((const char *)walk->reply + walk->rows[i].offset);
        if (row.size == path.size && !taken->data) *ret_exact = &walk->rows[i];
        wanted |= row.size == path.size || path.size == 0 || row.data[path.size] == '.' ||
                  row.data[path.size] == '[';
    }
    return wanted;
}

static void take(struct walk *walk, const struct reply_row *row, struct str text)
{
    struct str *at = (struct str *)(void *)((char *)walk->reply + row->offset);
    *at = text.data ? text : STR("");
}

/* One step down; false if there is no such path in any table. */
static bool enter(struct walk *walk, const char *separator, struct str name)
{
    size_t before = walk->path_size, gap = before || *separator == '[' ? strlen(separator) : 0;
    if (before + gap + name.size >= PATH_BYTES) return false;
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] == '.' || name.data[i] == '[') return false;
    if (gap) memcpy(walk->path + before, separator, gap);
    if (name.size) memcpy(walk->path + before + gap, name.data, name.size);
    walk->path_size = before + gap + name.size;
    return true;
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
static bool walk_value(struct walk *walk)
{
    const struct reply_row *exact;
    struct json_value value;
    struct str raw, name;
    bool first = true;
    size_t before = walk->path_size;
    if (!is_wanted(walk, &exact)) return json_skip(&walk->json, NULL);
    if (exact && exact->take == TAKE_RAW) {
        if (!json_skip(&walk->json, &raw)) return false;
        take(walk, exact, raw);
        return true;
    }
    if (!json_next(&walk->json, &value)) return false;
    bool string = value.kind == JSON_STRING, number = value.kind == JSON_NUMBER;
    if (exact && ((string && exact->take == TAKE_STRING) || (number && exact->take == TAKE_NUMBER)))
        take(walk, exact, value.text);
    if (value.kind == JSON_OBJECT) {
        while (json_member(&walk->json, &first, &name)) {
            bool ok = enter(walk, ".", name) ? walk_value(walk) : json_skip(&walk->json, NULL);
            walk->path_size = before;
            if (!ok) return false;
        }
    } else if (value.kind == JSON_ARRAY) {
        while (json_item(&walk->json, &first)) {
            bool ok = enter(walk, "[]", STR("")) ? walk_value(walk) : json_skip(&walk->json, NULL);
            walk->path_size = before;
            if (!ok) return false;
        }
    }
    return !walk->json.fault;
}

int reply_read(struct str body, const struct reply_row *rows, size_t count, struct arena *arena,
               struct reply *ret_reply, struct err *err)
{
    struct reply reply = {0};
    struct walk walk = {.json = json_reader(body, arena), .rows = rows, .count = count,
                        .reply = &reply};
    if (!walk_value(&walk) || !json_end(&walk.json)) return json_fault(&walk.json, err);
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
