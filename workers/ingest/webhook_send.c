/* What an endpoint is sent, and when: each insight that it wants is one POST, and is done when that
 * was answered by 2xx. What may be committed, dead letters and stops are the runtime's.
 *
 * Happy path: webhook_enqueue() → send_more() starts as many requests as the window lets, never
 * one whose key has an earlier record under way or waiting, so that a customer's records come in
 * their order → an answer of 2xx finishes the job.
 *
 * Failure modes. What isn't taken is sent again after a pause that doubles, with jitter, or what
 * Retry-After asks for. Where a request fails that began after one failed, and none was taken in
 * between, the endpoint is at fault: then it is left alone for such pauses and asked with one
 * record. From GIVE_BACK_FROM_MS on what is in memory is given back to the bus meanwhile. A record
 * that is older than `give_up` becomes a dead letter, and so does one that failed TRIES times
 * though the endpoint took another that was sent after its first failure: one that no receiver can
 * read must not hold back all others for days. 410 Gone stops the endpoint until it is configured
 * anew. */
#include <stdio.h>
#include <stdlib.h>

#include "base/backoff.h"
#include "base/hash.h"
#include "base/log.h"
#include "workers/ingest/webhook.h"

enum { TRIES = 8, GIVE_BACK_FROM_MS = 20000, FIRST_PAUSE_MS = 1000 };
/* So often in a row an endpoint has failed when nothing more is found out about a record: an hour
 * by default. */
enum { HOLD_FAILURES = 2 * TRIES };

int64_t webhook_backoff_ms(uint32_t failures, int64_t most_ms)
{
    return backoff_ms(FIRST_PAUSE_MS, most_ms, failures > 1 ? failures - 1 : 0);
}

static int64_t now_ms(const struct endpoint *endpoint)
{
    return clock_mono_ms(endpoint->context->clock);
}

/* Half of it for sure: many doors must not come together. */
static int64_t pause_after(const struct endpoint *endpoint, uint32_t failures)
{
    int64_t ms = webhook_backoff_ms(failures, endpoint->options->backoff_most);
    return ms / 2 + (int64_t)random_below(endpoint->context->random, (uint64_t)(ms / 2) + 1);
}

bool webhook_is_too_old(const struct endpoint *endpoint, const struct job *job)
{
    int64_t age_ms = clock_wall_ms(endpoint->context->clock) - job->message->timestamp_ms;
    return age_ms > endpoint->options->give_up;
}

/* --- what is told ----------------------------------------------------------------------------- */

void webhook_count(struct endpoint *endpoint, uint64_t *counter)
{
    pthread_mutex_lock(&endpoint->lock);
    ++*counter;
    pthread_mutex_unlock(&endpoint->lock);
}

static void tell_state(struct endpoint *endpoint, bool failing)
{
    pthread_mutex_lock(&endpoint->lock);
    endpoint->counters.failing = failing;
    endpoint->counters.gone = endpoint->gone;
    pthread_mutex_unlock(&endpoint->lock);
}

static void log_state(const struct endpoint *endpoint, enum log_level level, const char *message,
                      const struct exchange *exchange)
{
    struct log_event event;
    char why[128];
    log_begin(&event, level, "ingest", message);
    log_add(&event, "webhook", "%s", endpoint->webhook->name);
    if (exchange) {
        webhook_say_why(exchange, why);
        log_add(&event, "why", "it %s", why);
    }
    log_end(&event);
}

/* --- the queue -------------------------------------------------------------------------------- */

static void send_more(struct endpoint *endpoint);
static void on_timer(uv_timer_t *timer) { send_more(timer->data); }

static void look_at(struct endpoint *endpoint, int64_t at_ms)
{
    int64_t in_ms = at_ms - now_ms(endpoint);
    uv_timer_start(&endpoint->timer, on_timer, in_ms > 0 ? (uint64_t)in_ms : 0, 0);
}

/* The job's memory goes with it. */
static void end(struct endpoint *endpoint, struct delivery *delivery, int code,
                const struct err *err)
{
    struct delivery **link = &endpoint->first;
    while (*link != delivery) link = &(*link)->next;
    *link = delivery->next;
    if (!*link) endpoint->last = link;
    job_finish(delivery->job, (enum err_code)code, err);
}

static bool is_behind_another(const struct endpoint *endpoint, const struct delivery *delivery)
{
    const struct delivery *other = endpoint->first;
    while (other != delivery && other->key != delivery->key) other = other->next;
    return other != delivery;
}

static void release(struct slot *slot)
{
    if (!slot->delivery) return;
    wire_cancel(&slot->exchange);
    slot->delivery->slot = NULL;
    slot->delivery = NULL;
    slot->endpoint->sending--;
}

/* All have been dropped by the runtime. */
void webhook_forget_all(struct endpoint *endpoint)
{
    for (uint32_t i = 0; endpoint->slots && i < endpoint->options->at_once; i++)
        release(&endpoint->slots[i]);
    while (endpoint->first) end(endpoint, endpoint->first, E_OK, NULL);
}

/* --- requests --------------------------------------------------------------------------------- */

static struct slot *free_slot(struct endpoint *endpoint)
{
    struct slot *slot = endpoint->slots;
    while (slot->delivery) slot++;
    return slot;
}

static void send_one(struct endpoint *endpoint, struct delivery *delivery)
{
    struct slot *slot = free_slot(endpoint);
    struct err err = {0};
    int rc = webhook_prepare(endpoint, delivery->job, &slot->exchange, &err);
    if (rc == E_OK) rc = wire_start(endpoint->wire, &slot->exchange, &err);
    if (rc) {
        end(endpoint, delivery, rc, &err);
        return;
    }
    slot->delivery = delivery;
    slot->began_ms = now_ms(endpoint);
    slot->retry_after_ms = -1;
    delivery->slot = slot;
    endpoint->sending++;
}

static bool may_go(const struct endpoint *endpoint, const struct delivery *delivery)
{
    return !delivery->slot && !is_behind_another(endpoint, delivery);
}

/* An endpoint that fails is asked with one that failed least: it shows whether it is the endpoint
 * that fails or a record. */
static uint32_t failures_that_may_go(const struct endpoint *endpoint)
{
    uint32_t least = UINT32_MAX;
    if (endpoint->failures < 2) return least;
    for (const struct delivery *delivery = endpoint->first; delivery; delivery = delivery->next)
        if (delivery->failures < least && may_go(endpoint, delivery)) least = delivery->failures;
    return least;
}

static void send_more(struct endpoint *endpoint)
{
    int64_t now = now_ms(endpoint), next_ms = INT64_MAX;
    uint32_t failures = failures_that_may_go(endpoint);
    if (endpoint->draining || endpoint->gone) return;
    if (now < endpoint->pause_until_ms) {
        look_at(endpoint, endpoint->pause_until_ms);
        return;
    }
    for (struct delivery *delivery = endpoint->first, *after;
         delivery && endpoint->sending < endpoint->window; delivery = after) {
        after = delivery->next;
        if (delivery->failures > failures || !may_go(endpoint, delivery)) continue;
        if (delivery->retry_ms <= now) send_one(endpoint, delivery);
        else if (delivery->retry_ms < next_ms) next_ms = delivery->retry_ms;
    }
    if (next_ms < INT64_MAX) look_at(endpoint, next_ms);
}

/* --- what came of it -------------------------------------------------------------------------- */

static void was_taken(struct endpoint *endpoint, const struct slot *slot,
                      struct delivery *delivery)
{
    if (endpoint->failures > 1 && !endpoint->gone) {
        tell_state(endpoint, false);
        log_state(endpoint, LOG_INFO, "a webhook's endpoint takes insights again", NULL);
    }
    endpoint->failures = 0;
    if (slot->began_ms > endpoint->took_ms) endpoint->took_ms = slot->began_ms;
    endpoint->window *= 2;
    if (endpoint->window > endpoint->options->at_once)
        endpoint->window = endpoint->options->at_once;
    pthread_mutex_lock(&endpoint->lock);
    endpoint->counters.delivered++;
    histogram_add(&endpoint->counters.seconds, (double)(now_ms(endpoint) - slot->began_ms) * 1e-3,
                  1);
    pthread_mutex_unlock(&endpoint->lock);
    end(endpoint, delivery, E_OK, NULL);
}

/* The endpoint takes others: those that were sent after this one had failed. */
static bool is_at_fault(const struct endpoint *endpoint, const struct delivery *delivery)
{
    return delivery->failures && endpoint->took_ms > delivery->failed_first_ms;
}

static void set_aside(struct endpoint *endpoint, struct delivery *delivery, const char *why)
{
    struct err err;
    err_set(&err, E_UNDELIVERED, "the webhook %s %s; tried %u times", endpoint->webhook->name, why,
            delivery->failures);
    webhook_count(endpoint, &endpoint->counters.set_aside);
    end(endpoint, delivery, E_UNDELIVERED, &err);
}

/* While the endpoint fails, those that are too old go without a try of their own: it was tried all
 * the time. */
static void set_old_aside(struct endpoint *endpoint, const char *why)
{
    for (struct delivery *delivery = endpoint->first, *after; delivery; delivery = after) {
        after = delivery->next;
        if (!delivery->slot && webhook_is_too_old(endpoint, delivery->job))
            set_aside(endpoint, delivery, why);
    }
}

static bool holds_one_at_fault(const struct endpoint *endpoint)
{
    const struct delivery *delivery = endpoint->first;
    while (delivery && !is_at_fault(endpoint, delivery)) delivery = delivery->next;
    return delivery != NULL;
}

/* What is held in memory holds the bus: messages of Kafka's, a snapshot of the embedded one. When
 * it is given back, tries are forgotten. */
static void give_back_if_long(struct endpoint *endpoint)
{
    int64_t pause_ms = endpoint->pause_until_ms - now_ms(endpoint);
    if (pause_ms < GIVE_BACK_FROM_MS || endpoint->sending || endpoint->gone) return;
    if (endpoint->failures < HOLD_FAILURES && holds_one_at_fault(endpoint)) return;
    worker_give_back(endpoint->context, pause_ms);
}

/* A request that began before the last failure says nothing new of the endpoint, nor does any that
 * was under way when it was gone. */
static void leave_alone(struct endpoint *endpoint, const struct slot *slot)
{
    int64_t now = now_ms(endpoint), pause_ms = 0;
    if (endpoint->gone) return;
    if (endpoint->failures == 0 || slot->began_ms >= endpoint->failed_ms) {
        endpoint->failures++;
        endpoint->failed_ms = now;
        if (endpoint->failures > 1) {
            endpoint->window = 1;
            pause_ms = pause_after(endpoint, endpoint->failures - 1);
        }
        if (endpoint->failures == 2) {
            tell_state(endpoint, true);
            log_state(endpoint, LOG_WARN,
                      "a webhook's endpoint takes nothing; it is tried again until it does",
                      &slot->exchange);
        }
    }
    if (pause_ms < slot->retry_after_ms) pause_ms = slot->retry_after_ms;
    if (now + pause_ms > endpoint->pause_until_ms) endpoint->pause_until_ms = now + pause_ms;
}

static void was_refused(struct endpoint *endpoint, struct slot *slot, struct delivery *delivery)
{
    char why[128];
    int64_t now = now_ms(endpoint);
    webhook_say_why(&slot->exchange, why);
    webhook_count(endpoint, &endpoint->counters.failed);
    if (delivery->failures++ == 0) delivery->failed_first_ms = now;
    delivery->retry_ms = now + pause_after(endpoint, delivery->failures);
    leave_alone(endpoint, slot);
    if (webhook_is_too_old(endpoint, delivery->job) ||
        (delivery->failures >= TRIES && is_at_fault(endpoint, delivery)))
        set_aside(endpoint, delivery, why);
    if (endpoint->failures > 1) set_old_aside(endpoint, why);
}

static void is_gone(struct endpoint *endpoint)
{
    endpoint->gone = true;
    tell_state(endpoint, true);
    log_state(endpoint, LOG_ERROR,
              "a webhook's endpoint answers 410 Gone: nothing more is sent until its line is read "
              "again (SIGHUP) or the door restarts",
              NULL);
    worker_give_back(endpoint->context, INT64_MAX);
}

void webhook_on_end(struct exchange *exchange)
{
    struct slot *slot = webhook_slot_of(exchange);
    struct endpoint *endpoint = slot->endpoint;
    struct delivery *delivery = slot->delivery;
    bool whole = webhook_is_answered(exchange);
    slot->delivery = NULL;
    delivery->slot = NULL;
    endpoint->sending--;
    if (whole && exchange->status / 100 == 2) was_taken(endpoint, slot, delivery);
    else was_refused(endpoint, slot, delivery);
    if (whole && exchange->status == 410 && !endpoint->gone) is_gone(endpoint);
    give_back_if_long(endpoint);
    if (endpoint->draining && !endpoint->sending) worker_give_back(endpoint->context, INT64_MAX);
    send_more(endpoint);
}

/* --- for the worker --------------------------------------------------------------------------- */

bool webhook_enqueue(struct endpoint *endpoint, struct job *job)
{
    struct delivery *delivery = ARENA_ARRAY(job->arena, struct delivery, 1);
    if (!delivery) return false;
    *delivery = (struct delivery){.job = job, .key = hash_fast(job->message->key, 0)};
    *endpoint->last = delivery;
    endpoint->last = &delivery->next;
    job_defer(job);
    look_at(endpoint, 0);
    return true;
}

bool webhook_fails(const struct endpoint *endpoint)
{
    const struct delivery *delivery = endpoint->first;
    while (delivery && !delivery->failures) delivery = delivery->next;
    return delivery || endpoint->failures || endpoint->gone ||
           now_ms(endpoint) < endpoint->pause_until_ms;
}

void webhook_begin_anew(struct endpoint *endpoint)
{
    endpoint->window = endpoint->options->at_once;
    endpoint->failures = 0;
    endpoint->failed_ms = endpoint->pause_until_ms = 0;
    endpoint->took_ms = -1;
    endpoint->gone = false;
    tell_state(endpoint, false);
}
