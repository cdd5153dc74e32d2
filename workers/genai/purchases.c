/* Purchases to the topic and back; their bytes are purchase.c's business.
 *
 * Writing: an entry is queued → handed to the bus → the bus holds it → on_written. What the bus
 * refuses for now is queued again, in front; of several the last comes first then, as their order
 * means nothing: each has a key of its own, and a mark speaks of what others wrote.
 *
 * Reading: a reader without a group takes in everything, always. To know that all is read that was
 * written up to now, a mark is written into each partition: when they have all come back, it is.
 * Where they are written and don't come back, the topic has more partitions than reader and
 * producer had heard of: they are written again.
 * Both ends are in one file, as a mark is written by the one and awaited by the other. */
#include "workers/genai/purchases.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crash.h"
#include "base/log.h"
#include "workers/genai/purchase.h"
#include "workers/genai/purchase_queue.h"

enum {
    TICK_MS = 2, IDLE_MS = 100, /* while something is awaited; else */
    POLLS = 4, POLL_RECORDS = 512, POLL_BYTES = 1 << 20,
    RUN_BYTES = 64, PARTITIONS_MAX = 1024,
    TRIES_MAX = 64 * PARTITIONS_MAX,
    WARN_MS = 10000,
    ROUND_MS = 5000, /* behind its last mark: then a round is begun again */
};

struct purchases {
    struct worker_context *context;
    struct answers *answers;
    struct purchases_calls calls;
    char run[RUN_BYTES]; /* "genai-0-" and a random number */
    struct bus_consumer *reader;
    uv_poll_t written;
    uv_timer_t timer;
    unsigned handles;
    struct purchase_queue queue;
    struct arena arena;                 /* of the message being read */
    uint64_t bills, round;      /* numbers for keys */
    bool *marked;                       /* by partition: its mark of this round has come back */
    uint32_t partitions, missing;       /* 0: not known how many; marks that haven't come back */
    uint32_t unwritten;                 /* marks that the bus doesn't hold yet; */
    int64_t written_ms;                 /* when it got one */
    bool ready, warned;
    int64_t asked_ms;
};

/* --- writing ---------------------------------------------------------------------------------- */

static void set_timer(struct purchases *journal);

static void on_end(void *user, struct writing *writing, const struct err *err)
{
    struct purchases *journal = user;
    journal->unwritten -= writing->mark;
    if (writing->mark) journal->written_ms = clock_mono_ms(journal->context->clock);
    if (writing->said) crash_point("genai.kept");
    if (writing->said && !err) answers_put(journal->answers, &writing->key, writing->output.value);
    if (writing->on_written) writing->on_written(writing->user, err);
}

/* On its way, or freed. */
static int submit(struct purchases *journal, struct writing *writing,
                  const struct purchase *purchase, struct str id, struct err *err)
{
    int rc = purchase_queue_add(writing, purchase, id, err);
    set_timer(journal);
    return rc;
}

int purchases_write(struct purchases *journal, const struct answer_key *key,
                    const struct purchase *purchase, purchases_on_written *on_entry_written,
                    void *user, struct err *err)
{
    char id[RECORD_ID_BYTES_MAX + 1];
    struct purchase told = *purchase;
    struct writing *writing = purchase_queue_new(&journal->queue, err);
    if (!writing) return E_NO_MEMORY;
    writing->on_written = on_entry_written;
    writing->user = user;
    writing->said = key != NULL;
    if (key) {
        writing->key = *key;
        hash_hex(key->bytes, SHA256_BYTES, id);
    } else {
        snprintf(id, sizeof id, "bill-%s-%llu", journal->run, (unsigned long long)journal->bills++);
    }
    shape_set(purchase, &told, run, str_of(journal->run));
    return submit(journal, writing, &told, str_of(id), err);
}

/* --- marks ------------------------------------------------------------------------------------ */

static int write_mark(struct purchases *journal, uint32_t number, struct err *err)
{
    char id[RECORD_ID_BYTES_MAX + 1], round[PURCHASE_ROUND_BYTES];
    struct purchase purchase = {0};
    struct writing *writing = purchase_queue_new(&journal->queue, err);
    if (!writing) return E_NO_MEMORY;
    shape_set(purchase, &purchase, at, clock_wall_ms(journal->context->clock));
    shape_set(purchase, &purchase, run, str_of(journal->run));
    shape_set(purchase, &purchase, provider, STR("mark"));
    shape_set(purchase, &purchase, model, purchase_round(journal->round, round));
    shape_set(purchase, &purchase, cost_micros, 0);
    writing->mark = true;
    journal->unwritten++;
    int rc = submit(journal, writing, &purchase,
                    purchase_mark_id(journal->context->member, number, id), err);
    if (rc) journal->unwritten--;
    return rc;
}

/* One key for each partition: the first that goes there. */
static int write_marks(struct purchases *journal, struct err *err)
{
    bool *has = calloc(journal->partitions, sizeof *has);
    uint32_t missing = journal->partitions;
    int rc = has ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t number = 0; rc == E_OK && missing && number < TRIES_MAX; number++) {
        char text[RECORD_ID_BYTES_MAX + 1];
        struct str id = purchase_mark_id(journal->context->member, number, text);
        uint32_t partition = bus_partition_of(id, journal->partitions);
        if (has[partition]) continue;
        has[partition] = true;
        missing--;
        rc = write_mark(journal, number, err);
    }
    free(has);
    return rc;
}

void purchases_catch_up(struct purchases *journal)
{
    journal->ready = false;
    journal->partitions = 0;
    journal->round++;
    journal->asked_ms = clock_mono_ms(journal->context->clock);
    set_timer(journal);
}

static bool is_due(const struct purchases *journal)
{
    int64_t ago_ms = clock_mono_ms(journal->context->clock) - journal->written_ms;
    return !journal->partitions || (!journal->unwritten && ago_ms >= ROUND_MS);
}

/* Once the bus has told how many partitions there are. */
static int begin_round(struct purchases *journal, struct err *err)
{
    size_t count = bus_backlog(journal->reader, NULL, 0);
    if (count == 0 || count > PARTITIONS_MAX) return E_OK;
    if (journal->partitions != count) {
        bool *marked = calloc(count, sizeof *marked);
        if (!marked) return err_set(err, E_NO_MEMORY, NULL);
        free(journal->marked);
        journal->marked = marked;
        journal->partitions = journal->missing = (uint32_t)count;
    }
    return write_marks(journal, err);
}

static void take_mark(struct purchases *journal, const struct bus_message *message,
                      const struct purchase *purchase)
{
    char round[PURCHASE_ROUND_BYTES];
    if (journal->ready || message->partition >= journal->partitions ||
        journal->marked[message->partition])
        return;
    if (!str_equal(purchase->run, str_of(journal->run)) ||
        !str_equal(purchase->model, purchase_round(journal->round, round)))
        return;
    journal->marked[message->partition] = true;
    if (--journal->missing) return;
    journal->ready = true;
    journal->calls.on_ready(journal->calls.user);
}

bool purchases_ready(const struct purchases *journal) { return journal->ready; }

/* --- reading ---------------------------------------------------------------------------------- */

static void take(struct purchases *journal, const struct bus_message *message)
{
    struct purchase purchase;
    struct answer_key key;
    if (!purchase_read(message->value, &journal->arena, &purchase)) return;
    if (str_equal(purchase.provider, STR("mark"))) take_mark(journal, message, &purchase);
    else if (str_equal(purchase.run, str_of(journal->run))) return; /* known since it was bought */
    else if (purchase_key(&purchase, message->key, &key))
        answers_put(journal->answers, &key, message->value);
    else journal->calls.on_bill(journal->calls.user, &purchase);
}

static int read_some(struct purchases *journal, bool *ret_more, struct err *err)
{
    *ret_more = true;
    for (int i = 0; i < POLLS && *ret_more; i++) {
        struct bus_batch batch = {0};
        int rc = bus_poll(journal->reader, POLL_RECORDS, POLL_BYTES, &batch, err);
        if (rc) return rc;
        *ret_more = batch.count > 0;
        for (uint32_t j = 0; j < batch.count; j++) {
            take(journal, &batch.messages[j]);
            arena_reset(&journal->arena);
        }
        bus_release(journal->reader, &batch);
    }
    return E_OK;
}

static void warn_when_late(struct purchases *journal, const struct err *err)
{
    if (journal->ready || journal->warned ||
        clock_mono_ms(journal->context->clock) - journal->asked_ms < WARN_MS)
        return;
    journal->warned = true;
    log_error(LOG_WARN, "genai",
              "what was paid for can't be read back yet; nothing is bought meanwhile", err);
}

static void on_timer(uv_timer_t *timer)
{
    struct purchases *journal = timer->data;
    struct err err = {.code = E_TIMEOUT, .text = "the topic answers doesn't come to its end"};
    bool more = false;
    /* a wake-up that was lost costs no entry its report */
    bus_producer_poll(journal->queue.producer);
    purchase_queue_flush(&journal->queue);
    int rc = read_some(journal, &more, &err);
    if (rc == E_OK && !journal->ready && is_due(journal)) rc = begin_round(journal, &err);
    if (rc && err_class((enum err_code)rc) == ERR_FATAL) worker_fail(journal->context, &err);
    warn_when_late(journal, &err);
    set_timer(journal);
}

static void set_timer(struct purchases *journal)
{
    if (journal->queue.closing) return;
    uint64_t ms = journal->ready && !journal->queue.first ? IDLE_MS : TICK_MS;
    if (!uv_is_active((uv_handle_t *)&journal->timer) || uv_timer_get_due_in(&journal->timer) > ms)
        uv_timer_start(&journal->timer, on_timer, ms, 0);
}

/* --- life ------------------------------------------------------------------------------------- */

static void on_producer_ready(uv_poll_t *handle, int status, int events)
{
    struct purchases *journal = handle->data;
    (void)status, (void)events;
    bus_producer_poll(journal->queue.producer);
    set_timer(journal); /* what failed waits */
}

static int ensure_topic(struct bus *bus, struct err *err)
{
    const struct bus_topic_settings settings = {0};
    struct bus_topic_state state;
    bool created;
    int rc = bus_topic_describe(bus, TOPIC_ANSWERS, &state, err);
    if (rc != E_NOT_FOUND) return rc;
    rc = bus_topic_create(bus, TOPIC_ANSWERS, &settings, &created, err);
    return rc ? err_wrap(err,
                         "the topic answers is missing, and can't be made: verbatim topics create")
              : E_OK;
}

static int open_ends(struct purchases *journal, struct err *err)
{
    static const enum topic topics[] = {TOPIC_ANSWERS};
    struct worker_context *context = journal->context;
    char member[80];
    snprintf(member, sizeof member, "%.60s-answers", context->member);
    const struct bus_subscription subscription = {
        .member = member, .topics = topics, .topic_count = 1, .start = BUS_EARLIEST};
    int rc = ensure_topic(context->bus, err);
    if (rc == E_OK) rc = bus_producer_open(context->bus, member, &journal->queue.producer, err);
    if (rc == E_OK) rc = bus_subscribe(context->bus, &subscription, &journal->reader, err);
    return rc;
}

static void close_ends(struct purchases *journal)
{
    if (journal->queue.producer) bus_producer_close(journal->queue.producer);
    if (journal->reader) bus_unsubscribe(journal->reader);
    free(journal->marked);
    arena_deinit(&journal->arena);
}

int purchases_open(struct worker_context *context, struct answers *answers,
                   const struct purchases_calls *calls, struct purchases **ret_journal,
                   struct err *err)
{
    struct purchases *journal = calloc(1, sizeof *journal);
    if (!journal) return err_set(err, E_NO_MEMORY, NULL);
    *journal = (struct purchases){.context = context, .answers = answers, .calls = *calls};
    purchase_queue_init(&journal->queue, context);
    journal->queue.on_end = on_end;
    journal->queue.user = journal;
    snprintf(journal->run, sizeof journal->run, "%.40s-%llx", context->member,
             (unsigned long long)random_u64(context->random));
    int rc = open_ends(journal, err);
    if (rc) {
        close_ends(journal);
        free(journal);
        return rc;
    }
    uv_timer_init(context->loop, &journal->timer);
    uv_poll_init(context->loop, &journal->written, bus_producer_wake_fd(journal->queue.producer));
    journal->timer.data = journal->written.data = journal;
    journal->handles = 2;
    uv_poll_start(&journal->written, UV_READABLE, on_producer_ready);
    purchases_catch_up(journal);
    *ret_journal = journal;
    return E_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct purchases *journal = handle->data;
    if (--journal->handles == 0) free(journal);
}

void purchases_close(struct purchases *journal)
{
    if (!journal) return;
    journal->queue.closing = true;
    uv_poll_stop(&journal->written);
    close_ends(journal); /* reports what the bus held */
    purchase_queue_close(&journal->queue);
    uv_close((uv_handle_t *)&journal->timer, on_closed);
    uv_close((uv_handle_t *)&journal->written, on_closed);
}
