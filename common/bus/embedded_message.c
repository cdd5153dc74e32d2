/* A message as bytes of the embedded bus.
 *
 *   0  i64 timestamp_ms     8  i64 written_ms (retention counts from it)
 *   16 u16 key size        18  u16 header count       20  u32 value size
 *   24 per header: u16 name size, u32 value size
 *   then the headers' names and values, the key, the value; nothing after it
 *
 * In the machine's byte order, as everything in LMDB; the environment's record says which. */
#include <string.h>

#include "bus/embedded.h"

enum { HEADER_SIZES_BYTES = 6 };

size_t stored_size(const struct bus_output *output)
{
    size_t size = STORED_FIXED_BYTES + output->key.size + output->value.size;
    for (uint32_t i = 0; i < output->header_count; i++)
        size += HEADER_SIZES_BYTES + output->headers[i].name.size + output->headers[i].value.size;
    return size;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
    if (size) memcpy(at, bytes, size);
    return at + size;
}

void stored_write(uint8_t *room, const struct bus_output *output, int64_t written_ms)
{
    uint16_t key_size = (uint16_t)output->key.size, header_count = (uint16_t)output->header_count;
    uint32_t value_size = (uint32_t)output->value.size;
    room = put(room, &output->timestamp_ms, 8);
    room = put(room, &written_ms, 8);
    room = put(room, &key_size, 2);
    room = put(room, &header_count, 2);
    room = put(room, &value_size, 4);
    for (uint32_t i = 0; i < output->header_count; i++) {
        uint16_t name_bytes = (uint16_t)output->headers[i].name.size;
        uint32_t value_bytes = (uint32_t)output->headers[i].value.size;
        room = put(room, &name_bytes, 2);
        room = put(room, &value_bytes, 4);
    }
    for (uint32_t i = 0; i < output->header_count; i++) {
        room = put(room, output->headers[i].name.data, output->headers[i].name.size);
        room = put(room, output->headers[i].value.data, output->headers[i].value.size);
    }
    room = put(room, output->key.data, output->key.size);
    put(room, output->value.data, output->value.size);
}

/* Cuts `size` bytes off the front of *rest. */
static bool take(struct str *rest, size_t size, struct str *ret_part)
{
    if (rest->size < size) return false;
    *ret_part = str_make(rest->data, size);
    *rest = str_make(rest->data + size, rest->size - size);
    return true;
}

bool stored_times(struct str bytes, int64_t *ret_timestamp_ms, int64_t *ret_written_ms)
{
    if (bytes.size < STORED_FIXED_BYTES) return false;
    memcpy(ret_timestamp_ms, bytes.data, 8);
    memcpy(ret_written_ms, bytes.data + 8, 8);
    return true;
}

bool stored_read(struct str bytes, struct bus_message *message,
                 struct bus_header room[static BUS_HEADERS_MAX])
{
    struct str rest = bytes, fixed, sizes;
    uint16_t key_size, header_count;
    uint32_t value_size;
    if (!take(&rest, STORED_FIXED_BYTES, &fixed)) return false;
    memcpy(&message->timestamp_ms, fixed.data, 8);
    memcpy(&key_size, fixed.data + 16, 2);
    memcpy(&header_count, fixed.data + 18, 2);
    memcpy(&value_size, fixed.data + 20, 4);
    if (header_count > BUS_HEADERS_MAX) return false;
    if (!take(&rest, (size_t)header_count * HEADER_SIZES_BYTES, &sizes)) return false;
    for (uint32_t i = 0; i < header_count; i++) {
        uint16_t name_bytes;
        uint32_t value_bytes;
        memcpy(&name_bytes, sizes.data + i * HEADER_SIZES_BYTES, 2);
        memcpy(&value_bytes, sizes.data + i * HEADER_SIZES_BYTES + 2, 4);
        if (!take(&rest, name_bytes, &room[i].name)) return false;
        if (!take(&rest, value_bytes, &room[i].value)) return false;
    }
    if (!take(&rest, key_size, &message->key) || !take(&rest, value_size, &message->value))
        return false;
    message->headers = room;
    message->header_count = header_count;
    return rest.size == 0;
}
