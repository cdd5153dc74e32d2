/* The main() that all workers share: options in, exit status out. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/nearest.h"
#include "base/terminal.h"
#include "base/wrap.h"
#include "runtime/runtime.h"

enum { TABLES_MAX = 64 };

static void add_table(const struct option_table **tables, size_t *count,
                      const struct option_table *table)
{
    for (size_t i = 0; i < *count; i++)
        if (tables[i] == table) return;
    if (*count < TABLES_MAX - 1) tables[(*count)++] = table;
}

const struct option_table **runtime_tables(const struct worker *const *workers, size_t worker_count)
{
    const struct option_table **tables = calloc(TABLES_MAX, sizeof *tables);
    size_t count = 0;
    if (!tables) return NULL;
    add_table(tables, &count, &runtime_option_table);
    add_table(tables, &count, &bus_option_table);
    add_table(tables, &count, &kafka_option_table);
    add_table(tables, &count, &telemetry_option_table);
    for (size_t i = 0; i < worker_count; i++) {
        if (workers[i]->options) add_table(tables, &count, workers[i]->options);
        for (const struct option_table *const *more = workers[i]->tables; more && *more; more++)
            add_table(tables, &count, *more);
    }
    return tables;
}

static int print_help(const struct worker *worker, const struct option_table *const *tables,
                      struct err *err)
{
    struct buffer out = {0};
    buffer_printf(
        &out,
        "verbatim-%s %s: %s\n\n"
        "Usage: verbatim-%s [--config FILE] [--SECTION.NAME=VALUE ...]\n\n"
        "  --config FILE     read options from FILE ([section] and name = value lines)\n"
        "  --print-config    print every option in force with its origin, and exit\n"
        "  --help, --version\n\n"
        "Order: defaults < file < environment (VERBATIM_SECTION_NAME) < flags.\n"
        "Signals: TERM and INT drain and stop, HUP reloads. Exit status: sysexits(3); 78 is bad "
        "configuration.\n\n"
        "Example: verbatim-%s --bus.kind=kafka --kafka.bootstrap.servers=127.0.0.1:9092\n",
        worker->name, VERBATIM_VERSION, worker->summary, worker->name, worker->name);
    for (; *tables; tables++) {
        buffer_printf(&out, "\n[%s] %s\n", (*tables)->module, (*tables)->summary);
        for (size_t i = 0; i < (*tables)->count; i++)
            buffer_printf(
                &out, "  --%s.%-20s %s (%s)\n", (*tables)->module, (*tables)->options[i].name,
                (*tables)->options[i].help,
                (*tables)->options[i].fallback[0] ? (*tables)->options[i].fallback : "empty");
    }
    return wrap_print(&out, err);
}

/* One file may configure a whole deployment: the sections of other programs are theirs to judge. */
const char *const runtime_modules[] = {"anthropic", "bedrock",   "genai", "ingest",   "logsink",
                                       "openai",    "preprocess", "segment", "store", "webhooks",
                                       NULL};

struct arguments {
    bool help, version, print_config;
    const char *config_file;
};

static int unknown_argument(struct str argument, struct err *err)
{
    static const char *const known[] = {"--help", "--version", "--print-config", "--config"};
    struct nearest nearest = nearest_to(argument);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        nearest_offer(&nearest, str_of(known[i]));
    argument = str_slice(argument, 0, 100);
    if (!nearest.found.data)
        return err_set(err, E_USAGE, "unknown argument \"%.*s\"; see --help", STR_ARGS(argument));
    return err_set(err, E_USAGE, "unknown argument \"%.*s\"; did you mean %.*s?",
                   STR_ARGS(argument), STR_ARGS(nearest.found));
}

/* Everything but --section.name=value, which must come after the file and the environment. */
static int read_arguments(int argc, char **argv, struct arguments *arguments, struct err *err)
{
    arguments->config_file = getenv("VERBATIM_CONFIG");
    for (int i = 1; i < argc; i++) {
        struct str argument = str_of(argv[i]);
        if (str_equal(argument, STR("--help")) || str_equal(argument, STR("-h")))
            arguments->help = true;
        else if (str_equal(argument, STR("--version"))) arguments->version = true;
        else if (str_equal(argument, STR("--print-config"))) arguments->print_config = true;
        else if (str_equal(argument, STR("--config")) && i + 1 == argc)
            return err_set(err, E_USAGE, "--config needs a FILE");
        else if (str_equal(argument, STR("--config"))) arguments->config_file = argv[++i];
        else if (str_starts(argument, STR("--config="))) arguments->config_file = argv[i] + 9;
        else if (!str_starts(argument, STR("--")) || str_find(argument, STR(".")) == argument.size)
            return unknown_argument(argument, err);
    }
    return E_OK;
}

static int read_config(struct config *config, const struct arguments *arguments, int argc,
                       char **argv, char *const *environment, struct err *err)
{
    int rc = E_OK;
    if (arguments->config_file && arguments->config_file[0])
        rc = config_read_file(config, arguments->config_file, err);
    if (rc == E_OK) rc = config_read_environment(config, environment, err);
    for (int i = 1; i < argc && rc == E_OK; i++) {
        struct str argument = str_of(argv[i]);
        if (str_equal(argument, STR("--config"))) i++;
        else if (str_find(argument, STR(".")) < argument.size &&
                 !str_starts(argument, STR("--config=")))
            rc = config_set(config, str_slice(argument, 2, argument.size), "flag", err);
    }
    return rc;
}

static struct runtime *running;

static void stop_running(void) { runtime_stop(running); }
static void reload_running(void) { runtime_reload(running); }

static int run(const struct worker *worker, const struct config *config, struct err *err)
{
    struct runtime_options options;
    int rc = config_get(config, &runtime_option_table, &options, err);
    if (rc) return rc;
    log_setup((enum log_level)options.log_level, (enum log_format)options.log);
    rc = runtime_create(worker, config, &running, err);
    if (rc) {
        config_locate(config, err);
        return rc;
    }
    runtime_on_signals(stop_running, reload_running);
    rc = runtime_run(running, err);
    runtime_destroy(running);
    if (rc) config_locate(config, err);
    return rc;
}

static int print_config(const struct config *config, struct err *err)
{
    struct buffer out = {0};
    config_print(config, false, &out);
    return terminal_print(&out, err);
}

int runtime_main(const struct worker *worker, int argc, char **argv, char *const *environment)
{
    struct err err = {0};
    struct arguments arguments = {0};
    struct config *config = NULL;
    const struct option_table **tables = runtime_tables(&worker, 1);
    terminal_hold_streams();
    int rc = tables ? read_arguments(argc, argv, &arguments, &err)
                    : err_set(&err, E_NO_MEMORY, NULL);
    if (rc == E_OK && arguments.help) {
        rc = print_help(worker, tables, &err);
    } else if (rc == E_OK && arguments.version) {
        printf("verbatim-%s %s\n", worker->name, VERBATIM_VERSION);
    } else if (rc == E_OK) {
        rc = config_create(tables, &config, &err);
        if (rc == E_OK) config_pass_over(config, runtime_modules);
        if (rc == E_OK) rc = read_config(config, &arguments, argc, argv, environment, &err);
        if (rc == E_OK && arguments.print_config) rc = print_config(config, &err);
        else if (rc == E_OK) rc = run(worker, config, &err);
    }
    rc = terminal_printed(rc, &err);
    if (rc) fprintf(stderr, "verbatim-%s: %s\n", worker->name, err.text);
    config_destroy(config);
    free(tables);
    return err_exit_status((enum err_code)rc);
}
