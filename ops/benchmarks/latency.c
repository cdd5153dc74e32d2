/* From a POST to its insight, by an open-loop generator: records are due at a steady rate whatever
 * the answers do, and a record's time runs from when it was due, so a stall counts for all that
 * were due meanwhile. It ends when a consumer of `insights` (read_committed on Kafka) hands it
 * over.
 *
 * One thread: it posts what is due over keep-alive connections, one request at a time on each, and
 * polls the consumer. With --hops the consumer reads the topics between too, which tells where the
 * time goes, and costs the broker some. ops/benchmarks/latency.py starts the workers. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/bus.h"
#include "ops/benchmarks/bench.h"
#include "runtime/worker.h"

enum {
    CONNECTIONS = 32,
    LINE_BYTES = 500,
    REQUEST_BYTES = 2048,
    ANSWER_BYTES = 2048,
    LATE_MS = 20000, /* after the last POST: then what hasn't come is lost */
    LOOK_NS = 20000000,
};

static const struct {
    enum topic topic;
    const char *name;
} hops[] = {{TOPIC_FEEDBACK, "feedback"},
            {TOPIC_DOCUMENTS, "documents"},
            {TOPIC_FEATURES, "features"},
            {TOPIC_SEGMENTS, "segments"},
            {TOPIC_INSIGHTS, "insights"}};
enum { HOPS = sizeof hops / sizeof hops[0], RECEIPT = HOPS, TIMES };

struct connection {
    int fd;
    bool waiting; /* for the answer to `record` */
    size_t record, size;
    char answer[ANSWER_BYTES];
};

struct run {
    uint16_t port;
    bool by_hop;
    struct buffer lines;
    struct str rest; /* of the lines: not sent yet */
    size_t total, warm, sent, received, doubled;
    unsigned next; /* of the connections */
    int64_t every_ns, start_ns, sent_ns;
    float *took_ms[TIMES]; /* < 0: not yet */
    struct connection connections[CONNECTIONS];
    struct bus_consumer *reader;
};

static int64_t now_ns(void) { return clock_mono_ns(clock_system()); }

static int64_t due_ns(const struct run *run, size_t record)
{
    return run->start_ns + (int64_t)record * run->every_ns;
}

/* Of the times that it is told, the first counts. */
static bool note(struct run *run, int what, size_t record)
{
    float *took_ms = &run->took_ms[what][record];
    bool first = *took_ms < 0;
    if (first) *took_ms = (float)((double)(now_ns() - due_ns(run, record)) * 1e-6);
    return first;
}

/* --- the door --------------------------------------------------------------------------------- */

static int open_connection(struct connection *connection, uint16_t port, struct err *err)
{
    const int one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (struct sockaddr *)&address, sizeof address) ||
        setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) ||
        fcntl(connection->fd, F_SETFL, O_NONBLOCK))
        return err_system(err, E_UNAVAILABLE, "the door");
    return E_OK;
}

static int post(struct run *run, struct connection *connection, struct err *err)
{
    char request[REQUEST_BYTES];
    struct str line = str_cut(&run->rest, '\n');
    int size = snprintf(request, sizeof request,
                        "POST /v1/feedback HTTP/1.1\r\nHost: bench\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%.*s",
                        line.size, STR_ARGS(line));
    connection->record = run->sent++;
    connection->waiting = true;
    connection->size = 0;
    if (write(connection->fd, request, (size_t)size) == size) return E_OK;
    return err_system(err, E_UNAVAILABLE, "a POST");
}

/* By one connection after the other: the door closes those that are idle for long. */
static int post_due(struct run *run, struct err *err)
{
    int rc = E_OK;
    for (int i = 0; i < CONNECTIONS && rc == E_OK; i++) {
        if (run->sent == run->total || now_ns() < due_ns(run, run->sent)) return E_OK;
        struct connection *connection = &run->connections[run->next++ % CONNECTIONS];
        if (!connection->waiting) rc = post(run, connection, err);
        if (run->sent == run->total) run->sent_ns = now_ns();
    }
    return rc;
}

/* All of the answer is there. */
static bool is_whole(const struct connection *connection)
{
    static const char name[] = "content-length:";
    const char *end = strstr(connection->answer, "\r\n\r\n");
    const char *length = strcasestr(connection->answer, name);
    if (!end || !length || length > end) return false;
    size_t body = strtoul(length + sizeof name - 1, NULL, 10);
    return connection->size >= (size_t)(end + 4 - connection->answer) + body;
}

static int read_answer(struct run *run, struct connection *connection, struct err *err)
{
    size_t room = sizeof connection->answer - 1 - connection->size;
    ssize_t got = read(connection->fd, connection->answer + connection->size, room);
    if (got < 0 && errno == EAGAIN) return E_OK;
    if (got <= 0) return err_set(err, E_UNAVAILABLE, "the door hung up");
    connection->size += (size_t)got;
    connection->answer[connection->size] = '\0';
    if (!is_whole(connection)) return E_OK;
    if (memcmp(connection->answer + 9, "202", 3) != 0)
        return err_set(err, E_UNAVAILABLE, "the door: %.200s", connection->answer);
    connection->waiting = false;
    note(run, RECEIPT, connection->record);
    return E_OK;
}

/* --- the consumer ----------------------------------------------------------------------------- */

static void take(struct run *run, const struct bus_message *message)
{
    uint64_t record;
    int hop = 0;
    struct str id = {0};
    for (uint32_t i = 0; i < message->header_count && !id.size; i++)
        if (str_equal(message->headers[i].name, STR("ce_id"))) id = message->headers[i].value;
    if (!str_starts(id, STR("b-")) || !str_to_u64(str_slice(id, 2, id.size), &record) ||
        record >= run->total)
        return;
    while (hops[hop].topic != message->topic) hop++;
    bool first = note(run, hop, record);
    if (message->topic != TOPIC_INSIGHTS) return;
    run->received += first;
    run->doubled += !first;
}

static int read_topics(struct run *run, struct err *err)
{
    struct bus_batch batch;
    int rc = bus_poll(run->reader, 1000, 4 << 20, &batch, err);
    if (rc) return rc;
    for (uint32_t i = 0; i < batch.count; i++) take(run, &batch.messages[i]);
    bus_release(run->reader, &batch);
    return E_OK;
}

static int open_reader(struct run *run, struct bus *bus, struct err *err)
{
    enum topic topics[HOPS];
    for (int i = 0; i < HOPS; i++) topics[i] = hops[i].topic;
    const struct bus_subscription subscription = {
        .member = "latency", .topics = run->by_hop ? topics : &topics[HOPS - 1],
        .topic_count = run->by_hop ? HOPS : 1, .start = BUS_EARLIEST};
    return bus_subscribe(bus, &subscription, &run->reader, err);
}

/* --- the run ---------------------------------------------------------------------------------- */

static bool is_over(const struct run *run)
{
    if (run->sent < run->total) return false;
    return run->received == run->total || now_ns() - run->sent_ns > LATE_MS * INT64_C(1000000);
}

static int turn(struct run *run, struct err *err)
{
    struct pollfd waiters[CONNECTIONS + 1];
    int rc = post_due(run, err);
    int64_t wait_ns = run->sent < run->total ? due_ns(run, run->sent) - now_ns() : LOOK_NS;
    if (wait_ns < 0) wait_ns = 1000000; /* all connections wait for answers */
    if (wait_ns > LOOK_NS) wait_ns = LOOK_NS;
    const struct timespec wait = {.tv_nsec = (long)wait_ns};
    for (int i = 0; i < CONNECTIONS; i++)
        waiters[i] = (struct pollfd){
            .fd = run->connections[i].waiting ? run->connections[i].fd : -1, .events = POLLIN};
    waiters[CONNECTIONS] = (struct pollfd){.fd = bus_wake_fd(run->reader), .events = POLLIN};
    int ready = ppoll(waiters, CONNECTIONS + 1, &wait, NULL);
    if (rc == E_OK && (ready == 0 || waiters[CONNECTIONS].revents)) rc = read_topics(run, err);
    for (int i = 0; i < CONNECTIONS && ready > 0 && rc == E_OK; i++)
        if (waiters[i].revents) rc = read_answer(run, &run->connections[i], err);
    return rc;
}

static int run_all(struct run *run, struct err *err)
{
    int rc = E_OK;
    for (int i = 0; i < CONNECTIONS && rc == E_OK; i++)
        rc = open_connection(&run->connections[i], run->port, err);
    prctl(PR_SET_TIMERSLACK, 1);
    run->start_ns = now_ns();
    while (rc == E_OK && !is_over(run)) rc = turn(run, err);
    return rc;
}

/* --- figures ---------------------------------------------------------------------------------- */

static int by_value(const void *left, const void *right)
{
    float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

static void tell(const char *what, const char *which, double value, const char *unit)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", what, which);
    bench_figure(name, value, unit);
}

/* Of the records after the warm-up that came. */
static void tell_times(struct run *run, const char *name, float *took_ms)
{
    float *first = took_ms + run->warm;
    size_t count = 0;
    for (size_t i = 0; i < run->total - run->warm; i++)
        if (first[i] >= 0) first[count++] = first[i];
    if (count == 0) return;
    qsort(first, count, sizeof *first, by_value);
    tell(name, "_p50_ms", (double)first[count / 2], "ms");
    tell(name, "_p90_ms", (double)first[count * 9 / 10], "ms");
    tell(name, "_p99_ms", (double)first[count * 99 / 100], "ms");
    tell(name, "_max_ms", (double)first[count - 1], "ms");
}

static void report(struct run *run)
{
    double seconds = (double)(run->sent_ns - run->start_ns) * 1e-9;
    tell_times(run, "receipt", run->took_ms[RECEIPT]);
    for (int i = run->by_hop ? 0 : HOPS - 1; i < HOPS; i++)
        tell_times(run, hops[i].name, run->took_ms[i]);
    bench_figure("records", (double)(run->total - run->warm), "measured");
    bench_figure("rate", (double)run->total / seconds, "records a second");
    bench_figure("lost", (double)(run->total - run->received), "records");
    bench_figure("doubled", (double)run->doubled, "records");
}

/* --- life ------------------------------------------------------------------------------------- */

static int prepare(struct run *run, const struct bench_options *options, struct err *err)
{
    uint64_t rate = options->rate ? options->rate : 500;
    run->port = (uint16_t)options->port;
    run->by_hop = options->hops;
    run->warm = options->warm_records;
    run->total = run->warm + (options->records ? options->records : 20 * rate);
    run->every_ns = 1000000000 / (int64_t)rate;
    for (int i = 0; i < TIMES; i++) {
        run->took_ms[i] = malloc(run->total * sizeof(float));
        if (!run->took_ms[i]) return err_set(err, E_NO_MEMORY, NULL);
        for (size_t j = 0; j < run->total; j++) run->took_ms[i][j] = -1;
    }
    int rc = bench_lines(run->total, LINE_BYTES, &run->lines, err);
    run->rest = buffer_str(&run->lines);
    return rc;
}

static void finish(struct run *run)
{
    for (int i = 0; i < CONNECTIONS; i++)
        if (run->connections[i].fd > 0) close(run->connections[i].fd);
    for (int i = 0; i < TIMES; i++) free(run->took_ms[i]);
    buffer_deinit(&run->lines);
    bus_unsubscribe(run->reader);
}

int bench_latency(const struct bench_options *options, struct err *err)
{
    static struct run run;
    const struct option_table *const tables[] = {&bus_option_table, &kafka_option_table, NULL};
    struct config *config = NULL;
    struct bus *bus = NULL;
    if (!options->port) return err_set(err, E_USAGE, "latency needs --port; see ops/bench");
    int rc = config_create(tables, &config, err);
    for (size_t i = 0; i < options->setting_count && rc == E_OK; i++)
        rc = config_set(config, str_of(options->settings[i]), "bench", err);
    if (rc == E_OK) rc = prepare(&run, options, err);
    if (rc == E_OK) rc = bus_open(config, clock_system(), &bus, err);
    if (rc == E_OK) rc = open_reader(&run, bus, err);
    if (rc == E_OK) rc = run_all(&run, err);
    if (rc == E_OK) report(&run);
    finish(&run);
    bus_close(bus);
    config_destroy(config);
    return rc;
}
