/* What a call of a model costs genai itself: the worker on a loop without a bus (runtime/solo.h),
 * a provider on loopback that answers after a fixed time, and beside it, in turn, a bare
 * libcurl client that makes as many calls of the same size. Each record is another text, so that
 * none is known already; and some wait, as in a worker under load: a call's end is the next one's
 * start, as it is with the bare client. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/shipped.h"
#include "ops/benchmarks/bench.h"
#include "ops/benchmarks/cost.h"
#include "ops/benchmarks/genai_bare.h"
#include "ops/benchmarks/genai_provider.h"
#include "runtime/chain.h"
#include "runtime/runtime.h"
#include "runtime/solo.h"
#include "schema/intake.h"
#include "workers/featurize/featurize.h"
#include "workers/genai/genai.h"
#include "workers/genai/prompt.h"
#include "workers/preprocess/preprocess.h"
#include "workers/segment/segment.h"

enum {
    AT_ONCE = 200, WAITING = 50, LATENCY_MS = 100, BATCH_RECORDS = 6, CALLS = 3000, WARM_UPS = 2,
    ROUNDS = 5, ROUNDS_MAX = 32, LINE_BYTES = 500
};

static const struct worker *const workers[] = {
    &preprocess_worker, &featurize_worker, &segment_worker, &genai_worker};
enum { WORKERS = sizeof workers / sizeof workers[0] };

/* --- records ---------------------------------------------------------------------------------- */

struct rig {
    const struct option_table **tables;
    struct config *config;
    struct arena arena;
    struct str *segments; /* messages for genai */
    uint64_t count, next;
    struct prompt *prompt;
    char url[64];
    double idle_mib; /* records and models, before anybody is asked */
    int counter;
    pid_t provider;
};

struct preparing {
    struct rig *rig;
    struct arena scratch;
    int rc;
    struct err err;
};

static void on_segment(void *user, const struct chain_message *message)
{
    struct preparing *preparing = user;
    struct record record;
    if (message->topic != TOPIC_SEGMENTS || preparing->rc) return;
    preparing->rc = chain_record(message, &preparing->scratch, &record, &preparing->err);
    if (preparing->rc == E_OK)
        preparing->rc = record_write(&record, &preparing->rig->arena,
                                     &preparing->rig->segments[preparing->rig->count++],
                                     &preparing->err);
}

static int pass_lines(struct rig *rig, struct str lines, struct chain *chain, struct err *err)
{
    struct preparing preparing = {.rig = rig};
    struct random random;
    random_seed(&random, 1);
    struct uuid_generator ids = {.clock = clock_system(), .random = &random};
    struct intake_rules rules = {
        .keep_unknown = true, .ids = &ids, .received_ms = clock_wall_ms(clock_system()),
        .handed_on = true};
    int rc = E_OK;
    for (uint64_t row = 0; lines.size && rc == E_OK; row++) {
        struct intake intake;
        struct json_problems problems;
        arena_reset(&preparing.scratch);
        rc = intake_json(str_cut(&lines, '\n'), &rules, row, &preparing.scratch, &intake, &problems,
                         err);
        struct chain_message message = {
            .topic = TOPIC_FEEDBACK, .key = intake.key, .record = &intake.record,
            .timestamp_ms = rules.received_ms};
        if (rc == E_OK) rc = chain_process(chain, &message, on_segment, &preparing, err);
        if (rc == E_OK && preparing.rc) *err = preparing.err, rc = preparing.rc;
    }
    arena_deinit(&preparing.scratch);
    return rc;
}

static int prepare(struct rig *rig, uint64_t count, struct err *err)
{
    struct buffer lines = {0};
    struct chain *chain = NULL;
    rig->segments = calloc(count, sizeof *rig->segments);
    int rc = rig->segments ? bench_lines(count, LINE_BYTES, &lines, err)
                           : err_set(err, E_NO_MEMORY, NULL);
    if (rc == E_OK)
        rc = chain_create(workers, WORKERS - 1, rig->config, clock_system(), &chain, err);
    if (rc == E_OK) rc = pass_lines(rig, buffer_str(&lines), chain, err);
    if (rc == E_OK && rig->count != count)
        rc = err_set(err, E_BUG, "%llu of %llu records are left", (unsigned long long)rig->count,
                     (unsigned long long)count);
    chain_destroy(chain);
    buffer_deinit(&lines);
    return rc;
}

/* --- genai ------------------------------------------------------------------------------------ */

struct asking {
    uv_loop_t loop;
    struct solo *solo;
    uint64_t answered, local;
    struct err err;
};

static void on_end(void *user, const struct solo_end *end)
{
    struct asking *asking = user;
    struct insight insight;
    int rc = end->code ? (int)end->code : E_OK;
    if (rc) asking->err = *end->err;
    else rc = record_decode(end->record, SECTION_INSIGHT, &insight, end->arena, &asking->err);
    if (rc) return;
    asking->answered++;
    asking->local += !str_equal(insight.provider, STR("openai"));
}

/* Texts that are the same after cleaning, and suspects that go alone, make fewer or more
 * than were meant. */
static uint64_t calls_of(struct asking *asking)
{
    struct genai_tally tally;
    return genai_tally(solo_context(asking->solo), &tally) ? tally.calls : 0;
}

static int ask_genai(struct rig *rig, struct asking *asking, uint64_t records, uint32_t at_once,
                     double *ret_resident, struct err *err)
{
    int rc = E_OK;
    uint64_t before = asking->answered;
    for (uint64_t i = 0; i < records && rc == E_OK; i++) {
        struct solo_message message = {
            .from = TOPIC_SEGMENTS, .topic = TOPIC_INSIGHTS, .key = STR("customer"),
            .value = rig->segments[rig->next++]};
        while (solo_under_way(asking->solo) >= at_once) uv_run(&asking->loop, UV_RUN_ONCE);
        rc = solo_send(asking->solo, &message, on_end, asking, err);
        if (i == records / 2) *ret_resident = cost_resident_mib();
    }
    while (rc == E_OK && solo_under_way(asking->solo)) uv_run(&asking->loop, UV_RUN_ONCE);
    if (asking->err.code) return *err = asking->err, (int)asking->err.code;
    if (rc == E_OK && (asking->answered - before != records || asking->local))
        rc = err_set(err, E_BUG, "%llu records went in, %llu were answered, %llu by local",
                     (unsigned long long)records, (unsigned long long)(asking->answered - before),
                     (unsigned long long)asking->local);
    return rc;
}

/* Apart, so that a profiler can tell them from each other: --toggle-collect=ask_one_each. */
__attribute__((noinline)) static int ask_one_each(struct rig *rig, struct asking *asking,
                                                  uint64_t calls, double *ret_resident,
                                                  struct err *err)
{
    return ask_genai(rig, asking, calls, AT_ONCE + WAITING, ret_resident, err);
}

__attribute__((noinline)) static int ask_batched(struct rig *rig, struct asking *asking,
                                                 uint64_t calls, struct err *err)
{
    double ignored;
    return ask_genai(rig, asking, calls * BATCH_RECORDS, (AT_ONCE + WAITING) * BATCH_RECORDS,
                     &ignored, err);
}

static int open_asking(struct rig *rig, struct asking *asking, uint32_t batch, struct err *err)
{
    char text[64];
    snprintf(text, sizeof text, "genai.batch_records=%u", batch);
    int rc = config_set(rig->config, str_of(text), "bench", err);
    if (rc) return rc;
    if (uv_loop_init(&asking->loop)) return err_set(err, E_SYSTEM, "no event loop");
    return solo_create(&asking->loop, &genai_worker, rig->config, clock_system(), &asking->solo,
                       err);
}

static void close_asking(struct asking *asking)
{
    solo_destroy(asking->solo);
    uv_run(&asking->loop, UV_RUN_DEFAULT);
    uv_loop_close(&asking->loop);
}

/* --- the bare client -------------------------------------------------------------------------- */

/* As many bytes as a request about one record has. */
static void make_body(const struct prompt *prompt, struct buffer *out)
{
    size_t size = prompt->system.size + prompt->schema.size + prompt->request.size + LINE_BYTES;
    buffer_add(out, STR("{\"model\":\"bench\",\"messages\":[{\"role\":\"user\",\"content\":\"these "
                        "ids: abcdef\\n feedback id=abcdef \\nThe lid came off at once\"},"
                        "{\"role\":\"system\",\"content\":\""));
    while (out->size < size && !out->failed) buffer_add(out, STR("words, words, "));
    buffer_add(out, STR("\"}]}"));
}

/* --- rounds ----------------------------------------------------------------------------------- */

struct series {
    double user[ROUNDS_MAX], system[ROUNDS_MAX], seconds[ROUNDS_MAX], instructions[ROUNDS_MAX];
};

static void note(struct series *series, uint64_t round, struct cost cost)
{
    series->user[round] = cost.user * 1e6, series->system[round] = cost.system * 1e6;
    series->seconds[round] = cost.seconds, series->instructions[round] = cost.instructions;
}

struct medians {
    double user, system, seconds, instructions;
};

static struct medians medians_of(struct series *series, uint64_t rounds)
{
    return (struct medians){
        bench_median(series->user, rounds), bench_median(series->system, rounds),
        bench_median(series->seconds, rounds), bench_median(series->instructions, rounds)};
}

/* Connections, arenas, the window of calls at once; and the heap's high-water mark, which
 * the bare client shares and which a wave of calls with longer texts still raises a little
 * in the second round. */
static int warm_up(struct rig *rig, struct asking *single, struct asking *batched, struct str body,
                   uint64_t calls, struct err *err)
{
    double ignored;
    int rc = E_OK;
    for (int i = 0; i < WARM_UPS && rc == E_OK; i++) {
        rc = ask_one_each(rig, single, calls, &ignored, err);
        if (rc == E_OK) rc = ask_batched(rig, batched, calls, err);
        if (rc == E_OK) rc = genai_bare_run(rig->url, body, calls, AT_ONCE, err);
    }
    return rc;
}

static int measure(struct rig *rig, struct asking *single, struct asking *batched, uint64_t calls,
                   uint64_t rounds, struct err *err)
{
    struct series ours = {.user = {0}}, bare = ours, batches = ours;
    struct buffer body = {0};
    double asking_mib = 0, first_mib = 0, last_mib = 0, first_heap_kib = 0, last_heap_kib = 0;
    make_body(rig->prompt, &body);
    int rc = warm_up(rig, single, batched, buffer_str(&body), calls, err);
    for (uint64_t round = 0; round < rounds && rc == E_OK; round++) {
        uint64_t before = calls_of(single), before_batches = calls_of(batched);
        struct cost start = cost_now(rig->counter);
        rc = ask_one_each(rig, single, calls, &asking_mib, err);
        note(&ours, round, cost_since(start, rig->counter, calls_of(single) - before));
        start = cost_now(rig->counter);
        if (rc == E_OK) rc = genai_bare_run(rig->url, buffer_str(&body), calls, AT_ONCE, err);
        note(&bare, round, cost_since(start, rig->counter, calls));
        start = cost_now(rig->counter);
        if (rc == E_OK) rc = ask_batched(rig, batched, calls, err);
        note(&batches, round, cost_since(start, rig->counter, calls_of(batched) - before_batches));
        last_mib = cost_resident_mib(), last_heap_kib = cost_heap_kib();
        if (round == 0) first_mib = last_mib, first_heap_kib = last_heap_kib;
    }
    buffer_deinit(&body);
    if (rc) return rc;
    struct medians mine = medians_of(&ours, rounds), least = medians_of(&bare, rounds),
                   six = medians_of(&batches, rounds);
    bench_bound("call_cpu_us", mine.user + mine.system, "µs of CPU a call, one record in each", 50);
    bench_figure("call_user_us", mine.user, "µs of it in the program, libcurl's part included");
    bench_figure("call_system_us", mine.system, "µs of it in the kernel");
    if (mine.instructions > 0)
        bench_figure("call_instructions", mine.instructions, "instructions in the program");
    bench_figure("bare_cpu_us", least.user + least.system, "µs of CPU a call of the bare client");
    bench_figure("bare_system_us", least.system, "µs of it in the kernel");
    if (least.instructions > 0)
        bench_figure("bare_instructions", least.instructions, "instructions in the program");
    bench_figure("call_beyond_bare_us", mine.user + mine.system - least.user - least.system,
                 "µs of CPU that are ours");
    bench_figure("batched_cpu_us", six.user + six.system, "µs of CPU a call, six records in each");
    if (six.instructions > 0)
        bench_figure("batched_instructions", six.instructions, "instructions in the program");
    bench_figure("calls_per_second", 1 / mine.seconds,
                 "calls/s, 200 at once, answered after 100 ms");
    bench_ratio("calls_to_bare", least.seconds / mine.seconds, 0.95);
    bench_figure("resident_asking_mib", asking_mib - rig->idle_mib,
                 "MiB resident more with 200 calls out than before the first");
    if (rounds < 2) return E_OK;
    bench_bound("resident_growth_mib", last_mib - first_mib,
                "MiB more after the last round than after the first", 1);
    bench_bound("heap_growth_kib", last_heap_kib - first_heap_kib,
                "KiB more of the heap in use then", 64);
    return E_OK;
}

static int configure(struct rig *rig, unsigned port, struct err *err)
{
    char endpoint[96];
    snprintf(endpoint, sizeof endpoint, "openai.endpoint=http://127.0.0.1:%u/v1", port);
    snprintf(rig->url, sizeof rig->url, "http://127.0.0.1:%u/v1/chat/completions", port);
    const char *const settings[] = {
        endpoint,
        "openai.model=bench",
        "openai.connections=200",
        "genai.providers=openai",
        "genai.calls=200",
        "genai.patience=1h",
        "genai.journal_bytes=64k" /* full at once, so that memory can be flat */,
        "preprocess.drop_retried=false"};
    int rc = E_OK;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0] && rc == E_OK; i++)
        rc = config_set(rig->config, str_of(settings[i]), "bench", err);
    return rc;
}

static int open_prompt(struct rig *rig, struct err *err)
{
    struct genai_options options;
    struct random random;
    char folder[SHIPPED_PATH_BYTES];
    random_seed(&random, 1);
    int rc = config_get(rig->config, &genai_option_table, &options, err);
    if (rc == E_OK) rc = shipped_path(options.folder, "", folder, err);
    return rc ? rc : prompt_open(folder, options.prompt, &random, &rig->prompt, err);
}

static int run(struct rig *rig, uint64_t calls, uint64_t rounds, struct err *err)
{
    struct asking single = {.answered = 0}, batched = {.answered = 0};
    unsigned port;
    int rc = genai_provider_start(LATENCY_MS, &rig->provider, &port, err);
    if (rc) return rc;
    rc = configure(rig, port, err);
    if (rc == E_OK) rc = open_prompt(rig, err);
    if (rc == E_OK) rc = prepare(rig, calls * (rounds + WARM_UPS) * (1 + BATCH_RECORDS), err);
    if (rc == E_OK && (rc = open_asking(rig, &single, 1, err)) == E_OK) {
        if ((rc = open_asking(rig, &batched, BATCH_RECORDS, err)) == E_OK) {
            rig->idle_mib = cost_resident_mib();
            rc = measure(rig, &single, &batched, calls, rounds, err);
            close_asking(&batched);
        }
        close_asking(&single);
    }
    genai_provider_stop(rig->provider);
    return rc;
}

int bench_genai(const struct bench_options *options, struct err *err)
{
    uint64_t calls = options->records ? options->records : CALLS,
             rounds = options->rounds ? options->rounds : ROUNDS;
    struct rig rig = {.tables = runtime_tables(workers, WORKERS), .counter = cost_open_counter()};
    if (rounds > ROUNDS_MAX) rounds = ROUNDS_MAX;
    int rc = rig.tables ? config_create(rig.tables, &rig.config, err)
                        : err_set(err, E_NO_MEMORY, NULL);
    if (rc == E_OK) rc = run(&rig, calls, rounds, err);
    if (rig.counter >= 0) close(rig.counter);
    prompt_close(rig.prompt);
    free(rig.segments);
    arena_deinit(&rig.arena);
    config_destroy(rig.config);
    free(rig.tables);
    return rc;
}
