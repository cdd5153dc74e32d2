/* Our worker shell with an identity step against a bare librdkafka consume-produce loop, and with
 * --streams against Kafka Streams, on a real Kafka, interleaved in one run: records per CPU-second
 * of the whole process, its library's threads included.
 *
 * Ours and bare are at-least-once with the same properties of librdkafka: idempotent producer,
 * headers forwarded, a flush and then a commit of the positions for each 2000 records, which nobody
 * waits for. Neither copies payloads; bare hands even the headers on. Ours does the next 2000 while
 * it flushes, and bare waits: that is what a shell is for. Kafka Streams has its own
 * defaults, and stays warm from round to round; it is also compared exactly once. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <unistd.h>

#include "ops/benchmarks/bare.h"
#include "ops/benchmarks/bench.h"
#include "ops/benchmarks/identity.h"
#include "ops/benchmarks/streams.h"

enum { FLUSH_EVERY = 2000, POLL_EVERY = 100, PARTITIONS = IDENTITY_PARTITIONS, ROUNDS_MAX = 64 };
enum { WARM_UP_ROUNDS = 3 }; /* of Kafka Streams, thrown away */

/* --- bare ------------------------------------------------------------------------------------- */

struct bare {
    rd_kafka_t *consumer, *producer;
    rd_kafka_topic_t *topic;
    rd_kafka_message_t *held[FLUSH_EVERY];
    int held_count;
    int64_t next[PARTITIONS];
    bool failed; /* one was not delivered */
};

static void let_go(struct bare *bare)
{
    while (bare->held_count) rd_kafka_message_destroy(bare->held[--bare->held_count]);
}

static bool commit(struct bare *bare, bool last)
{
    if (rd_kafka_flush(bare->producer, 10000) || bare->failed) return false;
    let_go(bare);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);
    for (int i = 0; i < PARTITIONS; i++)
        if (bare->next[i])
            rd_kafka_topic_partition_list_add(list, "feedback", i)->offset = bare->next[i];
    rd_kafka_resp_err_t code = rd_kafka_commit(bare->consumer, list, !last);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool pass_on(struct bare *bare, uint64_t records)
{
    for (uint64_t done = 0; done < records;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(bare->consumer, 1000);
        if (!message) continue;
        if (message->err) {
            rd_kafka_message_destroy(message);
            continue;
        }
        bare->held[bare->held_count++] = message;
        if (message->partition >= PARTITIONS || !bare_forward(bare->producer, bare->topic, message))
            return false;
        bare->next[message->partition] = message->offset + 1;
        if (++done % FLUSH_EVERY == 0 && done < records && !commit(bare, false)) return false;
        if (done % POLL_EVERY == 0) rd_kafka_poll(bare->producer, 0);
    }
    return commit(bare, true);
}

static int run_bare(void *user)
{
    const struct identity_round *round = user;
    struct bare bare = {
        .consumer = bare_consumer(round->bootstrap, round->group, "feedback")};
    bare.producer = bare_producer(round->bootstrap, &bare.failed);
    if (bare.producer) bare.topic = rd_kafka_topic_new(bare.producer, "documents", NULL);
    if (!bare.consumer || !bare.topic) return 1;
    bool ok = pass_on(&bare, round->records);
    if (!ok) rd_kafka_purge(bare.producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_topic_destroy(bare.topic);
    rd_kafka_destroy(bare.producer);
    let_go(&bare);
    rd_kafka_consumer_close(bare.consumer);
    rd_kafka_destroy(bare.consumer);
    return ok ? 0 : 1;
}

/* --- rounds ----------------------------------------------------------------------------------- */

enum side { BARE, OURS, OURS_ONCE, STREAMS, STREAMS_ONCE, SIDES };
static const struct { const char *name, *delivery; } sides[SIDES] = {
    [BARE] = {"bare", NULL},
    [OURS] = {"ours", "at_least_once"},
    [OURS_ONCE] = {"ours_exactly_once", "exactly_once"},
    [STREAMS] = {"streams", "at_least_once"},
    [STREAMS_ONCE] = {"streams_exactly_once", "exactly_once_v2"},
};

struct pass {
    struct identity_round round;
    struct streams streams;
    uint64_t number;            /* of sides run so far: a group each */
    double rates[SIDES][ROUNDS_MAX];
};

/* Records per CPU-second; < 0: it failed. */
static double run_side(struct pass *pass, enum side side)
{
    struct identity_round *round = &pass->round;
    snprintf(round->group, sizeof round->group, "%s-%d-%llu", sides[side].name, (int)getpid(),
             (unsigned long long)pass->number++);
    round->delivery = sides[side].delivery;
    double seconds = side >= STREAMS
                         ? streams_round(&pass->streams, round->delivery, round->group)
                         : bench_child(side == BARE ? run_bare : identity_run, round);
    return seconds > 0 ? (double)round->records / seconds : -1;
}

/* Each side once, forwards or backwards in turn, so that a machine that gets slower or faster
 * meanwhile favours none. */
static int run_round(struct pass *pass, uint64_t number, int count, struct err *err)
{
    for (int i = 0; i < count; i++) {
        enum side side = (enum side)(number % 2 ? count - 1 - i : i);
        double rate = run_side(pass, side);
        if (rate < 0) return err_set(err, E_UNAVAILABLE, "a round of %s failed", sides[side].name);
        pass->rates[side][number] = rate;
        fprintf(stderr, "  round %llu: %s %.0f records per CPU-second\n",
                (unsigned long long)number + 1, sides[side].name, rate);
    }
    return E_OK;
}

static int warm_up(struct pass *pass, const char *folder, struct err *err)
{
    struct identity_round *round = &pass->round;
    int rc = streams_open(&pass->streams, folder, "ops/benchmarks/PassStreams.java",
                          round->bootstrap, round->records, err);
    for (int i = 0; i < WARM_UP_ROUNDS && rc == E_OK; i++)
        if (run_side(pass, STREAMS) < 0 || run_side(pass, STREAMS_ONCE) < 0)
            rc = err_set(err, E_UNAVAILABLE, "Kafka Streams doesn't run; see above");
    return rc;
}

static void tell_ratio(const struct pass *pass, const char *name, enum side side, enum side other,
                       uint64_t rounds, double aim)
{
    double ratios[ROUNDS_MAX];
    for (uint64_t i = 0; i < rounds; i++) ratios[i] = pass->rates[side][i] / pass->rates[other][i];
    bench_ratios(name, ratios, rounds, aim);
}

static void tell(struct pass *pass, uint64_t rounds, int count)
{
    tell_ratio(pass, "ratio", OURS, BARE, rounds, 0.9);
    if (count == SIDES) {
        tell_ratio(pass, "streams_ratio", OURS, STREAMS, rounds, 4);
        tell_ratio(pass, "streams_exactly_once_ratio", OURS_ONCE, STREAMS_ONCE, rounds, 4);
    }
    for (int i = 0; i < count; i++)
        bench_figure(sides[i].name, bench_median(pass->rates[i], rounds), "records per CPU-second");
}

int bench_pass(const struct bench_options *options, struct err *err)
{
    static struct pass pass;
    uint64_t rounds = options->rounds ? options->rounds : 11;
    int rc = E_OK, count = options->streams ? SIDES : OURS + 1;
    if (!options->bootstrap)
        return err_set(err, E_USAGE, "pass needs --bootstrap; ops/bench starts a broker");
    if (rounds > ROUNDS_MAX) rounds = ROUNDS_MAX;
    pass.round = (struct identity_round){.bootstrap = options->bootstrap,
                                         .records = options->records ? options->records : 200000,
                                         .delivery = "at_least_once",
                                         .group = "prepare"};
    if (bench_child(identity_prepare, &pass.round) < 0)
        return err_set(err, E_UNAVAILABLE, "the input could not be written");
    if (options->streams) rc = warm_up(&pass, options->streams, err);
    for (uint64_t i = 0; i < rounds && rc == E_OK; i++) rc = run_round(&pass, i, count, err);
    if (rc == E_OK) tell(&pass, rounds, count);
    streams_close(&pass.streams);
    return rc;
}
