/* verbatim tail: what goes over a topic, as JSON lines. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "ops/cli/cli.h"
#include "ops/cli/reader.h"
#include "schema/json.h"

static volatile sig_atomic_t stopped;
static void on_signal(int number) { (void)number, stopped = 1; }

static bool write_line(const struct bus_message *message, struct buffer *line)
{
    struct err err;
    buffer_clear(line);
    if (json_write_record(message->value, line, &err)) {
        fprintf(stderr, "verbatim tail: %s/%u at %lld: %s\n", topic_info(message->topic)->name, message->partition, (long long)message->offset, err.text);
        return true;
    }
    buffer_add_char(line, '\n');
    return fwrite(line->data, 1, line->size, stdout) == line->size && fflush(stdout) == 0;
}

static int tail(struct bus *bus, const enum topic *topics, size_t count, bool from_start, bool follow, uint64_t most, struct err *err)
{
    struct reader reader;
    struct buffer line = {0};
    int rc = reader_open(&reader, bus, topics, count, from_start ? BUS_EARLIEST : BUS_LATEST, err);
    if (rc) return rc;
    for (uint64_t shown = 0; !stopped && (most == 0 || shown < most);) {
        const struct bus_message *message = reader_next(&reader, follow ? 500 : 2000, err);
        if (!message && err->code) {
            rc = (int)err->code;
            break;
        }
        if (!message && !follow) break;
        if (!message) continue;
        shown++;
        if (!write_line(message, &line)) break; /* the reader has enough */
    }
    reader_close(&reader);
    buffer_deinit(&line);
    return rc;
}

static int parse_topics(const struct arguments *arguments, enum topic *topics, size_t *count, struct err *err)
{
    for (size_t i = 0; i < arguments->positional_count; i++) {
        enum topic topic = topic_by_name(str_of(arguments->positionals[i]));
        if (topic == TOPIC_NONE) return err_set(err, E_USAGE, "no topic \"%s\"; verbatim topics list shows them", arguments->positionals[i]);
        if (*count < TOPIC_COUNT) topics[(*count)++] = topic;
    }
    if (*count == 0) topics[(*count)++] = TOPIC_INSIGHTS;
    return E_OK;
}

static int tail_run(const struct command *command, int argc, char **argv, struct err *err)
{
    bool from_start = false, once = false;
    uint64_t most = 0;
    const struct flag flags[] = {
        {"from-start", FLAG_BOOL, &from_start, "from the oldest message that is kept"},
        {"once", FLAG_BOOL, &once, "stop when nothing comes for two seconds"},
        {"count", FLAG_NUMBER, &most, "N  stop after N messages"},
    };
    struct arguments arguments;
    struct cli_config config;
    struct bus *bus = NULL;
    enum topic topics[TOPIC_COUNT];
    size_t count = 0;
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    rc = parse_topics(&arguments, topics, &count, err);
    if (rc == E_OK) rc = cli_config(&arguments, &config, err);
    if (rc) return rc;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    rc = bus_open(config.config, clock_system(), &bus, err);
    if (rc == E_OK) rc = tail(bus, topics, count, from_start, !once, most, err);
    bus_close(bus);
    cli_config_free(&config);
    return rc;
}

const struct command tail_command = {
    .name = "tail",
    .summary = "what goes over a topic, as JSON lines",
    .usage = "[--from-start] [--once] [--count N] [TOPIC ...]",
    .details = "Without a topic: insights. Reads beside the workers and commits nothing.\n\n"
               "Example: verbatim tail --from-start --once safety\n",
    .run = tail_run,
};
