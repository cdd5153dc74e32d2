/* A world for the archive in one thread: a topic's messages, what is committed, a store in memory,
 * and members that read, archive and commit step by step, as the test says. Real flow, real
 * archive. */
#ifndef VERBATIM_TEST_ARCHIVE_RIG_H
#define VERBATIM_TEST_ARCHIVE_RIG_H

#include "archive/line.h"
#include "archive/lines.h"
#include "archive/manifest.h"
#include "bus/backend.h"
#include "memory_store.h"
#include "runtime/flow.h"
#include "must.h"
#include "workers/logsink/archive.h"

enum { RIG_PARTITIONS = 3, RIG_MESSAGES_MAX = 1024 };
#define RIG_START_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct world {
    struct memory_store *store;
    struct clock_manual clock;
    struct random random;
    uint64_t seed;      /* of a schedule by chance; 0: none */
    struct arena arena; /* of the messages */
    struct bus_message messages[RIG_PARTITIONS][RIG_MESSAGES_MAX];
    uint32_t count[RIG_PARTITIONS];
    int64_t committed[RIG_PARTITIONS];
};

struct member {
    struct world *world;
    struct worker worker;
    struct worker_context context;
    struct bus_consumer consumer;
    struct flow flow;
    struct archive archive;
    struct task *first, **end; /* started, not run yet */
    uint32_t task_count;
    uint32_t position[RIG_PARTITIONS]; /* next to read: an index */
};

/* --- messages -------------------------------------------------------------------------------- */

static struct str rig_record(struct world *world, const char *id, const char *text)
{
    struct record record = {.version = RECORD_VERSION, .id = arena_copy(&world->arena, str_of(id))};
    struct feedback feedback = {0};
    struct str value;
    struct err err;
    shape_set(feedback, &feedback, text, str_of(text));
    assert_int_equal(record_put(&record, SECTION_FEEDBACK, &feedback, &world->arena, &err), E_OK);
    assert_int_equal(record_write(&record, &world->arena, &value, &err), E_OK);
    return value;
}

static struct bus_message *rig_add_raw(struct world *world, uint32_t partition, int64_t offset,
                                       int64_t timestamp_ms, struct str value)
{
    assert_true(world->count[partition] < RIG_MESSAGES_MAX);
    struct bus_message *message = &world->messages[partition][world->count[partition]++];
    *message = (struct bus_message){.topic = TOPIC_FEEDBACK,
                                    .partition = partition,
                                    .offset = offset,
                                    .timestamp_ms = timestamp_ms,
                                    .key = STR("customer"),
                                    .value = value};
    return message;
}

/* `count` records, a second apart, at the next offsets. */
static inline void rig_add(struct world *world, uint32_t partition, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char id[32], text[64];
        uint32_t at = world->count[partition];
        int64_t offset = at ? world->messages[partition][at - 1].offset + 1 : 0;
        snprintf(id, sizeof id, "id-%u-%lld", partition, (long long)offset);
        snprintf(text, sizeof text, "text %u of partition %u", at, partition);
        rig_add_raw(world, partition, offset, RIG_START_MS + at * 1000,
                    rig_record(world, id, text));
    }
}

static void world_init(struct world *world)
{
    *world = (struct world){.store = memory_create()};
    clock_manual_init(&world->clock, RIG_START_MS);
    random_seed(&world->random, 1);
}

static void world_deinit(struct world *world)
{
    memory_destroy(world->store);
    arena_deinit(&world->arena);
}

/* --- members --------------------------------------------------------------------------------- */

static struct archive *rig_archive(struct worker_context *context)
{
    return &((struct member *)context->state)->archive;
}

static int rig_process(struct worker_context *context, struct job *job, struct err *err)
{
    return archive_take(rig_archive(context), job, err);
}

static int64_t rig_durable(struct worker_context *context, enum topic topic, uint32_t partition)
{
    return archive_durable(rig_archive(context), topic, partition);
}

static void rig_release(struct bus_consumer *consumer, struct bus_batch *batch)
{
    (void)consumer;
    free(batch->messages);
}
static const struct bus_backend rig_backend = {.release = rig_release};

static void rig_start(void *user, struct task *task)
{
    struct member *member = user;
    task->next = NULL;
    *member->end = task;
    member->end = &task->next;
    member->task_count++;
}

static struct archive_options rig_options(void)
{
    return (struct archive_options){.count = 1000,
                                    .bytes = 1 << 20,
                                    .age_ms = 60000,
                                    .memory_bytes = 16 << 20,
                                    .calls = 2,
                                    .backoff_least_ms = 100,
                                    .backoff_most_ms = 1000,
                                    .keep = {.level = 1, .part_bytes = 16 << 20}};
}

static void member_assign(struct member *member)
{
    for (uint32_t p = 0; p < RIG_PARTITIONS; p++) {
        const struct world *world = member->world;
        member->position[p] = 0;
        while (member->position[p] < world->count[p] &&
               world->messages[p][member->position[p]].offset < world->committed[p])
            member->position[p]++;
    }
}

static int member_open(struct member *member, struct world *world, struct archive_options options,
                       struct err *err)
{
    const struct flow_limits limits = {.batches = 64,
                                       .attempts = 3,
                                       .backoff_least_ms = 1,
                                       .backoff_most_ms = 2,
                                       .transaction_records = 100000,
                                       .dead_letter_bytes = 1000};
    *member = (struct member){.world = world, .consumer = {&rig_backend}, .end = &member->first};
    member->worker = (struct worker){.name = "logsink",
                                     .consumes = TOPICS(FEEDBACK),
                                     .raw = true,
                                     .process = rig_process,
                                     .durable = rig_durable};
    member->context = (struct worker_context){.worker = &member->worker,
                                              .state = member,
                                              .clock = &world->clock.clock,
                                              .random = &world->random,
                                              .member = "logsink-0"};
    flow_init(&member->flow, &member->context, &member->consumer, &limits);
    int rc = archive_init(&member->archive, &options, &member->context, rig_start, member, err);
    if (rc == E_OK) member_assign(member);
    return rc;
}

static void member_init(struct member *member, struct world *world, struct archive_options options)
{
    struct err err;
    assert_int_equal(member_open(member, world, options, &err), E_OK);
}

/* Takes in up to `count` messages of the partition. */
static void member_read(struct member *member, uint32_t partition, uint32_t count)
{
    struct err err;
    uint32_t left = member->world->count[partition] - member->position[partition];
    if (count > left) count = left;
    if (count == 0 || !flow_has_room(&member->flow)) return;
    struct bus_batch batch = {.messages = calloc(count, sizeof *batch.messages), .count = count};
    if (!batch.messages) abort();
    memcpy(batch.messages, &member->world->messages[partition][member->position[partition]],
           count * sizeof *batch.messages);
    member->position[partition] += count;
    assert_int_equal(flow_take(&member->flow, &batch, &err), E_OK);
    flow_run(&member->flow, count);
}

static void member_commit(struct member *member)
{
    if (!flow_gather(&member->flow)) return;
    assert_int_equal(member->flow.output_count, 0);
    for (size_t i = 0; i < member->flow.position_count; i++)
        member->world->committed[member->flow.positions[i].partition] =
            member->flow.positions[i].offset;
    flow_committed(&member->flow);
}

/* Runs the oldest call; false: there is none. */
static bool member_call(struct member *member)
{
    struct task *task = member->first;
    if (!task) return false;
    member->first = task->next;
    if (!member->first) member->end = &member->first;
    member->task_count--;
    task_run(task, &member->world->store->base);
    archive_done(&member->archive, task);
    return true;
}

static void member_calls(struct member *member)
{
    while (member_call(member)) {
    }
}

static inline void member_rewind(struct member *member)
{
    flow_drop_all(&member->flow);
    archive_rewound(&member->archive);
    member_assign(member);
}

/* As kill -9: nothing more is done. */
static void member_kill(struct member *member)
{
    flow_drop_all(&member->flow);
    archive_rewound(&member->archive);
    while (member->first) {
        struct task *task = member->first;
        member->first = task->next;
        task_destroy(task);
    }
    archive_deinit(&member->archive);
    flow_deinit(&member->flow);
}

/* Reads, stores and commits all that there is, as a stop does. */
static void member_finish(struct member *member)
{
    for (uint32_t p = 0; p < RIG_PARTITIONS; p++) member_read(member, p, RIG_MESSAGES_MAX);
    archive_drain(&member->archive);
    for (int turn = 0; turn < 1000 && archive_draining(&member->archive); turn++) {
        member_calls(member);
        clock_manual_advance(&member->world->clock, 2000); /* past any back-off */
        archive_tick(&member->archive);
    }
    if (member->flow.fatal.code) fail_msg("stopped: %s", member->flow.fatal.text);
    assert_false(archive_draining(&member->archive));
    member_commit(member);
}

/* --- the judge ------------------------------------------------------------------------------- */

static void judge_line(const struct world *world, uint32_t partition, struct str line,
                       uint32_t *seen)
{
    struct arena arena = {0};
    struct line_identity identity = {0};
    struct err err = {0};
    must(line_identify(line, &arena, &identity, &err), &err);
    for (uint32_t i = 0; i < world->count[partition]; i++)
        if (world->messages[partition][i].offset == identity.offset) seen[i]++;
    arena_deinit(&arena);
}

/* Every message is in the store's objects exactly once, and each manifest fits its object. */
static void judge(const struct world *world)
{
    static uint32_t seen[RIG_PARTITIONS][RIG_MESSAGES_MAX];
    size_t objects = 0, manifests = 0;
    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < world->store->count; i++) {
        const struct memory_object *object = &world->store->objects[i];
        struct str bytes = str_make(object->bytes, object->size), line;
        struct line_reader reader;
        struct object_facts facts;
        struct err err = {0};
        char key[LAYOUT_KEY_BYTES];
        if (str_starts(str_of(object->key), STR("manifests/"))) {
            manifests++;
            continue;
        }
        objects++;
        uint32_t partition = RIG_PARTITIONS;
        sscanf(object->key, "feedback/date=%*10c/%u/", &partition);
        assert_true(partition < RIG_PARTITIONS);
        assert_int_equal(line_reader_init(&reader, &bytes, 1, &err), E_OK);
        while (line_reader_next(&reader, &line, &err) == E_OK && line.data)
            judge_line(world, partition, line, seen[partition]);
        line_reader_deinit(&reader);
        if (object_read_facts(bytes, TOPIC_FEEDBACK, partition, &facts, &err))
            fail_msg("%s: %s", object->key, err.text);
        layout_object_key(TOPIC_FEEDBACK, partition, facts.span.start, facts.first_ms, key);
        assert_string_equal(key, object->key);
        layout_manifest_key(TOPIC_FEEDBACK, partition, facts.span, key);
        struct buffer wanted = {0};
        manifest_write(&facts, &wanted);
        assert_true(str_equal(memory_get_object(world->store, str_of(key)), buffer_str(&wanted)));
        buffer_deinit(&wanted);
    }
    assert_int_equal(objects, manifests);
    for (uint32_t p = 0; p < RIG_PARTITIONS; p++)
        for (uint32_t i = 0; i < world->count[p]; i++)
            if (seen[p][i] != 1)
                fail_msg("seed %llu: message %u of partition %u is there %u times",
                         (unsigned long long)world->seed, i, p, seen[p][i]);
}

static inline size_t objects_of(const struct world *world)
{
    size_t count = 0;
    for (size_t i = 0; i < world->store->count; i++)
        count += !str_starts(str_of(world->store->objects[i].key), STR("manifests/"));
    return count;
}

static inline bool has_key(const struct world *world, const char *key)
{
    return memory_get_object(world->store, str_of(key)).data != NULL;
}

#define OBJECT(start)        "feedback/date=2026-01-01/0/" start ".ndjson.zst"
#define MANIFEST(end, start) "manifests/feedback/0/" end "-" start ".json"

#endif
