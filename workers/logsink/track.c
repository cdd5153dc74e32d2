/* Partitions and their queues. */
#include "workers/logsink/track.h"

#include <stdlib.h>

#include "base/array.h"

struct track *tracks_find(const struct tracks *tracks, enum topic topic, uint32_t partition)
{
    const struct track_index *index = &tracks->index[topic];
    return partition < index->count ? index->of[partition] : NULL;
}

static bool grow_index(struct track_index *index, uint32_t partition)
{
    if (partition < index->count) return true;
    uint32_t count = partition + 8;
    struct track **grown = realloc(index->of, count * sizeof(struct track *));
    if (!grown) return false;
    memset(grown + index->count, 0, (count - index->count) * sizeof(struct track *));
    *index = (struct track_index){.of = grown, .count = count};
    return true;
}

struct track *tracks_get(struct tracks *tracks, enum topic topic, uint32_t partition)
{
    struct track *track = tracks_find(tracks, topic, partition);
    if (track) return track;
    if (!array_fits(&tracks->items, &tracks->capacity, tracks->count + 1,
                    sizeof(struct track *)) ||
        !grow_index(&tracks->index[topic], partition))
        return NULL;
    track = calloc(1, sizeof *track);
    if (!track) return NULL;
    track->topic = topic;
    track->partition = partition;
    track->sealed_end = &track->sealed;
    tracks->items[tracks->count++] = track;
    return tracks->index[topic].of[partition] = track;
}

bool track_park(struct track *track, struct job *job)
{
    if (track->parked_at == track->parked_count) track->parked_at = track->parked_count = 0;
    if (!array_fits(&track->parked, &track->parked_capacity, track->parked_count + 1,
                    sizeof(struct job *)))
        return false;
    job_defer(job);
    track->parked[track->parked_count++] = job;
    return true;
}

void tracks_deinit(struct tracks *tracks)
{
    for (uint32_t i = 0; i < tracks->count; i++) {
        free(tracks->items[i]->parked);
        free(tracks->items[i]);
    }
    for (int i = 0; i < TOPIC_COUNT; i++) free(tracks->index[i].of);
    free(tracks->items);
    *tracks = (struct tracks){0};
}

void track_push_back(struct track *track, struct object *object)
{
    object->next = NULL;
    *track->sealed_end = object;
    track->sealed_end = &object->next;
}

struct object *track_pop(struct track *track)
{
    struct object *object = track->sealed;
    track->sealed = object->next;
    if (!track->sealed) track->sealed_end = &track->sealed;
    object->next = NULL;
    return object;
}

void track_push_front(struct track *track, struct object *object)
{
    object->next = track->sealed;
    track->sealed = object;
    if (!object->next) track->sealed_end = &object->next;
}
