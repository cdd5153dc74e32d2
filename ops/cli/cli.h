/* What the commands of `verbatim` share: flags, configuration, help. One file a command. */
#ifndef VERBATIM_OPS_CLI_H
#define VERBATIM_OPS_CLI_H

#include "base/terminal.h"
#include "config/config.h"
#include "runtime/worker.h"

/* COUNT: a number from 1, as none would mean no end. */
enum flag_kind { FLAG_BOOL, FLAG_TEXT, FLAG_NUMBER, FLAG_COUNT, FLAG_LIST };

/* Of a flag that may be given more than once. */
struct flag_list {
    const char *items[32];
    size_t count;
};

struct flag {
    const char *name; /* without dashes */
    enum flag_kind kind;
    void *into;       /* bool *, const char **, uint64_t *, struct flag_list * */
    const char *help; /* "FILE  what it does" for flags with a value */
};

struct command {
    const char *name, *summary;
    const char *usage;   /* "[--all] TOPIC" */
    const char *details; /* some lines; ends with an example */
    /* argv[0] is the command's name. Returns an err_code; err says why. */
    int (*run)(const struct command *command, int argc, char **argv, struct err *err);
};

extern const struct command access_command, analyze_command, buckets_command, config_command,
    diff_command, estimate_command, evaluate_command, keys_command, models_command,
    redrive_command, replay_command, run_command, schema_command, send_command, tail_command,
    topics_command, train_command, verify_command, version_command;

/* The six workers in the order of the data. */
extern const struct worker *const cli_workers[];
enum { CLI_WORKERS = 6 };

/* Flags into their variables; what is left into positionals. --help prints help and sets *ret_help.
 * --config FILE (may repeat) and --section.name=value are collected for cli_config(). USAGE. */
struct arguments {
    const char *positionals[64];
    size_t positional_count;
    const char *config_files[16], *settings[128];
    /* the command's own defaults, "section.name=value", ends with NULL; may be NULL */
    const char *const *presets;
    size_t config_file_count, setting_count;
    bool help;
};
int cli_parse(const struct command *command, const struct flag *flags, size_t flag_count, int argc,
              char **argv, struct arguments *ret_arguments, struct err *err) CHECKED;

/* Every module's options: defaults < files < environment < settings. Free by cli_config_free(). */
struct cli_config {
    const struct option_table **tables;
    struct config *config;
};
/* For who only reads: a bus that isn't there isn't made, as an empty one would look as if all were
 * well. NO_INPUT; what bus_open() says. */
struct bus;
int cli_open_bus(const struct config *config, struct bus **ret_bus, struct err *err) CHECKED;
/* An archive to read, of a folder or s3:// URL, by the [store] section; store_close() it.
 * What store_open() says. */
struct store;
int cli_open_archive(const struct config *config, const char *url, struct store **ret_store,
                     struct err *err) CHECKED;
/* Says which bus it was, when one can't be reached. Returns the code. */
int cli_name_bus(const struct bus *bus, int rc, struct err *err);

int cli_config(const struct arguments *arguments, struct cli_config *ret_config,
               struct err *err) CHECKED;
void cli_config_free(struct cli_config *config);

/* The workers between feedback and insights, in this process; as many records out as in. */
struct chain;
int cli_chain(const struct cli_config *config, struct chain **ret_chain, struct err *err) CHECKED;
/* The topics by which records are judged: of genai.folder, or those that ship. Free by
 * topics_deinit(), also after an error. */
struct topics;
int cli_taxonomy(const struct cli_config *config, struct topics *topics, struct err *err) CHECKED;
/* A time as people give it: RFC 3339, a date, or an age such as "2h" or "7d".
 * USAGE names the flag. */
int cli_time(const char *flag, const char *text, int64_t *ret_ms, struct err *err) CHECKED;
/* Do the words of the list hold this one? An empty list holds all. */
bool cli_wants(const struct flag_list *list, struct str word);
/* USAGE: names the nearest, or all. */
int cli_no_topic(const char *name, struct err *err) CHECKED;
/* Topics by their names, as bits; USAGE for one that there isn't. */
int cli_topics(const struct flag_list *names, uint32_t *ret_topics, struct err *err) CHECKED;

/* The clock and ids of a program. */
struct cli_ids {
    struct random random;
    struct uuid_generator generator;
};
void cli_ids_init(struct cli_ids *ids);

#endif
