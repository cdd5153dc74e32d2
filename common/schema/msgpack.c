/* A bounds-checked pull reader, and the check of whole messages. */
#include "schema/msgpack.h"

static uint64_t big_endian(const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) value = value << 8 | at[i];
    return value;
}

/* Reads a number of `size` bytes behind the type byte. */
static bool read_number(struct msgpack_reader *reader, size_t size, uint64_t *ret_value)
{
    if ((size_t)(reader->end - reader->at) < 1 + size) return false;
    *ret_value = big_endian(reader->at + 1, size);
    reader->at += 1 + size;
    return true;
}

/* A length of `size` bytes, `skip` bytes (ext type), then that many bytes. */
static bool read_bytes(struct msgpack_reader *reader, size_t size, size_t skip,
                       enum msgpack_kind kind, struct msgpack_item *item)
{
    uint64_t length;
    if (!read_number(reader, size, &length)) return false;
    if ((uint64_t)(reader->end - reader->at) < length + skip) return false;
    item->kind = kind;
    item->bytes = str_make(reader->at + skip, (size_t)length);
    reader->at += skip + length;
    return true;
}

static bool read_fixed_bytes(struct msgpack_reader *reader, size_t head, size_t length,
                             enum msgpack_kind kind, struct msgpack_item *item)
{
    if ((size_t)(reader->end - reader->at) < head + length) return false;
    item->kind = kind;
    item->bytes = str_make(reader->at + head, length);
    reader->at += head + length;
    return true;
}

/* Every item takes a byte at least, so a count beyond the bytes left is a lie. */
static bool read_container(struct msgpack_reader *reader, uint64_t count, enum msgpack_kind kind,
                           struct msgpack_item *item)
{
    uint64_t left = (uint64_t)(reader->end - reader->at);
    if (count > left / (kind == MSGPACK_MAP ? 2 : 1)) return false;
    item->kind = kind;
    item->count = (uint32_t)count;
    return true;
}

static bool read_signed(struct msgpack_reader *reader, size_t size, struct msgpack_item *item)
{
    uint64_t raw;
    if (!read_number(reader, size, &raw)) return false;
    unsigned shift = (unsigned)(64 - 8 * size);
    int64_t value = (int64_t)(raw << shift) >> shift;
    item->kind = value < 0 ? MSGPACK_INT : MSGPACK_UINT;
    item->sint = value;
    return true;
}

static bool read_float(struct msgpack_reader *reader, size_t size, struct msgpack_item *item)
{
    uint64_t raw;
    if (!read_number(reader, size, &raw)) return false;
    item->kind = MSGPACK_FLOAT;
    if (size == 4) {
        uint32_t bits = (uint32_t)raw;
        float value;
        memcpy(&value, &bits, sizeof value);
        item->real = (double)value;
    } else {
        memcpy(&item->real, &raw, sizeof raw);
    }
    return true;
}

static bool next_long(struct msgpack_reader *reader, uint8_t type, struct msgpack_item *item)
{
    uint64_t count;
    switch (type) {
    case 0xC0: reader->at++; item->kind = MSGPACK_NIL; return true;
    case 0xC2:
    case 0xC3:
        reader->at++;
        item->kind = MSGPACK_BOOL;
        item->flag = type & 1;
        return true;
    case 0xC4:
    case 0xC5:
    case 0xC6: return read_bytes(reader, (size_t)1 << (type - 0xC4), 0, MSGPACK_BIN, item);
    case 0xC7:
    case 0xC8:
    case 0xC9: return read_bytes(reader, (size_t)1 << (type - 0xC7), 1, MSGPACK_EXT, item);
    case 0xCA: return read_float(reader, 4, item);
    case 0xCB: return read_float(reader, 8, item);
    case 0xCC: case 0xCD: case 0xCE: case 0xCF:
        item->kind = MSGPACK_UINT;
        return read_number(reader, (size_t)1 << (type - 0xCC), &item->uint);
    case 0xD0:
    case 0xD1:
    case 0xD2:
    case 0xD3: return read_signed(reader, (size_t)1 << (type - 0xD0), item);
    case 0xD4: case 0xD5: case 0xD6: case 0xD7: case 0xD8:
        return read_fixed_bytes(reader, 2, (size_t)1 << (type - 0xD4), MSGPACK_EXT, item);
    case 0xD9:
    case 0xDA:
    case 0xDB: return read_bytes(reader, (size_t)1 << (type - 0xD9), 0, MSGPACK_STR, item);
    case 0xDC: case 0xDD:
        return read_number(reader, type == 0xDC ? 2 : 4, &count) &&
               read_container(reader, count, MSGPACK_ARRAY, item);
    case 0xDE: case 0xDF:
        return read_number(reader, type == 0xDE ? 2 : 4, &count) &&
               read_container(reader, count, MSGPACK_MAP, item);
    default: return false; /* 0xC1 is never used */
    }
}

static inline bool next_item(struct msgpack_reader *reader, struct msgpack_item *item)
{
    if (reader->at == reader->end) return false;
    uint8_t type = *reader->at;
    if (type <= 0x7F) {
        reader->at++;
        item->kind = MSGPACK_UINT;
        item->uint = type;
        return true;
    }
    if (type >= 0xE0) {
        reader->at++;
        item->kind = MSGPACK_INT;
        item->sint = (int8_t)type;
        return true;
    }
    if (type >= 0xA0 && type <= 0xBF)
        return read_fixed_bytes(reader, 1, type & 0x1F, MSGPACK_STR, item);
    if (type <= 0x9F) {
        reader->at++;
        return read_container(reader, type & 0x0F, type <= 0x8F ? MSGPACK_MAP : MSGPACK_ARRAY,
                              item);
    }
    return next_long(reader, type, item);
}

bool msgpack_next(struct msgpack_reader *reader, struct msgpack_item *item)
{
    return next_item(reader, item);
}

/* Most strings are short names in ASCII: no call for these. */
static inline bool is_text(struct str bytes)
{
    uint64_t first = 0, last = 0; /* they overlap */
    if (bytes.size > 16) return str_is_utf8(bytes);
    if (bytes.size >= 8) {
        memcpy(&first, bytes.data, 8);
        memcpy(&last, bytes.data + bytes.size - 8, 8);
    } else if (bytes.size >= 4) {
        memcpy(&first, bytes.data, 4);
        memcpy(&last, bytes.data + bytes.size - 4, 4);
    } else {
        for (size_t i = 0; i < bytes.size; i++) first |= (uint8_t)bytes.data[i];
    }
    return !((first | last) & UINT64_C(0x8080808080808080)) || str_is_utf8(bytes);
}

static size_t position(const struct msgpack_check *check)
{
    return (size_t)(check->reader.at - (const uint8_t *)check->message.data);
}

/* As many objects, at this depth. Recursion is bounded by MSGPACK_DEPTH_MAX. */
static int check_objects(struct msgpack_check *check, uint64_t count, unsigned depth,
                         struct err *err)
{
    for (; count; count--) {
        struct msgpack_item item;
        size_t at = position(check);
        if (!next_item(&check->reader, &item))
            return err_set(err, E_BAD_MESSAGE, "msgpack is cut off or invalid at byte %zu", at);
        if (check->nodes++ == MSGPACK_NODES_MAX)
            return err_set(err, E_BAD_MESSAGE, "msgpack holds more than %d objects",
                           MSGPACK_NODES_MAX);
        if (item.kind == MSGPACK_STR && !is_text(item.bytes))
            return err_set(err, E_BAD_MESSAGE, "string at byte %zu is not UTF-8", at);
        if (item.kind != MSGPACK_ARRAY && item.kind != MSGPACK_MAP) continue;
        if (depth == MSGPACK_DEPTH_MAX)
            return err_set(err, E_BAD_MESSAGE, "msgpack nests deeper than %d at byte %zu",
                           MSGPACK_DEPTH_MAX, at);
        int rc = check_objects(check, (uint64_t)item.count * (item.kind == MSGPACK_MAP ? 2 : 1),
                               depth + 1, err);
        if (rc) return rc;
    }
    return E_OK;
}

int msgpack_check_begin(struct msgpack_check *check, struct str message, struct err *err)
{
    if (message.size > MSGPACK_BYTES_MAX)
        return err_set(err, E_TOO_LARGE, "message of %zu bytes; the limit is %d", message.size,
                       MSGPACK_BYTES_MAX);
    *check = (struct msgpack_check){.message = message, .reader = msgpack_reader(message)};
    return E_OK;
}

int msgpack_check_object(struct msgpack_check *check, unsigned depth, struct str *ret_raw,
                         struct err *err)
{
    const uint8_t *start = check->reader.at;
    int rc = check_objects(check, 1, depth, err);
    if (rc == E_OK && ret_raw) *ret_raw = str_make(start, (size_t)(check->reader.at - start));
    return rc;
}

int msgpack_check_end(const struct msgpack_check *check, struct err *err)
{
    size_t left = (size_t)(check->reader.end - check->reader.at);
    return left ? err_set(err, E_BAD_MESSAGE, "%zu bytes behind the end of the message", left)
                : E_OK;
}

int msgpack_check(struct str message, struct err *err)
{
    struct msgpack_check check;
    int rc = msgpack_check_begin(&check, message, err);
    if (rc == E_OK) rc = msgpack_check_object(&check, 0, NULL, err);
    return rc ? rc : msgpack_check_end(&check, err);
}

static bool skip_objects(struct msgpack_reader *reader, uint64_t count, unsigned depth)
{
    for (; count; count--) {
        struct msgpack_item item;
        if (!next_item(reader, &item)) return false;
        if (item.kind != MSGPACK_ARRAY && item.kind != MSGPACK_MAP) continue;
        if (depth == MSGPACK_DEPTH_MAX) return false;
        if (!skip_objects(reader, (uint64_t)item.count * (item.kind == MSGPACK_MAP ? 2 : 1),
                          depth + 1))
            return false;
    }
    return true;
}

bool msgpack_skip(struct msgpack_reader *reader, struct str *ret_raw)
{
    const uint8_t *start = reader->at;
    if (!skip_objects(reader, 1, 0)) return false;
    if (ret_raw) *ret_raw = str_make(start, (size_t)(reader->at - start));
    return true;
}
