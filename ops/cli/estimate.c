/* verbatim estimate: what asking models about feedback would cost, before it is run. */
#include <stdio.h>

#include "archive/walk.h"
#include "ops/cli/input.h"
#include "ops/cli/pricing.h"
#include "ops/cli/refusals.h"
#include "ops/cli/replay_line.h"
#include "runtime/chain.h"

struct estimating {
    const char *archive, *from, *to, *text_column;
    bool json, journal;
    struct pricing *pricing;
    struct chain *chain; /* preprocess alone: texts as genai would see them */
    struct arena arena;
    int64_t now_ms; /* a file's rows are sent together */
    struct refusals refusals;
    uint64_t read; /* records of a file */
    struct archive_wish window;
    int rc;
    struct err err;
};

/* --- a file ----------------------------------------------------------------------------------- */

static void on_output(void *user, const struct chain_message *message)
{
    struct estimating *estimating = user;
    struct record record;
    if (message->topic == TOPIC_DEAD_LETTERS) estimating->refusals.count++;
    if (message->topic != TOPIC_DOCUMENTS || estimating->rc) return;
    estimating->rc = chain_record(message, &estimating->arena, &record, &estimating->err);
    if (estimating->rc == E_OK)
        estimating->rc = pricing_add_record(estimating->pricing, &record, estimating->now_ms,
                                            &estimating->arena, &estimating->err);
}

static int take_row(struct estimating *estimating, struct intake *intake, struct err *err)
{
    const struct chain_message message = {
        .topic = TOPIC_FEEDBACK, .key = intake->key, .record = &intake->record,
        .timestamp_ms = clock_wall_ms(clock_system())};
    int rc = chain_process(estimating->chain, &message, on_output, estimating, err);
    if (rc == E_OK && estimating->rc) *err = estimating->err, rc = estimating->rc;
    return rc;
}

static int read_file(struct estimating *estimating, const char *path, struct err *err)
{
    struct input input = {.fd = -1};
    struct cli_ids ids;
    struct intake intake;
    struct json_problems problems;
    cli_ids_init(&ids);
    const struct intake_rules rules = {
        .keep_unknown = true, .ids = &ids.generator, .handed_on = true,
        .received_ms = clock_wall_ms(clock_system())}; /* takes what analyze takes */
    int rc = input_open(&input, path, INPUT_GUESS, err);
    input.text_column = estimating->text_column;
    while (rc == E_OK) {
        arena_reset(&estimating->arena);
        enum input_result result = input_next(&input, &rules, &estimating->arena, &intake,
                                              &problems, err);
        if (result != INPUT_END) estimating->read++;
        if (result == INPUT_REFUSED) refusals_add(&estimating->refusals, err);
        else if (result == INPUT_RECORD) rc = take_row(estimating, &intake, err);
        else rc = (int)err->code;
        if (result == INPUT_END) break;
    }
    input_close(&input);
    return rc;
}

/* --- an archive ------------------------------------------------------------------------------- */

static int take_line(void *user, struct str line, const struct line_identity *identity,
                     struct err *err)
{
    struct estimating *estimating = user;
    struct replay_message message = {0};
    struct record record;
    if (!archive_wants(&estimating->window, identity->timestamp_ms)) return E_OK;
    arena_reset(&estimating->arena);
    int rc = replay_line(line, &estimating->arena, &message, err);
    if (rc || !message.id.size || message.copy) return rc;
    rc = record_scan(message.value, &estimating->arena, &record, err);
    return rc ? rc
              : pricing_add_record(estimating->pricing, &record, identity->timestamp_ms,
                                   &estimating->arena, err);
}

static int read_archive(struct estimating *estimating, const struct cli_config *config,
                        struct err *err)
{
    struct store *store = NULL;
    estimating->window.topics = TOPICS(DOCUMENTS);
    int rc = estimating->from ? cli_time("from", estimating->from, &estimating->window.from_ms, err)
                              : E_OK;
    if (rc == E_OK && estimating->to)
        rc = cli_time("to", estimating->to, &estimating->window.to_ms, err);
    if (rc == E_OK && estimating->to && estimating->window.from_ms >= estimating->window.to_ms)
        rc = err_set(err, E_USAGE, "--to must be after --from");
    if (rc == E_OK) rc = cli_open_archive(config->config, estimating->archive, &store, err);
    if (rc == E_OK) rc = archive_walk_lines(store, &estimating->window, take_line, estimating, err);
    store_close(store);
    return rc;
}

/* --- the command ------------------------------------------------------------------------------ */

static int read_journal(struct estimating *estimating, const struct cli_config *config,
                        struct err *err)
{
    struct bus *bus = NULL;
    int rc = cli_open_bus(config->config, &bus, err);
    if (rc == E_OK) rc = pricing_read_journal(estimating->pricing, bus, err);
    rc = cli_name_bus(bus, rc, err);
    bus_close(bus);
    return rc;
}

static int open_chain(struct estimating *estimating, const struct cli_config *config,
                      struct err *err)
{
    int rc = config_set(config->config, STR("preprocess.drop_retried=false"), "command", err);
    return rc ? rc
              : chain_create(cli_workers + 1, 1, config->config, clock_system(), &estimating->chain,
                             err);
}

static int show(const struct estimating *estimating, struct err *err)
{
    struct pricing_figures figures = pricing_figures(estimating->pricing);
    struct buffer out = {0};
    if (estimating->json) buffer_add_char(&out, '{');
    pricing_print(&figures, estimating->json, &out);
    if (estimating->json) buffer_add(&out, STR("}\n"));
    int rc = terminal_print(&out, err);
    return rc ? rc : refusals_end(&estimating->refusals, estimating->read, err);
}

static int estimate(struct estimating *estimating, const struct arguments *arguments,
                    const struct pricing_wish *wish, struct err *err)
{
    const char *file = arguments->positional_count ? arguments->positionals[0] : NULL;
    struct cli_config config = {0};
    int rc = cli_config(arguments, &config, err);
    if (rc) return rc;
    rc = pricing_open(config.config, wish, &estimating->pricing, err);
    if (rc == E_OK && estimating->journal) rc = read_journal(estimating, &config, err);
    if (rc == E_OK && file) rc = open_chain(estimating, &config, err);
    if (rc == E_OK)
        rc = file ? read_file(estimating, file, err) : read_archive(estimating, &config, err);
    if (rc == E_OK) rc = show(estimating, err);
    chain_destroy(estimating->chain);
    pricing_close(estimating->pricing);
    arena_deinit(&estimating->arena);
    cli_config_free(&config);
    return rc;
}

static int estimate_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct estimating estimating = {
        .now_ms = clock_wall_ms(clock_system()), .refusals.command = "estimate"};
    struct pricing_wish wish = {.answer_tokens = PRICING_ANSWER_TOKENS, .digests = true};
    const struct flag flags[] = {
        {"text-column", FLAG_TEXT, &estimating.text_column,
         "NAME  the file's column or field that holds the words (text)"},
        {"archive", FLAG_TEXT, &estimating.archive,
         "URL  documents of an archive, in place of a file"},
        {"from", FLAG_TEXT, &estimating.from,
         "TIME  of these, since: 2026-05-01T09:30:00Z, a date, or an age (2h, 7d)"},
        {"to", FLAG_TEXT, &estimating.to, "TIME  and before"},
        {"provider", FLAG_TEXT, &wish.provider,
         "NAME  bedrock, anthropic or openai; else the first of genai.providers, or bedrock"},
        {"model", FLAG_TEXT, &wish.model, "ID  else that provider's option"},
        {"answer-tokens", FLAG_NUMBER, &wish.answer_tokens,
         "N  that an answer about one record takes (160)"},
        {"journal", FLAG_BOOL, &estimating.journal,
         "what the journal on the bus holds costs nothing again"},
        {"json", FLAG_BOOL, &estimating.json, "one JSON object, for programs"},
    };
    struct arguments arguments;
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count + (estimating.archive != NULL) != 1)
        return err_set(err, E_USAGE, "one FILE (- is standard input), or --archive URL");
    static const char *const models[] = {"bedrock", "anthropic", "openai"};
    bool known = !wish.provider;
    for (size_t i = 0; i < sizeof models / sizeof models[0] && !known; i++)
        known = str_equal(str_of(wish.provider), str_of(models[i]));
    if (!known)
        return err_set(err, E_USAGE, "--provider %s: bedrock, anthropic and openai have a price",
                       wish.provider);
    if (!estimating.archive && (estimating.from || estimating.to))
        return err_set(err, E_USAGE, "--from and --to go with --archive");
    if (estimating.archive && estimating.text_column)
        return err_set(err, E_USAGE, "--text-column goes with a file");
    return estimate(&estimating, &arguments, &wish, err);
}

const struct command estimate_command = {
    .name = "estimate",
    .summary = "what asking a model about feedback would cost, before it is asked",
    .usage = "FILE [--text-column NAME]|--archive URL [--from TIME] [--to TIME] [--provider NAME] "
             "[--model ID] [--answer-tokens N] [--journal] [--json]",
    .details = "Texts are cleaned and redacted as in the pipeline; identical ones count once. "
               "Nothing is sent anywhere.\n"
               "Tokens in are estimated: on reviews and tweets in English, Spanish and French from "
               "4% below to 9% above what Claude 2's\n"
               "tokenizer makes of the texts. Tokens out are assumed. The most is a bound: a token "
               "a byte, and answers as long as they may be.\n"
               "Digests are those of genai.digest_every (verbatim run: 1h): a story of each window "
               "and of its segments of five records or more,\n"
               "at most nine a tenant; a file is one window, an archive's records count when they "
               "were written.\n"
               "Suspicious texts are asked about alone, which isn't counted. Exit status 65: "
               "records were refused, and aren't counted.\n\n"
               "Example: verbatim estimate feedback.ndjson --provider anthropic\n"
               "Example: verbatim estimate --archive s3://bucket/archive --from 7d --journal "
               "--bus.kind=kafka\n",
    .run = estimate_run,
};
