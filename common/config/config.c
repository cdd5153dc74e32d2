/* Holds every key's text with its origin; parses into a module's struct when asked.
 *
 * A value is checked when it is set, so that the error can name the place that it came from. */
#include "config/config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/ascii.h"
#include "config/internal.h"
#include "config/value.h"

enum { SECRET_BYTES_MAX = 64 * 1024 };

int config_create(const struct option_table *const *tables, struct config **ret_config,
                  struct err *err)
{
    struct config *config = calloc(1, sizeof *config);
    if (!config) return err_set(err, E_NO_MEMORY, NULL);
    config->tables = tables;
    while (tables[config->table_count]) config->table_count++;
    config->settings = ARENA_ARRAY(&config->arena, struct setting *, config->table_count);
    for (size_t i = 0; config->settings && i < config->table_count; i++) {
        config->settings[i] = ARENA_ARRAY(&config->arena, struct setting, tables[i]->count + 1);
        if (!config->settings[i]) config->settings = NULL;
    }
    if (!config->settings) {
        config_destroy(config);
        return err_set(err, E_NO_MEMORY, NULL);
    }
    *ret_config = config;
    return E_OK;
}

void config_destroy(struct config *config)
{
    if (!config) return;
    free(config->properties);
    arena_deinit(&config->arena);
    free(config);
}

size_t config_find_table(const struct config *config, struct str module)
{
    for (size_t i = 0; i < config->table_count; i++)
        if (str_equal(module, str_of(config->tables[i]->module))) return i;
    return config->table_count;
}

size_t config_find_option(const struct option_table *table, struct str name)
{
    for (size_t i = 0; i < table->count; i++)
        if (str_equal(name, str_of(table->options[i].name))) return i;
    return table->count;
}

void config_pass_over(struct config *config, const char *const *modules)
{
    config->others = modules;
}

static bool is_another_program(const struct config *config, struct str module)
{
    if (config_find_table(config, module) < config->table_count) return false;
    for (const char *const *other = config->others; other && *other; other++)
        if (str_equal(module, str_of(*other))) return true;
    return false;
}

static bool passes_through(const struct option_table *table) { return table->count == 0; }

/* Sources override each other, the lines of one file don't: one of the two is a slip. */
static int refuse_second(const char *module, struct str name, const char *earlier,
                         const char *origin, struct err *err)
{
    return err_set(err, E_BAD_CONFIG, "%s: %s.%.*s is set twice: %s sets it already", origin,
                   module, STR_ARGS(str_slice(name, 0, 60)), earlier);
}

static int set_property(struct config *config, struct str name, struct str value,
                        const char *origin, struct err *err)
{
    struct property *slot = NULL;
    for (size_t i = 0; i < config->property_count && !slot; i++)
        if (str_equal(name, str_of(config->properties[i].name))) slot = &config->properties[i];
    if (slot && config->text && slot->text == config->text)
        return refuse_second("kafka", name, slot->origin, origin, err);
    if (!slot && !array_fits(&config->properties, &config->property_capacity,
                             config->property_count + 1, sizeof *config->properties))
        return err_set(err, E_NO_MEMORY, NULL);
    if (!slot) slot = &config->properties[config->property_count];
    struct property added = {
        .name = arena_copy(&config->arena, name).data,
        .value = arena_copy(&config->arena, value).data,
        .origin = arena_copy(&config->arena, str_of(origin)).data,
        .text = config->text,
    };
    if (!added.name || !added.value || !added.origin) return err_set(err, E_NO_MEMORY, NULL);
    if (slot == &config->properties[config->property_count]) config->property_count++;
    *slot = added;
    return E_OK;
}

/* A file that can't be read is bad configuration; memory that runs out isn't. */
static int unreadable(int rc, struct err *err, const char *origin, const char *what)
{
    err_wrap(err, "%s%s", origin, what);
    if (rc == E_NO_MEMORY) return rc;
    if (err) err->code = E_BAD_CONFIG;
    return E_BAD_CONFIG;
}

/* NAME_file of a SECRET: the file's first line is the value. */
static int read_secret(struct config *config, struct str path, struct str *ret_value,
                       const char *origin, struct err *err)
{
    struct buffer file = {0};
    struct str name = arena_copy(&config->arena, path);
    int rc = name.data ? buffer_read_file(&file, name.data, SECRET_BYTES_MAX, err)
                       : err_set(err, E_NO_MEMORY, NULL);
    if (rc) {
        rc = unreadable(rc, err, origin, ": secret");
    } else {
        struct str rest = buffer_str(&file);
        *ret_value = arena_copy(&config->arena, str_trim(str_cut(&rest, '\n')));
        if (!ret_value->data) rc = err_set(err, E_NO_MEMORY, NULL);
    }
    buffer_deinit(&file);
    return rc;
}

/* sasl.password_file (VERBATIM_KAFKA_SASL_PASSWORD_FILE: .file) reads sasl.password;
 * so with any secret. */
static int set_passed(struct config *config, struct str name, struct str value, const char *origin,
                      struct err *err)
{
    struct str stem = str_slice(name, 0, name.size > 5 ? name.size - 5 : 0), secret;
    bool is_file = str_ends(name, STR("_file")) || str_ends(name, STR(".file"));
    if (!is_file || !config_property_is_secret(stem))
        return set_property(config, name, value, origin, err);
    int rc = read_secret(config, value, &secret, origin, err);
    return rc ? rc : set_property(config, stem, secret, origin, err);
}

static int set_option(struct config *config, size_t table, size_t option, struct str value,
                      const char *origin, struct err *err)
{
    const struct option *row = &config->tables[table]->options[option];
    struct setting *setting = &config->settings[table][option];
    if (config->text && setting->text == config->text)
        return refuse_second(config->tables[table]->module, str_of(row->name), setting->origin,
                             origin, err);
    struct str kept = arena_copy(&config->arena, value);
    struct str from = arena_copy(&config->arena, str_of(origin));
    union option_value parsed;
    if (!kept.data || !from.data) return err_set(err, E_NO_MEMORY, NULL);
    int rc = option_parse(row, kept.data, &parsed, err);
    if (rc) return err_wrap(err, "%s: %s.%s", origin, config->tables[table]->module, row->name);
    *setting = (struct setting){.value = kept.data, .origin = from.data, .text = config->text};
    return E_OK;
}

static int set_key(struct config *config, struct str module, struct str name, struct str value,
                   const char *origin, struct err *err)
{
    size_t table = config_find_table(config, module);
    if (table == config->table_count) return config_unknown_key(config, module, name, origin, err);
    if (memchr(value.data ? value.data : "", '\0', value.size))
        return err_set(err, E_BAD_CONFIG, "%s: %.*s.%.*s holds a NUL byte", origin,
                       STR_ARGS(module), STR_ARGS(name));
    if (passes_through(config->tables[table])) {
        if (name.size == 0) return config_unknown_key(config, module, name, origin, err);
        return set_passed(config, name, value, origin, err);
    }
    size_t option = config_find_option(config->tables[table], name);
    if (option < config->tables[table]->count)
        return set_option(config, table, option, value, origin, err);
    struct str stem = str_ends(name, STR("_file")) ? str_slice(name, 0, name.size - 5) : STR("");
    option = config_find_option(config->tables[table], stem);
    if (option == config->tables[table]->count ||
        config->tables[table]->options[option].kind != OPTION_SECRET)
        return config_unknown_key(config, module, name, origin, err);
    struct str secret;
    int rc = read_secret(config, value, &secret, origin, err);
    if (rc == E_OK) rc = set_option(config, table, option, secret, origin, err);
    struct str path = arena_copy(&config->arena, value);
    if (rc == E_OK && !path.data) rc = err_set(err, E_NO_MEMORY, NULL);
    if (rc == E_OK) config->settings[table][option].file = path.data;
    return rc;
}

/* One line of a file. *module is the section in force, kept over lines. */
static int read_line(struct config *config, struct str line, struct str *module, const char *origin,
                     struct err *err)
{
    line = str_trim(line);
    if (line.size == 0 || line.data[0] == '#' || line.data[0] == ';') return E_OK;
    if (line.data[0] == '[') {
        if (line.data[line.size - 1] != ']')
            return err_set(err, E_BAD_CONFIG, "%s: a section reads [name]", origin);
        *module = str_trim(str_slice(line, 1, line.size - 1));
        return config_find_table(config, *module) < config->table_count ||
                       is_another_program(config, *module)
                   ? E_OK
                   : config_unknown_section(config, *module, origin, err);
    }
    size_t equals = str_find(line, STR("="));
    if (equals == line.size)
        return err_set(err, E_BAD_CONFIG, "%s: expected \"name = value\"", origin);
    struct str name = str_trim(str_slice(line, 0, equals)),
               value = str_trim(str_slice(line, equals + 1, line.size));
    if (module->size == 0)
        return err_set(err, E_BAD_CONFIG, "%s: \"%.*s\" stands before any [section]", origin,
                       STR_ARGS(str_slice(name, 0, 60)));
    if (is_another_program(config, *module)) return E_OK;
    return set_key(config, *module, name, value, origin, err);
}

int config_read_text(struct config *config, const char *name, struct str text, struct err *err)
{
    struct str module = {0};
    int rc = E_OK;
    config->text = ++config->texts;
    for (unsigned number = 1; rc == E_OK && text.size; number++) {
        char origin[256];
        snprintf(origin, sizeof origin, "%s:%u", name, number);
        rc = read_line(config, str_cut(&text, '\n'), &module, origin, err);
    }
    config->text = 0;
    return rc;
}

int config_read_file(struct config *config, const char *path, struct err *err)
{
    struct buffer text = {0};
    int rc = buffer_read_text(&text, path, 1 << 20, err);
    if (rc == E_OK) rc = config_read_text(config, path, buffer_str(&text), err);
    else rc = unreadable(rc, err, "configuration file", "");
    buffer_deinit(&text);
    return rc;
}

static void lower_into(char *out, size_t room, struct str text, char underscore)
{
    size_t size = text.size < room - 1 ? text.size : room - 1;
    for (size_t i = 0; i < size; i++) {
        char c = text.data[i];
        out[i] = c == '_' ? underscore : ascii_lower(c);
    }
    out[size] = '\0';
}

/* MODULE_NAME…: modules have no underscore in their names, so the first one parts the two. */
static int read_variable(struct config *config, struct str variable, struct str value,
                         struct err *err)
{
    char module[64], name[128], origin[160];
    struct str rest = str_slice(variable, sizeof "VERBATIM_" - 1, variable.size);
    lower_into(module, sizeof module, str_cut(&rest, '_'), '_');
    if (is_another_program(config, str_of(module))) return E_OK;
    size_t table = config_find_table(config, str_of(module));
    bool dotted = table < config->table_count && passes_through(config->tables[table]);
    lower_into(name, sizeof name, rest, dotted ? '.' : '_');
    snprintf(origin, sizeof origin, "environment %.*s", STR_ARGS(str_slice(variable, 0, 120)));
    return set_key(config, str_of(module), str_of(name), value, origin, err);
}

static bool is_ours_but_no_setting(struct str variable)
{
    static const char *const names[] = {"VERBATIM_CONFIG", "VERBATIM_BIN", "VERBATIM_SOURCE",
                                        "VERBATIM_CACHE", "VERBATIM_WERROR", "VERBATIM_HOME"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_equal(variable, str_of(names[i]))) return true;
    return str_starts(variable, STR("VERBATIM_TEST_"));
}

int config_read_environment(struct config *config, char *const *environment, struct err *err)
{
    for (; *environment; environment++) {
        struct str value = str_of(*environment);
        struct str variable = str_cut(&value, '=');
        if (!str_starts(variable, STR("VERBATIM_")) || is_ours_but_no_setting(variable)) continue;
        int rc = read_variable(config, variable, value, err);
        if (rc) return rc;
    }
    return E_OK;
}

int config_set(struct config *config, struct str assignment, const char *origin, struct err *err)
{
    size_t equals = str_find(assignment, STR("="));
    struct str value = str_slice(assignment, equals + 1, assignment.size),
               key = str_slice(assignment, 0, equals);
    if (equals == assignment.size)
        return err_set(err, E_BAD_CONFIG, "%s: expected module.name=value, found \"%.*s\"", origin,
                       STR_ARGS(str_slice(assignment, 0, 100)));
    struct str module = str_cut(&key, '.');
    return set_key(config, module, key, value, origin, err);
}

int config_get(const struct config *config, const struct option_table *table, void *options,
               struct err *err)
{
    size_t at = config_find_table(config, str_of(table->module));
    /* every table that is asked for was given to config_create() */
    assert(at < config->table_count);
    for (size_t i = 0; i < table->count; i++) {
        const struct option *row = &table->options[i];
        const struct setting *setting = &config->settings[at][i];
        union option_value value;
        int rc = option_parse(row, setting->value ? setting->value : row->fallback, &value, err);
        if (rc) return err_wrap(err, "%s.%s", table->module, row->name);
        option_store(row, &value, options);
    }
    return E_OK;
}

int config_secret(const struct config *config, const char *module, const char *name,
                  struct buffer *out, struct err *err)
{
    size_t table = config_find_table(config, str_of(module));
    assert(table < config->table_count);
    size_t option = config_find_option(config->tables[table], str_of(name));
    assert(option < config->tables[table]->count);
    const struct setting *setting = &config->settings[table][option];
    struct buffer file = {0};
    int rc = E_OK;
    if (setting->file) {
        rc = buffer_read_file(&file, setting->file, SECRET_BYTES_MAX, err);
        struct str rest = buffer_str(&file);
        buffer_add(out, str_trim(str_cut(&rest, '\n')));
        if (file.data) explicit_bzero(file.data, file.capacity);
        if (rc) rc = unreadable(rc, err, setting->origin, ": secret");
    } else if (setting->value) {
        buffer_add(out, str_of(setting->value));
    }
    buffer_deinit(&file);
    return rc == E_OK && out->failed ? err_set(err, E_NO_MEMORY, NULL) : rc;
}

size_t config_property_count(const struct config *config) { return config->property_count; }

void config_property(const struct config *config, size_t index, const char **ret_name,
                     const char **ret_value)
{
    assert(index < config->property_count);
    *ret_name = config->properties[index].name;
    *ret_value = config->properties[index].value;
}

const char *config_property_value(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->property_count; i++)
        if (strcmp(config->properties[i].name, name) == 0) return config->properties[i].value;
    return NULL;
}
