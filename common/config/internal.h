/* Inside of a config: what was set, and where. Shared by config.c, print.c and unknown.c only. */
#ifndef VERBATIM_CONFIG_INTERNAL_H
#define VERBATIM_CONFIG_INTERNAL_H

#include "base/arena.h"
#include "config/config.h"

struct setting {
    const char *value, *origin; /* NULL value: the table's fallback is in force */
    const char *file;           /* of a secret that was read from one; NULL */
    unsigned text;              /* the number of the text that set it; 0: no text did */
};

struct property {
    const char *name, *value, *origin;
    unsigned text;
};

struct config {
    const struct option_table *const *tables;
    struct setting **settings; /* one row a table, one item an option */
    size_t table_count;
    const char *const *others; /* modules that aren't ours, ended by NULL; NULL: none */
    struct property *properties;
    size_t property_count, property_capacity;
    unsigned texts, text; /* how many were read; the one that is being read, or 0 */
    struct arena arena;
};

/* Where option `name` stands in its table, table->count if nowhere. */
size_t config_find_table(const struct config *config, struct str module);
size_t config_find_option(const struct option_table *table, struct str name);

/* BAD_CONFIG, with what was meant, maybe; an empty name for a module alone (unknown.c). */
int config_unknown_key(const struct config *config, struct str module, struct str name,
                       const char *origin, struct err *err);
int config_unknown_section(const struct config *config, struct str module, const char *origin,
                           struct err *err);

#endif
