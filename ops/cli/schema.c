/* verbatim schema: the reference of records, topics, metrics and errors. */
#include <stdio.h>

#include "observe/metrics.h"
#include "ops/cli/cli.h"
#include "schema/reference.h"

/* Causes of dead letters and exit statuses; what happens then is the class. */
static void print_errors(struct buffer *out)
{
    static const char *const classes[] = {
        "tried again", "to the dead letters", "the program stops, nothing is committed"};
    buffer_add(out, STR("# Errors\n\nPrinted by `verbatim schema --format errors`; don't "
                        "edit.\n\nA dead letter's `cause` and the metrics' "
                        "label are these names; a program that stops for one exits with the "
                        "status\n(sysexits(3)); 0 is success.\n\n"
                        "| name | exit | what happens | meaning |\n|---|---|---|---|\n"));
    for (int code = E_OK + 1; code < ERR_COUNT; code++)
        buffer_printf(out, "| `%s` | %d | %s | %s |\n", err_name((enum err_code)code),
                      err_exit_status((enum err_code)code), classes[err_class((enum err_code)code)],
                      err_text((enum err_code)code));
}

static int schema_run(const struct command *command, int argc, char **argv, struct err *err)
{
    static const struct {
        const char *name;
        void (*print)(struct buffer *out);
    } formats[] = {
        {"markdown", reference_markdown}, {"json-schema", reference_json_schema},
        {"asyncapi", reference_asyncapi}, {"metrics", metrics_print_reference},
        {"errors", print_errors},
    };
    const char *format = "markdown";
    const struct flag flags[] = {
        {"format", FLAG_TEXT, &format, "F  markdown, json-schema, asyncapi, metrics or errors"}};
    struct arguments arguments;
    int rc = cli_parse(command, flags, 1, argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count)
        return err_set(err, E_USAGE, "\"%s\"? verbatim schema takes no arguments",
                       arguments.positionals[0]);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (!str_equal(str_of(format), str_of(formats[i].name))) continue;
        struct buffer out = {0};
        formats[i].print(&out);
        return terminal_print(&out, err);
    }
    return err_set(err, E_USAGE,
                   "unknown format \"%s\": markdown, json-schema, asyncapi, metrics or errors",
                   format);
}

const struct command schema_command = {
    .name = "schema",
    .summary = "the reference of records, topics, metrics and errors",
    .usage = "[--format markdown|json-schema|asyncapi|metrics|errors]",
    .details = "Printed from the tables that the programs themselves run by.\n\n"
               "Example: verbatim schema --format json-schema > record.schema.json\n",
    .run = schema_run,
};
