/* Values of structs to JSON that are no scalars; their structs are written by
 * json_write_fields.h. */
#include "schema/json_writing.h"

void writing_set(struct buffer *out, const struct enumeration *enumeration, uint32_t bits)
{
    bool first = true;
    buffer_add_char(out, '[');
    for (uint32_t i = 0; i < enumeration->count; i++) {
        if (!(bits >> i & 1)) continue;
        char *room = buffer_reserve(out, 1 + sizeof(struct json_word));
        if (!room) return;
        *room = ',';
        out->size += (size_t)(writing_word(room + !first, &enumeration->words[i]) - room);
        first = false;
    }
    buffer_add_char(out, ']');
}

void writing_strs(struct buffer *out, const struct str_list *list)
{
    buffer_add_char(out, '[');
    for (uint32_t i = 0; i < list->count; i++) {
        if (i) buffer_add_char(out, ',');
        json_write_string(out, list->items[i]);
    }
    buffer_add_char(out, ']');
}

void writing_map(struct buffer *out, const struct str_map *map)
{
    buffer_add_char(out, '{');
    for (uint32_t i = 0; i < map->count; i++) {
        if (i) buffer_add_char(out, ',');
        json_write_string(out, map->items[i].name);
        buffer_add_char(out, ':');
        json_write_string(out, map->items[i].value);
    }
    buffer_add_char(out, '}');
}

char *writing_extra(struct buffer *out, char *at, const struct raw_fields *extra, size_t more)
{
    out->size = (size_t)(at - out->data);
    for (uint32_t i = 0; i < extra->count; i++) {
        buffer_add_char(out, ',');
        json_write_string(out, extra->items[i].name);
        buffer_add_char(out, ':');
        if (!writing_raw(out, extra->items[i].value)) return NULL;
    }
    return buffer_reserve(out, more);
}
