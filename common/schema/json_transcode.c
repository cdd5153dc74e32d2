/* JSON that no table knows, as msgpack, so that it survives. */
#include "schema/json_reading.h"
#include "schema/pack.h"

static bool pack_json(struct reading *reading, struct pack *pack);

/* Whole numbers of 64 bits stay exact; others are doubles. One that is neither is
 * refused, not changed. */
static void pack_number(struct reading *reading, struct pack *pack, struct str text)
{
    int64_t whole;
    uint64_t natural;
    double real = 0;
    if (str_to_i64(text, &whole)) pack_int(pack, whole);
    else if (str_to_u64(text, &natural)) pack_uint(pack, natural);
    else if (str_to_f64(text, &real)) pack_double(pack, real);
    else
        reading_problem(reading, "holds a number that is out of range or too long"), pack_nil(pack);
}

static bool pack_container(struct reading *reading, struct pack *pack,
                           const struct json_value *value)
{
    bool first = true, object = value->kind == JSON_OBJECT;
    uint32_t count = 0;
    struct str name;
    if (!reading_count(reading, value->kind, &count)) return reading_skip_rest(reading, value);
    if (object) pack_map(pack, count);
    else pack_array(pack, count);
    while (object ? json_member(&reading->json, &first, &name)
                  : json_item(&reading->json, &first)) {
        if (object) pack_str(pack, name);
        if (!pack_json(reading, pack)) return false;
    }
    return !reading->json.fault;
}

static bool pack_value(struct reading *reading, struct pack *pack, const struct json_value *value)
{
    switch (value->kind) {
    case JSON_NULL: pack_nil(pack); return true;
    case JSON_TRUE:
    case JSON_FALSE: pack_bool(pack, value->kind == JSON_TRUE); return true;
    case JSON_STRING: pack_str(pack, value->text); return true;
    case JSON_NUMBER: pack_number(reading, pack, value->text); return true;
    default: return pack_container(reading, pack, value);
    }
}

static bool pack_json(struct reading *reading, struct pack *pack)
{
    struct json_value value;
    return json_next(&reading->json, &value) && pack_value(reading, pack, &value);
}

/* Any JSON value to msgpack. A double takes 9 bytes and its shortest text, "1e5" or "1.5",
 * 3 and a comma; all else is no longer than its text. Doubled names in objects that we don't know
 * are left as they are. */
bool reading_transcode(struct reading *reading, struct str *ret_raw)
{
    struct json_reader ahead = reading->json;
    struct json_value value;
    struct pack pack;
    struct str raw;
    if (!json_next(&reading->json, &value)) return false;
    size_t size = value.text.size;
    if (value.kind == JSON_ARRAY || value.kind == JSON_OBJECT) { /* how long is it? */
        if (!json_skip(&ahead, &raw)) return reading->json = ahead, false;
        size = raw.size;
    }
    if (!pack_begin(&pack, reading->arena, size * 3 + 16)) return reading_no_memory(reading);
    if (!pack_value(reading, &pack, &value)) return false;
    *ret_raw = pack_end(&pack);
    return true;
}
