/* The whole chain, as `verbatim analyze` runs it: JSON in, four workers, JSON out;
 * and where the time goes. */
#include <stdlib.h>

#include "ops/benchmarks/bench.h"
#include "runtime/chain.h"
#include "runtime/runtime.h"
#include "schema/intake.h"
#include "schema/json.h"
#include "workers/featurize/featurize.h"
#include "workers/genai/genai.h"
#include "workers/preprocess/preprocess.h"
#include "workers/segment/segment.h"

static const struct worker *const workers[] = {
    &preprocess_worker, &featurize_worker, &segment_worker, &genai_worker};
enum { WORKERS = 4, LINE_BYTES = 500 };

struct sink {
    struct buffer json;
    struct arena arena;
    struct err err;
    uint64_t records;
    bool write;
};

static void on_output(void *user, const struct chain_message *message)
{
    struct sink *sink = user;
    struct record record;
    if (message->topic == TOPIC_SAFETY) return;
    sink->records++;
    if (!sink->write) return;
    buffer_clear(&sink->json);
    arena_reset(&sink->arena);
    int rc = chain_record(message, &sink->arena, &record, &sink->err);
    if (rc == E_OK) rc = json_write_scanned(&record, &sink->json, &sink->err);
    if (rc) sink->write = false;
}

/* CPU seconds for all lines through the first `count` workers; 0 workers: reading the JSON only. */
static int run_chain(struct str lines, size_t count, bool write, const struct config *config,
                     double *ret_seconds, uint64_t *ret_records, struct err *err)
{
    struct chain *chain = NULL;
    struct sink sink = {.write = write};
    struct arena arena = {0};
    struct random random;
    random_seed(&random, 1);
    struct uuid_generator ids = {.clock = clock_system(), .random = &random};
    struct intake_rules rules = {
        .keep_unknown = true, .ids = &ids, .received_ms = clock_wall_ms(clock_system()),
        .handed_on = true};
    int rc = count ? chain_create(workers, count, config, clock_system(), &chain, err) : E_OK;
    double start = clock_cpu_seconds();
    for (uint64_t row = 0; lines.size && rc == E_OK; row++) {
        struct intake intake;
        struct json_problems problems;
        arena_reset(&arena);
        rc = intake_json(str_cut(&lines, '\n'), &rules, row, &arena, &intake, &problems, err);
        struct chain_message message = {
            .topic = TOPIC_FEEDBACK, .key = intake.key, .record = &intake.record,
            .timestamp_ms = rules.received_ms};
        if (rc == E_OK && chain) rc = chain_process(chain, &message, on_output, &sink, err);
        if (rc == E_OK && !chain) sink.records++;
    }
    if (rc == E_OK && sink.err.code) {
        *err = sink.err;
        rc = (int)sink.err.code;
    }
    *ret_seconds = clock_cpu_seconds() - start;
    *ret_records = sink.records;
    chain_destroy(chain);
    arena_deinit(&arena);
    buffer_deinit(&sink.json);
    arena_deinit(&sink.arena);
    return rc;
}

static const char *const stages[] = {
    "intake_us", "preprocess_us", "featurize_us", "segment_us", "genai_us", "json_out_us"};

static int measure(struct str lines, uint64_t records, uint64_t rounds, const struct config *config,
                   struct err *err)
{
    double seconds[WORKERS + 2][32], medians[WORKERS + 2];
    if (rounds > 32) rounds = 32;
    /* interleaved: the machine's moods hit all alike */
    for (uint64_t round = 0; round < rounds; round++)
        for (size_t stage = 0; stage < WORKERS + 2; stage++) {
            uint64_t done;
            bool all = stage == WORKERS + 1;
            int rc = run_chain(lines, all ? WORKERS : stage, all, config, &seconds[stage][round],
                               &done, err);
            if (rc) return rc;
            if (done != records)
                return err_set(err, E_BUG, "%llu records went in, %llu came out",
                               (unsigned long long)records, (unsigned long long)done);
        }
    double before = 0;
    for (size_t stage = 0; stage < WORKERS + 2; stage++) {
        /* sorts: the quickest is the first now */
        medians[stage] = bench_median(seconds[stage], rounds);
        /* other programs only ever add, and differences feel it most */
        double quickest = seconds[stage][0];
        bench_figure(stages[stage], (quickest - before) / (double)records * 1e6,
                     "µs per record, quickest round");
        before = quickest;
    }
    double rate = (double)records / medians[WORKERS + 1];
    bench_figure("records_per_cpu_second_best", (double)records / before,
                 "records per CPU-second, quickest round");
    bench_figure("records_per_cpu_second", rate, "records per CPU-second, median");
    bench_ratio("analyze_to_aim", rate / 55000, 1);
    return E_OK;
}

int bench_analyze(const struct bench_options *options, struct err *err)
{
    uint64_t records = options->records ? options->records : 20000;
    struct buffer lines = {0};
    struct config *config = NULL;
    const struct option_table **tables = runtime_tables(workers, WORKERS);
    int rc = tables ? config_create(tables, &config, err) : err_set(err, E_NO_MEMORY, NULL);
    if (rc == E_OK) rc = config_set(config, STR("preprocess.drop_retried=false"), "bench", err);
    if (rc == E_OK) rc = bench_lines(records, LINE_BYTES, &lines, err);
    if (rc == E_OK)
        rc = measure(buffer_str(&lines), records, options->rounds ? options->rounds : 5, config,
                     err);
    buffer_deinit(&lines);
    config_destroy(config);
    free(tables);
    return rc;
}
