/* One watched object, from its first row to its receipt.
 *
 * Happy path: read a chunk → send its rows → once the bus holds them, write down the refused ones →
 * note how far we are → … → put the receipt, which must not exist yet. The id of a row is made of
 * the object's key, its ETag and the row's number; so what is sent again after a crash (at most one
 * chunk) are the same records. Failures: what may work later is tried again for ever, longer apart
 * each time; an object that was replaced or can't be read as what it says it is gets a receipt that
 * says so, and is not looked at again. */
#include "workers/ingest/watch.h"

#include <poll.h>

#include "base/hash.h"
#include "workers/ingest/tally.h"

enum { PROGRESS_BYTES = 4096, SLICE_RECORDS = 256, SLICE_BYTES = 1 << 20, WAIT_MS = 100 };

enum step {
    STEP_RESUME,
    STEP_HEADER,
    STEP_READ,
    STEP_SEND,
    STEP_VALIDATION,
    STEP_PROGRESS,
    STEP_RECEIPT,
    STEP_TIDY,
    STEP_END
};

struct taking {
    struct watch *watch;
    struct object *object;
    struct chunk chunk;
};

/* --- progress --------------------------------------------------------------------------------- */

static int resume(struct taking *taking, struct err *err)
{
    struct object *object = taking->object;
    struct buffer text = {0};
    if (object->info.size_bytes <= CHUNK_BYTES) return E_OK; /* there is never any */
    struct object before = *object;
    int rc = store_get(taking->watch->store, object->progress_key, PROGRESS_BYTES, &text, err);
    if (rc == E_OK && !watch_read_progress(object, buffer_str(&text))) {
        struct arena arena = object->arena; /* junk: from the start, which gives the same records */
        *object = before;
        object->arena = arena;
    }
    buffer_deinit(&text);
    return rc == E_NOT_FOUND || rc == E_TOO_LARGE ? E_OK : rc;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int fetch(struct taking *taking, uint64_t offset, struct str *ret_input, bool *ret_complete,
                 struct err *err)
{
    struct watch *watch = taking->watch;
    struct object *object = taking->object;
    buffer_clear(&watch->input);
    int rc = store_get_range(watch->store, object->key, offset, CHUNK_BYTES, object->info.etag,
                             &watch->input, err);
    if (rc) return rc;
    *ret_input = buffer_str(&watch->input);
    *ret_complete = offset + ret_input->size >= object->info.size_bytes;
    if (!*ret_complete && ret_input->size < CHUNK_BYTES)
        return err_set(err, E_NOT_FOUND, "the object is shorter than it was");
    return E_OK;
}

static int read_header(struct taking *taking, struct err *err)
{
    struct str input;
    bool complete;
    if (!taking->object->csv || taking->object->info.size_bytes == 0) return E_OK;
    int rc = fetch(taking, 0, &input, &complete, err);
    return rc ? rc : watch_read_header(taking->object, input, complete, err);
}

static int read_chunk(struct taking *taking, struct err *err)
{
    struct watch *watch = taking->watch;
    struct str input;
    bool complete;
    arena_reset(&watch->arena);
    int rc = fetch(taking, taking->object->offset, &input, &complete, err);
    return rc ? rc : watch_read_rows(watch, taking->object, input, complete, &taking->chunk, err);
}

/* --- sending ---------------------------------------------------------------------------------- */

static void on_sent(void *user, const struct err *err)
{
    struct watch *watch = user;
    watch->unanswered--;
    if (err) watch->bus_err = *err;
}

static void await_producer(struct watch *watch)
{
    struct pollfd ready = {.fd = bus_producer_wake_fd(watch->producer), .events = POLLIN};
    poll(&ready, 1, WAIT_MS);
    bus_producer_poll(watch->producer);
}

static size_t slice_of(const struct bus_output *outputs, size_t count)
{
    size_t bytes = 0, slice = 0;
    while (slice < count && slice < SLICE_RECORDS && (slice == 0 || bytes < SLICE_BYTES))
        bytes += outputs[slice++].value.size;
    return slice;
}

/* Sends in slices; waits where the bus has no room. All are answered when this returns, unless
 * cancelled. */
static int send_all(struct watch *watch, const struct bus_output *outputs, size_t count,
                    struct err *err)
{
    int rc = E_OK;
    watch->bus_err = (struct err){0};
    while (count && rc == E_OK && !watch->bus_err.code && !atomic_load(&watch->cancelled)) {
        size_t slice = slice_of(outputs, count);
        watch->unanswered++;
        rc = bus_produce(watch->producer, outputs, slice, on_sent, watch, err);
        if (rc) watch->unanswered--;
        if (rc == E_BUSY) {
            await_producer(watch);
            rc = E_OK;
            continue;
        }
        outputs += slice;
        count -= slice;
    }
    while (watch->unanswered && !atomic_load(&watch->cancelled)) await_producer(watch);
    if (rc == E_OK && watch->bus_err.code) *err = watch->bus_err, rc = (int)err->code;
    if (rc == E_OK && (count || watch->unanswered)) rc = err_set(err, E_CANCELLED, "stopped");
    return rc;
}

static int send_chunk(struct taking *taking, struct err *err)
{
    struct watch *watch = taking->watch;
    struct bus_output *outputs;
    const struct worker_context *context = watch->state->context;
    if (taking->chunk.count == 0) return E_OK;
    int rc = outputs_make(taking->chunk.taken, taking->chunk.count, (struct str){0},
                          clock_wall_ms(context->clock), context->telemetry, &watch->random,
                          &watch->arena, &outputs, err);
    int64_t began_ns = clock_mono_ns(context->clock);
    if (rc == E_OK) rc = send_all(watch, outputs, taking->chunk.count, err);
    if (rc != E_OK) return rc;
    outputs_tell(context, outputs, taking->chunk.count, (struct str){0}, began_ns, NULL);
    atomic_fetch_add(&watch->receipts, taking->chunk.count);
    tally_add(watch->state->tally, taking->chunk.taken, outputs, taking->chunk.count);
    return E_OK;
}

/* --- writing down ----------------------------------------------------------------------------- */

static int put(struct watch *watch, struct str key, struct str body, bool if_absent,
               const char *type, struct err *err)
{
    const struct store_put_options options = {.if_absent = if_absent, .content_type = type};
    if (!key.data) return err_set(err, E_NO_MEMORY, NULL);
    return store_put(watch->store, key, body, &options, err);
}

/* One object a chunk, named by its first row: written again after a crash, it is the same. */
static int put_validation(struct taking *taking, struct err *err)
{
    struct object *object = taking->object;
    struct watch *watch = taking->watch;
    if (taking->chunk.refused_rows == 0) return E_OK;
    struct str folder = watch_name(&watch->arena, "validation", object->key, object->id, "");
    struct str key = arena_printf(&watch->arena, "%.*s/%012llu.ndjson", STR_ARGS(folder),
                                  (unsigned long long)object->rows);
    return put(watch, key, buffer_str(&taking->chunk.refused), false, "application/x-ndjson", err);
}

/* The chunk is done with: from here on it is not sent again by this process. */
static void advance(struct taking *taking)
{
    struct object *object = taking->object;
    struct chunk *chunk = &taking->chunk;
    object->offset += chunk->bytes;
    object->line += chunk->lines;
    object->rows += chunk->rows;
    object->accepted += chunk->count;
    object->refused += chunk->refused_rows;
    object->validations += chunk->refused_rows > 0;
    object->skipping = chunk->skipping;
    atomic_fetch_add(&taking->watch->refused_rows, chunk->refused_rows);
    buffer_deinit(&chunk->refused);
    taking->chunk = (struct chunk){0};
}

static bool at_end(const struct object *object)
{
    return object->offset >= object->info.size_bytes;
}

static int put_progress(struct taking *taking, struct err *err)
{
    struct buffer body = {0};
    if (at_end(taking->object)) return E_OK;
    watch_write_progress(taking->object, &body);
    int rc = put(taking->watch, taking->object->progress_key, buffer_str(&body), false,
                 "application/json", err);
    buffer_deinit(&body);
    return rc;
}

static int put_receipt(struct taking *taking, struct err *err)
{
    struct buffer body = {0};
    watch_write_receipt(taking->object, clock_wall_ms(taking->watch->state->context->clock),
                        &taking->watch->arena, &body);
    int rc = body.failed ? err_set(err, E_NO_MEMORY, NULL)
                         : put(taking->watch, taking->object->receipt_key, buffer_str(&body), true,
                               "application/json", err);
    buffer_deinit(&body);
    return rc == E_EXISTS ? E_OK : rc; /* ours, from a try that we didn't hear of; or a replica's */
}

static int tidy(struct taking *taking, struct err *err)
{
    if (taking->object->info.size_bytes <= CHUNK_BYTES) return E_OK;
    return store_delete(taking->watch->store, taking->object->progress_key, err);
}

/* --- the flow --------------------------------------------------------------------------------- */

static int run_step(struct taking *taking, enum step step, struct err *err)
{
    switch (step) {
    case STEP_RESUME: return resume(taking, err);
    case STEP_HEADER: return read_header(taking, err);
    case STEP_READ: return read_chunk(taking, err);
    case STEP_SEND: return send_chunk(taking, err);
    case STEP_VALIDATION: return put_validation(taking, err);
    case STEP_PROGRESS: return put_progress(taking, err);
    case STEP_RECEIPT: return put_receipt(taking, err);
    case STEP_TIDY: return tidy(taking, err);
    case STEP_END: break;
    }
    return E_OK;
}

static enum step next_step(struct taking *taking, enum step step)
{
    struct object *object = taking->object;
    if (step == STEP_VALIDATION) advance(taking);
    if (step == STEP_HEADER && at_end(object)) return STEP_RECEIPT;
    if (step == STEP_PROGRESS) return at_end(object) ? STEP_RECEIPT : STEP_READ;
    return step + 1;
}

/* What cures itself in time: all but an object that is not what it says, is not there any more, or
 * holds what the bus will never take (a limit of the broker's, below ours). */
static bool is_worth_retrying(int rc, enum step step)
{
    if (step == STEP_SEND && rc == E_TOO_LARGE) return false;
    bool reading = step == STEP_HEADER || step == STEP_READ;
    return !reading || (err_class((enum err_code)rc) != ERR_REJECT);
}

static enum step give_up(struct taking *taking, const struct err *err)
{
    struct object *object = taking->object;
    struct str reason = arena_copy(&object->arena, str_of(err->text));
    object->failure = reason.data ? reason.data : "out of memory";
    object->result = err->code == E_NOT_FOUND ? FILE_CHANGED : FILE_FAILED;
    return STEP_RECEIPT;
}

static bool run(struct taking *taking)
{
    static const char *const doing[] = {[STEP_RESUME] = "a file's progress can't be read",
                                        [STEP_HEADER] = "a file can't be read",
                                        [STEP_READ] = "a file can't be read",
                                        [STEP_SEND] = "a file's rows can't be written to the bus",
                                        [STEP_VALIDATION] = "refused rows can't be written down",
                                        [STEP_PROGRESS] = "a file's progress can't be written down",
                                        [STEP_RECEIPT] = "a file's receipt can't be written",
                                        [STEP_TIDY] = "a file's progress can't be deleted"};
    for (enum step step = STEP_RESUME; step != STEP_END;) {
        struct err err = {0};
        if (step == STEP_READ && !watch_await_room(taking->watch)) return false;
        int rc = run_step(taking, step, &err);
        if (rc == E_OK) {
            watch_recovered(taking->watch);
            step = next_step(taking, step);
            if (watch_stopping(taking->watch) && step == STEP_READ) return false;
        } else if (!is_worth_retrying(rc, step)) {
            step = give_up(taking, &err);
        } else if (!watch_back_off(taking->watch, doing[step], &err)) {
            return false;
        }
    }
    return true;
}

static bool name_object(struct object *object)
{
    uint8_t hash[SHA256_BYTES];
    char hex[SHA256_TEXT_BYTES];
    struct str named = arena_printf(&object->arena, "%.*s\n%s\n%llu", STR_ARGS(object->key),
                                    object->info.etag, (unsigned long long)object->info.size_bytes);
    if (!named.data) return false;
    hash_sha256(named, hash);
    hash_hex(hash, SHA256_BYTES, hex);
    snprintf(object->id, sizeof object->id, "%.16s", hex);
    object->receipt_key = watch_name(&object->arena, "receipts", object->key, object->id, ".json");
    object->progress_key =
        watch_name(&object->arena, "receipts", object->key, object->id, ".progress");
    return object->receipt_key.data && object->progress_key.data;
}

/* Was this very object taken in before, or does it still grow? */
static bool is_due(struct watch *watch, const struct object *object)
{
    enum { OLD_MS = 60000 };
    if (name_set_has(&watch->done, object->receipt_key)) return false;
    if (!watch->wait_until_stable) return true;
    int64_t age_ms = clock_wall_ms(watch->state->context->clock) - object->info.modified_ms;
    if (age_ms > OLD_MS || name_set_has(&watch->pending_before, object->receipt_key)) return true;
    (void)name_set_add(&watch->pending, object->receipt_key); /* without memory: at a later look */
    return false;
}

bool watch_take(struct watch *watch, struct str key, const struct store_info *info)
{
    struct object object = {.key = key, .info = *info, .line = 1};
    struct taking taking = {.watch = watch, .object = &object};
    bool ended = true;
    object.started_ms = clock_wall_ms(watch->state->context->clock);
    object.csv = str_equal_ignoring_case(str_slice(key, key.size - 4, key.size), STR(".csv"));
    if (name_object(&object) && is_due(watch, &object)) {
        ended = run(&taking);
        if (ended) {
            atomic_fetch_add(&watch->results[object.result], 1);
            (void)name_set_add(
                &watch->done,
                object.receipt_key); /* without memory: it is taken again, under the same ids */
        }
    }
    buffer_deinit(&taking.chunk.refused);
    if (watch->unanswered == 0) arena_reset(&watch->arena); /* else the bus still reads from it */
    arena_deinit(&object.arena);
    return ended;
}
