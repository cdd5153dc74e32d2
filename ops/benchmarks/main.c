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
    {"pass", "our worker shell against a bare librdkafka loop (needs --bootstrap)", bench_pass},
};
enum { BENCHMARKS = sizeof benchmarks / sizeof benchmarks[0] };

static int usage(void)
{
    fprintf(stderr, "usage: verbatim-bench BENCHMARK [--json] [--records N] [--rounds N] "
                    "[--bootstrap HOST:PORT]\n");
    for (int i = 0; i < BENCHMARKS; i++)
        fprintf(stderr, "  %-10s %s\n", benchmarks[i].name, benchmarks[i].what);
    return err_exit_status(E_USAGE);
}

static bool parse(int argc, char **argv, struct bench_options *options)
{
    for (int i = 2; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--json") == 0) options->json = true;
        else if (has_value && strcmp(argv[i], "--bootstrap") == 0) options->bootstrap = argv[++i];
        else if (has_value && strcmp(argv[i], "--records") == 0 &&
                 str_to_u64(str_of(argv[i + 1]), &options->records))
            i++;
        else if (has_value && strcmp(argv[i], "--rounds") == 0 &&
                 str_to_u64(str_of(argv[i + 1]), &options->rounds))
            i++;
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
        else bench_print(argv[1], options.json);
        return err_exit_status((enum err_code)rc);
    }
    return usage();
}
