/* The printed references: well-formed, and nothing of the tables is missing in them. */
#include "schema/reference.h"

#include <jansson.h>

#include "schema/topic.h"
#include "test.h"

static json_t *parsed(void (*print)(struct buffer *out))
{
    struct buffer out = {0};
    json_error_t error;
    print(&out);
    json_t *root = json_loadb(out.data, out.size, JSON_REJECT_DUPLICATES, &error);
    if (!root) fail_msg("line %d: %s", error.line, error.text);
    buffer_deinit(&out);
    return root;
}

static void the_json_schema_has_every_field(void **state)
{
    json_t *root = parsed(reference_json_schema), *properties = json_object_get(root, "properties");
    (void)state;
    assert_string_equal(json_string_value(json_object_get(root, "$schema")),
                        "https://json-schema.org/draft/2020-12/schema");
    assert_int_equal(json_object_size(properties), SECTION_COUNT + 1);
    for (int i = 0; i < SECTION_COUNT; i++) {
        const struct shape *shape = section_info((enum section)i)->shape;
        json_t *section = json_object_get(properties, shape->name),
               *fields = json_object_get(section, "properties");
        size_t required = 0;
        CASE(shape->name);
        assert_int_equal(json_object_size(fields), shape->count);
        for (uint32_t j = 0; j < shape->count; j++) {
            const struct field *field = &shape->fields[j];
            json_t *schema = json_object_get(fields, field->name);
            assert_string_equal(json_string_value(json_object_get(schema, "description")),
                                field->help);
            assert_true(json_object_get(schema, "type") || json_object_get(schema, "allOf"));
            required += field->required;
        }
        assert_int_equal(json_array_size(json_object_get(section, "required")), required);
    }
    json_decref(root);
}

static void asyncapi_has_every_topic(void **state)
{
    json_t *root = parsed(reference_asyncapi), *channels = json_object_get(root, "channels");
    (void)state;
    assert_string_equal(json_string_value(json_object_get(root, "asyncapi")), "3.0.0");
    assert_int_equal(json_object_size(channels), TOPIC_COUNT);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const struct topic_info *info = topic_info((enum topic)i);
        json_t *channel = json_object_get(channels, info->name);
        CASE(info->name);
        assert_string_equal(json_string_value(json_object_get(channel, "address")), info->name);
        assert_string_equal(json_string_value(json_object_get(channel, "description")),
                            info->description);
    }
    json_decref(root);
}

static void markdown_has_everything(void **state)
{
    struct buffer out = {0};
    (void)state;
    reference_markdown(&out);
    const char *text = buffer_cstr(&out);
    for (int i = 0; i < SECTION_COUNT; i++) {
        const struct shape *shape = section_info((enum section)i)->shape;
        assert_non_null(strstr(text, shape->name));
        for (uint32_t j = 0; j < shape->count; j++) {
            char row[80];
            snprintf(row, sizeof row, "| `%s` |", shape->fields[j].name);
            assert_non_null(strstr(text, row));
            assert_null(strchr(shape->fields[j].help, '|')); /* would break the table */
        }
    }
    for (int i = 0; i < TOPIC_COUNT; i++)
        assert_non_null(strstr(text, topic_info((enum topic)i)->name));
#define ENUMERATION(name, VALUES) assert_non_null(strstr(text, "| " #name " |"));
#include "schemas/enums.def"
#undef ENUMERATION
    buffer_deinit(&out);
}

static void topics_are_sound(void **state)
{
    (void)state;
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const struct topic_info *info = topic_info((enum topic)i);
        CASE(info->name);
        assert_int_equal(topic_by_name(str_of(info->name)), i); /* no name twice */
        /* no . or _: Kafka mixes them up */
        assert_int_equal(strspn(info->name, "abcdefghijklmnopqrstuvwxyz-"), strlen(info->name));
        assert_in_range(info->partitions, 1, 1024);
        assert_true(info->retention_ms >= 24 * 3600 * 1000);
    }
    assert_int_equal(topic_by_name(STR("feedbacks")), TOPIC_NONE);
    assert_int_equal(topic_by_name(STR("")), TOPIC_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_json_schema_has_every_field),
        cmocka_unit_test(asyncapi_has_every_topic),
        cmocka_unit_test(markdown_has_everything),
        cmocka_unit_test(topics_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
