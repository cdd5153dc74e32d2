/* What the files of ingest share. One loop thread; see ingest.c for who does what. */
#ifndef VERBATIM_WORKERS_INGEST_STATE_H
#define VERBATIM_WORKERS_INGEST_STATE_H

#include "http/server.h"
#include "runtime/worker.h"
#include "schema/intake.h"
#include "store/store.h"

#define INGEST_OPTIONS(O)                                                                         \
    O(STR,   listen,          "127.0.0.1:8080",                                                   \
      "Address and port of the HTTP API and the dashboard; empty: no HTTP.")                      \
    O(STR,   certificate,     "",     "TLS certificate chain, PEM; empty: plain HTTP.")           \
    O(STR,   private_key,     "",     "TLS private key, PEM.")                                    \
    O(BOOL,  plain_http,      "false",                                                            \
      "Allow plain HTTP beyond loopback: only where a proxy or mesh in front ends TLS.")          \
    O(STR,   keys,            "",                                                                 \
      "File of API keys, one a line: NAME:SHA-256 of the secret in hex:TENANT:SCOPES. May be "    \
      "empty on loopback only.")                                                                  \
    O(STR,   cors_origins,    "",                                                                 \
      "Origins that browsers may call from, parted by commas, or *.")                             \
    O(BYTES, body_most,       "16M",  1024, 268435456, "Largest request body.")                   \
    O(U32,   rows_most,       "10000", 1, 1000000, "Most records in one request.")                \
    O(BYTES, in_flight_most,  "64M",  65536, 4294967296,                                          \
      "Bytes of posts that wait for the bus; beyond, callers get 429.")                           \
    O(U32,   backlog_most,    "1000000", 0, 4294967295,                                           \
      "Records that may wait between here and the insight; beyond, callers get 429 until they "   \
      "have drained. 0: no limit.")                                                               \
    O(STR,   stages,                                                                              \
      "preprocess:feedback featurize:documents segment:features genai:segments",                  \
      "Whose backlog that is: GROUP:TOPIC of each stage, parted by spaces.")                      \
    O(U32,   connections,     "10240", 1, 1000000, "Open connections in all.")                    \
    O(U32,   connections_per_address, "10240", 1, 1000000, "Open connections of one address.")    \
    O(MS,    header_deadline, "10s",  100, 600000, "Time for a request's head to come.")          \
    O(MS,    idle,            "75s",  100, 3600000, "Time between two requests of a connection.") \
    O(MS,    answer_within,   "30s",  100, 600000,                                                \
      "Time for the bus to take a post; then it is answered 503 without a receipt, and may be "   \
      "posted again.")                                                                            \
    O(MS,    wait_most,       "30s",  0, 300000, "Longest ?wait= for a finished insight.")        \
    O(U32,   streams,         "256",  1, 65536, "Insight streams (SSE) at once.")                 \
    O(STR,   watch,           "",                                                                 \
      "Folder or s3://BUCKET/raw/ where new CSV and NDJSON objects are taken in; empty: none.")   \
    O(MS,    watch_every,     "2s",   10, 3600000, "How often to look there.")                    \
    O(STR,   watch_tenant,    "",     "Tenant of what is taken in from there; empty: none.")
OPTIONS_STRUCT(ingest, INGEST_OPTIONS);

struct feed;
struct keyring;
struct post;
struct pressure;
struct tally;
struct watch;
struct webhooks;

struct ingest_state {
    struct worker_context *context;
    const struct ingest_options *options;
    struct http_server *server;
    struct bus_producer *producer;
    uv_poll_t producer_ready;
    struct uuid_generator ids;
    struct keyring *keys;    /* NULL: no keys are needed (loopback) */
    struct feed *feed;       /* finished insights, live */
    struct watch *watch;     /* NULL: nothing is watched */
    struct webhooks *webhooks;
    struct pressure *pressure; /* NULL: the backlog has no limit */
    struct tally *tally;       /* NULL: no ledger is kept */
    uint64_t in_flight_bytes, posts_open;
    struct post *unwritten, **unwritten_end; /* the bus has them, oldest first */
    struct post *spare;        /* for the next ones, */
    size_t spare_count;
    struct arena scratch;      /* and where a row is read, so that it stays in the cache */
    uv_timer_t unwritten_timer;
    uint64_t receipts, invalid;
    bool draining, server_stopped, bus_failing;
    bool heap_is_large; /* a large post has come or gone since it was given back */
    int64_t bus_failed_ms, bus_told_ms; /* mono; told: in the log */
};

/* Who calls. Tenant and scopes are those of the key. */
struct caller {
    struct str tenant;
    bool may_write, may_read;
};

/* keys.c */
int keyring_open(const char *path, struct keyring **ret_keys, struct err *err) CHECKED;
void keyring_close(struct keyring *keys);
/* 0, or the status to refuse with: 401 or 403. keys NULL: everything is allowed. */
int keyring_check(const struct keyring *keys, const struct http_request *request, bool writes,
                  struct caller *ret_caller);

/* door.c: POST /v1/feedback */
void door_open(struct ingest_state *state);
void door_close(struct ingest_state *state); /* the loop turns once more */
void door_free(struct ingest_state *state);  /* when no post is open */
void door_post(struct ingest_state *state, struct http_request *request,
               const struct caller *caller);
/* Refuses by its head a post that can't succeed; true if it did. */
bool door_refuses(struct ingest_state *state, struct http_request *request);
/* Refuses, of a route that heeds it, a head in which a header that may come once comes twice. */
bool head_repeats(struct http_request *request);

/* Of a record that was taken in, what its message, its receipt and the ledger need. */
struct taken {
    struct str id, key, source, message;
    uint64_t row;
};

/* outputs.c */

/* What may be a view of a body or a file is copied, as the bus needs it longer; the message is not.
 * `before`: the record before it, mostly of the same source; or NULL. NO_MEMORY. */
int taken_make(const struct intake *intake, const struct taken *before, struct arena *arena,
               struct taken *ret_taken, struct err *err) CHECKED;

/* With all that the outputs point to, but for what they have of `taken`, in the arena;
 * `parent`: a traceparent, or nothing. */
int outputs_make(const struct taken *taken, size_t count, struct str parent, int64_t now_ms,
                 struct telemetry *telemetry, struct random *random, struct arena *arena,
                 struct bus_output **ret_outputs, struct err *err) CHECKED;
/* The bus has them, or (err) doesn't: a span for each, where one is told. Any thread. */
void outputs_tell(const struct worker_context *context, const struct bus_output *outputs,
                  size_t count, struct str parent, int64_t began_ns, const struct err *err);

/* feed.c, streams.c, waiters.c, recall.c, members.c: insights as they are finished */
int feed_open(struct ingest_state *state, struct feed **ret_feed, struct err *err) CHECKED;
void feed_close(struct feed *feed);
void feed_end_streams(struct feed *feed);
/* GET /v1/insights/stream */
void feed_stream(struct feed *feed, struct http_request *request, const struct caller *caller);
/* GET /v1/status */
void feed_status(struct feed *feed, struct http_request *request);
uint64_t feed_stream_count(const struct feed *feed);
/* Calls on_insight once: with the finished record as JSON, which may have passed already, or with
 * data == NULL when time is up. BUSY: too many wait, or it has passed and can't be had. */
typedef void feed_on_insight(void *user, struct str json);
int feed_wait(struct feed *feed, struct str id, int64_t timeout_ms, feed_on_insight *on_insight,
              void *user, struct err *err) CHECKED;
void feed_forget(struct feed *feed, void *user);
/* Is the insight at hand, as it passed already? *ret_json is valid until the loop turns. */
bool feed_recall(struct feed *feed, struct str id, struct str *ret_json);

/* pages.c: the dashboard and the OpenAPI document */
bool pages_serve(struct http_request *request); /* false: no such page */

/* watch.c and watch_*.c: files and S3 objects */
int watch_open(struct ingest_state *state, struct watch **ret_watch, struct err *err) CHECKED;
void watch_close(struct watch *watch);
void watch_stop(struct watch *watch);   /* begins to end; NULL is ignored */
/* certificates and credentials may be others; NULL is ignored */
void watch_reload(struct watch *watch);
bool watch_busy(const struct watch *watch);
uint64_t watch_receipts(const struct watch *watch); /* rows taken in, */
uint64_t watch_refused(const struct watch *watch);  /* and those refused; NULL: 0 */
void watch_metrics(const struct watch *watch, struct metrics_writer *writer);

/* webhooks.c and webhook_*.c: insights posted to endpoints of customers. Without an option that
 * names a file it is there, and does nothing. */
int webhooks_open(const struct worker_context *context, struct webhooks **ret_webhooks,
                  struct err *err) CHECKED;
/* Reads the file again; on an error what was in force stays. */
int webhooks_reload(struct webhooks *webhooks, struct err *err) CHECKED;
void webhooks_stop(struct webhooks *webhooks); /* begins to end */
bool webhooks_busy(const struct webhooks *webhooks);
void webhooks_close(struct webhooks *webhooks); /* NULL is ignored */
void webhooks_metrics(const struct webhooks *webhooks, struct metrics_writer *writer);

#endif
