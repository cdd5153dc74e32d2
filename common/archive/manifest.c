/* Manifests as JSON. */
#include "archive/manifest.h"

#include <stddef.h>

#include "schema/json.h"

void object_facts_add(struct object_facts *facts, int64_t offset, int64_t timestamp_ms, bool raw,
                      size_t line_bytes)
{
    timestamp_ms = time_bounded(timestamp_ms);
    if (facts->records == 0) {
        facts->span.start = offset;
        facts->first_ms = facts->earliest_ms = facts->latest_ms = timestamp_ms;
    }
    if (timestamp_ms < facts->earliest_ms) facts->earliest_ms = timestamp_ms;
    if (timestamp_ms > facts->latest_ms) facts->latest_ms = timestamp_ms;
    facts->span.end = offset + 1;
    facts->records++;
    facts->raw += raw;
    facts->content_bytes += line_bytes;
}

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

/* Texts and numbers as they stand, before they are taken for what they mean. */
struct fields {
    struct str object, topic, earliest, latest, sha256, content_sha256;
    uint64_t partition, start, end, records, raw, bytes, content_bytes;
};

/* clang-format off */
static const struct {
    const char *name;
    enum json_kind kind;
    size_t at;
} fields_known[] = {
    {"object",         JSON_STRING, offsetof(struct fields, object)},
    {"topic",          JSON_STRING, offsetof(struct fields, topic)},
    {"partition",      JSON_NUMBER, offsetof(struct fields, partition)},
    {"start",          JSON_NUMBER, offsetof(struct fields, start)},
    {"end",            JSON_NUMBER, offsetof(struct fields, end)},
    {"records",        JSON_NUMBER, offsetof(struct fields, records)},
    {"raw",            JSON_NUMBER, offsetof(struct fields, raw)},
    {"earliest",       JSON_STRING, offsetof(struct fields, earliest)},
    {"latest",         JSON_STRING, offsetof(struct fields, latest)},
    {"bytes",          JSON_NUMBER, offsetof(struct fields, bytes)},
    {"sha256",         JSON_STRING, offsetof(struct fields, sha256)},
    {"content_bytes",  JSON_NUMBER, offsetof(struct fields, content_bytes)},
    {"content_sha256", JSON_STRING, offsetof(struct fields, content_sha256)},
};
/* clang-format on */
enum { FIELDS = sizeof fields_known / sizeof fields_known[0] };

/* The known field that is called so, or FIELDS. */
static size_t find_field(struct str name)
{
    size_t i = 0;
    while (i < FIELDS && !str_equal(name, str_of(fields_known[i].name))) i++;
    return i;
}

static bool read_field(struct json_reader *reader, size_t field, struct fields *fields)
{
    struct json_value value;
    char *into = (char *)fields + fields_known[field].at;
    if (!json_next(reader, &value) || value.kind != fields_known[field].kind) return false;
    if (value.kind == JSON_NUMBER) return str_to_u64(value.text, (uint64_t *)(void *)into);
    memcpy(into, &value.text, sizeof value.text);
    return true;
}

static int read_fields(struct str text, struct arena *arena, struct fields *fields, struct err *err)
{
    struct json_reader reader = json_reader(text, arena);
    struct json_value value;
    struct str name, raw;
    uint32_t found = 0;
    if (!json_next(&reader, &value)) return json_fault(&reader, err);
    if (value.kind != JSON_OBJECT) return err_set(err, E_BAD_MESSAGE, "a manifest is no object");
    for (bool first = true; json_member(&reader, &first, &name);) {
        size_t field = find_field(name);
        if (field == FIELDS ? !json_skip(&reader, &raw) : !read_field(&reader, field, fields))
            break;
        if (field < FIELDS) found |= 1u << field;
    }
    if (!json_end(&reader)) return json_fault(&reader, err);
    if (found == (1u << FIELDS) - 1) return E_OK;
    return err_set(err, E_BAD_MESSAGE, "a manifest misses something");
}

static bool take_sha256(struct str text, char out[static SHA256_TEXT_BYTES])
{
    if (text.size >= SHA256_TEXT_BYTES) return false;
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return true;
}

int manifest_read(struct str text, struct arena *arena, struct manifest *ret_manifest,
                  struct err *err)
{
    struct fields fields = {0};
    int rc = read_fields(text, arena, &fields, err);
    if (rc != E_OK) return rc;
    struct manifest manifest = {
        .object = fields.object,
        .facts = {.topic = topic_by_name(fields.topic),
                  .partition = (uint32_t)fields.partition,
                  .span = {(int64_t)fields.start, (int64_t)fields.end},
                  .records = fields.records,
                  .raw = fields.raw,
                  .bytes = fields.bytes,
                  .content_bytes = fields.content_bytes},
    };
    bool sound = manifest.facts.topic != TOPIC_NONE && fields.partition <= UINT32_MAX &&
                 fields.start < fields.end && fields.end <= INT64_MAX &&
                 time_parse(fields.earliest, &manifest.facts.earliest_ms) &&
                 time_parse(fields.latest, &manifest.facts.latest_ms) &&
                 take_sha256(fields.sha256, manifest.facts.sha256) &&
                 take_sha256(fields.content_sha256, manifest.facts.content_sha256);
    if (!sound) return err_set(err, E_BAD_MESSAGE, "a manifest says what can't be");
    *ret_manifest = manifest;
    return E_OK;
}

static bool same_facts(const struct object_facts *a, const struct object_facts *b)
{
    return a->span.start == b->span.start && a->span.end == b->span.end &&
           a->records == b->records && a->raw == b->raw && a->earliest_ms == b->earliest_ms &&
           a->latest_ms == b->latest_ms && a->bytes == b->bytes &&
           a->content_bytes == b->content_bytes && strcmp(a->sha256, b->sha256) == 0 &&
           strcmp(a->content_sha256, b->content_sha256) == 0;
}

int manifest_check(const struct manifest *manifest, const struct object_facts *found,
                   struct err *err)
{
    const struct object_facts *told = &manifest->facts;
    char key[LAYOUT_KEY_BYTES];
    layout_object_key(told->topic, told->partition, found->span.start, found->first_ms, key);
    if (!same_facts(told, found))
        return err_set(err, E_BAD_MESSAGE,
                       "holds %llu records in %llu bytes with SHA-256 %.8s…, its manifest says "
                       "%llu, %llu, %.8s…, or other times and contents",
                       (unsigned long long)found->records, (unsigned long long)found->bytes,
                       found->sha256, (unsigned long long)told->records,
                       (unsigned long long)told->bytes, told->sha256);
    if (!str_equal(manifest->object, str_of(key)))
        return err_set(err, E_BAD_MESSAGE, "should be called %s", key);
    return E_OK;
}
