/* Each receipt counts on the ledger: by source and hour of the message's timestamp, as a count and
 * a sum of ids. So `verbatim verify` can tell that the bus kept what it acknowledged.
 *
 * Happy path: tally_add() counts into a small table → once a second the table becomes one message →
 * the bus holds it → it is forgotten. Where nothing was counted an empty message goes out after a
 * status interval, and then each hour, so that silence can be told from a door that is gone. What
 * failed is sent again as the very same message: it may have arrived, and its id tells that.
 * Meanwhile receipts are counted in the table.
 *
 * What isn't told (kill -9, a full table) makes the ledger tell of fewer receipts than were given,
 * never of more; verify checks only that side. */
#include "workers/ingest/tally.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/crash.h"
#include "base/log.h"
#include "runtime/runtime.h"
#include "schema/ledger.h"

/* Rows of named sources; behind them some for all other sources, one an hour. */
enum { NAMED_ROWS = 60, ROWS = 64, SOURCE_BYTES = 256 };
enum { TELL_EVERY_MS = 1000, DRAIN_EVERY_MS = 20, SILENCE_EVERY_MS = 3600000 };

struct row {
    int64_t window;
    struct ledger_sum sum;
    size_t source_size;
    char source[SOURCE_BYTES];
};

struct tally {
    struct ingest_state *state;
    uv_timer_t timer;
    int64_t told_ms;             /* when the last message was held */
    int64_t status_every_ms, silence_ms; /* an empty message after a full one; after the last one */
    pthread_mutex_t lock;        /* of the rows */
    struct row rows[ROWS];       /* used: source_size or sum.records is not 0 */
    size_t named, last;          /* last: the row that was counted in */
    /* The message on its way, until the bus holds it: */
    struct arena arena;
    struct bus_output message; /* no value: none */
    bool sent;                 /* its report will come */
    unsigned failures;
};

/* --- counting --------------------------------------------------------------------------------- */

static bool is_row(const struct row *row, struct str source, int64_t window)
{
    return row->window == window && str_equal(str_make(row->source, row->source_size), source);
}

static struct row *other_row(struct tally *tally, int64_t window)
{
    for (size_t i = NAMED_ROWS; i < ROWS; i++) {
        struct row *row = &tally->rows[i];
        if (row->sum.records == 0) row->window = window;
        if (row->window == window) return row;
    }
    return NULL;
}

/* NULL: there is no room, and it isn't counted. */
static struct row *row_of(struct tally *tally, struct str source, int64_t window)
{
    struct row *last = &tally->rows[tally->last];
    if (tally->last < tally->named && is_row(last, source, window)) return last;
    for (size_t i = 0; i < tally->named; i++)
        if (is_row(&tally->rows[i], source, window)) {
            tally->last = i;
            return &tally->rows[i];
        }
    if (tally->named == NAMED_ROWS || source.size == 0 || source.size > SOURCE_BYTES)
        return other_row(tally, window);
    struct row *row = &tally->rows[tally->last = tally->named++];
    *row = (struct row){.window = window, .source_size = source.size};
    memcpy(row->source, source.data, source.size);
    return row;
}

void tally_add(struct tally *tally, const struct taken *taken, const struct bus_output *outputs,
               size_t count)
{
    if (!tally) return;
    pthread_mutex_lock(&tally->lock);
    for (size_t i = 0; i < count; i++) {
        int64_t window = ledger_window(outputs[i].timestamp_ms);
        struct row *row = row_of(tally, taken[i].source, window);
        if (row) ledger_add(&row->sum, ledger_hash(outputs[i].headers[JOB_HEADER_ID].value));
    }
    pthread_mutex_unlock(&tally->lock);
}

static bool has_counted(const struct tally *tally)
{
    bool any = tally->named > 0;
    for (size_t i = NAMED_ROWS; i < ROWS; i++) any |= tally->rows[i].sum.records > 0;
    return any;
}

static void clear_rows(struct tally *tally)
{
    tally->named = 0;
    for (size_t i = NAMED_ROWS; i < ROWS; i++) tally->rows[i] = (struct row){0};
}

/* --- as a message ----------------------------------------------------------------------------- */

static bool fill_receipts(const struct tally *tally, struct arena *arena,
                          struct receipt_list *list)
{
    list->items = ARENA_ARRAY(arena, struct receipt, ROWS);
    if (!list->items) return false;
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &tally->rows[i];
        if ((i < NAMED_ROWS && i >= tally->named) || row->sum.records == 0) continue;
        struct receipt *receipt = &list->items[list->count++];
        shape_set(receipt, receipt, source, str_make(row->source, row->source_size));
        shape_set(receipt, receipt, window, row->window);
        shape_set(receipt, receipt, records, row->sum.records);
        shape_set(receipt, receipt, ids, ledger_ids_text(row->sum.ids, arena));
        if (!receipt->ids.data) return false;
    }
    return true;
}

static bool write_message(struct tally *tally)
{
    const struct worker_context *context = tally->state->context;
    struct arena *arena = &tally->arena;
    struct uuid_generator ids = {.clock = context->clock, .random = context->random};
    struct record record = {.version = RECORD_VERSION};
    struct receipt_list receipts = {0};
    struct ledger ledger = {0};
    struct str bytes;
    char *id = arena_alloc(arena, UUID_TEXT_BYTES), *trace = arena_alloc(arena, TRACE_TEXT_BYTES);
    struct bus_header *headers = ARENA_ARRAY(arena, struct bus_header, JOB_HEADERS);
    if (!id || !trace || !headers || !fill_receipts(tally, arena, &receipts)) return false;
    uuid_next(&ids, id);
    trace_alone(context->random, trace);
    record.id = str_of(id);
    shape_set(ledger, &ledger, worker, str_of(context->worker->name));
    shape_set(ledger, &ledger, member, str_of(context->member));
    shape_set(ledger, &ledger, at, clock_wall_ms(context->clock));
    if (receipts.count) shape_set(ledger, &ledger, receipts, receipts);
    if (record_put(&record, SECTION_LEDGER, &ledger, arena, NULL) ||
        record_write(&record, arena, &bytes, NULL))
        return false;
    headers_fill(headers, TOPIC_LEDGER, context->worker->name, record.id, str_of(trace));
    tally->message = (struct bus_output){
        .topic = TOPIC_LEDGER, .timestamp_ms = ledger.at, .key = str_of(context->member),
        .value = bytes, .headers = headers, .header_count = JOB_HEADERS};
    return true;
}

/* --- telling ---------------------------------------------------------------------------------- */

static int64_t now_ms(const struct tally *tally)
{
    return clock_mono_ms(tally->state->context->clock);
}

/* What was counted, or silence where it is due, becomes the message. Without memory: later. */
static void gather(struct tally *tally)
{
    bool silence = now_ms(tally) - tally->told_ms >= tally->silence_ms && !tally->state->draining;
    pthread_mutex_lock(&tally->lock);
    bool counted = has_counted(tally);
    if (counted || silence) {
        if (write_message(tally)) {
            clear_rows(tally);
            tally->silence_ms = counted ? tally->status_every_ms : SILENCE_EVERY_MS;
        } else {
            arena_reset(&tally->arena);
        }
    }
    pthread_mutex_unlock(&tally->lock);
}

/* The message stays as it is: it is sent again at the next turn of the timer. */
static void failed(struct tally *tally, const struct err *err)
{
    tally->sent = false;
    if (tally->failures++ % 32 == 4)
        log_error(LOG_WARN, "ingest", "what had receipts can't be told on the ledger; trying again",
                  err);
}

static void on_held(void *user, const struct err *err)
{
    struct tally *tally = user;
    if (err) {
        failed(tally, err);
        return;
    }
    tally->sent = false;
    tally->failures = 0;
    tally->told_ms = now_ms(tally);
    tally->message = (struct bus_output){0};
    arena_reset(&tally->arena);
}

static void tell(struct tally *tally)
{
    struct err err = {0};
    if (tally->sent) return;
    if (!tally->message.value.data) gather(tally);
    if (!tally->message.value.data) return;
    crash_point("door.tally");
    tally->sent = true;
    if (bus_produce(tally->state->producer, &tally->message, 1, on_held, tally, &err))
        failed(tally, &err);
}

static void on_timer(uv_timer_t *timer) { tell(timer->data); }

void tally_drain(struct tally *tally)
{
    if (tally) uv_timer_start(&tally->timer, on_timer, 0, DRAIN_EVERY_MS);
}

bool tally_settled(struct tally *tally)
{
    if (!tally) return true;
    pthread_mutex_lock(&tally->lock);
    bool settled = !tally->message.value.data && !has_counted(tally);
    pthread_mutex_unlock(&tally->lock);
    return settled;
}

/* --- life ------------------------------------------------------------------------------------- */

int tally_open(struct ingest_state *state, struct tally **ret_tally, struct err *err)
{
    struct runtime_options options;
    int rc = config_get(state->context->config, &runtime_option_table, &options, err);
    if (rc || !options.ledger) return rc;
    struct tally *tally = calloc(1, sizeof *tally);
    if (!tally) return err_set(err, E_NO_MEMORY, NULL);
    tally->state = state;
    tally->status_every_ms = tally->silence_ms = options.status_every;
    tally->told_ms = now_ms(tally);
    pthread_mutex_init(&tally->lock, NULL);
    uint64_t every_ms =
        (uint64_t)(options.status_every < TELL_EVERY_MS ? options.status_every : TELL_EVERY_MS);
    uv_timer_init(state->context->loop, &tally->timer);
    tally->timer.data = tally;
    uv_timer_start(&tally->timer, on_timer, every_ms, every_ms);
    *ret_tally = tally;
    return E_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct tally *tally = handle->data;
    arena_deinit(&tally->arena);
    pthread_mutex_destroy(&tally->lock);
    free(tally);
}

void tally_close(struct tally *tally)
{
    if (!tally) return;
    uv_timer_stop(&tally->timer);
    uv_close((uv_handle_t *)&tally->timer, on_closed);
}
