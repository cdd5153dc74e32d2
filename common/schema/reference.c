/* Walks the tables three times: for people, for validators, for those who subscribe. */
#include "schema/reference.h"

#include <stdio.h>

#include "schema/json.h"
#include "schema/topic.h"

/* --- Markdown --------------------------------------------------------------------------------- */

static void type_name(const struct field *field, char out[static 64])
{
    static const char *const names[] = {
        [KIND_bool] = "boolean", [KIND_u32] = "uint32", [KIND_u64] = "uint64",
        [KIND_f32] = "float32", [KIND_amount] = "float32 from 0", [KIND_str] = "string",
        [KIND_bin] = "binary", [KIND_time] = "time", [KIND_strs] = "list of strings",
        [KIND_map] = "map of strings", [KIND_vector] = "vector of float32",
    };
    switch ((enum field_kind)field->kind) {
    case KIND_enum: snprintf(out, 64, "enum %s", field->enumeration->name); return;
    case KIND_set: snprintf(out, 64, "set of %s", field->enumeration->name); return;
    case KIND_struct: snprintf(out, 64, "%s", field->shape->name); return;
    case KIND_list: snprintf(out, 64, "list of %s", field->shape->name); return;
    default: snprintf(out, 64, "%s", names[field->kind]);
    }
}

static void markdown_shape(const struct shape *shape, struct buffer *out)
{
    buffer_add(out, STR("| field | type | | most | what |\n|---|---|---|---|---|\n"));
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        char type[64], most[16] = "";
        type_name(field, type);
        if (field->most) snprintf(most, sizeof most, "%u", field->most);
        buffer_printf(out, "| `%s` | %s | %s | %s | %s |\n", field->name, type,
                      field->required ? "required" : "", most, field->help);
    }
}

static void markdown_inner(const struct shape *shape, const struct shape **seen, size_t *count,
                           struct buffer *out)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct shape *inner = shape->fields[i].shape;
        bool known = !inner;
        for (size_t j = 0; j < *count && !known; j++) known = seen[j] == inner;
        if (known || *count == 32) continue;
        seen[(*count)++] = inner;
        buffer_printf(out, "\n### %s\n\n", inner->name);
        markdown_shape(inner, out);
        markdown_inner(inner, seen, count, out);
    }
}

static void markdown_enums(struct buffer *out)
{
    static const struct enumeration *const all[] = {
#define ENUMERATION(name, VALUES) &name##_enumeration,
#include "schemas/enums.def"
#undef ENUMERATION
    };
    buffer_add(out, STR("\n## Enumerations\n\n| name | values |\n|---|---|\n"));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        buffer_printf(out, "| %s | ", all[i]->name);
        for (uint32_t j = 0; j < all[i]->count; j++)
            buffer_printf(out, "%s%s", j ? ", " : "", all[i]->values[j]);
        buffer_add(out, STR(" |\n"));
    }
}

void reference_markdown(struct buffer *out)
{
    const struct shape *seen[32];
    size_t count = 0;
    buffer_add(out,
               STR("# Records and topics\n\nPrinted by `verbatim schema`; don't edit.\n\n"
                   "A message is a msgpack map of `v` (schema version, 1), `id`, and sections. "
                   "Enums are their names, times are\n"
                   "milliseconds since 1970 UTC, vectors are little-endian float32 in a bin. In "
                   "JSON, times are RFC 3339 UTC, vectors\n"
                   "arrays, binary base64. Unknown sections and fields survive. `most` bounds "
                   "bytes, items or magnitude.\n\n"
                   "## Topics\n\n| topic | partitions | kept for | what |\n|---|---|---|---|\n"));
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const struct topic_info *info = topic_info((enum topic)i);
        buffer_printf(out, "| `%s` | %u | %lld days%s | %s |\n", info->name, info->partitions,
                      (long long)(info->retention_ms / 86400000),
                      info->keep == TOPIC_KEEP_NEWEST ? ", compacted" : "", info->description);
    }
    for (int i = 0; i < SECTION_COUNT; i++) {
        const struct section_info *info = section_info((enum section)i);
        buffer_printf(out, "\n## Section %s\n\n%s Added by %s.\n\n", info->name, info->description,
                      info->added_by);
        markdown_shape(info->shape, out);
        markdown_inner(info->shape, seen, &count, out);
    }
    markdown_enums(out);
}

/* --- JSON Schema ------------------------------------------------------------------------------ */

static void schema_enum(const struct enumeration *enumeration, struct buffer *out)
{
    buffer_add(out, STR("\"type\":\"string\",\"enum\":["));
    for (uint32_t i = 0; i < enumeration->count; i++)
        buffer_printf(out, "%s\"%s\"", i ? "," : "", enumeration->values[i]);
    buffer_add_char(out, ']');
}

static void schema_most(const char *keyword, unsigned most, struct buffer *out)
{
    if (most) buffer_printf(out, ",\"%s\":%u", keyword, most);
}

static void schema_type(const struct field *field, struct buffer *out)
{
    unsigned most = field->most;
    switch ((enum field_kind)field->kind) {
    case KIND_bool: buffer_add(out, STR("\"type\":\"boolean\"")); break;
    case KIND_u32:
    case KIND_u64:
        buffer_add(out, STR("\"type\":\"integer\",\"minimum\":0"));
        schema_most("maximum", most, out);
        break;
    case KIND_f32:
        buffer_add(out, STR("\"type\":\"number\""));
        if (most) buffer_printf(out, ",\"minimum\":-%u,\"maximum\":%u", most, most);
        break;
    case KIND_amount:
        buffer_add(out, STR("\"type\":\"number\",\"minimum\":0"));
        schema_most("maximum", most, out);
        break;
    case KIND_str:
        buffer_add(out, STR("\"type\":\"string\""));
        schema_most("maxLength", most, out);
        break;
    case KIND_bin:
        buffer_add(out, STR("\"type\":\"string\",\"contentEncoding\":\"base64\""));
        break;
    case KIND_time: buffer_add(out, STR("\"type\":\"string\",\"format\":\"date-time\"")); break;
    case KIND_strs:
        buffer_printf(out, "\"type\":\"array\",\"maxItems\":%u,\"items\":{\"type\":\"string\"}",
                      most);
        break;
    case KIND_map:
        buffer_printf(out,
                      "\"type\":\"object\",\"maxProperties\":%u,\"additionalProperties\":{\"type\":"
                      "\"string\"}",
                      most);
        break;
    case KIND_vector:
        buffer_printf(out, "\"type\":\"array\",\"maxItems\":%u,\"items\":{\"type\":\"number\"}",
                      most);
        break;
    case KIND_enum: schema_enum(field->enumeration, out); break;
    case KIND_set:
        buffer_add(out, STR("\"type\":\"array\",\"uniqueItems\":true,\"items\":{"));
        schema_enum(field->enumeration, out);
        buffer_add_char(out, '}');
        break;
    case KIND_list:
        buffer_printf(out, "\"type\":\"array\",\"maxItems\":%u,\"items\":", most);
        reference_shape_schema(field->shape, out);
        break;
    case KIND_struct: /* so that it may have a description of its own */
        buffer_add(out, STR("\"allOf\":["));
        reference_shape_schema(field->shape, out);
        buffer_add_char(out, ']');
        break;
    }
}

static void schema_field(const struct field *field, struct buffer *out)
{
    buffer_add_char(out, '{');
    schema_type(field, out);
    buffer_add(out, STR(",\"description\":"));
    json_write_string(out, str_of(field->help));
    buffer_add_char(out, '}');
}

void reference_shape_schema(const struct shape *shape, struct buffer *out)
{
    bool first = true;
    buffer_add(out, STR("{\"type\":\"object\",\"properties\":{"));
    for (uint32_t i = 0; i < shape->count; i++) {
        /* so that a diff shows the field */
        buffer_printf(out, "%s\n\"%s\":", i ? "," : "", shape->fields[i].name);
        schema_field(&shape->fields[i], out);
    }
    buffer_add(out, STR("},\"required\":["));
    for (uint32_t i = 0; i < shape->count; i++) {
        if (!shape->fields[i].required) continue;
        buffer_printf(out, "%s\"%s\"", first ? "" : ",", shape->fields[i].name);
        first = false;
    }
    buffer_add(out, STR("]}"));
}

static void record_schema(struct buffer *out)
{
    buffer_add(out, STR("\"title\":\"Verbatim "
                        "record\",\"type\":\"object\",\"required\":[\"id\"],\"properties\":{\n"
                        "\"id\":{\"type\":\"string\",\"maxLength\":128,\"description\":\"UUIDv7, "
                        "or the caller's own.\"}"));
    for (int i = 0; i < SECTION_COUNT; i++) {
        buffer_printf(out, ",\n\"%s\":", section_info((enum section)i)->name);
        reference_shape_schema(section_info((enum section)i)->shape, out);
    }
    buffer_add(out, STR("}"));
}

void reference_record_schema(struct buffer *out)
{
    buffer_add_char(out, '{');
    record_schema(out);
    buffer_add_char(out, '}');
}

void reference_json_schema(struct buffer *out)
{
    buffer_add(out, STR("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","));
    record_schema(out);
    buffer_add(out, STR("}\n"));
}

/* --- AsyncAPI --------------------------------------------------------------------------------- */

void reference_asyncapi(struct buffer *out)
{
    buffer_printf(out,
                  "{\"asyncapi\":\"3.0.0\",\n\"info\":{\"title\":\"Verbatim\",\"version\":\"%s\","
                  "\"description\":\"Customer feedback into insight while it streams.\"},\n"
                  "\"defaultContentType\":\"application/msgpack\",\n\"channels\":{",
                  VERBATIM_VERSION);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const struct topic_info *info = topic_info((enum topic)i);
        buffer_printf(out, "%s\n\"%s\":{\"address\":\"%s\",\"description\":", i ? "," : "",
                      info->name, info->name);
        json_write_string(out, str_of(info->description));
        buffer_printf(out,
                      ",\"bindings\":{\"kafka\":{\"partitions\":%u%s}},\"messages\":{\"record\":{"
                      "\"$ref\":\"#/components/messages/record\"}}}",
                      info->partitions,
                      info->keep == TOPIC_KEEP_NEWEST
                          ? ",\"topicConfiguration\":{\"cleanup.policy\":[\"compact\",\"delete\"]}"
                          : "");
    }
    buffer_add(out, STR("},\n\"operations\":{"));
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const char *name = topic_info((enum topic)i)->name;
        buffer_printf(
            out,
            "%s\n\"read-%s\":{\"action\":\"receive\",\"channel\":{\"$ref\":\"#/channels/%s\"}}",
            i ? "," : "", name, name);
    }
    buffer_add(out, STR("},\n\"components\":{\"messages\":{\"record\":{\"name\":\"record\","
                        "\"contentType\":\"application/msgpack\",\n"
                        "\"headers\":{\"type\":\"object\",\"properties\":{\"content-type\":{"
                        "\"type\":\"string\"},\"ce_specversion\":{\"type\":\"string\"},"
                        "\"ce_type\":{\"type\":\"string\"},\"ce_source\":{\"type\":\"string\"},"
                        "\"ce_id\":{\"type\":\"string\"},"
                        "\"traceparent\":{\"type\":\"string\"}}},\n\"payload\":{"));
    record_schema(out);
    buffer_add(out, STR("}}}}}\n"));
}
