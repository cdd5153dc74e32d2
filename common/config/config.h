/* What is in force: defaults < file < environment < flags, each value with its origin.
 *
 * A file has [module] sections of `name = value` lines; lines that start with `#` or `;`
 * are comments; a key stands in it once. The environment name of [segment] model is
 * VERBATIM_SEGMENT_MODEL, its flag --segment.model=VALUE. The section [kafka] takes any librdkafka
 * property as it is (VERBATIM_KAFKA_BOOTSTRAP_SERVERS is kafka.bootstrap.servers;
 * --kafka.linger.ms=5). NAME_file reads a secret NAME from the first line of a file.
 *
 * Errors are BAD_CONFIG (exit 78) and name file, line, key and the nearest valid key. */
#ifndef VERBATIM_CONFIG_CONFIG_H
#define VERBATIM_CONFIG_CONFIG_H

#include "base/buffer.h"
#include "config/options.h"

struct config;

/* `tables` ends with NULL and must outlive the config: every module whose keys are valid. */
int config_create(const struct option_table *const *tables, struct config **ret_config,
                  struct err *err) CHECKED;
void config_destroy(struct config *config);

/* A file and an environment may be shared with other programs: what belongs to these modules
 * (ended by NULL, kept) is passed over there, unless it is one of `tables`. Their own programs
 * judge it. */
void config_pass_over(struct config *config, const char *const *modules);

int config_read_file(struct config *config, const char *path, struct err *err) CHECKED;
/* For tests and fuzzing: `name` is what errors call the file. */
int config_read_text(struct config *config, const char *name, struct str text,
                     struct err *err) CHECKED;
/* Every VERBATIM_… variable whose module is known; others of that prefix are refused, except
 * VERBATIM_CONFIG, _BIN, _SOURCE, _CACHE, _HOME, _WERROR and VERBATIM_TEST_…. */
int config_read_environment(struct config *config, char *const *environment,
                            struct err *err) CHECKED;
/* One "module.name=value" (without the leading dashes). */
int config_set(struct config *config, struct str assignment, const char *origin,
               struct err *err) CHECKED;

/* Fills `options` (table->struct_bytes) with what is in force.
 * Strings live as long as the config. */
int config_get(const struct config *config, const struct option_table *table, void *options,
               struct err *err) CHECKED;

/* What a secret is now: read anew where it came from a file (NAME_file), else as config_get() gives
 * it. Added to `out`, which the caller wipes. BAD_CONFIG: the file can't be read. */
int config_secret(const struct config *config, const char *module, const char *name,
                  struct buffer *out, struct err *err) CHECKED;

/* One option's text in force ("" if unset); NULL for an unknown key.
 * Secrets are shown as "(set)". */
const char *config_value(const struct config *config, const char *module, const char *name,
                         const char **ret_origin);

/* Puts before the text of an error that names a key which a file or a variable set, where that was:
 * for values that only who uses them can refuse. Said once. */
void config_locate(const struct config *config, struct err *err);

/* The [kafka] pass-through properties, in no special order. */
size_t config_property_count(const struct config *config);
void config_property(const struct config *config, size_t index, const char **ret_name,
                     const char **ret_value);
/* The value of that property; NULL: it isn't set. */
const char *config_property_value(const struct config *config, const char *name);
/* Is this librdkafka property one whose value nobody may see? */
bool config_property_is_secret(struct str name);

/* Prints every key with value and origin (as text, or JSON), secrets hidden; or the reference. */
void config_print(const struct config *config, bool json, struct buffer *out);
/* Markdown */
void config_print_reference(const struct option_table *const *tables, struct buffer *out);
/* A file that sets every option to its default, with what it means: config/WORKER.conf. */
void config_print_file(const struct option_table *const *tables, struct buffer *out);

#endif
