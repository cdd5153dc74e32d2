/* Flags, help and configuration of every command. */
#include "ops/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/nearest.h"
#include "base/wrap.h"
#include "bus/backend.h"
#include "config/shipped.h"
#include "config/value.h"
#include "model/topics.h"
#include "runtime/chain.h"
#include "runtime/runtime.h"
#include "store/store.h"
#include "workers/featurize/featurize.h"
#include "workers/genai/genai.h"
#include "workers/ingest/ingest.h"
#include "workers/logsink/logsink.h"
#include "workers/preprocess/preprocess.h"
#include "workers/segment/segment.h"

extern char **environ;

const struct worker *const cli_workers[CLI_WORKERS] = {
    &ingest_worker, &preprocess_worker, &featurize_worker, &segment_worker, &genai_worker,
    &logsink_worker,
};

/* "FOLDER  where it goes" becomes "--data FOLDER   where it goes". */
static void add_flag(struct buffer *out, const char *name, const char *help)
{
    enum { HELP_COLUMN = 22 };
    const char *gap = strstr(help, "  ");
    int size = gap ? (int)(gap - help) : 0;
    size_t before = out->size;
    buffer_printf(out, "  --%s%s%.*s", name, size ? " " : "", size, help);
    int used = (int)(out->size - before);
    buffer_printf(out, "%*s  %s\n", used < HELP_COLUMN ? HELP_COLUMN - used : 0, "",
                  gap ? gap + 2 : help);
}

/* "FILE  send: what it does" is a flag of `send` alone: no use to who asks about another verb. */
static bool is_for(const struct flag *flag, const char *verb)
{
    char ours[32];
    const char *gap = strstr(flag->help, "  ");
    struct str text = str_of(gap ? gap + 2 : flag->help), word = str_cut(&text, ':');
    if (!verb || text.size == 0 || text.data[0] != ' ' ||
        !ascii_consists_of(word, "abcdefghijklmnopqrstuvwxyz"))
        return true;
    snprintf(ours, sizeof ours, "%.29s: ", verb);
    return strstr(flag->help, ours) != NULL;
}

/* verb NULL: all of it. */
static int print_command_help(const struct command *command, const char *verb,
                              const struct flag *flags, size_t flag_count, struct err *err)
{
    struct buffer text = {0};
    buffer_printf(&text, "verbatim %s: %s\n\nUsage: verbatim %s%s%s\n\n", command->name,
                  command->summary, command->name, command->usage[0] ? " " : "", command->usage);
    for (size_t i = 0; i < flag_count; i++)
        if (is_for(&flags[i], verb)) add_flag(&text, flags[i].name, flags[i].help);
    add_flag(&text, "config", "FILE  options from a file; may be given more than once");
    add_flag(&text, "SECTION.NAME=VALUE", "any option; verbatim config lists them");
    add_flag(&text, "help", "this text");
    buffer_printf(&text, "\n%s", command->details);
    return wrap_print(&text, err);
}

static const struct flag *find_flag(const struct flag *flags, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(name, str_of(flags[i].name))) return &flags[i];
    return NULL;
}

static int unknown_flag(const struct command *command, const struct flag *flags, size_t count,
                        struct str name, struct err *err)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < count; i++) nearest_offer(&nearest, str_of(flags[i].name));
    nearest_offer(&nearest, STR("config"));
    nearest_offer(&nearest, STR("help"));
    if (nearest.found.data)
        return err_set(err, E_USAGE, "unknown option --%.*s; did you mean --%.*s?", STR_ARGS(name),
                       STR_ARGS(nearest.found));
    return err_set(err, E_USAGE, "unknown option --%.*s; see verbatim %s --help", STR_ARGS(name),
                   command->name);
}

static int store_flag(const struct flag *flag, const char *value, struct err *err)
{
    struct flag_list *list = flag->into;
    if (flag->kind == FLAG_TEXT) *(const char **)flag->into = value;
    else if (flag->kind == FLAG_LIST && list->count == sizeof list->items / sizeof list->items[0])
        return err_set(err, E_USAGE, "--%s too often", flag->name);
    else if (flag->kind == FLAG_LIST) list->items[list->count++] = value;
    else if (!str_to_u64(str_of(value), flag->into))
        return err_set(err, E_USAGE, "--%s needs a whole number, not \"%s\"", flag->name, value);
    else if (flag->kind == FLAG_COUNT && *(uint64_t *)flag->into == 0)
        return err_set(err, E_USAGE, "--%s needs a whole number from 1", flag->name);
    return E_OK;
}

static int parse_flag(const struct command *command, const struct flag *flags, size_t count,
                      int argc, char **argv, int *at, struct arguments *arguments, struct err *err)
{
    struct str rest = str_of(argv[*at] + 2), name = str_cut(&rest, '=');
    bool has_value = strchr(argv[*at], '=') != NULL;
    if (str_find(name, STR(".")) < name.size) {
        if (arguments->setting_count == 128) return err_set(err, E_USAGE, "too many settings");
        arguments->settings[arguments->setting_count++] = argv[*at] + 2;
        return E_OK;
    }
    const char *config_file = NULL;
    const struct flag config = {"config", FLAG_TEXT, &config_file, ""};
    const struct flag *flag =
        str_equal(name, STR("config")) ? &config : find_flag(flags, count, name);
    if (!flag) return unknown_flag(command, flags, count, name, err);
    if (flag->kind == FLAG_BOOL) {
        if (has_value) return err_set(err, E_USAGE, "--%s takes no value", flag->name);
        *(bool *)flag->into = true;
        return E_OK;
    }
    if (!has_value && *at + 1 >= argc)
        return err_set(err, E_USAGE, "--%s needs a value", flag->name);
    int rc = store_flag(flag, has_value ? rest.data : argv[++*at], err);
    if (rc == E_OK && config_file) {
        if (arguments->config_file_count == 16) return err_set(err, E_USAGE, "too many --config");
        arguments->config_files[arguments->config_file_count++] = config_file;
    }
    return rc;
}

int cli_parse(const struct command *command, const struct flag *flags, size_t flag_count, int argc,
              char **argv, struct arguments *ret_arguments, struct err *err)
{
    struct arguments arguments = {0};
    bool only_positionals = false;
    for (int i = 1; i < argc; i++) {
        struct str argument = str_of(argv[i]);
        if (!only_positionals && str_equal(argument, STR("--"))) {
            only_positionals = true;
        } else if (!only_positionals &&
                   (str_equal(argument, STR("--help")) || str_equal(argument, STR("-h")))) {
            const char *verb = arguments.positionals[0];
            *ret_arguments = (struct arguments){.help = true};
            return print_command_help(command, verb, flags, flag_count, err);
        } else if (!only_positionals && str_starts(argument, STR("--"))) {
            int rc = parse_flag(command, flags, flag_count, argc, argv, &i, &arguments, err);
            if (rc) return rc;
        } else if (!only_positionals && argument.size > 1 && argument.data[0] == '-') {
            return err_set(err, E_USAGE, "unknown option %s; see verbatim %s --help", argv[i],
                           command->name);
        } else {
            if (arguments.positional_count == 64)
                return err_set(err, E_USAGE, "too many arguments");
            arguments.positionals[arguments.positional_count++] = argv[i];
        }
    }
    *ret_arguments = arguments;
    return E_OK;
}

int cli_time(const char *flag, const char *text, int64_t *ret_ms, struct err *err)
{
    static const struct option age = {
        .name = "age", .kind = OPTION_MS, .least = 0, .most = 3153600000000.0};
    union option_value value;
    int64_t ms;
    if (time_parse(str_of(text), &ms)) return *ret_ms = ms, E_OK;
    if (option_parse(&age, text, &value, NULL) == E_OK)
        return *ret_ms = clock_wall_ms(clock_system()) - value.ms, E_OK;
    return err_set(
        err, E_USAGE,
        "--%s needs a time (2026-05-01T09:30:00Z), a date or an age (2h, 7d), not \"%s\"", flag,
        text);
}

bool cli_wants(const struct flag_list *list, struct str word)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(str_of(list->items[i]), word)) return true;
    return list->count == 0;
}

int cli_no_topic(const char *name, struct err *err)
{
    struct buffer all = {0};
    struct nearest nearest = nearest_to(str_of(name));
    for (int i = 0; i < TOPIC_COUNT; i++) {
        struct str known = str_of(topic_info((enum topic)i)->name);
        nearest_offer(&nearest, known);
        buffer_printf(&all, "%s%.*s", i ? ", " : "", STR_ARGS(known));
    }
    if (nearest.found.data)
        err_set(err, E_USAGE, "no topic \"%.60s\"; did you mean \"%.*s\"?", name,
                STR_ARGS(nearest.found));
    else
        err_set(err, E_USAGE, "no topic \"%.60s\": %s", name, buffer_cstr(&all));
    buffer_deinit(&all);
    return E_USAGE;
}

int cli_topics(const struct flag_list *names, uint32_t *ret_topics, struct err *err)
{
    uint32_t topics = 0;
    for (size_t i = 0; i < names->count; i++) {
        enum topic topic = topic_by_name(str_of(names->items[i]));
        if (topic == TOPIC_NONE) return cli_no_topic(names->items[i], err);
        topics |= 1u << topic;
    }
    *ret_topics = topics;
    return E_OK;
}

int cli_config(const struct arguments *arguments, struct cli_config *ret_config, struct err *err)
{
    struct cli_config config = {.tables = runtime_tables(cli_workers, CLI_WORKERS)};
    const char *from_environment = getenv("VERBATIM_CONFIG");
    if (!config.tables) return err_set(err, E_NO_MEMORY, NULL);
    int rc = config_create(config.tables, &config.config, err);
    for (const char *const *preset = arguments->presets; preset && *preset && rc == E_OK; preset++)
        rc = config_set(config.config, str_of(*preset), "command", err);
    if (rc == E_OK && from_environment && from_environment[0])
        rc = config_read_file(config.config, from_environment, err);
    for (size_t i = 0; i < arguments->config_file_count && rc == E_OK; i++)
        rc = config_read_file(config.config, arguments->config_files[i], err);
    if (rc == E_OK) rc = config_read_environment(config.config, environ, err);
    for (size_t i = 0; i < arguments->setting_count && rc == E_OK; i++)
        rc = config_set(config.config, str_of(arguments->settings[i]), "flag", err);
    if (rc) cli_config_free(&config);
    else *ret_config = config;
    return rc;
}

int cli_chain(const struct cli_config *config, struct chain **ret_chain, struct err *err)
{
    const struct worker *const *workers = cli_workers + 1; /* from preprocess to genai */
    int rc = config_set(config->config, STR("preprocess.drop_retried=false"), "command", err);
    return rc ? rc
              : chain_create(workers, CLI_WORKERS - 2, config->config, clock_system(), ret_chain,
                             err);
}

int cli_taxonomy(const struct cli_config *config, struct topics *topics, struct err *err)
{
    struct genai_options options;
    char folder[SHIPPED_PATH_BYTES];
    topics_init(topics);
    int rc = config_get(config->config, &genai_option_table, &options, err);
    if (rc == E_OK) rc = shipped_path(options.folder, "", folder, err);
    return rc ? rc : topics_open(topics, folder, "topics", err);
}

int cli_open_bus(const struct config *config, struct bus **ret_bus, struct err *err)
{
    struct bus_options options;
    struct stat found;
    char path[1024];
    int rc = config_get(config, &bus_option_table, &options, err);
    if (rc) return rc;
    int folder = snprintf(path, sizeof path, "%s/%s", options.path, options.topic_prefix);
    if (folder > 0 && (size_t)folder < sizeof path)
        snprintf(path + folder, sizeof path - (size_t)folder, "/data.mdb");
    if (options.kind == 0 && stat(path, &found) && errno == ENOENT)
        return err_set(err, E_NO_INPUT, "%.*s holds no topics; --bus.path says where they are, "
                       "--data FOLDER of verbatim run has them in FOLDER/bus", folder, path);
    return bus_open(config, clock_system(), ret_bus, err);
}

int cli_open_archive(const struct config *config, const char *url, struct store **ret_store,
                     struct err *err)
{
    struct store_options options;
    int rc = config_get(config, &store_option_table, &options, err);
    if (rc) return rc;
    struct store_config store = store_config_of(&options, url);
    store.must_exist = true;
    return store_open(&store, ret_store, err);
}

int cli_name_bus(const struct bus *bus, int rc, struct err *err)
{
    return rc && bus && err_class((enum err_code)rc) == ERR_RETRY
               ? err_wrap(err, "%s", bus_description(bus))
               : rc;
}

void cli_config_free(struct cli_config *config)
{
    config_destroy(config->config);
    free(config->tables);
    *config = (struct cli_config){0};
}

void cli_ids_init(struct cli_ids *ids)
{
    random_seed_system(&ids->random);
    ids->generator = (struct uuid_generator){.clock = clock_system(), .random = &ids->random};
}
