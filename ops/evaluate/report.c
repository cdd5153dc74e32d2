/* The same figures twice: rows for people, one object for programs. */
#include <stdio.h>
#include <unistd.h>

#include "base/terminal.h"
#include "ops/evaluate/evaluate.h"
#include "schema/json.h"

static struct figures figures_of(const struct report *report)
{
    struct figures figures = {0};
    report->evaluation->task->sum_up(report->evaluation, &figures);
    return figures;
}

/* Two-way and three-way say the same as four-way where no row is mixed. */
static bool is_shown(const struct scores *scores)
{
    if (!scores->name) return false;
    if (!scores->one_of) return true;
    return !str_equal(str_of(scores->name), STR("four_way")) ||
           scores->classes[scores->class_count - 1].truth;
}

static double per_second(const struct report *report, double seconds)
{
    return seconds > 0 ? (double)report->evaluation->rows / seconds : 0;
}

/* --- for people ------------------------------------------------------------------------------- */

static void print_classes(const struct scores *scores)
{
    printf("  %-24s %9s %9s %9s %9s %9s\n", "class", "precision", "recall", "F1", "rows", "said");
    for (uint32_t i = 0; i < scores->class_count; i++) {
        const struct class_count *class = &scores->classes[i];
        if (!class->truth && !class->said) continue;
        printf("  %-24s %9.3f %9.3f %9.3f %9llu %9llu\n", class->name, class_precision(class),
               class_recall(class), class_f1(class), (unsigned long long)class->truth,
               (unsigned long long)class->said);
    }
}

static void print_matrix(const struct scores *scores)
{
    uint32_t count =
        scores->class_count < SCORES_MATRIX_MAX ? scores->class_count : SCORES_MATRIX_MAX;
    if (!scores->one_of) return;
    printf("  %-24s", "truth \\ said");
    for (uint32_t i = 0; i < count; i++) printf(" %10.10s", scores->classes[i].name);
    printf("\n");
    for (uint32_t truth = 0; truth < count; truth++) {
        if (!scores->classes[truth].truth) continue;
        printf("  %-24s", scores->classes[truth].name);
        for (uint32_t said = 0; said < count; said++)
            printf(" %10llu", (unsigned long long)scores->matrix[truth][said]);
        printf("\n");
    }
}

static void print_calibration(const struct scores *scores)
{
    if (scores_calibration_error(scores) < 0) return;
    printf("  %-24s %9s %9s %9s\n", "confidence", "rows", "stated", "right");
    for (int i = 0; i < SCORES_BINS; i++) {
        double rows = (double)scores->bins[i].rows;
        if (!scores->bins[i].rows) continue;
        printf("  %.1f to %.1f %24.0f %9.3f %9.3f\n", (double)i / SCORES_BINS,
               (double)(i + 1) / SCORES_BINS, rows, scores->bins[i].confidence / rows,
               (double)scores->bins[i].right / rows);
    }
}

static void print_scores(const struct scores *scores)
{
    int fd = STDOUT_FILENO;
    if (!scores_hold(scores) && !scores->rows) return;
    printf("\n%s%s%s", terminal_colour(fd, COLOUR_BOLD), scores->name, terminal_reset(fd));
    if (scores_hold(scores)) printf("  macro-F1 %.3f", scores_macro_f1(scores));
    if (scores->one_of) printf("  accuracy %.3f", scores_accuracy(scores));
    if (scores_calibration_error(scores) >= 0)
        printf("  ECE %.3f", scores_calibration_error(scores));
    printf("%s\n", scores_of_one_class(scores) ? "  (the rows are of one class only)" : "");
    print_classes(scores);
    print_matrix(scores);
    print_calibration(scores);
}

static void print_figures(const struct figures *figures)
{
    const char *group = NULL;
    for (uint32_t i = 0; i < figures->count; i++) {
        const struct figure *figure = &figures->items[i];
        bool same = group && figure->group && strcmp(group, figure->group) == 0;
        if (!same) printf("%s  %-24s", i ? "\n" : "", figure->group ? figure->group : figure->name);
        if (figure->group) printf(" %s", figure->name);
        printf(figure->is_count ? " %.0f" : " %.3f", figure->value);
        group = figure->group;
    }
    printf("\n");
}

void report_print(const struct report *report)
{
    const struct evaluation *evaluation = report->evaluation;
    struct figures figures = figures_of(report);
    printf("%s: %llu rows of %s", evaluation->task->name, (unsigned long long)evaluation->rows,
           report->path);
    if (evaluation->unlabelled)
        printf(", %llu of them not judged", (unsigned long long)evaluation->unlabelled);
    if (evaluation->refused) printf(", %llu refused", (unsigned long long)evaluation->refused);
    printf("; %.0f records/s, %.0f per CPU-second\n", per_second(report, report->seconds),
           per_second(report, report->cpu_seconds));
    print_figures(&figures);
    for (int i = 0; i < EVALUATION_SCORES; i++)
        if (is_shown(&evaluation->scores[i])) print_scores(&evaluation->scores[i]);
}

/* --- for programs ----------------------------------------------------------------------------- */

static void json_figure(struct buffer *out, const char *name, double value, bool first)
{
    buffer_printf(out, "%s\"%s\":", first ? "" : ",", name);
    json_write_number(out, value);
}

static void json_figures(const struct figures *figures, struct buffer *out)
{
    buffer_add(out, STR("\"figures\":{"));
    for (uint32_t i = 0; i < figures->count; i++) {
        const struct figure *figure = &figures->items[i];
        char name[96];
        snprintf(name, sizeof name, "%s%s%s", figure->group ? figure->group : "",
                 figure->group ? "_" : "", figure->name);
        json_figure(out, name, figure->value, i == 0);
    }
    buffer_add_char(out, '}');
}

static void json_classes(const struct scores *scores, struct buffer *out)
{
    buffer_add(out, STR(",\"classes\":["));
    for (uint32_t i = 0; i < scores->class_count; i++) {
        const struct class_count *class = &scores->classes[i];
        buffer_printf(out, "%s{\"name\":", i ? "," : "");
        json_write_string(out, str_of(class->name));
        json_figure(out, "precision", class_precision(class), false);
        json_figure(out, "recall", class_recall(class), false);
        json_figure(out, "f1", class_f1(class), false);
        json_figure(out, "rows", (double)class->truth, false);
        json_figure(out, "said", (double)class->said, false);
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ']');
}

static void json_matrix(const struct scores *scores, struct buffer *out)
{
    uint32_t count =
        scores->class_count < SCORES_MATRIX_MAX ? scores->class_count : SCORES_MATRIX_MAX;
    if (!scores->one_of) return;
    json_figure(out, "accuracy", scores_accuracy(scores), false);
    buffer_add(out, STR(",\"confusion\":["));
    for (uint32_t truth = 0; truth < count; truth++) {
        buffer_add(out, truth ? STR(",[") : STR("["));
        for (uint32_t said = 0; said < count; said++)
            buffer_printf(out, "%s%llu", said ? "," : "",
                          (unsigned long long)scores->matrix[truth][said]);
        buffer_add_char(out, ']');
    }
    buffer_add_char(out, ']');
}

static void json_calibration(const struct scores *scores, struct buffer *out)
{
    bool first = true;
    if (scores_calibration_error(scores) < 0) return;
    json_figure(out, "calibration_error", scores_calibration_error(scores), false);
    buffer_add(out, STR(",\"calibration\":["));
    for (int i = 0; i < SCORES_BINS; i++) {
        double rows = (double)scores->bins[i].rows;
        if (!scores->bins[i].rows) continue;
        buffer_add(out, first ? STR("{") : STR(",{"));
        json_figure(out, "from", (double)i / SCORES_BINS, true);
        json_figure(out, "rows", rows, false);
        json_figure(out, "confidence", scores->bins[i].confidence / rows, false);
        json_figure(out, "right", (double)scores->bins[i].right / rows, false);
        buffer_add_char(out, '}');
        first = false;
    }
    buffer_add_char(out, ']');
}

static void json_scores(const struct scores *scores, struct buffer *out)
{
    buffer_printf(out, ",\"%s\":{", scores->name);
    json_figure(out, "macro_f1", scores_macro_f1(scores), true);
    json_classes(scores, out);
    json_matrix(scores, out);
    json_calibration(scores, out);
    buffer_add_char(out, '}');
}

void report_json(const struct report *report, struct buffer *out)
{
    const struct evaluation *evaluation = report->evaluation;
    struct figures figures = figures_of(report);
    buffer_printf(out, "{\"task\":\"%s\",\"data\":", evaluation->task->name);
    json_write_string(out, str_of(report->path));
    json_figure(out, "rows", (double)evaluation->rows, false);
    json_figure(out, "unlabelled", (double)evaluation->unlabelled, false);
    json_figure(out, "refused", (double)evaluation->refused, false);
    json_figure(out, "records_per_second", per_second(report, report->seconds), false);
    json_figure(out, "records_per_cpu_second", per_second(report, report->cpu_seconds), false);
    buffer_add_char(out, ',');
    json_figures(&figures, out);
    for (int i = 0; i < EVALUATION_SCORES; i++)
        if (is_shown(&evaluation->scores[i])) json_scores(&evaluation->scores[i], out);
    buffer_add(out, STR("}\n"));
}
