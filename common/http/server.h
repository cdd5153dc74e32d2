/* An HTTP/1.1 server on a libuv loop, for callers that nobody trusts.
 *
 * What it does by itself: parses strictly (llhttp without lenient flags, and what llhttp lets
 * through: bare LF, obs-fold, HTTP/0.9, missing or doubled Host), bounds everything in struct
 * http_limits, answers what it refuses with problem+json (RFC 9457) and counts it by reason, keeps
 * connections alive, answers pipelined requests in order, sends 100 Continue, and speaks TLS.
 *
 * A request is handed over twice: to `on_headers` when its head has come (optional; it may refuse
 * before the body is read), and to `on_request` when its body is complete. It is answered by
 * exactly one http_respond*() or http_stream_begin() … http_stream_end(), at once or later.
 * Requests of one connection are handed over in order, but the next may come before
 * the last was answered.
 *
 * Everything runs on the loop's thread, and no function here calls back before it returns, except
 * http_server_sweep(). Sources: RFC 9110, RFC 9112. */
#ifndef VERBATIM_HTTP_SERVER_H
#define VERBATIM_HTTP_SERVER_H

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "http/problem.h"
#include "http/unpack.h"

#include <uv.h>

/* Zero means the default that is named. */
struct http_limits {
    size_t target_bytes;             /* request target, 8 KiB; beyond: 414 */
    size_t header_bytes;             /* request line and headers, 16 KiB; beyond: 431 */
    size_t header_count;             /* 100; beyond: 431 */
    size_t body_bytes;               /* 16 MiB, per request adjustable in on_headers; beyond: 413 */
    size_t bodies_bytes;             /* 256 MiB, held at once for all requests; beyond: 503 */
    int64_t header_deadline_ms;      /* 10 s from the first byte to the whole head (and for a TLS
                                      * handshake, and from accept to the first byte): 408 */
    size_t body_rate_bytes;          /* 1 KiB/s, on average, from a reader as from a writer, */
    int64_t body_grace_ms;           /* once 10 s are over; slower: 408, or cut off */
    int64_t idle_timeout_ms;         /* 75 s between two requests */
    size_t connections;              /* 10,240 in all, or what files there may be; beyond: 503 and
                                      * close */
    size_t connections_per_address;  /* 10,240 of an IPv4 address or IPv6 /64; beyond: 429, close */
    size_t pipelined_requests;       /* 16 of one connection at once; beyond: reading stops */
    bool packed;                     /* packed bodies are taken: see http_request; else 415 */
    size_t stream_bytes;             /* 256 KiB unsent; beyond: http_stream_write() is false */
};

/* What is refused or cut off by the server itself, and how it is counted.
 *    code                 name                   status detail */
#define HTTP_REFUSAL_TABLE(R)                                                                      \
    R(MALFORMED,           "malformed",           400, "The request is not valid HTTP/1.1.")       \
    R(HOST,                "host",                400, "Exactly one valid Host header is needed.") \
    R(TARGET,              "target",              400, "The request target is not valid.")         \
    R(HEADER_DEADLINE,     "header_deadline",     408, "The headers took too long.")               \
    R(BODY_RATE,           "body_rate",           408, "The body came too slowly.")                \
    R(BODY_SIZE,           "body_size",           413, "Too large a body; send it in parts.")      \
    R(TARGET_SIZE,         "target_size",         414, "The request target is too long.")          \
    R(ENCODING,            "encoding",            415,                                             \
      "This Content-Encoding isn't taken; Accept-Encoding says what is.")                          \
    R(EXPECTATION,         "expectation",         417, "The only expectation is 100-continue.")    \
    R(ADDRESS_CONNECTIONS, "address_connections", 429, "Too many connections from this address.")  \
    R(HEADER_SIZE,         "header_size",         431, "The headers are too many or too long.")    \
    R(METHOD,              "method",              501, "The method is not implemented.")           \
    R(TRANSFER_CODING,     "transfer_coding",     501, "The only transfer coding is chunked.")     \
    R(CONNECTIONS,         "connections",         503, "The server has too many connections.")     \
    R(NO_MEMORY,           "no_memory",           503, "The server is short of memory.")           \
    R(VERSION,             "version",             505, "Only HTTP/1.1 and HTTP/1.0 are served.")   \
    R(IDLE,                "idle",                0,   "closed: idle")                             \
    R(SLOW_READER,         "slow_reader",         0,   "cut off: did not read its answer")         \
    R(TLS,                 "tls",                 0,   "closed: TLS handshake or record failed")   \
    R(ACCEPT,              "accept",              0,   "could not be accepted")

enum http_refusal {
    HTTP_REFUSED_NOT,
#define HTTP_REFUSAL_CODE(code, name, status, detail) HTTP_REFUSED_##code,
    HTTP_REFUSAL_TABLE(HTTP_REFUSAL_CODE)
#undef HTTP_REFUSAL_CODE
    HTTP_REFUSAL_COUNT
};
const char *http_refusal_name(enum http_refusal refusal);

/* All but connections_open and streams_open only ever grow. */
struct http_counters {
    uint64_t connections_open, connections_accepted, streams_open;
    uint64_t requests;                     /* handed to on_request */
    /* [2] counts 2xx; refusals are in here too; [0] is unused */
    uint64_t answers[6];
    uint64_t refused[HTTP_REFUSAL_COUNT];
    uint64_t abandoned;                    /* the client went away before its answer */
    uint64_t bytes_in, bytes_out;          /* on the wire */
    uint64_t tls_handshakes;
};

/* Other methods are answered with 501. */
enum http_method {
    HTTP_METHOD_GET, HTTP_METHOD_HEAD, HTTP_METHOD_POST, HTTP_METHOD_PUT,
    HTTP_METHOD_PATCH, HTTP_METHOD_DELETE, HTTP_METHOD_OPTIONS,
};

enum { HTTP_PEER_BYTES = 46 };

/* Valid until it is answered (a stream: ended), or until its on_close callback returns. */
struct http_request {
    enum http_method method;
    struct str path;          /* percent-decoded, valid UTF-8 without control characters, begins
                               * with '/' ("*" for OPTIONS). Dot segments stay in: not a file
                               * name. */
    struct str query;         /* raw, without '?' */
    struct str body;          /* complete in on_request, empty in on_headers */
    char peer[HTTP_PEER_BYTES]; /* address as text */
    bool peer_is_loopback, tls;
    enum http_coding coding;  /* how the body is packed: http_unpack() */
    int64_t started_ns;       /* config's clock: the first byte of the request */
    size_t body_limit_bytes;  /* on_headers may change it */
    void *user;               /* the handler's own */
};

typedef void (*http_on_request)(struct http_request *request, void *user);

struct http_server_config {
    const char *address;      /* numeric, IPv4 or IPv6 */
    uint16_t port;            /* 0: any, see http_server_port() */
    struct http_limits limits;
    struct {
        const char *certificate_file, *key_file; /* PEM; both NULL: plain HTTP. TLS 1.2 or newer. */
    } tls;
    const struct clock *clock;  /* NULL: clock_system() */
    http_on_request on_headers; /* may answer, which refuses the body; NULL: none. A body of up to
                                 * 64 KiB is then skipped, after a longer one the
                                 * connection ends. */
    http_on_request on_request;
    void *user;
};

struct http_server;

/* Host and port of an option such as "127.0.0.1:8080", "[::1]:8080" or "localhost:8080", which is
 * 127.0.0.1. BAD_CONFIG names the option. */
enum { HTTP_HOST_BYTES = 64 };
int http_split_address(const char *option, const char *text, char host[static HTTP_HOST_BYTES],
                       uint16_t *ret_port, struct err *err) CHECKED;
/* The other way: "127.0.0.1:8080", "[::1]:8080". */
enum { HTTP_ADDRESS_BYTES = HTTP_HOST_BYTES + 8 };
void http_join_address(char text[static HTTP_ADDRESS_BYTES], const char *host, uint16_t port);
/* Of a numeric host: does it take connections of this machine only? */
bool http_is_loopback(const char *host);

/* Listens on `loop`. For the whole process: raises the soft limit of open files, if it can, to hold
 * the connections, and ignores SIGPIPE if nobody handles it.
 * IN_USE, DENIED, BAD_CONFIG (address, certificate, key), SYSTEM, NO_MEMORY. */
int http_server_start(uv_loop_t *loop, const struct http_server_config *config,
                      struct http_server **ret_server, struct err *err) CHECKED;
uint16_t http_server_port(const struct http_server *server);
const struct http_counters *http_server_counters(const struct http_server *server);

/* Reads certificate and key again, for new connections; on failure the old ones stay in force. */
int http_server_reload_tls(struct http_server *server, struct err *err) CHECKED;
/* Would that succeed now? Nothing is changed. */
int http_server_check_tls(const struct http_server *server, struct err *err) CHECKED;

/* When the certificate that is served runs out, in seconds since 1970; 0: there is none. */
int64_t http_server_certificate_expires(const struct http_server *server);
/* The same of the first certificate in a PEM file. */
int64_t http_certificate_file_expires(const char *path);

/* Graceful: accepts no more, ends idle connections and streams, lets requests in flight be
 * answered, and cuts off what is left after deadline_ms of the config's clock, 0: at once. Then
 * calls on_stopped, which may destroy the server: with 0, after a few turns of the loop without
 * waiting. */
void http_server_stop(struct http_server *server, int64_t deadline_ms,
                      void (*on_stopped)(void *user), void *user);

/* After on_stopped. Requests that were never answered must be answered before. NULL is ignored. */
void http_server_destroy(struct http_server *server);

/* Judges all deadlines by the clock now. A timer does this four times a second; for tests. */
void http_server_sweep(struct http_server *server);

/* The first header of that name (any case); data == NULL if there is none. Good in both hooks. */
struct str http_header(const struct http_request *request, struct str name);
/* The others of that name, counted from 0: a list may come in several (RFC 9110 section 5.3). */
struct str http_header_nth(const struct http_request *request, struct str name, size_t nth);
/* The media type without its parameters; compare it with str_equal_ignoring_case(). */
struct str http_media_type(const struct http_request *request);

/* The first value of `name` in a raw query, percent-decoded ('+' is a space), with a NUL. */
enum http_query {
    HTTP_QUERY_FOUND,
    HTTP_QUERY_ABSENT,
    HTTP_QUERY_BAD, /* malformed, or longer than `out` */
};
enum http_query http_query_get(struct str query, struct str name, char *out, size_t out_bytes,
                               struct str *ret_value);

/* One more header for the answer; before http_respond*() or http_stream_begin(). Control characters
 * in the value become spaces. Date, Content-Length, Connection and X-Content-Type-Options are ours;
 * Cache-Control is "no-store" unless it is set here. */
void http_add_header(struct http_request *request, struct str name, struct str value);

/* Answers; the request is gone when this returns. `body` is copied. HEAD: the body is left out. */
void http_respond(struct http_request *request, int status, struct str content_type,
                  struct str body);
void http_respond_problem(struct http_request *request, const struct problem *problem,
                          const struct problem_error *errors, size_t count);
/* The short form, e.g. http_refuse(request, 404, "No such page."). */
void http_refuse(struct http_request *request, int status, const char *detail);
/* 429 or 503 with Retry-After. */
void http_refuse_busy(struct http_request *request, int status, unsigned retry_after_s,
                      const char *detail);

/* Is told that the client went away, or that the server ends this stream to stop, before the answer
 * was complete. The request is gone when `on_close` returns: don't answer it any more. Without it,
 * answer as ever: nothing is sent. */
void http_on_close(struct http_request *request, http_on_request on_close, void *user);

/* An answer of unknown length, e.g. server-sent events: sent as it is written, chunked for
 * HTTP/1.1. Set http_on_close() first. HEAD: the body is left out; end it all the same. */
void http_stream_begin(struct http_request *request, int status, struct str content_type);
/* False, and nothing is taken, while more than stream_bytes wait for the reader: drop or end it. */
bool http_stream_write(struct http_request *request, struct str data);
/* Bytes of it that wait for the reader; 0 when the client went away. */
size_t http_stream_waiting(const struct http_request *request);
void http_stream_end(struct http_request *request); /* the request is gone when this returns */

#endif
