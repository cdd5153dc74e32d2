/* Every secret of every worker, by the option tables themselves: one that is added is judged here
 * without a word. It comes from a file, the environment or a file that either names, and is in no
 * output and no message. */
#include "must.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "ops/cli/cli.h"
#include "runtime/runtime.h"

#define VALUE "hunter2-9f3a" /* which no text of ours holds */

static const char *const kafka_secrets[] = {
    "sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem",
    "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config", "sasl.jaas.config"};
/* Names that sound like one: a file's, or what everybody may know. */
static const char *const no_secrets[] = {
    "ingest.keys", "ingest.private_key", "store.access_key_id", "store.kms_key_id",
    "bedrock.access_key_id"};

/* --- the ways in: each gives one line or assignment for SECTION.NAME -------------------------- */

enum way {
    WAY_FILE, WAY_FILE_NAMES_FILE, WAY_ENVIRONMENT, WAY_ENVIRONMENT_NAMES_FILE, WAY_FLAG_NAMES_FILE,
    WAY_FLAG, WAYS
};

struct place {
    char secret[40], missing[48]; /* files */
};

static void upper(char *text)
{
    for (; *text; text++) *text = (char)(*text == '.' ? '_' : toupper((unsigned char)*text));
}

static int set(struct config *config, enum way way, const char *module, const char *name,
               const char *value, const char *path, struct err *err)
{
    char text[256], variable[160];
    char *environment[] = {text, NULL};
    bool by_file = way == WAY_FILE_NAMES_FILE || way == WAY_ENVIRONMENT_NAMES_FILE ||
                   way == WAY_FLAG_NAMES_FILE;
    const char *suffix = by_file ? "_file" : "", *what = by_file ? path : value;
    switch (way) {
    case WAY_FILE:
    case WAY_FILE_NAMES_FILE:
        snprintf(text, sizeof text, "[%s]\n%s%s = %s\n", module, name, suffix, what);
        return config_read_text(config, "x.conf", str_of(text), err);
    case WAY_ENVIRONMENT:
    case WAY_ENVIRONMENT_NAMES_FILE:
        snprintf(variable, sizeof variable, "verbatim.%s.%s%s", module, name, suffix);
        upper(variable);
        snprintf(text, sizeof text, "%s=%s", variable, what);
        return config_read_environment(config, environment, err);
    default:
        snprintf(text, sizeof text, "%s.%s%s=%s", module, name, suffix, what);
        return config_set(config, str_of(text), "flag", err);
    }
}

/* --- what is in force, and what is shown ------------------------------------------------------ */

static const char *in_force(const struct config *config, const struct option_table *table,
                            const struct option *row)
{
    static char options[65536];
    struct err err;
    const char *value;
    assert_true(table->struct_bytes <= sizeof options);
    assert_int_equal(config_get(config, table, options, &err), E_OK);
    memcpy(&value, options + row->offset, sizeof value);
    return value;
}

static void assert_hidden(const struct config *config, const struct option_table *const *tables)
{
    struct buffer out = {0};
    config_print(config, false, &out);
    config_print(config, true, &out);
    config_print_reference(tables, &out);
    config_print_file(tables, &out);
    assert_null(strstr(buffer_cstr(&out), VALUE));
    assert_non_null(strstr(buffer_cstr(&out), "(set)"));
    buffer_deinit(&out);
}

/* A name that is wrong by a letter, and a file that isn't there: the message tells neither the
 * value nor what lies in files. */
static void assert_errors_are_silent(struct config *config, const char *module, const char *name,
                                     const struct place *place)
{
    char wrong[128];
    snprintf(wrong, sizeof wrong, "%sx", name);
    for (int way = 0; way < WAYS; way++) {
        struct err err = {0};
        /* which knows no names: librdkafka will refuse it, by its name */
        bool passed = strcmp(module, "kafka") == 0;
        if (!passed)
            assert_int_equal(set(config, (enum way)way, module, wrong, VALUE, place->secret, &err),
                             E_BAD_CONFIG);
        assert_null(strstr(err.text, VALUE));
        bool by_file = way == WAY_FILE_NAMES_FILE || way == WAY_ENVIRONMENT_NAMES_FILE ||
                       way == WAY_FLAG_NAMES_FILE;
        if (!by_file) continue;
        assert_int_equal(set(config, (enum way)way, module, name, VALUE, place->missing, &err),
                         E_BAD_CONFIG);
        assert_non_null(strstr(err.text, place->missing)); /* the name helps, and is none */
        assert_null(strstr(err.text, VALUE));
    }
}

static void judge(const struct option_table *const *tables, const struct option_table *table,
                  const char *name, const struct option *row, const struct place *place)
{
    for (int way = 0; way < WAYS; way++) {
        struct config *config;
        struct err err = {0};
        assert_int_equal(config_create(tables, &config, &err), E_OK);
        must(set(config, (enum way)way, table->module, name, VALUE, place->secret, &err), &err);
        const char *value = row ? in_force(config, table, row)
                                : config_property_value(config, name);
        assert_non_null(value);
        assert_string_equal(value, VALUE);
        if (row) assert_string_equal(config_value(config, table->module, name, NULL), "(set)");
        assert_hidden(config, tables);
        assert_errors_are_silent(config, table->module, name, place);
        config_destroy(config);
    }
}

static struct place make_place(void)
{
    struct place place;
    snprintf(place.secret, sizeof place.secret, "/tmp/verbatim-secret-XXXXXX");
    int fd = mkstemp(place.secret);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, VALUE "\nand more\n", sizeof VALUE "\nand more\n" - 1),
                     sizeof VALUE "\nand more\n" - 1);
    close(fd);
    snprintf(place.missing, sizeof place.missing, "%s-gone", place.secret);
    return place;
}

static void every_secret_of_every_worker(void **state)
{
    const struct option_table **tables = runtime_tables(cli_workers, CLI_WORKERS);
    struct place place = make_place();
    unsigned judged = 0;
    (void)state;
    assert_non_null(tables);
    for (size_t i = 0; tables[i]; i++) {
        for (size_t j = 0; j < tables[i]->count; j++) {
            const struct option *row = &tables[i]->options[j];
            if (row->kind != OPTION_SECRET) continue;
            print_message("  - %s.%s\n", tables[i]->module, row->name);
            judge(tables, tables[i], row->name, row, &place);
            judged++;
        }
        for (size_t j = 0; tables[i]->count == 0 && j < COUNT_OF(kafka_secrets); j++) {
            print_message("  - %s.%s\n", tables[i]->module, kafka_secrets[j]);
            judge(tables, tables[i], kafka_secrets[j], NULL, &place);
            judged++;
        }
    }
    assert_true(judged >= 3 + COUNT_OF(kafka_secrets));
    unlink(place.secret);
    free(tables);
}

static bool sounds_secret(const char *name)
{
    static const char *const words[] = {"secret", "password", "token", "key", "credential"};
    size_t size = strlen(name);
    if (size > 5 && strcmp(name + size - 5, "_file") == 0) return false;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strstr(name, words[i])) return true;
    return false;
}

static bool is_listed(const char *key)
{
    for (size_t i = 0; i < COUNT_OF(no_secrets); i++)
        if (strcmp(key, no_secrets[i]) == 0) return true;
    return false;
}

/* So that nobody adds a password as an ordinary text. */
static void what_sounds_secret_is_one(void **state)
{
    const struct option_table **tables = runtime_tables(cli_workers, CLI_WORKERS);
    (void)state;
    assert_non_null(tables);
    for (size_t i = 0; tables[i]; i++)
        for (size_t j = 0; j < tables[i]->count; j++) {
            const struct option *row = &tables[i]->options[j];
            char key[128];
            snprintf(key, sizeof key, "%s.%s", tables[i]->module, row->name);
            bool text = row->kind == OPTION_STR && sounds_secret(row->name) && !is_listed(key);
            if (text) fail_msg("%s is shown to everybody: make it a SECRET, or list it here", key);
        }
    free(tables);
}

/* One file for all workers: each must know whose sections to pass over. */
static void every_module_is_known_to_all_workers(void **state)
{
    const struct option_table **all = runtime_tables(cli_workers, CLI_WORKERS);
    (void)state;
    assert_non_null(all);
    for (size_t i = 0; i < CLI_WORKERS; i++) {
        const struct option_table **own = runtime_tables(&cli_workers[i], 1);
        struct config *config;
        struct err err = {0};
        assert_non_null(own);
        assert_int_equal(config_create(own, &config, &err), E_OK);
        config_pass_over(config, runtime_modules);
        for (size_t j = 0; all[j]; j++) {
            char text[128];
            snprintf(text, sizeof text, "[%s]\n", all[j]->module);
            if (config_read_text(config, "x.conf", str_of(text), &err))
                fail_msg("%s: %s; add it to runtime_modules", cli_workers[i]->name, err.text);
        }
        config_destroy(config);
        free(own);
    }
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_secret_of_every_worker),
        cmocka_unit_test(what_sounds_secret_is_one),
        cmocka_unit_test(every_module_is_known_to_all_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
