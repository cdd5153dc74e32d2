/* The states of a connection and its queue of exchanges: which moves are allowed, and how requests
 * get in and out of line. */
#include "http/internal.h"

#include <assert.h>

#define BIT(state) (1u << CONNECTION_##state)
static const unsigned allowed[CONNECTION_STATE_COUNT] = {
    [CONNECTION_HANDSHAKE] = BIT(IDLE) | BIT(CLOSING),
    [CONNECTION_IDLE] = BIT(HEAD) | BIT(LAST) | BIT(CLOSING),
    [CONNECTION_HEAD] = BIT(BODY) | BIT(IDLE) | BIT(LAST) | BIT(CLOSING),
    [CONNECTION_BODY] = BIT(IDLE) | BIT(LAST) | BIT(CLOSING),
    [CONNECTION_LAST] = BIT(LINGER) | BIT(CLOSING),
    [CONNECTION_LINGER] = BIT(CLOSING),
};

void connection_move(struct connection *connection, enum connection_state to)
{
    assert(allowed[connection->state] & (1u << to));
    connection->state = to;
    connection->since_ms = server_now_ms(connection->server);
}

struct exchange *connection_append(struct connection *connection)
{
    struct exchange *exchange = exchange_create(connection->server);
    if (!exchange) return NULL;
    exchange->connection = connection;
    exchange->phase = EXCHANGE_READING;
    exchange->request.started_ns = connection->server->now_ns;
    if (connection->last) connection->last->next = exchange;
    else connection->first = exchange;
    connection->last = connection->current = exchange;
    connection->in_flight++;
    connection->parser.budget = &connection->server->bodies;
    parser_begin(&connection->parser, &connection->server->config.limits, &exchange->message);
    return exchange;
}

/* Gives up on everything that isn't sent. */
void connection_abandon_all(struct connection *connection)
{
    struct exchange *exchange = connection->first;
    connection->first = connection->last = connection->current = NULL;
    connection->out_owner = NULL;
    connection->in_flight = 0;
    while (exchange) {
        struct exchange *next = exchange->next;
        exchange_abandon(exchange);
        exchange = next;
    }
}

/* The peer ended in the middle of a request: forget it, answer those before. */
void connection_drop_current(struct connection *connection)
{
    struct exchange **link = &connection->first, *previous = NULL;
    while (*link != connection->current) {
        previous = *link;
        link = &previous->next;
    }
    *link = NULL;
    connection->last = previous;
    connection->in_flight--;
    if (connection->out_owner == connection->current) connection->out_owner = NULL;
    exchange_abandon(connection->current);
    connection->current = NULL;
}

void connection_refuse_current(struct connection *connection, enum http_refusal why)
{
    struct exchange *exchange = connection->current;
    connection->current = NULL;
    connection->unread = true;
    if (exchange->phase == EXCHANGE_READING) exchange_refuse(exchange, why);
    /* it has its answer; this was a skipped body */
    else connection->server->counters.refused[why]++;
    connection_move(connection, CONNECTION_LAST);
}
