/* verbatim run: all six workers in this process on the embedded bus, with the HTTP API and the dashboard.
 *
 * Each worker has a thread with a loop of its own, as it would have a process. The main thread posts the sample
 * through the front door, shows finished insights, and waits for a signal, or with --once until all is done. */
#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/log.h"
#include "config/shipped.h"
#include "ops/cli/cli.h"
#include "ops/cli/reader.h"
#include "ops/cli/summary.h"
#include "runtime/runtime.h"
#include "schema/json.h"

enum { READY_MS = 20000, ONCE_MS = 120000, TEXT_COLUMNS = 60, PATH_BYTES = 4096 };

struct member {
    struct runtime *runtime;
    pthread_t thread;
    struct err err;
    int rc;
    bool started;
    atomic_bool ended;
};

struct session {
    struct member members[CLI_WORKERS];
    struct cli_config config;
    struct bus *bus;
    struct reader reader;
    struct summary summary;
    struct arena arena;
    uint64_t expected; /* insights of the sample; 0: none was played */
    uint64_t seen;
    char base_url[128];
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

static int start_members(struct session *session, struct err *err)
{
    for (int i = 0; i < CLI_WORKERS; i++) {
        struct member *member = &session->members[i];
        int rc = runtime_create(cli_workers[i], session->config.config, &member->runtime, err);
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

static size_t collect(char *data, size_t size, size_t count, void *user)
{
    buffer_append(user, data, size * count);
    return size * count;
}

/* Accepted records, out of the door's own answer. */
static uint64_t accepted_of(struct str answer)
{
    size_t at = str_find(answer, STR("\"accepted\":"));
    struct str rest = str_slice(answer, at + 11, answer.size);
    uint64_t accepted = 0;
    struct str number = str_cut(&rest, ',');
    return str_to_u64(number, &accepted) ? accepted : 0;
}

static int post(const char *url, struct str body, uint64_t *ret_accepted, struct err *err)
{
    struct buffer answer = {0};
    long status = 0;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/x-ndjson");
    if (!curl || !headers) return err_set(err, E_NO_MEMORY, NULL);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    int rc = E_OK;
    if (code != CURLE_OK) rc = err_set(err, E_UNAVAILABLE, "posting the sample: %s", curl_easy_strerror(code));
    else if (status != 202) rc = err_set(err, E_BAD_MESSAGE, "posting the sample: %ld %.*s", status, STR_ARGS(str_slice(buffer_str(&answer), 0, 200)));
    else *ret_accepted = accepted_of(buffer_str(&answer));
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    buffer_deinit(&answer);
    return rc;
}

static int play_sample(struct session *session, const char *path, struct err *err)
{
    struct buffer body = {0};
    char url[256], file[SHIPPED_PATH_BYTES];
    snprintf(url, sizeof url, "%s/v1/feedback", session->base_url);
    int rc = shipped_path(path, "sample/feedback.ndjson", file, err);
    if (rc == E_OK) rc = buffer_read_file(&body, file, 16 << 20, err);
    if (rc == E_OK) rc = post(url, buffer_str(&body), &session->expected, err);
    buffer_deinit(&body);
    return rc;
}

/* --- the display -------------------------------------------------------------------------------- */

/* One line of the text, without what would break the line, at most so many characters. */
static void print_text(struct str text, unsigned columns)
{
    for (size_t i = 0; i < text.size && columns; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c & 0xC0) != 0x80) columns--;
        if (c < 0x20 || c == 0x7F) putchar(' ');
        else putchar((int)c);
        while (i + 1 < text.size && columns == 0 && ((unsigned char)text.data[i + 1] & 0xC0) == 0x80) putchar(text.data[++i]);
    }
}

static void print_insight(const struct document *document, const struct safety *safety, const struct insight *insight)
{
    static const enum colour feelings[] = {COLOUR_GREEN, COLOUR_RED, COLOUR_DIM, COLOUR_YELLOW};
    unsigned columns = terminal_columns(STDOUT_FILENO);
    uint32_t label = insight->sentiment.label;
    printf("%s%-8s%s %-3.*s ", terminal_colour(STDOUT_FILENO, feelings[label]), sentiment_label_enumeration.values[label],
           terminal_reset(STDOUT_FILENO), STR_ARGS(document->language));
    if (safety->state == ENUM_safety_state_positive)
        printf("%s%s%s ", terminal_colour(STDOUT_FILENO, COLOUR_RED), safety->serious ? "SERIOUS" : "safety ", terminal_reset(STDOUT_FILENO));
    else printf("%s ", safety->state == ENUM_safety_state_unassessed ? "check  " : "       ");
    struct str topic = insight->topics.count ? insight->topics.items[0] : STR("-");
    printf("%-13.*s ", STR_ARGS(topic));
    print_text(document->text, columns > 40 + TEXT_COLUMNS ? columns - 40 : TEXT_COLUMNS);
    putchar('\n');
    if (insight->recommendations.count) {
        printf("%s%32s→ %s: %.*s%s\n", terminal_colour(STDOUT_FILENO, COLOUR_DIM), "", team_enumeration.values[insight->recommendations.items[0].team],
               STR_ARGS(insight->recommendations.items[0].text), terminal_reset(STDOUT_FILENO));
    }
}

static int show(struct session *session, const struct bus_message *message, struct err *err)
{
    struct record record;
    struct document document;
    struct safety safety;
    struct insight insight;
    arena_reset(&session->arena);
    int rc = record_scan(message->value, &session->arena, &record, err);
    if (rc == E_OK) rc = record_decode(&record, SECTION_DOCUMENT, &document, &session->arena, err);
    if (rc == E_OK) rc = record_decode(&record, SECTION_SAFETY, &safety, &session->arena, err);
    if (rc == E_OK) rc = record_decode(&record, SECTION_INSIGHT, &insight, &session->arena, err);
    if (rc == E_OK) rc = summary_add(&session->summary, message->value, &session->arena, err);
    if (rc) return E_OK; /* not one of ours; the workers have dead letters for such */
    session->seen++;
    if (!session->quiet) print_insight(&document, &safety, &insight);
    fflush(stdout);
    return E_OK;
}

static int watch(struct session *session, bool once, struct err *err)
{
    int64_t until = clock_mono_ms(clock_system()) + ONCE_MS;
    while (!stop_asked) {
        const struct bus_message *message = reader_next(&session->reader, 100, err);
        if (!message && err->code) return (int)err->code;
        if (message) {
            show(session, message, err);
            continue;
        }
        int rc = failed_member(session, err);
        if (rc) return rc;
        if (once && session->seen >= session->expected && all_idle(session)) return E_OK;
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

static void print_where(const struct session *session, const char *data, bool once)
{
    if (!once) printf("\n  dashboard  %s%s/%s\n", terminal_colour(STDOUT_FILENO, COLOUR_BOLD), session->base_url, terminal_reset(STDOUT_FILENO));
    printf("%s  archive    %s\n", once ? "\n" : "", config_value(session->config.config, "logsink", "url", NULL));
    if (!once) printf("  try        curl -s '%s/v1/feedback?wait=5s' -H 'Content-Type: application/json' -d '{\"text\":\"Great, but delivery took 3 weeks\"}'\n"
                      "  stop       Ctrl-C; everything is kept in %s/\n\n", session->base_url, data);
    fflush(stdout);
}

static int run_session(struct session *session, const char *data, const char *sample, bool play, bool once, struct err *err)
{
    int rc = open_session(session, err);
    if (rc == E_OK && play) rc = play_sample(session, sample, err);
    if (rc == E_OK && !once) print_where(session, data, false);
    if (rc == E_OK) rc = watch(session, once, err);
    if (rc == E_OK && once) print_where(session, data, true);
    struct err stopping;
    int stop_rc = close_session(session, &stopping);
    if (rc == E_OK && stop_rc) {
        *err = stopping;
        rc = stop_rc;
    }
    return rc;
}

static int run_run(const struct command *command, int argc, char **argv, struct err *err)
{
    const char *data = "data", *sample = "";
    bool once = false, empty = false, quiet = false;
    const struct flag flags[] = {
        {"once", FLAG_BOOL, &once, "play the sample, wait for its insights, and stop"},
        {"sample", FLAG_TEXT, &sample, "FILE  another sample to play (NDJSON)"},
        {"no-sample", FLAG_BOOL, &empty, "play none"},
        {"data", FLAG_TEXT, &data, "FOLDER  where everything is kept (data)"},
        {"quiet", FLAG_BOOL, &quiet, "don't show each insight"},
    };
    struct arguments arguments;
    char bus[PATH_BYTES], archive[PATH_BYTES], memory[PATH_BYTES];
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count) return err_set(err, E_USAGE, "run takes no arguments");
    snprintf(bus, sizeof bus, "bus.path=%s/bus", data);
    snprintf(archive, sizeof archive, "logsink.url=%s/archive", data);
    snprintf(memory, sizeof memory, "preprocess.folder=%s/preprocess", data);
    const char *const presets[] = {bus, archive, memory, "runtime.status_every=2s", "runtime.log_level=warn", NULL};
    arguments.presets = presets;
    struct session *session = calloc(1, sizeof *session);
    if (!session) return err_set(err, E_NO_MEMORY, NULL);
    session->quiet = quiet;
    rc = cli_config(&arguments, &session->config, err);
    struct runtime_options options;
    if (rc == E_OK) rc = config_get(session->config.config, &runtime_option_table, &options, err);
    if (rc == E_OK) {
        log_setup((enum log_level)options.log_level, (enum log_format)options.log);
        rc = folder_create(data, err);
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (rc == E_OK) rc = run_session(session, data, sample, !empty, once, err);
    if (rc == E_OK && session->summary.records) summary_print(&session->summary, stdout);
    free(session);
    return rc;
}

const struct command run_command = {
    .name = "run",
    .summary = "all six workers here, with the HTTP API and the dashboard",
    .usage = "[--once] [--sample FILE | --no-sample] [--data FOLDER] [--quiet]",
    .details = "Needs no broker: topics live in FOLDER/bus, the archive in FOLDER/archive. Plays the shipped sample first.\n\n"
               "Example: verbatim run --once\n",
    .run = run_run,
};
