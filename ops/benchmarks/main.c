/* verbatim-bench: see ops/bench. */
#include <stdio.h>
#include <string.h>

#include "ops/benchmarks/bench.h"

static const struct {
    const char *name, *what;
    int (*run)(const struct bench_options *options, struct err *err);
} benchmarks[] = {
    {"analyze", "the whole chain on 500-byte records, and where the time goes", bench_analyze},
    {"genai", "what a call of a model costs the worker, 200 at once, beside a bare libcurl client",
     bench_genai},
    {"ingest", "the front door beside a bare epoll responder (--bootstrap: on Kafka as well)",
     bench_ingest},
    {"start", "each worker's program: time to its first record, memory when idle", bench_start},
    {"text", "the text kernels one by one, on records of 500 bytes", bench_text},
    {"delivery", "what exactly-once costs against at-least-once (needs --bootstrap)",
     bench_delivery},
    {"latency", "from a POST to its insight (needs --port and --set; ops/bench starts the workers)",
     bench_latency},
    {"latency-bare", "of it: librdkafka alone in the place of the workers, until it is killed",
     bench_latency_bare},
    {"lines", "writes the records that others of these use, as NDJSON", bench_lines_out},
    {"pass", "our worker shell against a bare librdkafka loop (needs --bootstrap)", bench_pass},
};
enum { BENCHMARKS = sizeof benchmarks / sizeof benchmarks[0] };

static int usage(void)
{
    fprintf(stderr, "usage: verbatim-bench BENCHMARK [--json] [--records N] [--rounds N] "
                    "[--bootstrap HOST:PORT] [--streams DIR]\n");
    for (int i = 0; i < BENCHMARKS; i++)
        fprintf(stderr, "  %-12s %s\n", benchmarks[i].name, benchmarks[i].what);
    return err_exit_status(E_USAGE);
}

static bool parse_number(const char *name, const char *value, struct bench_options *options)
{
    const struct {
        const char *name;
        uint64_t *number;
    } numbers[] = {{"--records", &options->records}, {"--rounds", &options->rounds},
                   {"--port", &options->port},       {"--rate", &options->rate},
                   {"--warm-records", &options->warm_records}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(name, numbers[i].name) == 0) return str_to_u64(str_of(value), numbers[i].number);
    return false;
}

static bool parse(int argc, char **argv, struct bench_options *options)
{
    for (int i = 2; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(name, "--json") == 0) options->json = true;
        else if (strcmp(name, "--hops") == 0) options->hops = true;
        else if (!value) return false;
        else if (strcmp(name, "--bootstrap") == 0) options->bootstrap = argv[++i];
        else if (strcmp(name, "--streams") == 0) options->streams = argv[++i];
        else if (strcmp(name, "--set") == 0 && options->setting_count < BENCH_SETTINGS_MAX)
            options->settings[options->setting_count++] = argv[++i];
        else if (parse_number(name, value, options)) i++;
        else return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct bench_options options = {0};
    struct err err = {0};
    if (argc < 2 || !parse(argc, argv, &options)) return usage();
    for (int i = 0; i < BENCHMARKS; i++) {
        if (strcmp(argv[1], benchmarks[i].name) != 0) continue;
        int rc = benchmarks[i].run(&options, &err);
        if (rc) fprintf(stderr, "verbatim-bench: %s\n", err.text);
        else bench_print(argv[1], options.json); /* nothing, where there are no figures */
        return err_exit_status((enum err_code)rc);
    }
    return usage();
}
