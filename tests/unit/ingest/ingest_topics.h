/* The worker's bus from outside: what it wrote onto `feedback`, and insights as the pipeline
 * would write them. */
#ifndef VERBATIM_TESTS_INGEST_TOPICS_H
#define VERBATIM_TESTS_INGEST_TOPICS_H

#include "ingest_rig.h"

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
    struct bus_subscription subscription = {
        .member = "outside", .topics = &topic, .topic_count = 1, .start = BUS_EARLIEST};
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
            must(record_decode(&seen.record, SECTION_FEEDBACK, &seen.feedback, &seen.arena, &err),
                 &err);
            snprintf(seen.key, sizeof seen.key, "%.*s", STR_ARGS(batch.messages[i].key));
            snprintf(seen.id, sizeof seen.id, "%.*s", STR_ARGS(seen.record.id));
            snprintf(seen.traceparent, sizeof seen.traceparent, "%.*s",
                     STR_ARGS(header_find(&batch.messages[i], STR("traceparent"))));
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
    struct bus_header whom = {STR(HEADER_FOR), str_of(rig->whom ? rig->whom : "")};
    struct bus_output output = {
        .topic = TOPIC_INSIGHTS, .timestamp_ms = 1, .key = str_of(key), .value = message,
        .headers = &whom, .header_count = rig->whom != NULL};
    must(bus_producer_open(rig->bus, "outside", &producer, &err), &err);
    must(__real_bus_produce(producer, &output, 1, rig_on_done, &done, &err), &err);
    must(bus_producer_flush(producer, RIG_WAIT_MS, &err), &err);
    assert_true(done);
    bus_producer_close(producer);
}

/* As the pipeline would: an insight. text: empty, or what the document says. */
static inline void rig_publish_text(struct rig *rig, const char *id, const char *key,
                                    const char *tenant, const char *product, uint32_t safety_state,
                                    uint32_t label, struct str text)
{
    struct arena arena = {0};
    struct record record = {.version = RECORD_VERSION, .id = str_of(id)};
    struct feedback feedback = {0};
    struct safety safety = {0};
    struct insight insight = {0};
    struct document document = {0};
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
    if (text.size) {
        shape_set(document, &document, text, text);
        must(record_put(&record, SECTION_DOCUMENT, &document, &arena, &err), &err);
    }
    must(record_put(&record, SECTION_SAFETY, &safety, &arena, &err), &err);
    must(record_put(&record, SECTION_INSIGHT, &insight, &arena, &err), &err);
    must(record_write(&record, &arena, &message, &err), &err);
    rig_publish_message(rig, key, message);
    arena_deinit(&arena);
}

static inline void rig_publish(struct rig *rig, const char *id, const char *key, const char *tenant,
                               const char *product, uint32_t safety_state, uint32_t label)
{
    rig_publish_text(rig, id, key, tenant, product, safety_state, label, STR(""));
}

#endif
