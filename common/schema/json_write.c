/* Msgpack to JSON, straight from the message by the field tables: no struct between. */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "schema/json_plain.h"
#include "schema/json_writing.h"
#include "schema/msgpack.h"

static const char hex[] = "0123456789abcdef";

/* What stands behind the backslash; 0: the character's number. */
static const char escapes[0x80] = {
    ['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
enum { ESCAPE_BYTES = 6 };

static char *write_escape(char *at, unsigned char c)
{
    at[0] = '\\', at[1] = escapes[c];
    if (at[1]) return at + 2;
    char escape[ESCAPE_BYTES] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    memcpy(at, escape, sizeof escape);
    return at + sizeof escape;
}

/* What writing_string() seldom does has functions of its own: it saves no registers then. */
#define SELDOM static __attribute__((noinline))

/* From where the text's first `plain` bytes were copied to `at`. */
SELDOM char *write_escaped(struct buffer *out, char *at, struct str text, size_t plain, size_t more)
{
    for (;;) {
        size_t end = plain + json_plain(text.data + plain, text.size - plain);
        if (end > plain) memcpy(at + plain, text.data + plain, end - plain);
        at += end;
        if (end == text.size) break;
        at = write_escape(at, (unsigned char)text.data[end]);
        text = (struct str){text.data + end + 1, text.size - end - 1};
        at = writing_room(out, at, text.size + more);
        if (!at) return NULL;
        plain = 0;
    }
    *at = '"';
    return at + 1;
}

/* Behind more room. */
SELDOM char *write_grown(struct buffer *out, char *at, struct str text, size_t room, size_t more)
{
    at = writing_room(out, at, room);
    return at ? writing_string(out, at, text, more) : NULL;
}

char *writing_string(struct buffer *out, char *at, struct str text, size_t more)
{
    size_t behind = more + 2 + ESCAPE_BYTES + JSON_COPY_MORE;
    if (!writing_fits(out, at, text.size + behind))
        return write_grown(out, at, text, text.size + behind, more);
    *at++ = '"';
    size_t plain = json_copy_plain(at, text.data, text.size);
    if (plain < text.size) return write_escaped(out, at, text, plain, behind);
    at[plain] = '"';
    return at + plain + 1;
}

void json_write_string(struct buffer *out, struct str text)
{
    char *at = buffer_reserve(out, 1);
    if (at) at = writing_string(out, at, text, 0);
    if (at) out->size = (size_t)(at - out->data);
}

/* --- numbers ---------------------------------------------------------------------------------- */

#define DIGITS(a, b, c) {'0' + (a), '0' + (b), '0' + (c), (a) ? 0 : (b) ? 8 : 16},
#define TENS(a, b)                                                                \
    DIGITS(a, b, 0) DIGITS(a, b, 1) DIGITS(a, b, 2) DIGITS(a, b, 3) DIGITS(a, b, 4) \
    DIGITS(a, b, 5) DIGITS(a, b, 6) DIGITS(a, b, 7) DIGITS(a, b, 8) DIGITS(a, b, 9)
#define HUNDREDS(a)                                        \
    TENS(a, 0) TENS(a, 1) TENS(a, 2) TENS(a, 3) TENS(a, 4) \
    TENS(a, 5) TENS(a, 6) TENS(a, 7) TENS(a, 8) TENS(a, 9)
const char writing_digits[WRITING_SMALL][4] = {
    HUNDREDS(0) HUNDREDS(1) HUNDREDS(2) HUNDREDS(3) HUNDREDS(4)
    HUNDREDS(5) HUNDREDS(6) HUNDREDS(7) HUNDREDS(8) HUNDREDS(9)
};

__attribute__((noinline)) char *writing_u64(char *at, uint64_t value)
{
    if (value < WRITING_SMALL) return writing_small(at, (uint32_t)value);
    at = writing_u64(at, value / 1000);
    memcpy(at, writing_digits[value % 1000], 4);
    return at + 3;
}

/* Printing a vector's 256 numbers by printf would dominate the archive: fixed point does it. */
char *writing_number(char *at, double value)
{
    double magnitude = fabs(value);
    if (!isfinite(value)) {
        memcpy(at, "null", 4);
        return at + 4;
    }
    if (magnitude >= 1e9) /* below, the six decimals are exact in a double */
        return at + snprintf(at, WRITING_SCALAR_BYTES, "%.17g", value);
    uint64_t scaled = (uint64_t)(int64_t)(magnitude * 1e6 + 0.5); /* one instruction if signed */
    uint32_t whole = (uint32_t)(scaled / 1000000), rest = (uint32_t)(scaled % 1000000);
    *at = '-';
    at += scaled && value < 0;
    at = whole < WRITING_SMALL ? writing_small(at, whole) : writing_u64(at, whole);
    /* six digits and what is left of them without the zeros at their end, the first one lowest */
    uint64_t digits = (writing_digits_of(rest / 1000) & UINT32_C(0xffffff)) |
                      (writing_digits_of(rest % 1000) & UINT64_C(0xffffff)) << 24,
             nonzero = digits ^ UINT64_C(0x303030303030);
    size_t left = nonzero ? 8 - (size_t)__builtin_clzll(nonzero) / 8 : 0;
    *at = '.';
    memcpy(at + 1, &digits, sizeof digits);
    return at + left + (left > 0);
}

void json_write_number(struct buffer *out, double value)
{
    char *room = buffer_reserve(out, WRITING_SCALAR_BYTES);
    if (room) out->size += (size_t)(writing_number(room, value) - room);
}

char *writing_time(char *at, int64_t wall_ms)
{
    _Static_assert(TIME_TEXT_BYTES + 2 <= WRITING_SCALAR_BYTES, "with its NUL, and quotes");
    *at++ = '"';
    at += time_format(wall_ms, at);
    *at++ = '"';
    return at;
}

void json_write_base64(struct buffer *out, struct str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *at = (const uint8_t *)bytes.data;
    buffer_add_char(out, '"');
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t three = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) |
                         (left > 2 ? at[i + 2] : 0);
        char four[4] = {
            digits[three >> 18], digits[three >> 12 & 63], digits[three >> 6 & 63],
            digits[three & 63]};
        if (left < 3) four[3] = '=';
        if (left < 2) four[2] = '=';
        buffer_append(out, four, 4);
    }
    buffer_add_char(out, '"');
}

void writing_vector(struct buffer *out, struct str bytes)
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

static bool write_map(struct msgpack_reader *reader, const struct shape *shape, uint32_t count,
                      struct buffer *out);

static void write_whole(struct buffer *out, const struct msgpack_item *item, bool is_time)
{
    char *room = buffer_reserve(out, WRITING_SCALAR_BYTES), *at = room;
    if (!room) return;
    bool below = item->kind == MSGPACK_INT;
    if (is_time && (below || item->uint <= INT64_MAX)) {
        at = writing_time(at, below ? item->sint : (int64_t)item->uint);
    } else {
        *at = '-';
        at = writing_u64(at + below, below ? 0 - (uint64_t)item->sint : item->uint);
    }
    out->size += (size_t)(at - room);
}

/* One msgpack object; `field` tells what it means, NULL that it is unknown. Depth was checked. */
static bool write_any(struct msgpack_reader *reader, const struct field *field, struct buffer *out)
{
    struct msgpack_item item;
    struct field element;
    int kind = field ? (int)field->kind : -1;
    if (!msgpack_next(reader, &item)) return false;
    switch (item.kind) {
    case MSGPACK_NIL:
    case MSGPACK_EXT: buffer_add(out, STR("null")); return true;
    case MSGPACK_BOOL: buffer_add(out, item.flag ? STR("true") : STR("false")); return true;
    case MSGPACK_UINT:
    case MSGPACK_INT: write_whole(out, &item, kind == KIND_time); return true;
    case MSGPACK_FLOAT: json_write_number(out, item.real); return true;
    case MSGPACK_STR: json_write_string(out, item.bytes); return true;
    case MSGPACK_BIN:
        if (kind == KIND_vector) writing_vector(out, item.bytes);
        else json_write_base64(out, item.bytes);
        return true;
    case MSGPACK_ARRAY:
        buffer_add_char(out, '[');
        element = (struct field){.kind = KIND_struct, .shape = field ? field->shape : NULL};
        for (uint32_t i = 0; i < item.count; i++) {
            if (i) buffer_add_char(out, ',');
            if (!write_any(reader, kind == KIND_list ? &element : NULL, out)) return false;
        }
        buffer_add_char(out, ']');
        return true;
    case MSGPACK_MAP: return write_map(reader, field ? field->shape : NULL, item.count, out);
    }
    return false;
}

static bool write_map(struct msgpack_reader *reader, const struct shape *shape, uint32_t count,
                      struct buffer *out)
{
    if (!count) buffer_add_char(out, '{');
    for (uint32_t i = 0; i < count; i++) {
        struct msgpack_item name;
        if (!msgpack_next(reader, &name) || name.kind != MSGPACK_STR) return false;
        const struct field *field = shape ? shape_field(shape, name.bytes) : NULL;
        char *room = field ? buffer_reserve(out, WRITING_FIELD_BYTES) : NULL;
        if (room) {
            out->size += (size_t)(writing_word(room, &field->word) - room);
            if (!i) *room = '{'; /* over the comma */
        } else {
            buffer_add_char(out, i ? ',' : '{');
            json_write_string(out, name.bytes), buffer_add_char(out, ':');
        }
        if (!write_any(reader, field, out)) return false;
    }
    buffer_add_char(out, '}');
    return true;
}

static bool write_any_of(struct buffer *out, const struct shape *shape, struct str bytes)
{
    struct msgpack_reader reader = msgpack_reader(bytes);
    struct field field = {.kind = KIND_struct, .shape = shape};
    return write_any(&reader, shape ? &field : NULL, out);
}

static char *write_section(struct buffer *out, char *at, const struct shape *shape,
                           struct str bytes, size_t more)
{
    out->size = (size_t)(at - out->data);
    return write_any_of(out, shape, bytes) ? buffer_reserve(out, more) : NULL;
}

bool writing_raw(struct buffer *out, struct str bytes) { return write_any_of(out, NULL, bytes); }

static int written(bool ok, size_t before, struct buffer *out, struct err *err)
{
    if (!ok || out->failed) out->size = before; /* no half records */
    if (!ok) return err_set(err, E_BAD_MESSAGE, "a field's name is not a string");
    return out->failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

int json_write_shape(const struct shape *shape, struct str bytes, struct buffer *out,
                     struct err *err)
{
    size_t before = out->size;
    int rc = msgpack_check(bytes, err);
    return rc ? rc : written(write_any_of(out, shape, bytes), before, out, err);
}

int json_write_scanned(const struct record *record, struct buffer *out, struct err *err)
{
    size_t before = out->size;
    uint32_t sections = 0; /* told without a branch each */
    for (int i = 0; i < SECTION_COUNT; i++)
        sections |= (uint32_t)record_has(record, (enum section)i) << i;
    buffer_add(out, STR("{\"id\":"));
    char *at = buffer_reserve(out, 1);
    if (at) at = writing_string(out, at, record->id, WRITING_FIELD_BYTES);
    for (; at && sections; sections &= sections - 1) {
        enum section i = (enum section)__builtin_ctz(sections);
        const struct section_info *info = section_info(i);
        at = writing_word(at, &info->word);
        at = record->values[i]
                 ? info->shape->write_json(out, at, record->values[i], WRITING_FIELD_BYTES)
                 : write_section(out, at, info->shape, record->sections[i], WRITING_FIELD_BYTES);
    }
    if (at && record->unknown.count) at = writing_extra(out, at, &record->unknown, 1);
    if (at) *at++ = '}', out->size = (size_t)(at - out->data);
    return written(at || out->failed, before, out, err);
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
