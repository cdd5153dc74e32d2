/* Scanning a message into sections, and putting sections together again. */
#include "schema/record.h"

#include "schema/msgpack.h"
#include "schema/pack.h"

static const struct section_info sections[SECTION_COUNT] = {
#define SECTION(id, name_, added_by_, description_)                                       \
    [SECTION_##id] = {.name = #name_, .added_by = added_by_, .description = description_, \
                      .shape = &name_##_shape, .word = JSON_WORD(",\"" #name_ "\":")},
#include "schemas/sections.def"
#undef SECTION
};

const struct section_info *section_info(enum section section) { return &sections[section]; }

enum section section_by_name(struct str name)
{
    for (int i = 0; i < SECTION_COUNT; i++)
        if (str_equal(name, str_of(sections[i].name))) return (enum section)i;
    return SECTION_COUNT;
}

static int keep_unknown(struct raw_field *unknown, struct record *record, struct str name,
                        struct str value, struct err *err)
{
    for (uint32_t i = 0; i < record->unknown.count; i++)
        if (str_equal(unknown[i].name, name))
            return err_set(err, E_BAD_MESSAGE, "section is there twice");
    if (record->unknown.count == RECORD_UNKNOWN_MAX)
        return err_set(err, E_BAD_MESSAGE, "more than %d unknown sections", RECORD_UNKNOWN_MAX);
    unknown[record->unknown.count++] = (struct raw_field){name, value};
    return E_OK;
}

static int take_version(struct record *record, struct str value, struct err *err)
{
    struct msgpack_reader reader = msgpack_reader(value);
    struct msgpack_item item;
    if (record->version) return err_set(err, E_BAD_MESSAGE, "\"v\" is there twice");
    if (!msgpack_next(&reader, &item) || item.kind != MSGPACK_UINT || item.uint == 0)
        return err_set(err, E_BAD_MESSAGE, "\"v\" is not a version number");
    if (item.uint > RECORD_VERSION)
        return err_set(err, E_BAD_MESSAGE, "schema version %llu is newer than this program's %d",
                       (unsigned long long)item.uint, RECORD_VERSION);
    record->version = (uint32_t)item.uint;
    return E_OK;
}

static int take_id(struct record *record, struct str value, struct err *err)
{
    struct msgpack_reader reader = msgpack_reader(value);
    struct msgpack_item item;
    if (record->id.data) return err_set(err, E_BAD_MESSAGE, "\"id\" is there twice");
    if (!msgpack_next(&reader, &item) || item.kind != MSGPACK_STR || item.bytes.size == 0 ||
        item.bytes.size > RECORD_ID_BYTES_MAX)
        return err_set(err, E_BAD_MESSAGE, "\"id\" is not a string of 1 to %d bytes",
                       RECORD_ID_BYTES_MAX);
    record->id = item.bytes;
    return E_OK;
}

static int take_pair(struct record *record, struct raw_field *unknown, struct str name,
                     struct str value, struct err *err)
{
    if (str_equal(name, STR("v"))) return take_version(record, value, err);
    if (str_equal(name, STR("id"))) return take_id(record, value, err);
    enum section section = section_by_name(name);
    if (section == SECTION_COUNT) return keep_unknown(unknown, record, name, value, err);
    if (record->sections[section].data)
        return err_set(err, E_BAD_MESSAGE, "section %s is there twice", sections[section].name);
    record->sections[section] = value;
    return E_OK;
}

static int check_pair(struct msgpack_check *check, struct record *record, struct raw_field *unknown,
                      struct err *err)
{
    struct str raw, value;
    struct msgpack_item name;
    int rc = msgpack_check_object(check, 1, &raw, err);
    if (rc) return rc;
    struct msgpack_reader reader = msgpack_reader(raw);
    if (!msgpack_next(&reader, &name) || name.kind != MSGPACK_STR)
        return err_set(err, E_BAD_MESSAGE, "a key of the message is not a string");
    rc = msgpack_check_object(check, 1, &value, err);
    return rc ? rc : take_pair(record, unknown, name.bytes, value, err);
}

int record_scan(struct str message, struct arena *arena, struct record *ret_record, struct err *err)
{
    struct msgpack_check check;
    struct msgpack_item map;
    struct raw_field unknown[RECORD_UNKNOWN_MAX];
    struct record record = {0};
    int rc = msgpack_check_begin(&check, message, err);
    if (rc) return rc;
    if (!msgpack_next(&check.reader, &map) || map.kind != MSGPACK_MAP)
        return err_set(err, E_BAD_MESSAGE, "the message is not a map");
    check.nodes = 1;
    for (uint32_t i = 0; i < map.count; i++) {
        rc = check_pair(&check, &record, unknown, err);
        if (rc) return rc;
    }
    rc = msgpack_check_end(&check, err);
    if (rc) return rc;
    if (!record.version || !record.id.data)
        return err_set(err, E_BAD_MESSAGE, "\"%s\" is missing", record.version ? "id" : "v");
    if (record.unknown.count) {
        struct raw_field *kept = ARENA_ARRAY(arena, struct raw_field, record.unknown.count);
        if (!kept) return err_set(err, E_NO_MEMORY, NULL);
        memcpy(kept, unknown, record.unknown.count * sizeof *kept);
        record.unknown.items = kept;
    }
    *ret_record = record;
    return E_OK;
}

int record_decode(const struct record *record, enum section section, void *ret_value,
                  struct arena *arena, struct err *err)
{
    if (!record_has(record, section))
        return err_set(err, E_BAD_MESSAGE, "section %s is missing", sections[section].name);
    const struct shape *shape = sections[section].shape;
    if (record->values[section])
        return memcpy(ret_value, record->values[section], shape->struct_bytes), E_OK;
    int rc = shape_decode(shape, record->sections[section], ret_value, arena, err);
    return rc ? err_wrap(err, "%s", sections[section].name) : E_OK;
}

const void *record_view(const struct record *record, enum section section, struct arena *arena,
                        struct err *err)
{
    if (record->values[section]) return record->values[section];
    void *value = arena_alloc(arena, sections[section].shape->struct_bytes);
    if (!value) return err_set(err, E_NO_MEMORY, NULL), NULL;
    return record_decode(record, section, value, arena, err) ? NULL : value;
}

int record_put(struct record *record, enum section section, const void *value, struct arena *arena,
               struct err *err)
{
    size_t bytes = sections[section].shape->struct_bytes;
    void *copy = arena_alloc(arena, bytes);
    if (!copy) return err_set(err, E_NO_MEMORY, NULL);
    record_give(record, section, memcpy(copy, value, bytes));
    return E_OK;
}

static int encode_sections(struct record *record, struct arena *arena, struct err *err)
{
    for (int i = 0; i < SECTION_COUNT; i++) {
        if (!record->values[i] || record->sections[i].data) continue;
        int rc = shape_encode(sections[i].shape, record->values[i], arena, &record->sections[i],
                              err);
        if (rc) return rc;
    }
    return E_OK;
}

int record_write(struct record *record, struct arena *arena, struct str *ret_message,
                 struct err *err)
{
    int rc = encode_sections(record, arena, err);
    if (rc) return rc;
    size_t bound = 32 + record->id.size;
    uint32_t count = 2 + record->unknown.count;
    for (int i = 0; i < SECTION_COUNT; i++) {
        if (!record->sections[i].data) continue;
        bound += 32 + record->sections[i].size;
        count++;
    }
    for (uint32_t i = 0; i < record->unknown.count; i++)
        bound += 8 + record->unknown.items[i].name.size + record->unknown.items[i].value.size;
    struct pack pack;
    if (!pack_begin(&pack, arena, bound)) return err_set(err, E_NO_MEMORY, NULL);
    pack_map(&pack, count);
    pack_str(&pack, STR("v")), pack_uint(&pack, record->version ? record->version : RECORD_VERSION);
    pack_str(&pack, STR("id")), pack_str(&pack, record->id);
    for (int i = 0; i < SECTION_COUNT; i++) {
        if (!record->sections[i].data) continue;
        pack_str(&pack, str_of(sections[i].name));
        pack_raw(&pack, record->sections[i]);
    }
    for (uint32_t i = 0; i < record->unknown.count; i++) {
        pack_str(&pack, record->unknown.items[i].name);
        pack_raw(&pack, record->unknown.items[i].value);
    }
    struct str message = pack_end(&pack);
    if (message.size > MSGPACK_BYTES_MAX)
        return err_set(err, E_TOO_LARGE, "record of %zu bytes; the limit is %d", message.size,
                       MSGPACK_BYTES_MAX);
    *ret_message = message;
    return E_OK;
}
