/* What Kafka itself takes from topic to topic: four loops on librdkafka, a process each, in the
 * place of the workers behind the door. Each passes on what it is given, as it is: what has come
 * is sent in one flush, and positions follow ten times a second, as ours do at least once. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "ops/benchmarks/bare.h"
#include "ops/benchmarks/bench.h"
#include "schema/topic.h"

enum { GATHERED_MAX = 64, PARTITIONS_MAX = 64, TELL_EVERY_MS = 100, WAIT_MS = 1000 };

static const enum topic way[] = {TOPIC_FEEDBACK, TOPIC_DOCUMENTS, TOPIC_FEATURES, TOPIC_SEGMENTS,
                                 TOPIC_INSIGHTS};
enum { STAGES = sizeof way / sizeof way[0] - 1 };

struct stage {
    char from[256], to[256];
    rd_kafka_t *consumer, *producer;
    int64_t next[PARTITIONS_MAX]; /* to be told; 0: nothing */
    int64_t told_ms;
    bool failed;
};

static void tell_positions(struct stage *stage)
{
    int64_t now_ms = clock_mono_ms(clock_system());
    if (now_ms - stage->told_ms < TELL_EVERY_MS) return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS_MAX);
    for (int i = 0; i < PARTITIONS_MAX; i++) {
        if (stage->next[i])
            rd_kafka_topic_partition_list_add(list, stage->from, i)->offset = stage->next[i];
        stage->next[i] = 0;
    }
    if (list->cnt) rd_kafka_commit(stage->consumer, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
    stage->told_ms = now_ms;
}

/* Waits for one, and takes what else is there. */
static bool pass_some(struct stage *stage, rd_kafka_topic_t *topic)
{
    rd_kafka_message_t *held[GATHERED_MAX];
    int count = 0;
    bool ok = true;
    for (int wait_ms = WAIT_MS; ok && count < GATHERED_MAX; wait_ms = 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(stage->consumer, wait_ms);
        if (!message) break;
        held[count++] = message;
        if (message->err) continue; /* the end of a partition */
        ok = message->partition < PARTITIONS_MAX && bare_forward(stage->producer, topic, message);
        if (ok) stage->next[message->partition] = message->offset + 1;
    }
    ok = !rd_kafka_flush(stage->producer, 10000) && ok && !stage->failed;
    while (count) rd_kafka_message_destroy(held[--count]);
    return ok;
}

static int run(const char *bootstrap, const char *prefix, int number)
{
    static struct stage stage;
    char group[256];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(stage.from, sizeof stage.from, "%s%s", prefix, topic_info(way[number])->name);
    snprintf(stage.to, sizeof stage.to, "%s%s", prefix, topic_info(way[number + 1])->name);
    snprintf(group, sizeof group, "%sbare-%d", prefix, number);
    stage.consumer = bare_consumer(bootstrap, group, stage.from);
    stage.producer = bare_producer(bootstrap, &stage.failed);
    rd_kafka_topic_t *topic =
        stage.producer ? rd_kafka_topic_new(stage.producer, stage.to, NULL) : NULL;
    if (!stage.consumer || !topic) return 1;
    while (pass_some(&stage, topic)) tell_positions(&stage);
    return 1; /* it goes on until it is killed */
}

static const char *prefix_of(const struct bench_options *options)
{
    const char *prefix = "";
    struct str name = STR("bus.topic_prefix=");
    for (size_t i = 0; i < options->setting_count; i++)
        if (str_starts(str_of(options->settings[i]), name))
            prefix = options->settings[i] + name.size;
    return prefix;
}

int bench_latency_bare(const struct bench_options *options, struct err *err)
{
    if (!options->bootstrap)
        return err_set(err, E_USAGE, "latency-bare needs --bootstrap; see ops/bench");
    for (int i = 0; i < STAGES; i++) {
        pid_t child = fork();
        if (child == 0) _exit(run(options->bootstrap, prefix_of(options), i));
        if (child < 0) return err_system(err, E_SYSTEM, "fork");
    }
    wait(NULL);
    return err_set(err, E_UNAVAILABLE, "a stage ended");
}
