/* The answers of one reply, each told apart by its record's id. */
#include "schema/json.h"
#include "workers/genai/answer.h"

static bool id_of(struct str raw, char *ret_id, size_t *ret_size)
{
    struct json_reader json = json_reader(raw, NULL); /* ids with escapes are none of ours */
    struct json_value value;
    struct str name;
    bool first = true;
    if (!json_next(&json, &value) || value.kind != JSON_OBJECT) return false;
    while (json_member(&json, &first, &name)) {
        if (!str_equal(name, STR("id"))) {
            if (!json_skip(&json, NULL)) break;
            continue;
        }
        if (!json_next(&json, &value) || value.kind != JSON_STRING ||
            value.text.size > ANSWER_ID_BYTES)
            break;
        memcpy(ret_id, value.text.data, value.text.size);
        *ret_size = value.text.size;
        return true; /* the rest was read when it was cut out */
    }
    return false;
}

static void take_part(struct str raw, const struct str *ids, uint32_t count, bool *seen,
                      struct answer_parts *parts)
{
    char bytes[ANSWER_ID_BYTES];
    size_t size = 0;
    bool has_id = id_of(raw, bytes, &size);
    for (uint32_t i = 0; has_id && i < count; i++) {
        if (!str_equal(ids[i], str_make(bytes, size))) continue;
        parts->doubled += seen[i];
        parts->raw[i] = seen[i] ? (struct str){0} : raw; /* which of two is meant, nobody knows */
        seen[i] = true;
        return;
    }
    parts->strange++;
}

int answer_split(struct str json, const struct str *ids, uint32_t count,
                 struct answer_parts *ret_parts, struct err *err)
{
    struct json_reader reader = json_reader(json, NULL);
    struct json_value value;
    struct answer_parts parts = {0};
    struct str name, raw;
    bool first = true, first_item = true, seen[ANSWER_RECORDS_MAX] = {0}, found = false;
    bool good = json_next(&reader, &value) && value.kind == JSON_OBJECT;
    while (good && json_member(&reader, &first, &name)) {
        if (found || !str_equal(name, STR("answers"))) {
            good = json_skip(&reader, NULL);
            continue;
        }
        good = json_next(&reader, &value) && value.kind == JSON_ARRAY;
        while (good && json_item(&reader, &first_item) && (good = json_skip(&reader, &raw)))
            take_part(raw, ids, count, seen, &parts);
        found = good;
    }
    if (reader.fault) return err_set(err, E_BAD_JSON, "the answer is no JSON: %s", reader.fault);
    if (!good || !found) return err_set(err, E_BAD_MESSAGE, "there is no list \"answers\"");
    *ret_parts = parts;
    return E_OK;
}
