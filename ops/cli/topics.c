/* verbatim topics: create or list those of the bus; discover what no topic of the
 * taxonomy covers. */
#include <stdio.h>
#include <unistd.h>

#include "ops/cli/cli.h"
#include "ops/cli/discover.h"
#include "ops/cli/show.h"

enum { NUMBERS_COLUMNS = 13 + 1 + 10 + 1 + 10 + 2 }; /* before what a topic is for */

static void print_row(enum topic topic, const struct bus_topic_state *state, const char *what,
                      bool json, bool *first)
{
    const struct topic_info *info = topic_info(topic);
    if (json) {
        printf("%s{\"topic\":\"%s\",\"partitions\":%u,\"records\":%llu,\"state\":\"%s\"}",
               *first ? "[" : ",\n ", info->name, state->partitions,
               (unsigned long long)state->records, what);
    } else {
        if (*first) printf("%-13s %10s %10s  %s\n", "topic", "partitions", "records", "what");
        char text[256];
        printf("%-13s %10u %10llu  ", info->name, state->partitions,
               (unsigned long long)state->records);
        snprintf(text, sizeof text, "%s%s%s", what, what[0] ? ": " : "", info->description);
        if (isatty(STDOUT_FILENO)) show_cut(str_of(text), show_columns_left(NUMBERS_COLUMNS));
        else printf("%s", text);
        printf("\n");
    }
    *first = false;
}

static int create(struct bus *bus, enum topic topic, bool *ret_created, struct err *err)
{
    const struct bus_topic_settings settings = {0}; /* [bus] decides; 0 is the schema's */
    return bus_topic_create(bus, topic, &settings, ret_created, err);
}

static int each_topic(struct bus *bus, bool creating, bool json, struct err *err)
{
    bool first = true;
    for (int i = 0; i < TOPIC_COUNT; i++) {
        struct bus_topic_state state = {0};
        bool created = false;
        int rc = creating ? create(bus, (enum topic)i, &created, err) : E_OK;
        if (rc == E_OK) rc = bus_topic_describe(bus, (enum topic)i, &state, err);
        if (rc == E_NOT_FOUND) {
            print_row((enum topic)i, &state, "missing", json, &first);
            continue;
        }
        if (rc) return rc;
        print_row((enum topic)i, &state, creating ? created ? "created" : "kept" : "", json,
                  &first);
    }
    if (json) printf("]\n");
    return E_OK;
}

static int topics_run(const struct command *command, int argc, char **argv, struct err *err)
{
    bool json = false;
    struct discover_wish wish = {.limit = 30};
    const struct flag flags[] = {
        {"json", FLAG_BOOL, &json, "as JSON, for programs"},
        {"input", FLAG_TEXT, &wish.input,
         "FILE  discover: feedback as NDJSON or CSV; - is standard input"},
        {"text-column", FLAG_TEXT, &wish.text_column,
         "NAME  discover: the column or field that holds the words (text)"},
        {"archive", FLAG_TEXT, &wish.archive, "URL  discover: insights of an archive"},
        {"language", FLAG_TEXT, &wish.language,
         "CODE  discover: records in this language (en, es, fr) or of unknown language only"},
        {"min", FLAG_COUNT, &wish.records_min,
         "N  discover: phrases of at least N records; without it 3, or one record in 1,000"},
        {"limit", FLAG_COUNT, &wish.limit, "N  discover: so many phrases; without it 30"},
    };
    struct arguments arguments;
    struct cli_config config;
    struct bus *bus = NULL;
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    const char *verb = arguments.positional_count == 1 ? arguments.positionals[0] : "";
    wish.json = json;
    if (str_equal(str_of(verb), STR("discover"))) return topics_discover(&wish, &arguments, err);
    if (wish.input || wish.archive || wish.language || wish.text_column)
        return err_set(err, E_USAGE,
                       "--input, --archive, --language and --text-column go with discover");
    bool creating = str_equal(str_of(verb), STR("create"));
    if (!creating && !str_equal(str_of(verb), STR("list")))
        return err_set(err, E_USAGE, "say \"create\", \"list\" or \"discover\"");
    rc = cli_config(&arguments, &config, err);
    if (rc) return rc;
    rc = creating ? bus_open(config.config, clock_system(), &bus, err)
                  : cli_open_bus(config.config, &bus, err);
    if (rc == E_OK) rc = each_topic(bus, creating, json, err);
    rc = cli_name_bus(bus, rc, err);
    bus_close(bus);
    cli_config_free(&config);
    return rc;
}

const struct command topics_command = {
    .name = "topics",
    .summary = "create or list the topics; discover what no topic covers",
    .usage = "create|list|discover [--json]",
    .details = "Partitions, replication and retention come from [bus], or from schemas/topics.def. "
               "Topics that are there stay as they are.\n"
               "discover shows phrases of one to three words that recur and that no topic of "
               "config/topics covers, nor shares a word with: in\n"
               "how many records, of how many customers (an estimate), how much more often than "
               "its words would meet by chance (lift), and an\n"
               "example. Texts are cleaned and redacted first. Memory stays within 50 MB; in a "
               "large input, what is rare is forgotten.\n\n"
               "Example: verbatim topics create --bus.kind=kafka "
               "--kafka.bootstrap.servers=127.0.0.1:9092 --bus.replication=3\n"
               "Example: verbatim topics discover --input feedback.ndjson --language en\n",
    .run = topics_run,
};
