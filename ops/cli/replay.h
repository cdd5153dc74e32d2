/* A run of `verbatim replay`: what its command (replay.c) and its figures (replay_show.c) share. */
#ifndef VERBATIM_OPS_CLI_REPLAY_H
#define VERBATIM_OPS_CLI_REPLAY_H

#include "archive/line.h"
#include "archive/walk.h"
#include "ops/cli/journal.h"
#include "ops/cli/letters.h"
#include "ops/cli/pricing.h"
#include "ops/cli/replay_line.h"

struct replay_place {
    enum topic topic;
    uint32_t partition;
    int64_t next; /* offset of the first line that isn't taken yet */
    uint64_t records, raw, bytes; /* of this run */
    int64_t earliest_ms, latest_ms;
};

struct replay {
    /* the wish */
    struct archive_wish wish;
    const char *from, *to, *shadow, *run;
    uint64_t rate;
    bool dry_run, json, by_id, copies, known; /* known: what the journal holds costs nothing */
    struct hash_table ids;
    /* the run */
    struct store *store;
    struct journal *journal; /* NULL: nothing is written */
    struct replay_place *places, *place; /* place: whose object is read */
    size_t place_count, place_capacity;
    uint64_t pending, written, total, passed_over; /* passed_over: copies */
    struct arena arena; /* of a line, in a dry run */
    struct pricing *pricing; /* of a dry run, where remote models are asked; else NULL */
    int64_t started_ms;
    bool broken;  /* a commit failed */
    bool earlier; /* a run of this name has written before */
    struct progress progress;
};

/* The same wish on the same archive, the same name. */
const char *replay_name(int argc, char **argv, const char *url, char out[static 64]);
/* NO_INPUT: a folder that isn't there; a store would make it. */
int replay_probe(const char *url, struct err *err) CHECKED;
/* NO_INPUT: nothing of an archive is there, and nothing to be done again would look as all well. */
int replay_find_archive(struct store *store, struct err *err) CHECKED;
int replay_read_ids(struct replay *replay, const char *path, struct err *err) CHECKED;

/* Of a dry run: what is replayed from documents on comes to genai again. Leaves pricing NULL where
 * nothing is asked for. */
int replay_open_pricing(struct replay *replay, struct config *config, struct err *err) CHECKED;
int replay_price_record(struct replay *replay, const struct replay_message *message,
                        struct arena *arena, struct err *err) CHECKED;

void replay_count(struct replay *replay, struct str line, const struct line_identity *identity);
int replay_show(const struct replay *replay, bool stopped, struct err *err) CHECKED;

#endif
