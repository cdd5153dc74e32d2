/* The queue, and the thread that empties it.
 *
 * Happy path: spans wait for others until there are enough for a request or the first one has
 * waited for `every`; the thread takes them all and sends them. Failure modes: a collector that is
 * busy or gone is tried a few times with back-off, while the queue fills up and then drops; what is
 * refused is given up. At the end what waits is sent once. A line is logged when it begins to fail,
 * and when it takes spans again. */
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "telemetry/internal.h"

enum { REQUEST_SPANS = 512, TRIES = 5, CLOCK_OFF_NS = 5000000 };

bool telemetry_queue(struct telemetry *telemetry, struct str span)
{
    bool taken = false;
    pthread_mutex_lock(&telemetry->mutex);
    unsigned waiting = atomic_load(&telemetry->waiting);
    if (waiting < telemetry->settings.queue) {
        size_t before = telemetry->spans.size;
        if (before) buffer_add_char(&telemetry->spans, ',');
        buffer_add(&telemetry->spans, span);
        taken = !telemetry->spans.failed;
        if (!taken) telemetry->spans.size = before, telemetry->spans.failed = false;
    }
    if (taken) {
        atomic_store(&telemetry->waiting, ++waiting);
        bool enough = waiting >= REQUEST_SPANS || waiting >= telemetry->settings.queue;
        if (waiting == 1 || (enough && !telemetry->hurry)) {
            telemetry->hurry = telemetry->hurry || enough;
            pthread_cond_signal(&telemetry->changed);
        }
    } else {
        atomic_fetch_add(&telemetry->dropped, 1);
    }
    pthread_mutex_unlock(&telemetry->mutex);
    return taken;
}

/* --- the thread ---------------------------------------------------------------------------- */

/* The wall clock may be set; jitter of its milliseconds is none of that. */
static void look_at_clock(struct telemetry *telemetry)
{
    int64_t fresh_ns = clock_wall_ms(telemetry->clock) * 1000000 - clock_mono_ns(telemetry->clock);
    int64_t off_ns = fresh_ns - atomic_load(&telemetry->wall_less_mono_ns);
    if (off_ns > CLOCK_OFF_NS || off_ns < -CLOCK_OFF_NS)
        atomic_store(&telemetry->wall_less_mono_ns, fresh_ns);
}

static struct timespec monotonic_after(int64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) at.tv_sec++, at.tv_nsec -= 1000000000;
    return at;
}

/* Takes what waits, once it is worth a request or the end has come. Returns how many; 0: the end,
 * and nothing waits. */
static unsigned take(struct telemetry *telemetry, struct buffer *sending)
{
    pthread_mutex_lock(&telemetry->mutex);
    while (atomic_load(&telemetry->waiting) == 0 && !atomic_load(&telemetry->closing))
        pthread_cond_wait(&telemetry->changed, &telemetry->mutex);
    struct timespec until = monotonic_after(telemetry->settings.every_ms);
    while (!telemetry->hurry && !atomic_load(&telemetry->closing))
        if (pthread_cond_timedwait(&telemetry->changed, &telemetry->mutex, &until)) break;
    struct buffer spans = telemetry->spans;
    telemetry->spans = *sending; /* memory goes to and fro */
    buffer_clear(&telemetry->spans);
    *sending = spans;
    unsigned count = atomic_exchange(&telemetry->waiting, 0);
    telemetry->hurry = false;
    pthread_mutex_unlock(&telemetry->mutex);
    return count;
}

/* False: the end came meanwhile. */
static bool wait_before_retry(struct telemetry *telemetry, int64_t ms)
{
    struct timespec until = monotonic_after(ms);
    pthread_mutex_lock(&telemetry->mutex);
    while (!atomic_load(&telemetry->closing))
        if (pthread_cond_timedwait(&telemetry->changed, &telemetry->mutex, &until)) break;
    pthread_mutex_unlock(&telemetry->mutex);
    return !atomic_load(&telemetry->closing);
}

static void write_request(const struct telemetry *telemetry, struct str spans, struct buffer *out)
{
    buffer_clear(out);
    buffer_add(out, STR("{\"resourceSpans\":[{\"resource\":{\"attributes\":["));
    buffer_add(out, buffer_str(&telemetry->settings.resource));
    buffer_printf(out,
                  "]},\"scopeSpans\":[{\"scope\":{\"name\":\"%s\",\"version\":\"%s\"},\"spans\":[",
                  telemetry->source.scope, VERBATIM_VERSION);
    buffer_add(out, spans);
    buffer_add(out, STR("]}]}]}"));
}

static void tell_state(const struct telemetry *telemetry, bool failing)
{
    struct log_event event;
    log_begin(&event, failing ? LOG_WARN : LOG_INFO, telemetry->source.scope,
              failing ? "the collector takes no spans; they are dropped and counted"
                      : "the collector takes spans again");
    log_add(&event, "url", "%s", telemetry->settings.url);
    log_end(&event);
}

/* With back-off; each pause is twice the one before, with jitter, or what the collector asks for.
 */
static bool deliver(struct telemetry *telemetry, struct str request, struct random *random,
                    uint64_t *ret_refused)
{
    for (unsigned tries = 1;; tries++) {
        int64_t after_ms, pause_ms = telemetry->settings.retry_ms << (tries - 1);
        enum collector_says says = collector_send(telemetry->collector, request,
                                                  &telemetry->closing, ret_refused, &after_ms);
        if (says == COLLECTOR_TOOK) return true;
        if (says == COLLECTOR_REFUSED || tries == TRIES) return false;
        pause_ms -= (int64_t)random_below(random, (uint64_t)pause_ms / 2 + 1);
        if (after_ms > pause_ms) pause_ms = after_ms;
        if (!wait_before_retry(telemetry, pause_ms)) return false;
    }
}

static void *thread_main(void *user)
{
    struct telemetry *telemetry = user;
    struct buffer sending = {0}, request = {0};
    struct random random;
    bool failing = false;
    random_seed_system(&random);
    for (unsigned count; (count = take(telemetry, &sending));) {
        uint64_t refused = count;
        look_at_clock(telemetry);
        write_request(telemetry, buffer_str(&sending), &request);
        bool took = !request.failed && deliver(telemetry, buffer_str(&request), &random, &refused);
        if (!took || refused > count) refused = count;
        atomic_fetch_add(&telemetry->told, count - refused);
        atomic_fetch_add(&telemetry->refused, refused);
        if (took == failing) tell_state(telemetry, failing = !took);
    }
    buffer_deinit(&sending);
    buffer_deinit(&request);
    return NULL;
}

/* --- opening, closing ---------------------------------------------------------------------- */

static void destroy(struct telemetry *telemetry)
{
    collector_close(telemetry->collector);
    settings_deinit(&telemetry->settings);
    buffer_deinit(&telemetry->spans);
    pthread_cond_destroy(&telemetry->changed);
    pthread_mutex_destroy(&telemetry->mutex);
    free(telemetry);
}

static void init_locks(struct telemetry *telemetry)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&telemetry->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&telemetry->mutex, NULL);
}

int telemetry_start(const struct settings *settings, const struct telemetry_source *source,
                    const struct clock *clock, struct telemetry **ret_telemetry, struct err *err)
{
    struct telemetry *telemetry = calloc(1, sizeof *telemetry);
    if (!telemetry) return err_set(err, E_NO_MEMORY, NULL);
    telemetry->source = *source;
    telemetry->clock = clock;
    telemetry->settings = *settings;
    init_locks(telemetry);
    atomic_store(&telemetry->wall_less_mono_ns,
                 clock_wall_ms(clock) * 1000000 - clock_mono_ns(clock));
    int rc = collector_open(&telemetry->settings, &telemetry->collector, err);
    if (rc == E_OK && pthread_create(&telemetry->thread, NULL, thread_main, telemetry))
        rc = err_set(err, E_SYSTEM, "no thread for spans");
    if (rc == E_OK) {
        *ret_telemetry = telemetry;
        return E_OK;
    }
    telemetry->settings = (struct settings){0}; /* the caller's still */
    destroy(telemetry);
    return rc;
}

int telemetry_open(const struct telemetry_options *options, const struct telemetry_source *source,
                   const struct clock *clock, struct telemetry **ret_telemetry, struct err *err)
{
    struct settings settings;
    int rc = settings_read(options, source, &settings, err);
    if (rc) return rc;
    *ret_telemetry = NULL;
    if (!settings.url) return E_OK;
    rc = telemetry_start(&settings, source, clock, ret_telemetry, err);
    if (rc) settings_deinit(&settings);
    return rc;
}

void telemetry_close(struct telemetry *telemetry)
{
    if (!telemetry) return;
    pthread_mutex_lock(&telemetry->mutex);
    atomic_store(&telemetry->closing, true);
    pthread_cond_signal(&telemetry->changed);
    pthread_mutex_unlock(&telemetry->mutex);
    pthread_join(telemetry->thread, NULL);
    destroy(telemetry);
}

struct telemetry_counts telemetry_counts(struct telemetry *telemetry)
{
    if (!telemetry) return (struct telemetry_counts){0};
    return (struct telemetry_counts){.told = atomic_load(&telemetry->told),
                                     .dropped = atomic_load(&telemetry->dropped),
                                     .refused = atomic_load(&telemetry->refused)};
}

const char *telemetry_description(const struct telemetry *telemetry)
{
    return telemetry->settings.url;
}
