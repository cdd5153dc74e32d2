/* The scrape is what Prometheus' text format 0.0.4 asks for, judged by a small
 * parser of our own. */
#include "observe/metrics.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "test.h"

static const struct { const char *name, *kind, *help; } table[] = {
#define METRIC(id, kind, name, help) {name, #kind, help},
#include "observe/metrics.def"
#undef METRIC
};

static void names_follow_the_rules(void **state)
{
    static const char *const units[] = {
        "_seconds", "_bytes", "_records", "_connections", "_streams", "_info", "_paused",
        "_failing", "_usd", "_in_flight", "_window", "_outage", "_token_usage", "_distance"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct str name = str_make(table[i].name, strlen(table[i].name));
        bool counter = strcmp(table[i].kind, "COUNTER") == 0, unit = counter;
        CASE(table[i].name);
        assert_int_equal(strspn(name.data, "abcdefghijklmnopqrstuvwxyz_"), name.size);
        assert_true(str_starts(name, STR("verbatim_")) || str_starts(name, STR("process_")) ||
                    str_starts(name, STR("gen_ai_"))); /* as OpenTelemetry names them */
        /* _total for counters, and for nothing else */
        assert_int_equal(str_ends(name, STR("_total")), counter);
        for (size_t j = 0; j < COUNT_OF(units); j++)
            unit = unit || str_ends(name, str_of(units[j]));
        assert_true(unit); /* base units, and at the end */
        if (strcmp(table[i].kind, "HISTOGRAM") == 0)
            assert_true(str_ends(name, STR("_seconds")) || str_ends(name, STR("_token_usage")) ||
                        str_ends(name, STR("_distance")));
        assert_null(strpbrk(table[i].help, "\\\n|"));
        assert_true(strlen(table[i].help) > 5 && table[i].help[strlen(table[i].help) - 1] == '.');
        for (size_t j = 0; j < i; j++) assert_string_not_equal(table[i].name, table[j].name);
    }
}

/* --- a strict parser of one scrape ------------------------------------------------------------ */

enum { LABELS_MAX = 12 };

struct parser {
    char family[80], kind[16];      /* of the last TYPE line */
    char seen[METRIC_COUNT][80];
    size_t seen_count, samples;
    double last_bucket, last_bound; /* of the histogram in progress */
};

static const char *parse_name(const char *at, char out[static 80])
{
    size_t size = 0;
    assert_true(isalpha((unsigned char)*at) || *at == '_' || *at == ':');
    while (isalnum((unsigned char)*at) || *at == '_' || *at == ':') {
        assert_true(size < 79);
        out[size++] = *at++;
    }
    out[size] = '\0';
    return at;
}

/* name="value",…}: copies the value of `le`. */
static const char *parse_labels(const char *at, char le[static 256])
{
    char names[LABELS_MAX][80];
    size_t count = 0;
    while (*at != '}') {
        char value[256];
        size_t size = 0;
        assert_true(count < LABELS_MAX);
        at = parse_name(at, names[count]);
        for (size_t i = 0; i < count; i++) assert_string_not_equal(names[i], names[count]);
        assert_int_equal(*at++, '=');
        assert_int_equal(*at++, '"');
        while (*at != '"') {
            assert_true(*at != '\n' && *at != '\0' && size < 255);
            if (*at == '\\') at++, assert_non_null(strchr("\\\"n", *at));
            value[size++] = *at++;
        }
        value[size] = '\0';
        at++;
        if (strcmp(names[count], "le") == 0) snprintf(le, 256, "%s", value);
        count++;
        if (*at == ',') at++, assert_true(*at != '}');
    }
    return at + 1;
}

static void judge_bucket(struct parser *parser, const char *le, double value)
{
    double bound = strcmp(le, "+Inf") == 0 ? (double)INFINITY : strtod(le, NULL);
    /* rising, and cumulative */
    assert_true(bound > parser->last_bound && value >= parser->last_bucket);
    parser->last_bound = bound;
    parser->last_bucket = value;
}

static void parse_sample(struct parser *parser, const char *line)
{
    char name[80], le[256] = "", *end;
    const char *at = parse_name(line, name);
    if (*at == '{') at = parse_labels(at + 1, le);
    assert_int_equal(*at, ' ');
    double value = strtod(at + 1, &end);
    assert_true(end > at + 1 && *end == '\0');
    size_t family = strlen(parser->family);
    assert_memory_equal(name, parser->family, family); /* samples stand under their TYPE */
    if (strcmp(parser->kind, "histogram") != 0) assert_string_equal(name, parser->family);
    else if (strcmp(name + family, "_bucket") == 0) judge_bucket(parser, le, value);
    else if (strcmp(name + family, "_count") == 0) {
        assert_true(isinf(parser->last_bound) && !(value < parser->last_bucket) &&
                    !(value > parser->last_bucket));
        parser->last_bucket = parser->last_bound = 0; /* the next one has other labels */
    }
    else assert_string_equal(name + family, "_sum");
    if (strcmp(parser->kind, "counter") == 0) assert_true(value >= 0);
    parser->samples++;
}

static void parse_type(struct parser *parser, const char *line)
{
    const char *at = parse_name(line + 7, parser->family);
    assert_int_equal(*at, ' ');
    snprintf(parser->kind, sizeof parser->kind, "%s", at + 1);
    assert_true(!strcmp(at + 1, "counter") || !strcmp(at + 1, "gauge") ||
                !strcmp(at + 1, "histogram"));
    for (size_t i = 0; i < parser->seen_count; i++)
        assert_string_not_equal(parser->seen[i], parser->family); /* one group each */
    memcpy(parser->seen[parser->seen_count++], parser->family, sizeof parser->family);
    parser->last_bucket = parser->last_bound = 0;
}

static void parse(struct parser *parser, struct buffer *out)
{
    char *text = strdup(buffer_cstr(out)), *rest = text, *line;
    assert_non_null(text);
    assert_true(out->size && out->data[out->size - 1] == '\n');
    while ((line = strsep(&rest, "\n")) && rest) {
        if (strncmp(line, "# HELP ", 7) == 0) continue;
        if (strncmp(line, "# TYPE ", 7) == 0) parse_type(parser, line);
        else parse_sample(parser, line);
    }
    free(text);
}

static void every_metric_parses(void **state)
{
    struct buffer out = {0};
    struct metrics_writer writer = {.out = &out, .common = "worker=\"segment\""};
    struct parser parser = {.samples = 0};
    struct histogram histogram = {.total = 0};
    const struct metric_label labels[] = {
        {"model", "m \"1\""}, {"none", NULL}, {"error", "timeout"}};
    (void)state;
    histogram_add(&histogram, 0.003, 5);
    histogram_add(&histogram, 100, 1);
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (i == METRIC_MEMORY || i == METRIC_CPU) continue; /* metrics_process() has them */
        if (strcmp(table[i].kind, "HISTOGRAM") == 0)
            metrics_histogram(&writer, (enum metric)i, labels, COUNT_OF(labels), &histogram),
                metrics_histogram(&writer, (enum metric)i, NULL, 0, &histogram);
        else
            metrics_sample2(&writer, (enum metric)i, "topic", "feedback", "partition", "3",
                            1e6 / 3);
    }
    metrics_process(&writer);
    parse(&parser, &out);
    assert_int_equal(parser.seen_count, METRIC_COUNT);
    buffer_deinit(&out);
}

static void samples_are_written_as_such(void **state)
{
    static const struct {
        const char *why, *common, *label, *value;
        double number;
        const char *line;
    } cases[] = {
        {"a common label", "worker=\"x\"", NULL, NULL, 7, "verbatim_paused{worker=\"x\"} 7\n"},
        {"another", "worker=\"x\"", "a", "b", 7, "verbatim_paused{worker=\"x\",a=\"b\"} 7\n"},
        {"no common label", "", "a", "b", 7, "verbatim_paused{a=\"b\"} 7\n"},
        {"no label at all", "", NULL, NULL, 7, "verbatim_paused{} 7\n"},
        {"values are escaped", "", "a", "q\" b\\ n\n", 7,
         "verbatim_paused{a=\"q\\\" b\\\\ n\\n\"} 7\n"},
        {"a fraction", "", NULL, NULL, 0.25, "verbatim_paused{} 0.25\n"},
        {"a moment, to the millisecond", "", NULL, NULL, 1795891100.123,
         "verbatim_paused{} 1795891100.123\n"},
        {"a negative number", "", NULL, NULL, -3, "verbatim_paused{} -3\n"},
        {"whole to 10^15", "", NULL, NULL, 999999999999999, "verbatim_paused{} 999999999999999\n"},
        {"and beyond, in exponents", "", NULL, NULL, 1e18, "verbatim_paused{} 1e+18\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = {0};
        struct metrics_writer writer = {.out = &out, .common = cases[i].common};
        CASE(cases[i].why);
        metrics_sample(&writer, METRIC_PAUSED, cases[i].label, cases[i].value, cases[i].number);
        const char *sample = strstr(buffer_cstr(&out), "gauge\n");
        assert_non_null(sample);
        assert_string_equal(sample + 6, cases[i].line);
        metrics_sample(&writer, METRIC_PAUSED, "again", "", 1); /* HELP and TYPE come once */
        assert_null(strstr(strstr(buffer_cstr(&out), "# TYPE") + 1, "# TYPE"));
        buffer_deinit(&out);
    }
}

static void histograms_count_up_to_their_bounds(void **state)
{
    static const struct { const char *why; double seconds; const char *below, *at; } cases[] = {
        {"a bound is within its bucket", 0.001, "le=\"0.0005\"} 0", "le=\"0.001\"} 2"},
        {"nothing",                      0,     NULL,               "le=\"0.0005\"} 2"},
        {"between two bounds",           0.3,   "le=\"0.25\"} 0",   "le=\"0.5\"} 2"},
        {"the bound in the middle",      0.25,  "le=\"0.1\"} 0",    "le=\"0.25\"} 2"},
        {"beyond the last",              61,    "le=\"60\"} 0",     "le=\"+Inf\"} 2"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = {0};
        struct metrics_writer writer = {.out = &out, .common = ""};
        struct histogram histogram = {.total = 0};
        char sum[160];
        CASE(cases[i].why);
        histogram_add(&histogram, cases[i].seconds, 2);
        metrics_histogram(&writer, METRIC_COMMIT_SECONDS, NULL, 0, &histogram);
        if (cases[i].below) assert_non_null(strstr(buffer_cstr(&out), cases[i].below));
        assert_non_null(strstr(buffer_cstr(&out), cases[i].at));
        snprintf(sum, sizeof sum,
                 "verbatim_commit_seconds_sum{} %.9g\nverbatim_commit_seconds_count{} 2\n",
                 cases[i].seconds * 2);
        assert_non_null(strstr(buffer_cstr(&out), sum));
        buffer_deinit(&out);
    }
}

/* Bounds as OpenTelemetry's conventions have them, and as many. */
static void scales_are_the_conventions(void **state)
{
    static const struct {
        const char *why;
        enum histogram_scale scale;
        double value;
        const char *below, *at, *last;
    } cases[] = {
        {"a call", SCALE_CALLS, 0.02, "le=\"0.01\"} 0", "le=\"0.02\"} 1", "le=\"81.92\"} 1"},
        {"a slow one", SCALE_CALLS, 100, "le=\"0.01\"} 0", "le=\"+Inf\"} 1", "le=\"81.92\"} 0"},
        {"tokens", SCALE_TOKENS, 900, "le=\"256\"} 0", "le=\"1024\"} 1", "le=\"67108864\"} 1"},
        {"many tokens", SCALE_TOKENS, 16777216, "le=\"4194304\"} 0", "le=\"16777216\"} 1",
         "le=\"67108864\"} 1"},
    };
    const struct metric_label labels[] = {{"gen_ai_token_type", "input"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = {0};
        struct metrics_writer writer = {.out = &out, .common = "worker=\"genai\""};
        struct histogram histogram = {.scale = cases[i].scale};
        unsigned buckets = 0;
        CASE(cases[i].why);
        histogram_add(&histogram, cases[i].value, 1);
        metrics_histogram(&writer, METRIC_LLM_TOKENS, labels, 1, &histogram);
        assert_non_null(strstr(buffer_cstr(&out), cases[i].below));
        assert_non_null(strstr(buffer_cstr(&out), cases[i].at));
        assert_non_null(strstr(buffer_cstr(&out), cases[i].last));
        for (const char *at = out.data;
             (at = strstr(at, "_bucket{worker=\"genai\",gen_ai_token_type=\"input\",le=")); at++)
            buckets++;
        assert_int_equal(buckets, 15);
        assert_non_null(strstr(
            buffer_cstr(&out),
            "gen_ai_client_token_usage_count{worker=\"genai\",gen_ai_token_type=\"input\"} 1\n"));
        buffer_deinit(&out);
    }
}

static void the_process_is_measured(void **state)
{
    struct buffer out = {0};
    struct metrics_writer writer = {.out = &out, .common = ""};
    (void)state;
    metrics_process(&writer);
    const char *memory = strstr(buffer_cstr(&out), "process_resident_memory_bytes{} ");
    assert_non_null(memory);
    assert_true(strtod(memory + 32, NULL) > 100000);
    assert_non_null(strstr(buffer_cstr(&out), "process_cpu_seconds_total{} "));
    buffer_deinit(&out);
}

static void the_reference_has_every_metric(void **state)
{
    struct buffer out = {0};
    (void)state;
    metrics_print_reference(&out);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char cell[100];
        snprintf(cell, sizeof cell, "| `%s` | ", table[i].name);
        const char *row = strstr(buffer_cstr(&out), cell);
        assert_non_null(row);
        assert_non_null(strstr(row, table[i].help));
    }
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_follow_the_rules),
        cmocka_unit_test(every_metric_parses),
        cmocka_unit_test(samples_are_written_as_such),
        cmocka_unit_test(histograms_count_up_to_their_bounds),
        cmocka_unit_test(scales_are_the_conventions),
        cmocka_unit_test(the_process_is_measured),
        cmocka_unit_test(the_reference_has_every_metric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
