/* The ingest worker on a thread of this process, on an embedded bus in a folder of its own; callers that speak HTTP
 * over raw sockets; and the same bus from outside. Every wait is for something that must happen, and gives up after
 * four minutes. The CMakeLists wraps bus_produce() and clock_system(), so that a test can fail the one and turn the other. */
#ifndef VERBATIM_TESTS_INGEST_RIG_H
#define VERBATIM_TESTS_INGEST_RIG_H

#include "test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/backend.h"
#include "runtime/internal.h"
#include "workers/ingest/feed.h"
#include "workers/ingest/ingest.h"
#include "workers/ingest/state.h"

enum { RIG_WAIT_MS = 240000 };

static char rig_folder[64];

/* --- the clock: the system's, moved on by the test ------------------------------------------------ */

static atomic_int_fast64_t rig_ahead_ms;

const struct clock *__real_clock_system(void);
const struct clock *__wrap_clock_system(void);
static inline int64_t rig_wall_ms(void *self)
{
    (void)self;
    return clock_wall_ms(__real_clock_system()) + atomic_load(&rig_ahead_ms);
}
static inline int64_t rig_mono_ns(void *self)
{
    (void)self;
    return clock_mono_ns(__real_clock_system()) + atomic_load(&rig_ahead_ms) * 1000000;
}
const struct clock *__wrap_clock_system(void)
{
    static const struct clock clock = {rig_wall_ms, rig_mono_ns, NULL};
    return &clock;
}

#define RIG_AWAIT(condition)                                                                    \
    do {                                                                                        \
        int64_t until_ms = clock_mono_ms(__real_clock_system()) + RIG_WAIT_MS;                  \
        while (!(condition)) {                                                                  \
            assert_true(clock_mono_ms(__real_clock_system()) < until_ms);                       \
            poll(NULL, 0, 1);                                                                   \
        }                                                                                       \
    } while (0)

/* --- the bus, failing on demand ------------------------------------------------------------------------- */

enum { PRODUCE_WELL, PRODUCE_BUSY, PRODUCE_REFUSED, PRODUCE_LOST /* reported later as not written */, PRODUCE_HELD, PRODUCE_LARGE, PRODUCE_UNHEARD /* written, but reported as not */ };
static atomic_int rig_produce, rig_produced_calls;
static atomic_int rig_tell, rig_told_calls; /* the same for messages to the ledger */

struct lost_call {
    bus_on_done *on_done;
    void *user;
    uv_async_t *unused;
};
static struct lost_call rig_held; /* PRODUCE_HELD: until rig_give_up_held(); the loop's thread only */

int __real_bus_produce(struct bus_producer *producer, const struct bus_output *outputs, size_t count,
                       bus_on_done *on_done, void *user, struct err *err);
int __wrap_bus_produce(struct bus_producer *producer, const struct bus_output *outputs, size_t count,
                       bus_on_done *on_done, void *user, struct err *err);

static inline void rig_lose(void *user, const struct err *written)
{
    struct lost_call *call = user;
    struct err err;
    (void)written;
    err_set(&err, E_UNAVAILABLE, "no broker, says the test");
    call->on_done(call->user, &err);
    free(call);
}

int __wrap_bus_produce(struct bus_producer *producer, const struct bus_output *outputs, size_t count,
                       bus_on_done *on_done, void *user, struct err *err)
{
    bool told = count > 0 && outputs[0].topic == TOPIC_LEDGER;
    atomic_fetch_add(told ? &rig_told_calls : &rig_produced_calls, 1);
    int mode = atomic_load(told ? &rig_tell : &rig_produce);
    switch (mode) {
    case PRODUCE_BUSY: return err_set(err, E_BUSY, "full, says the test");
    case PRODUCE_REFUSED: return err_set(err, E_DISK_FULL, "no space, says the test");
    case PRODUCE_LARGE: return err_set(err, E_TOO_LARGE, "more than the broker takes, says the test");
    case PRODUCE_LOST:
    case PRODUCE_UNHEARD: {
        /* Goes the whole way with no record in it, so that the report comes as ever. */
        struct lost_call *call = calloc(1, sizeof *call);
        if (!call) abort();
        *call = (struct lost_call){.on_done = on_done, .user = user};
        return __real_bus_produce(producer, outputs, mode == PRODUCE_UNHEARD ? count : 0, rig_lose, call, err);
    }
    case PRODUCE_HELD: rig_held = (struct lost_call){.on_done = on_done, .user = user}; return E_OK;
    default: return __real_bus_produce(producer, outputs, count, on_done, user, err);
    }
}

static atomic_bool rig_gives_up; /* what is held: with the next look */
static inline void rig_give_up_held(void)
{
    struct err err;
    if (!rig_held.on_done || !atomic_exchange(&rig_gives_up, false)) return;
    err_set(&err, E_TIMEOUT, "not written, says the test");
    rig_held.on_done(rig_held.user, &err);
    rig_held = (struct lost_call){0};
}

/* --- life --------------------------------------------------------------------------------------------------- */

static inline void must(int rc, const struct err *err)
{
    if (rc == E_OK) return;
    fprintf(stderr, "%s: %s\n", err_name((enum err_code)rc), err->text);
    abort();
}

static inline int rig_remove_one(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)stat, (void)kind, (void)walk;
    return remove(path);
}

static inline int rig_setup(void **state)
{
    (void)state;
    atomic_store(&rig_produce, PRODUCE_WELL);
    atomic_store(&rig_tell, PRODUCE_WELL);
    atomic_store(&rig_ahead_ms, 0);
    snprintf(rig_folder, sizeof rig_folder, "/tmp/verbatim-ingest-XXXXXX");
    return mkdtemp(rig_folder) ? 0 : -1;
}

static inline int rig_teardown(void **state)
{
    (void)state;
    return nftw(rig_folder, rig_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* What the loop's thread knows, copied there: see rig_look(). */
struct look {
    struct http_counters counters;
    uint64_t posts_open;
    size_t waiters;
    bool draining;
};

struct rig {
    uv_async_t asked;
    atomic_uint looks;
    struct look look;
    struct config *config;
    struct runtime *runtime;
    pthread_t thread;
    struct err err;
    int rc;
    uint16_t port;
    struct bus *bus; /* from outside */
};

static inline struct config *rig_config(const char *const *settings)
{
    static const struct worker *const workers[] = {&ingest_worker};
    static const struct option_table **tables;
    const char *const defaults[] = {"bus.durable=false", "bus.size_limit=256M", "bus.partitions=3",
                                    "ingest.listen=127.0.0.1:0", "runtime.status_every=100ms",
                                    "runtime.log_level=error", "ingest.watch_every=20ms"};
    struct config *config;
    struct err err;
    char path[128];
    if (!tables) tables = runtime_tables(workers, 1);
    must(config_create(tables, &config, &err), &err);
    snprintf(path, sizeof path, "bus.path=%s/bus", rig_folder);
    must(config_set(config, str_of(path), "test", &err), &err);
    for (size_t i = 0; i < COUNT_OF(defaults); i++) must(config_set(config, str_of(defaults[i]), "test", &err), &err);
    for (; settings && *settings; settings++) must(config_set(config, str_of(*settings), "test", &err), &err);
    return config;
}

static inline void *rig_main(void *argument)
{
    struct rig *rig = argument;
    rig->rc = runtime_run(rig->runtime, &rig->err);
    return NULL;
}

static inline bool rig_ready(const struct rig *rig)
{
    struct runtime_progress progress;
    runtime_progress(rig->runtime, &progress);
    return progress.ready;
}

static inline struct ingest_state *rig_state(const struct rig *rig) { return rig->runtime->context.state; }

static inline void rig_on_asked(uv_async_t *asked)
{
    struct rig *rig = asked->data;
    const struct ingest_state *state = rig_state(rig);
    rig_give_up_held();
    rig->look.posts_open = state->posts_open;
    rig->look.waiters = state->feed->waiter_count;
    rig->look.draining = state->draining;
    if (state->server) rig->look.counters = *http_server_counters(state->server);
    atomic_fetch_add(&rig->looks, 1);
}

/* While the worker runs. */
static inline const struct look *rig_look(struct rig *rig)
{
    unsigned before = atomic_load(&rig->looks);
    uv_async_send(&rig->asked);
    RIG_AWAIT(atomic_load(&rig->looks) != before);
    return &rig->look;
}

static inline void rig_create_topics(struct rig *rig)
{
    struct err err;
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const struct bus_topic_settings settings = {.partitions = 3};
        bool created;
        must(bus_topic_create(rig->bus, (enum topic)i, &settings, &created, &err), &err);
    }
}

/* `settings` ends with NULL, and may be NULL. */
static inline void rig_start(struct rig *rig, const char *const *settings)
{
    struct err err;
    memset(rig, 0, sizeof *rig);
    rig->config = rig_config(settings);
    must(bus_open(rig->config, __real_clock_system(), &rig->bus, &err), &err);
    rig_create_topics(rig);
    must(runtime_create(&ingest_worker, rig->config, &rig->runtime, &err), &err);
    uv_async_init(&rig->runtime->loop, &rig->asked, rig_on_asked);
    rig->asked.data = rig;
    if (pthread_create(&rig->thread, NULL, rig_main, rig)) abort();
    RIG_AWAIT(rig_ready(rig));
    if (rig_state(rig)->server) rig->port = http_server_port(rig_state(rig)->server);
}

static inline int rig_stop(struct rig *rig)
{
    runtime_stop(rig->runtime);
    pthread_join(rig->thread, NULL);
    runtime_destroy(rig->runtime);
    bus_close(rig->bus);
    config_destroy(rig->config);
    return rig->rc;
}

/* What runtime_run() says of settings that it should refuse. */
static inline int rig_refusal(const char *const *settings, struct err *err)
{
    struct config *config = rig_config(settings);
    struct runtime *runtime;
    must(runtime_create(&ingest_worker, config, &runtime, err), err);
    int rc = runtime_run(runtime, err);
    runtime_destroy(runtime);
    config_destroy(config);
    return rc;
}

/* --- callers -------------------------------------------------------------------------------------------------- */

static inline int caller_connect(const struct rig *rig)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(rig->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* The server may refuse and close while we still send. */
static inline void caller_send(int fd, struct str bytes)
{
    while (bytes.size) {
        ssize_t sent = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes = str_slice(bytes, (size_t)sent, bytes.size);
    }
}

/* Reads on until `until` is in `in`, or the end (false). */
static inline bool caller_read_until(int fd, struct buffer *in, const char *until)
{
    int64_t deadline_ms = clock_mono_ms(__real_clock_system()) + RIG_WAIT_MS;
    while (str_find(buffer_str(in), str_of(until)) == in->size) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        char room[65536];
        assert_true(clock_mono_ms(__real_clock_system()) < deadline_ms);
        if (poll(&ready, 1, 100) <= 0) continue;
        ssize_t got = recv(fd, room, sizeof room, 0);
        if (got <= 0) return false;
        buffer_append(in, room, (size_t)got);
    }
    return true;
}

struct answer {
    int status;
    struct buffer bytes;   /* head and body */
    struct str head, body; /* views of it */
};

static inline void answer_free(struct answer *answer) { buffer_deinit(&answer->bytes); }

/* "connection: close" is asked for, so the answer ends with the connection. */
static inline void caller_finish(int fd, struct answer *answer)
{
    *answer = (struct answer){0};
    while (caller_read_until(fd, &answer->bytes, "\001never\001")) continue;
    close(fd);
    struct str all = buffer_str(&answer->bytes);
    size_t end = str_find(all, STR("\r\n\r\n"));
    answer->head = str_slice(all, 0, end);
    answer->body = str_slice(all, end + 4, all.size);
    uint64_t status = 0;
    if (all.size > 12 && str_to_u64(str_slice(all, 9, 12), &status)) answer->status = (int)status;
}

static inline void caller_ask(const struct rig *rig, const char *method, const char *target, const char *headers,
                              struct str body, struct answer *answer)
{
    struct buffer request = {0};
    int fd = caller_connect(rig);
    buffer_printf(&request, "%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s", method, target, headers ? headers : "");
    if (body.data) buffer_printf(&request, "Content-Length: %zu\r\n", body.size);
    buffer_add(&request, STR("\r\n"));
    buffer_add(&request, body);
    caller_send(fd, buffer_str(&request));
    buffer_deinit(&request);
    caller_finish(fd, answer);
}

#define JSON_TYPE "Content-Type: application/json\r\n"

static inline void caller_post(const struct rig *rig, const char *headers, const char *body, struct answer *answer)
{
    caller_ask(rig, "POST", "/v1/feedback", headers, str_of(body), answer);
}

static inline bool holds(struct str text, const char *part) { return str_find(text, str_of(part)) < text.size || !part[0]; }

/* The string value of a member of flat JSON. */
static inline struct str member_of(struct str json, const char *name, char out[static 128])
{
    char needle[64];
    snprintf(needle, sizeof needle, "\"%s\":\"", name);
    size_t at = str_find(json, str_of(needle));
    struct str rest = str_slice(json, at + strlen(needle), json.size);
    rest = str_slice(rest, 0, str_find(rest, STR("\"")));
    snprintf(out, 128, "%.*s", STR_ARGS(rest));
    return str_of(out);
}

/* --- the bus from outside ---------------------------------------------------------------------------------------- */

struct seen {
    struct arena arena;
    struct record record;
    struct feedback feedback;
    char key[256], traceparent[64], id[160];
};

typedef void on_seen(void *user, const struct seen *seen);

/* Reads what the feedback topic holds, from its start to its end now. Returns how many. */
static inline size_t rig_read_feedback(struct rig *rig, on_seen *on_record, void *user)
{
    const enum topic topic = TOPIC_FEEDBACK;
    struct bus_subscription subscription = {.member = "outside", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
    struct bus_consumer *reader;
    struct bus_batch batch;
    struct err err;
    size_t count = 0;
    must(bus_subscribe(rig->bus, &subscription, &reader, &err), &err);
    do {
        must(bus_poll(reader, 500, 8 << 20, &batch, &err), &err);
        for (uint32_t i = 0; i < batch.count; i++, count++) {
            struct seen seen = {.traceparent = ""};
            must(record_scan(batch.messages[i].value, &seen.arena, &seen.record, &err), &err);
            must(record_decode(&seen.record, SECTION_FEEDBACK, &seen.feedback, &seen.arena, &err), &err);
            snprintf(seen.key, sizeof seen.key, "%.*s", STR_ARGS(batch.messages[i].key));
            snprintf(seen.id, sizeof seen.id, "%.*s", STR_ARGS(seen.record.id));
            snprintf(seen.traceparent, sizeof seen.traceparent, "%.*s", STR_ARGS(header_find(&batch.messages[i], STR("traceparent"))));
            if (on_record) on_record(user, &seen);
            arena_deinit(&seen.arena);
        }
        uint32_t got = batch.count;
        bus_release(reader, &batch);
        if (got == 0) break;
    } while (true);
    bus_unsubscribe(reader);
    return count;
}

static inline void rig_on_done(void *user, const struct err *err)
{
    if (err) abort();
    *(int *)user = 1;
}

/* On the insights topic; `key` chooses the partition. */
static inline void rig_publish_message(struct rig *rig, const char *key, struct str message)
{
    struct bus_producer *producer;
    struct err err;
    int done = 0;
    struct bus_output output = {.topic = TOPIC_INSIGHTS, .timestamp_ms = 1, .key = str_of(key), .value = message};
    must(bus_producer_open(rig->bus, "outside", &producer, &err), &err);
    must(__real_bus_produce(producer, &output, 1, rig_on_done, &done, &err), &err);
    must(bus_producer_flush(producer, RIG_WAIT_MS, &err), &err);
    assert_true(done);
    bus_producer_close(producer);
}

/* As the pipeline would: an insight. */
static inline void rig_publish(struct rig *rig, const char *id, const char *key, const char *tenant, const char *product,
                               uint32_t safety_state, uint32_t label)
{
    struct arena arena = {0};
    struct record record = {.version = RECORD_VERSION, .id = str_of(id)};
    struct feedback feedback = {0};
    struct safety safety = {0};
    struct insight insight = {0};
    struct str message;
    struct err err;
    if (tenant) shape_set(feedback, &feedback, tenant, str_of(tenant));
    shape_set(feedback, &feedback, product, str_of(product));
    shape_set(safety, &safety, state, safety_state);
    shape_set(safety, &safety, serious, false);
    shape_set(insight, &insight, provider, STR("test"));
    struct sentiment sentiment = {0};
    shape_set(sentiment, &sentiment, label, label);
    shape_set(sentiment, &sentiment, score, 0.5f);
    shape_set(insight, &insight, sentiment, sentiment);
    must(record_put(&record, SECTION_FEEDBACK, &feedback, &arena, &err), &err);
    must(record_put(&record, SECTION_SAFETY, &safety, &arena, &err), &err);
    must(record_put(&record, SECTION_INSIGHT, &insight, &arena, &err), &err);
    must(record_write(&record, &arena, &message, &err), &err);
    rig_publish_message(rig, key, message);
    arena_deinit(&arena);
}

#endif
