/* What the benchmarks share: texts, CPU time, child processes, and results as a table or JSON. */
#ifndef VERBATIM_OPS_BENCHMARKS_BENCH_H
#define VERBATIM_OPS_BENCHMARKS_BENCH_H

#include "base/buffer.h"
#include "config/config.h"

enum { BENCH_SETTINGS_MAX = 16 };

struct bench_options {
    const char *bootstrap; /* of a running Kafka */
    const char *streams;   /* pass: folder with Kafka Streams' jars; NULL: it isn't compared */
    uint64_t records, rounds;
    /* of `latency`: the bus, SECTION.NAME=VALUE each; the door's port; records a second; what
     * comes before the measured records */
    const char *settings[BENCH_SETTINGS_MAX];
    size_t setting_count;
    uint64_t port, rate, warm_records;
    bool hops;
    bool json;
};

/* One figure with its name; ratios are what is comparable between machines. */
void bench_figure(const char *name, double value, const char *unit);
void bench_ratio(const char *name, double value, double aim);
/* A figure that should be at most `most`. */
void bench_bound(const char *name, double value, const char *unit, double most);
/* After all: the table, or with --json one object on the last line. */
void bench_print(const char *benchmark, bool json);

double bench_median(double *values, size_t count); /* sorts them */
/* The median of some ratios, at least `aim`, and the quarters that lie below and above. */
void bench_ratios(const char *name, double *values, size_t count, double aim);

/* Runs `work` in a child process; its CPU seconds (all threads), or < 0 if it failed. */
double bench_child(int (*work)(void *user), void *user);

/* Feedback objects as NDJSON lines of about `line_bytes` each, made of the shipped sample's
 * sentences, all different. */
int bench_lines(size_t count, size_t line_bytes, struct buffer *out, struct err *err) CHECKED;

int bench_analyze(const struct bench_options *options, struct err *err);
int bench_delivery(const struct bench_options *options, struct err *err);
int bench_genai(const struct bench_options *options, struct err *err);
int bench_ingest(const struct bench_options *options, struct err *err);
int bench_latency(const struct bench_options *options, struct err *err);
int bench_latency_bare(const struct bench_options *options, struct err *err);
int bench_lines_out(const struct bench_options *options, struct err *err);
int bench_pass(const struct bench_options *options, struct err *err);
int bench_start(const struct bench_options *options, struct err *err);
int bench_text(const struct bench_options *options, struct err *err);

#endif
