/* The front door as a program of its own, on a fresh bus, beside a bare epoll responder under the
 * same load, in turn: one record a POST, then bodies of many records, plain and packed.
 *
 * What counts is the server's CPU. A 202 means that the bus holds the record, so the threads of the
 * bus count too; they are told apart by what the door's own thread has spent. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "bus/bus.h"
#include "ops/benchmarks/bench.h"
#include "ops/benchmarks/ingest_bare.h"
#include "ops/benchmarks/ingest_load.h"
#include "ops/benchmarks/program.h"

enum {
    RECORDS = 40000, ROUNDS = 5, ROUNDS_MAX = 32, LINE_BYTES = 500, SINGLES = 1000, CALLERS = 32,
    BATCH_RECORDS = 1000, BATCHES = 8, BATCH_CALLERS = 4, BATCHED_MORE = 5, PATH_BYTES = 512,
    WARM_BATCHES = 64
};

/* --- what is sent ----------------------------------------------------------------------------- */

struct messages {
    struct buffer bytes;
    struct str each[SINGLES];
    size_t count, records; /* records: in each */
};

struct rig {
    char folder[PATH_BYTES / 2];
    struct messages single, batched, packed;
};

static void add_message(struct messages *messages, const char *headers, struct str body)
{
    size_t start = messages->bytes.size;
    buffer_printf(&messages->bytes,
                  "POST /v1/feedback HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench/1\r\n"
                  "Accept: */*\r\n%sContent-Length: %zu\r\n\r\n",
                  headers, body.size);
    buffer_add(&messages->bytes, body);
    /* offsets until all are there: the bytes may move */
    messages->each[messages->count++] = (struct str){NULL, messages->bytes.size - start};
}

static int settle(struct messages *messages, struct err *err)
{
    const char *at = messages->bytes.data;
    for (size_t i = 0; i < messages->count; i++) {
        messages->each[i] = (struct str){at, messages->each[i].size};
        at += messages->each[i].size;
    }
    return messages->bytes.failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

static int pack(struct str plain, struct buffer *out, struct err *err)
{
    z_stream stream = {0};
    buffer_clear(out);
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY))
        return err_set(err, E_NO_MEMORY, NULL);
    size_t most = deflateBound(&stream, plain.size);
    char *room = buffer_reserve(out, most);
    stream.next_in = (Bytef *)(uintptr_t)plain.data, stream.avail_in = (uInt)plain.size;
    stream.next_out = (Bytef *)room, stream.avail_out = room ? (uInt)most : 0;
    int rc = deflate(&stream, Z_FINISH);
    out->size = most - stream.avail_out;
    deflateEnd(&stream);
    return rc == Z_STREAM_END ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

static int prepare_singles(struct messages *messages, struct err *err)
{
    struct buffer lines = {0};
    int rc = bench_lines(SINGLES, LINE_BYTES, &lines, err);
    for (struct str rest = buffer_str(&lines); rc == E_OK && rest.size;)
        add_message(messages, "Content-Type: application/json\r\n", str_cut(&rest, '\n'));
    messages->records = 1;
    buffer_deinit(&lines);
    return rc ? rc : settle(messages, err);
}

static int prepare_batches(struct messages *plain, struct messages *packed, struct err *err)
{
    struct buffer lines = {0}, small = {0};
    int rc = bench_lines(BATCH_RECORDS * BATCHES, LINE_BYTES, &lines, err);
    struct str rest = buffer_str(&lines);
    for (int i = 0; i < BATCHES && rc == E_OK; i++) {
        struct str body = {rest.data, 0};
        for (int n = 0; n < BATCH_RECORDS; n++) body.size += str_cut(&rest, '\n').size + 1;
        add_message(plain, "Content-Type: application/x-ndjson\r\n", body);
        rc = pack(body, &small, err);
        add_message(packed, "Content-Type: application/x-ndjson\r\nContent-Encoding: gzip\r\n",
                    buffer_str(&small));
    }
    plain->records = packed->records = BATCH_RECORDS;
    buffer_deinit(&lines);
    buffer_deinit(&small);
    if (rc == E_OK) rc = settle(plain, err);
    return rc ? rc : settle(packed, err);
}

/* --- the servers ------------------------------------------------------------------------------ */

struct server {
    uint16_t port;
    pid_t pid;
};

static int create_topics(const char *bootstrap, const char *prefix, struct err *err)
{
    char servers[PATH_BYTES];
    const struct option_table *const tables[] = {&bus_option_table, &kafka_option_table, NULL};
    struct config *config = NULL;
    struct bus *bus = NULL;
    snprintf(servers, sizeof servers, "kafka.bootstrap.servers=%s", bootstrap);
    int rc = config_create(tables, &config, err);
    if (rc == E_OK) rc = config_set(config, STR("bus.kind=kafka"), "bench", err);
    if (rc == E_OK) rc = config_set(config, str_of(prefix), "bench", err);
    if (rc == E_OK) rc = config_set(config, str_of(servers), "bench", err);
    if (rc == E_OK) rc = bus_open(config, clock_system(), &bus, err);
    for (int i = 0; i < TOPIC_COUNT && rc == E_OK; i++) {
        const struct bus_topic_settings settings = {0};
        bool created;
        rc = bus_topic_create(bus, (enum topic)i, &settings, &created, err);
    }
    bus_close(bus);
    config_destroy(config);
    return rc;
}

/* bootstrap NULL: on an embedded bus. */
static int start_door(const struct rig *rig, const char *bootstrap, struct program *program,
                      struct server *server, struct err *err)
{
    char listen[64], path[PATH_BYTES], servers[PATH_BYTES], prefix[64];
    const char *options[8] = {listen, path, "--ingest.backlog_most=4294967295"};
    server->port = program_free_port();
    snprintf(listen, sizeof listen, "--ingest.listen=127.0.0.1:%u", (unsigned)server->port);
    snprintf(path, sizeof path, "--bus.path=%s/bus", rig->folder);
    snprintf(prefix, sizeof prefix, "--bus.topic_prefix=bench-%d.", (int)getpid());
    int rc = E_OK;
    if (bootstrap) {
        snprintf(servers, sizeof servers, "--kafka.bootstrap.servers=%s", bootstrap);
        options[3] = "--bus.kind=kafka", options[4] = servers, options[5] = prefix;
        rc = create_topics(bootstrap, prefix + 2, err);
    }
    if (rc == E_OK) rc = program_start(program, "ingest", options, err);
    if (rc == E_OK) rc = program_await_ready(program, "ingest", err);
    server->pid = program->child;
    return rc;
}

/* --- a round ---------------------------------------------------------------------------------- */

/* Per round: records per CPU-second of all threads, and of the door's own; shares and times. */
struct side {
    const char *name;
    const struct server *server;
    const struct messages *messages;
    unsigned callers;
    double all[ROUNDS_MAX], own[ROUNDS_MAX], system[ROUNDS_MAX], rate[ROUNDS_MAX];
    double p50_ms[ROUNDS_MAX], p99_ms[ROUNDS_MAX];
    size_t answer_bytes;
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int measure(struct side *side, uint64_t round, uint64_t records, struct err *err)
{
    pid_t pid = side->server->pid;
    uint64_t requests = (records + side->messages->records - 1) / side->messages->records;
    struct load load = {
        .port = side->server->port, .connections = side->callers, .requests = requests,
        .messages = side->messages->each, .message_count = side->messages->count,
        .latencies_ms = calloc(requests, sizeof *load.latencies_ms)};
    if (!load.latencies_ms) return err_set(err, E_NO_MEMORY, NULL);
    double all = program_cpu_seconds(pid), own = program_main_thread_seconds(pid),
           system = program_system_seconds(pid);
    int rc = load_run(&load, err);
    all = program_cpu_seconds(pid) - all;
    own = program_main_thread_seconds(pid) - own;
    system = program_system_seconds(pid) - system;
    double done = (double)(requests * side->messages->records);
    qsort(load.latencies_ms, requests, sizeof *load.latencies_ms, by_value);
    side->all[round] = done / all;
    side->own[round] = done / own;
    side->system[round] = system / all;
    side->rate[round] = done / load.seconds;
    side->p50_ms[round] = load.latencies_ms[requests / 2];
    side->p99_ms[round] = load.latencies_ms[requests * 99 / 100];
    side->answer_bytes = load.answer_bytes;
    free(load.latencies_ms);
    return rc ? err_wrap(err, "%s", side->name) : E_OK;
}

/* --- report ----------------------------------------------------------------------------------- */

static void figure(const struct side *side, const char *what, double *values, uint64_t rounds,
                   const char *unit)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%s", side->name, what);
    bench_figure(name, bench_median(values, rounds), unit);
}

static void report_side(struct side *side, uint64_t rounds)
{
    figure(side, "own_thread", side->own, rounds,
           "records per CPU-second of the door's own thread");
    figure(side, "system_share", side->system, rounds, "of its CPU in the kernel");
    figure(side, "rate", side->rate, rounds, "records/s, closed loop");
    figure(side, "p50_ms", side->p50_ms, rounds, "ms");
    figure(side, "p99_ms", side->p99_ms, rounds, "ms");
}

static void report_single(struct side *side, struct side *bare, uint64_t rounds)
{
    char name[64];
    double ratios[ROUNDS_MAX], own[ROUNDS_MAX];
    for (uint64_t i = 0; i < rounds; i++) {
        ratios[i] = side->all[i] / bare->all[i];
        own[i] = side->own[i] / bare->all[i];
    }
    snprintf(name, sizeof name, "%s_ratio", side->name);
    bench_ratio(name, bench_median(ratios, rounds), 0.8);
    figure(side, "own_thread_ratio", own, rounds, "without the bus's threads");
    figure(side, "requests", side->all, rounds, "requests per CPU-second");
    report_side(side, rounds);
}

static void report_batched(struct side *side, uint64_t rounds, double aim)
{
    char name[64];
    snprintf(name, sizeof name, "%s_records", side->name);
    if (aim > 0) bench_ratio(name, bench_median(side->all, rounds), aim);
    else bench_figure(name, bench_median(side->all, rounds), "records per CPU-second");
    report_side(side, rounds);
}

/* --- all of it -------------------------------------------------------------------------------- */

enum { BARE, SINGLE, BATCHED, PACKED, KAFKA_SINGLE, KAFKA_BATCHED, SIDES };

static void report(struct side sides[static SIDES], uint64_t rounds)
{
    bench_figure("bare_requests", bench_median(sides[BARE].all, rounds), "requests per CPU-second");
    figure(&sides[BARE], "rate", sides[BARE].rate, rounds, "requests/s");
    figure(&sides[BARE], "p50_ms", sides[BARE].p50_ms, rounds, "ms");
    figure(&sides[BARE], "p99_ms", sides[BARE].p99_ms, rounds, "ms");
    report_single(&sides[SINGLE], &sides[BARE], rounds);
    report_batched(&sides[BATCHED], rounds, 400000);
    report_batched(&sides[PACKED], rounds, 0);
    if (!sides[KAFKA_SINGLE].server) return;
    report_single(&sides[KAFKA_SINGLE], &sides[BARE], rounds);
    report_batched(&sides[KAFKA_BATCHED], rounds, 400000);
}

static int run_rounds(struct side sides[static SIDES], uint64_t rounds, uint64_t records,
                      struct err *err)
{
    int rc = E_OK;
    for (uint64_t round = 0; round < rounds && rc == E_OK; round++) {
        for (int i = 0; i < SIDES && rc == E_OK; i++)
            if (sides[i].server)
                rc = measure(&sides[i], round,
                             records * (sides[i].messages->records > 1 ? BATCHED_MORE : 1), err);
        if (rc == E_OK)
            fprintf(stderr,
                    "  round %llu: one record a POST %.0f, bare %.0f, batched %.0f "
                    "records per CPU-second\n",
                    (unsigned long long)round + 1, sides[SINGLE].all[round], sides[BARE].all[round],
                    sides[BATCHED].all[round]);
    }
    return rc;
}

/* The door warms up, and tells how long its answers are. */
static int start_bare(struct side sides[static SIDES], struct server *bare, struct err *err)
{
    int rc = E_OK;
    for (int i = SIDES - 1; i > BARE && rc == E_OK; i--)
        if (sides[i].server)
            rc = measure(&sides[i], 0,
                         sides[i].messages->records > 1 ? WARM_BATCHES * BATCH_RECORDS : SINGLES,
                         err);
    if (rc == E_OK)
        rc = ingest_bare_start(sides[SINGLE].answer_bytes, &bare->pid, &bare->port, err);
    return rc ? rc : measure(&sides[BARE], 0, SINGLES, err);
}

static void set_side(struct side *side, const char *name, const struct server *server,
                     const struct messages *messages, unsigned callers)
{
    *side = (struct side){
        .name = name, .server = server, .messages = messages, .callers = callers};
}

static int run(struct rig *rig, const struct bench_options *options, struct err *err)
{
    struct program door = {0}, on_kafka = {0};
    struct server bare = {0}, embedded = {0}, kafka = {0};
    const struct server *kafka_or_not = options->bootstrap ? &kafka : NULL;
    static struct side sides[SIDES];
    uint64_t rounds = options->rounds ? options->rounds : ROUNDS;
    if (rounds > ROUNDS_MAX) rounds = ROUNDS_MAX;
    set_side(&sides[BARE], "bare", &bare, &rig->single, CALLERS);
    set_side(&sides[SINGLE], "single", &embedded, &rig->single, CALLERS);
    set_side(&sides[BATCHED], "batched", &embedded, &rig->batched, BATCH_CALLERS);
    set_side(&sides[PACKED], "packed", &embedded, &rig->packed, BATCH_CALLERS);
    set_side(&sides[KAFKA_SINGLE], "kafka_single", kafka_or_not, &rig->single, CALLERS);
    set_side(&sides[KAFKA_BATCHED], "kafka_batched", kafka_or_not, &rig->batched, BATCH_CALLERS);
    int rc = start_door(rig, NULL, &door, &embedded, err);
    if (rc == E_OK && kafka_or_not)
        rc = start_door(rig, options->bootstrap, &on_kafka, &kafka, err);
    if (rc == E_OK) rc = start_bare(sides, &bare, err);
    if (rc == E_OK)
        rc = run_rounds(sides, rounds, options->records ? options->records : RECORDS, err);
    if (rc == E_OK) report(sides, rounds);
    ingest_bare_stop(bare.pid);
    program_stop(&door);
    program_stop(&on_kafka);
    return rc;
}

int bench_ingest(const struct bench_options *options, struct err *err)
{
    static struct rig rig;
    char command[PATH_BYTES];
    snprintf(rig.folder, sizeof rig.folder, "/tmp/verbatim-bench-XXXXXX");
    if (!mkdtemp(rig.folder)) return err_system(err, E_NO_OUTPUT, "%s", rig.folder);
    int rc = prepare_singles(&rig.single, err);
    if (rc == E_OK) rc = prepare_batches(&rig.batched, &rig.packed, err);
    if (rc == E_OK) rc = run(&rig, options, err);
    snprintf(command, sizeof command, "rm -rf '%s'", rig.folder);
    if (system(command)) fprintf(stderr, "verbatim-bench: %s stays\n", rig.folder);
    buffer_deinit(&rig.single.bytes);
    buffer_deinit(&rig.batched.bytes);
    buffer_deinit(&rig.packed.bytes);
    return rc;
}
