/* What a head says: a header twice that may come once; of a post, how long its caller waits, and
 * whether it is refused before its body comes. */
#include <stdio.h>

#include "workers/ingest/door.h"
#include "workers/ingest/pressure.h"

/* --- waiting ---------------------------------------------------------------------------------- */

/* "5", "5s" or "250ms". */
static bool parse_wait(struct str text, int64_t *ret_ms)
{
    uint64_t number;
    bool in_ms = str_ends(text, STR("ms"));
    size_t unit = in_ms ? 2 : str_ends(text, STR("s")) ? 1 : 0;
    if (!str_to_u64(str_slice(text, 0, text.size - unit), &number) || number > 999999) return false;
    *ret_ms = (int64_t)number * (in_ms ? 1 : 1000);
    return true;
}

/* The first one counts (RFC 7240 section 2). */
static bool prefers_wait(struct str preferences, int64_t *ret_ms)
{
    while (preferences.size) {
        struct str rest = str_cut(&preferences, ','), value = str_cut(&rest, ';'),
                   name = str_trim(str_cut(&value, '='));
        if (str_equal_ignoring_case(name, STR("wait"))) return parse_wait(str_trim(value), ret_ms);
    }
    return false;
}

bool door_wait(const struct http_request *request, int64_t *ret_ms)
{
    char room[32];
    struct str text;
    *ret_ms = 0;
    switch (http_query_get(request->query, STR("wait"), room, sizeof room, &text)) {
    case HTTP_QUERY_FOUND: return parse_wait(text, ret_ms);
    case HTTP_QUERY_BAD: return false;
    case HTTP_QUERY_ABSENT: break;
    }
    struct str preferences;
    for (size_t i = 0; (preferences = http_header_nth(request, STR("prefer"), i)).data; i++)
        if (prefers_wait(preferences, ret_ms)) break;
    return true; /* a preference that isn't understood is no error */
}

/* Only the query says so: "Prefer: wait" is a preference, and what can't be had of one is left
 * out. */
bool door_demands_wait(const struct http_request *request)
{
    char room[32];
    struct str text;
    int64_t wait_ms = 0;
    return http_query_get(request->query, STR("wait"), room, sizeof room, &text) ==
               HTTP_QUERY_FOUND &&
           parse_wait(text, &wait_ms) && wait_ms > 0;
}

void door_refuse_wait(struct http_request *request)
{
    http_refuse(request, 400,
                "wait is for a post of one record, a JSON object. Post many without it, and follow "
                "/v1/insights/stream for their insights.");
}

/* Of two values one would count, and nobody would know which. */
bool head_repeats(struct http_request *request)
{
    static const char *const once[] = {
        "Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-API-Key"};
    char detail[64];
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
        if (!http_header_nth(request, str_of(once[i]), 1).data) continue;
        snprintf(detail, sizeof detail, "%s stands in the head more than once.", once[i]);
        http_refuse(request, 400, detail);
        return true;
    }
    return false;
}

/* --- by its head ------------------------------------------------------------------------------ */

/* "?wiat=5s" would be answered with a receipt, and nobody would know why. A key is known, and
 * refused as one that a post can't bring there. */
static bool knows_parameters(struct str query)
{
    while (query.size) {
        struct str value = str_cut(&query, '&'), name = str_cut(&value, '=');
        if (name.size && !str_equal(name, STR("wait")) && !str_equal(name, STR("key")))
            return false;
    }
    return true;
}

/* What waits behind the door has reached its limit. */
static bool turn_away(struct ingest_state *state, struct http_request *request)
{
    unsigned seconds = pressure_retry_after_s(state->pressure);
    if (seconds == 0) return false;
    pressure_turned_away(state->pressure);
    http_refuse_busy(request, 429, seconds,
                     "Too many records wait to be processed; there is room again after the time "
                     "that Retry-After says.");
    return true;
}

#define TYPES "Content-Type must be application/json, application/x-ndjson or text/csv"

static void refuse_type(struct http_request *request)
{
    bool form = str_equal_ignoring_case(http_media_type(request),
                                        STR("application/x-www-form-urlencoded"));
    http_refuse(request, 415,
                form ? TYPES ", not a form's; with curl: -H 'Content-Type: application/json'."
                     : TYPES ".");
}

bool door_refuses(struct ingest_state *state, struct http_request *request)
{
    int64_t wait_ms;
    enum body_form form = body_form_of(request);
    request->body_limit_bytes = state->options->body_most;
    if (state->draining)
        http_refuse_busy(request, 503, 1, "The server is stopping.");
    else if (form == BODY_UNKNOWN)
        refuse_type(request);
    else if (!door_wait(request, &wait_ms))
        http_refuse(request, 400, "wait is a time such as 5s or 500ms.");
    else if (form != BODY_JSON && door_demands_wait(request))
        door_refuse_wait(request);
    else if (!knows_parameters(request->query))
        http_refuse(request, 400, "A post takes wait, nothing else.");
    else if (state->in_flight_bytes >= state->options->in_flight_most)
        http_refuse_busy(request, 429, 1,
                         "Too much is waiting to be written; try again in a moment.");
    else
        return turn_away(state, request);
    return true;
}
