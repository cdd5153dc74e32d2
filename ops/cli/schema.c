/* verbatim schema: the reference of records, topics, metrics. */
#include <stdio.h>

#include "observe/metrics.h"
#include "ops/cli/cli.h"
#include "schema/reference.h"

static int schema_run(const struct command *command, int argc, char **argv, struct err *err)
{
    static const struct {
        const char *name;
        void (*print)(struct buffer *out);
    } formats[] = {
        {"markdown", reference_markdown}, {"json-schema", reference_json_schema}, {"asyncapi", reference_asyncapi}, {"metrics", metrics_print_reference},
    };
    const char *format = "markdown";
    const struct flag flags[] = {{"format", FLAG_TEXT, &format, "F  markdown, json-schema, asyncapi or metrics"}};
    struct arguments arguments;
    int rc = cli_parse(command, flags, 1, argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (!str_equal(str_of(format), str_of(formats[i].name))) continue;
        struct buffer out = {0};
        formats[i].print(&out);
        fputs(buffer_cstr(&out), stdout);
        buffer_deinit(&out);
        return E_OK;
    }
    return err_set(err, E_USAGE, "unknown format \"%s\": markdown, json-schema, asyncapi or metrics", format);
}

const struct command schema_command = {
    .name = "schema",
    .summary = "the reference of records, topics and metrics",
    .usage = "[--format markdown|json-schema|asyncapi|metrics]",
    .details = "Printed from the tables that the programs themselves run by.\n\nExample: verbatim schema --format json-schema > record.schema.json\n",
    .run = schema_run,
};
