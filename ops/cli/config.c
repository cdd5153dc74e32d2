/* verbatim config: what is in force, and where each value came from. */
#include <stdio.h>
#include <stdlib.h>

#include "ops/cli/cli.h"
#include "runtime/runtime.h"

/* Every option of one worker at its default, as a file. */
static int print_file(const char *name, struct buffer *out, struct err *err)
{
    for (size_t i = 0; i < CLI_WORKERS; i++) {
        if (!str_equal(str_of(name), str_of(cli_workers[i]->name))) continue;
        const struct option_table **tables = runtime_tables(&cli_workers[i], 1);
        if (!tables) return err_set(err, E_NO_MEMORY, NULL);
        buffer_printf(out,
                      "# verbatim-%s: %s\n# Every option at its default, printed by verbatim "
                      "config --file %s. Copy it, keep what you change,\n"
                      "# and give it with --config FILE.\n\n",
                      name, cli_workers[i]->summary, name);
        config_print_file(tables, out);
        free(tables);
        return E_OK;
    }
    return err_set(
        err, E_USAGE,
        "no worker is called \"%s\": ingest, preprocess, featurize, segment, genai or logsink",
        name);
}

static int config_run(const struct command *command, int argc, char **argv, struct err *err)
{
    bool json = false, reference = false;
    const char *worker = NULL;
    const struct flag flags[] = {
        {"json", FLAG_BOOL, &json, "as JSON, for programs"},
        {"reference", FLAG_BOOL, &reference, "every option with its meaning, as Markdown"},
        {"file", FLAG_TEXT, &worker,
         "WORKER  a file with every option of that worker at its default"},
    };
    struct arguments arguments;
    struct cli_config config;
    struct buffer out = {0};
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count)
        return err_set(err, E_USAGE, "\"%s\"? verbatim config takes no arguments",
                       arguments.positionals[0]);
    if (json + reference + (worker != NULL) > 1)
        return err_set(err, E_USAGE, "one of --json, --reference and --file at a time");
    rc = cli_config(&arguments, &config, err);
    if (rc) return rc;
    if (worker) rc = print_file(worker, &out, err);
    else if (reference) config_print_reference(config.tables, &out);
    else config_print(config.config, json, &out);
    if (rc == E_OK) rc = terminal_print(&out, err);
    buffer_deinit(&out);
    cli_config_free(&config);
    return rc;
}

const struct command config_command = {
    .name = "config",
    .summary = "every option in force, and where it came from",
    .usage = "[--json | --reference | --file WORKER]",
    .details = "Order: defaults < files < environment (VERBATIM_SECTION_NAME) < flags. Secrets are "
               "never shown.\n\n"
               "Example: verbatim config --config config/segment.conf --bus.kind=kafka\n",
    .run = config_run,
};
