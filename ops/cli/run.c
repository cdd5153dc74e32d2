/* verbatim run: all six workers in this process on the embedded bus, with the HTTP API and the dashboard.
 *
 * Each worker has a thread with a loop of its own, as it would have a process. The main thread posts the sample
 * through the front door, shows its insights, their summary and where everything is, and then what else comes,
 * until a signal; with --once it stops when the sample is done. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/log.h"
#include "config/shipped.h"
#include "ops/cli/cli.h"
#include "ops/cli/post.h"
#include "ops/cli/reader.h"
#include "ops/cli/show.h"
#include "ops/cli/summary.h"
#include "runtime/runtime.h"
#include "schema/json.h"
#include "workers/ingest/ingest.h"
#include "workers/ingest/state.h"

enum { READY_MS = 20000, ONCE_MS = 120000, PATH_BYTES = 4096 };

struct member {
    struct cli_config config; /* its own: each has another admin port */
    struct runtime *runtime;
    pthread_t thread;
    struct err err;
    int rc;
    bool started;
    atomic_bool ended;
};

/* What the command line asks for. */
struct plan {
    const char *data, *sample; /* sample "": the shipped one */
    bool once, no_sample;
};

struct session {
    struct member members[CLI_WORKERS];
    const struct arguments *arguments;
    struct cli_config config;
    struct bus *bus;
    struct reader reader;
    struct summary summary;
    struct arena arena;
    uint64_t expected; /* insights of the sample; 0: none was played */
    uint64_t seen;
    char base_url[128];
    int lock; /* on the data folder */
    bool quiet;
};

static volatile sig_atomic_t stop_asked;
static void on_signal(int number) { (void)number, stop_asked = 1; }

/* --- workers ---------------------------------------------------------------------------------- */

static void *member_main(void *argument)
{
    struct member *member = argument;
    member->rc = runtime_run(member->runtime, &member->err);
    atomic_store(&member->ended, true);
    return NULL;
}

/* Six workers in one process can't share one admin port: they take it and the five behind it. */
static int configure_member(const struct session *session, int number, struct cli_config *config, struct err *err)
{
    int rc = cli_config(session->arguments, config, err);
    const char *admin = rc ? "" : config_value(config->config, "runtime", "admin", NULL), *colon = strrchr(admin, ':');
    uint64_t port;
    char assignment[192];
    if (rc || !colon || !str_to_u64(str_of(colon + 1), &port)) return rc; /* what is no address, the worker will refuse */
    snprintf(assignment, sizeof assignment, "runtime.admin=%.*s:%llu", (int)(colon - admin), admin, (unsigned long long)port + (unsigned)number);
    return config_set(config->config, str_of(assignment), "run", err);
}

static int start_members(struct session *session, struct err *err)
{
    for (int i = 0; i < CLI_WORKERS; i++) {
        struct member *member = &session->members[i];
        int rc = configure_member(session, i, &member->config, err);
        if (rc == E_OK) rc = runtime_create(cli_workers[i], member->config.config, &member->runtime, err);
        if (rc) return rc;
        if (pthread_create(&member->thread, NULL, member_main, member)) return err_set(err, E_SYSTEM, "a thread can't be started");
        member->started = true;
    }
    return E_OK;
}

/* The first worker that ended by itself. */
static int failed_member(struct session *session, struct err *err)
{
    for (int i = 0; i < CLI_WORKERS; i++) {
        struct member *member = &session->members[i];
        if (!member->started || !atomic_load(&member->ended)) continue;
        *err = member->err;
        if (!member->rc) return err_set(err, E_BUG, "%s stopped by itself", cli_workers[i]->name);
        return err_wrap(err, "%s", cli_workers[i]->name);
    }
    return E_OK;
}

static void pause_ms(int ms) { usleep((useconds_t)ms * 1000); }

static int await_ready(struct session *session, struct err *err)
{
    int64_t until = clock_mono_ms(clock_system()) + READY_MS;
    for (int i = 0; i < CLI_WORKERS;) {
        struct runtime_progress progress;
        int rc = failed_member(session, err);
        if (rc) return rc;
        runtime_progress(session->members[i].runtime, &progress);
        if (progress.ready) i++;
        else if (clock_mono_ms(clock_system()) > until) return err_set(err, E_TIMEOUT, "%s did not get ready", cli_workers[i]->name);
        else pause_ms(2);
    }
    return E_OK;
}

/* In the order of the data, so that each finds the last outputs of those before it. */
static int stop_members(struct session *session, struct err *err)
{
    int rc = E_OK;
    for (int i = 0; i < CLI_WORKERS; i++) {
        struct member *member = &session->members[i];
        if (member->started) {
            runtime_stop(member->runtime);
            pthread_join(member->thread, NULL);
            if (member->rc && rc == E_OK) {
                rc = member->rc;
                if (err) *err = member->err;
            }
        }
        runtime_destroy(member->runtime);
        member->runtime = NULL;
        cli_config_free(&member->config);
    }
    return rc;
}

/* Has every worker behind the door nothing more to do? */
static bool all_idle(const struct session *session)
{
    for (int i = 1; i < CLI_WORKERS; i++) {
        struct runtime_progress progress;
        runtime_progress(session->members[i].runtime, &progress);
        bool logsink = i == CLI_WORKERS - 1; /* it keeps what is in its open objects, which is counted as in flight by nobody */
        if (!progress.idle || (progress.backlog_records && !logsink)) return false;
    }
    return true;
}

/* --- the sample --------------------------------------------------------------------------------- */

/* What one request may hold: as the door is configured, and no more than a MiB or so. */
static int read_limits(const struct session *session, uint32_t *ret_rows, size_t *ret_bytes, struct err *err)
{
    enum { BYTES_MOST = 1 << 20 };
    struct ingest_options options;
    int rc = config_get(session->config.config, ingest_worker.options, &options, err);
    if (rc) return rc;
    *ret_rows = options.rows_most;
    *ret_bytes = options.body_most < BYTES_MOST ? (size_t)options.body_most : BYTES_MOST;
    return E_OK;
}

static int post_rows(struct session *session, struct buffer *body, struct err *err)
{
    char url[256];
    uint64_t accepted = 0;
    if (body->failed) return err_set(err, E_NO_MEMORY, NULL);
    if (!body->size || stop_asked) return E_OK;
    snprintf(url, sizeof url, "%s/v1/feedback", session->base_url);
    int rc = post_ndjson(url, buffer_str(body), &accepted, err);
    session->expected += accepted;
    buffer_clear(body);
    return rc;
}

/* Line by line into requests that the door takes. */
static int post_file(struct session *session, FILE *file, struct err *err)
{
    struct buffer body = {0};
    uint32_t rows = 0, rows_most = 0;
    size_t bytes_most = 0, room = 0;
    char *line = NULL;
    int rc = read_limits(session, &rows_most, &bytes_most, err);
    for (ssize_t size; rc == E_OK && (size = getline(&line, &room, file)) > 0;) {
        if (!str_trim(str_make(line, (size_t)size)).size) continue;
        if (rows == rows_most || body.size + (size_t)size > bytes_most) rc = post_rows(session, &body, err), rows = 0;
        buffer_append(&body, line, (size_t)size);
        rows++;
    }
    if (rc == E_OK && ferror(file)) rc = err_system(err, E_IO, "reading");
    if (rc == E_OK) rc = post_rows(session, &body, err);
    free(line);
    buffer_deinit(&body);
    return rc;
}

static int play_sample(struct session *session, const char *path, struct err *err)
{
    char name[SHIPPED_PATH_BYTES];
    int rc = shipped_path(path, "sample/feedback.ndjson", name, err);
    if (rc) return rc;
    FILE *file = fopen(name, "re");
    if (!file) return err_system(err, E_NO_INPUT, "%s", name);
    rc = post_file(session, file, err);
    fclose(file);
    return rc ? err_wrap(err, "%s", name) : E_OK;
}

/* --- the display -------------------------------------------------------------------------------- */

static void show(struct session *session, const struct bus_message *message)
{
    struct err ignored, *err = &ignored;
    struct record record;
    struct document document;
    struct safety safety;
    struct insight insight;
    arena_reset(&session->arena);
    int rc = record_scan(message->value, &session->arena, &record, err);
    if (rc == E_OK) rc = record_decode(&record, SECTION_DOCUMENT, &document, &session->arena, err);
    if (rc == E_OK) rc = record_decode(&record, SECTION_SAFETY, &safety, &session->arena, err);
    if (rc == E_OK) rc = record_decode(&record, SECTION_INSIGHT, &insight, &session->arena, err);
    if (rc == E_OK) rc = summary_add(&session->summary, &record, &session->arena, err);
    if (rc) return; /* not one of ours; the workers have dead letters for such */
    session->seen++;
    if (session->quiet) return;
    if (session->seen == 1) show_heading();
    show_insight(&document, &safety, &insight);
    fflush(stdout);
}

/* Shows insights until a signal, or until those of the sample are there; with `once` until all workers are idle
 * too, and within a time. */
static int watch(struct session *session, bool until_played, bool once, struct err *err)
{
    int64_t until = clock_mono_ms(clock_system()) + ONCE_MS;
    while (!stop_asked) {
        bool played = session->seen >= session->expected;
        if (until_played && !once && played) return E_OK;
        const struct bus_message *message = reader_next(&session->reader, 100, err);
        if (!message && err->code) return (int)err->code;
        if (message) {
            show(session, message);
            continue;
        }
        int rc = failed_member(session, err);
        if (rc) return rc;
        if (once && played && all_idle(session)) return E_OK;
        if (once && clock_mono_ms(clock_system()) > until)
            return err_set(err, E_TIMEOUT, "%llu of %llu insights came within %d s", (unsigned long long)session->seen,
                           (unsigned long long)session->expected, ONCE_MS / 1000);
    }
    return E_OK;
}

/* --- the whole ---------------------------------------------------------------------------------- */

static int open_session(struct session *session, struct err *err)
{
    const enum topic topics[] = {TOPIC_INSIGHTS};
    const char *listen = config_value(session->config.config, "ingest", "listen", NULL);
    bool tls = config_value(session->config.config, "ingest", "certificate", NULL)[0] != '\0';
    snprintf(session->base_url, sizeof session->base_url, "%s://%s", tls ? "https" : "http", listen);
    int rc = bus_open(session->config.config, clock_system(), &session->bus, err);
    for (int i = 0; i < TOPIC_COUNT && rc == E_OK; i++) {
        const struct bus_topic_settings settings = {0};
        bool created;
        rc = bus_topic_create(session->bus, (enum topic)i, &settings, &created, err);
    }
    if (rc == E_OK) rc = reader_open(&session->reader, session->bus, topics, 1, BUS_LATEST, err);
    if (rc == E_OK) rc = start_members(session, err);
    if (rc == E_OK) rc = await_ready(session, err);
    return rc;
}

static int close_session(struct session *session, struct err *err)
{
    int rc = stop_members(session, err);
    reader_close(&session->reader);
    bus_close(session->bus);
    arena_deinit(&session->arena);
    cli_config_free(&session->config);
    return rc;
}

static void print_row(const char *name, const char *format, ...) PRINTF_LIKE(2, 3);
static void print_row(const char *name, const char *format, ...)
{
    va_list args;
    printf("  %s%-10s%s  ", terminal_colour(STDOUT_FILENO, COLOUR_BOLD), name, terminal_reset(STDOUT_FILENO));
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static void print_where(const struct session *session, const char *data, bool once)
{
    putchar('\n');
    if (!once) print_row("dashboard", "%s/", session->base_url);
    print_row("archive", "%s", config_value(session->config.config, "logsink", "url", NULL));
    print_row("topics", "%s", bus_description(session->bus));
    if (!once) {
        print_row("send", "curl -s '%s/v1/feedback?wait=5s' -H 'Content-Type: application/json' \\", session->base_url);
        printf("              -d '{\"text\": \"Great taste, but I got a rash.\"}'\n");
        print_row("stop", "Ctrl-C; everything is kept in %s/, and goes on from there", data);
    }
    putchar('\n');
    fflush(stdout);
}

static void print_summary(const struct session *session)
{
    if (session->summary.records == 0) return;
    putchar('\n');
    summary_print(&session->summary, stdout);
}

/* Two on one folder would be two replicas of the same name: each would take over from the other. */
static int lock_folder(struct session *session, const char *data, struct err *err)
{
    char path[PATH_BYTES];
    int rc = folder_create(data, err);
    if (rc) return rc;
    snprintf(path, sizeof path, "%s/lock", data);
    session->lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (session->lock < 0) return err_system(err, E_SYSTEM, "%s", path);
    if (flock(session->lock, LOCK_EX | LOCK_NB) == 0) return E_OK;
    if (errno == EWOULDBLOCK) return err_set(err, E_IN_USE, "another verbatim run uses %s/; stop it, or give another --data", data);
    return err_system(err, E_SYSTEM, "locking %s", path);
}

/* Of the shipped sample one showing is enough: on a later start the folder holds somebody's own feedback. */
static bool first_start(const struct session *session)
{
    struct bus_topic_state state = {0};
    return bus_topic_describe(session->bus, TOPIC_FEEDBACK, &state, NULL) == E_OK && state.records == 0;
}

static int run_session(struct session *session, const struct plan *plan, struct err *err)
{
    int rc = open_session(session, err);
    bool play = !plan->no_sample && (plan->once || plan->sample[0] || (rc == E_OK && first_start(session)));
    if (rc == E_OK && play) rc = play_sample(session, plan->sample, err);
    if (rc == E_OK && (play || plan->once)) rc = watch(session, true, plan->once, err);
    if (rc == E_OK) print_summary(session);
    if (rc == E_OK) print_where(session, plan->data, plan->once || stop_asked);
    if (rc == E_OK && !plan->once && !stop_asked) {
        session->summary = (struct summary){0};
        rc = watch(session, false, false, err);
        if (rc == E_OK) print_summary(session);
    }
    struct err stopping;
    int stop_rc = close_session(session, &stopping);
    if (rc == E_OK && stop_rc) {
        *err = stopping;
        rc = stop_rc;
    }
    return rc;
}

/* Where everything is under the data folder, unless somebody says otherwise. */
struct presets {
    char bus[PATH_BYTES], archive[PATH_BYTES], memory[PATH_BYTES];
    const char *all[6];
};

static void fill_presets(struct presets *presets, const char *data)
{
    snprintf(presets->bus, sizeof presets->bus, "bus.path=%s/bus", data);
    snprintf(presets->archive, sizeof presets->archive, "logsink.url=%s/archive", data);
    snprintf(presets->memory, sizeof presets->memory, "preprocess.folder=%s/preprocess", data);
    const char *const all[] = {presets->bus, presets->archive, presets->memory, "runtime.status_every=2s", "runtime.log_level=warn", NULL};
    memcpy(presets->all, all, sizeof all);
}

static int configure(struct session *session, struct err *err)
{
    struct runtime_options options;
    int rc = cli_config(session->arguments, &session->config, err);
    if (rc == E_OK) rc = config_get(session->config.config, &runtime_option_table, &options, err);
    if (rc == E_OK) log_setup((enum log_level)options.log_level, (enum log_format)options.log);
    return rc;
}

static int run_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct plan plan = {.data = "data", .sample = ""};
    bool quiet = false;
    const struct flag flags[] = {
        {"once", FLAG_BOOL, &plan.once, "play the sample, wait for its insights, and stop"},
        {"sample", FLAG_TEXT, &plan.sample, "FILE  play this one (NDJSON), also on a later start"},
        {"no-sample", FLAG_BOOL, &plan.no_sample, "play none"},
        {"data", FLAG_TEXT, &plan.data, "FOLDER  where everything is kept (data)"},
        {"quiet", FLAG_BOOL, &quiet, "don't show each insight"},
    };
    struct arguments arguments;
    struct presets presets;
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count) return err_set(err, E_USAGE, "run takes no arguments");
    struct session *session = calloc(1, sizeof *session);
    if (!session) return err_set(err, E_NO_MEMORY, NULL);
    session->quiet = quiet;
    session->lock = -1;
    session->arguments = &arguments;
    fill_presets(&presets, plan.data);
    arguments.presets = presets.all;
    rc = configure(session, err);
    if (rc == E_OK) rc = lock_folder(session, plan.data, err);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (rc == E_OK) rc = run_session(session, &plan, err);
    if (session->lock >= 0) close(session->lock);
    free(session);
    return rc;
}

const struct command run_command = {
    .name = "run",
    .summary = "all six workers here, with the HTTP API and the dashboard",
    .usage = "[--once] [--sample FILE | --no-sample] [--data FOLDER] [--quiet]",
    .details = "Needs no broker: topics live in FOLDER/bus, the archive in FOLDER/archive.\n"
               "On its first start it plays the shipped sample. Colours honour NO_COLOR.\n"
               "With runtime.admin=ADDRESS:PORT the workers serve /metrics from ingest at PORT to logsink at PORT + 5.\n\n"
               "Example: verbatim run --once\n",
    .run = run_run,
};
