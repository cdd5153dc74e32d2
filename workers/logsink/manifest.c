/* Manifests as JSON. */
#include "workers/logsink/manifest.h"

#include "schema/json.h"

void manifest_write(const struct object_facts *facts, struct buffer *out)
{
    char key[LAYOUT_KEY_BYTES], earliest[TIME_TEXT_BYTES], latest[TIME_TEXT_BYTES];
    layout_object_key(facts->topic, facts->partition, facts->span.start, facts->first_ms, key);
    time_format(facts->earliest_ms, earliest);
    time_format(facts->latest_ms, latest);
    buffer_printf(out, "{\"object\":\"%s\",\"topic\":\"%s\",\"partition\":%u,", key,
                  topic_info(facts->topic)->name, facts->partition);
    buffer_printf(out, "\"start\":%lld,\"end\":%lld,\"records\":%llu,\"raw\":%llu,",
                  (long long)facts->span.start, (long long)facts->span.end,
                  (unsigned long long)facts->records, (unsigned long long)facts->raw);
    buffer_printf(out, "\"earliest\":\"%s\",\"latest\":\"%s\",", earliest, latest);
    buffer_printf(out, "\"bytes\":%llu,\"sha256\":\"%s\",", (unsigned long long)facts->bytes,
                  facts->sha256);
    buffer_printf(out, "\"content_bytes\":%llu,\"content_sha256\":\"%s\"}\n",
                  (unsigned long long)facts->content_bytes, facts->content_sha256);
}

int manifest_read(struct str text, struct arena *arena, struct manifest *ret_manifest,
                  struct err *err)
{
    struct json_reader reader = json_reader(text, arena);
    struct json_value value;
    struct manifest manifest = {0};
    struct str name, raw;
    unsigned found = 0;
    if (!json_next(&reader, &value)) return json_fault(&reader, err);
    if (value.kind != JSON_OBJECT) return err_set(err, E_BAD_MESSAGE, "a manifest is no object");
    for (bool first = true; json_member(&reader, &first, &name);) {
        bool object = str_equal(name, STR("object")), earliest = str_equal(name, STR("earliest"));
        if (!object && !earliest && !str_equal(name, STR("latest"))) {
            if (!json_skip(&reader, &raw)) break;
            continue;
        }
        if (!json_next(&reader, &value) || value.kind != JSON_STRING) break;
        if (object)
            manifest.object = value.text, found++;
        else
            found += time_parse(value.text, earliest ? &manifest.earliest_ms : &manifest.latest_ms);
    }
    if (!json_end(&reader)) return json_fault(&reader, err);
    if (found != 3) return err_set(err, E_BAD_MESSAGE, "a manifest misses something");
    *ret_manifest = manifest;
    return E_OK;
}
