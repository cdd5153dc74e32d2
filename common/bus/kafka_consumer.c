/* Reading from Kafka: subscribe, take batches, follow rebalances.
 *
 * A batch holds librdkafka's own messages until it is released: keys, values and headers are
 * views into them. Messages are taken one by one, because taking many at once loses some around
 * a pause (librdkafka issue 4208, fixed in 2.1). Everything is forwarded to one queue, which
 * makes wake_fd readable when it stops being empty; a poll that leaves something behind makes it
 * readable itself.
 *
 * A rebalance is told inside bus_poll(), before the partitions change hands; what the running
 * poll had taken from them is dropped, as their next owner begins at the committed positions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "bus/kafka.h"

struct kafka_batch {
    struct kafka_batch *next;
    rd_kafka_message_t **held;
    struct bus_message *messages;
    uint32_t count, capacity;
    struct arena headers;
};

/* --- wake-ups -------------------------------------------------------------------------------- */

int kafka_wake_fd(const struct bus_consumer *consumer)
{
    return ((const struct kafka_consumer *)consumer)->wake_fd;
}

void consumer_make_readable(struct kafka_consumer *consumer)
{
    if (eventfd_write(consumer->wake_fd, 1)) return; /* full: readable */
}

static void make_quiet(struct kafka_consumer *consumer)
{
    eventfd_t value;
    if (eventfd_read(consumer->wake_fd, &value)) return; /* quiet already */
}

/* --- batches --------------------------------------------------------------------------------- */

static struct kafka_batch *open_batch(struct kafka_consumer *consumer)
{
    struct kafka_batch *batch = consumer->idle;
    if (batch)
        consumer->idle = batch->next;
    else
        batch = calloc(1, sizeof *batch);
    if (!batch) return NULL;
    batch->next = consumer->open;
    consumer->open = batch;
    return batch;
}

static void empty_batch(struct kafka_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) rd_kafka_message_destroy(batch->held[i]);
    batch->count = 0;
    arena_reset(&batch->headers);
}

static void close_batch(struct kafka_consumer *consumer, struct kafka_batch *batch)
{
    struct kafka_batch **link = &consumer->open;
    while (*link != batch) link = &(*link)->next;
    *link = batch->next;
    empty_batch(batch);
    batch->next = consumer->idle;
    consumer->idle = batch;
}

static void free_batches(struct kafka_batch *first)
{
    while (first) {
        struct kafka_batch *next = first->next;
        /* A message that is still held would keep the client from closing (issue 4187). */
        empty_batch(first);
        arena_deinit(&first->headers);
        free(first->held);
        free(first->messages);
        free(first);
        first = next;
    }
}

static bool grow_batch(struct kafka_batch *batch, uint32_t most)
{
    uint32_t capacity = batch->capacity ? batch->capacity * 2 : 64;
    if (batch->count < batch->capacity) return true;
    if (capacity > most) capacity = most;
    rd_kafka_message_t **held = realloc(batch->held, capacity * sizeof(rd_kafka_message_t *));
    if (held) batch->held = held;
    struct bus_message *messages = realloc(batch->messages, capacity * sizeof *messages);
    if (messages) batch->messages = messages;
    if (held && messages) batch->capacity = capacity;
    return held && messages;
}

void kafka_release(struct bus_consumer *base, struct bus_batch *batch)
{
    close_batch(kafka_consumer_of(base), batch->handle);
}

/* --- one message ----------------------------------------------------------------------------- */

static enum topic topic_of(struct kafka_consumer *consumer, rd_kafka_topic_t *rkt)
{
    if (rkt != consumer->last_rkt) {
        consumer->last_rkt = rkt;
        consumer->last_topic = kafka_topic_of(consumer->bus, rd_kafka_topic_name(rkt));
    }
    return consumer->last_topic;
}

static bool view_headers(struct kafka_batch *batch, rd_kafka_message_t *held,
                         struct bus_message *message)
{
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(held, &headers)) return true; /* it has none */
    size_t count = rd_kafka_header_cnt(headers);
    if (count > BUS_HEADERS_MAX) count = BUS_HEADERS_MAX;
    struct bus_header *views = arena_alloc(&batch->headers, count * sizeof *views);
    if (!views) return false;
    for (size_t i = 0; i < count; i++) {
        const char *name;
        const void *value;
        size_t size;
        if (rd_kafka_header_get_all(headers, i, &name, &value, &size)) return false;
        views[i] = (struct bus_header){str_of(name), str_make(value, size)};
    }
    message->headers = views;
    message->header_count = (uint32_t)count;
    return true;
}

static void note_trouble(struct kafka_consumer *consumer, rd_kafka_resp_err_t code,
                         const char *text)
{
    kafka_error(code, "kafka", text, &consumer->trouble);
}

/* The client is of no more use: another process has our name, or librdkafka gave up. Also a fenced
 * static member comes as an event in place of a message (librdkafka 2.0.2), not by on_error(). */
static void note_fatal(struct kafka_consumer *consumer)
{
    char text[256] = "";
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(consumer->client, text, sizeof text);
    note_trouble(consumer, code, text);
    consumer->trouble.code = code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ? E_FENCED : E_SYSTEM;
    consumer->fatal = true;
}

/* What comes in place of a message. */
static void take_event(struct kafka_consumer *consumer, const rd_kafka_message_t *event)
{
    struct kafka_partition *partition = NULL;
    switch (event->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        partition =
            position_find(consumer, topic_of(consumer, event->rkt), (uint32_t)event->partition);
        if (!partition || partition->moved) return;
        partition->position = event->offset; /* beyond transaction markers */
        partition->caught_up_ms = clock_wall_ms(consumer->bus->clock);
        return;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: /* it may be created later */
        log_line(LOG_WARN, "kafka",
                 "a topic does not exist yet; `verbatim topics create` creates it");
        return;
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED: return; /* a rebalance follows */
    case RD_KAFKA_RESP_ERR__FATAL: note_fatal(consumer); return;
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        if (!consumer->in_group) return; /* a reader has no use for a group */
        break;
    default: break;
    }
    if (!consumer->fatal) note_trouble(consumer, event->err, rd_kafka_message_errstr(event));
}

/* Takes `held` over. False without memory. */
static bool take_message(struct kafka_consumer *consumer, struct kafka_batch *batch,
                         rd_kafka_message_t *held)
{
    struct kafka_partition *partition =
        position_find(consumer, topic_of(consumer, held->rkt), (uint32_t)held->partition);
    if (!partition || partition->moved) { /* of one that we have just lost, or from elsewhere */
        rd_kafka_message_destroy(held);
        return true;
    }
    if (consumer->paused) { /* it slipped through: read it again later */
        if (partition->sought < 0 || held->offset < partition->sought)
            partition->sought = held->offset;
        rd_kafka_message_destroy(held);
        return true;
    }
    rd_kafka_timestamp_type_t type;
    struct bus_message *message = &batch->messages[batch->count];
    *message = (struct bus_message){
        .topic = partition->topic,
        .partition = partition->partition,
        .offset = held->offset,
        .timestamp_ms = rd_kafka_message_timestamp(held, &type),
        .key = str_make(held->key, held->key_len),
        .value = str_make(held->payload, held->len),
    };
    batch->held[batch->count++] = held;
    if (!view_headers(batch, held, message)) return false;
    partition->position = held->offset + 1;
    partition->sought = -1;
    partition->last_ms = message->timestamp_ms;
    if (partition->first_read < 0) partition->first_read = held->offset;
    return true;
}

/* --- rebalance ------------------------------------------------------------------------------- */

/* The lock is held, or nobody else is there. */
static void free_group(struct kafka_consumer *consumer)
{
    if (consumer->group) rd_kafka_mem_free(NULL, consumer->group);
    consumer->group = NULL;
}

static void take_assignment(struct kafka_consumer *consumer,
                            rd_kafka_topic_partition_list_t *partitions)
{
    struct err err;
    for (int i = 0; i < partitions->cnt; i++) {
        enum topic topic = kafka_topic_of(consumer->bus, partitions->elems[i].topic);
        if (topic == TOPIC_NONE) continue;
        if (position_add(consumer, topic, (uint32_t)partitions->elems[i].partition, -1, &err))
            consumer->trouble = err;
    }
    ends_ask(consumer); /* so that the backlog is known before anything has been fetched */
}

/* The generation to which the partitions belong. Asked for later it could be another one, or that
 * of nobody, which brokers don't fence. */
static void remember_group(struct kafka_consumer *consumer)
{
    void *bytes = NULL;
    size_t size = 0;
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(consumer->client);
    rd_kafka_error_t *error =
        group ? rd_kafka_consumer_group_metadata_write(group, &bytes, &size) : NULL;
    if (error) rd_kafka_error_destroy(error);
    if (group) rd_kafka_consumer_group_metadata_destroy(group);
    pthread_mutex_lock(&consumer->lock);
    free_group(consumer);
    consumer->group = error ? NULL : bytes;
    consumer->group_bytes = size;
    pthread_mutex_unlock(&consumer->lock);
}

static void forget_group(struct kafka_consumer *consumer)
{
    pthread_mutex_lock(&consumer->lock);
    free_group(consumer);
    pthread_mutex_unlock(&consumer->lock);
}

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct kafka_consumer *consumer = opaque;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        take_assignment(consumer, partitions);
        rd_kafka_assign(client, partitions);
        remember_group(consumer);
        position_pause_again(consumer);
        if (!consumer->closing) position_tell(consumer, consumer->subscription.on_assigned);
        return;
    }
    if (consumer->current) empty_batch(consumer->current);
    if (!consumer->closing) position_tell(consumer, consumer->subscription.on_revoked);
    position_clear(consumer);
    forget_group(consumer);
    rd_kafka_assign(client, NULL);
}

static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct kafka_consumer *consumer = opaque;
    (void)client;
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        note_fatal(consumer);
        return;
    }
    /* One connection that fails is no trouble as long as another works. */
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE ||
        consumer->fatal)
        return;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) ends_lost(consumer);
    note_trouble(consumer, (rd_kafka_resp_err_t)code, reason);
}

/* --- poll ------------------------------------------------------------------------------------ */

/* A reader's topics that the watcher has found meanwhile. */
static int adopt_found(struct kafka_consumer *consumer, struct err *err)
{
    int rc = E_OK;
    pthread_mutex_lock(&consumer->lock);
    struct kafka_found *found = consumer->watch.found;
    size_t count = consumer->watch.found_count;
    consumer->watch.found = NULL;
    consumer->watch.found_count = consumer->watch.found_capacity = 0;
    pthread_mutex_unlock(&consumer->lock);
    for (size_t i = 0; i < count && rc == E_OK; i++)
        rc = position_add(consumer, found[i].topic, found[i].partition, found[i].offset, err);
    free(found);
    if (rc || count == 0) return rc;
    consumer->moved = true;
    consumer_make_readable(consumer); /* the next poll assigns them, where the caller sought by then */
    position_tell(consumer, consumer->subscription.on_assigned);
    return E_OK;
}

/* When the prefetch queue is full, librdkafka stops fetching and looks again only a second later
 * (until 2.2, where fetch.queue.backoff.ms came). Asking the partitions' leaders for something
 * wakes the fetchers at once, so ask when half of what there was has been read. */
static void keep_fetching(struct kafka_consumer *consumer)
{
    size_t length = rd_kafka_queue_length(consumer->queue);
    if (length > consumer->peak) consumer->peak = length;
    if (length > consumer->peak / 2 || consumer->peak < 1000) return;
    consumer->peak = length;
    ends_ask(consumer);
}

static int fill_batch(struct kafka_consumer *consumer, struct kafka_batch *batch,
                      uint32_t max_records, size_t max_bytes, struct err *err)
{
    size_t bytes = 0;
    while (batch->count < max_records && bytes < max_bytes) {
        if (!grow_batch(batch, max_records)) return err_set(err, E_NO_MEMORY, NULL);
        rd_kafka_message_t *held = rd_kafka_consumer_poll(consumer->client, 0);
        if (!held) return E_OK;
        if (held->err) {
            take_event(consumer, held);
            rd_kafka_message_destroy(held);
            continue;
        }
        bytes += held->len;
        if (!take_message(consumer, batch, held)) return err_set(err, E_NO_MEMORY, NULL);
    }
    consumer_make_readable(consumer); /* the budget is spent; there may be more */
    return E_OK;
}

static int read_trouble(struct kafka_consumer *consumer, struct err *err)
{
    int rc = (int)consumer->trouble.code;
    if (rc && err) *err = consumer->trouble;
    if (!consumer->fatal) consumer->trouble.code = E_OK;
    return rc;
}

int kafka_poll(struct bus_consumer *base, uint32_t max_records, size_t max_bytes,
               struct bus_batch *ret_batch, struct err *err)
{
    struct kafka_consumer *consumer = kafka_consumer_of(base);
    *ret_batch = (struct bus_batch){0};
    make_quiet(consumer);
    int rc = consumer->in_group ? E_OK : position_assign(consumer, err);
    if (rc == E_OK && !consumer->in_group) rc = adopt_found(consumer, err);
    if (rc) return rc;
    struct kafka_batch *batch = consumer->current = open_batch(consumer);
    if (!batch) return err_set(err, E_NO_MEMORY, NULL);
    rc = fill_batch(consumer, batch, max_records, max_bytes, err);
    consumer->current = NULL;
    if (rc == E_OK && batch->count == 0) rc = read_trouble(consumer, err);
    if (rc || batch->count == 0) {
        close_batch(consumer, batch);
        return rc;
    }
    keep_fetching(consumer);
    *ret_batch =
        (struct bus_batch){.messages = batch->messages, .count = batch->count, .handle = batch};
    return E_OK;
}

/* --- life ------------------------------------------------------------------------------------ */

enum { MEMBERSHIP_STATIC }; /* the first choice of bus.membership */

/* The name of a static member. A broker gives the same partitions to whoever comes back under it,
 * without asking what it subscribes to: so with other topics it must be another name, or nobody
 * would ever read those that a new version adds. */
static void name_instance(const struct kafka_consumer *consumer, const char *member,
                          char out[static KAFKA_NAME_MAX + 1])
{
    snprintf(out, KAFKA_NAME_MAX + 1, "%.230s.%x", member, consumer->topics);
}

static int create_client(struct kafka_consumer *consumer,
                         const struct bus_subscription *subscription, struct err *err)
{
    char group[KAFKA_NAME_MAX + 1], instance[KAFKA_NAME_MAX + 1], kbytes[32];
    const char *prefix = consumer->bus->options.topic_prefix,
               *member = subscription->member ? subscription->member : "reader";
    int size = subscription->group
                   ? snprintf(group, sizeof group, "%s%s", prefix, subscription->group)
                   : snprintf(group, sizeof group, "%sreader.%s", prefix, member);
    if (size < 0 || (size_t)size >= sizeof group)
        return err_set(err, E_BAD_CONFIG, "the group's name is too long");
    bool is_static = subscription->group && consumer->bus->options.membership == MEMBERSHIP_STATIC;
    name_instance(consumer, member, instance);
    snprintf(kbytes, sizeof kbytes, "%llu",
             (unsigned long long)(consumer->bus->options.prefetch / 1024));
    const struct kafka_property own[] = {
        {"client.id", member},
        {"queued.max.messages.kbytes", kbytes},
        {"queued.min.messages", "1000000"}, /* so the bytes are what counts */
        {"session.timeout.ms", "20000"},    /* longer than another broker takes to coordinate */
        {is_static ? "group.instance.id" : NULL, instance},
        {NULL, NULL},
    };
    const struct kafka_property fixed[] = {
        {"group.id", group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", "true"},
        {"isolation.level", "read_committed"},
        {"partition.assignment.strategy",
         "range"}, /* cooperative-sticky has bugs until 2.10 (4059, 4908, 4800) */
        {"auto.offset.reset", subscription->start == BUS_LATEST ? "latest" : "earliest"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;
    int rc = kafka_conf_create(consumer->bus, own, fixed, &conf, err);
    if (rc) return rc;
    rd_kafka_conf_set_opaque(conf, consumer);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_error_cb(conf, on_error);
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

static int start(struct kafka_consumer *consumer, const struct bus_subscription *subscription,
                 struct err *err)
{
    const uint64_t one = 1;
    consumer->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (consumer->wake_fd < 0) return err_system(err, E_SYSTEM, "eventfd");
    int rc = create_client(consumer, subscription, err);
    if (rc) return rc;
    rd_kafka_poll_set_consumer(consumer->client);
    consumer->queue = rd_kafka_queue_get_consumer(consumer->client);
    rd_kafka_queue_io_event_enable(consumer->queue, consumer->wake_fd, &one, sizeof one);
    consumer_make_readable(consumer); /* what came before it would keep it from waking: see the producer */
    if (consumer->in_group) rc = commit_open(consumer, err);
    if (rc == E_OK && consumer->in_group) rc = join(consumer, err);
    if (rc == E_OK) rc = ends_start(consumer, err);
    return rc;
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
    for (size_t i = 0; i < subscription->topic_count; i++)
        consumer->topics |= 1u << subscription->topics[i];
    if (consumer->in_group) {
        snprintf(consumer->commit.client_id, sizeof consumer->commit.client_id, "%.240s",
                 subscription->member);
        snprintf(consumer->commit.transactional_id, sizeof consumer->commit.transactional_id,
                 "%.240s%.240s.%.240s", consumer->bus->options.topic_prefix, subscription->member,
                 subscription->group);
    }
    int rc = start(consumer, subscription, err);
    if (rc) {
        kafka_unsubscribe(&consumer->base);
        return rc;
    }
    *ret_consumer = &consumer->base;
    return E_OK;
}

/* Leaves the group, within KAFKA_CLOSE_MS, or sooner where no answer is to be hoped for. Its last rebalance is served here. */
static void leave(struct kafka_consumer *consumer)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->client);
    int64_t deadline_ms = clock_mono_ms(clock_system()) +
                          (consumer->hastened ? KAFKA_HASTY_CLOSE_MS : KAFKA_CLOSE_MS);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->client, queue);
    if (error) rd_kafka_error_destroy(error);
    while (!error && !rd_kafka_consumer_closed(consumer->client) &&
           clock_mono_ms(clock_system()) < deadline_ms) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 50);
        if (!event) continue;
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
            rd_kafka_assign(consumer->client, NULL);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
}

void kafka_unsubscribe(struct bus_consumer *base)
{
    struct kafka_consumer *consumer = kafka_consumer_of(base);
    consumer->closing = true;
    ends_stop(consumer);
    commit_close(consumer);
    free_batches(consumer->open);
    free_batches(consumer->idle);
    if (consumer->queue) {
        rd_kafka_queue_io_event_enable(consumer->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(consumer->queue);
    }
    if (consumer->client) {
        leave(consumer);
        rd_kafka_destroy_flags(consumer->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    if (consumer->wake_fd >= 0) close(consumer->wake_fd);
    free_group(consumer);
    pthread_mutex_destroy(&consumer->lock);
    free(consumer->watch.found);
    free(consumer->owned);
    free(consumer);
}
