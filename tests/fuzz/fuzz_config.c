/* links: common_config */
/* Configuration files, assignments and variables: what is taken is in force, and no
 * secret is ever shown. */
#include <assert.h>
#include <stdlib.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEMO_OPTIONS(O)                                              \
    O(STR, name, "x", "A text.")                                     \
    O(SECRET, key, "A secret.")                                      \
    O(BOOL, on, "true", "A switch.")                                 \
    O(U32, count, "3", 1, 100, "A number.")                          \
    O(MS, every, "30s", 100, 3600000, "A time.")                     \
    O(BYTES, room, "64k", 1024, 1048576, "A size.")                  \
    O(F64, share, "0.5", 0, 1, "A share.")                           \
    O(CHOICE, kind, "b", "a|b|c", "A choice.")
OPTIONS_STRUCT(demo, DEMO_OPTIONS);
#define OPTIONS_OWNER struct demo_options
OPTIONS_TABLE(demo, DEMO_OPTIONS, "For fuzzing.");
#undef OPTIONS_OWNER
static const struct option_table kafka_table = {.module = "kafka", .summary = "Passes through."};
static const struct option_table *const tables[] = {&demo_option_table, &kafka_table, NULL};

static void is_in_force(struct config *config)
{
    struct demo_options options;
    struct buffer out = {0};
    struct err err;
    int rc = config_get(config, &demo_option_table, &options, &err);
    assert(rc == E_OK);
    assert(options.count >= 1 && options.count <= 100 && options.every >= 100 &&
           options.every <= 3600000);
    assert(options.room >= 1024 && options.room <= 1048576 && options.share >= 0 &&
           options.share <= 1 && options.kind < 3);
    config_print(config, false, &out);
    if (options.key[0]) assert(strcmp(config_value(config, "demo", "key", NULL), "(set)") == 0);
    buffer_clear(&out);
    config_print(config, true, &out);
    assert(!out.failed && out.data[0] == '[');
    buffer_deinit(&out);
}

/* No file may be opened on a fuzzer's word: key_file would. */
static bool names_a_file(struct str text)
{
    struct str folded = text;
    for (size_t i = 0; i + 5 <= folded.size; i++)
        if (str_equal_ignoring_case(str_slice(folded, i, i + 5), STR("_file")) ||
            str_equal_ignoring_case(str_slice(folded, i, i + 5), STR(".file")))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make(data, size);
    struct config *config = NULL;
    struct err err = {0};
    if (names_a_file(text)) return 0;
    int rc = config_create(tables, &config, &err);
    assert(rc == E_OK);
    rc = config_read_text(config, "fuzz.conf", text, &err);
    assert(rc == E_OK || (rc == E_BAD_CONFIG && strstr(err.text, "fuzz.conf:")));
    is_in_force(config);
    rc = config_set(config, text, "flag", &err);
    assert(rc == E_OK || rc == E_BAD_CONFIG);
    char *variable = malloc(size + 1);
    assert(variable);
    if (size) memcpy(variable, data, size);
    variable[size] = '\0';
    char *environment[] = {variable, NULL};
    rc = config_read_environment(config, environment, &err);
    assert(rc == E_OK || rc == E_BAD_CONFIG);
    is_in_force(config);
    free(variable);
    config_destroy(config);
    return 0;
}
