/* Keys that are there against keys that should be. */
#include "archive/objects.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"

void objects_deinit(struct objects *objects)
{
    free(objects->known);
    free(objects->ends);
    *objects = (struct objects){0};
}

bool objects_add(struct objects *objects, const struct manifest *manifest)
{
    const struct object_facts *facts = &manifest->facts;
    if (!array_fits(&objects->known, &objects->capacity, objects->count + 1,
                    sizeof *objects->known) ||
        !array_fits(&objects->ends, &objects->end_capacity, objects->end_count + 1,
                    sizeof *objects->ends))
        return false;
    objects->known[objects->count++] = hash_fast(manifest->object, 0);
    struct object_end *last = objects->end_count ? &objects->ends[objects->end_count - 1] : NULL;
    if (!last || last->topic != facts->topic || last->partition != facts->partition) {
        last = &objects->ends[objects->end_count++];
        *last = (struct object_end){.topic = facts->topic, .partition = facts->partition};
    }
    if (facts->span.end > last->end) last->end = facts->span.end;
    return true;
}

static int compare(const void *left, const void *right)
{
    uint64_t a, b;
    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return a < b ? -1 : a > b;
}

static int64_t end_of(const struct objects *objects, enum topic topic, uint32_t partition)
{
    for (size_t i = 0; i < objects->end_count; i++)
        if (objects->ends[i].topic == topic && objects->ends[i].partition == partition)
            return objects->ends[i].end;
    return 0;
}

/* TOPIC/date=DAY/PARTITION/START.ndjson.zst */
static bool read_key(struct str key, uint32_t *ret_partition, int64_t *ret_start)
{
    uint64_t partition;
    struct str rest = key;
    str_cut(&rest, '/');
    str_cut(&rest, '/');
    if (!str_to_u64(str_cut(&rest, '/'), &partition) || partition > UINT32_MAX) return false;
    if (!str_ends(rest, STR(".ndjson.zst"))) return false;
    *ret_partition = (uint32_t)partition;
    return str_to_i64(str_cut(&rest, '.'), ret_start);
}

static void judge_key(const struct objects *objects, enum topic topic, struct str key,
                      struct findings *findings, uint64_t *unfinished)
{
    uint64_t hash = hash_fast(key, 0);
    uint32_t partition;
    int64_t start;
    if (objects->count && bsearch(&hash, objects->known, objects->count, sizeof hash, compare))
        return;
    if (!read_key(key, &partition, &start)) return; /* somebody else's */
    if (start >= end_of(objects, topic, partition)) {
        ++*unfinished;
        return;
    }
    findings_add(findings,
                 (struct finding){
                     .kind = FINDING_OVERLAP, .topic = topic, .partition = partition,
                     .offset = start},
                 "%.*s has no manifest, and objects behind it have: it was lost, or another object "
                 "holds the same records", STR_ARGS(key));
}

int objects_find_strays(struct objects *objects, struct store *store, struct findings *findings,
                        uint64_t *ret_unfinished, struct err *err)
{
    int rc = E_OK;
    if (objects->count) qsort(objects->known, objects->count, sizeof *objects->known, compare);
    for (int topic = 0; rc == E_OK && topic < TOPIC_COUNT; topic++) {
        char prefix[LAYOUT_KEY_BYTES];
        struct store_page page = {0};
        snprintf(prefix, sizeof prefix, "%s/", topic_info((enum topic)topic)->name);
        do {
            rc = store_list(store, str_of(prefix), page.next, 0, &page, err);
            for (size_t i = 0; rc == E_OK && i < page.count; i++)
                judge_key(objects, (enum topic)topic, page.objects[i].key, findings,
                          ret_unfinished);
        } while (rc == E_OK && page.more);
        store_page_deinit(&page);
    }
    return rc;
}
