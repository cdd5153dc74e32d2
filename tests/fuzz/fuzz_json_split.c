/* links: common_schema */
/* Many values in one text: one that comes in parts gives the same values, at the same places; no
 * byte that a value may hold is lost; it ends. */
#include <assert.h>

#include "base/buffer.h"
#include "schema/json_split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next value of a text that comes `step` bytes at a time. */
static bool next_of_parts(struct json_split *split, struct str all, size_t step, size_t *shown,
                          struct str *ret_text, struct json_place *ret_place)
{
    for (;;) {
        size_t at = split->rest.data ? (size_t)(split->rest.data - all.data) : 0;
        split->rest = str_slice(all, at, *shown);
        split->complete = *shown == all.size;
        if (json_split_next(split, ret_text, ret_place)) return true;
        if (split->complete) return false;
        *shown = *shown + step < all.size ? *shown + step : all.size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    struct str all = str_make((const char *)data + 1, size - 1), text, part;
    struct json_split whole = json_split(all, true), parts = {.rest = str_slice(all, 0, 0)};
    struct json_place place, part_place;
    size_t step = data[0] % 16 + 1, shown = (size_t)(whole.rest.data - all.data);
    parts.rest.data = whole.rest.data;
    while (json_split_next(&whole, &text, &place)) {
        assert(text.size && text.data >= all.data && text.data + text.size <= all.data + all.size);
        assert(place.line && place.column);
        assert(next_of_parts(&parts, all, step, &shown, &part, &part_place));
        assert(part.data == text.data && part.size == text.size);
        assert(part_place.line == place.line && part_place.column == place.column);
    }
    assert(whole.rest.size == 0);
    assert(!next_of_parts(&parts, all, step, &shown, &part, &part_place));
    return 0;
}
