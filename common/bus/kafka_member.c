/* A consumer's life: its client, its name in the group, joining and leaving. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "bus/kafka_begin.h"

enum { MEMBERSHIP_STATIC }; /* the first choice of bus.membership */

/* The name of a static member. A broker gives the same partitions to whoever comes back under it,
 * without asking what it subscribes to: so with other topics it must be another name, or nobody
 * would ever read those that a new version adds. */
static void name_instance(const struct kafka_consumer *consumer,
                          char out[static KAFKA_NAME_MAX + 1])
{
    snprintf(out, KAFKA_NAME_MAX + 1, "%.230s.%x", consumer->member, consumer->topics);
}

static bool is_static(const struct kafka_consumer *consumer)
{
    return consumer->in_group && consumer->bus->options.membership == MEMBERSHIP_STATIC;
}

/* What one answer brings of one partition, at most, unless a single batch is larger: its buffer
 * stays until the last message of all its partitions is released. In small portions batches are of
 * many partitions, so that their outputs are too: of a partition librdkafka sends the next request
 * only when the one before was answered, and spins until then. */
static uint64_t portion_bytes(uint64_t prefetch)
{
    enum { LEAST = 64 * 1024, MOST = 1024 * 1024, SHARE = 64 };
    uint64_t share = prefetch / SHARE;
    return share < LEAST ? LEAST : share > MOST ? MOST : share;
}

static int create_client(struct kafka_consumer *consumer, struct err *err)
{
    char instance[KAFKA_NAME_MAX + 1], kbytes[32], portion[32], wait_ms[32];
    uint32_t patient_ms = consumer->subscription.patient_ms;
    uint64_t prefetch = consumer->bus->options.prefetch;
    name_instance(consumer, instance);
    snprintf(kbytes, sizeof kbytes, "%llu", (unsigned long long)(prefetch / 1024));
    snprintf(portion, sizeof portion, "%llu", (unsigned long long)portion_bytes(prefetch));
    snprintf(wait_ms, sizeof wait_ms, "%u", patient_ms);
    const struct kafka_property own[] = {
        {"client.id", consumer->member},
        {"queued.max.messages.kbytes", kbytes},
        {"queued.min.messages", "1000000"}, /* so the bytes are what counts */
        {"max.partition.fetch.bytes", portion},
        {"session.timeout.ms", "20000"},    /* longer than another broker takes to coordinate */
        {"fetch.min.bytes", patient_ms ? "65536" : "1"},
        {patient_ms ? "fetch.wait.max.ms" : "", wait_ms},
        {rd_kafka_version() < KAFKA_BACKS_OFF ? "" : "fetch.queue.backoff.ms", "10"},
        {is_static(consumer) ? "group.instance.id" : "", instance},
        {NULL, NULL},
    };
    const struct kafka_property fixed[] = {
        {"group.id", consumer->group_id},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", "true"},
        {"isolation.level", "read_committed"},
        {"partition.assignment.strategy",
         "range"}, /* cooperative-sticky has bugs until 2.10 (4059, 4908, 4800) */
        /* Where a group begins is told (begin_reading()). What is behind deleted messages is to be
         * read, also by one that began at the end. */
        {"auto.offset.reset",
         !consumer->in_group && consumer->subscription.start == BUS_LATEST ? "latest" : "earliest"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;
    int rc = kafka_conf_create(consumer->bus, own, fixed, &conf, err);
    if (rc) return rc;
    rd_kafka_conf_set_opaque(conf, consumer);
    rd_kafka_conf_set_rebalance_cb(conf, consumer_on_rebalance);
    rd_kafka_conf_set_error_cb(conf, consumer_on_error);
    return kafka_client_create(RD_KAFKA_CONSUMER, conf, &consumer->client, err);
}

static int join(struct kafka_consumer *consumer, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(TOPIC_COUNT);
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (consumer->topics >> i & 1)
            rd_kafka_topic_partition_list_add(list, consumer->bus->topics[i],
                                              RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kafka_error(code, "subscribe", NULL, err) : E_OK;
}

static int start(struct kafka_consumer *consumer, struct err *err)
{
    const uint64_t one = 1;
    pthread_mutex_lock(&consumer->client_lock);
    int rc = create_client(consumer, err);
    pthread_mutex_unlock(&consumer->client_lock);
    if (rc) return rc;
    pthread_mutex_lock(&consumer->lock);
    consumer->started_ms = clock_mono_ms(clock_system());
    pthread_mutex_unlock(&consumer->lock);
    rd_kafka_poll_set_consumer(consumer->client);
    owed_open(consumer);
    consumer->queue = rd_kafka_queue_get_consumer(consumer->client);
    rd_kafka_queue_io_event_enable(consumer->queue, consumer->wake_fd, &one, sizeof one);
    /* what came before it would keep it from waking: see the producer */
    consumer_make_readable(consumer);
    if (consumer->in_group) rc = join(consumer, err);
    return rc ? rc : ends_start(consumer, err);
}

static int take_names(struct kafka_consumer *consumer, const struct bus_subscription *subscription,
                      struct err *err)
{
    const char *prefix = consumer->bus->options.topic_prefix,
               *member = subscription->member ? subscription->member : "reader";
    snprintf(consumer->member, sizeof consumer->member, "%.240s", member);
    snprintf(consumer->commit.transactional_id, sizeof consumer->commit.transactional_id,
             "%.240s%.240s.%.240s", prefix, member, subscription->group ? subscription->group : "");
    int size = subscription->group ? snprintf(consumer->group_id, sizeof consumer->group_id, "%s%s",
                                              prefix, subscription->group)
                                   : snprintf(consumer->group_id, sizeof consumer->group_id,
                                              "%sreader.%s", prefix, member);
    if (size < 0 || (size_t)size >= sizeof consumer->group_id)
        return err_set(err, E_BAD_CONFIG, "the group's name is too long");
    return E_OK;
}

int kafka_subscribe(struct bus *bus, const struct bus_subscription *subscription,
                    struct bus_consumer **ret_consumer, struct err *err)
{
    if (subscription->group &&
        (!subscription->group[0] || !subscription->member || !subscription->member[0]))
        return err_set(err, E_BAD_CONFIG, "a group and its member have names");
    struct kafka_consumer *consumer = calloc(1, sizeof *consumer);
    if (!consumer) return err_set(err, E_NO_MEMORY, NULL);
    consumer->base.backend = bus->backend;
    consumer->bus = kafka_bus_of(bus);
    consumer->subscription = *subscription;
    consumer->in_group = subscription->group != NULL;
    consumer->wake_fd = -1;
    pthread_mutex_init(&consumer->lock, NULL);
    pthread_mutex_init(&consumer->client_lock, NULL);
    missed_init(&consumer->missed);
    for (size_t i = 0; i < subscription->topic_count; i++)
        consumer->topics |= 1u << subscription->topics[i];
    int rc = take_names(consumer, subscription, err);
    if (rc == E_OK) consumer->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (rc == E_OK && consumer->wake_fd < 0) rc = err_system(err, E_SYSTEM, "eventfd");
    if (rc == E_OK && consumer->in_group) rc = commit_open(consumer, err);
    if (rc == E_OK) rc = start(consumer, err);
    if (rc) {
        kafka_unsubscribe(&consumer->base);
        return rc;
    }
    *ret_consumer = &consumer->base;
    return E_OK;
}

/* Says goodbye to the group, until the deadline. Its last rebalance is served here, once: when that
 * is done librdkafka 2.0.2 throws away what else is asked of it, and a second rd_kafka_assign()
 * would wait for ever (soak 12). */
static void leave(struct kafka_consumer *consumer, int64_t deadline_ms)
{
    bool served = false;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->client);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->client, queue);
    if (error) rd_kafka_error_destroy(error);
    while (!error && !rd_kafka_consumer_closed(consumer->client) &&
           clock_mono_ms(clock_system()) < deadline_ms) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 50);
        if (!event) continue;
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE && !served)
            served = rd_kafka_assign(consumer->client, NULL) == RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
}

void member_forget_group(struct kafka_consumer *consumer)
{
    pthread_mutex_lock(&consumer->lock);
    if (consumer->group) rd_kafka_mem_free(NULL, consumer->group);
    consumer->group = NULL;
    pthread_mutex_unlock(&consumer->lock);
}

static void *end_client(void *client)
{
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return NULL;
}

/* librdkafka (2.0 and later, issues 4362 and 4674) may count a partition's reference that nobody
 * gives back when its topic was deleted or a broker went, and waits for it for ever: such a client
 * is left behind, its threads asleep. False: it was. */
static bool end_within(rd_kafka_t *client, int timeout_ms)
{
    pthread_t thread;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    if (pthread_create(&thread, NULL, end_client, client)) {
        end_client(client);
        return true;
    }
    if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0) return true;
    log_line(LOG_WARN, "kafka", "librdkafka's consumer doesn't end; it is left behind");
    pthread_detach(thread);
    return false;
}

/* Nothing is held of it any more. */
static void destroy_client(struct kafka_consumer *consumer)
{
    owed_close(consumer);
    if (consumer->queue) {
        rd_kafka_queue_io_event_enable(consumer->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(consumer->queue);
    }
    pthread_mutex_lock(&consumer->client_lock);
    if (consumer->client && !end_within(consumer->client, KAFKA_END_MS))
        consumer->left_behind = true;
    consumer->client = NULL;
    pthread_mutex_unlock(&consumer->client_lock);
    consumer->queue = NULL;
}

void kafka_unsubscribe(struct bus_consumer *base)
{
    struct kafka_consumer *consumer = kafka_consumer_of(base);
    struct err ignored;
    atomic_store(&consumer->closing, true);
    ends_stop(consumer);
    /* sooner where no answer is to be hoped for; the last positions leave time for the goodbye */
    int64_t deadline_ms = clock_mono_ms(clock_system()) +
                          (consumer->hastened ? KAFKA_HASTY_CLOSE_MS : KAFKA_CLOSE_MS);
    owed_settle(consumer, deadline_ms - KAFKA_HASTY_CLOSE_MS, &ignored);
    if (consumer->client && !consumer->hastened && !consumer->exile.outside)
        begin_behind_markers(consumer);
    commit_close(consumer);
    batches_free(consumer->open);
    batches_free(consumer->idle);
    /* it waits for that */
    if (consumer->awaited.starts && consumer->client) rd_kafka_assign(consumer->client, NULL);
    /* static members just go */
    if (consumer->client && !consumer->exile.outside && !is_static(consumer))
        leave(consumer, deadline_ms);
    destroy_client(consumer);
    if (consumer->wake_fd >= 0) close(consumer->wake_fd);
    member_forget_group(consumer);
    begin_await(consumer, NULL);
    pthread_mutex_destroy(&consumer->lock);
    pthread_mutex_destroy(&consumer->client_lock);
    free(consumer->watch.found);
    free(consumer->owned);
    free(consumer->own);
    if (consumer->left_behind) return; /* that client may log, and knows us */
    missed_deinit(&consumer->missed);
    free(consumer);
}

/* --- fenced ---------------------------------------------------------------------------------- */

/* A static member whose join was answered too late asks again, and is fenced by itself: librdkafka
 * calls that fatal to the client. So does a second process with our name. Which of both it is shows
 * when it happens again and again. */
enum { REJOINS_MAX = 3, REJOINS_WITHIN_MS = 10 * 60 * 1000, REJOIN_AFTER_MS = 500 };

static int go_outside(struct kafka_consumer *consumer, struct err *err)
{
    struct kafka_exile *exile = &consumer->exile;
    int64_t now_ms = clock_mono_ms(clock_system());
    if (now_ms - exile->since_ms > REJOINS_WITHIN_MS) exile->times = 0, exile->since_ms = now_ms;
    if (++exile->times > REJOINS_MAX) {
        *err = consumer->trouble;
        err_wrap(err, "another process has the name %s", consumer->member);
        return E_FENCED;
    }
    exile->again_ms = now_ms + ((int64_t)REJOIN_AFTER_MS << exile->times);
    exile->outside = true;
    log_error(LOG_WARN, "kafka", "this member was fenced; it joins again", &consumer->trouble);
    position_tell_revoked(consumer, true);
    owed_forget(consumer);
    position_clear(consumer);
    member_forget_group(consumer);
    return E_OK;
}

int member_rejoin(struct kafka_consumer *consumer, struct err *err)
{
    struct kafka_exile *exile = &consumer->exile;
    struct err local;
    if (!err) err = &local;
    int rc = exile->outside ? E_OK : go_outside(consumer, err);
    if (rc) return rc;
    if (consumer->open || clock_mono_ms(clock_system()) < exile->again_ms)
        return err_set(err, E_UNAVAILABLE, "this member was fenced, and hasn't joined again yet");
    /* no partitions are left, but a status may have been committed meanwhile */
    position_tell_revoked(consumer, true);
    ends_stop(consumer);
    begin_await(consumer, NULL);
    destroy_client(consumer);
    consumer->trouble.code = E_OK;
    consumer->fatal = exile->outside = false;
    rc = start(consumer, err);
    if (rc) { /* half a client can't be polled for ever */
        err->code = E_SYSTEM;
        consumer->trouble = *err;
        consumer->fatal = true;
        rc = E_SYSTEM;
    }
    return rc;
}
