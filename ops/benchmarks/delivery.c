/* What exactly-once costs against at-least-once, on a real Kafka, interleaved in one run:
 * records per CPU-second of our worker shell with an identity step, and how long one
 * record takes through it.
 *
 * The latency is from the call that sends a record until a read_committed consumer in the same
 * process has its copy: two hops over the broker and one commit. RATE records a second are
 * sent, one at a time. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ops/benchmarks/bench.h"
#include "ops/benchmarks/identity.h"

enum { ROUNDS_MAX = 16, RATE = 500, PROBES = 3000, WARM_PROBES = 500, LATE_MS = 60000 };

enum way { AT_LEAST_ONCE, EXACTLY_ONCE, WAYS };
static const char *const names[WAYS] = {"at_least_once", "exactly_once"};

struct latency {
    double p50_ms, p99_ms;
};

struct probe {
    struct identity_round round;
    struct latency *result; /* shared with the parent */
    struct bus_producer *producer;
    struct bus_consumer *reader;
    int64_t sent_ns[PROBES];
    double took_ms[PROBES];
    uint32_t sent, received;
    int failed;
};

/* --- latency ---------------------------------------------------------------------------------- */

static int64_t now_ns(void) { return clock_mono_ns(clock_system()); }

static void on_sent(void *user, const struct err *err)
{
    if (err) ((struct probe *)user)->failed = (int)err->code;
}

static int send_one(struct probe *probe, struct err *err)
{
    static char texts[PROBES][32];
    char *text = texts[probe->sent];
    snprintf(text, sizeof texts[0], "%d-%u", (int)getpid(), probe->sent);
    const struct bus_output output = {.topic = TOPIC_FEEDBACK,
                                      .key = str_of(text),
                                      .value = str_of(text),
                                      .timestamp_ms = clock_wall_ms(clock_system())};
    probe->sent_ns[probe->sent++] = now_ns();
    return bus_produce(probe->producer, &output, 1, on_sent, probe, err);
}

static int receive(struct probe *probe, struct err *err)
{
    struct bus_batch batch;
    int rc = bus_poll(probe->reader, 1000, 1 << 20, &batch, err);
    int64_t now = now_ns();
    for (uint32_t i = 0; rc == E_OK && i < batch.count; i++) {
        struct str value = batch.messages[i].value, sender = str_cut(&value, '-');
        uint64_t pid, number; /* records of an earlier round may be read again */
        if (!str_to_u64(sender, &pid) || pid != (uint64_t)getpid()) continue;
        if (!str_to_u64(value, &number) || number >= PROBES) continue;
        probe->took_ms[number] = (double)(now - probe->sent_ns[number]) * 1e-6;
        probe->received++;
    }
    if (rc == E_OK) bus_release(probe->reader, &batch);
    return rc;
}

static int send_and_receive(struct probe *probe, struct err *err)
{
    const int64_t every_ns = 1000000000 / RATE;
    int64_t due_ns = now_ns();
    int rc = E_OK;
    while (probe->received < PROBES && rc == E_OK && !probe->failed) {
        struct pollfd waiters[] = {{.fd = bus_wake_fd(probe->reader), .events = POLLIN},
                                   {.fd = bus_producer_wake_fd(probe->producer), .events = POLLIN}};
        if (probe->sent == PROBES && now_ns() - due_ns > LATE_MS * (int64_t)1000000)
            return err_set(err, E_TIMEOUT, "%u of %d came", probe->received, PROBES);
        if (probe->sent < PROBES && now_ns() >= due_ns) {
            rc = send_one(probe, err);
            due_ns += every_ns;
        }
        int64_t wait_ns = probe->sent < PROBES ? due_ns - now_ns() : 20000000;
        struct timespec wait = {.tv_nsec = wait_ns > 0 ? (long)(wait_ns % 1000000000) : 0};
        ppoll(waiters, 2, &wait, NULL);
        bus_producer_poll(probe->producer);
        if (rc == E_OK) rc = receive(probe, err);
    }
    return rc ? rc : probe->failed ? err_set(err, (enum err_code)probe->failed, NULL) : E_OK;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void *probe_main(void *user)
{
    struct probe *probe = user;
    const enum topic topic = TOPIC_DOCUMENTS;
    const struct bus_subscription subscription = {
        .member = "probe", .topics = &topic, .topic_count = 1, .start = BUS_LATEST};
    struct config *config = NULL;
    struct bus *bus = NULL;
    struct err err = {0};
    while (!identity_is_ready()) usleep(1000);
    int rc = identity_open(&probe->round, &config, &bus, &err);
    if (rc == E_OK) rc = bus_subscribe(bus, &subscription, &probe->reader, &err);
    if (rc == E_OK) rc = bus_producer_open(bus, "probe", &probe->producer, &err);
    if (rc == E_OK) rc = send_and_receive(probe, &err);
    if (rc) fprintf(stderr, "probe: %s\n", err.text);
    else {
        double *steady = probe->took_ms + WARM_PROBES;
        size_t count = PROBES - WARM_PROBES;
        qsort(steady, count, sizeof *steady, compare);
        *probe->result = (struct latency){steady[count / 2], steady[count * 99 / 100]};
    }
    bus_producer_close(probe->producer);
    bus_unsubscribe(probe->reader);
    bus_close(bus);
    config_destroy(config);
    identity_stop();
    return NULL;
}

static int run_probe(void *user)
{
    struct probe *probe = user;
    pthread_t thread;
    if (pthread_create(&thread, NULL, probe_main, probe)) return 1;
    int rc = identity_run(&probe->round);
    pthread_join(thread, NULL);
    return rc || probe->result->p50_ms <= 0;
}

/* --- rounds ----------------------------------------------------------------------------------- */

struct results {
    double rates[WAYS][ROUNDS_MAX], p50_ms[WAYS][ROUNDS_MAX], p99_ms[WAYS][ROUNDS_MAX];
    double rate_ratios[ROUNDS_MAX], p50_ratios[ROUNDS_MAX], p99_ratios[ROUNDS_MAX];
};

static bool run_way(struct probe *probe, const struct bench_options *options, uint64_t number,
                    enum way way, struct results *results)
{
    struct identity_round through = {.bootstrap = options->bootstrap,
                                     .delivery = names[way],
                                     .records = options->records ? options->records : 200000};
    snprintf(through.group, sizeof through.group, "%s-%llu", names[way],
             (unsigned long long)number);
    double seconds = bench_child(identity_run, &through);
    probe->round.delivery = names[way];
    snprintf(probe->round.group, sizeof probe->round.group, "probe-%s-%llu", names[way],
             (unsigned long long)number);
    *probe->result = (struct latency){0};
    if (seconds <= 0 || bench_child(run_probe, probe) < 0) return false;
    results->rates[way][number] = (double)through.records / seconds;
    results->p50_ms[way][number] = probe->result->p50_ms;
    results->p99_ms[way][number] = probe->result->p99_ms;
    fprintf(stderr, "  round %llu: %s: %.0f records per CPU-second, p50 %.1f ms, p99 %.1f ms\n",
            (unsigned long long)number + 1, names[way], results->rates[way][number],
            probe->result->p50_ms, probe->result->p99_ms);
    return true;
}

static void report(struct results *results, uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++) {
        results->rate_ratios[i] = results->rates[EXACTLY_ONCE][i] /
                                  results->rates[AT_LEAST_ONCE][i];
        results->p50_ratios[i] = results->p50_ms[EXACTLY_ONCE][i] /
                                 results->p50_ms[AT_LEAST_ONCE][i];
        results->p99_ratios[i] = results->p99_ms[EXACTLY_ONCE][i] /
                                 results->p99_ms[AT_LEAST_ONCE][i];
    }
    for (int way = 0; way < WAYS; way++) {
        char name[64];
        snprintf(name, sizeof name, "%s", names[way]);
        bench_figure(name, bench_median(results->rates[way], rounds), "records per CPU-second");
        snprintf(name, sizeof name, "%s_p50", names[way]);
        bench_figure(name, bench_median(results->p50_ms[way], rounds), "ms");
        snprintf(name, sizeof name, "%s_p99", names[way]);
        bench_figure(name, bench_median(results->p99_ms[way], rounds), "ms");
    }
    bench_figure("rate_ratio", bench_median(results->rate_ratios, rounds),
                 "exactly-once / at-least-once");
    bench_figure("p50_ratio", bench_median(results->p50_ratios, rounds),
                 "exactly-once / at-least-once");
    bench_figure("p99_ratio", bench_median(results->p99_ratios, rounds),
                 "exactly-once / at-least-once");
}

int bench_delivery(const struct bench_options *options, struct err *err)
{
    static struct results results;
    static struct probe probe;
    uint64_t rounds = options->rounds ? options->rounds : 5;
    if (!options->bootstrap)
        return err_set(err, E_USAGE, "delivery needs --bootstrap; ops/bench starts a broker");
    if (rounds > ROUNDS_MAX) rounds = ROUNDS_MAX;
    probe.round = (struct identity_round){
        .bootstrap = options->bootstrap, .prefix = "probe.", .delivery = names[0]};
    probe.result = mmap(NULL, sizeof *probe.result, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (probe.result == MAP_FAILED) return err_system(err, E_NO_MEMORY, "mmap");
    struct identity_round input = {.bootstrap = options->bootstrap,
                                   .delivery = names[0],
                                   .records = options->records ? options->records : 200000,
                                   .group = "prepare"};
    if (bench_child(identity_prepare, &input) < 0 ||
        bench_child(identity_prepare, &probe.round) < 0)
        return err_set(err, E_UNAVAILABLE, "the input could not be written");
    for (uint64_t i = 0; i < rounds; i++)
        for (int way = 0; way < WAYS; way++)
            if (!run_way(&probe, options, i, (enum way)way, &results))
                return err_set(err, E_UNAVAILABLE, "a round failed");
    report(&results, rounds);
    return E_OK;
}
