/* How far the pipeline is behind: the lag of each stage's group, asked of the bus every second.
 *
 * The bus is asked rather than the stages, because a stage that is dead reports nothing, and that
 * is when it matters. A question may block, so it is put by a thread of libuv's pool, one at a
 * time. Where it fails nobody is turned away by a guess: what was seen last counts for some
 * seconds, and a bus that doesn't answer makes posts fail by itself. */
#include "workers/ingest/pressure.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "workers/ingest/gauge.h"

enum { STAGES_MAX = 16, ASK_EVERY_MS = 1000 };

struct stage {
    char group[128];
    enum topic topic;
    struct bus_lag lag;
};

struct pressure {
    struct ingest_state *state;
    uv_timer_t timer;
    uv_work_t work;
    struct stage stages[STAGES_MAX]; /* lags: of the asking thread while `asking` */
    size_t stage_count;
    struct gauge gauge;
    struct gauge_sample sample; /* of the question that is under way */
    struct err trouble;
    unsigned failures;
    uint64_t turned_away;
    bool asking;
    atomic_bool stopping, high;
};

/* --- options ---------------------------------------------------------------------------------- */

static int add_stage(struct pressure *pressure, struct str word, struct err *err)
{
    struct str topic_name = word, group = str_cut(&topic_name, ':');
    struct stage *stage = &pressure->stages[pressure->stage_count];
    enum topic topic = topic_by_name(topic_name);
    if (pressure->stage_count == STAGES_MAX)
        return err_set(err, E_BAD_CONFIG, "ingest.stages: more than %d", STAGES_MAX);
    if (topic == TOPIC_NONE || group.size == 0 || group.size >= sizeof stage->group)
        return err_set(err, E_BAD_CONFIG,
                       "ingest.stages: \"%.*s\" is not GROUP:TOPIC, such as genai:segments",
                       STR_ARGS(word));
    memcpy(stage->group, group.data, group.size);
    stage->topic = topic;
    pressure->stage_count++;
    return E_OK;
}

/* "preprocess:feedback genai:segments" */
static int read_stages(struct pressure *pressure, struct err *err)
{
    struct str list = str_of(pressure->state->options->stages);
    bool first = false;
    while (list.size) {
        struct str word = str_trim(str_cut(&list, ' '));
        int rc = word.size ? add_stage(pressure, word, err) : E_OK;
        if (rc) return rc;
    }
    for (size_t i = 0; i < pressure->stage_count; i++)
        first = first || pressure->stages[i].topic == TOPIC_FEEDBACK;
    return first ? E_OK
                 : err_set(err, E_BAD_CONFIG,
                           "ingest.stages: no group reads feedback; what arrives can't be known");
}

/* --- asking ----------------------------------------------------------------------------------- */

/* On a thread of the pool. */
static void ask(uv_work_t *work)
{
    struct pressure *pressure = work->data;
    int rc = E_OK;
    pressure->trouble = (struct err){0};
    for (size_t i = 0; i < pressure->stage_count && rc == E_OK; i++) {
        struct stage *stage = &pressure->stages[i];
        struct bus_lag lag = {0};
        if (atomic_load(&pressure->stopping)) return;
        rc = bus_lag(pressure->state->context->bus, stage->group, stage->topic, &lag,
                     &pressure->trouble);
        if (rc == E_NOT_FOUND) rc = E_OK, pressure->trouble = (struct err){0}; /* nothing waits */
        if (rc == E_OK) stage->lag = lag;
    }
}

static void complain(struct pressure *pressure)
{
    if (pressure->failures++ % 64 == 8) /* a leader that moves is no news */
        log_error(LOG_WARN, "ingest",
                  "how far the stages are behind can't be asked; posts are taken in all the same",
                  &pressure->trouble);
}

static int64_t now_ms(const struct pressure *pressure)
{
    return clock_mono_ms(pressure->state->context->clock);
}

static uint64_t receipts_of(const struct ingest_state *state)
{
    return state->receipts + watch_receipts(state->watch);
}

static void take_answer(struct pressure *pressure)
{
    struct gauge_sample *sample = &pressure->sample;
    sample->backlog = sample->arrived = 0;
    for (size_t i = 0; i < pressure->stage_count; i++) {
        const struct stage *stage = &pressure->stages[i];
        sample->backlog += stage->lag.records;
        if (stage->topic == TOPIC_FEEDBACK) sample->arrived = stage->lag.written;
    }
    pressure->failures = 0;
    gauge_add(&pressure->gauge, sample);
}

static void on_answer(uv_work_t *work, int status)
{
    struct pressure *pressure = work->data;
    pressure->asking = false;
    if (atomic_load(&pressure->stopping) || status) return;
    if (pressure->trouble.code)
        complain(pressure);
    else
        take_answer(pressure);
    atomic_store(&pressure->high, pressure_retry_after_s(pressure) > 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct pressure *pressure = timer->data;
    if (pressure->asking || atomic_load(&pressure->stopping)) return;
    pressure->sample.at_ms = now_ms(pressure);
    pressure->sample.receipts = receipts_of(pressure->state);
    pressure->asking =
        uv_queue_work(timer->loop, &pressure->work, ask, on_answer) == 0;
}

/* --- what it says ----------------------------------------------------------------------------- */

unsigned pressure_retry_after_s(const struct pressure *pressure)
{
    if (!pressure) return 0;
    return gauge_retry_after_s(&pressure->gauge, now_ms(pressure), receipts_of(pressure->state),
                               pressure->state->options->backlog_most);
}

bool pressure_is_high(const struct pressure *pressure)
{
    return pressure && atomic_load(&pressure->high);
}

void pressure_turned_away(struct pressure *pressure) { pressure->turned_away++; }

void pressure_metrics(const struct pressure *pressure, struct metrics_writer *writer)
{
    if (!pressure || pressure->gauge.count == 0) return;
    double backlog = (double)gauge_backlog(&pressure->gauge, now_ms(pressure),
                                           receipts_of(pressure->state)),
           rate = gauge_rate(&pressure->gauge),
           seconds = backlog > 86400 * rate ? 86400 : backlog > 0 ? backlog / rate : 0;
    metrics_sample(writer, METRIC_PIPELINE_BACKLOG, NULL, NULL, backlog);
    metrics_sample(writer, METRIC_PIPELINE_SECONDS, NULL, NULL, seconds);
    metrics_sample(writer, METRIC_TURNED_AWAY, NULL, NULL, (double)pressure->turned_away);
}

/* --- life ------------------------------------------------------------------------------------- */

int pressure_open(struct ingest_state *state, struct pressure **ret_pressure, struct err *err)
{
    if (state->options->backlog_most == 0) return E_OK;
    struct pressure *pressure = calloc(1, sizeof *pressure);
    if (!pressure) return err_set(err, E_NO_MEMORY, NULL);
    pressure->state = state;
    int rc = read_stages(pressure, err);
    if (rc) {
        free(pressure);
        return rc;
    }
    uv_timer_init(state->context->loop, &pressure->timer);
    pressure->timer.data = pressure->work.data = pressure;
    uv_timer_start(&pressure->timer, on_timer, 0, ASK_EVERY_MS);
    *ret_pressure = pressure;
    return E_OK;
}

void pressure_stop(struct pressure *pressure)
{
    if (pressure) atomic_store(&pressure->stopping, true);
}

static void on_closed(uv_handle_t *handle) { free(handle->data); }

void pressure_close(struct pressure *pressure)
{
    if (!pressure) return;
    uv_loop_t *loop = pressure->timer.loop;
    pressure_stop(pressure);
    uv_timer_stop(&pressure->timer);
    while (pressure->asking) uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&pressure->timer, on_closed);
}
