/* Numbered feedback, members of a group that copy it to documents, and the judge:
 * every number once.
 *
 * The members may be processes of their own, to be killed: copy_for_ever() is the main() of one,
 * which start_child() starts from the same program. */
#ifndef VERBATIM_TEST_KAFKA_COPIER_H
#define VERBATIM_TEST_KAFKA_COPIER_H

#include "must.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "kafka_rig.h"

enum { WAIT_MS = 240000, RECORDS = 3000, PARTITIONS = 4 };

struct rig {
    struct config *config;
    struct bus *bus;
};

static inline struct rig open_rig(const char *const *settings)
{
    struct rig rig;
    struct err err;
    must(rig_try(rig_bootstrap(), settings, &rig.config, &rig.bus, &err), &err);
    return rig;
}

static inline void close_rig(struct rig *rig)
{
    bus_close(rig->bus);
    config_destroy(rig->config);
}

static inline int64_t now_ms(void) { return clock_mono_ms(clock_system()); }

static inline void create(struct bus *bus, enum topic topic,
                          const struct bus_topic_settings *settings)
{
    struct err err;
    bool created = false, again = false;
    int rc;
    for (int64_t start = now_ms();
         (rc = bus_topic_create(bus, topic, settings, &created, &err)) != E_OK &&
         err_class(err.code) == ERR_RETRY && now_ms() - start < WAIT_MS;)
        again = true; /* a broker that is slow to answer may have created it all the same */
    must(rc, &err);
    assert_true(created || again);
}

static inline void on_done(void *user, const struct err *err)
{
    *(int *)user = err ? (int)err->code : -1;
}

static inline int produce(struct bus *bus, const struct bus_output *outputs, size_t count)
{
    struct bus_producer *producer;
    struct err err;
    int done = 0;
    must(bus_producer_open(bus, "sender", &producer, &err), &err);
    must(bus_produce(producer, outputs, count, on_done, &done, &err), &err);
    must(bus_producer_flush(producer, WAIT_MS, &err), &err);
    bus_producer_close(producer);
    assert_int_not_equal(done, 0);
    return done == -1 ? E_OK : done;
}

/* From `first` on. */
static inline void send_more(struct bus *bus, int first, int count)
{
    struct bus_output *outputs = calloc((size_t)count, sizeof *outputs);
    char(*texts)[16] = calloc((size_t)count, sizeof *texts);
    for (int i = 0; i < count; i++) {
        snprintf(texts[i], sizeof texts[i], "%d", first + i);
        outputs[i] = (struct bus_output){
            .topic = TOPIC_FEEDBACK, .key = str_of(texts[i]), .value = str_of(texts[i]),
            .timestamp_ms = clock_wall_ms(clock_system())};
    }
    assert_int_equal(produce(bus, outputs, (size_t)count), E_OK);
    free(texts);
    free(outputs);
}

static inline void send_numbers(struct bus *bus, int count) { send_more(bus, 0, count); }

static inline struct bus_consumer *subscribe(struct bus *bus, const char *group, const char *member,
                                             enum topic topic)
{
    struct bus_consumer *consumer;
    struct err err;
    const struct bus_subscription subscription = {
        .group = group, .member = member, .topics = &topic, .topic_count = 1};
    must(bus_subscribe(bus, &subscription, &consumer, &err), &err);
    return consumer;
}

static inline void wait_for(struct bus_consumer *consumer, int timeout_ms)
{
    struct pollfd waiter = {.fd = bus_wake_fd(consumer), .events = POLLIN};
    poll(&waiter, 1, timeout_ms);
}

/* False, and there is nothing to release: the broker is slow, or not heard of the topic yet. */
static inline bool poll_some(struct bus_consumer *consumer, uint32_t most,
                             struct bus_batch *ret_batch)
{
    struct err err;
    int rc = bus_poll(consumer, most, 1 << 20, ret_batch, &err);
    if (rc && err_class((enum err_code)rc) != ERR_RETRY) must(rc, &err);
    return rc == E_OK;
}

/* One turn of a worker that copies feedback to documents. Returns how many it committed; -1:
 * it must stop, by `err`. */
static inline int copy_try(struct bus_consumer *consumer, uint32_t most, struct err *err)
{
    struct bus_batch batch;
    static struct bus_output outputs[1000];
    struct bus_position positions[PARTITIONS];
    size_t position_count = 0;
    int64_t next[PARTITIONS] = {0};
    int rc = bus_poll(consumer, most, 1 << 20, &batch, err);
    if (rc) return err_class(err->code) == ERR_RETRY ? 0 : -1;
    if (batch.count == 0) return 0;
    for (uint32_t i = 0; i < batch.count; i++) {
        const struct bus_message *message = &batch.messages[i];
        outputs[i] = (struct bus_output){
            .topic = TOPIC_DOCUMENTS, .key = message->key, .value = message->value,
            .timestamp_ms = message->timestamp_ms};
        next[message->partition] = message->offset + 1;
    }
    for (uint32_t i = 0; i < PARTITIONS; i++)
        if (next[i])
            positions[position_count++] = (struct bus_position){TOPIC_FEEDBACK, i, next[i]};
    int count = (int)batch.count;
    rc = bus_commit(consumer, outputs, batch.count, positions, position_count, err);
    bus_release(consumer, &batch);
    if (rc == E_OK) return count;
    if (rc != E_CANCELLED && err_class((enum err_code)rc) != ERR_RETRY) return -1;
    while ((rc = bus_rewind(consumer, err)) != E_OK && err_class((enum err_code)rc) == ERR_RETRY)
        wait_for(consumer, 100);
    return rc ? -1 : 0;
}

static inline int copy_some(struct bus_consumer *consumer, uint32_t most)
{
    struct err err;
    int count = copy_try(consumer, most, &err);
    if (count < 0) fail_msg("%s: %s", err_name(err.code), err.text);
    return count;
}

/* How often each number below `count` is in the topic, for a committed reader; until `wanted` have
 * been seen and no more come. */
static inline int count_numbers(struct bus *bus, enum topic topic, uint8_t *times, int count,
                                int wanted)
{
    int seen = 0, quiet = 0;
    struct bus_consumer *reader = subscribe(bus, NULL, "judge", topic);
    for (int64_t start = now_ms(); (seen < wanted || quiet < 3) && now_ms() - start < WAIT_MS;) {
        struct bus_batch batch;
        struct err err;
        if (bus_poll(reader, 1000, 1 << 20, &batch, &err)) {
            assert_int_equal(err_class(err.code), ERR_RETRY);
            wait_for(reader, 100);
            continue;
        }
        for (uint32_t i = 0; i < batch.count; i++) {
            char text[16] = "";
            memcpy(text, batch.messages[i].value.data, batch.messages[i].value.size);
            int number = atoi(text);
            assert_in_range(number, 0, count - 1);
            times[number]++;
            seen++;
        }
        if (batch.count == 0) wait_for(reader, 100);
        if (batch.count == 0 && seen >= wanted) quiet++; /* a double would come now */
        bus_release(reader, &batch);
    }
    bus_unsubscribe(reader);
    return seen;
}

/* Every number of documents, exactly once. */
static inline void check_documents(struct bus *bus, int count)
{
    uint8_t *times = calloc((size_t)count, 1);
    assert_int_equal(count_numbers(bus, TOPIC_DOCUMENTS, times, count, count), count);
    for (int i = 0; i < count; i++) assert_int_equal(times[i], 1);
    free(times);
}

static inline uint64_t backlog(struct bus_consumer *consumer)
{
    struct bus_backlog items[PARTITIONS];
    size_t count = bus_backlog(consumer, items, PARTITIONS);
    uint64_t records = count ? 0 : 1; /* it has none: somebody else may have work */
    for (size_t i = 0; i < count && i < PARTITIONS; i++)
        records += items[i].end ? items[i].records : 1; /* 0: not heard of yet */
    return records;
}

static const struct bus_topic_settings four = {.partitions = PARTITIONS, .replication = 1};

/* --- members that are processes --------------------------------------------------------------- */

/* argv: "copy", prefix, descriptor to report on, member, settings. Copies until it is killed, in
 * the middle of whatever. */
static inline int copy_for_ever(char **argv)
{
    int report = atoi(argv[2]);
    snprintf(rig_prefix, sizeof rig_prefix, "%s", argv[1]);
    struct rig rig = open_rig((const char *const *)&argv[4]);
    struct bus_consumer *consumer = subscribe(rig.bus, "copy", argv[3], TOPIC_FEEDBACK);
    for (;;) {
        struct err err;
        int copied = copy_try(consumer, 20, &err);
        if (copied < 0) return err_exit_status(err.code);
        if (copied && write(report, "x", 1) != 1) return 1;
        if (copied == 0) wait_for(consumer, 20);
    }
}

enum { CHILD_SETTINGS_MAX = 8 };

/* `settings` as for open_rig(). *ret_report gives a byte for each of its commits. */
static inline pid_t start_child(const char *member, const char *const *settings, int *ret_report)
{
    int ends[2];
    char number[16], *argv[6 + CHILD_SETTINGS_MAX] = {
        (char *)(uintptr_t)"copier", (char *)(uintptr_t)"copy", rig_prefix, number,
        (char *)(uintptr_t)member};
    for (size_t i = 0; settings && settings[i] && i < CHILD_SETTINGS_MAX; i++)
        argv[5 + i] = (char *)(uintptr_t)settings[i];
    assert_int_equal(pipe(ends), 0);
    snprintf(number, sizeof number, "%d", ends[1]);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        execv("/proc/self/exe", argv);
        _exit(1);
    }
    close(ends[1]);
    *ret_report = ends[0];
    return child;
}

/* After so many of its commits. */
static inline void kill_child(pid_t child, int report, int commits)
{
    char byte;
    for (int i = 0; i < commits; i++) assert_int_equal(read(report, &byte, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(report);
}

#endif
