/* The JSON Schema of an answer, from the field tables. All that is asked for is required, as strict
 * structured output wants it; lists may be empty. */
#include "workers/genai/answer.h"

#include "schema/json.h"

static bool is_named(const struct field *field, const char *name)
{
    return strcmp(field->name, name) == 0;
}

static bool is_among(const struct field *field, const char *const *names)
{
    for (; *names; names++)
        if (is_named(field, *names)) return true;
    return false;
}

/* A model's own idea of how sure it is tells nothing; topics follow from mentions. */
bool answer_holds(const struct shape *shape, const struct field *field)
{
    static const char *const of_insight[] = {"sentiment",       "needs",   "mentions",
                                             "recommendations", "signals", NULL};
    static const char *const of_story[] = {"summary", "recommendations", NULL};
    static const char *const never[] = {"confidence", "start", "end", NULL};
    if (shape == &insight_shape) return is_among(field, of_insight);
    if (shape == &digest_story_shape) return is_among(field, of_story);
    return !is_among(field, never);
}

/* Bytes of a text, items of a list. */
static uint32_t most_of(const struct field *field)
{
    uint32_t most = field->kind == KIND_str ? ANSWER_TEXT_BYTES_MAX : ANSWER_ITEMS_MAX;
    return field->most && field->most < most ? field->most : most;
}

bool answer_quotes(const struct shape *shape)
{
    return shape_field(shape, STR("start")) && shape_field(shape, STR("end"));
}

static void write_object(const struct answer_rules *rules, const struct shape *shape, bool with_id,
                         struct buffer *out);

static void write_words(const struct str *words, uint32_t count, struct buffer *out)
{
    buffer_add(out, STR("{\"type\":\"string\",\"enum\":["));
    for (uint32_t i = 0; i < count; i++) {
        if (i) buffer_add_char(out, ',');
        json_write_string(out, words[i]);
    }
    buffer_add(out, STR("]}"));
}

static void write_enumeration(const struct enumeration *enumeration, struct buffer *out)
{
    struct str words[64];
    for (uint32_t i = 0; i < enumeration->count; i++) words[i] = str_of(enumeration->values[i]);
    write_words(words, enumeration->count, out);
}

static void write_quote(struct buffer *out)
{
    buffer_printf(out, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":%d}",
                  ANSWER_QUOTE_BYTES_MAX);
}

static void write_field(const struct answer_rules *rules, const struct shape *shape,
                        const struct field *field, struct buffer *out)
{
    switch ((enum field_kind)field->kind) {
    case KIND_enum: write_enumeration(field->enumeration, out); return;
    case KIND_str:
        if (shape == &mention_shape)
            write_words(rules->topics, rules->topic_count, out);
        else
            buffer_printf(out, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":%u}",
                          most_of(field));
        return;
    case KIND_u32:
        buffer_printf(out, "{\"type\":\"integer\",\"minimum\":1,\"maximum\":%u}", field->most);
        return;
    case KIND_f32:
        buffer_printf(out, "{\"type\":\"number\",\"minimum\":-%u,\"maximum\":%u}", field->most,
                      field->most);
        return;
    case KIND_struct: write_object(rules, field->shape, false, out); return;
    case KIND_list:
        buffer_printf(out, "{\"type\":\"array\",\"maxItems\":%u,\"items\":", most_of(field));
        if (field->shape == &span_shape)
            write_quote(out);
        else
            write_object(rules, field->shape, false, out);
        buffer_add_char(out, '}');
        return;
    default: return; /* no other kind is asked for */
    }
}

static void write_name(struct buffer *out, const char *name, bool *first, bool colon)
{
    buffer_printf(out, "%s\"%s\"%s", *first ? "" : ",", name, colon ? ":" : "");
    *first = false;
}

static void write_object(const struct answer_rules *rules, const struct shape *shape, bool with_id,
                         struct buffer *out)
{
    bool first = true, quotes = answer_quotes(shape);
    buffer_add(out, STR("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"));
    if (with_id) write_name(out, "id", &first, true), buffer_add(out, STR("{\"type\":\"string\"}"));
    if (quotes) write_name(out, "quote", &first, true), write_quote(out);
    for (uint32_t i = 0; i < shape->count; i++) {
        if (!answer_holds(shape, &shape->fields[i])) continue;
        write_name(out, shape->fields[i].name, &first, true);
        write_field(rules, shape, &shape->fields[i], out);
    }
    buffer_add(out, STR("},\"required\":["));
    first = true;
    if (with_id) write_name(out, "id", &first, false);
    if (quotes) write_name(out, "quote", &first, false);
    for (uint32_t i = 0; i < shape->count; i++)
        if (answer_holds(shape, &shape->fields[i]))
            write_name(out, shape->fields[i].name, &first, false);
    buffer_add(out, STR("]}"));
}

void answer_write_schema(const struct answer_rules *rules, struct buffer *out)
{
    buffer_add(out, STR("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
                        "\"answers\":{\"type\":\"array\","));
    buffer_printf(out, "\"maxItems\":%d,\"items\":", ANSWER_RECORDS_MAX);
    write_object(rules, rules->shape ? rules->shape : &insight_shape, true, out);
    buffer_add(out, STR("}},\"required\":[\"answers\"]}"));
}
