/* What is said of a key or a section that nobody has: what it may have been meant to be. */
#include <stdio.h>

#include "base/nearest.h"
#include "config/internal.h"

/* The known key that is spelled most like `key`, which ends in `name`. */
static void nearest_key(const struct config *config, struct str key, struct str name,
                        char out[static 128])
{
    struct nearest nearest = nearest_to(key);
    out[0] = '\0';
    for (size_t i = 0; i < config->table_count; i++) {
        const struct option_table *table = config->tables[i];
        for (size_t j = 0; j < table->count; j++) {
            char known[128];
            snprintf(known, sizeof known, "%s.%s", table->module, table->options[j].name);
            bool found = nearest_offer(&nearest, str_of(known));
            /* only the section is wrong */
            if (nearest.distance && str_equal(name, str_of(table->options[j].name)))
                nearest.distance = 0, found = true;
            if (found) memcpy(out, known, sizeof known);
        }
    }
}

int config_unknown_key(const struct config *config, struct str module, struct str name,
                       const char *origin, struct err *err)
{
    char key[128], nearest[128];
    snprintf(key, sizeof key, "%.*s%s%.*s", STR_ARGS(str_slice(module, 0, 60)),
             name.size ? "." : "", STR_ARGS(str_slice(name, 0, 60)));
    nearest_key(config, str_of(key), name, nearest);
    if (!nearest[0])
        return err_set(err, E_BAD_CONFIG, "%s: unknown key \"%s\"; verbatim config lists them",
                       origin, key);
    return err_set(err, E_BAD_CONFIG, "%s: unknown key \"%s\"; did you mean \"%s\"?", origin, key,
                   nearest);
}

int config_unknown_section(const struct config *config, struct str module, const char *origin,
                           struct err *err)
{
    struct nearest nearest = nearest_to(module);
    for (size_t i = 0; i < config->table_count; i++)
        nearest_offer(&nearest, str_of(config->tables[i]->module));
    for (const char *const *other = config->others; other && *other; other++)
        nearest_offer(&nearest, str_of(*other));
    module = str_slice(module, 0, 60);
    if (!nearest.found.data)
        return err_set(err, E_BAD_CONFIG, "%s: unknown section [%.*s]; verbatim config lists them",
                       origin, STR_ARGS(module));
    return err_set(err, E_BAD_CONFIG, "%s: unknown section [%.*s]; did you mean [%.*s]?", origin,
                   STR_ARGS(module), STR_ARGS(nearest.found));
}
