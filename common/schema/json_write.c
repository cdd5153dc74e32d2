/* Msgpack to JSON, straight from the message by the field tables: no struct between. */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "schema/json.h"
#include "schema/msgpack.h"

static const char hex[] = "0123456789abcdef";

static void write_escape(struct buffer *out, unsigned char c)
{
    switch (c) {
    case '"': buffer_add(out, STR("\\\"")); return;
    case '\\': buffer_add(out, STR("\\\\")); return;
    case '\n': buffer_add(out, STR("\\n")); return;
    case '\r': buffer_add(out, STR("\\r")); return;
    case '\t': buffer_add(out, STR("\\t")); return;
    default: {
        char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        buffer_append(out, escape, sizeof escape);
    }
    }
}

#define EACH_BYTE(c) (0x0101010101010101u * (uint64_t)(c))

/* Does none of eight bytes need an escape? (Bit tricks for "a byte is less than n", "is n": Anderson,
 * "Bit Twiddling Hacks". A byte of 0x80 or more is never taken for one that does.) */
static inline bool plain_eight(const char *at)
{
    uint64_t x;
    memcpy(&x, at, sizeof x);
    uint64_t quote = x ^ EACH_BYTE('"'), slash = x ^ EACH_BYTE('\\'), del = x ^ EACH_BYTE(0x7F);
    uint64_t found = ((x - EACH_BYTE(0x20)) & ~x) | ((quote - EACH_BYTE(1)) & ~quote) |
                     ((slash - EACH_BYTE(1)) & ~slash) | ((del - EACH_BYTE(1)) & ~del);
    return (found & EACH_BYTE(0x80)) == 0;
}

void json_write_string(struct buffer *out, struct str text)
{
    buffer_add_char(out, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.size; i++) {
        while (text.size - i > 8 && plain_eight(text.data + i)) i += 8;
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F) continue;
        buffer_append(out, text.data + start, i - start);
        write_escape(out, c);
        start = i + 1;
    }
    buffer_add(out, str_slice(text, start, text.size)); /* data may be NULL when it is empty */
    buffer_add_char(out, '"');
}

static void write_u64(struct buffer *out, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    buffer_append(out, digits + at, sizeof digits - at);
}

/* Printing a vector's 256 numbers by printf would dominate the archive: fixed point does it. */
void json_write_number(struct buffer *out, double value)
{
    if (!isfinite(value)) {
        buffer_add(out, STR("null"));
        return;
    }
    if (fabs(value) >= 1e9) { /* below, the six decimals are exact in a double */
        buffer_printf(out, "%.17g", value);
        return;
    }
    double magnitude = fabs(value);
    uint64_t scaled = (uint64_t)(magnitude * 1e6 + 0.5), whole = scaled / 1000000, rest = scaled % 1000000;
    if (scaled && value < 0) buffer_add_char(out, '-');
    write_u64(out, whole);
    if (rest == 0) return;
    char fraction[7] = {'.'};
    size_t size = 7;
    for (size_t i = 6; i > 0; i--, rest /= 10) fraction[i] = (char)('0' + rest % 10);
    while (fraction[size - 1] == '0') size--;
    buffer_append(out, fraction, size);
}

static void write_time(struct buffer *out, int64_t wall_ms)
{
    char text[TIME_TEXT_BYTES];
    size_t size = time_format(wall_ms, text);
    buffer_add_char(out, '"');
    buffer_append(out, text, size);
    buffer_add_char(out, '"');
}

void json_write_base64(struct buffer *out, struct str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *at = (const uint8_t *)bytes.data;
    buffer_add_char(out, '"');
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t three = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) | (left > 2 ? at[i + 2] : 0);
        char four[4] = {digits[three >> 18], digits[three >> 12 & 63], digits[three >> 6 & 63], digits[three & 63]};
        if (left < 3) four[3] = '=';
        if (left < 2) four[2] = '=';
        buffer_append(out, four, 4);
    }
    buffer_add_char(out, '"');
}

static void write_vector(struct buffer *out, struct str bytes)
{
    buffer_add_char(out, '[');
    for (size_t i = 0; i + sizeof(float) <= bytes.size; i += sizeof(float)) {
        float value;
        memcpy(&value, bytes.data + i, sizeof value);
        if (i) buffer_add_char(out, ',');
        json_write_number(out, (double)value);
    }
    buffer_add_char(out, ']');
}

static bool write_map(struct msgpack_reader *reader, const struct shape *shape, uint32_t count, struct buffer *out);

/* One msgpack object; `field` tells what it means, NULL that it is unknown. Depth was checked. */
static bool write_any(struct msgpack_reader *reader, const struct field *field, struct buffer *out)
{
    struct msgpack_item item;
    int kind = field ? (int)field->kind : -1;
    if (!msgpack_next(reader, &item)) return false;
    switch (item.kind) {
    case MSGPACK_NIL:
    case MSGPACK_EXT: buffer_add(out, STR("null")); return true;
    case MSGPACK_BOOL: buffer_add(out, item.flag ? STR("true") : STR("false")); return true;
    case MSGPACK_UINT:
        if (kind == KIND_time && item.uint <= INT64_MAX) write_time(out, (int64_t)item.uint);
        else write_u64(out, item.uint);
        return true;
    case MSGPACK_INT:
        if (kind == KIND_time) write_time(out, item.sint);
        else buffer_add_char(out, '-'), write_u64(out, 0 - (uint64_t)item.sint);
        return true;
    case MSGPACK_FLOAT: json_write_number(out, item.real); return true;
    case MSGPACK_STR: json_write_string(out, item.bytes); return true;
    case MSGPACK_BIN:
        if (kind == KIND_vector) write_vector(out, item.bytes);
        else json_write_base64(out, item.bytes);
        return true;
    case MSGPACK_ARRAY:
        buffer_add_char(out, '[');
        for (uint32_t i = 0; i < item.count; i++) {
            struct field element = {.kind = KIND_struct, .shape = field ? field->shape : NULL};
            if (i) buffer_add_char(out, ',');
            if (!write_any(reader, kind == KIND_list ? &element : NULL, out)) return false;
        }
        buffer_add_char(out, ']');
        return true;
    case MSGPACK_MAP: return write_map(reader, field ? field->shape : NULL, item.count, out);
    }
    return false;
}

/* "name": of a field of ours, which needs no escapes. */
static void write_known_name(struct buffer *out, struct str name)
{
    char *room = buffer_reserve(out, name.size + 3);
    if (!room) return;
    room[0] = '"';
    memcpy(room + 1, name.data, name.size);
    memcpy(room + 1 + name.size, "\":", 2);
    out->size += name.size + 3;
}

static bool write_map(struct msgpack_reader *reader, const struct shape *shape, uint32_t count, struct buffer *out)
{
    buffer_add_char(out, '{');
    for (uint32_t i = 0; i < count; i++) {
        struct msgpack_item name;
        if (!msgpack_next(reader, &name) || name.kind != MSGPACK_STR) return false;
        const struct field *field = shape ? shape_field(shape, name.bytes) : NULL;
        if (i) buffer_add_char(out, ',');
        if (field) write_known_name(out, name.bytes);
        else json_write_string(out, name.bytes), buffer_add_char(out, ':');
        if (!write_any(reader, field, out)) return false;
    }
    buffer_add_char(out, '}');
    return true;
}

static bool write_section(const struct shape *shape, struct str bytes, struct buffer *out)
{
    struct msgpack_reader reader = msgpack_reader(bytes);
    struct field field = {.kind = KIND_struct, .shape = shape};
    return write_any(&reader, shape ? &field : NULL, out);
}

static int written(bool ok, size_t before, struct buffer *out, struct err *err)
{
    if (!ok || out->failed) out->size = before; /* no half records */
    if (!ok) return err_set(err, E_BAD_MESSAGE, "a field's name is not a string");
    return out->failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

int json_write_shape(const struct shape *shape, struct str bytes, struct buffer *out, struct err *err)
{
    size_t before = out->size;
    int rc = msgpack_check(bytes, err);
    return rc ? rc : written(write_section(shape, bytes, out), before, out, err);
}

int json_write_scanned(const struct record *record, struct buffer *out, struct err *err)
{
    size_t before = out->size;
    bool ok = true;
    buffer_add(out, STR("{\"id\":"));
    json_write_string(out, record->id);
    for (int i = 0; ok && i < SECTION_COUNT; i++) {
        if (!record->sections[i].data) continue;
        buffer_add(out, STR(",\""));
        buffer_add(out, str_of(section_info((enum section)i)->name));
        buffer_add(out, STR("\":"));
        ok = write_section(section_info((enum section)i)->shape, record->sections[i], out);
    }
    for (uint32_t i = 0; ok && i < record->unknown.count; i++) {
        buffer_add_char(out, ',');
        json_write_string(out, record->unknown.items[i].name);
        buffer_add_char(out, ':');
        ok = write_section(NULL, record->unknown.items[i].value, out);
    }
    if (ok) buffer_add_char(out, '}');
    return written(ok, before, out, err);
}

int json_write_record(struct str message, struct buffer *out, struct err *err)
{
    struct arena arena = {0}; /* only unknown sections use it */
    struct record record;
    int rc = record_scan(message, &arena, &record, err);
    if (rc == E_OK) rc = json_write_scanned(&record, out, err);
    arena_deinit(&arena);
    return rc;
}
