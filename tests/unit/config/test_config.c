/* What is in force, and where it came from: defaults < file < environment < flags. */
#include "config/config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "demo.h"
#include "must.h"

static struct config *fresh(void)
{
    struct config *config = NULL;
    struct err err = {0};
    must(config_create(demo_tables, &config, &err), &err);
    return config;
}

static void each_source_beats_the_one_before(void **state)
{
    static const struct {
        const char *why, *file, *variable, *flag, *name, *origin;
        uint32_t count;
    } cases[] = {
        {"the default", NULL, NULL, NULL, "plain", "default", 3},
        {"a file", "[demo]\ncount = 4\n", NULL, NULL, "plain", "x.conf:2", 4},
        {"the environment over a file", "[demo]\ncount = 4\n", "VERBATIM_DEMO_COUNT=5", NULL,
         "plain", "environment VERBATIM_DEMO_COUNT", 5},
        {"a flag over the environment", "[demo]\ncount = 4\n", "VERBATIM_DEMO_COUNT=5",
         "demo.count=6", "plain", "flag", 6},
        {"a flag over the default", NULL, NULL, "demo.count=6", "plain", "flag", 6},
        {"the environment over the default", NULL, "VERBATIM_DEMO_COUNT=5", NULL, "plain",
         "environment VERBATIM_DEMO_COUNT", 5},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config *config = fresh();
        struct demo_options options;
        struct err err = {0};
        const char *origin;
        char *environment[] = {
            (char *)(uintptr_t)"PATH=/bin", (char *)(uintptr_t)cases[i].variable, NULL};
        CASE(cases[i].why);
        if (cases[i].file)
            assert_int_equal(config_read_text(config, "x.conf", str_of(cases[i].file), &err), E_OK);
        assert_int_equal(config_read_environment(config, environment, &err), E_OK);
        if (cases[i].flag)
            assert_int_equal(config_set(config, str_of(cases[i].flag), "flag", &err), E_OK);
        assert_int_equal(config_get(config, &demo_option_table, &options, &err), E_OK);
        assert_int_equal(options.count, cases[i].count);
        assert_string_equal(options.name, cases[i].name);
        assert_non_null(config_value(config, "demo", "count", &origin));
        assert_string_equal(origin, cases[i].origin);
        config_destroy(config);
    }
}

static void mistakes_are_told_with_place_and_remedy(void **state)
{
    static const struct { const char *why, *text, *says; } cases[] = {
        {"a typo in a key", "# x\n[demo]\ncuont = 4\n",
         "x.conf:3: unknown key \"demo.cuont\"; did you mean \"demo.count\"?"},
        {"a key of another section", "[demo]\nlevel = 4\n",
         "x.conf:2: unknown key \"demo.level\"; did you mean \"other.level\"?"},
        {"a typo in a section", "\n[dmeo]\ncount = 4\n",
         "x.conf:2: unknown section [dmeo]; did you mean [demo]?"},
        {"a section without its bracket", "[demo\n", "x.conf:1: a section reads [name]"},
        {"no section", "count = 4\n", "x.conf:1: \"count\" stands before any [section]"},
        {"no equals sign", "[demo]\ncount 4\n", "x.conf:2: expected \"name = value\""},
        {"a word for a number", "[demo]\ncount = many\n",
         "x.conf:2: demo.count: \"many\" is not a whole number from 1 to 100"},
        {"out of range", "[demo]\ncount = 101\n",
         "x.conf:2: demo.count: \"101\" is not a whole number from 1 to 100"},
        {"no value", "[demo]\ncount =\n",
         "x.conf:2: demo.count: \"\" is not a whole number from 1 to 100"},
        {"no unit", "[demo]\nevery = 30\n",
         "x.conf:2: demo.every: \"30\" is not a time such as 250ms, 30s, 5m, 2h, 7d, from 100ms to "
         "3600000ms"},
        {"another unit", "[demo]\nroom = 2T\n",
         "x.conf:2: demo.room: \"2T\" is not a size such as 512, 64k, 16M, 2G, from 1024 to 1048576"},
        {"no switch", "[demo]\non = maybe\n", "x.conf:2: demo.on: \"maybe\" is not true or false"},
        {"none of the choices", "[demo]\nkind = d\n",
         "x.conf:2: demo.kind: \"d\" is not one of a|b|c"},
        {"a file for what is no secret", "[demo]\nname_file = /x\n",
         "x.conf:2: unknown key \"demo.name_file\"; did you mean \"demo.name\"?"},
        {"a secret's file that isn't there", "[demo]\nkey_file = /nonexistent/key\n",
         "x.conf:2: secret: /nonexistent/key: No such file"},
        {"a key twice", "[demo]\ncount = 4\n\ncount = 4\n",
         "x.conf:4: demo.count is set twice: x.conf:2 sets it already"},
        {"a key twice, the section too", "[demo]\ncount = 4\n[other]\n[demo]\ncount = 9\n",
         "x.conf:5: demo.count is set twice: x.conf:2 sets it already"},
        {"a property twice", "[kafka]\nlinger.ms = 4\nlinger.ms = 9\n",
         "x.conf:3: kafka.linger.ms is set twice: x.conf:2 sets it already"},
        {"a property without a name", "[kafka]\n = 1\n", "x.conf:2: unknown key \"kafka\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config *config = fresh();
        struct err err = {0};
        CASE(cases[i].why);
        assert_int_equal(config_read_text(config, "x.conf", str_of(cases[i].text), &err),
                         E_BAD_CONFIG);
        assert_int_equal(err_exit_status(err.code), 78);
        if (!strstr(err.text, cases[i].says))
            fail_msg("\"%s\" lacks \"%s\"", err.text, cases[i].says);
        config_destroy(config);
    }
}

static void of_several_texts_the_later_one_counts(void **state)
{
    struct config *config = fresh();
    struct err err = {0};
    const char *origin;
    const struct str text = STR("[demo]\ncount = 4\n[kafka]\nlinger.ms = 5\n");
    (void)state;
    for (int i = 0; i < 2; i++) /* the same one again is no mistake either */
        assert_int_equal(config_read_text(config, "a.conf", text, &err), E_OK);
    assert_int_equal(config_read_text(config, "b.conf", STR("[demo]\ncount = 9\n"), &err), E_OK);
    assert_string_equal(config_value(config, "demo", "count", &origin), "9");
    assert_string_equal(origin, "b.conf:2");
    for (int i = 0; i < 2; i++)
        assert_int_equal(config_set(config, STR("demo.count=7"), "flag", &err), E_OK);
    config_destroy(config);
}

static void variables_and_flags_are_checked_alike(void **state)
{
    static const struct { const char *why, *variable, *flag, *says; } cases[] = {
        {"a typo in a variable", "VERBATIM_DEMO_CUONT=4", NULL,
         "environment VERBATIM_DEMO_CUONT: unknown key \"demo.cuont\"; did you mean \"demo.count\"?"},
        {"a module that isn't", "VERBATIM_DMEO_COUNT=4", NULL,
         "environment VERBATIM_DMEO_COUNT: unknown key \"dmeo.count\"; did you mean \"demo.count\"?"},
        {"a value", "VERBATIM_DEMO_COUNT=x", NULL,
         "environment VERBATIM_DEMO_COUNT: demo.count: \"x\" is not"},
        {"only the prefix", "VERBATIM_=4", NULL, "unknown key"},
        {"a variable without a name behind the module", "VERBATIM_NONSENSE=4", NULL,
         "environment VERBATIM_NONSENSE: unknown key \"nonsense\"; "},
        {"a typo in a flag", NULL, "demo.cuont=4",
         "flag: unknown key \"demo.cuont\"; did you mean \"demo.count\"?"},
        {"a flag without a value", NULL, "demo.count",
         "flag: expected module.name=value, found \"demo.count\""},
        {"a value of a flag", NULL, "demo.count=0", "flag: demo.count: \"0\" is not"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config *config = fresh();
        struct err err = {0};
        char *environment[] = {(char *)(uintptr_t)cases[i].variable, NULL};
        CASE(cases[i].why);
        int rc = cases[i].flag ? config_set(config, str_of(cases[i].flag), "flag", &err)
                               : config_read_environment(config, environment, &err);
        assert_int_equal(rc, E_BAD_CONFIG);
        if (!strstr(err.text, cases[i].says))
            fail_msg("\"%s\" lacks \"%s\"", err.text, cases[i].says);
        config_destroy(config);
    }
}

static void variables_that_are_no_settings_are_let_be(void **state)
{
    struct config *config = fresh();
    struct err err = {0};
    const char *const names[] = {
        "VERBATIM_CONFIG=x", "VERBATIM_BIN=x", "VERBATIM_SOURCE=x", "VERBATIM_CACHE=x",
        "VERBATIM_HOME=x", "VERBATIM_WERROR=1", "VERBATIM_TEST_ANYTHING=x", "OTHER_DEMO_COUNT=x",
        "verbatim_demo_count=x", NULL};
    (void)state;
    assert_int_equal(config_read_environment(config, (char *const *)(uintptr_t)names, &err), E_OK);
    config_destroy(config);
}

static void lines_are_read_with_goodwill(void **state)
{
    static const struct { const char *why, *text, *name; } cases[] = {
        {"comments and blank lines", "; a\n# b\n\n  [ demo ]  \n  # c\nname=x\n", "x"},
        {"CRLF", "[demo]\r\nname = x\r\n", "x"},
        {"no line end at the end", "[demo]\nname = x", "x"},
        {"an equals sign in the value", "[demo]\nname = a=b = c\n", "a=b = c"},
        {"a hash in the value is part of it", "[demo]\nname = a # b\n", "a # b"},
        {"an empty value", "[demo]\nname =\n", ""},
        {"UTF-8", "[demo]\nname = caf\xc3\xa9\n", "caf\xc3\xa9"},
        {"a section twice", "[demo]\nname = x\n[other]\nlevel = 2\n[demo]\ncount = 2\n", "x"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config *config = fresh();
        struct demo_options options;
        struct err err = {0};
        CASE(cases[i].why);
        must(config_read_text(config, "x.conf", str_of(cases[i].text), &err), &err);
        assert_int_equal(config_get(config, &demo_option_table, &options, &err), E_OK);
        assert_string_equal(options.name, cases[i].name);
        config_destroy(config);
    }
    struct config *config = fresh();
    struct err err = {0};
    assert_int_equal(config_read_text(config, "x.conf", STR("[demo]\nname = a\0b\n"), &err),
                     E_BAD_CONFIG);
    assert_non_null(strstr(err.text, "x.conf:2: demo.name holds a NUL byte"));
    config_destroy(config);
}

static void kafka_properties_pass_through(void **state)
{
    struct config *config = fresh();
    struct err err = {0};
    const char *const environment[] = {
        "VERBATIM_KAFKA_BOOTSTRAP_SERVERS=b:2", "VERBATIM_KAFKA_ANYTHING_AT_ALL=x", NULL};
    (void)state;
    assert_int_equal(config_read_text(config, "x.conf",
                                      STR("[kafka]\nbootstrap.servers = a:1\nlinger.ms = 5\n"),
                                      &err),
                     E_OK);
    assert_string_equal(config_property_value(config, "bootstrap.servers"), "a:1");
    assert_int_equal(config_read_environment(config, (char *const *)(uintptr_t)environment, &err),
                     E_OK);
    assert_string_equal(config_property_value(config, "bootstrap.servers"), "b:2");
    assert_string_equal(config_property_value(config, "anything.at.all"), "x");
    assert_int_equal(config_set(config, STR("kafka.bootstrap.servers=c:3"), "flag", &err), E_OK);
    assert_string_equal(config_property_value(config, "bootstrap.servers"), "c:3");
    assert_string_equal(config_property_value(config, "linger.ms"), "5");
    assert_int_equal(config_property_count(config), 3);
    for (int i = 0; i < 100; i++) { /* the list grows */
        char assignment[64];
        snprintf(assignment, sizeof assignment, "kafka.p%d=%d", i, i);
        assert_int_equal(config_set(config, str_of(assignment), "flag", &err), E_OK);
    }
    assert_string_equal(config_property_value(config, "p99"), "99");
    config_destroy(config);
}

static void secret_file(char path[static 40], const char *content)
{
    snprintf(path, 40, "/tmp/verbatim-secret-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

/* What config_secret() says, or "!" where it fails. */
static const char *secret_now(const struct config *config)
{
    static struct buffer text;
    struct err err;
    buffer_clear(&text);
    if (config_secret(config, "demo", "key", &text, &err))
        return err.code == E_BAD_CONFIG ? "!" : "?";
    static char copy[64];
    snprintf(copy, sizeof copy, "%s", buffer_cstr(&text));
    buffer_deinit(&text);
    return copy;
}

static void secrets_in_files_are_read_again(void **state)
{
    char path[40], line[128];
    struct config *config = fresh();
    struct err err = {0};
    (void)state;
    assert_string_equal(secret_now(config), "");
    assert_int_equal(config_set(config, STR("demo.key=plain"), "flag", &err), E_OK);
    assert_string_equal(secret_now(config), "plain");
    secret_file(path, "old\n");
    snprintf(line, sizeof line, "demo.key_file=%s", path);
    assert_int_equal(config_set(config, str_of(line), "flag", &err), E_OK);
    assert_string_equal(secret_now(config), "old");
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, " new \nx", 7), 7);
    close(fd);
    assert_string_equal(secret_now(config), "new");
    unlink(path);
    assert_string_equal(secret_now(config), "!");
    /* no file any more */
    assert_int_equal(config_set(config, STR("demo.key=again"), "flag", &err), E_OK);
    assert_string_equal(secret_now(config), "again");
    config_destroy(config);
}

static void secrets_come_from_files_too(void **state)
{
    char path[40], line[128];
    struct config *config = fresh();
    struct demo_options options;
    struct err err = {0};
    char *environment[] = {line, NULL};
    (void)state;
    secret_file(path, "  s3cret \nsecond line\n");
    snprintf(line, sizeof line, "[demo]\nkey_file = %s\n", path);
    assert_int_equal(config_read_text(config, "x.conf", str_of(line), &err), E_OK);
    assert_int_equal(config_get(config, &demo_option_table, &options, &err), E_OK);
    assert_string_equal(options.key, "s3cret");
    snprintf(line, sizeof line, "VERBATIM_DEMO_KEY_FILE=%s", path);
    assert_int_equal(config_read_environment(config, environment, &err), E_OK);
    snprintf(line, sizeof line, "VERBATIM_KAFKA_SASL_PASSWORD_FILE=%s", path);
    assert_int_equal(config_read_environment(config, environment, &err), E_OK);
    assert_string_equal(config_property_value(config, "sasl.password"), "s3cret");
    snprintf(line, sizeof line, "kafka.ssl.key.password_file=%s", path);
    assert_int_equal(config_set(config, str_of(line), "flag", &err), E_OK);
    assert_string_equal(config_property_value(config, "ssl.key.password"), "s3cret");
    /* no secret: as it is */
    assert_int_equal(config_set(config, STR("kafka.some_file=/x"), "flag", &err), E_OK);
    assert_string_equal(config_property_value(config, "some_file"), "/x");
    unlink(path);
    config_destroy(config);
}

/* Whatever way it came in, and whatever else goes wrong, a secret is in no output
 * and no message. */
static void secrets_are_never_shown(void **state)
{
    struct config *config = fresh();
    struct buffer out = {0};
    struct err err = {0};
    const char *const environment[] = {"VERBATIM_KAFKA_SASL_PASSWORD=hunter2", NULL};
    (void)state;
    assert_int_equal(
        config_read_text(
            config, "x.conf",
            STR("[demo]\nkey = hunter2\n[kafka]\nssl.key.pem = hunter2\n"
                "sasl.oauthbearer.client.secret = hunter2\nssl.keystore.password = hunter2\n"
                "sasl.oauthbearer.config = hunter2\n"),
            &err),
        E_OK);
    assert_int_equal(config_read_environment(config, (char *const *)(uintptr_t)environment, &err),
                     E_OK);
    config_print(config, false, &out);
    config_print(config, true, &out);
    config_print_reference(demo_tables, &out);
    config_print_file(demo_tables, &out);
    assert_null(strstr(buffer_cstr(&out), "hunter2"));
    assert_non_null(strstr(buffer_cstr(&out), "(set)"));
    assert_string_equal(config_value(config, "demo", "key", NULL), "(set)");
    assert_int_equal(config_set(config, STR("demo.kye=hunter2"), "flag", &err), E_BAD_CONFIG);
    assert_null(strstr(err.text, "hunter2"));
    buffer_deinit(&out);
    config_destroy(config);
}

static void files_that_cannot_be_read(void **state)
{
    struct config *config = fresh();
    struct err err = {0};
    (void)state;
    assert_int_equal(config_read_file(config, "/nonexistent/x.conf", &err), E_BAD_CONFIG);
    assert_non_null(strstr(err.text, "configuration file: /nonexistent/x.conf"));
    assert_int_equal(config_read_file(config, "/tmp", &err), E_BAD_CONFIG);
    assert_null(config_value(config, "demo", "nothing", NULL));
    assert_null(config_value(config, "nothing", "count", NULL));
    config_destroy(config);
    config_destroy(NULL);
}

static void a_late_refusal_is_told_with_its_place(void **state)
{
    static const struct { const char *why, *error, *says; } cases[] = {
        {"the key begins the text", "demo.name: no such file", "x.conf:3: demo.name: no such file"},
        {"it stands within", "worker: demo.name is none", "x.conf:3: worker: demo.name is none"},
        {"it ends a sentence", "mend demo.name.", "x.conf:3: mend demo.name."},
        {"the first of two", "demo.share with demo.name",
         "environment VERBATIM_DEMO_SHARE: demo.share with demo.name"},
        {"a property", "unknown property \"kafka.linger.mss\"",
         "x.conf:5: unknown property \"kafka.linger.mss\""},
        {"a longer key", "demo.names: odd", "demo.names: odd"},
        {"the end of another", "a.demo.name, mydemo.name: odd", "a.demo.name, mydemo.name: odd"},
        {"of a flag the key will do", "demo.count: odd", "demo.count: odd"},
        {"of a default too", "demo.kind: odd", "demo.kind: odd"},
        {"the place is there already", "x.conf:3: demo.name: odd", "x.conf:3: demo.name: odd"},
        {"no key", "odd", "odd"},
        {"nothing", "", ""},
    };
    const struct str text = STR("# x\n[demo]\nname = a\n[kafka]\nlinger.mss = 5\n");
    char *environment[] = {(char *)(uintptr_t)"VERBATIM_DEMO_SHARE=1", NULL};
    struct config *config = fresh();
    struct err err = {0};
    (void)state;
    must(config_read_text(config, "x.conf", text, &err), &err);
    must(config_read_environment(config, environment, &err), &err);
    must(config_set(config, STR("demo.count=4"), "flag", &err), &err);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        snprintf(err.text, sizeof err.text, "%s", cases[i].error);
        config_locate(config, &err);
        assert_string_equal(err.text, cases[i].says);
    }
    config_locate(config, NULL);
    config_destroy(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_source_beats_the_one_before),
        cmocka_unit_test(mistakes_are_told_with_place_and_remedy),
        cmocka_unit_test(of_several_texts_the_later_one_counts),
        cmocka_unit_test(variables_and_flags_are_checked_alike),
        cmocka_unit_test(variables_that_are_no_settings_are_let_be),
        cmocka_unit_test(a_late_refusal_is_told_with_its_place),
        cmocka_unit_test(lines_are_read_with_goodwill),
        cmocka_unit_test(kafka_properties_pass_through),
        cmocka_unit_test(secrets_in_files_are_read_again),
        cmocka_unit_test(secrets_come_from_files_too),
        cmocka_unit_test(secrets_are_never_shown),
        cmocka_unit_test(files_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
