/* JSON or CSV → struct feedback → checks → record. */
#include "schema/intake.h"

#include <stdio.h>

#include "base/hash.h"
#include "schema/msgpack.h"
#include "schema/raw_text.h"

enum { ATTRIBUTES_MAX = 64 }; /* as feedback.def has it */

bool intake_tenant_is_valid(struct str tenant)
{
    return tenant.size <= INTAKE_TENANT_BYTES_MAX && str_is_utf8(tenant);
}

static int add_problem(struct json_problems *problems, struct arena *arena, const char *pointer,
                       const char *detail, struct err *err)
{
    if (problems->count < JSON_PROBLEMS_MAX) {
        struct json_problem problem = {
            arena_copy(arena, str_of(pointer)), arena_copy(arena, str_of(detail))};
        if (!problem.pointer.data || !problem.detail.data) return err_set(err, E_NO_MEMORY, NULL);
        problems->items[problems->count++] = problem;
    }
    return err_set(err, E_BAD_MESSAGE, "%s%s%s", pointer, *pointer ? " " : "", detail);
}

/* A problem with the field of this name. */
static int field_problem(struct json_problems *problems, struct arena *arena, struct str name,
                         const char *detail, struct err *err)
{
    char pointer[160];
    json_pointer_step(name, pointer, sizeof pointer);
    return add_problem(problems, arena, pointer, detail, err);
}

/* --- id --------------------------------------------------------------------------------------- */

static bool is_id(struct str id)
{
    static const uint64_t allowed[4] = { /* bit c of the 256: "-.:_", digits, letters */
        0x07ff600000000000, 0x07fffffe87fffffe, 0, 0};
    if (id.size == 0 || id.size > INTAKE_ID_BYTES_MAX) return false;
    for (size_t i = 0; i < id.size; i++) {
        unsigned char c = (unsigned char)id.data[i];
        if (!(allowed[c >> 6] >> (c & 63) & 1)) return false;
    }
    return true;
}

static struct str derived_id(const struct intake_rules *rules, uint64_t row, struct arena *arena)
{
    uint8_t hash[SHA256_BYTES];
    char text[UUID_TEXT_BYTES];
    struct str named = arena_printf(arena, "%.*s\n%.*s\n%llu", STR_ARGS(rules->tenant),
                                    STR_ARGS(rules->idempotency), (unsigned long long)row);
    if (!named.data) return named;
    hash_sha256(named, hash);
    uuid_from_hash(hash, text);
    return arena_copy(arena, str_of(text));
}

static int choose_id(const struct intake_rules *rules, struct str given, uint64_t row,
                     struct arena *arena, struct intake *intake, struct json_problems *problems,
                     struct err *err)
{
    char fresh[UUID_TEXT_BYTES];
    if (given.data && !is_id(given))
        return add_problem(problems, arena, "/id",
                           "must be 1 to 64 letters, digits, or any of . _ : -", err);
    if (given.data && rules->tenant.size + 1 + given.size > RECORD_ID_BYTES_MAX)
        return add_problem(problems, arena, "/id", "is too long together with the tenant's name",
                           err);
    if (given.data && rules->tenant.size)
        intake->id = arena_printf(arena, "%.*s:%.*s", STR_ARGS(rules->tenant), STR_ARGS(given));
    else if (given.data) intake->id = given;
    else if (rules->idempotency.size) intake->id = derived_id(rules, row, arena);
    else uuid_next(rules->ids, fresh), intake->id = arena_copy(arena, str_of(fresh));
    return intake->id.data ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

/* --- fields that the schema doesn't know ------------------------------------------------------ */

static int refuse_unknown(struct str name, struct arena *arena, struct json_problems *problems,
                          struct err *err)
{
    char detail[128];
    const char *nearest = json_nearest_field(&feedback_shape, name);
    if (nearest) snprintf(detail, sizeof detail, "unknown field; did you mean \"%s\"?", nearest);
    else snprintf(detail, sizeof detail, "unknown field; put your own data under \"attributes\"");
    return field_problem(problems, arena, name, detail, err);
}

/* Two attributes of one name, or more than the schema allows, are problems:
 * nothing is lost in silence. */
static int add_attribute(struct str_map *map, struct str name, struct str value,
                         struct arena *arena, struct json_problems *problems, struct err *err)
{
    if (str_map_find(map, name))
        return field_problem(problems, arena, name, "is an attribute already", err);
    if (map->count == ATTRIBUTES_MAX)
        return field_problem(problems, arena, name, "is one attribute too many; 64 are allowed",
                             err);
    map->items[map->count++] = (struct str_pair){name, value};
    return E_OK;
}

static int settle_one(const struct intake_rules *rules, const struct raw_field *field,
                      struct str_map *map, struct str *ret_id, struct arena *arena,
                      struct json_problems *problems, struct err *err)
{
    bool is_id_field = str_equal(field->name, STR("id"));
    if (!is_id_field && !rules->keep_unknown)
        return refuse_unknown(field->name, arena, problems, err);
    struct str text = {0};
    /* null is the same as not there */
    if (is_id_field && str_equal(field->value, STR("\xc0"))) return E_OK;
    int rc = raw_as_text(field->value, arena, &text);
    if (rc == E_NO_MEMORY) return err_set(err, E_NO_MEMORY, NULL);
    if (rc)
        return field_problem(problems, arena, field->name, "can't be kept: it nests too deeply",
                             err);
    if (is_id_field) return *ret_id = text, E_OK;
    return add_attribute(map, field->name, text, arena, problems, err);
}

/* A field of ours is of this name, and is there: it is taken out. *ret_words without data: it is no
 * string. */
static bool take_field(struct feedback *feedback, struct str name, struct str *ret_words)
{
    const struct field *field = shape_field(&feedback_shape, name);
    uint32_t bit = field ? 1u << (field - feedback_shape.fields) : 0;
    if (!(feedback->present & bit)) return false;
    feedback->present &= ~bit;
    *ret_words = (struct str){0};
    if (field->kind == KIND_str)
        memcpy(ret_words, (const char *)feedback + field->offset, sizeof *ret_words);
    return true;
}

/* The same of the fields that the schema doesn't know; *ret_at: which one, or their count. */
static bool find_unknown(const struct raw_fields *extra, struct str name, uint32_t *ret_at,
                         struct str *ret_words)
{
    uint32_t at = 0;
    while (at < extra->count && !str_equal_ignoring_case(extra->items[at].name, name)) at++;
    *ret_at = at;
    if (at == extra->count) return false;
    struct msgpack_reader reader = msgpack_reader(extra->items[at].value);
    struct msgpack_item item;
    bool text = msgpack_next(&reader, &item) && item.kind == MSGPACK_STR;
    *ret_words = text ? item.bytes : (struct str){0};
    return true;
}

/* The field that the caller names holds the words, as a column of a CSV would; one that is called
 * text besides is an attribute. *ret_at: which of the unknown ones it is, or their count. */
static int take_words(struct str name, struct feedback *feedback, struct str_map *map,
                      uint32_t *ret_at, struct arena *arena, struct json_problems *problems,
                      struct err *err)
{
    struct str column = intake_column(name), words;
    bool has_text = shape_has(feedback, feedback, text);
    *ret_at = feedback->extra.count;
    if (has_text && str_equal(column, STR("text"))) return E_OK;
    int rc =
        has_text ? add_attribute(map, STR("text"), feedback->text, arena, problems, err) : E_OK;
    shape_unset(feedback, feedback, text);
    if (rc || !(take_field(feedback, column, &words) ||
                find_unknown(&feedback->extra, name, ret_at, &words)))
        return rc;
    if (!words.data) return field_problem(problems, arena, name, "must be a string", err);
    if (words.size > feedback_shape.fields[FIELD_feedback_text].most)
        return field_problem(problems, arena, name, "is too long", err);
    if (memchr(words.data, '\0', words.size))
        return field_problem(problems, arena, name, "holds a NUL character", err);
    shape_set(feedback, feedback, text, words);
    return E_OK;
}

/* Takes "id" out of the unknown fields; the others become attributes, or problems. */
static int settle_unknown(const struct intake_rules *rules, struct arena *arena,
                          struct feedback *feedback, struct str *ret_id,
                          struct json_problems *problems, struct err *err)
{
    uint32_t known = feedback->attributes.count;
    if (feedback->extra.count == 0 && !rules->text_field.size) return E_OK;
    size_t room = known + feedback->extra.count + 1;
    struct str_map map = {
        .items = arena_alloc(arena, room * sizeof *map.items), .count = known};
    if (!map.items) return err_set(err, E_NO_MEMORY, NULL);
    if (known) memcpy(map.items, feedback->attributes.items, known * sizeof *map.items);
    uint32_t words_at = feedback->extra.count;
    int rc = rules->text_field.size ? take_words(rules->text_field, feedback, &map, &words_at,
                                                 arena, problems, err)
                                    : E_OK;
    for (uint32_t i = 0; i < feedback->extra.count; i++) {
        struct err other;
        if (i == words_at) continue;
        int one = settle_one(rules, &feedback->extra.items[i], &map, ret_id, arena, problems,
                             rc ? &other : err);
        if (rc == E_OK) rc = one;
    }
    feedback->extra = (struct raw_fields){0};
    if (map.count) shape_set(feedback, feedback, attributes, map);
    return rc;
}

/* --- checks and encoding ---------------------------------------------------------------------- */

static bool is_blank(struct str text) { return str_trim(text).size == 0; }

/* The name of a file or object may be longer than a source: its start is kept,
 * in whole characters. */
static struct str fitting(struct str source)
{
    source = str_slice(source, 0, feedback_shape.fields[FIELD_feedback_source].most);
    source.size = str_utf8_valid_prefix(source);
    return source;
}

static int finish(const struct intake_rules *rules, struct str given_id, uint64_t row,
                  struct arena *arena, struct intake *intake, struct json_problems *problems,
                  struct err *err)
{
    struct feedback *feedback = &intake->feedback;
    struct str words = rules->text_field.size ? rules->text_field : STR("text");
    if (!shape_has(feedback, feedback, text))
        return field_problem(problems, arena, words, "is required", err);
    if (is_blank(feedback->text)) return field_problem(problems, arena, words, "is empty", err);
    int rc = choose_id(rules, given_id, row, arena, intake, problems, err);
    if (rc) return rc;
    if (!shape_has(feedback, feedback, source) && rules->source.size)
        shape_set(feedback, feedback, source, fitting(rules->source));
    shape_unset(feedback, feedback, tenant); /* never the caller's word */
    if (rules->tenant.size) shape_set(feedback, feedback, tenant, rules->tenant);
    shape_set(feedback, feedback, received_at, rules->received_ms);
    bool keyed = shape_has(feedback, feedback, customer) && feedback->customer.size;
    if (!keyed) shape_unset(feedback, feedback, customer);
    intake->key = keyed ? feedback->customer : intake->id;
    intake->row = row;
    intake->message = (struct str){0};
    intake->record = (struct record){.version = RECORD_VERSION, .id = intake->id};
    rc = record_put(&intake->record, SECTION_FEEDBACK, feedback, arena, err);
    return rc || rules->handed_on ? rc
                                  : record_write(&intake->record, arena, &intake->message, err);
}

/* In parts, for the same reason as record_copy(). */
static void hand_out(const struct intake *intake, struct intake *ret_intake)
{
    memcpy(&ret_intake->feedback, &intake->feedback, sizeof intake->feedback);
    ret_intake->id = intake->id;
    ret_intake->key = intake->key;
    record_copy(&ret_intake->record, &intake->record);
    ret_intake->message = intake->message;
    ret_intake->row = intake->row;
}

int intake_json(struct str text, const struct intake_rules *rules, uint64_t row,
                struct arena *arena, struct intake *ret_intake, struct json_problems *problems,
                struct err *err)
{
    struct intake intake; /* finish() fills what the reader doesn't */
    struct str id = {0};
    int rc = json_read_shape(&feedback_shape, text, JSON_UNKNOWN_KEEP, arena, &intake.feedback,
                             problems, err);
    if (rc) return rc;
    rc = settle_unknown(rules, arena, &intake.feedback, &id, problems, err);
    if (rc == E_OK) rc = finish(rules, id, row, arena, &intake, problems, err);
    if (rc == E_OK) hand_out(&intake, ret_intake);
    return rc;
}

/* --- CSV -------------------------------------------------------------------------------------- */

/* With a decimal comma as well ("4,5"), as spreadsheets of half the world write it; never one that
 * parts thousands. */
static bool cell_number(struct str cell, double *ret_number)
{
    enum { LONGEST = 16, DECIMALS = 2 };
    char text[LONGEST];
    size_t comma = str_find(cell, STR(","));
    if (comma == cell.size) return str_to_f64(cell, ret_number);
    size_t decimals = cell.size - comma - 1;
    if (cell.size > sizeof text || !comma || !decimals || decimals > DECIMALS) return false;
    memcpy(text, cell.data, cell.size);
    text[comma] = '.';
    return str_to_f64(str_make(text, cell.size), ret_number);
}

static bool set_cell(struct feedback *feedback, const struct field *field, struct str cell)
{
    char *at = (char *)feedback + field->offset;
    double number;
    int64_t time_ms;
    float real;
    if (field->kind != KIND_str) cell = str_trim(cell);
    switch ((enum field_kind)field->kind) {
    case KIND_str:
        if (field->most && cell.size > field->most) return false;
        memcpy(at, &cell, sizeof cell);
        break;
    case KIND_f32:
        if (!cell_number(cell, &number) || number > field->most || number < -(double)field->most)
            return false;
        real = (float)number;
        memcpy(at, &real, sizeof real);
        break;
    case KIND_time:
        if (!time_parse(cell, &time_ms)) return false;
        memcpy(at, &time_ms, sizeof time_ms);
        break;
    default: return false;
    }
    feedback->present |= 1u << (field - feedback_shape.fields);
    return true;
}

static int cell_problem(struct json_problems *problems, struct arena *arena,
                        const struct field *field, struct str cell, struct err *err)
{
    char detail[80] = "must be a number from -100 to 100";
    if (field->kind == KIND_time)
        snprintf(detail, sizeof detail, "is not an RFC 3339 time such as 2026-05-01T09:30:00Z");
    if (field->kind == KIND_str)
        snprintf(detail, sizeof detail, "is %zu bytes long; at most %u are allowed", cell.size,
                 field->most);
    return field_problem(problems, arena, str_of(field->name), detail, err);
}

static int take_cell(struct str name, struct str cell, const struct intake_rules *rules,
                     struct arena *arena, struct intake *intake, struct str *id,
                     struct str_map *attributes, struct json_problems *problems, struct err *err)
{
    const struct field *field = shape_field(&feedback_shape, name);
    if (!str_is_utf8(name))
        return add_problem(problems, arena, "", "a column's name is not UTF-8", err);
    if (!str_is_utf8(cell))
        return field_problem(problems, arena, name, "holds bytes that are not UTF-8", err);
    if (cell.size && memchr(cell.data, '\0', cell.size))
        return field_problem(problems, arena, name, "holds a NUL character", err);
    if (str_equal(name, STR("id"))) return *id = cell, E_OK;
    if (field && field->kind != KIND_map) {
        if (intake->feedback.present >> (field - feedback_shape.fields) & 1)
            return field_problem(problems, arena, name, "is there twice", err);
        return set_cell(&intake->feedback, field, cell)
                   ? E_OK
                   : cell_problem(problems, arena, field, cell, err);
    }
    bool attribute = str_starts(name, STR("attributes."));
    if (!attribute && !rules->keep_unknown) return refuse_unknown(name, arena, problems, err);
    if (attribute) name = str_slice(name, sizeof "attributes." - 1, name.size);
    return add_attribute(attributes, name, cell, arena, problems, err);
}

int intake_csv(const struct csv_row *header, const struct csv_row *cells,
               const struct intake_rules *rules, uint64_t row, struct arena *arena,
               struct intake *ret_intake, struct json_problems *problems, struct err *err)
{
    struct intake intake = {0};
    struct str id = {0};
    struct str_map attributes = {.items = ARENA_ARRAY(arena, struct str_pair, ATTRIBUTES_MAX)};
    int rc = E_OK;
    problems->count = 0;
    if (!attributes.items) return err_set(err, E_NO_MEMORY, NULL);
    if (cells->count > header->count)
        return add_problem(problems, arena, "",
                           "the row has more cells than the header has columns", err);
    for (uint32_t i = 0; i < cells->count; i++) {
        if (is_blank(cells->cells[i])) continue;
        struct err other;
        int cell_rc = take_cell(str_trim(header->cells[i]), cells->cells[i], rules, arena, &intake,
                                &id, &attributes, problems, rc ? &other : err);
        if (cell_rc && rc == E_OK) rc = cell_rc;
    }
    if (rc) return rc;
    if (attributes.count) shape_set(feedback, &intake.feedback, attributes, attributes);
    rc = finish(rules, id, row, arena, &intake, problems, err);
    if (rc == E_OK) *ret_intake = intake;
    return rc;
}
