/* Members of a group on the embedded bus, with the hands of the clock turned by the test. */
#ifndef VERBATIM_TEST_EMBEDDED_GROUP_RIG_H
#define VERBATIM_TEST_EMBEDDED_GROUP_RIG_H

#include "must.h"

#include "test_embedded_rig.h"

struct events { size_t assigned, revoked; };

static inline void on_assigned(void *user, const struct bus_position *partitions, size_t count)
{
    (void)partitions;
    ((struct events *)user)->assigned += count;
}

static inline void on_revoked(void *user, const struct bus_position *partitions, size_t count)
{
    (void)partitions;
    ((struct events *)user)->revoked += count;
}

struct rig {
    struct clock_manual clock;
    struct bus *bus;
};

static inline void rig_start(struct rig *rig, const struct bus_options *options)
{
    own_folder_make(NULL);
    clock_manual_init(&rig->clock, 1700000000000);
    clock_manual_advance(&rig->clock, 3600000);
    struct bus_options chosen = options ? *options : rig_options();
    chosen.path = own_folder;
    rig->bus = rig_open(&chosen, &rig->clock.clock);
}

static inline void rig_stop(struct rig *rig)
{
    bus_close(rig->bus);
    own_folder_remove(NULL);
}

static inline struct bus_consumer *member(struct rig *rig, const char *name, struct events *events)
{
    static const enum topic topic = TOPIC_FEEDBACK;
    struct bus_consumer *consumer;
    struct err err;
    const struct bus_subscription subscription = {
        .group = "g", .member = name, .topics = &topic, .topic_count = 1,
        .on_assigned = on_assigned, .on_revoked = on_revoked, .user = events};
    must(bus_subscribe(rig->bus, &subscription, &consumer, &err), &err);
    return consumer;
}

static inline int poll_for(struct bus_consumer *consumer, uint32_t *ret_count)
{
    struct bus_batch batch = {0};
    struct err err;
    int rc = bus_poll(consumer, 1000, 1 << 20, &batch, &err);
    *ret_count = batch.count;
    if (rc == E_OK) bus_release(consumer, &batch);
    return rc;
}

static inline int commit_values(struct rig *rig, struct bus_consumer *consumer, int count,
                                size_t bytes, struct err *err)
{
    struct bus_output outputs[64];
    char *value = calloc(1, bytes + 1);
    char keys[64][16];
    (void)rig;
    for (int i = 0; i < count; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        outputs[i] = (struct bus_output){
            .topic = TOPIC_FEEDBACK, .key = str_of(keys[i]), .value = {value, bytes},
            .timestamp_ms = 42};
    }
    int rc = bus_commit(consumer, outputs, (size_t)count, NULL, 0, err);
    free(value);
    return rc;
}

static struct bus_consumer *writer_of(struct rig *rig) /* a reader without a group may write, too */
{
    static const enum topic topic = TOPIC_AUDIT;
    struct bus_consumer *consumer;
    struct err err;
    must(bus_subscribe(rig->bus, &(struct bus_subscription){.topics = &topic, .topic_count = 1},
                       &consumer, &err),
         &err);
    return consumer;
}

#endif
