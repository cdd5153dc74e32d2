/* verbatim run: all six workers in this process on the embedded bus, with the HTTP
 * API and the dashboard.
 *
 * Each worker has a thread (members.c). The main thread posts the sample through the front door,
 * shows its insights, their summary and where everything is, and then what else comes, until a
 * signal; with --once it stops when the sample is done and all that it led to is in the archive.
 * SIGHUP reloads all six, as it does a worker that runs alone. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/log.h"
#include "ops/cli/cli.h"
#include "ops/cli/members.h"
#include "ops/cli/reader.h"
#include "ops/cli/sample.h"
#include "ops/cli/show.h"
#include "ops/cli/summary.h"
#include "runtime/runtime.h"

enum { ONCE_MS = 120000, LOOK_MS = 100, IDLE_LOOKS = 50, PATH_BYTES = 4096 };

/* What the command line asks for. */
struct plan {
    const char *data, *sample; /* sample "": the shipped one */
    const char *key_file;      /* of the key that the door wants of whoever posts; "": none */
    bool once, no_sample;
};

struct session {
    struct members *members;
    const struct arguments *arguments;
    struct cli_config config;
    struct bus *bus;
    struct reader reader;
    struct summary summary;
    struct arena arena;
    struct post_counts sample; /* of what was played: as many insights come as were accepted */
    uint64_t seen;
    char base_url[128]; /* of the door; empty: there is none */
    struct buffer key; /* to post the sample with; empty: none is asked for */
    int lock; /* on the data folder */
    bool quiet;
};

static volatile sig_atomic_t stop_asked, reload_asked;
static void ask_stop(void) { stop_asked = 1; }
static void ask_reload(void) { reload_asked = 1; }

/* Noted by the handler and done here, where the workers are known to be there. */
static void heed_reload(const struct session *session)
{
    if (!reload_asked) return;
    reload_asked = 0;
    members_reload(session->members);
}

/* --- the sample ------------------------------------------------------------------------------- */

static const char *ingest_value(const struct session *session, const char *name)
{
    return config_value(session->config.config, "ingest", name, NULL);
}

/* Is there one to post to, and does it tell callers apart? */
static bool has_door(const struct session *session) { return ingest_value(session, "listen")[0]; }
static bool wants_key(const struct session *session) { return ingest_value(session, "keys")[0]; }

/* The key is the file's first line. That a sample which is asked for can't be posted is known
 * before anything starts. */
static int read_key(struct session *session, const struct plan *plan, struct err *err)
{
    enum { KEY_FILE_BYTES = 4096 };
    bool asked = !plan->no_sample && (plan->once || plan->sample[0]);
    if (asked && !has_door(session))
        return err_set(err, E_USAGE,
                       "the sample is posted over HTTP, and ingest.listen is empty; --no-sample "
                       "plays none");
    if (!wants_key(session)) return E_OK;
    if (!plan->key_file[0])
        return asked ? err_set(err, E_USAGE,
                               "the door has ingest.keys: the sample needs --key-file FILE with a "
                               "key that may write")
                     : E_OK;
    struct buffer file = {0};
    int rc = buffer_read_file(&file, plan->key_file, KEY_FILE_BYTES, err);
    struct str rest = buffer_str(&file), key = str_trim(str_cut(&rest, '\n'));
    if (rc == E_OK && !key.size) rc = err_set(err, E_USAGE, "%s holds no key", plan->key_file);
    buffer_add(&session->key, key);
    if (rc == E_OK && session->key.failed) rc = err_set(err, E_NO_MEMORY, NULL);
    buffer_deinit(&file);
    return rc;
}

static bool go_on(void *user)
{
    heed_reload(user);
    return !stop_asked;
}

static int play_sample(struct session *session, const char *path, struct err *err)
{
    const struct sample_door door = {session->config.config, session->base_url,
                                     buffer_cstr(&session->key), go_on, session};
    return sample_play(&door, path, &session->sample, err);
}

/* --- the display ------------------------------------------------------------------------------ */

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

/* Shows insights until a signal, or until those of the sample are there; with `once` until all
 * workers are idle too, and within a time. A record may come to none (its id was used before): when
 * all have been idle for a while, nothing more comes. */
static int watch(struct session *session, bool until_played, bool once, struct err *err)
{
    int64_t until = clock_mono_ms(clock_system()) + ONCE_MS;
    uint32_t idle = 0; /* looks in a row that found nothing to do */
    while (!stop_asked) {
        heed_reload(session);
        bool played = session->seen >= session->sample.accepted || idle >= IDLE_LOOKS;
        if (until_played && !once && played) return E_OK;
        bool taken = session->quiet || terminal_takes(LOOK_MS); /* else nobody looks now */
        const struct bus_message *message =
            taken ? reader_next(&session->reader, LOOK_MS, err) : NULL;
        if (taken && !message && err->code) return (int)err->code;
        if (message) {
            show(session, message);
            continue;
        }
        int rc = members_failed(session->members, err);
        if (rc) return rc;
        if (!taken) {
            until = clock_mono_ms(clock_system()) + ONCE_MS;
            continue;
        }
        idle = members_idle(session->members) ? idle + 1 : 0;
        if (once && played && idle) return E_OK;
        if (once && clock_mono_ms(clock_system()) > until)
            return err_set(err, E_TIMEOUT, "%llu of %llu insights came within %d s",
                           (unsigned long long)session->seen,
                           (unsigned long long)session->sample.accepted,
                           ONCE_MS / 1000);
    }
    return E_OK;
}

/* Waits for a reader that stands still, as long as nobody wants us to stop. */
static bool is_looked_at(const struct session *session)
{
    while (!stop_asked && !terminal_takes(LOOK_MS)) heed_reload(session);
    return terminal_takes(0);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* By the name that a certificate may be for, and the port that was taken (of ":0", any). */
static void name_door(struct session *session)
{
    const char *listen = ingest_value(session, "listen");
    bool tls = ingest_value(session, "certificate")[0] != '\0';
    snprintf(session->base_url, sizeof session->base_url, "%s://%.*s%s", tls ? "https" : "http",
             (int)(strrchr(listen, ':') - listen), listen,
             strrchr(members_door(session->members), ':'));
}

static int open_session(struct session *session, struct err *err)
{
    const enum topic topics[] = {TOPIC_INSIGHTS};
    int rc = bus_open(session->config.config, clock_system(), &session->bus, err);
    for (int i = 0; i < TOPIC_COUNT && rc == E_OK; i++) {
        const struct bus_topic_settings settings = {0};
        bool created;
        rc = bus_topic_create(session->bus, (enum topic)i, &settings, &created, err);
    }
    if (rc == E_OK) rc = reader_open(&session->reader, session->bus, topics, 1, BUS_LATEST, err);
    if (rc == E_OK) rc = members_start(session->arguments, &session->members, err);
    if (rc == E_OK) rc = members_await_ready(session->members, err);
    if (rc == E_OK && has_door(session)) name_door(session);
    return rc;
}

static int close_session(struct session *session, bool once, struct err *err)
{
    int rc = members_stop(session->members, once && !stop_asked, err);
    reader_close(&session->reader);
    bus_close(session->bus);
    arena_deinit(&session->arena);
    return rc;
}

static void print_row(const char *name, const char *format, ...) PRINTF_LIKE(2, 3);
static void print_row(const char *name, const char *format, ...)
{
    va_list args;
    printf("  %s%-10s%s  ", terminal_colour(STDOUT_FILENO, COLOUR_BOLD), name,
           terminal_reset(STDOUT_FILENO));
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static void print_where(const struct session *session, const char *data, bool once)
{
    bool door = !once && has_door(session);
    if (!is_looked_at(session)) return;
    putchar('\n');
    if (door) print_row("dashboard", "%s/", session->base_url);
    print_row("archive", "%s", config_value(session->config.config, "logsink", "url", NULL));
    print_row("topics", "%s", bus_description(session->bus));
    if (door) {
        print_row("send",
                  "curl -s '%s/v1/feedback?wait=5s' -H 'Content-Type: application/json' %s\\",
                  session->base_url, wants_key(session) ? "-H 'X-API-Key: …' " : "");
        printf("              -d '{\"text\": \"Great taste, but I got a rash.\"}'\n");
    }
    if (!once)
        print_row("stop", "Ctrl-C; everything is kept in %s/, and goes on from there", data);
    putchar('\n');
    fflush(stdout);
}

static void print_summary(const struct session *session)
{
    if (session->summary.records == 0 || !is_looked_at(session)) return;
    putchar('\n');
    summary_print(&session->summary, stdout);
    fflush(stdout);
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
    if (errno == EWOULDBLOCK)
        return err_set(err, E_IN_USE,
                       "another verbatim run uses %s/; stop it, or give another --data", data);
    return err_system(err, E_SYSTEM, "locking %s", path);
}

/* Of the shipped sample one showing is enough: on a later start the folder holds somebody's own
 * feedback. Where there is no door, or one that wants a key which nobody gave us, it is from the
 * start. */
static bool first_start(const struct session *session)
{
    struct bus_topic_state state = {0};
    if (!has_door(session) || (wants_key(session) && !session->key.size)) return false;
    return bus_topic_describe(session->bus, TOPIC_FEEDBACK, &state, NULL) == E_OK &&
           state.records == 0;
}

static int run_session(struct session *session, const struct plan *plan, struct err *err)
{
    int rc = open_session(session, err);
    bool play = !plan->no_sample &&
                (plan->once || plan->sample[0] || (rc == E_OK && first_start(session)));
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
    if (rc == E_OK && plan->once) members_finish(session->members, ONCE_MS, &stop_asked);
    if (rc == E_OK && plan->once && stop_asked)
        rc = err_set(err, E_CANCELLED,
                     "stopped before all was done; verbatim run --once --no-sample does the rest "
                     "of what was taken in");
    int stop_rc = close_session(session, plan->once, &stopping);
    if (rc == E_OK && stop_rc) {
        *err = stopping;
        rc = stop_rc;
    }
    if (rc == E_OK && plan->once && session->sample.refused)
        rc = err_set(err, E_BAD_MESSAGE, "%llu records of the sample were refused",
                     (unsigned long long)session->sample.refused);
    return rc;
}

/* Where everything is under the data folder, unless somebody says otherwise. */
struct presets {
    char bus[PATH_BYTES], archive[PATH_BYTES], memory[PATH_BYTES];
    const char *all[7];
};

static void fill_presets(struct presets *presets, const struct plan *plan)
{
    const char *data = plan->data;
    snprintf(presets->bus, sizeof presets->bus, "bus.path=%s/bus", data);
    snprintf(presets->archive, sizeof presets->archive, "logsink.url=%s/archive", data);
    snprintf(presets->memory, sizeof presets->memory, "preprocess.folder=%s/preprocess", data);
    const char *const all[] = {
        presets->bus, presets->archive, presets->memory, "runtime.status_every=2s",
        "runtime.log_level=warn", plan->once ? "runtime.drain=120s" : "genai.digest_every=1h",
        NULL};
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
    struct plan plan = {.data = "data", .sample = "", .key_file = ""};
    bool quiet = false;
    const struct flag flags[] = {
        {"once", FLAG_BOOL, &plan.once,
         "play the sample, wait until all is in the archive, and stop"},
        {"sample", FLAG_TEXT, &plan.sample, "FILE  play this one (NDJSON), also on a later start"},
        {"no-sample", FLAG_BOOL, &plan.no_sample, "play none"},
        {"key-file", FLAG_TEXT, &plan.key_file,
         "FILE  holds the API key to post the sample with, where ingest.keys asks for one"},
        {"data", FLAG_TEXT, &plan.data, "FOLDER  where everything is kept (data)"},
        {"quiet", FLAG_BOOL, &quiet, "don't show each insight"},
    };
    struct arguments arguments;
    struct presets presets;
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count)
        return err_set(err, E_USAGE, "run takes no arguments; --sample %s plays a file",
                       arguments.positionals[0]);
    struct session *session = calloc(1, sizeof *session);
    if (!session) return err_set(err, E_NO_MEMORY, NULL);
    session->quiet = quiet;
    session->lock = -1;
    session->arguments = &arguments;
    fill_presets(&presets, &plan);
    arguments.presets = presets.all;
    rc = configure(session, err);
    if (rc == E_OK && plan.sample[0] && plan.no_sample)
        rc = err_set(err, E_USAGE, "--sample or --no-sample, not both");
    if (rc == E_OK) rc = sample_check(plan.sample, err);
    if (rc == E_OK) rc = read_key(session, &plan, err);
    if (rc == E_OK) rc = lock_folder(session, plan.data, err);
    runtime_on_signals(ask_stop, ask_reload);
    if (rc == E_OK) rc = run_session(session, &plan, err);
    if (session->lock >= 0) close(session->lock);
    buffer_deinit(&session->key);
    cli_config_free(&session->config);
    free(session);
    return rc;
}

const struct command run_command = {
    .name = "run",
    .summary = "all six workers here, with the HTTP API and the dashboard",
    .usage = "[--once] [--sample FILE | --no-sample] [--key-file FILE] [--data FOLDER] [--quiet]",
    .details = "Needs no broker: topics live in FOLDER/bus, the archive in FOLDER/archive.\n"
               "On its first start it plays the shipped sample. Colours honour NO_COLOR.\n"
               "With runtime.admin=ADDRESS:PORT the workers serve /metrics from ingest at PORT to "
               "logsink at PORT + 5.\n"
               "TERM and INT drain and stop; HUP reloads keys, certificates, models and lists, as "
               "with workers that run alone.\n\n"
               "Example: verbatim run --once\n",
    .run = run_run,
};
