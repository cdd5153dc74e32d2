/* Our worker shell with an identity step against a bare librdkafka consume-produce loop, on a real Kafka,
 * interleaved in one run: records per CPU-second of the whole process, its library's threads included.
 *
 * Both are at-least-once: idempotent producer, headers forwarded, a flush and then a commit of the positions
 * for each 2000 records. Ours does the next 2000 meanwhile, and bare waits: that is what a shell is for. */
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "ops/benchmarks/bench.h"
#include "runtime/runtime.h"
#include "schema/json.h"

enum { VALUE_BYTES = 500, FLUSH_EVERY = 2000, POLL_EVERY = 100, PARTITIONS = 4, ROUNDS_MAX = 16 };

struct round {
    const char *bootstrap;
    uint64_t records;
    char group[64];
};

/* --- ours --------------------------------------------------------------------------------------- */

static int identity_process(struct worker_context *context, struct job *job, struct err *err)
{
    (void)context;
    return job_emit(job, TOPIC_DOCUMENTS, job->message->key, job->message->value, err);
}

static const struct worker identity_worker = {
    .name = "identity", .summary = "Passes records on.", .consumes = TOPICS(FEEDBACK), .produces = TOPICS(DOCUMENTS),
    .raw = true, .process = identity_process,
};

static struct runtime *running;

static void *stop_when_done(void *user)
{
    const struct round *round = user;
    struct runtime_progress progress = {0};
    while (progress.outputs < round->records) {
        usleep(2000);
        runtime_progress(running, &progress);
    }
    runtime_stop(running);
    return NULL;
}

static int set_all(struct config *config, const struct round *round, struct err *err)
{
    char bootstrap[256], group[128];
    snprintf(bootstrap, sizeof bootstrap, "kafka.bootstrap.servers=%s", round->bootstrap);
    snprintf(group, sizeof group, "runtime.group=%s", round->group);
    const char *const settings[] = {"bus.kind=kafka", bootstrap, group, "runtime.delivery=at_least_once", "runtime.log_level=warn",
                                    "runtime.batch_records=2000", "runtime.batches=2", "runtime.status_every=1h"};
    int rc = E_OK;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0] && rc == E_OK; i++) rc = config_set(config, str_of(settings[i]), "bench", err);
    return rc;
}

static int run_ours(void *user)
{
    const struct round *round = user;
    const struct worker *workers[] = {&identity_worker};
    const struct option_table **tables = runtime_tables(workers, 1);
    struct config *config = NULL;
    struct err err = {0};
    pthread_t watcher;
    log_setup(LOG_WARN, LOG_TEXT);
    int rc = config_create(tables, &config, &err);
    if (rc == E_OK) rc = set_all(config, round, &err);
    if (rc == E_OK) rc = runtime_create(&identity_worker, config, &running, &err);
    if (rc == E_OK && pthread_create(&watcher, NULL, stop_when_done, user)) rc = E_SYSTEM;
    if (rc == E_OK) rc = runtime_run(running, &err);
    if (rc) fprintf(stderr, "ours: %s\n", err.text);
    return rc ? 1 : 0;
}

/* --- bare --------------------------------------------------------------------------------------- */

static rd_kafka_conf_t *bare_conf(const char *bootstrap)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, text, sizeof text);
    rd_kafka_conf_set(conf, "socket.nagle.disable", "true", text, sizeof text);
    return conf;
}

static rd_kafka_t *bare_consumer(const struct round *round)
{
    char text[256];
    rd_kafka_conf_t *conf = bare_conf(round->bootstrap);
    rd_kafka_conf_set(conf, "group.id", round->group, text, sizeof text);
    rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", text, sizeof text);
    rd_kafka_conf_set(conf, "enable.auto.commit", "false", text, sizeof text);
    rd_kafka_conf_set(conf, "queued.max.messages.kbytes", "8192", text, sizeof text); /* as bus.prefetch */
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, "feedback", RD_KAFKA_PARTITION_UA);
    if (consumer) rd_kafka_poll_set_consumer(consumer), rd_kafka_subscribe(consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return consumer;
}

static rd_kafka_t *bare_producer(const struct round *round)
{
    char text[256];
    rd_kafka_conf_t *conf = bare_conf(round->bootstrap);
    rd_kafka_conf_set(conf, "enable.idempotence", "true", text, sizeof text);
    rd_kafka_conf_set(conf, "linger.ms", "50", text, sizeof text); /* as ours: each 2000 are flushed at once */
    return rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
}

static bool forward(rd_kafka_t *producer, rd_kafka_topic_t *topic, rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) headers = rd_kafka_headers_copy(headers);
    for (;;) {
        rd_kafka_resp_err_t code =
            __extension__ rd_kafka_producev(producer, RD_KAFKA_V_RKT(topic),
                                            RD_KAFKA_V_KEY(message->key, message->key_len),
                                            RD_KAFKA_V_VALUE(message->payload, message->len),
                                            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                            RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return code == RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_poll(producer, 10);
    }
}

static bool commit(rd_kafka_t *consumer, rd_kafka_t *producer, const int64_t next[PARTITIONS])
{
    if (rd_kafka_flush(producer, 10000)) return false;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);
    for (int i = 0; i < PARTITIONS; i++)
        if (next[i]) rd_kafka_topic_partition_list_add(list, "feedback", i)->offset = next[i];
    rd_kafka_resp_err_t code = rd_kafka_commit(consumer, list, 0);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool pass_on(rd_kafka_t *consumer, rd_kafka_t *producer, rd_kafka_topic_t *topic, uint64_t records)
{
    int64_t next[PARTITIONS] = {0};
    for (uint64_t done = 0; done < records;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 1000);
        if (!message) continue;
        if (!message->err) {
            if (message->partition >= PARTITIONS || !forward(producer, topic, message)) return false;
            next[message->partition] = message->offset + 1;
            if (++done % FLUSH_EVERY == 0 && !commit(consumer, producer, next)) return false;
            if (done % POLL_EVERY == 0) rd_kafka_poll(producer, 0);
        }
        rd_kafka_message_destroy(message);
    }
    return commit(consumer, producer, next);
}

static int run_bare(void *user)
{
    const struct round *round = user;
    rd_kafka_t *consumer = bare_consumer(round), *producer = bare_producer(round);
    rd_kafka_topic_t *topic = producer ? rd_kafka_topic_new(producer, "documents", NULL) : NULL;
    if (!consumer || !topic) return 1;
    bool ok = pass_on(consumer, producer, topic, round->records);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(producer);
    return ok ? 0 : 1;
}

/* --- the input ------------------------------------------------------------------------------------ */

static void on_done(void *user, const struct err *err) { *(int *)user = err ? (int)err->code : -1; }

static int fill(struct bus *bus, uint64_t records, struct err *err)
{
    enum { BATCH = 1000 };
    struct bus_producer *producer = NULL;
    char values[VALUE_BYTES], keys[BATCH][24];
    struct bus_output outputs[BATCH];
    struct bus_header headers[JOB_HEADERS];
    int rc = bus_producer_open(bus, "fill", &producer, err);
    memset(values, 'x', sizeof values);
    headers_fill(headers, TOPIC_FEEDBACK, "bench", STR("b-1"), STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    for (uint64_t at = 0; at < records && rc == E_OK; at += BATCH) {
        int state = 0;
        for (int i = 0; i < BATCH; i++) {
            int size = snprintf(keys[i], sizeof keys[i], "k%llu", (unsigned long long)(at + (uint64_t)i) % 997);
            outputs[i] = (struct bus_output){.topic = TOPIC_FEEDBACK, .timestamp_ms = clock_wall_ms(clock_system()), .key = str_make(keys[i], (size_t)size),
                                             .value = str_make(values, sizeof values), .headers = headers, .header_count = JOB_HEADERS};
        }
        rc = bus_produce(producer, outputs, BATCH, on_done, &state, err);
        while (rc == E_OK && state == 0) rc = bus_producer_flush(producer, 30000, err);
        if (state > 0) rc = err_set(err, E_UNAVAILABLE, "the topic can't be filled");
    }
    bus_producer_close(producer);
    return rc;
}

static int prepare(void *user)
{
    const struct round *round = user;
    const struct worker *workers[] = {&identity_worker};
    const struct option_table **tables = runtime_tables(workers, 1);
    struct config *config = NULL;
    struct bus *bus = NULL;
    struct err err = {0};
    const struct bus_topic_settings settings = {.partitions = PARTITIONS};
    bool created;
    int rc = config_create(tables, &config, &err);
    if (rc == E_OK) rc = set_all(config, round, &err);
    if (rc == E_OK) rc = bus_open(config, clock_system(), &bus, &err);
    for (int i = 0; i < TOPIC_COUNT && rc == E_OK; i++) rc = bus_topic_create(bus, (enum topic)i, &settings, &created, &err);
    if (rc == E_OK) rc = fill(bus, round->records, &err);
    if (rc) fprintf(stderr, "prepare: %s\n", err.text);
    bus_close(bus);
    return rc ? 1 : 0;
}

int bench_pass(const struct bench_options *options, struct err *err)
{
    struct round round = {.bootstrap = options->bootstrap, .records = options->records ? options->records : 300000};
    uint64_t rounds = options->rounds ? options->rounds : 5;
    double ours[ROUNDS_MAX], bare[ROUNDS_MAX], ratios[ROUNDS_MAX];
    if (!options->bootstrap) return err_set(err, E_USAGE, "pass needs --bootstrap; ops/bench starts a broker");
    if (rounds > ROUNDS_MAX) rounds = ROUNDS_MAX;
    snprintf(round.group, sizeof round.group, "prepare");
    if (bench_child(prepare, &round) < 0) return err_set(err, E_UNAVAILABLE, "the input could not be written");
    for (uint64_t i = 0; i < rounds; i++) {
        snprintf(round.group, sizeof round.group, "bare-%d-%llu", (int)getpid(), (unsigned long long)i);
        double bare_seconds = bench_child(run_bare, &round);
        snprintf(round.group, sizeof round.group, "ours-%d-%llu", (int)getpid(), (unsigned long long)i);
        double our_seconds = bench_child(run_ours, &round);
        if (bare_seconds <= 0 || our_seconds <= 0) return err_set(err, E_UNAVAILABLE, "a round failed");
        ours[i] = (double)round.records / our_seconds;
        bare[i] = (double)round.records / bare_seconds;
        ratios[i] = ours[i] / bare[i];
        fprintf(stderr, "  round %llu: ours %.0f, bare %.0f records per CPU-second\n", (unsigned long long)i + 1, ours[i], bare[i]);
    }
    bench_figure("ours", bench_median(ours, rounds), "records per CPU-second");
    bench_figure("bare", bench_median(bare, rounds), "records per CPU-second");
    bench_ratio("ratio", bench_median(ratios, rounds), 0.9);
    return E_OK;
}
