/* The archive's manifests, one after the other: which objects there are, of some topics,
 * partitions and times.
 *
 *     struct archive_walk walk;
 *     archive_walk_init(&walk, store, &wish);
 *     while ((rc = archive_walk_next(&walk, err)) == E_OK && walk.found)
 *         archive_read_whole(store, &walk.manifest, …);
 *     archive_walk_deinit(&walk);
 *
 * One list request for a thousand manifests and one read for each; memory is a page of names. */
#ifndef VERBATIM_ARCHIVE_WALK_H
#define VERBATIM_ARCHIVE_WALK_H

#include "archive/read.h"
#include "store/store.h"

/* Zeroed but for `topics`: everything of these topics. */
struct archive_wish {
    uint32_t topics; /* 1u << TOPIC_INSIGHTS | … */
    bool one_partition;
    uint32_t partition;
    int64_t from_ms, to_ms; /* time on the bus, [from, to); to 0: no end */
};

/* Is a line of this time wanted? An object that is partly wanted comes as a whole. */
static inline bool archive_wants(const struct archive_wish *wish, int64_t timestamp_ms)
{
    return timestamp_ms >= wish->from_ms && (!wish->to_ms || timestamp_ms < wish->to_ms);
}

struct archive_walk {
    /* The last one that was found, valid until the next call: */
    bool found; /* false at the end */
    struct str key;
    struct manifest manifest;
    /* The walk's own: */
    struct store *store;
    struct archive_wish wish;
    enum topic topic;
    struct store_page page;
    size_t at;
    bool listed;          /* the topic's list has no further page */
    struct buffer after;  /* the page that was listed last ends there */
    struct buffer text;
    struct arena arena;
};

void archive_walk_init(struct archive_walk *walk, struct store *store,
                       const struct archive_wish *wish);
void archive_walk_deinit(struct archive_walk *walk);

/* By topic, then partition (in the order of their names: 0, 1, 10, 2), then offset. A manifest that
 * can't be read, or that isn't what its name says, is BAD_JSON or BAD_MESSAGE: `key` tells which,
 * and the walk may go on. So it may after the store's errors: the same manifest comes again. */
int archive_walk_next(struct archive_walk *walk, struct err *err) CHECKED;

/* How many manifests there are of these topics, whatever their times: for a progress bar. */
int archive_count(struct store *store, const struct archive_wish *wish, uint64_t *ret_count,
                  struct err *err) CHECKED;

/* Each line of all objects that the walk finds, object by object; memory is bounded as there. What
 * on_line returns ends it, with the object's name, and so does an object that isn't whole. The
 * store's errors. */
int archive_walk_lines(struct store *store, const struct archive_wish *wish,
                       archive_on_line *on_line, void *user, struct err *err) CHECKED;

#endif
