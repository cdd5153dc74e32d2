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
#include "base/log.h"
#include "workers/ingest/tally.h"

enum { LOOK_EVERY_MS = 500, RETRY_S = 2, LARGE_POST_BYTES = 256 * 1024 };
enum { TELL_EVERY_MS = 60000, OUTAGE_APART_MS = 10000 };
enum { SPARE_POSTS = 256, SPARE_POST_BYTES = 4096 };

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

/* Told when it begins, and now and then while it lasts. Posts that are written between don't end
 * it: OUTAGE_APART_MS without a failure does. */
static void note_failure(struct ingest_state *state, const struct err *err)
{
    int64_t now_ms = clock_mono_ms(state->context->clock);
    bool told = state->bus_told_ms && now_ms - state->bus_told_ms < TELL_EVERY_MS &&
                now_ms - state->bus_failed_ms < OUTAGE_APART_MS;
    state->bus_failing = true;
    state->bus_failed_ms = now_ms;
    if (err->code == E_NO_OUTPUT) worker_fail(state->context, err); /* it is gone for good */
    if (told) return;
    state->bus_told_ms = now_ms;
    log_error(LOG_WARN, "ingest", "posts can't be written and get 503, no receipt", err);
}

static void answer_no_receipt(struct post *post, const char *why)
{
    if (!post->request) return;
    http_refuse_busy(post->request, 503, RETRY_S, why);
    post->request = NULL;
}

/* Why is in the log and the metrics; a stranger needn't know our brokers. */
static void answer_unwritten(struct post *post, const struct err *err)
{
    if (err->code == E_TOO_LARGE) {
        answer_too_large(post);
        return;
    }
    note_failure(post->state, err);
    answer_no_receipt(post, "The records could not be written; there is no receipt. Try again.");
}

/* The bus may write it yet, or not: it keeps the post until it says so. */
static void answer_late(struct post *post)
{
    struct err err;
    unlist(post);
    stop_waiting(post);
    err_set(&err, E_TIMEOUT, "the bus didn't say within ingest.answer_within that it has them");
    note_failure(post->state, &err);
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
        answer_unwritten(post, err);
    } else {
        crash_point("door.written");
        post->state->bus_failing = false;
        post->state->receipts += post->count;
        tally_add(post->state->tally, post->taken, post->outputs, post->count);
        if (!post->waiting) answer_finished(post, post->insight);
    }
    finish(post);
}

/* One whose insight has passed gets that: it doesn't come a second time. */
static void begin_waiting(struct post *post)
{
    struct err err; /* too many wait: a receipt will do */
    struct str finished;
    if (post->bulk || !door_wait(post->request, &post->wait_ms)) return;
    if (post->wait_ms > post->state->options->wait_most)
        post->wait_ms = post->state->options->wait_most;
    if (post->wait_ms == 0) return;
    if (feed_recall(post->state->feed, post->taken[0].id, &finished)) {
        post->insight = arena_copy(&post->arena, finished);
        return;
    }
    post->waiting = feed_wait(post->state->feed, post->taken[0].id, post->wait_ms, on_insight,
                              post, &err) == E_OK;
}

static void unproduced(struct post *post, const struct err *err)
{
    post->written = true;
    unlist(post);
    stop_waiting(post);
    if (err->code == E_BUSY) {
        http_refuse_busy(post->request, 429, 1,
                         "Too much is waiting to be written; try again in a moment.");
        post->request = NULL;
    } else {
        answer_unwritten(post, err);
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
    if (rc) unproduced(post, &err);
}

static void judge_body(struct post *post)
{
    struct err err = {0};
    int rc = body_read(post, &err);
    if (post->bulk && door_demands_wait(post->request)) {
        door_refuse_wait(post->request);
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
