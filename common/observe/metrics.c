/* Writes samples; HELP and TYPE once a metric. */
#include "observe/metrics.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum metric_kind { COUNTER, GAUGE, HISTOGRAM };

static const struct {
    const char *name, *help;
    enum metric_kind kind;
} table[METRIC_COUNT] = {
#define METRIC(id, kind_, name_, help_) \
    [METRIC_##id] = {.name = name_, .help = help_, .kind = kind_},
#include "observe/metrics.def"
#undef METRIC
};
static const char *const kind_names[] = {"counter", "gauge", "histogram"};

static const struct {
    int count;
    double bounds[HISTOGRAM_BUCKETS];
} scales[SCALES] = {
    [SCALE_SECONDS] = {16, {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
                            5, 10, 30, 60}},
    [SCALE_CALLS] = {14, {0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48,
                          40.96, 81.92}},
    [SCALE_TOKENS] = {14, {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304,
                           16777216, 67108864}},
    [SCALE_DISTANCES] = {16, {0.5, 0.6, 0.7, 0.75, 0.8, 0.825, 0.85, 0.875, 0.9, 0.925, 0.95, 0.975,
                              1, 1.025, 1.05, 1.1}},
};

void histogram_add(struct histogram *histogram, double value, uint64_t times)
{
    const double *bounds = scales[histogram->scale].bounds;
    int most = scales[histogram->scale].count, half = most / 2;
    int bucket = value > bounds[half] ? half + 1 : 0;
    while (bucket < most && value > bounds[bucket]) bucket++;
    histogram->counts[bucket] += times;
    histogram->total += times;
    histogram->sum += value * (double)times;
}

static void head(struct metrics_writer *writer, enum metric metric)
{
    if (writer->seen[metric]) return;
    writer->seen[metric] = true;
    buffer_printf(writer->out, "# HELP %s %s\n# TYPE %s %s\n", table[metric].name,
                  table[metric].help, table[metric].name, kind_names[table[metric].kind]);
}

static void label(struct buffer *out, bool *first, const char *name, const char *value)
{
    if (!name) return;
    buffer_printf(out, "%s%s=\"", *first ? "" : ",", name);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"') buffer_add_char(out, '\\');
        if (*value == '\n') buffer_add(out, STR("\\n"));
        else buffer_add_char(out, *value);
    }
    buffer_add_char(out, '"');
    *first = false;
}

static void number(struct buffer *out, double value)
{
    if (value == (double)(int64_t)value && value < 1e15 && value > -1e15)
        buffer_printf(out, "%lld\n", (long long)value);
    else buffer_printf(out, "%.15g\n", value); /* Unix time to the microsecond */
}

void metrics_sample2(struct metrics_writer *writer, enum metric metric, const char *label1,
                     const char *value1, const char *label2, const char *value2, double value)
{
    bool first = !writer->common[0];
    head(writer, metric);
    buffer_printf(writer->out, "%s{%s", table[metric].name, writer->common);
    label(writer->out, &first, label1, value1);
    label(writer->out, &first, label2, value2);
    buffer_add(writer->out, STR("} "));
    number(writer->out, value);
}

void metrics_sample(struct metrics_writer *writer, enum metric metric, const char *label_name,
                    const char *label_value, double value)
{
    metrics_sample2(writer, metric, label_name, label_value, NULL, NULL, value);
}

static void sample_head(struct metrics_writer *writer, enum metric metric, const char *part,
                        struct str labels)
{
    buffer_printf(writer->out, "%s%s{%s%s%.*s", table[metric].name, part, writer->common,
                  writer->common[0] && labels.size ? "," : "", STR_ARGS(labels));
}

static void histogram_samples(struct metrics_writer *writer, enum metric metric, struct str labels,
                              const struct histogram *histogram)
{
    const char *comma = writer->common[0] || labels.size ? "," : "";
    uint64_t cumulative = 0;
    for (int i = 0; i < scales[histogram->scale].count; i++) {
        cumulative += histogram->counts[i];
        sample_head(writer, metric, "_bucket", labels);
        buffer_printf(writer->out, "%sle=\"%.9g\"} %llu\n", comma,
                      scales[histogram->scale].bounds[i], (unsigned long long)cumulative);
    }
    sample_head(writer, metric, "_bucket", labels);
    buffer_printf(writer->out, "%sle=\"+Inf\"} %llu\n", comma,
                  (unsigned long long)histogram->total);
    sample_head(writer, metric, "_sum", labels);
    buffer_add(writer->out, STR("} "));
    number(writer->out, histogram->sum);
    sample_head(writer, metric, "_count", labels);
    buffer_printf(writer->out, "} %llu\n", (unsigned long long)histogram->total);
}

void metrics_histogram(struct metrics_writer *writer, enum metric metric,
                       const struct metric_label *labels, size_t label_count,
                       const struct histogram *histogram)
{
    struct buffer text = {0};
    bool first = true;
    head(writer, metric);
    for (size_t i = 0; i < label_count; i++)
        if (labels[i].value && labels[i].value[0])
            label(&text, &first, labels[i].name, labels[i].value);
    if (text.failed) writer->out->failed = true;
    else histogram_samples(writer, metric, buffer_str(&text), histogram);
    buffer_deinit(&text);
}

static double resident_bytes(void)
{
    long pages = 0, ignored;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    int got = fscanf(file, "%ld %ld", &ignored, &pages);
    fclose(file);
    return got == 2 ? (double)pages * (double)sysconf(_SC_PAGESIZE) : 0;
}

void metrics_process(struct metrics_writer *writer)
{
    struct rusage usage;
    metrics_sample(writer, METRIC_MEMORY, NULL, NULL, resident_bytes());
    if (getrusage(RUSAGE_SELF, &usage)) return;
    metrics_sample(writer, METRIC_CPU, NULL, NULL,
                   (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6);
}

void metrics_print_reference(struct buffer *out)
{
    buffer_add(out, STR("# Metrics\n\nPrinted by `verbatim schema --format metrics`; don't "
                        "edit.\n\n| name | kind | what |\n|---|---|---|\n"));
    for (int i = 0; i < METRIC_COUNT; i++)
        buffer_printf(out, "| `%s` | %s | %s |\n", table[i].name, kind_names[table[i].kind],
                      table[i].help);
}
