/* What identifies a line. */
#include "archive/line.h"

#include "base/clock.h"
#include "schema/json.h"

/* They stand behind each other: one view from the first to the last. */
static void add_mark(struct line_identity *identity, struct str raw)
{
    if (!identity->marks.data)
        identity->marks = raw;
    else
        identity->marks.size = (size_t)(raw.data + raw.size - identity->marks.data);
}

static void read_bus(struct json_reader *reader, struct line_identity *identity, unsigned *found)
{
    struct json_value value;
    struct str name, raw;
    if (!json_next(reader, &value) || value.kind != JSON_OBJECT) return;
    for (bool first = true; json_member(reader, &first, &name);) {
        bool offset = str_equal(name, STR("offset")), time = str_equal(name, STR("timestamp"));
        if (!offset && !time) {
            if (!json_skip(reader, &raw)) return;
            if (str_equal(name, STR("redrives")) || str_equal(name, STR("replay")))
                add_mark(identity, raw);
            continue;
        }
        if (!json_next(reader, &value)) return;
        if (offset && value.kind == JSON_NUMBER)
            *found += str_to_i64(value.text, &identity->offset);
        if (time && value.kind == JSON_STRING)
            *found += time_parse(value.text, &identity->timestamp_ms);
    }
}

int line_identify(struct str line, struct arena *arena, struct line_identity *ret_identity,
                  struct err *err)
{
    return line_look(line, (struct str){0}, arena, ret_identity, err);
}

int line_look(struct str line, struct str section, struct arena *arena,
              struct line_identity *ret_identity, struct err *err)
{
    struct json_reader reader = json_reader(line, arena);
    struct json_value value;
    struct line_identity identity = {0};
    struct str name, raw;
    unsigned found = 0;
    if (!json_next(&reader, &value)) return json_fault(&reader, err);
    if (value.kind != JSON_OBJECT) return err_set(err, E_BAD_MESSAGE, "a line is no object");
    for (bool first = true; json_member(&reader, &first, &name);) {
        if (str_equal(name, STR("bus"))) {
            read_bus(&reader, &identity, &found);
        } else if (str_equal(name, STR("id"))) {
            if (json_next(&reader, &value) && value.kind == JSON_STRING) identity.id = value.text;
        } else if (json_skip(&reader, &raw)) {
            identity.raw |= str_equal(name, STR("raw"));
            if (section.size && str_equal(name, section)) identity.section = raw;
        }
    }
    if (!json_end(&reader)) return json_fault(&reader, err);
    if (found != 2 || identity.offset < 0 || identity.offset == INT64_MAX)
        return err_set(err, E_BAD_MESSAGE, "a line doesn't say where it was read");
    *ret_identity = identity;
    return E_OK;
}
