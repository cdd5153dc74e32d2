/* One partition of the archive: its open object, those that wait to be stored, and jobs that wait.
 */
#ifndef VERBATIM_LOGSINK_TRACK_H
#define VERBATIM_LOGSINK_TRACK_H

#include "runtime/worker.h"
#include "workers/logsink/lookup.h"
#include "workers/logsink/line.h"
#include "workers/logsink/object.h"

enum track_state {
    TRACK_ASKING, /* what the store holds ahead isn't known: jobs wait */
    TRACK_TAKING,
};

struct track {
    enum topic topic;
    uint32_t partition;
    enum track_state state;
    bool busy;                           /* a task of it is running, maybe one of before a rewind */
    struct object *open;                 /* collects */
    struct object *sealed, **sealed_end; /* wait, in order */
    bool storing;                        /* the oldest is with a task: */
    struct object_facts storing_facts;
    struct lookup_result ahead; /* what the store holds already */
    uint32_t ahead_at;
    bool apart;   /* took records since it last compared one with what the store holds */
    int64_t next; /* behind the record that came last */
    struct job **parked; /* deferred, [parked_at, parked_count) */
    uint32_t parked_at, parked_count;
    size_t parked_capacity;
};

/* All tracks, in the order in which they came, and by topic and partition. */
struct tracks {
    struct track **items;
    uint32_t count;
    size_t capacity;
    struct track_index {
        struct track **of; /* by partition */
        uint32_t count;
    } index[TOPIC_COUNT];
};

struct track *tracks_find(const struct tracks *tracks, enum topic topic, uint32_t partition);
/* Makes it if it is new; NULL without memory. */
struct track *tracks_get(struct tracks *tracks, enum topic topic, uint32_t partition);
void tracks_deinit(struct tracks *tracks); /* their objects are gone already */

/* Defers the job until it is taken off again; false without memory. */
bool track_park(struct track *track, struct job *job);
static inline bool track_has_parked(const struct track *track)
{
    return track->parked_at < track->parked_count;
}

/* The queue of sealed objects, oldest first. */
void track_push_back(struct track *track, struct object *object);
void track_push_front(struct track *track, struct object *object);
struct object *track_pop(struct track *track); /* there is one */

#endif
