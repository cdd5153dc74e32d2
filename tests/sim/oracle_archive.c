/* The archive against the topics: each committed message is one line of one object, byte for byte
 * as line.h says; objects and manifests name each other; spans follow each other. */
#include "archive/line.h"
#include "archive/lines.h"
#include "archive/manifest.h"
#include "tests/sim/bus.h"
#include "tests/sim/oracle.h"
#include "tests/sim/store.h"
#include "workers/logsink/line.h"

static struct arena arena;
static uint8_t *archived[TOPIC_COUNT][SIM_PARTITIONS_MAX];

static void check_line(enum topic topic, uint32_t partition, struct str line, struct str key,
                       int64_t *last)
{
    struct line_identity identity;
    struct err err;
    struct buffer ours = {0};
    bool raw;
    const struct log *log = &sim_logs[topic][partition];
    if (line_identify(line, &arena, &identity, &err) || identity.offset < 0 ||
        (size_t)identity.offset >= log->count || !log_is_data(&log->entries[identity.offset])) {
        broken("%.*s: a line of what isn't there: %.*s", STR_ARGS(key),
               STR_ARGS(str_slice(line, 0, 99)));
        return;
    }
    if (identity.offset <= *last) broken("%.*s: lines out of order", STR_ARGS(key));
    *last = identity.offset;
    if (archived[topic][partition][identity.offset]++)
        broken("%.*s: doubled: %s/%u@%lld is in another object too", STR_ARGS(key),
               topic_info(topic)->name, partition, (long long)identity.offset);
    if (line_write(&log->entries[identity.offset].message, &arena, &ours, &raw, &err)) abort();
    if (!str_equal(line, str_slice(buffer_str(&ours), 0, ours.size - 1)))
        broken("%.*s: offset %lld isn't the message", STR_ARGS(key), (long long)identity.offset);
    buffer_deinit(&ours);
}

/* "TOPIC/date=…/PARTITION/START.ndjson.zst" */
static void check_object(enum topic topic, const struct sim_object *object)
{
    struct str rest = object->key, line;
    struct line_reader reader;
    struct err err;
    uint64_t partition, start;
    int64_t last = -1, first = -1;
    str_cut(&rest, '/'), str_cut(&rest, '/');
    if (!str_to_u64(str_cut(&rest, '/'), &partition) || partition >= sim.partitions ||
        !str_to_u64(str_slice(rest, 0, 20), &start)) {
        broken("%.*s: a name that isn't ours", STR_ARGS(object->key));
        return;
    }
    if (line_reader_init(&reader, &object->body, 1, &err)) abort();
    for (;;) {
        arena_reset(&arena);
        if (line_reader_next(&reader, &line, &err))
            broken("%.*s: %s", STR_ARGS(object->key), err.text);
        if (sim.failed || !line.data) break;
        check_line(topic, (uint32_t)partition, line, object->key, &last);
        if (first < 0) first = last;
    }
    line_reader_deinit(&reader);
    if (!sim.failed && first != (int64_t)start)
        broken("%.*s begins at offset %lld", STR_ARGS(object->key), (long long)first);
}

static size_t check_manifests(enum topic topic, uint32_t partition)
{
    char prefix[LAYOUT_KEY_BYTES];
    size_t count = 0;
    int64_t end = 0;
    layout_manifest_prefix(topic, partition, prefix);
    for (size_t i = 0; i < sim_objects.count && !sim.failed; i++) {
        const struct sim_object *object = &sim_objects.items[i];
        struct span_of_offsets span;
        struct manifest manifest;
        struct err err;
        if (!str_starts(object->key, str_of(prefix))) continue;
        count++;
        arena_reset(&arena);
        if (!layout_manifest_span(object->key, &span) || span.start < end)
            broken("%.*s begins before %lld", STR_ARGS(object->key), (long long)end);
        else if (manifest_read(object->body, &arena, &manifest, &err) ||
                 !sim_store_find(manifest.object))
            broken("%.*s names no object", STR_ARGS(object->key));
        end = span.end;
    }
    return count;
}

static void check_complete(enum topic topic, uint32_t partition)
{
    const struct log *log = &sim_logs[topic][partition];
    for (size_t i = 0; i < log->count && !sim.failed; i++)
        if (log_is_data(&log->entries[i]) && !archived[topic][partition][i])
            broken("lost: %s/%u@%zu isn't in the archive", topic_info(topic)->name, partition, i);
}

static void check_topic(enum topic topic, bool complete)
{
    char prefix[64];
    size_t objects = 0, manifests = 0;
    snprintf(prefix, sizeof prefix, "%s/", topic_info(topic)->name);
    for (size_t i = 0; i < sim_objects.count && !sim.failed; i++) {
        if (!str_starts(sim_objects.items[i].key, str_of(prefix))) continue;
        check_object(topic, &sim_objects.items[i]);
        objects++;
    }
    for (uint32_t i = 0; i < sim.partitions; i++) {
        manifests += check_manifests(topic, i);
        if (complete) check_complete(topic, i);
    }
    if (objects != manifests)
        broken("%s: %zu objects and %zu manifests", topic_info(topic)->name, objects, manifests);
}

void oracle_archive(bool all_run)
{
    for (int i = 0; i < TOPIC_COUNT; i++)
        for (uint32_t j = 0; j < sim.partitions; j++)
            archived[i][j] = sim_alloc(sim_logs[i][j].count + 1);
    /* The last to stop may leave a status of its own. */
    for (int i = 0; i < TOPIC_COUNT && !sim.failed; i++)
        check_topic((enum topic)i, all_run || (i != TOPIC_AUDIT && i != TOPIC_LEDGER));
    arena_deinit(&arena);
    arena = (struct arena){0};
}
