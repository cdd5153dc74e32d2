/* Figures, CPU time, children, texts. */
#include "ops/benchmarks/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "base/terminal.h"
#include "config/shipped.h"
#include "schema/json.h"
#include "text/language.h"

enum { FIGURES_MAX = 64, SENTENCES_MAX = 4096 };

static struct {
    char name[64];
    const char *unit;
    double value, least, most; /* the aim, where there is one */
} figures[FIGURES_MAX];
static size_t figure_count;

void bench_figure(const char *name, double value, const char *unit)
{
    if (figure_count == FIGURES_MAX) return;
    snprintf(figures[figure_count].name, sizeof figures[0].name, "%s", name);
    figures[figure_count].value = value;
    figures[figure_count++].unit = unit;
}

void bench_ratio(const char *name, double value, double aim)
{
    bench_figure(name, value, "");
    figures[figure_count - 1].least = aim;
}

void bench_bound(const char *name, double value, const char *unit, double most)
{
    bench_figure(name, value, unit);
    figures[figure_count - 1].most = most;
}

void bench_print(const char *benchmark, bool json)
{
    for (size_t i = 0; !json && i < figure_count; i++) {
        printf("  %-36s %14.*f %s", figures[i].name, figures[i].value < 100 ? 3 : 0,
               figures[i].value, figures[i].unit);
        if (figures[i].least > 0) printf(" (aim: at least %g)", figures[i].least);
        if (figures[i].most > 0) printf(" (aim: at most %g)", figures[i].most);
        putchar('\n');
    }
    if (!json || figure_count == 0) return;
    printf("{\"benchmark\":\"%s\"", benchmark);
    for (size_t i = 0; i < figure_count; i++)
        printf(",\"%s\":%.6g", figures[i].name, figures[i].value);
    printf("}\n");
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void bench_ratios(const char *name, double *values, size_t count, double aim)
{
    char quarter[64];
    bench_ratio(name, bench_median(values, count), aim);
    snprintf(quarter, sizeof quarter, "%.40s_lower_quarter", name);
    bench_figure(quarter, values[count / 4], "");
    snprintf(quarter, sizeof quarter, "%.40s_upper_quarter", name);
    bench_figure(quarter, values[count - 1 - count / 4], "");
}

double bench_child(int (*work)(void *user), void *user)
{
    struct rusage usage;
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) _exit(work(user));
    if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status))
        return -1;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

struct sentence {
    struct str text;
    struct language_guess language;
    size_t place; /* in the sample */
};

static int compare_languages(const struct sentence *left, const struct sentence *right)
{
    return strcmp(left->language.code, right->language.code);
}

static int by_language(const void *a, const void *b)
{
    const struct sentence *left = a, *right = b;
    int order = compare_languages(left, right);
    return order ? order : (left->place > right->place) - (left->place < right->place);
}

/* The texts of the sample by language, as views of `file` or in the arena. */
static int read_sentences(struct buffer *file, struct arena *arena, struct sentence *sentences,
                          size_t *ret_count, struct err *err)
{
    char path[SHIPPED_PATH_BYTES];
    struct json_problems problems;
    int rc = shipped_path("", "sample/feedback.ndjson", path, err);
    if (rc == E_OK) rc = buffer_read_file(file, path, 16 << 20, err);
    struct str rest = buffer_str(file);
    size_t count = 0;
    while (rc == E_OK && rest.size && count < SENTENCES_MAX) {
        struct feedback feedback;
        struct str line = str_cut(&rest, '\n');
        if (line.size && json_read_shape(&feedback_shape, line, JSON_UNKNOWN_KEEP, arena, &feedback,
                                         &problems, err) == E_OK) {
            sentences[count] = (struct sentence){.text = feedback.text, .place = count};
            language_detect(feedback.text, &sentences[count++].language);
        }
    }
    qsort(sentences, count, sizeof *sentences, by_language);
    *ret_count = count;
    return rc == E_OK && count == 0 ? err_set(err, E_NO_INPUT, "the sample is empty") : rc;
}

/* The next of the same language; after the last the first. */
static size_t next_sentence(const struct sentence *sentences, size_t count, size_t at)
{
    const struct sentence *begin = &sentences[at];
    if (at + 1 < count && compare_languages(begin, begin + 1) == 0) return at + 1;
    while (at && compare_languages(begin, &sentences[at - 1]) == 0) at--;
    return at;
}

/* Text of about so many bytes in one language, beginning with one of the sample's. */
static struct str make_text(const struct sentence *sentences, size_t count, size_t first,
                            size_t size, struct buffer *text)
{
    buffer_clear(text);
    for (size_t at = first; text->size < size; at = next_sentence(sentences, count, at)) {
        buffer_add(text, sentences[at].text);
        buffer_add_char(text, ' ');
    }
    struct str cut = str_slice(buffer_str(text), 0, size);
    cut.size = str_utf8_valid_prefix(cut);
    return cut;
}

int bench_lines(size_t count, size_t line_bytes, struct buffer *out, struct err *err)
{
    struct buffer file = {0}, text = {0};
    struct arena arena = {0};
    struct random random;
    static struct sentence sentences[SENTENCES_MAX];
    size_t known;
    int rc = read_sentences(&file, &arena, sentences, &known, err);
    random_seed(&random, 7);
    for (size_t i = 0; i < count && rc == E_OK; i++) {
        size_t first = (size_t)random_below(&random, known), start = out->size;
        buffer_printf(out,
                      "{\"id\":\"b-%zu\",\"product\":\"p-%zu\",\"channel\":\"review\",\"rating\":%"
                      "u,\"text\":",
                      i, i % 50, (unsigned)(i % 5 + 1));
        size_t head_bytes = out->size - start;
        json_write_string(out,
                          make_text(sentences, known, first, line_bytes - head_bytes - 4, &text));
        buffer_add(out, STR("}\n"));
    }
    buffer_deinit(&file);
    buffer_deinit(&text);
    arena_deinit(&arena);
    return rc ? rc : out->failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

int bench_lines_out(const struct bench_options *options, struct err *err)
{
    struct buffer lines = {0};
    int rc = bench_lines(options->records ? options->records : 1000, 500, &lines, err);
    if (rc == E_OK) rc = terminal_print(&lines, err);
    buffer_deinit(&lines);
    return rc;
}
