/* Metrics in Prometheus' text format 0.0.4. Modules count in their own structs, and write samples
 * when they are scraped; the table (metrics.def) gives each its name, kind and help. */
#ifndef VERBATIM_OBSERVE_METRICS_H
#define VERBATIM_OBSERVE_METRICS_H

#include "base/buffer.h"

enum metric {
#define METRIC(id, kind, name, help) METRIC_##id,
#include "observe/metrics.def"
#undef METRIC
    METRIC_COUNT
};

/* Which bounds a histogram has. Those of calls and tokens are from OpenTelemetry's "Semantic
 * conventions for generative AI metrics". */
enum histogram_scale {
    SCALE_SECONDS, /* 0.5 ms to 60 s */
    SCALE_CALLS,   /* seconds: 10 ms to 82 s */
    SCALE_TOKENS,  /* 1 to 67 million */
    SCALE_DISTANCES, /* of vectors of length 1 to a centroid: 0.5 to 1.1 */
    SCALES
};
enum { HISTOGRAM_BUCKETS = 16 };
struct histogram {
    enum histogram_scale scale;
    uint64_t counts[HISTOGRAM_BUCKETS + 1]; /* the last is +Inf */
    uint64_t total;
    double sum;
};
/* a zeroed one is of seconds */
void histogram_add(struct histogram *histogram, double value, uint64_t times);

/* One scrape. `common` is a label list for all samples, such as worker="segment". */
struct metrics_writer {
    struct buffer *out;
    const char *common;
    bool seen[METRIC_COUNT];
};
/* label may be NULL. Values of labels are escaped. Samples of one metric must follow each other. */
void metrics_sample(struct metrics_writer *writer, enum metric metric, const char *label,
                    const char *label_value, double value);
void metrics_sample2(struct metrics_writer *writer, enum metric metric, const char *label1,
                     const char *value1, const char *label2, const char *value2, double value);
struct metric_label {
    const char *name, *value; /* value NULL or "": not there */
};
void metrics_histogram(struct metrics_writer *writer, enum metric metric,
                       const struct metric_label *labels, size_t label_count,
                       const struct histogram *histogram);
/* process_*: resident memory and CPU time of this process. */
void metrics_process(struct metrics_writer *writer);

void metrics_print_reference(struct buffer *out); /* Markdown */

#endif
