/* links: common_http */
/* The request parser: any bytes, cut in any way, give the same request or the same refusal.
 *
 * Input: one byte that seeds where the bytes are cut, then what the network brings. Each request in
 * it is parsed twice, in one piece and in many, and both must agree in result,
 * text and position. */
#include "http/parser.h"

#include <stdlib.h>

static const struct http_limits limits = {
    .target_bytes = 256, .header_bytes = 1024, .header_count = 16, .body_bytes = 512};

#define REQUIRE(condition) ((condition) ? (void)0 : abort())

struct outcome {
    enum parse_result result;
    enum http_refusal refusal;
    size_t used;
};

/* Feeds pieces of 1 to `most` bytes, or everything at once (most == 0). */
static struct outcome parse(struct parser *parser, struct message *message, const uint8_t *data,
                            size_t size,
                            unsigned most, unsigned seed)
{
    struct outcome outcome = {.result = PARSE_MORE};
    parser_begin(parser, &limits, message);
    while (outcome.used < size || outcome.result == PARSE_HEAD) {
        size_t left = size - outcome.used, piece = left, used = 0;
        seed = seed * 1103515245u + 12345u;
        if (most > 0 && piece > 1 + (seed >> 16) % most) piece = 1 + (seed >> 16) % most;
        outcome.result = parser_feed(parser, (const char *)data + outcome.used, piece, &used);
        REQUIRE(used <= piece);
        outcome.used += used;
        if (outcome.result == PARSE_DONE || outcome.result == PARSE_REFUSED) break;
        if (outcome.result == PARSE_MORE) REQUIRE(used == piece);
        if (outcome.result == PARSE_HEAD && left == used) break;
    }
    outcome.refusal = parser->refusal;
    REQUIRE((outcome.result == PARSE_REFUSED) == (outcome.refusal != HTTP_REFUSED_NOT));
    return outcome;
}

static void check_request(const struct message *message)
{
    REQUIRE(message->body.size <= limits.body_bytes && message->head.size <= limits.header_bytes);
    REQUIRE(message->field_count <= limits.header_count);
    REQUIRE(message->path.size > 0 && str_is_utf8(message->path));
    REQUIRE(!message->version_1_1 || message_header(message, STR("host"), 0).data);
    REQUIRE(!(message->chunked && message_header(message, STR("content-length"), 0).data));
    char out[64];
    struct str value;
    (void)http_query_get(message->query, STR("wait"), out, sizeof out, &value);
}

static void check_same(const struct message *a, const struct message *b)
{
    REQUIRE(a->method == b->method && a->keep_alive == b->keep_alive &&
            a->field_count == b->field_count);
    REQUIRE(str_equal(a->path, b->path) && str_equal(a->query, b->query));
    REQUIRE(str_equal(buffer_str(&a->body), buffer_str(&b->body)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct parser whole, cut;
    static struct message whole_message, cut_message;
    if (size < 1) return 0;
    unsigned seed = data[0], most = 1 + seed % 7;
    data++, size--;
    while (size > 0) {
        struct outcome a = parse(&whole, &whole_message, data, size, 0, 0);
        struct outcome b = parse(&cut, &cut_message, data, size, most, seed);
        /* The bound on chunk framing is judged per read, so it may be seen sooner or later
         * than another error. */
        if (whole_message.chunked &&
            (a.refusal == HTTP_REFUSED_BODY_SIZE || b.refusal == HTTP_REFUSED_BODY_SIZE)) break;
        REQUIRE(a.refusal == b.refusal);
        if (a.result != PARSE_DONE) break;
        REQUIRE(b.result == PARSE_DONE && a.used == b.used);
        check_request(&whole_message);
        check_same(&whole_message, &cut_message);
        data += a.used, size -= a.used;
    }
    return 0;
}
