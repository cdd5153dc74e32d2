/* One option's text: each kind, its units, its range. */
#include "config/value.h"

#include "config/config.h"
#include "demo.h"
#include "must.h"

static const struct option *row(const char *name)
{
    for (size_t i = 0; i < demo_option_table.count; i++)
        if (strcmp(demo_option_table.options[i].name, name) == 0)
            return &demo_option_table.options[i];
    fail_msg("no option %s", name);
    return NULL;
}

static void texts_become_values(void **state)
{
    static const struct { const char *why, *option, *text; double value; bool good; } cases[] = {
        {"true", "on", "true", 1, true},           {"yes", "on", "yes", 1, true},
        {"on", "on", "on", 1, true},
        {"1", "on", "1", 1, true},                 {"false", "on", "false", 0, true},
        {"no", "on", "no", 0, true},
        {"off", "on", "off", 0, true},             {"0", "on", "0", 0, true},
        {"2 is no switch", "on", "2", 0, false},
        {"nothing is no switch", "on", "", 0, false},
        {"the least", "count", "1", 1, true},      {"the most", "count", "100", 100, true},
        {"below", "count", "0", 0, false},
        {"above", "count", "101", 0, false},       {"negative", "count", "-1", 0, false},
        {"a fraction", "count", "1.5", 0, false},
        {"a blank", "count", "1 0", 0, false},     {"33 bits", "count", "4294967297", 0, false},
        {"hexadecimal", "count", "0x10", 0, false},
        {"milliseconds", "every", "250ms", 250, true}, {"seconds", "every", "30s", 30000, true},
        {"minutes", "every", "5m", 300000, true},
        {"hours", "every", "1h", 3600000, true},   {"beyond its most", "every", "1d", 0, false},
        {"fractions of a unit", "every", "1.5s", 0, false},
        {"a time needs its unit", "every", "250", 0, false},
        {"a unit needs its number", "every", "s", 0, false},
        {"a unit in capitals", "every", "5M", 0, false},
        {"a negative time", "every", "-5s", 0, false},
        {"bytes", "room", "2048", 2048, true},     {"kibibytes", "room", "2k", 2048, true},
        {"mebibytes", "room", "1M", 1048576, true},
        {"too large", "room", "2M", 0, false},     {"a unit that isn't", "room", "1K", 0, false},
        {"a long unit", "room", "1kB", 0, false},
        {"a share", "share", "0.25", 0.25, true},  {"a negative one", "share", "-1", -1, true},
        {"an exponent", "share", "5e-1", 0.5, true},
        {"beyond", "share", "1.01", 0, false},     {"no number", "share", "nan", 0, false},
        {"nor infinity", "share", "inf", 0, false},
        {"the first choice", "kind", "a", 0, true}, {"the last", "kind", "c", 2, true},
        {"part of the list", "kind", "a|b", 0, false},
        {"no choice", "kind", "", 0, false},       {"in capitals", "kind", "A", 0, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct option *option = row(cases[i].option);
        struct demo_options options = {0};
        union option_value value;
        struct err err = {0};
        CASE(cases[i].why);
        int rc = option_parse(option, cases[i].text, &value, &err);
        assert_int_equal(rc, cases[i].good ? E_OK : E_BAD_CONFIG);
        if (rc) {
            char allowed[160];
            option_allowed(option, allowed);
            assert_non_null(strstr(err.text, allowed));
            continue;
        }
        option_store(option, &value, &options);
        double stored = option->kind == OPTION_BOOL    ? (double)options.on
                        : option->kind == OPTION_U32   ? (double)options.count
                        : option->kind == OPTION_MS    ? (double)options.every
                        : option->kind == OPTION_BYTES ? (double)options.room
                        : option->kind == OPTION_F64   ? options.share
                                                       : (double)options.kind;
        assert_false(stored < cases[i].value || stored > cases[i].value);
    }
}

static void what_is_in_force_is_printed_with_its_origin(void **state)
{
    struct config *config = NULL;
    struct buffer out = {0};
    struct err err = {0};
    (void)state;
    assert_int_equal(config_create(demo_tables, &config, &err), E_OK);
    assert_int_equal(
        config_read_text(config, "a.conf", STR("[demo]\nname = say \"hi\"\\\ncount = 4\n"), &err),
        E_OK);
    assert_int_equal(config_set(config, STR("kafka.linger.ms=5"), "flag", &err), E_OK);
    config_print(config, false, &out);
    assert_string_equal(buffer_cstr(&out),
                        "demo.name                        say \"hi\"\\                    "
                        "a.conf:2\n"
                        "demo.key                         \"\"                           default\n"
                        "demo.on                          true                         default\n"
                        "demo.count                       4                            a.conf:3\n"
                        "demo.every                       30s                          default\n"
                        "demo.room                        64k                          default\n"
                        "demo.share                       0.5                          default\n"
                        "demo.kind                        b                            default\n"
                        "other.level                      1                            default\n"
                        "kafka.linger.ms                  5                            flag\n");
    buffer_clear(&out);
    config_print(config, true, &out);
    assert_non_null(strstr(buffer_cstr(&out), "{\"key\": \"demo.name\", \"value\": \"say "
                                              "\\\"hi\\\"\\\\\", \"origin\": \"a.conf:2\"},\n"));
    assert_non_null(
        strstr(buffer_cstr(&out),
               "{\"key\": \"kafka.linger.ms\", \"value\": \"5\", \"origin\": \"flag\"}\n]\n"));
    buffer_deinit(&out);
    config_destroy(config);
}

static void the_reference_has_every_option(void **state)
{
    struct buffer out = {0};
    (void)state;
    config_print_reference(demo_tables, &out);
    for (size_t i = 0; i < demo_option_table.count; i++) {
        char cell[80];
        snprintf(cell, sizeof cell, "| `%s` | ", demo_option_table.options[i].name);
        assert_non_null(strstr(buffer_cstr(&out), cell));
    }
    assert_non_null(
        strstr(buffer_cstr(&out),
               "| `kind` | `b` | one of a\\|b\\|c | A choice. | `VERBATIM_DEMO_KIND` |"));
    assert_non_null(strstr(buffer_cstr(&out), "## [kafka]"));
    buffer_deinit(&out);
}

/* What config_print_file() writes can be read, sets every option but secrets,
 * and to its default. */
static void a_file_of_defaults_is_the_defaults(void **state)
{
    struct config *config = NULL, *plain = NULL;
    struct buffer out = {0};
    struct demo_options from_file, defaults;
    struct err err = {0};
    (void)state;
    config_print_file(demo_tables, &out);
    assert_int_equal(config_create(demo_tables, &config, &err), E_OK);
    assert_int_equal(config_create(demo_tables, &plain, &err), E_OK);
    must(config_read_text(config, "defaults", buffer_str(&out), &err), &err);
    for (size_t i = 0; i < demo_option_table.count; i++) {
        const struct option *option = &demo_option_table.options[i];
        const char *origin;
        assert_string_equal(config_value(config, "demo", option->name, &origin),
                            config_value(plain, "demo", option->name, NULL));
        assert_int_equal(strncmp(origin, "defaults:", 9) == 0, option->kind != OPTION_SECRET);
    }
    assert_int_equal(config_get(config, &demo_option_table, &from_file, &err), E_OK);
    assert_int_equal(config_get(plain, &demo_option_table, &defaults, &err), E_OK);
    assert_int_equal(from_file.every, defaults.every);
    struct str rest = buffer_str(&out);
    while (rest.size) assert_true(str_cut(&rest, '\n').size <= 100);
    buffer_deinit(&out);
    config_destroy(config);
    config_destroy(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_values),
        cmocka_unit_test(what_is_in_force_is_printed_with_its_origin),
        cmocka_unit_test(the_reference_has_every_option),
        cmocka_unit_test(a_file_of_defaults_is_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
