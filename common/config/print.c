/* Shows what is in force, without its secrets; and writes a file of defaults. */
#include <stdio.h>

#include "config/internal.h"
#include "config/value.h"

static const char *shown(const struct option *row, const struct setting *setting)
{
    const char *value = setting->value ? setting->value : row->fallback;
    return row->kind == OPTION_SECRET && value[0] ? "(set)" : value;
}

const char *config_value(const struct config *config, const char *module, const char *name,
                         const char **ret_origin)
{
    size_t table = config_find_table(config, str_of(module));
    size_t option = table < config->table_count
                        ? config_find_option(config->tables[table], str_of(name))
                        : 0;
    if (table == config->table_count || option == config->tables[table]->count) return NULL;
    const struct setting *setting = &config->settings[table][option];
    if (ret_origin) *ret_origin = setting->origin ? setting->origin : "default";
    return shown(&config->tables[table]->options[option], setting);
}

/* librdkafka's own sensitive properties, by a part of their names. */
bool config_property_is_secret(struct str name)
{
    static const char *const marks[] = {
        "password", "secret", "key.pem", "jaas", "oauthbearer.config"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (str_find(name, str_of(marks[i])) < name.size) return true;
    return false;
}

static void print_json_string(struct buffer *out, const char *text)
{
    buffer_add_char(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') buffer_printf(out, "\\%c", c);
        else if (c < 0x20) buffer_printf(out, "\\u%04x", c);
        else buffer_add_char(out, (char)c);
    }
    buffer_add_char(out, '"');
}

static void print_item(bool json, bool first, const char *module, const char *name,
                       const char *value, const char *origin, struct buffer *out)
{
    if (!json) {
        char key[160];
        snprintf(key, sizeof key, "%s.%s", module, name);
        buffer_printf(out, "%-32s %-28s %s\n", key, value[0] ? value : "\"\"", origin);
        return;
    }
    buffer_add(out, first ? STR("\n  ") : STR(",\n  "));
    buffer_printf(out, "{\"key\": \"%s.%s\", \"value\": ", module, name);
    print_json_string(out, value);
    buffer_add(out, STR(", \"origin\": "));
    print_json_string(out, origin);
    buffer_add_char(out, '}');
}

void config_print(const struct config *config, bool json, struct buffer *out)
{
    bool first = true;
    if (json) buffer_add_char(out, '[');
    for (size_t i = 0; i < config->table_count; i++) {
        const struct option_table *table = config->tables[i];
        for (size_t j = 0; j < table->count; j++, first = false) {
            const struct setting *setting = &config->settings[i][j];
            print_item(json, first, table->module, table->options[j].name,
                       shown(&table->options[j], setting),
                       setting->origin ? setting->origin : "default", out);
        }
    }
    for (size_t i = 0; i < config->property_count; i++, first = false) {
        const struct property *property = &config->properties[i];
        print_item(json, first, "kafka", property->name,
                   config_property_is_secret(str_of(property->name)) ? "(set)" : property->value,
                   property->origin, out);
    }
    if (json) buffer_add(out, STR("\n]\n"));
}

static void print_wrapped(const char *text, struct buffer *out)
{
    enum { COLUMNS = 98 };
    struct str rest = str_of(text);
    size_t column = 0;
    while (rest.size) {
        struct str word = str_cut(&rest, ' ');
        if (column && column + 1 + word.size > COLUMNS) buffer_add_char(out, '\n'), column = 0;
        buffer_add(out, column ? STR(" ") : STR("# "));
        buffer_add(out, word);
        column += word.size + (column ? 1 : 2);
    }
    buffer_add_char(out, '\n');
}

static void print_file_option(const struct option *row, struct buffer *out)
{
    char allowed[160], text[512];
    option_allowed(row, allowed);
    bool plain = row->kind == OPTION_STR;
    snprintf(text, sizeof text, "%s%s%s", row->help,
             plain ? "" : " Allowed: ", plain ? "" : allowed);
    if (row->kind == OPTION_SECRET)
        snprintf(text, sizeof text, "%s Better %s_file = PATH, or the environment.", row->help,
                 row->name);
    print_wrapped(text, out);
    /* A secret's empty default is left out, so that one from the environment isn't thought
     * to be set here. */
    buffer_printf(out, "%s%s =%s%s\n\n", row->kind == OPTION_SECRET ? "#" : "", row->name,
                  row->fallback[0] ? " " : "", row->fallback);
}

void config_print_file(const struct option_table *const *tables, struct buffer *out)
{
    for (; *tables; tables++) {
        print_wrapped((*tables)->summary, out);
        buffer_printf(out, "[%s]\n\n", (*tables)->module);
        if ((*tables)->count == 0)
            buffer_add(out, STR("# Any property of librdkafka, by its own name, such as\n# "
                                "bootstrap.servers = 127.0.0.1:9092\n\n"));
        for (size_t i = 0; i < (*tables)->count; i++)
            print_file_option(&(*tables)->options[i], out);
    }
}
