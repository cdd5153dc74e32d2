/* What the files of this folder share: the server, its connections, and the exchanges on them.
 *
 * A connection has a queue of exchanges (request and answer) in order of arrival. Reading appends
 * to its end; output_flush() sends from its front. Who may touch what, and when:
 *   - libuv's callbacks and the sweep record what happened and call connection_tick();
 *   - http_respond() and friends, called by the user at any time, only fill the answer and put the
 *     connection on the ready list, which a check handle works off right after polling. So user
 *     code is never entered from its own calls, and answers of one loop turn leave in one write. */
#ifndef VERBATIM_HTTP_INTERNAL_H
#define VERBATIM_HTTP_INTERNAL_H

#include "http/parser.h"
#include "http/server.h"

#include <netinet/in.h>
#include <openssl/ssl.h>

enum {
    READ_BYTES = 64 * 1024,
    LINGER_MS = 5000,        /* how long input is thrown away after our last word, */
    LINGER_STOPPING_MS = 500, /* and when the server is about to stop */
    SWEEP_MS = 250,
    GATHER_MAX = 16,         /* answers in one write */
    SPARE_EXCHANGES = 256,   /* kept for reuse */
};

/* --- an exchange: one request and its answer --- */

enum exchange_phase {
    EXCHANGE_READING,   /* the parser's */
    EXCHANGE_HANDED,    /* the user's */
    EXCHANGE_STREAMING, /* the user's, answer begun */
    EXCHANGE_ANSWERED,  /* ours again: send and forget */
};

struct exchange {
    struct http_request request; /* first: the user's pointer is ours */
    struct message message;
    struct exchange *next;        /* in the connection's queue, or among the spare ones */
    struct connection *connection; /* NULL: the client went away */
    struct http_server *server;
    enum exchange_phase phase;
    struct buffer answer, headers; /* headers: added by the user */
    size_t sent;                   /* of answer */
    bool close_after, chunked, has_cache_control;
    http_on_request on_close;
    void *on_close_user;
};

/* --- connections --- */

#define CONNECTION_STATES(S) S(HANDSHAKE) S(IDLE) S(HEAD) S(BODY) S(LAST) S(LINGER) S(CLOSING)
enum connection_state {
#define CONNECTION_STATE(name) CONNECTION_##name,
    CONNECTION_STATES(CONNECTION_STATE)
#undef CONNECTION_STATE
    CONNECTION_STATE_COUNT
};

struct address_key {
    uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d; IPv6 cut to its /64 */
};

struct connection {
    uv_tcp_t tcp;
    struct http_server *server;
    struct connection *previous, *next, *next_ready;
    enum connection_state state;
    int64_t since_ms; /* when the state began */
    bool ticking, ready, reading;
    bool ended;      /* the peer sends no more */
    bool broken;     /* close it as soon as nobody is in it */
    bool served;     /* has sent a request before */
    bool said_close; /* the last answer that may go out has gone out */
    bool unread;     /* answered before all of the request was read */
    bool admitted;   /* counts towards the limits, in all and of its address */
    struct exchange *first, *last, *current /* being read */;
    unsigned in_flight; /* length of the queue */
    struct parser parser;
    const char *in; /* bytes not yet taken; lives in a shared buffer or in pending */
    size_t in_size;
    struct buffer pending; /* bytes kept while reading is paused */
    bool in_pending;       /* `in` points into it */

    bool writing, shutting_down;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct buffer out; /* what libuv is writing, from out_at on */
    size_t out_at;
    const struct exchange *out_owner; /* only compared: a stream whose bytes `out` holds */
    int64_t write_deadline_ms;

    SSL *ssl;
    BIO *tls_in, *tls_out; /* owned by ssl */
    bool tls_closed;

    uint64_t lingered_bytes;
    struct address_key address;
    bool peer_is_loopback;
    char peer[HTTP_PEER_BYTES];
};

struct connection *connection_create(struct http_server *server); /* NULL without memory */
/* After uv_accept(): reads requests, or tells the caller that there is no room for him. */
void connection_begin(struct connection *connection, enum http_refusal refusal);
/* Does what can be done now; the only function that moves states, and it is not reentrant. */
void connection_tick(struct connection *connection);
void connection_ready(struct connection *connection); /* tick it soon */
/* Closes it, and counts why. */
void connection_cut(struct connection *connection, enum http_refusal why);
/* --- queue.c --- */
void connection_move(struct connection *connection, enum connection_state to);
/* The new one is being read; NULL without memory. */
struct exchange *connection_append(struct connection *connection);
void connection_abandon_all(struct connection *connection);
/* Its peer ended in the middle of it. */
void connection_drop_current(struct connection *connection);
void connection_refuse_current(struct connection *connection, enum http_refusal why);

/* --- deadlines.c --- */
/* Time has passed: refuses, or cuts off, what is beyond its deadline. */
void connection_judge_deadlines(struct connection *connection, int64_t now_ms);

/* --- exchange.c --- */
struct exchange *exchange_create(struct http_server *server);
void exchange_recycle(struct exchange *exchange);
void exchange_destroy(struct exchange *exchange);
/* The connection is gone: tells the user, or waits for his answer. */
void exchange_abandon(struct exchange *exchange);
/* Fills the answer with a problem, for what the server itself refuses. */
void exchange_refuse(struct exchange *exchange, enum http_refusal why);

/* --- output.c --- */
/* Sends what is answered, in order; true if an exchange left the queue. */
bool output_flush(struct connection *connection);
bool output_is_empty(const struct connection *connection);
void output_shutdown(struct connection *connection);

/* --- tls.c --- */
int tls_context_create(const char *certificate_file, const char *key_file, SSL_CTX **ret_context,
                       struct err *err) CHECKED;
int64_t tls_context_expires(SSL_CTX *context); /* NULL: 0 */
bool tls_context_is_current(SSL_CTX *context); /* valid by now, and not expired */
bool tls_begin(struct connection *connection, SSL_CTX *context);
void tls_end(struct connection *connection);
bool tls_feed(struct connection *connection, const char *data, size_t size);
enum tls_step { TLS_DONE, TLS_WAIT, TLS_FAILED };
enum tls_step tls_handshake(struct connection *connection);
/* Next decrypted bytes; 0: none now. Sets tls_closed when the peer closed, broken on failure. */
size_t tls_read(struct connection *connection, char *out, size_t size);
bool tls_write(struct connection *connection, const char *data, size_t size);

/* --- addresses.c: how many connections each address has --- */
struct address_slot {
    struct address_key key;
    uint32_t count; /* 0: free */
};
struct addresses {
    struct address_slot *slots;
    size_t mask;
    uint64_t seed;
};
int addresses_init(struct addresses *addresses, size_t connections, struct err *err) CHECKED;
void addresses_deinit(struct addresses *addresses);
/* False if the address has `limit` connections already. */
bool addresses_add(struct addresses *addresses, const struct address_key *key, size_t limit);
void addresses_remove(struct addresses *addresses, const struct address_key *key);
struct address_key address_key_of(const struct sockaddr_storage *address);

/* --- the server --- */
struct http_server {
    uv_loop_t *loop;
    struct http_server_config config; /* limits hold no zeros */
    char *address, *certificate_file, *key_file;
    const struct clock *clock;
    uint16_t port;
    uv_tcp_t listener;
    uv_timer_t timer;
    uv_check_t check;
    uv_idle_t idle;
    uv_tcp_t away; /* who can't be let in for want of memory, on its way out */
    bool away_open, away_waits; /* waits: libuv holds another one */
    unsigned handles_open;
    struct connection *connections, *ready_first, *ready_last;
    struct exchange *spare;
    size_t spare_count, connection_count, admitted_count, exchange_count;
    SSL_CTX *tls;
    struct addresses addresses;
    struct body_budget bodies;
    struct http_counters counters;
    bool stopping, stopped;
    int64_t stop_at_ms;
    void (*on_stopped)(void *user);
    void *on_stopped_user;
    /* monotonic, at the start of the tick or sweep that runs: one reading serves all of it */
    int64_t now_ns;
    char date[32];
    int64_t date_valid_ns;
    struct buffer scratch; /* bodies of refusals */
    char read_buffer[READ_BYTES], plain_buffer[READ_BYTES];
};
static inline int64_t server_now_ms(const struct http_server *server)
{
    return server->now_ns / 1000000;
}
static inline void server_read_clock(struct http_server *server)
{
    server->now_ns = clock_mono_ns(server->clock);
}
struct str server_date(struct http_server *server);
void server_connection_came(struct http_server *server);
void server_turn_away(struct http_server *server); /* whom libuv just announced */
void server_connection_gone(struct http_server *server); /* one was freed */

#endif
