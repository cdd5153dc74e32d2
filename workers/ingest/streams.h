/* One caller who follows insights, as streams.c and stream_replay.c share it.
 * On the loop's thread. */
#ifndef VERBATIM_WORKERS_INGEST_STREAMS_H
#define VERBATIM_WORKERS_INGEST_STREAMS_H

#include "workers/ingest/feed.h"

/* What a stream asks for; empty: anything. */
struct filter {
    char tenant[65], product[257], safety[16], sentiment[16];
};

bool filter_wants(const struct filter *filter, const struct finished *finished);
/* Of a query's product, safety, sentiment and tenant, as they are in a stream's; where a caller has
 * a tenant, it is that one. NULL, or why the query is refused: `also` are the parameters, parted by
 * spaces, that may be there beside these. */
const char *filter_read(struct str query, const char *also, struct str tenant,
                        struct filter *ret_filter);

struct replay; /* a stream's own reader, while it catches up */

struct stream {
    struct feed *feed;
    struct http_request *request;
    struct filter filter;
    struct replay *replay; /* NULL: fed by the shared reader */
    struct positions positions;
    int64_t written_ms;
    bool closing;
    struct stream *next;
};

/* False: the stream has had this message. Otherwise it counts as told. */
bool stream_advance(struct stream *stream, const struct bus_message *message);
/* Writes the event if the stream wants it; `closing` is set where that fails. */
void stream_tell(struct stream *stream, const struct finished *finished, struct str json);

/* stream_replay.c: reads on from `from`, with a reader of the stream's own. NOT_FOUND: a place in a
 * partition that isn't there; BUSY: too many are catching up; what bus_subscribe() says. */
int stream_replay_begin(struct stream *stream, const struct positions *from,
                        struct err *err) CHECKED;
/* One batch, and the shared reader takes over once nothing is between the two. */
void stream_replay_read(struct stream *stream);
void stream_replay_end(struct stream *stream); /* nothing, where there is none */

#endif
