/* verbatim buckets: the places where workers find and leave objects: are they there, and what may
 * we do in them? create makes what is missing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ops/cli/cli.h"
#include "schema/json.h"
#include "store/survey.h"
#include "workers/ingest/watch.h"

#define PROBE "verbatim-probe"

struct place {
    const char *worker, *option, *use, *url;
    char store_url[4096];    /* where the worker opens its store */
    struct survey_plan plan; /* in that store */
    /* what was found */
    struct buffer description; /* the URL where it can't be opened */
    struct survey survey;
    bool made;
};

struct listing {
    bool creating, json, read_only;
    struct flag_list workers;
    size_t count, faults;
    struct err first; /* of the faults */
    struct buffer out;
};

/* --- a place ---------------------------------------------------------------------------------- */

/* What the option names must be there; the worker's store may be the folder above it. */
static int open_place(struct place *place, struct store_config *config, struct store **ret_store,
                      struct err *err)
{
    struct store *store = NULL;
    config->must_exist = true;
    config->url = place->url;
    int rc = store_open(config, &store, err);
    buffer_add(&place->description, str_of(rc == E_OK ? store_description(store) : place->url));
    store_close(store);
    if (rc) return rc;
    config->url = place->store_url;
    return store_open(config, ret_store, err);
}

/* By a file where the folder is to be, or above it. */
static bool is_blocked(const char *folder)
{
    static const char scheme[] = "file://";
    struct stat found;
    if (strncmp(folder, scheme, sizeof scheme - 1) == 0) folder += sizeof scheme - 1;
    return stat(folder, &found) ? errno == ENOTDIR : !S_ISDIR(found.st_mode);
}

static void survey_place(struct place *place, struct store_config *config)
{
    struct store *store = NULL;
    struct survey *survey = &place->survey;
    int rc = open_place(place, config, &store, &survey->err);
    if (rc == E_OK) store_survey(store, &place->plan, survey);
    if (rc == E_NO_INPUT) survey->there = ANSWER_NO;
    if (survey->there == ANSWER_NO)
        err_wrap(&survey->err, is_blocked(place->url)
                                   ? "not there; what stands in its way must go first"
                                   : "not there; verbatim buckets create makes it");
    store_close(store);
}

/* Who may not list may yet create, or is told that it is there. */
static void create_place(struct place *place, struct store_config *config)
{
    struct store *store = NULL;
    struct store_page page = {0};
    struct err *err = &place->survey.err;
    int rc = open_place(place, config, &store, err);
    if (rc == E_OK) rc = store_list(store, place->plan.list, STR(""), 1, &page, err);
    if (rc == E_NO_INPUT || rc == E_DENIED) {
        config->url = place->url;
        rc = store_make(config, &place->made, err);
    }
    if (rc == E_OK) *err = (struct err){0};
    store_page_deinit(&page);
    store_close(store);
}

/* --- what is shown ---------------------------------------------------------------------------- */

static const char *const versionings[] = {"off", "suspended", "enabled"};

static void json_answer(struct buffer *out, const char *name, enum answer answer)
{
    static const char *const values[] = {"null", "false", "true"};
    buffer_printf(out, ",\"%s\":%s", name, values[answer]);
}

static void json_text(struct buffer *out, const char *name, struct str text)
{
    buffer_printf(out, ",\"%s\":", name);
    json_write_string(out, text);
}

static void write_json(const struct place *place, struct listing *listing)
{
    struct buffer *out = &listing->out;
    const struct survey *survey = &place->survey;
    buffer_printf(out, "%s{\"worker\":\"%s\",\"option\":\"%s\",\"use\":\"%s\"",
                  listing->count ? ",\n " : "[", place->worker, place->option, place->use);
    json_text(out, "url", str_of(place->url));
    json_text(out, "place", buffer_str(&place->description));
    if (listing->creating) {
        bool failed = survey->err.code != E_OK;
        json_text(out, "state", str_of(failed ? "failed" : place->made ? "created" : "kept"));
    } else {
        json_answer(out, "there", survey->there);
        json_answer(out, "list", survey->list);
        json_answer(out, "read", survey->read);
        json_answer(out, "write", survey->write);
        json_answer(out, "once", survey->once);
        buffer_printf(out, survey->versioning_known == ANSWER_YES ? ",\"versioning\":\"%s\""
                                                                  : ",\"versioning\":null",
                      versionings[survey->versioning]);
    }
    if (survey->err.code != E_OK) {
        buffer_printf(out, ",\"error\":{\"code\":\"%s\",\"text\":", err_name(survey->err.code));
        json_write_string(out, str_of(survey->err.text));
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, '}');
}

/* One of the narrow columns, coloured. */
static void write_cell(struct buffer *out, const char *text, int width, enum colour colour)
{
    buffer_printf(out, " %s%-*s%s", terminal_colour(1, colour), width, text,
                  colour == COLOUR_NONE ? "" : terminal_reset(1));
}

static void write_answer(struct buffer *out, enum answer answer)
{
    static const char *const words[] = {"?", "no", "yes"};
    static const enum colour colours[] = {COLOUR_YELLOW, COLOUR_RED, COLOUR_GREEN};
    write_cell(out, words[answer], 5, colours[answer]);
}

/* Place and cause, of any length, have lines of their own: the columns keep within 60. */
static void write_row(struct place *place, struct listing *listing)
{
    struct buffer *out = &listing->out;
    const struct survey *survey = &place->survey;
    bool failed = survey->err.code != E_OK;
    if (!listing->count)
        buffer_printf(out, "%s%s%s\n", terminal_colour(1, COLOUR_BOLD),
                      listing->creating ? "worker    what"
                                        : "worker    there list  read  write once  versions",
                      terminal_reset(1));
    buffer_printf(out, "%-9s", place->worker);
    if (listing->creating) {
        write_cell(out, failed ? "failed" : place->made ? "created" : "kept", 0,
                   failed ? COLOUR_RED : COLOUR_GREEN);
    } else {
        write_answer(out, survey->there);
        write_answer(out, survey->list);
        write_answer(out, survey->read);
        write_answer(out, survey->write);
        write_answer(out, survey->once);
        write_cell(out, survey->versioning_known == ANSWER_YES ? versionings[survey->versioning]
                                                               : "?",
                   0, COLOUR_NONE);
    }
    buffer_printf(out, "\n  %s%s: %s%s\n", terminal_colour(1, COLOUR_DIM), place->use,
                  buffer_cstr(&place->description), terminal_reset(1));
    if (failed) buffer_printf(out, "  %s: %s\n", err_name(survey->err.code), survey->err.text);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void visit(struct listing *listing, struct place *place, const struct store_options *options)
{
    struct store_config config = store_config_of(options, "");
    if (!cli_wants(&listing->workers, str_of(place->worker))) return;
    place->plan.read_only = listing->read_only;
    if (listing->creating) create_place(place, &config);
    else survey_place(place, &config);
    if (listing->json) write_json(place, listing);
    else write_row(place, listing);
    if (place->survey.err.code != E_OK && !listing->faults++) {
        listing->first = place->survey.err;
        err_wrap(&listing->first, "%s", place->option);
    }
    listing->count++;
    buffer_deinit(&place->description);
}

static int visit_all(struct listing *listing, const struct config *config, struct err *err)
{
    struct place watched = {.worker = "ingest",
                            .option = "ingest.watch",
                            .use = "files come in",
                            .plan = {.probe = STR("receipts/" PROBE)}};
    struct place archive = {.worker = "logsink",
                            .option = "logsink.url",
                            .use = "the archive",
                            .plan = {.list = STR("manifests/"), .probe = STR(PROBE)}};
    struct store_options options;
    int rc = config_get(config, &store_option_table, &options, err);
    if (rc) return rc;
    watched.url = config_value(config, "ingest", "watch", NULL);
    archive.url = config_value(config, "logsink", "url", NULL);
    snprintf(archive.store_url, sizeof archive.store_url, "%s", archive.url);
    if (watched.url[0]) {
        watch_place(watched.url, watched.store_url, &watched.plan.list);
        visit(listing, &watched, &options);
    }
    visit(listing, &archive, &options);
    if (listing->count) return E_OK;
    return err_set(err, E_BAD_CONFIG, "ingest.watch is empty: there is no place to look at");
}

static int check_workers(const struct flag_list *workers, struct err *err)
{
    for (size_t i = 0; i < workers->count; i++)
        if (strcmp(workers->items[i], "ingest") != 0 && strcmp(workers->items[i], "logsink") != 0)
            return err_set(err, E_USAGE, "--worker \"%s\": ingest and logsink have places",
                           workers->items[i]);
    return E_OK;
}

static int read_arguments(struct listing *listing, const struct arguments *arguments,
                          struct err *err)
{
    struct str verb = str_of(arguments->positional_count ? arguments->positionals[0] : "list");
    listing->creating = str_equal(verb, STR("create"));
    if (arguments->positional_count > 1 || (!listing->creating && !str_equal(verb, STR("list"))))
        return err_set(err, E_USAGE, "say \"list\" or \"create\"");
    if (listing->creating && listing->read_only)
        return err_set(err, E_USAGE, "--read-only goes with list");
    return check_workers(&listing->workers, err);
}

static int buckets_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct listing listing = {0};
    const struct flag flags[] = {
        {"worker", FLAG_LIST, &listing.workers,
         "NAME  ingest or logsink only, whose credentials may differ"},
        {"read-only", FLAG_BOOL, &listing.read_only,
         "list: no probe is written; whether we may write isn't known then"},
        {"json", FLAG_BOOL, &listing.json, "as JSON, for programs"},
    };
    struct arguments arguments;
    struct cli_config config;
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    rc = read_arguments(&listing, &arguments, err);
    if (rc == E_OK) rc = cli_config(&arguments, &config, err);
    if (rc) return rc;
    rc = visit_all(&listing, config.config, err);
    if (rc == E_OK && listing.json) buffer_add(&listing.out, STR("]\n"));
    if (rc == E_OK) rc = terminal_print(&listing.out, err);
    buffer_deinit(&listing.out);
    cli_config_free(&config);
    if (rc || !listing.faults) return rc;
    return err_set(err, listing.first.code, "%s", listing.first.text);
}

const struct command buckets_command = {
    .name = "buckets",
    .summary = "the places of objects: are they there, may we use them; make them",
    .usage = "[list|create] [--worker NAME] [--read-only] [--json]",
    .details =
        "list asks each place that ingest.watch and logsink.url name: is it there, may we list, "
        "read and write there, is an object that must be new\n"
        "refused where there is one (once), does it keep versions; \"?\" where that can't be told. "
        "For that it writes one small object, " PROBE " (below\n"
        "receipts/ of a watched place), which stays, as logsink may not delete. create makes "
        "buckets in store.region, and folders; what is there stays.\n\n"
        "Exit status, of the first place that isn't as it must be: 66 not there; 69, 75 no answer; "
        "77 denied; 73, 74 not to be\n"
        "written; 78 configuration, or no credentials.\n\n"
        "Example: verbatim buckets create --logsink.url=s3://bucket/archive "
        "--store.endpoint=https://s3.example.org\n"
        "         verbatim buckets --config verbatim.conf --worker logsink\n",
    .run = buckets_run,
};
