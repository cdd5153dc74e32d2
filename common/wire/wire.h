/* HTTP requests on the caller's loop: libcurl's multi interface on libuv.
 *
 * An exchange is one request and its reply; it lives inside its owner. Every started exchange ends
 * in exactly one on_end(), from the loop and never from within curl or wire_start(), unless
 * wire_cancel() or wire_close() came first. No redirects, no cookies, no compression, no second
 * attempt: curl would silently send a request again when a kept connection turns out to be dead,
 * and a model's answer would be paid for twice; so it isn't let, unless `may_repeat` says so. */
#ifndef VERBATIM_WIRE_WIRE_H
#define VERBATIM_WIRE_WIRE_H

#include <uv.h>

#include "base/buffer.h"
#include "base/curl.h"

enum { WIRE_HEAD_BYTES_MAX = 64 * 1024 };

struct wire;
struct lane;
struct exchange;

struct exchange_owner {
    /* A line of the reply's head, inside curl: look, and touch nothing else. */
    void (*on_header)(struct exchange *exchange, struct str name, struct str value);
    void (*on_end)(struct exchange *exchange);
};

struct exchange {
    /* The owner's, before wire_start(): */
    const struct exchange_owner *owner;
    const char *method;  /* "POST", "PUT", "GET" */
    struct buffer url, body;
    struct curl_slist *headers;
    int64_t connect_timeout_ms, deadline_ms;
    size_t reply_limit;
    bool direct;         /* past any proxy */
    bool may_repeat;     /* let curl send it again on another connection, if a kept one was dead */

    /* What came of it, at on_end(): */
    CURLcode result;     /* CURLE_OK: there is a reply, of whatever status */
    long status;
    struct buffer reply;
    bool too_large, no_memory;
    bool sent;           /* the request has begun to leave: it may have been carried out */
    bool late;           /* it was not let: too little of its time was left. Says TIMEDOUT */
    char detail[CURL_ERROR_SIZE];

    /* The wire's own: */
    struct wire *wire;
    struct lane *lane;
    CURL *curl;
    size_t head_bytes;
    uint64_t started_ns;
    struct exchange *next, *previous;
    enum { EXCHANGE_IDLE, EXCHANGE_RUNNING, EXCHANGE_ENDED } state;
};

struct wire_options {
    uint32_t connections; /* at most so many at once, kept ones counted in */
    const char *ca_file;  /* NULL or "": the system's */
    /* requests go by https, where one connection may carry many */
    bool secure;
};
int wire_open(uv_loop_t *loop, const struct wire_options *options, struct wire **ret_wire,
              struct err *err) CHECKED;
/* Cancels what runs. Its memory goes when its handles are closed, on the loop's next turns. */
void wire_close(struct wire *wire);

/* Takes url, body, headers as they are: they must stay until the end. NO_MEMORY: nothing began. */
int wire_start(struct wire *wire, struct exchange *exchange, struct err *err) CHECKED;
/* Ends an exchange that wasn't started: on_end() follows on the loop, with this result. */
void wire_give_up(struct wire *wire, struct exchange *exchange, CURLcode result);
void wire_cancel(struct exchange *exchange); /* one that isn't running is left alone */

/* Adds "name: value"; false without memory. */
bool exchange_header(struct exchange *exchange, const char *name, struct str value);
void exchange_drop_headers(struct exchange *exchange); /* they may hold a key: it is wiped */
void exchange_deinit(struct exchange *exchange); /* not while it runs; zeroed is valid */

/* wait.c. Of a head's lines: Retry-After ("12", "0.5", or a date) in milliseconds from `now_ms`,
 * -1: it says nothing that we know; a date in milliseconds, 0: it is none. Waits are a day at most.
 */
int64_t wire_retry_after_ms(struct str value, int64_t now_ms);
int64_t wire_date_ms(struct str value);
int64_t wire_bounded_ms(double ms);

#endif
