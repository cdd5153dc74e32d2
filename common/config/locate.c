/* A value may be refused by who uses it, long after it was read. Its message names the key; this
 * finds the line or variable that set it. */
#include <stdio.h>

#include "base/ascii.h"
#include "config/internal.h"

static bool continues_a_key(char c)
{
    return ascii_is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
}

/* Where `text` names the key as a whole, its size if nowhere. A dot behind it may end a
 * sentence. */
static size_t find_key(struct str text, struct str key)
{
    for (size_t at = 0; at < text.size; at += key.size) {
        at += str_find(str_slice(text, at, text.size), key);
        size_t end = at + key.size;
        if (end > text.size) break;
        if (end < text.size && text.data[end] == '.') end++;
        if ((at == 0 || !continues_a_key(text.data[at - 1])) &&
            (end >= text.size || !continues_a_key(text.data[end])))
            return at;
    }
    return text.size;
}

struct search {
    struct str text;
    size_t at;
    const char *origin;
};

/* Flags and what a command sets are before everybody's eyes. */
static bool is_a_place(const char *origin)
{
    return str_find(str_of(origin), STR(":")) < strlen(origin) ||
           str_starts(str_of(origin), STR("environment "));
}

static void look_for(struct search *search, const char *module, const char *name, const char *origin)
{
    char key[160];
    if (!origin || !is_a_place(origin)) return;
    snprintf(key, sizeof key, "%s.%s", module, name);
    size_t at = find_key(search->text, str_of(key));
    if (at < search->at) search->at = at, search->origin = origin;
}

void config_locate(const struct config *config, struct err *err)
{
    if (!err || !config) return;
    struct search search = {.text = str_of(err->text), .at = strlen(err->text)};
    for (size_t t = 0; t < config->table_count; t++)
        for (size_t i = 0; i < config->tables[t]->count; i++)
            look_for(&search, config->tables[t]->module, config->tables[t]->options[i].name,
                     config->settings[t][i].origin);
    for (size_t i = 0; i < config->property_count; i++)
        look_for(&search, "kafka", config->properties[i].name, config->properties[i].origin);
    if (search.origin && str_find(search.text, str_of(search.origin)) == search.text.size)
        err_wrap(err, "%s", search.origin);
}
