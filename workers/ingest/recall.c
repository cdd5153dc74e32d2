/* Which records are finished, for posts that come again and would wait for what has passed.
 *
 * Nothing is remembered before somebody first waits; then the newest that have passed are read once
 * more (lookback.c), and from then on each insight that passes leaves a mark, and its JSON if a post
 * waited for it. So a caller who lost his answer gets it when he asks again, and one who asks for
 * what is finished has it from its place on the bus. Bounded: marks push each other out, the oldest
 * of four first, and texts go where their room is spent; who is forgotten waits. */
#include <stdlib.h>

#include "base/hash.h"
#include "workers/ingest/feed.h"

enum {
    SETS = 4096, WAYS = 4,
    TEXTS_BYTES = 4 << 20,
    TEXT_BYTES = 32 << 10, /* a longer one isn't kept */
};

struct trace {
    uint64_t mark; /* hash of the id; 0: free */
    char *text;    /* the id, and the insight behind it */
    uint32_t id_bytes, text_bytes, age, partition;
    int64_t offset; /* where it is on the bus; -1: nobody knows */
    bool finished;
};

struct recall {
    struct trace traces[SETS][WAYS];
    uint64_t seed; /* nobody shall be able to choose ids with one mark */
    size_t texts_bytes, hand;
    uint32_t clock;
};

static uint64_t mark_of(const struct recall *recall, struct str id)
{
    uint64_t mark = hash_fast(id, recall->seed);
    return mark ? mark : 1;
}

static struct trace *find(const struct feed *feed, struct str id)
{
    struct recall *recall = feed->recall;
    if (!recall) return NULL;
    uint64_t mark = mark_of(recall, id);
    struct trace *set = recall->traces[mark % SETS];
    for (int way = 0; way < WAYS; way++)
        if (set[way].mark == mark) return &set[way];
    return NULL;
}

static void drop_text(struct recall *recall, struct trace *trace)
{
    recall->texts_bytes -= trace->text_bytes;
    free(trace->text);
    trace->text = NULL;
    trace->id_bytes = trace->text_bytes = 0;
}

/* The trace of this id, in the place of the set's oldest where it is new. */
static struct trace *trace_of(struct feed *feed, struct str id)
{
    struct recall *recall = feed->recall;
    struct trace *trace = find(feed, id);
    if (trace) return trace;
    uint64_t mark = mark_of(recall, id);
    struct trace *set = recall->traces[mark % SETS], *oldest = set;
    for (int way = 1; way < WAYS; way++)
        if (oldest->mark && (!set[way].mark || set[way].age < oldest->age)) oldest = &set[way];
    drop_text(recall, oldest);
    *oldest = (struct trace){.mark = mark, .age = ++recall->clock, .offset = -1};
    return oldest;
}

static void keep_text(struct recall *recall, struct trace *trace, struct str id, struct str json)
{
    size_t size = id.size + json.size;
    drop_text(recall, trace);
    if (size > TEXT_BYTES) return;
    for (; recall->texts_bytes + size > TEXTS_BYTES; recall->hand++)
        drop_text(recall, &recall->traces[recall->hand / WAYS % SETS][recall->hand % WAYS]);
    trace->text = malloc(size);
    if (!trace->text) return; /* it is finished all the same */
    memcpy(trace->text, id.data, id.size);
    memcpy(trace->text + id.size, json.data, json.size);
    trace->id_bytes = (uint32_t)id.size;
    trace->text_bytes = (uint32_t)size;
    recall->texts_bytes += size;
}

bool recall_await(struct feed *feed, struct str id)
{
    if (!feed->recall) {
        feed->recall = calloc(1, sizeof *feed->recall);
        if (!feed->recall) return true; /* nothing is remembered, then */
        feed->recall->seed = random_u64(feed->state->context->random);
    }
    struct trace *trace = trace_of(feed, id);
    if (trace->finished &&
        (trace->offset < 0 || !lookback_one(feed, id, trace->partition, trace->offset)))
        return false;
    trace->finished = false;
    return true;
}

bool recall_wants(const struct feed *feed, struct str id)
{
    const struct trace *trace = find(feed, id);
    return trace && !trace->finished;
}

void recall_take(struct feed *feed, struct str id, const struct bus_message *message,
                 struct str json)
{
    if (!feed->recall) return;
    bool wanted = recall_wants(feed, id);
    struct trace *trace = trace_of(feed, id);
    trace->finished = true;
    trace->partition = message->partition;
    trace->offset = message->partition < PARTITIONS_MAX ? message->offset : -1;
    if (wanted && json.size) keep_text(feed->recall, trace, id, json);
}

bool feed_recall(struct feed *feed, struct str id, struct str *ret_json)
{
    const struct trace *trace = find(feed, id);
    if (!trace || !trace->finished) return false;
    struct str kept = str_make(trace->text, trace->text_bytes);
    if (!kept.size || !str_equal(str_slice(kept, 0, trace->id_bytes), id)) return false;
    *ret_json = str_slice(kept, trace->id_bytes, kept.size);
    return true;
}

void recall_free(struct feed *feed)
{
    for (size_t i = 0; feed->recall && i < (size_t)SETS * WAYS; i++)
        free(feed->recall->traces[i / WAYS][i % WAYS].text);
    free(feed->recall);
    feed->recall = NULL;
}
