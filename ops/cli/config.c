/* verbatim config: what is in force, and where each value came from. */
#include <stdio.h>

#include "ops/cli/cli.h"

static int config_run(const struct command *command, int argc, char **argv, struct err *err)
{
    bool json = false, reference = false;
    const struct flag flags[] = {
        {"json", FLAG_BOOL, &json, "as JSON, for programs"},
        {"reference", FLAG_BOOL, &reference, "every option with its meaning, as Markdown"},
    };
    struct arguments arguments;
    struct cli_config config;
    struct buffer out = {0};
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    rc = cli_config(&arguments, &config, err);
    if (rc) return rc;
    if (reference) config_print_reference(config.tables, &out);
    else config_print(config.config, json, &out);
    fputs(buffer_cstr(&out), stdout);
    buffer_deinit(&out);
    cli_config_free(&config);
    return E_OK;
}

const struct command config_command = {
    .name = "config",
    .summary = "every option in force, and where it came from",
    .usage = "[--json | --reference]",
    .details = "Order: defaults < files < environment (VERBATIM_SECTION_NAME) < flags. Secrets are never shown.\n\n"
               "Example: verbatim config --config config/segment.ini --bus.kind=kafka\n",
    .run = config_run,
};
