/* JSON objects and records by their field tables, collecting every problem with the
 * pointer to its field. */
#include "schema/json_reading.h"
#include "schema/msgpack.h"

enum { EXTRA_MAX = 64 };

static bool unknown_field(struct reading *reading, const struct shape *shape, struct str name,
                          struct raw_field *extra, uint32_t *count)
{
    if (reading->unknown == JSON_UNKNOWN_REFUSE) {
        reading_refuse_unknown(reading, shape, name);
        return json_skip(&reading->json, NULL);
    }
    for (uint32_t i = 0; i < *count; i++) {
        if (!str_equal(extra[i].name, name)) continue;
        reading_problem(reading, "is there twice");
        return json_skip(&reading->json, NULL);
    }
    if (*count == EXTRA_MAX) {
        reading_problem(reading, "is one unknown field too many");
        return json_skip(&reading->json, NULL);
    }
    extra[*count].name = name;
    if (!reading_transcode(reading, &extra[*count].value)) return false;
    ++*count;
    return true;
}

/* A number "4" is 4, and a blank number or time is null: what comes out of a spreadsheet says the
 * same in JSON as in CSV (intake.c). Other texts stay what they are, and are told as such. */
static void read_text_as_cell(const struct field *field, struct json_value *value)
{
    double ignored;
    bool number = field->kind == KIND_f32 || field->kind == KIND_amount;
    bool time = field->kind == KIND_time;
    if ((number || time) && !str_trim(value->text).size) value->kind = JSON_NULL;
    else if (number && str_to_f64(value->text, &ignored)) value->kind = JSON_NUMBER;
}

static bool read_member(struct reading *reading, const struct shape *shape,
                        const struct field *field, uint32_t *present, char *value)
{
    uint32_t bit = 1u << (field - shape->fields);
    struct json_value json;
    if (*present & bit) reading_problem(reading, "is there twice");
    if (!json_next(&reading->json, &json)) return false;
    if (json.kind == JSON_STRING) read_text_as_cell(field, &json);
    if (json.kind == JSON_NULL) return true; /* null is the same as not there */
    *present |= bit;
    return reading_field(reading, field, &json, value + field->offset);
}

bool reading_object(struct reading *reading, const struct shape *shape, void *value)
{
    struct raw_field extra[EXTRA_MAX];
    uint32_t present = 0, extra_count = 0;
    bool first = true;
    struct str name;
    memset(value, 0, shape->struct_bytes);
    while (json_member(&reading->json, &first, &name)) {
        size_t before = reading_enter(reading, name);
        const struct field *field = shape_field(shape, name);
        bool ok = field ? read_member(reading, shape, field, &present, value)
                        : unknown_field(reading, shape, name, extra, &extra_count);
        if (!ok) return false;
        reading_leave(reading, before);
    }
    if (reading->json.fault) return false;
    for (uint32_t i = 0; i < shape->count; i++) {
        if (!shape->fields[i].required || present >> i & 1) continue;
        size_t before = reading_enter(reading, str_of(shape->fields[i].name));
        reading_problem(reading, "is required");
        reading_leave(reading, before);
    }
    struct raw_field *kept = NULL;
    if (extra_count) {
        kept = arena_alloc(reading->arena, extra_count * sizeof *kept);
        if (!kept) return reading_no_memory(reading);
        memcpy(kept, extra, extra_count * sizeof *kept);
    }
    struct span *head = value; /* the same head in every struct */
    head->present = present;
    head->extra = (struct raw_fields){kept, extra_count};
    return true;
}

static int outcome(struct reading *reading, bool ok, struct err *err)
{
    if (reading->out_of_memory) return err_set(err, E_NO_MEMORY, NULL);
    if (!ok || reading->json.fault) return json_fault(&reading->json, err);
    if (reading->problems->count == 0) return E_OK;
    const struct json_problem *first = &reading->problems->items[0];
    return err_set(err, E_BAD_MESSAGE, "%.*s%s%.*s", STR_ARGS(first->pointer),
                   first->pointer.size ? " " : "", STR_ARGS(first->detail));
}

/* But for the steps, which are set as the reading goes down. */
static void reading_open(struct reading *reading, struct str text, enum json_unknown unknown,
                         struct arena *arena, struct json_problems *problems)
{
    problems->count = 0;
    reading->json = json_reader(text, arena);
    reading->arena = arena;
    reading->problems = problems;
    reading->unknown = unknown;
    reading->depth = 0;
    reading->out_of_memory = false;
}

int json_read_shape(const struct shape *shape, struct str text, enum json_unknown unknown,
                    struct arena *arena, void *ret_value, struct json_problems *problems,
                    struct err *err)
{
    struct reading reading;
    struct json_value value;
    reading_open(&reading, text, unknown, arena, problems);
    bool ok = json_next(&reading.json, &value);
    if (ok && value.kind != JSON_OBJECT) ok = reading_wrong_kind(&reading, &value, "an object");
    else if (ok) ok = reading_object(&reading, shape, ret_value);
    return outcome(&reading, ok && json_end(&reading.json), err);
}

static bool read_section(struct reading *reading, enum section section, struct record *record)
{
    const struct shape *shape = section_info(section)->shape;
    struct json_value json;
    void *value = arena_zalloc(reading->arena, shape->struct_bytes);
    if (!value) return reading_no_memory(reading);
    if (!json_next(&reading->json, &json)) return false;
    if (json.kind != JSON_OBJECT) return reading_wrong_kind(reading, &json, "an object");
    uint32_t before = reading->problems->count;
    if (!reading_object(reading, shape, value)) return false;
    /* its fields can't be trusted to be encoded */
    if (reading->problems->count > before) return true;
    if (shape_encode(shape, value, reading->arena, &record->sections[section], NULL))
        return reading_no_memory(reading);
    return true;
}

static bool is_known(const struct record *record, enum section section, struct str name)
{
    if (section != SECTION_COUNT) return record_has(record, section);
    if (str_equal(name, STR("id"))) return record->id.data != NULL;
    for (uint32_t i = 0; i < record->unknown.count; i++)
        if (str_equal(record->unknown.items[i].name, name)) return true;
    return false;
}

static bool read_record_member(struct reading *reading, struct str name, struct record *record,
                               struct raw_field *unknown)
{
    struct json_value value;
    enum section section = section_by_name(name);
    if (is_known(record, section, name)) {
        reading_problem(reading, "is there twice");
        return json_skip(&reading->json, NULL);
    }
    if (section != SECTION_COUNT) return read_section(reading, section, record);
    if (str_equal(name, STR("id"))) {
        const struct field id = {.kind = KIND_str, .most = RECORD_ID_BYTES_MAX};
        return json_next(&reading->json, &value) &&
               reading_str(reading, &id, &value, (char *)&record->id);
    }
    if (str_equal(name, STR("v"))) return json_skip(&reading->json, NULL);
    if (record->unknown.count == RECORD_UNKNOWN_MAX) {
        reading_problem(reading, "is one unknown section too many");
        return json_skip(&reading->json, NULL);
    }
    unknown[record->unknown.count].name = name;
    if (!reading_transcode(reading, &unknown[record->unknown.count].value)) return false;
    record->unknown.count++;
    return true;
}

int json_read_record(struct str text, struct arena *arena, struct str *ret_message,
                     struct json_problems *problems, struct err *err)
{
    struct reading reading;
    struct raw_field unknown[RECORD_UNKNOWN_MAX];
    struct record record = {.version = RECORD_VERSION, .unknown.items = unknown};
    struct json_value value;
    struct str name;
    reading_open(&reading, text, JSON_UNKNOWN_KEEP, arena, problems);
    bool first = true, ok = json_next(&reading.json, &value);
    if (ok && value.kind != JSON_OBJECT) ok = reading_wrong_kind(&reading, &value, "an object");
    while (ok && value.kind == JSON_OBJECT && json_member(&reading.json, &first, &name)) {
        size_t before = reading_enter(&reading, name);
        ok = read_record_member(&reading, name, &record, unknown);
        reading_leave(&reading, before);
    }
    if (ok && value.kind == JSON_OBJECT && record.id.size == 0) {
        size_t before = reading_enter(&reading, STR("id"));
        reading_problem(&reading, "is required");
        reading_leave(&reading, before);
    }
    int rc = outcome(&reading, ok && json_end(&reading.json), err);
    struct str message;
    if (rc == E_OK) rc = record_write(&record, arena, &message, err);
    /* what we don't know may nest too deeply for others */
    if (rc == E_OK) rc = msgpack_check(message, err);
    if (rc == E_OK) *ret_message = message;
    return rc;
}
