/* Each worker's program on an embedded bus of its own: from fork to readiness, from fork to the
 * first record handled, CPU until then, and resident memory once it idles.
 *
 * The input is written before the program starts, as it is after a restart:
 * the door gets its record by HTTP as soon as it answers, and every other worker finds what the
 * one before it has written. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "bus/bus.h"
#include "ops/benchmarks/bench.h"
#include "ops/benchmarks/program.h"

enum { WORKERS = 6, ROUNDS_MAX = 9, IDLE_MS = 400, PATH_BYTES = 512 };

static const struct {
    const char *name;
    enum topic output; /* TOPIC_NONE: objects in a folder */
    const char *ready_ms, *first_ms, *cpu_ms, *idle_mib;
} programs[WORKERS] = {
#define PROGRAM(name, output) \
    {#name, output, #name "_ready_ms", #name "_first_record_ms", #name "_cpu_ms", #name "_idle_mib"}
    PROGRAM(ingest, TOPIC_FEEDBACK),    PROGRAM(preprocess, TOPIC_DOCUMENTS),
    PROGRAM(featurize, TOPIC_FEATURES),
    PROGRAM(segment, TOPIC_SEGMENTS),   PROGRAM(genai, TOPIC_INSIGHTS),
    PROGRAM(logsink, TOPIC_NONE),
#undef PROGRAM
};

struct sight {
    char folder[PATH_BYTES / 2];
    uint16_t port;
    struct bus *bus;
    struct program program;
};

struct measure {
    double ready_ms, first_ms, cpu_ms, idle_mib;
};

static double since_ms(int64_t start_ns)
{
    return (double)(clock_mono_ns(clock_system()) - start_ns) * 1e-6;
}

/* --- the program ------------------------------------------------------------------------------ */

static int start_worker(struct sight *sight, const char *name, struct err *err)
{
    char bus[PATH_BYTES], listen[64], archive[PATH_BYTES], memory[PATH_BYTES];
    const char *options[8] = {bus};
    int count = 1;
    snprintf(bus, sizeof bus, "--bus.path=%s/bus", sight->folder);
    snprintf(listen, sizeof listen, "--ingest.listen=127.0.0.1:%u", sight->port);
    snprintf(archive, sizeof archive, "--logsink.url=%s/archive", sight->folder);
    snprintf(memory, sizeof memory, "--preprocess.folder=%s/preprocess", sight->folder);
    if (!strcmp(name, "ingest")) options[count++] = listen;
    if (!strcmp(name, "preprocess")) options[count++] = memory;
    if (!strcmp(name, "logsink")) {
        options[count++] = archive;
        options[count++] = "--logsink.count=1"; /* an object a record: seen at once */
    }
    return program_start(&sight->program, name, options, err);
}

static double resident_mib(pid_t pid)
{
    char path[64], line[256];
    double kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) sscanf(line, "VmRSS: %lf", &kib);
    if (file) fclose(file);
    return kib / 1024;
}

/* --- the first record ------------------------------------------------------------------------- */

static int post(uint16_t port, struct err *err)
{
    static const char body[] =
        "{\"text\":\"The parcel came late and the box was torn.\",\"rating\":2}";
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char text[1024];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    int size = snprintf(text, sizeof text,
                        "POST /v1/feedback HTTP/1.1\r\nHost: bench\r\n"
                        "Content-Type: application/json\r\n"
                        "Content-Length: %zu\r\nConnection: close\r\n\r\n%s", sizeof body - 1,
                        body);
    ok = ok && write(fd, text, (size_t)size) == size && read(fd, text, sizeof text) > 12 &&
         !memcmp(text + 9, "202", 3);
    if (fd >= 0) close(fd);
    return ok ? E_OK : err_set(err, E_UNAVAILABLE, "the door gave no receipt");
}

/* The archive's objects of the insights topic. */
static bool has_object(const char *folder)
{
    struct stat stat_;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/archive/insights", folder);
    return stat(path, &stat_) == 0;
}

static bool has_message(struct bus_consumer *reader)
{
    struct bus_batch batch = {0};
    if (bus_poll(reader, 10, 1 << 20, &batch, NULL)) return false;
    bool found = batch.count > 0;
    bus_release(reader, &batch);
    return found;
}

static int open_reader(const struct sight *sight, enum topic topic,
                       struct bus_consumer **ret_reader, struct err *err)
{
    struct bus_subscription subscription = {
        .member = "bench", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    if (topic == TOPIC_NONE) return E_OK;
    return bus_subscribe(sight->bus, &subscription, ret_reader, err);
}

static int await_record(const struct sight *sight, struct bus_consumer *reader, int64_t start_ns,
                        struct err *err)
{
    while (since_ms(start_ns) < PROGRAM_GIVE_UP_MS) {
        if (reader ? has_message(reader) : has_object(sight->folder)) return E_OK;
        struct pollfd wake = {.fd = reader ? bus_wake_fd(reader) : -1, .events = POLLIN};
        poll(&wake, 1, reader ? 50 : 1);
    }
    return err_set(err, E_TIMEOUT, "no record came");
}

static int measure_program(struct sight *sight, int index, struct measure *measure, struct err *err)
{
    struct bus_consumer *reader = NULL;
    int rc = open_reader(sight, programs[index].output, &reader, err);
    int64_t start_ns = clock_mono_ns(clock_system());
    if (rc == E_OK) rc = start_worker(sight, programs[index].name, err);
    if (rc == E_OK) rc = program_await_ready(&sight->program, programs[index].name, err);
    measure->ready_ms = since_ms(start_ns);
    if (rc == E_OK && index == 0) rc = post(sight->port, err);
    if (rc == E_OK) rc = await_record(sight, reader, start_ns, err);
    measure->first_ms = since_ms(start_ns);
    if (rc == E_OK) {
        measure->cpu_ms = program_main_thread_seconds(sight->program.child) * 1e3;
        poll(NULL, 0, IDLE_MS); /* what it needed to start is given back by then */
        measure->idle_mib = resident_mib(sight->program.child);
    } else {
        err_wrap(err, "verbatim-%s", programs[index].name);
    }
    bus_unsubscribe(reader);
    program_stop(&sight->program);
    return rc;
}

/* --- a round ---------------------------------------------------------------------------------- */

static int open_bus(struct sight *sight, struct config *config, struct err *err)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "bus.path=%s/bus", sight->folder);
    int rc = config_set(config, str_of(path), "bench", err);
    if (rc == E_OK) rc = bus_open(config, clock_system(), &sight->bus, err);
    for (int i = 0; i < TOPIC_COUNT && rc == E_OK; i++) {
        const struct bus_topic_settings settings = {0};
        bool created;
        rc = bus_topic_create(sight->bus, (enum topic)i, &settings, &created, err);
    }
    return rc;
}

static int round_of_programs(struct config *config, struct measure measures[static WORKERS],
                             struct err *err)
{
    struct sight sight = {.port = program_free_port()};
    char command[PATH_BYTES];
    snprintf(sight.folder, sizeof sight.folder, "/tmp/verbatim-bench-XXXXXX");
    if (!mkdtemp(sight.folder)) return err_system(err, E_NO_OUTPUT, "%s", sight.folder);
    int rc = open_bus(&sight, config, err);
    for (int i = 0; i < WORKERS && rc == E_OK; i++)
        rc = measure_program(&sight, i, &measures[i], err);
    bus_close(sight.bus);
    snprintf(command, sizeof command, "rm -rf '%s'", sight.folder);
    if (system(command)) fprintf(stderr, "verbatim-bench: %s stays\n", sight.folder);
    return rc;
}

static double median_of(struct measure measures[][WORKERS], uint64_t rounds, int worker,
                        size_t offset)
{
    double values[ROUNDS_MAX];
    for (uint64_t i = 0; i < rounds; i++)
        memcpy(&values[i], (const char *)&measures[i][worker] + offset, sizeof values[i]);
    return bench_median(values, rounds);
}

static void report(struct measure measures[][WORKERS], uint64_t rounds)
{
    double slowest = 0, largest = 0;
    for (int i = 0; i < WORKERS; i++) {
        double first = median_of(measures, rounds, i, offsetof(struct measure, first_ms));
        double idle = median_of(measures, rounds, i, offsetof(struct measure, idle_mib));
        bench_figure(programs[i].ready_ms,
                     median_of(measures, rounds, i, offsetof(struct measure, ready_ms)), "ms");
        bench_figure(programs[i].first_ms, first, "ms");
        bench_figure(programs[i].cpu_ms,
                     median_of(measures, rounds, i, offsetof(struct measure, cpu_ms)),
                     "ms of CPU until then");
        bench_figure(programs[i].idle_mib, idle, "MiB resident");
        if (first > slowest) slowest = first;
        if (idle > largest) largest = idle;
    }
    bench_bound("first_record_ms_slowest", slowest, "ms", 200);
    bench_bound("idle_mib_largest", largest, "MiB", 16);
}

int bench_start(const struct bench_options *options, struct err *err)
{
    struct measure measures[ROUNDS_MAX][WORKERS];
    uint64_t rounds = options->rounds ? options->rounds : 5;
    const struct option_table *const tables[] = {&bus_option_table, &kafka_option_table, NULL};
    struct config *config = NULL;
    if (rounds > ROUNDS_MAX) rounds = ROUNDS_MAX;
    int rc = config_create(tables, &config, err);
    for (uint64_t i = 0; i < rounds && rc == E_OK; i++)
        rc = round_of_programs(config, measures[i], err);
    if (rc == E_OK) report(measures, rounds);
    config_destroy(config);
    return rc;
}
