/* Files: a watched folder or S3 prefix, where each new CSV or NDJSON object is taken in exactly
 * once.
 *
 * A thread of its own, as stores block: look → take what is due, one object at a time
 * (watch_object.c) → pause. What was taken before is known by its receipt: all receipts are listed
 * once, at the start. In a folder a file is taken when two looks in a row find the same size and
 * time, or when it was not touched for a minute. */
#include "workers/ingest/watch.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/log.h"
#include "workers/ingest/pressure.h"

bool watch_stopping(const struct watch *watch) { return atomic_load(&watch->stopping); }

static void wake(struct watch *watch)
{
    (void)!write(watch->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
}

static bool pause_for(struct watch *watch, int64_t ms)
{
    struct pollfd woken = {.fd = watch->wake_fd, .events = POLLIN};
    uint64_t ignored;
    if (!watch_stopping(watch)) poll(&woken, 1, ms < 3600000 ? (int)ms : 3600000);
    (void)!read(watch->wake_fd, &ignored, sizeof ignored);
    return !watch_stopping(watch);
}

/* Authorities and credentials may be others by now. What can't be opened leaves
 * the old in force. */
static void reopen_if_asked(struct watch *watch)
{
    struct store *fresh;
    struct err err;
    if (!atomic_exchange(&watch->reopen, false)) return;
    if (store_open(&watch->store_config, &fresh, &err)) {
        log_error(LOG_ERROR, "ingest", "the watched store can't be opened anew; the old stays",
                  &err);
        return;
    }
    store_close(watch->store);
    watch->store = fresh;
}

bool watch_await_room(struct watch *watch)
{
    enum { LOOK_AGAIN_MS = 500 };
    bool going = true;
    while (going && pressure_is_high(watch->state->pressure))
        going = pause_for(watch, LOOK_AGAIN_MS);
    return going;
}

bool watch_back_off(struct watch *watch, const char *doing, const struct err *err)
{
    enum { LEAST_MS = 500, MOST_MS = 60000 };
    if (watch_stopping(watch)) return false;
    unsigned failures = watch->failures_in_a_row++;
    int64_t ms = backoff_ms(LEAST_MS, MOST_MS, failures);
    if (ms < watch->store->retry_after_ms) ms = watch->store->retry_after_ms;
    atomic_fetch_add(&watch->failures, 1);
    if (failures % 8 == 0) log_error(LOG_WARN, "ingest", doing, err);
    bool going = pause_for(watch, ms + (int64_t)random_below(&watch->random, (uint64_t)ms / 2));
    reopen_if_asked(watch);
    return going;
}

void watch_recovered(struct watch *watch)
{
    if (watch->failures_in_a_row > 1) log_line(LOG_INFO, "ingest", "files are taken in again");
    watch->failures_in_a_row = 0;
}

/* --- looking ---------------------------------------------------------------------------------- */

typedef bool on_object(struct watch *watch, const struct store_object *object);

/* Every object under the prefix; false: stopped, or the store fails (then later again). */
static bool walk(struct watch *watch, struct str prefix, on_object *visit)
{
    struct store_page page = {0};
    bool going = true;
    do {
        struct err err;
        if (store_list(watch->store, prefix, page.next, 0, &page, &err)) {
            going = false;
            watch_back_off(watch, "the watched place can't be listed", &err);
            break;
        }
        for (size_t i = 0; i < page.count && going; i++)
            going = visit(watch, &page.objects[i]) && !watch_stopping(watch);
    } while (going && page.more);
    store_page_deinit(&page);
    return going;
}

static bool on_receipt(struct watch *watch, const struct store_object *object)
{
    if (!str_ends(object->key, STR(".json"))) return true;
    if (name_set_add(&watch->done, object->key)) return true;
    struct err err;
    err_set(&err, E_NO_MEMORY, NULL);
    watch_back_off(watch, "receipts can't be kept in mind", &err);
    return false; /* without them nothing may be taken */
}

/* Who leaves a reviews.json or .csv.gz there waits for it in vain; told once of a name. */
static void leave_alone(struct watch *watch, struct str key)
{
    enum { TOLD_MOST = 100 };
    struct log_event event;
    if (watch->left_alone.count == TOLD_MOST || name_set_has(&watch->left_alone, key)) return;
    if (!name_set_add(&watch->left_alone, key)) return;
    log_begin(&event, LOG_WARN, "ingest",
              "a watched file is left alone: its name ends in none of .csv, .ndjson, .jsonl");
    log_add(&event, "name", "%.*s", STR_ARGS(key));
    log_end(&event);
}

static bool on_candidate(struct watch *watch, const struct store_object *object)
{
    if (watch_is_ours(object->key) || watch_is_hidden(object->key)) return true;
    if (watch_is_candidate(object->key)) return watch_take(watch, object->key, &object->info);
    leave_alone(watch, object->key);
    return true;
}

static void look(struct watch *watch)
{
    reopen_if_asked(watch);
    if (!watch->receipts_known) watch->receipts_known = walk(watch, STR("receipts/"), on_receipt);
    if (!watch->receipts_known) return;
    hash_table_deinit(&watch->pending_before);
    watch->pending_before = watch->pending;
    watch->pending = (struct hash_table){0};
    if (walk(watch, watch->prefix, on_candidate)) watch_recovered(watch);
}

static void watch_main(void *user)
{
    struct watch *watch = user;
    do look(watch);
    while (pause_for(watch, watch->state->options->watch_every));
    atomic_store(&watch->ended, true);
}

/* --- life ------------------------------------------------------------------------------------- */

static int open_store(struct watch *watch, struct err *err)
{
    struct store_options options;
    if (!intake_tenant_is_valid(watch->tenant))
        return err_set(err, E_BAD_CONFIG,
                       "ingest.watch_tenant is longer than %d bytes, or not UTF-8",
                       INTAKE_TENANT_BYTES_MAX);
    watch_place(watch->state->options->watch, watch->store_url, &watch->prefix);
    watch->wait_until_stable = !str_starts(str_of(watch->store_url), STR("s3://"));
    int rc = config_get(watch->state->context->config, &store_option_table, &options, err);
    if (rc) return rc;
    watch->store_config = store_config_of(&options, watch->store_url);
    watch->store_config.cancelled = &watch->cancelled;
    watch->store_config.must_exist = true; /* one with a typo would be watched in vain */
    return store_open(&watch->store_config, &watch->store, err);
}

int watch_open(struct ingest_state *state, struct watch **ret_watch, struct err *err)
{
    char member[80];
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch) return err_set(err, E_NO_MEMORY, NULL);
    watch->state = state;
    watch->tenant = str_of(state->options->watch_tenant);
    watch->ids = (struct uuid_generator){.clock = state->context->clock, .random = &watch->random};
    random_seed_system(&watch->random);
    watch->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    snprintf(member, sizeof member, "%.64s-files", state->context->member);
    int rc = watch->wake_fd < 0 ? err_system(err, E_SYSTEM, "eventfd") : open_store(watch, err);
    if (rc == E_OK) rc = bus_producer_open(state->context->bus, member, &watch->producer, err);
    if (rc == E_OK && uv_thread_create(&watch->thread, watch_main, watch))
        rc = err_set(err, E_SYSTEM, "no thread for files");
    watch->started = rc == E_OK;
    if (rc == E_OK) {
        *ret_watch = watch;
        return E_OK;
    }
    watch_close(watch);
    return err_wrap(err, "ingest.watch %s", state->options->watch);
}

void watch_stop(struct watch *watch)
{
    if (!watch) return;
    atomic_store(&watch->stopping, true);
    wake(watch);
}

void watch_reload(struct watch *watch)
{
    if (!watch) return;
    atomic_store(&watch->reopen, true);
    wake(watch);
}

bool watch_busy(const struct watch *watch) { return watch && !atomic_load(&watch->ended); }

void watch_close(struct watch *watch)
{
    if (!watch) return;
    atomic_store(&watch->cancelled, true);
    if (watch->started) {
        watch_stop(watch);
        uv_thread_join(&watch->thread);
    }
    if (watch->producer)
        bus_producer_close(watch->producer); /* what it holds of ours it gives up here */
    store_close(watch->store);
    hash_table_deinit(&watch->done);
    hash_table_deinit(&watch->pending);
    hash_table_deinit(&watch->pending_before);
    hash_table_deinit(&watch->left_alone);
    arena_deinit(&watch->arena);
    buffer_deinit(&watch->input);
    if (watch->wake_fd >= 0) close(watch->wake_fd);
    free(watch);
}

uint64_t watch_receipts(const struct watch *watch)
{
    return watch ? atomic_load(&watch->receipts) : 0;
}
uint64_t watch_refused(const struct watch *watch)
{
    return watch ? atomic_load(&watch->refused_rows) : 0;
}

void watch_metrics(const struct watch *watch, struct metrics_writer *writer)
{
    static const char *const names[FILE_RESULT_COUNT] = {"done", "failed", "changed"};
    for (int i = 0; i < FILE_RESULT_COUNT; i++)
        metrics_sample(writer, METRIC_FILES, "result", names[i],
                       (double)atomic_load(&watch->results[i]));
    metrics_sample(writer, METRIC_FILES, "result", "retried",
                   (double)atomic_load(&watch->failures));
}
