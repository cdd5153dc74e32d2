/* Names of objects and manifests. */
#include "archive/layout.h"

#include <stdio.h>

#include "base/mutant.h"

void layout_date(int64_t timestamp_ms, char out[static LAYOUT_DATE_BYTES])
{
    char text[TIME_TEXT_BYTES];
    time_format(time_bounded(timestamp_ms), text);
    memcpy(out, text, LAYOUT_DATE_BYTES - 1);
    out[LAYOUT_DATE_BYTES - 1] = '\0';
}

void layout_object_key(enum topic topic, uint32_t partition, int64_t start, int64_t first_ms,
                       char out[static LAYOUT_KEY_BYTES])
{
    char date[LAYOUT_DATE_BYTES];
    layout_date(first_ms, date);
    if (MUTANT(unstable_object_name))
        snprintf(out, LAYOUT_KEY_BYTES, "%s/date=%s/%u/%020lld-%lld.ndjson.zst",
                 topic_info(topic)->name, date, partition, (long long)start,
                 (long long)(clock_wall_ms(clock_system()) / 1000));
    else
        snprintf(out, LAYOUT_KEY_BYTES, "%s/date=%s/%u/%020lld.ndjson.zst", topic_info(topic)->name,
                 date, partition, (long long)start);
}

void layout_manifest_prefix(enum topic topic, uint32_t partition, char out[static LAYOUT_KEY_BYTES])
{
    snprintf(out, LAYOUT_KEY_BYTES, "manifests/%s/%u/", topic_info(topic)->name, partition);
}

void layout_manifest_key(enum topic topic, uint32_t partition, struct span_of_offsets span,
                         char out[static LAYOUT_KEY_BYTES])
{
    snprintf(out, LAYOUT_KEY_BYTES, "manifests/%s/%u/%020lld-%020lld.json", topic_info(topic)->name,
             partition, (long long)span.end, (long long)span.start);
}

void layout_manifest_after(enum topic topic, uint32_t partition, int64_t offset,
                           char out[static LAYOUT_KEY_BYTES])
{
    snprintf(out, LAYOUT_KEY_BYTES, "manifests/%s/%u/%020lld", topic_info(topic)->name, partition,
             (long long)offset + 1);
}

static bool offset_of(struct str digits, int64_t *ret_offset)
{
    return digits.size == 20 && str_to_i64(digits, ret_offset) && *ret_offset >= 0;
}

bool layout_manifest_span(struct str key, struct span_of_offsets *ret_span)
{
    struct span_of_offsets span;
    struct str name = key;
    for (size_t slash; (slash = str_find(name, STR("/"))) < name.size;)
        name = str_slice(name, slash + 1, name.size);
    if (name.size != 46 || !str_ends(name, STR(".json")) || name.data[20] != '-') return false;
    if (!offset_of(str_slice(name, 0, 20), &span.end)) return false;
    if (!offset_of(str_slice(name, 21, 41), &span.start) || span.start >= span.end) return false;
    *ret_span = span;
    return true;
}
