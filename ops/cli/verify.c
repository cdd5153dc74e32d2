/* verbatim verify: is the archive whole, and does it balance? */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/walk.h"
#include "ops/cli/cli.h"
#include "ops/cli/verify_show.h"

struct plan {
    const char *archive, *from, *to;
    bool json;
    struct progress progress;
};

static void on_object(void *user, const struct verify_progress *done)
{
    progress_set(&((struct plan *)user)->progress, done->objects);
}

/* Whole hours, as the ledger counts: a begun one counts as a whole. */
static int read_time(const char *flag, const char *text, bool up, int64_t *ret_ms, struct err *err)
{
    int64_t ms = 0;
    int rc = text[0] ? cli_time(flag, text, &ms, err) : E_OK;
    if (rc || !text[0]) return rc;
    if (ms < 0) return err_set(err, E_USAGE, "--%s: \"%s\" is before 1970", flag, text);
    int64_t over = ms % LEDGER_WINDOW_MS;
    *ret_ms = ms - over + (up && over ? LEDGER_WINDOW_MS : 0);
    if (over)
        fprintf(stderr,
                "verbatim verify: the ledger counts by the hour; --%s is taken to the full one\n",
                flag);
    return E_OK;
}

static int verify(struct plan *plan, const struct config *config, struct verify_report *report,
                  struct err *err)
{
    const char *folder = getenv("TMPDIR");
    struct verify_options options = {
        .folder = folder && folder[0] ? folder : "/tmp", .on_object = on_object, .user = plan};
    struct store *store = NULL;
    uint64_t manifests = 0;
    const char *url = plan->archive[0] ? plan->archive
                                       : config_value(config, "logsink", "url", NULL);
    const struct archive_wish all = {.topics = (1u << TOPIC_COUNT) - 1};
    int rc = read_time("from", plan->from, false, &options.from_ms, err);
    if (rc == E_OK) rc = read_time("to", plan->to, true, &options.to_ms, err);
    if (rc == E_OK && options.to_ms && options.to_ms <= options.from_ms)
        rc = err_set(err, E_USAGE, "--to must come after --from");
    if (rc == E_OK) rc = cli_open_archive(config, url, &store, err);
    if (rc == E_OK && terminal_is(STDERR_FILENO)) rc = archive_count(store, &all, &manifests, err);
    progress_start(&plan->progress, "objects", manifests);
    if (rc == E_OK) rc = verify_archive(store, &options, report, err);
    progress_end(&plan->progress);
    store_close(store);
    return rc;
}

static int print_report(const struct plan *plan, const struct verify_report *report,
                        struct err *err)
{
    struct buffer json = {0};
    if (plan->json) verify_write_json(report, &json);
    else verify_print(report);
    int rc = terminal_print(&json, err);
    if (rc) return rc;
    const struct findings *findings = &report->findings;
    if (!findings->count) return E_OK;
    return err_set(
        err, E_BAD_MESSAGE,
        "%llu finding%s of the kind \"%s\": the archive isn't whole, or doesn't balance",
        (unsigned long long)findings->count, findings->count == 1 ? "" : "s, the first",
        finding_name(findings->kept[0].kind));
}

static int verify_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct plan plan = {.archive = "", .from = "", .to = ""};
    const struct flag flags[] = {
        {"archive", FLAG_TEXT, &plan.archive, "URL  folder or s3://BUCKET/PREFIX (logsink.url)"},
        {"from", FLAG_TEXT, &plan.from, "TIME  records since: a date, a time or an age (7d), to the full hour"},
        {"to", FLAG_TEXT, &plan.to, "TIME  and before"},
        {"json", FLAG_BOOL, &plan.json, "as JSON, for programs"},
    };
    struct arguments arguments;
    struct cli_config config;
    struct verify_report report = {0};
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count + (plan.archive[0] != '\0') > 1)
        return err_set(err, E_USAGE, "one archive at a time");
    if (arguments.positional_count) plan.archive = arguments.positionals[0];
    rc = cli_config(&arguments, &config, err);
    if (rc) return rc;
    rc = verify(&plan, config.config, &report, err);
    if (rc == E_OK) rc = print_report(&plan, &report, err);
    verify_report_deinit(&report);
    cli_config_free(&config);
    return rc;
}

const struct command verify_command = {
    .name = "verify",
    .summary = "proves from the archive that every record is accounted for",
    .usage = "[--from TIME] [--to TIME] [--json] [ARCHIVE]",
    .details = "ARCHIVE is a folder or s3://BUCKET/PREFIX, as --archive; without it, logsink.url.\n"
               "Reads every object and manifest, and checks by hour, count and sum of ids:\n"
               "received = insights + duplicates + dead letters + in flight.\n\n"
               "While workers run, the last hour may look torn, as topics are archived one after "
               "the other: give --to.\n"
               "Exit status: 0 it balances; 65 it doesn't, or is damaged; 64 usage; 66 no archive "
               "there; 69, 74, 75, 77\n"
               "the store can't be read.\n\n"
               "Example: verbatim verify s3://bucket/archive --from 2026-01-02 --to 2026-01-03 "
               "--json | jq .findings\n",
    .run = verify_run,
};
