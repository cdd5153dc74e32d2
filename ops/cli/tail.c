/* verbatim tail: what goes over a topic; a table on a terminal, JSON lines for programs. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "ops/cli/cli.h"
#include "ops/cli/reader.h"
#include "ops/cli/show.h"
#include "schema/json.h"

static volatile sig_atomic_t stopped;
static void on_signal(int number) { (void)number, stopped = 1; }

/* Finished records only: what has no insight yet has no columns to stand in. */
static bool write_row(const struct bus_message *message, struct arena *arena)
{
    struct record record;
    struct document document;
    struct safety safety;
    struct insight insight;
    arena_reset(arena);
    if (record_scan(message->value, arena, &record, NULL) || !record_has(&record, SECTION_INSIGHT))
        return false;
    if (record_decode(&record, SECTION_DOCUMENT, &document, arena, NULL) ||
        record_decode(&record, SECTION_SAFETY, &safety, arena, NULL) ||
        record_decode(&record, SECTION_INSIGHT, &insight, arena, NULL))
        return false;
    show_insight(&document, &safety, &insight);
    fflush(stdout);
    return true;
}

/* False when nobody reads any more. */
static bool write_line(const struct bus_message *message, struct buffer *line)
{
    struct err err;
    buffer_clear(line);
    if (json_write_record(message->value, line, &err)) {
        fprintf(stderr, "verbatim tail: %s/%u at %lld: %s\n", topic_info(message->topic)->name,
                message->partition, (long long)message->offset, err.text);
        return true;
    }
    buffer_add_char(line, '\n');
    return terminal_put(buffer_str(line), &stopped);
}

struct wish {
    bool from_start, once, json;
    uint64_t most; /* 0: no end */
};

static int tail(struct bus *bus, const enum topic *topics, size_t count, const struct wish *wish,
                struct err *err)
{
    struct reader reader;
    struct buffer line = {0};
    struct arena arena = {0};
    bool table = !wish->json && terminal_is(STDOUT_FILENO);
    int rc = wish->once ? reader_open_held(&reader, bus, topics, count, err)
                        : reader_open(&reader, bus, topics, count,
                                      wish->from_start ? BUS_EARLIEST : BUS_LATEST, err);
    if (rc) return rc;
    if (table) show_heading();
    for (uint64_t shown = 0; !stopped && (wish->most == 0 || shown < wish->most);) {
        if (!terminal_takes(500)) continue;
        const struct bus_message *message =
            wish->once ? reader_next_held(&reader, err) : reader_next(&reader, 500, err);
        if (!message && err->code) {
            rc = (int)err->code;
            break;
        }
        if (!message && wish->once) break;
        if (!message) continue;
        shown++;
        if (table && write_row(message, &arena)) continue;
        if (!write_line(message, &line)) break;
    }
    reader_close(&reader);
    buffer_deinit(&line);
    arena_deinit(&arena);
    return rc;
}

static int parse_topics(const struct arguments *arguments, enum topic *topics, size_t *count,
                        struct err *err)
{
    for (size_t i = 0; i < arguments->positional_count; i++) {
        enum topic topic = topic_by_name(str_of(arguments->positionals[i]));
        if (topic == TOPIC_NONE) return cli_no_topic(arguments->positionals[i], err);
        if (*count < TOPIC_COUNT) topics[(*count)++] = topic;
    }
    if (*count == 0) topics[(*count)++] = TOPIC_INSIGHTS;
    return E_OK;
}

static int tail_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct wish wish = {0};
    const struct flag flags[] = {
        {"from-start", FLAG_BOOL, &wish.from_start, "from the oldest message that is kept"},
        {"once", FLAG_BOOL, &wish.once, "what is there by now, from the oldest on, and stop"},
        {"count", FLAG_COUNT, &wish.most, "N  stop after N messages"},
        {"json", FLAG_BOOL, &wish.json, "whole records as JSON lines, on a terminal too"},
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
    rc = cli_open_bus(config.config, &bus, err);
    if (rc == E_OK) rc = tail(bus, topics, count, &wish, err);
    rc = cli_name_bus(bus, rc, err);
    bus_close(bus);
    cli_config_free(&config);
    return rc;
}

const struct command tail_command = {
    .name = "tail",
    .summary = "what goes over a topic",
    .usage = "[--from-start] [--once] [--count N] [--json] [TOPIC ...]",
    .details = "Without a topic: insights. A table on a terminal, JSON lines into a pipe or file. "
               "Reads beside the\n"
               "workers and commits nothing; --bus.path=FOLDER/bus reads what `verbatim run --data "
               "FOLDER` keeps.\n\n"
               "Example: verbatim tail --from-start --once safety | jq -r .document.text\n",
    .run = tail_run,
};
