/* Our worker shell with an identity step against a bare librdkafka consume-produce loop,
 * on a real Kafka, interleaved in one run: records per CPU-second of the whole process, its
 * library's threads included.
 *
 * Both are at-least-once: idempotent producer, headers forwarded, a flush and then a commit of
 * the positions for each 2000 records. Ours does the next 2000 meanwhile, and bare waits: that
 * is what a shell is for. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <unistd.h>

#include "ops/benchmarks/bench.h"
#include "ops/benchmarks/identity.h"

enum { FLUSH_EVERY = 2000, POLL_EVERY = 100, PARTITIONS = IDENTITY_PARTITIONS, ROUNDS_MAX = 16 };

/* --- bare ------------------------------------------------------------------------------------- */

static rd_kafka_conf_t *bare_conf(const char *bootstrap)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, text, sizeof text);
    rd_kafka_conf_set(conf, "socket.nagle.disable", "true", text, sizeof text);
    return conf;
}

static rd_kafka_t *bare_consumer(const struct identity_round *round)
{
    char text[256];
    rd_kafka_conf_t *conf = bare_conf(round->bootstrap);
    rd_kafka_conf_set(conf, "group.id", round->group, text, sizeof text);
    rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", text, sizeof text);
    rd_kafka_conf_set(conf, "enable.auto.commit", "false", text, sizeof text);
    /* as bus.prefetch */
    rd_kafka_conf_set(conf, "queued.max.messages.kbytes", "8192", text, sizeof text);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, "feedback", RD_KAFKA_PARTITION_UA);
    if (consumer) rd_kafka_poll_set_consumer(consumer), rd_kafka_subscribe(consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return consumer;
}

static rd_kafka_t *bare_producer(const struct identity_round *round)
{
    char text[256];
    rd_kafka_conf_t *conf = bare_conf(round->bootstrap);
    rd_kafka_conf_set(conf, "enable.idempotence", "true", text, sizeof text);
    /* as ours: each 2000 are flushed at once */
    rd_kafka_conf_set(conf, "linger.ms", "50", text, sizeof text);
    return rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
}

static bool forward(rd_kafka_t *producer, rd_kafka_topic_t *topic, rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
        headers = rd_kafka_headers_copy(headers);
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

static bool pass_on(rd_kafka_t *consumer, rd_kafka_t *producer, rd_kafka_topic_t *topic,
                    uint64_t records)
{
    int64_t next[PARTITIONS] = {0};
    for (uint64_t done = 0; done < records;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 1000);
        if (!message) continue;
        if (!message->err) {
            if (message->partition >= PARTITIONS || !forward(producer, topic, message))
                return false;
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
    const struct identity_round *round = user;
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

int bench_pass(const struct bench_options *options, struct err *err)
{
    struct identity_round round = {.bootstrap = options->bootstrap,
                                   .records = options->records ? options->records : 300000,
                                   .delivery = "at_least_once"};
    uint64_t rounds = options->rounds ? options->rounds : 5;
    double ours[ROUNDS_MAX], bare[ROUNDS_MAX], ratios[ROUNDS_MAX];
    if (!options->bootstrap)
        return err_set(err, E_USAGE, "pass needs --bootstrap; ops/bench starts a broker");
    if (rounds > ROUNDS_MAX) rounds = ROUNDS_MAX;
    snprintf(round.group, sizeof round.group, "prepare");
    if (bench_child(identity_prepare, &round) < 0)
        return err_set(err, E_UNAVAILABLE, "the input could not be written");
    for (uint64_t i = 0; i < rounds; i++) {
        snprintf(round.group, sizeof round.group, "bare-%d-%llu", (int)getpid(),
                 (unsigned long long)i);
        double bare_seconds = bench_child(run_bare, &round);
        snprintf(round.group, sizeof round.group, "ours-%d-%llu", (int)getpid(),
                 (unsigned long long)i);
        double our_seconds = bench_child(identity_run, &round);
        if (bare_seconds <= 0 || our_seconds <= 0)
            return err_set(err, E_UNAVAILABLE, "a round failed");
        ours[i] = (double)round.records / our_seconds;
        bare[i] = (double)round.records / bare_seconds;
        ratios[i] = ours[i] / bare[i];
        fprintf(stderr, "  round %llu: ours %.0f, bare %.0f records per CPU-second\n",
                (unsigned long long)i + 1, ours[i], bare[i]);
    }
    bench_figure("ours", bench_median(ours, rounds), "records per CPU-second");
    bench_figure("bare", bench_median(bare, rounds), "records per CPU-second");
    bench_ratio("ratio", bench_median(ratios, rounds), 0.9);
    return E_OK;
}
