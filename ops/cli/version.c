/* verbatim version: what runs, with which libraries. */
#include <lmdb.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>

#include "ops/cli/cli.h"

static int version_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct arguments arguments;
    bool json = false;
    const struct flag flags[] = {{"json", FLAG_BOOL, &json, "as JSON, for programs"}};
    int rc = cli_parse(command, flags, 1, argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count)
        return err_set(err, E_USAGE, "\"%s\"? verbatim version takes no arguments",
                       arguments.positionals[0]);
    printf(json ? "{\"verbatim\":\"%s\",\"schema\":%d,\"librdkafka\":\"%s\",\"libuv\":\"%s\","
                  "\"lmdb\":\"%s\"}\n"
                : "verbatim %s\nschema %d\nlibrdkafka %s\nlibuv %s\nlmdb %s\n",
           VERBATIM_VERSION, RECORD_VERSION, rd_kafka_version_str(), uv_version_string(),
           mdb_version(NULL, NULL, NULL));
    return E_OK;
}

const struct command version_command = {
    .name = "version",
    .summary = "versions of program, schema and libraries",
    .usage = "[--json]",
    .details = "Example: verbatim version\n",
    .run = version_run,
};
