/* POST /v1/feedback: a receipt only when the bus holds the records.
 *
 * Happy path: parse the body into records → hand them to the producer → on_written → 202 with
 * receipts, or with ?wait= the finished insight. A body that holds nothing valid is 4xx; a full
 * queue 429; a bus that doesn't answer, or not within ingest.answer_within, 503: no receipt, so the
 * caller may post again, and an idempotency key makes that the same record. A client that goes away
 * changes nothing for its records. */
#include "workers/ingest/door.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/crash.h"
#include "workers/ingest/pressure.h"
#include "workers/ingest/tally.h"

enum { LOOK_EVERY_MS = 500, RETRY_S = 2, LARGE_POST_BYTES = 256 * 1024 };
enum { SPARE_POSTS = 256, SPARE_POST_BYTES = 4096 };

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

/* ?wait=5s or "Prefer: wait=5" (RFC 7240, seconds). False: a query that makes no sense. */
static bool read_wait(const struct http_request *request, int64_t *ret_ms)
{
    char room[32];
    struct str text;
    *ret_ms = 0;
    switch (http_query_get(request->query, STR("wait"), room, sizeof room, &text)) {
    case HTTP_QUERY_FOUND: return parse_wait(text, ret_ms);
    case HTTP_QUERY_BAD: return false;
    case HTTP_QUERY_ABSENT: break;
    }
    struct str preferences = http_header(request, STR("prefer"));
    while (preferences.size) {
        struct str rest = str_cut(&preferences, ','), value = str_cut(&rest, ';'),
                   name = str_trim(str_cut(&value, '='));
        if (str_equal_ignoring_case(name, STR("wait"))) (void)parse_wait(str_trim(value), ret_ms);
    }
    return true; /* a preference that isn't understood is no error */
}

/* Many records have many insights, and no time at which all of them are there. Only the query says
 * so: "Prefer: wait" is a preference, and what can't be had of one is left out. */
static bool demands_wait(const struct http_request *request)
{
    char room[32];
    struct str text;
    int64_t wait_ms = 0;
    return http_query_get(request->query, STR("wait"), room, sizeof room, &text) ==
               HTTP_QUERY_FOUND &&
           parse_wait(text, &wait_ms) && wait_ms > 0;
}

static void refuse_wait(struct http_request *request)
{
    http_refuse(request, 400,
                "wait is for a post of one record, a JSON object. Post many without it, and follow "
                "/v1/insights/stream for their insights.");
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

bool door_refuses(struct ingest_state *state, struct http_request *request)
{
    int64_t wait_ms;
    enum body_form form = body_form_of(request);
    request->body_limit_bytes = state->options->body_most;
    if (state->draining)
        http_refuse_busy(request, 503, 1, "The server is stopping.");
    else if (form == BODY_UNKNOWN)
        http_refuse(request, 415,
                    "Content-Type must be application/json, application/x-ndjson or text/csv.");
    else if (!read_wait(request, &wait_ms))
        http_refuse(request, 400, "wait is a time such as 5s or 500ms.");
    else if (form != BODY_JSON && demands_wait(request))
        refuse_wait(request);
    else if (!knows_parameters(request->query))
        http_refuse(request, 400, "A post takes wait, nothing else.");
    else if (state->in_flight_bytes >= state->options->in_flight_most)
        http_refuse_busy(request, 429, 1,
                         "Too much is waiting to be written; try again in a moment.");
    else
        return turn_away(state, request);
    return true;
}

/* --- ends ------------------------------------------------------------------------------------- */

static void forget(struct post *post)
{
    struct ingest_state *state = post->state;
    state->in_flight_bytes -= post->counted_bytes;
    state->posts_open--;
    state->heap_is_large |=
        arena_used(&post->arena) + post->unpacked.capacity > LARGE_POST_BYTES;
    buffer_deinit(&post->unpacked);
    if (state->spare_count == SPARE_POSTS || arena_used(&post->arena) > SPARE_POST_BYTES) {
        arena_deinit(&post->arena);
        free(post);
        return;
    }
    arena_reset(&post->arena);
    post->next = state->spare;
    state->spare = post;
    state->spare_count++;
}

/* NULL without memory. */
static struct post *new_post(struct ingest_state *state)
{
    struct post *post = state->spare;
    struct arena arena = {.block_bytes = SPARE_POST_BYTES};
    if (post) {
        state->spare = post->next;
        state->spare_count--;
        arena = post->arena;
    } else if (!(post = malloc(sizeof *post))) {
        return NULL;
    }
    *post = (struct post){.state = state, .arena = arena};
    return post;
}

/* Unless the bus or the feed still holds it. */
static void finish(struct post *post)
{
    if (post->written && !post->waiting) forget(post);
}

static void stop_waiting(struct post *post)
{
    if (post->waiting) feed_forget(post->state->feed, post);
    post->waiting = false;
}

static void on_client_gone(struct http_request *request, void *user)
{
    struct post *post = user;
    (void)request;
    post->request = NULL;
    stop_waiting(post);
    finish(post);
}

/* --- what the bus still holds ----------------------------------------------------------------- */

static void list_unwritten(struct post *post)
{
    struct ingest_state *state = post->state;
    post->answer_by_ms = clock_mono_ms(state->context->clock) + state->options->answer_within;
    post->link = state->unwritten_end;
    *post->link = post;
    state->unwritten_end = &post->next;
}

static void unlist(struct post *post)
{
    if (!post->link) return;
    *post->link = post->next;
    if (post->next)
        post->next->link = post->link;
    else
        post->state->unwritten_end = post->link;
    post->next = NULL;
    post->link = NULL;
}

/* --- to the bus and back ---------------------------------------------------------------------- */

static void answer_finished(struct post *post, struct str json)
{
    if (!json.data) answer_receipts(post);
    if (!post->request) return;
    http_respond(post->request, 200, STR("application/json"), json);
    post->request = NULL;
}

/* Maybe of an earlier post with this id: without the bus having ours, it is no answer to it. */
static void on_insight(void *user, struct str json)
{
    struct post *post = user;
    post->waiting = false;
    if (!post->written) {
        if (json.data) post->insight = arena_copy(&post->arena, json);
        return; /* on_written() answers */
    }
    answer_finished(post, json);
    finish(post);
}

/* A limit of the broker's, below ours: the same post would be refused for ever. */
static void answer_too_large(struct post *post)
{
    const struct problem problem = {
        .status = 413,
        .detail = STR("A record is larger than the bus takes; there is no receipt.")};
    if (post->request) http_respond_problem(post->request, &problem, NULL, 0);
    post->request = NULL;
}

static void answer_no_receipt(struct post *post, const char *why)
{
    post->state->bus_failing = true;
    post->state->bus_failed_ms = clock_mono_ms(post->state->context->clock);
    if (!post->request) return;
    http_refuse_busy(post->request, 503, RETRY_S, why);
    post->request = NULL;
}

/* Why is in the metrics; a stranger needn't know our brokers. */
static void answer_unwritten(struct post *post, int rc)
{
    if (rc == E_TOO_LARGE)
        answer_too_large(post);
    else
        answer_no_receipt(post,
                          "The records could not be written; there is no receipt. Try again.");
}

/* The bus may write it yet, or not: it keeps the post until it says so. */
static void answer_late(struct post *post)
{
    unlist(post);
    stop_waiting(post);
    answer_no_receipt(post,
                      "The records were not written in time; there is no receipt. Try again: with "
                      "the same id or Idempotency-Key they are the same records.");
}

static void on_look(uv_timer_t *timer)
{
    struct ingest_state *state = timer->data;
    if (state->heap_is_large && state->in_flight_bytes < LARGE_POST_BYTES) {
        arena_reset(&state->scratch);
        malloc_trim(0);
        state->heap_is_large = false;
    }
    if (!state->unwritten) return;
    bus_producer_poll(state->producer); /* a wake-up that was lost costs no post its receipt */
    int64_t now_ms = clock_mono_ms(state->context->clock);
    while (state->unwritten && state->unwritten->answer_by_ms <= now_ms)
        answer_late(state->unwritten);
}

static void on_written(void *user, const struct err *err)
{
    struct post *post = user;
    post->written = true;
    unlist(post);
    outputs_tell(post->state->context, post->outputs, post->count, post->parent, post->began_ns,
                 err);
    if (err) {
        stop_waiting(post);
        answer_unwritten(post, (int)err->code);
    } else {
        crash_point("door.written");
        post->state->bus_failing = false;
        post->state->receipts += post->count;
        tally_add(post->state->tally, post->taken, post->outputs, post->count);
        if (!post->waiting) answer_finished(post, post->insight);
    }
    finish(post);
}

/* One whose insight has passed gets that, or its receipt at once: it doesn't come a second time. */
static void begin_waiting(struct post *post)
{
    struct err err; /* too many wait: a receipt will do */
    struct str finished;
    if (post->bulk || !read_wait(post->request, &post->wait_ms)) return;
    if (post->wait_ms > post->state->options->wait_most)
        post->wait_ms = post->state->options->wait_most;
    if (post->wait_ms == 0) return;
    if (feed_recall(post->state->feed, post->taken[0].id, &finished)) {
        if (finished.data) post->insight = arena_copy(&post->arena, finished);
        return;
    }
    post->waiting = feed_wait(post->state->feed, post->taken[0].id, post->wait_ms, on_insight,
                              post, &err) == E_OK;
}

static void unproduced(struct post *post, int rc)
{
    post->written = true;
    unlist(post);
    stop_waiting(post);
    if (rc == E_BUSY) {
        http_refuse_busy(post->request, 429, 1,
                         "Too much is waiting to be written; try again in a moment.");
        post->request = NULL;
    } else {
        answer_unwritten(post, rc);
    }
    finish(post);
}

static void produce(struct post *post)
{
    struct err err;
    struct ingest_state *state = post->state;
    struct str trace = http_header(post->request, STR("traceparent"));
    const struct worker_context *context = state->context;
    int rc = outputs_make(post->taken, post->count, trace, clock_wall_ms(context->clock),
                          context->telemetry, context->random, &post->arena, &post->outputs, &err);
    post->began_ns = clock_mono_ns(context->clock);
    if (context->telemetry)
        post->parent = arena_copy(&post->arena, str_slice(trace, 0, TRACE_TEXT_BYTES));
    if (rc == E_OK) begin_waiting(post);
    http_on_close(post->request, on_client_gone, post);
    post->counted_bytes = arena_used(&post->arena) + post->unpacked.capacity;
    state->in_flight_bytes += post->counted_bytes;
    crash_point("door.produce");
    list_unwritten(post);
    if (rc == E_OK)
        rc = bus_produce(state->producer, post->outputs, post->count, on_written, post, &err);
    if (rc) unproduced(post, rc);
}

static void judge_body(struct post *post)
{
    struct err err = {0};
    int rc = body_read(post, &err);
    if (post->bulk && demands_wait(post->request)) {
        refuse_wait(post->request);
        post->request = NULL;
        return;
    }
    if (rc == E_OK && post->count) return;
    bool nothing = rc == E_OK && post->error_count == 0;
    if (nothing) rc = err_set(&err, E_BAD_MESSAGE, "the body holds no record");
    bool whole = err.code == E_BAD_JSON || err.code == E_TOO_LARGE; /* not the fault of a field */
    if (rc == E_OK && !post->bulk && whole) rc = (int)err.code;
    if (rc)
        answer_unreadable(post, rc, &err);
    else
        answer_problems(post);
}

void door_post(struct ingest_state *state, struct http_request *request,
               const struct caller *caller)
{
    struct post *post = new_post(state);
    if (!post) {
        http_refuse_busy(request, 503, 1, "The server is short of memory.");
        return;
    }
    post->request = request;
    post->caller = *caller;
    state->posts_open++;
    state->heap_is_large |= request->body.size > LARGE_POST_BYTES;
    judge_body(post);
    if (post->request)
        produce(post);
    else
        forget(post);
}

/* --- life ------------------------------------------------------------------------------------- */

void door_open(struct ingest_state *state)
{
    state->unwritten_end = &state->unwritten;
    uv_timer_init(state->context->loop, &state->unwritten_timer);
    state->unwritten_timer.data = state;
    uv_timer_start(&state->unwritten_timer, on_look, LOOK_EVERY_MS, LOOK_EVERY_MS);
}

void door_close(struct ingest_state *state)
{
    uv_timer_stop(&state->unwritten_timer);
    uv_close((uv_handle_t *)&state->unwritten_timer, NULL);
}

void door_free(struct ingest_state *state)
{
    for (struct post *next, *post = state->spare; post; post = next) {
        next = post->next;
        arena_deinit(&post->arena);
        free(post);
    }
    arena_deinit(&state->scratch);
}
