/* What the files of the door share: door_head.c judges a post's head, door.c leads it to the bus
 * and back, door_body.c reads its body, door_answer.c writes its answer. */
#ifndef VERBATIM_WORKERS_INGEST_DOOR_H
#define VERBATIM_WORKERS_INGEST_DOOR_H

#include "schema/json.h"
#include "workers/ingest/state.h"

enum { ERRORS_SHOWN = 100 };

struct row_error {
    uint64_t row;
    struct json_problems problems;
};

/* One request, from its body to its answer. */
struct post {
    struct ingest_state *state;
    struct http_request *request; /* NULL: answered, or the client went away */
    struct arena arena;
    struct buffer unpacked; /* the body, where it came packed */
    struct caller caller;
    struct taken *taken;
    struct bus_output *outputs;
    size_t count, capacity, expected; /* expected: a guess at how many there will be */
    struct row_error *errors; /* the first ERRORS_SHOWN */
    size_t error_count;
    struct str parent;        /* the caller's traceparent, or nothing; kept where spans are told */
    int64_t began_ns;
    uint64_t rows, refused;
    size_t counted_bytes;
    bool bulk, written, waiting;
    struct str insight; /* came before the bus said that it has the record */
    int64_t wait_ms;
    struct post *next, **link; /* in state->unwritten; link NULL: not in it */
    int64_t answer_by_ms;      /* mono */
};

/* door_head.c */
/* ?wait=5s or "Prefer: wait=5" (RFC 7240, seconds). False: a query that makes no sense. */
bool door_wait(const struct http_request *request, int64_t *ret_ms);
/* Many records have many insights, and no time at which all of them are there. */
bool door_demands_wait(const struct http_request *request);
void door_refuse_wait(struct http_request *request);

/* door_body.c */
enum body_form { BODY_JSON, BODY_NDJSON, BODY_CSV, BODY_UNKNOWN };
enum body_form body_form_of(const struct http_request *request);
/* Fills `taken` and errors. An error is about the body as a whole; `err` also keeps the last row's.
 */
int body_read(struct post *post, struct err *err) CHECKED;

/* door_answer.c: each answers post->request and sets it to NULL. */
void answer_receipts(struct post *post);
void answer_problems(struct post *post); /* nothing in the body could be taken in */
void answer_unreadable(struct post *post, int rc, const struct err *err);

#endif
