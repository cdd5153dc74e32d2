/* Webhooks: finished insights, posted to customers' endpoints. webhooks.c has a thread for each
 * endpoint, with a worker's runtime on it; webhook_worker.c is that worker, webhook_send.c what it
 * sends when, webhook_request.c how; webhook_file.c reads who wants what; webhook_sign.c signs.
 *
 * webhooks.md says what a receiver may rely on. */
#ifndef VERBATIM_WORKERS_INGEST_WEBHOOK_H
#define VERBATIM_WORKERS_INGEST_WEBHOOK_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/runtime.h"
#include "wire/wire.h"
#include "workers/ingest/streams.h"

#define WEBHOOKS_OPTIONS(O)                                                                       \
    O(STR,   endpoints,   "",                                                                     \
      "File of webhooks, one a line: NAME URL SECRET [FILTER]; empty: none.")                     \
    O(U32,   at_once,     "16",  1, 256, "Requests at once to an endpoint.")                      \
    O(MS,    timeout,     "15s", 100, 300000, "Time for an endpoint to answer.")                  \
    O(MS,    give_up,     "72h", 1000, 2592000000,                                                \
      "Age at which a record that an endpoint doesn't take becomes a dead letter.")               \
    O(MS,    backoff_most, "10m", 1000, 3600000,                                                  \
      "Longest pause before an endpoint is tried again.")                                         \
    O(STR,   ca_file,     "",                                                                     \
      "Certificates that endpoints are trusted by; empty: the system's.")                         \
    O(BOOL,  plain_http,  "false", "Allow http:// beyond loopback: whoever is on the way may read.")
OPTIONS_STRUCT(webhooks, WEBHOOKS_OPTIONS);
extern const struct option_table webhooks_option_table;

enum {
    WEBHOOKS_MAX = 64,
    WEBHOOK_NAME_BYTES = 25, WEBHOOK_URL_BYTES = 2049, WEBHOOK_SOURCE_BYTES = 512,
    WEBHOOK_SECRETS = 2,      /* while one follows the other, both sign */
    WEBHOOK_SECRET_LEAST = 24, WEBHOOK_SECRET_MOST = 64 /* bytes, as the specification has it */
};

struct webhook_secret {
    uint8_t key[WEBHOOK_SECRET_MOST];
    size_t size;
};

/* One line of the file. */
struct webhook {
    char name[WEBHOOK_NAME_BYTES], url[WEBHOOK_URL_BYTES];
    char source[WEBHOOK_SOURCE_BYTES]; /* of the secrets: env:NAME or file:PATH */
    struct filter filter;
    struct webhook_secret secrets[WEBHOOK_SECRETS];
    size_t secret_count;
};

struct webhook_list {
    struct webhook *items;
    size_t count;
};

/* webhook_file.c. The text of a file, which errors call `path`; without its secrets. BAD_CONFIG,
 * with path and line; NO_MEMORY. */
int webhook_list_parse(struct str text, const char *path, bool plain_http,
                       struct webhook_list *ret_list, struct err *err) CHECKED;
/* The file, and the secrets that it names. */
int webhook_list_read(const char *path, bool plain_http, struct webhook_list *ret_list,
                      struct err *err) CHECKED;
void webhook_list_free(struct webhook_list *list); /* wipes secrets */

/* webhook_sign.c. Secrets, parted by white space, each whsec_ and base64. BAD_CONFIG. */
int webhook_read_secrets(struct str text, struct webhook *webhook, struct err *err) CHECKED;
/* What the header webhook-id says: the record's id, where every byte that is no visible ASCII, and
 * the percent sign, is %XX. */
void webhook_write_id(struct str id, struct buffer *out);
/* What webhook-signature says: "v1," and base64, for each secret. */
void webhook_sign(const struct webhook *webhook, struct str id, int64_t timestamp_s,
                  struct str body, struct buffer *out);

/* Pause before try number `failures` + 1, without its jitter: 1 s, doubled up to `most_ms`. */
int64_t webhook_backoff_ms(uint32_t failures, int64_t most_ms);

/* For a scrape, by the door's thread. */
struct webhook_counters {
    uint64_t delivered, failed, set_aside;
    struct histogram seconds;
    bool failing, gone;
};

/* A record that is to be delivered; in the job's memory. */
struct delivery {
    struct job *job;
    struct delivery *next;
    struct slot *slot; /* NULL: it waits */
    uint64_t key;
    uint32_t failures;
    int64_t failed_first_ms, retry_ms; /* mono */
};

/* A request. */
struct slot {
    struct exchange exchange;
    struct endpoint *endpoint;
    struct delivery *delivery; /* NULL: free */
    int64_t began_ms, retry_after_ms;
};

/* An endpoint, from its first line in the file to the end of the program. */
struct endpoint {
    struct worker worker;         /* that its runtime runs; `name` is its group, too */
    char name[WEBHOOK_NAME_BYTES + 8];
    const struct webhooks_options *options;
    const struct config *config;
    const struct clock *clock;
    pthread_t thread;

    pthread_mutex_t lock;         /* of what follows */
    pthread_cond_t changed;
    struct webhook *fresh;        /* settings for the thread to adopt; NULL: none */
    struct runtime *runtime;      /* NULL: it doesn't run now */
    bool wanted, closing, ended;  /* wanted: it is in the file */
    struct webhook_counters counters;

    /* Of its thread alone: */
    struct webhook *webhook;
    struct worker_context *context;
    struct wire *wire;
    uv_timer_t timer;
    struct delivery *first, **last; /* what is to be delivered, in the order of arrival */
    struct slot *slots;           /* options->at_once */
    uint32_t sending, window;     /* requests under way, and how many may be */
    uint32_t failures;            /* in a row, of requests that began after one another */
    int64_t failed_ms;            /* mono: when the last of them failed */
    int64_t pause_until_ms;       /* mono */
    int64_t took_ms;              /* mono: when the last request began that was taken; -1: none */
    bool draining, gone;
    struct buffer scratch;
};

/* webhook_request.c */
static inline struct slot *webhook_slot_of(struct exchange *exchange)
{
    return (struct slot *)((char *)exchange - offsetof(struct slot, exchange));
}
int webhook_open_slots(struct endpoint *endpoint, struct err *err) CHECKED;
void webhook_close_slots(struct endpoint *endpoint); /* none of them is under way */
/* Fills in what is to be sent. What the JSON writer says of a message; NO_MEMORY. */
int webhook_prepare(struct endpoint *endpoint, const struct job *job, struct exchange *exchange,
                    struct err *err) CHECKED;
bool webhook_is_answered(const struct exchange *exchange);
void webhook_say_why(const struct exchange *exchange, char out[static 128]);

/* webhook_send.c */
bool webhook_fails(const struct endpoint *endpoint); /* or one of its records does */
void webhook_begin_anew(struct endpoint *endpoint); /* as if nothing had failed yet */
/* Defers the job, until it is delivered or given up. False: no memory. */
bool webhook_enqueue(struct endpoint *endpoint, struct job *job);
void webhook_forget_all(struct endpoint *endpoint); /* the runtime has dropped all of them */
void webhook_on_end(struct exchange *exchange);
bool webhook_is_too_old(const struct endpoint *endpoint, const struct job *job);
void webhook_count(struct endpoint *endpoint, uint64_t *counter); /* of its counters: one more */

/* webhook_worker.c: what every endpoint's worker is, but for its name. */
extern const struct worker webhook_worker;

#endif
