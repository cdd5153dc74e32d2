/* What the files that make a digest share: digest.c, which goes through the phases, and
 * digest_search.c, which reads. */
#ifndef VERBATIM_WORKERS_GENAI_DIGEST_MAKER_H
#define VERBATIM_WORKERS_GENAI_DIGEST_MAKER_H

#include "runtime/committer.h"
#include "workers/genai/digest.h"
#include "workers/genai/digest_counts.h"

enum {
    PLACES_MAX = 1024,          /* as schemas/digest.def has it */
    DIGEST_SEARCH_FIRST = 4096, /* records looked back at first */
};
#define DIGEST_KEY STR("digest")

enum phase { PHASE_IDLE, PHASE_OPEN, PHASE_SEARCH, PHASE_COUNT, PHASE_TELL, PHASE_COMMIT };

struct place {
    int64_t from, next;  /* of the window; to be read next */
    int64_t until;       /* read so far before going on */
};

struct digest_maker {
    struct worker_context *context;
    int64_t every_ms, since_ms, until_ms;
    uint32_t trailing;
    struct bus_consumer *member, *reader; /* reader: while we make digests */
    struct committer *committer;
    struct digest_teller *teller;
    uv_timer_t timer;
    enum phase phase;
    /* lost: rewind first; cutting: the window is over, `until` are its ends */
    bool owns, lost, cutting, wide; /* wide: events are looked for in all partitions */
    struct digest_counts *counts;
    struct place places[PLACES_MAX];
    uint32_t place_count, home; /* home: where the events lie */
    int64_t back, search_began_ms, found_until_ms;
    uint64_t made, skipped;
    unsigned failures;
    struct arena arena;      /* of one message */
    struct arena out;        /* of the events being committed */
    struct digest *digests;  /* being told, then being committed */
    struct bus_output *outputs;
    size_t output_count;
    struct bus_position position;
};

static inline int64_t digest_wall_ms(const struct digest_maker *maker)
{
    return clock_wall_ms(maker->context->clock);
}

/* *ret_open: the reader is open, and the bus has told it partitions and ends. */
int digest_open_reader(struct digest_maker *maker, bool *ret_open, struct err *err) CHECKED;
/* Partitions with their ends; false: the bus hasn't told them yet. */
bool digest_ends(struct digest_maker *maker, struct bus_backlog items[static PLACES_MAX],
                 uint32_t *ret_count);
/* Looks for the last events, and, when they are found, begins to count where they ended. */
int digest_begin_search(struct digest_maker *maker, struct err *err) CHECKED;
int digest_search(struct digest_maker *maker, bool *ret_idle, struct err *err) CHECKED;

typedef int digest_take(struct digest_maker *maker, const struct bus_message *message,
                        struct err *err);
/* *ret_idle: there is nothing more to read now. */
int digest_read(struct digest_maker *maker, digest_take *take, bool *ret_idle,
                struct err *err) CHECKED;
/* All of [partition] up to its `until`? On Kafka the last offsets may be markers,
 * which nobody gets. */
bool digest_reached(const struct digest_maker *maker, const struct bus_backlog *item, bool idle);

#endif
