/* From bytes to one request, without sockets: what the connection, the tests and the fuzzer feed.
 *
 * The head is gathered whole, and checked line by line as it comes, before llhttp sees it: so its
 * text stays in one place for the life of the request, and where the network cut it can't matter.
 * The body goes through llhttp as it comes, into a buffer that grows with what has arrived. */
#ifndef VERBATIM_HTTP_PARSER_H
#define VERBATIM_HTTP_PARSER_H

#include "http/server.h"

#include <llhttp.h>

/* Where name and value stand in the head. */
struct header_field {
    uint32_t name, name_bytes, value, value_bytes;
};

/* The parsed request; its buffers are kept from one request to the next. */
struct message {
    enum http_method method;
    struct str path, query;
    struct buffer head, body;
    struct buffer fields; /* array of struct header_field */
    size_t field_count;
    bool version_1_1, keep_alive, expects_continue, has_body, chunked;
    enum http_coding coding;
    uint64_t content_length; /* as announced; 0 if chunked */
};

/* A body that is cheaper to read and forget than a new connection, after an answer without it. */
enum { SKIP_BYTES = 64 * 1024 };
static inline bool message_is_skippable(const struct message *message)
{
    return message->keep_alive && !message->chunked && !message->expects_continue &&
           message->content_length <= SKIP_BYTES;
}

enum parse_result {
    PARSE_MORE,    /* all bytes were taken, more are needed */
    PARSE_HEAD,    /* the head is complete and a body follows: call again for it */
    PARSE_DONE,    /* the request is complete; bytes behind it were not taken */
    PARSE_REFUSED, /* see parser->refusal; nothing more can be read from this caller */
};

/* Bytes of bodies that all requests hold together. */
struct body_budget {
    size_t used_bytes, limit_bytes;
};

struct parser {
    llhttp_t llhttp;
    const struct http_limits *limits;
    struct message *message;
    /* set by the owner, who gives back message->body.size; NULL: no bound */
    struct body_budget *budget;
    size_t body_limit_bytes;
    size_t line_bytes, lines, blanks;
    uint64_t body_wire_bytes; /* with the chunks' framing and trailers */
    char last;                /* byte before the next one, in the head */
    bool in_body, complete;
    enum http_refusal refusal;
};

/* `message` is emptied. All three must outlive the parsing. */
void parser_begin(struct parser *parser, const struct http_limits *limits, struct message *message);
enum parse_result parser_feed(struct parser *parser, const char *data, size_t size,
                              size_t *ret_used);

/* True once a byte of the request has come (blank lines before it don't count). */
static inline bool parser_has_begun(const struct parser *parser)
{
    return parser->message->head.size > 0;
}

struct str message_header(const struct message *message, struct str name, size_t nth);
void message_clear(struct message *message); /* keeps the buffers up to keep_bytes each */
void message_deinit(struct message *message);

/* A buffer that has grown beyond this is given back when its request is over. */
enum { KEEP_BUFFER_BYTES = 64 * 1024 };
void buffer_recycle(struct buffer *buffer);

/* --- head.c --- */

bool head_is_token(struct str s); /* RFC 9110 section 5.6.2 */
/* The request line, without CRLF. */
enum http_refusal head_judge_line(struct str line, size_t target_limit_bytes);
/* The whole head, as llhttp parsed it; `method` is llhttp's. Completes method, path and query. */
enum http_refusal head_judge(struct message *message, uint8_t method);
/* Why llhttp could not make sense of Transfer-Encoding: 501 if it is only unknown. */
enum http_refusal head_judge_coding(const struct message *message);

/* --- target.c --- */

/* Cuts a target into path and query and decodes the path, all in place. False: not valid. */
bool target_parse(char *target, size_t size, bool asterisk_allowed, struct str *ret_path,
                  struct str *ret_query);

#endif
