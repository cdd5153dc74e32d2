/* The archive: every message of every topic as a line of an object that any tool can read, once.
 *
 * Happy path: process() adds the record to its partition's open object (archive.c); sealed objects
 * are stored by a few threads (crew.c); when one is in the store with its manifest, the partition's
 * position may be committed (durable()). A crash before the commit reads the records again and
 * finds the object there (keep.c). No record is ever refused: one that can't be read is kept as it
 * is (line.c), and the worker that it was meant for makes the dead letter of it. Only heartbeats
 * aren't kept: what an idle system tells of itself would fill its archive. */
#include "workers/logsink/logsink.h"

#include <stdlib.h>

#include "base/log.h"
#include "workers/logsink/archive.h"
#include "workers/logsink/crew.h"

#define LOGSINK_OPTIONS(O)                                                                         \
    O(STR, url, "data/archive", "Where objects go: a folder, or s3://BUCKET/PREFIX.")              \
    O(U32, count, "100000", 1, 100000000, "Records of an object, at most.")                        \
    O(BYTES, bytes, "8M", 1024, 1073741824, "Bytes of an object, about: as compressed in haste.")  \
    O(MS, age, "60s", 100, 86400000,                                                               \
      "An object is closed when its first record is this old, by our clock or by the records'.")   \
    O(BYTES, memory, "16M", 4194304, 68719476736,                                                  \
      "Bytes of all objects not stored yet; the largest is closed at half of it.")                 \
    O(U32, uploads, "2", 1, 16, "Calls to the store at once.")                                     \
    O(BYTES, part_bytes, "16M", 5242880, 1073741824, "Larger objects are uploaded in such parts.") \
    O(U32, level, "3", 1, 19, "Compression level of zstd.")
OPTIONS_STRUCT(logsink, LOGSINK_OPTIONS);
#define OPTIONS_OWNER struct logsink_options
OPTIONS_TABLE(logsink, LOGSINK_OPTIONS, "The archive.");
#undef OPTIONS_OWNER

struct logsink {
    struct archive archive;
    struct crew *crew;
    uv_async_t ended;  /* a call of the store has */
    uv_timer_t timer;  /* for archive_tick() */
    int64_t armed_ms;  /* when the timer is due; -1: it isn't */
    uint64_t reported; /* failures that were logged */
    struct store_config store;
    struct worker_context *context;
    int handles; /* of libuv's that are open; the last one frees the struct */
};

static void arm(struct logsink *logsink);

static void on_timer(uv_timer_t *timer)
{
    struct logsink *logsink = timer->data;
    logsink->armed_ms = -1;
    archive_tick(&logsink->archive);
    arm(logsink);
}

static void arm(struct logsink *logsink)
{
    int64_t due = logsink->archive.due_ms;
    if (due < 0 || due == logsink->armed_ms) return;
    int64_t wait = due - clock_mono_ms(logsink->context->clock);
    uv_timer_start(&logsink->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
    logsink->armed_ms = due;
}

/* The first failure of a row, and then ever fewer. */
static void report(struct logsink *logsink)
{
    const struct archive *archive = &logsink->archive;
    uint32_t failures = archive->failures;
    if (archive->counters.failed == logsink->reported) return;
    logsink->reported = archive->counters.failed;
    if (failures & (failures - 1)) return;
    log_error(LOG_WARN, "logsink", "the archive can't be written; trying again",
              &archive->last_error);
}

static void on_task(void *user) { uv_async_send(&((struct logsink *)user)->ended); }

static void on_ended(uv_async_t *ended)
{
    struct logsink *logsink = ended->data;
    for (struct task *task; (task = crew_take(logsink->crew));) {
        archive_done(&logsink->archive, task);
        report(logsink);
    }
    arm(logsink);
}

static void start_task(void *user, struct task *task)
{
    crew_start(((struct logsink *)user)->crew, task);
}

/* --- the worker ------------------------------------------------------------------------------ */

static struct archive_options archive_options_of(const struct logsink_options *options)
{
    return (struct archive_options){
        .count = options->count,
        .bytes = options->bytes,
        .age_ms = options->age,
        .memory_bytes = options->memory,
        .calls = options->uploads,
        .backoff_least_ms = 200,
        .backoff_most_ms = 30000,
        .keep = {.level = (int)options->level, .part_bytes = options->part_bytes},
    };
}

static void on_closed(uv_handle_t *handle)
{
    struct logsink *logsink = handle->data;
    if (--logsink->handles == 0) free(logsink);
}

static void logsink_close(struct worker_context *context)
{
    struct logsink *logsink = context->state;
    if (logsink->crew) {
        crew_stop(logsink->crew);
        for (struct task *task; (task = crew_take(logsink->crew));) task_destroy(task);
        crew_destroy(logsink->crew);
    }
    archive_deinit(&logsink->archive);
    uv_close((uv_handle_t *)&logsink->ended, on_closed);
    uv_close((uv_handle_t *)&logsink->timer, on_closed);
    context->state = NULL;
}

static int create(struct worker_context *context, struct err *err)
{
    struct archive_options options = archive_options_of(context->options);
    struct logsink *logsink = calloc(1, sizeof *logsink);
    if (!logsink) return err_set(err, E_NO_MEMORY, NULL);
    logsink->context = context;
    logsink->armed_ms = -1;
    int rc = archive_init(&logsink->archive, &options, context, start_task, logsink, err);
    if (rc == E_OK && uv_async_init(context->loop, &logsink->ended, on_ended))
        rc = err_set(err, E_SYSTEM, "no wake-up for the loop");
    if (rc != E_OK) {
        archive_deinit(&logsink->archive);
        free(logsink);
        return rc;
    }
    uv_timer_init(context->loop, &logsink->timer);
    logsink->ended.data = logsink->timer.data = logsink;
    logsink->handles = 2;
    context->state = logsink;
    return E_OK;
}

static int logsink_open(struct worker_context *context, struct err *err)
{
    const struct logsink_options *options = context->options;
    struct store_options store;
    if (!context->loop) return err_set(err, E_USAGE, "logsink needs a bus");
    int rc = config_get(context->config, &store_option_table, &store, err);
    if (rc == E_OK) rc = create(context, err);
    if (rc != E_OK) return rc;
    struct logsink *logsink = context->state;
    logsink->store = store_config_of(&store, options->url);
    rc = crew_create(options->uploads, &logsink->store, on_task, logsink, &logsink->crew, err);
    if (rc != E_OK) {
        err_wrap(err, "logsink.url");
        logsink_close(context);
    }
    return rc;
}

static bool is_heartbeat(const struct bus_message *message)
{
    return message->topic == TOPIC_AUDIT && header_find(message, STR(HEADER_HEARTBEAT)).size;
}

static int logsink_process(struct worker_context *context, struct job *job, struct err *err)
{
    struct logsink *logsink = context->state;
    if (is_heartbeat(job->message)) return E_OK;
    int rc = archive_take(&logsink->archive, job, err);
    arm(logsink);
    return rc;
}

static int64_t logsink_durable(struct worker_context *context, enum topic topic, uint32_t partition)
{
    return archive_durable(&((struct logsink *)context->state)->archive, topic, partition);
}

static void logsink_rewound(struct worker_context *context)
{
    archive_rewound(&((struct logsink *)context->state)->archive);
}

static void logsink_drain(struct worker_context *context)
{
    archive_drain(&((struct logsink *)context->state)->archive);
}

static bool logsink_draining(struct worker_context *context)
{
    return archive_draining(&((struct logsink *)context->state)->archive);
}

/* Certificates and credentials may have changed; options are what they were at the start. */
static int logsink_reload(struct worker_context *context, struct err *err)
{
    struct logsink *logsink = context->state;
    struct store *store;
    int rc = store_open(&logsink->store, &store, err);
    if (rc != E_OK) return rc;
    store_close(store);
    crew_reopen(logsink->crew);
    return E_OK;
}

static double waiting_seconds(struct worker_context *context, struct archive_waiting waiting)
{
    int64_t now_ms = clock_wall_ms(context->clock);
    return waiting.records && waiting.oldest_ms < now_ms
               ? (double)(now_ms - waiting.oldest_ms) * 1e-3
               : 0;
}

static void logsink_metrics(struct worker_context *context, struct metrics_writer *writer)
{
    const struct archive *archive = &((struct logsink *)context->state)->archive;
    const struct archive_counters *counters = &archive->counters;
    metrics_sample(writer, METRIC_OBJECTS, "result", "written", (double)counters->written);
    metrics_sample(writer, METRIC_OBJECTS, "result", "adopted", (double)counters->adopted);
    metrics_sample(writer, METRIC_OBJECTS, "result", "failed", (double)counters->failed);
    metrics_sample(writer, METRIC_OBJECT_BYTES, NULL, NULL, (double)counters->written_bytes);
    metrics_sample(writer, METRIC_ARCHIVED, NULL, NULL, (double)counters->records);
    metrics_sample(writer, METRIC_ARCHIVED_RAW, NULL, NULL, (double)counters->raw);
    metrics_sample(writer, METRIC_ARCHIVED_BEFORE, NULL, NULL, (double)counters->skipped);
    metrics_sample(writer, METRIC_ARCHIVE_MEMORY, NULL, NULL,
                   (double)(archive->open_bytes + archive->sealed_bytes));
    struct archive_waiting waiting = archive_waiting(archive);
    metrics_sample(writer, METRIC_ARCHIVE_WAITING, NULL, NULL, (double)waiting.records);
    metrics_sample(writer, METRIC_ARCHIVE_OLDEST, NULL, NULL, waiting_seconds(context, waiting));
    metrics_sample(writer, METRIC_ARCHIVE_FAILING, NULL, NULL, archive->failures ? 1 : 0);
}

static const struct option_table *const logsink_tables[] = {&store_option_table, NULL};

const struct worker logsink_worker = {
    .name = "logsink",
    .summary = "Archives every topic as objects that any tool can read.",
    /* insights hold what was said, and its price */
    .consumes = ((1u << TOPIC_COUNT) - 1) & ~TOPICS(ANSWERS),
    .options = &logsink_option_table,
    .tables = logsink_tables,
    .raw = true,
    .open = logsink_open,
    .process = logsink_process,
    .reload = logsink_reload,
    .drain = logsink_drain,
    .draining = logsink_draining,
    .close = logsink_close,
    .metrics = logsink_metrics,
    .durable = logsink_durable,
    .rewound = logsink_rewound,
};
