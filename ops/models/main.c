/* verbatim-build-models DATA OWN OUT [--judge] [TASK]: trains the linear models that ship.
 *
 * --judge leaves each source out in turn and prints how the model does on it; nothing is written.
 * TASK, sentiment or needs: that one alone. */
#include <stdio.h>

#include "tasks.h"

static const struct task *const tasks[] = {&sentiment_task, &needs_task};

static void print_report(const char *what, const struct task *task, const struct train_report *report)
{
    printf("%-32s %6llu rows  macro-F1 %.3f", what, (unsigned long long)report->held_out, report->macro_f1);
    if (task->options.link == LINEAR_SOFTMAX)
        printf("  two-way %.3f  accuracy %.3f", report->two_way_macro_f1, report->accuracy);
    printf("  ECE %.3f  F1", report->calibration_error);
    for (uint32_t c = 0; c < task->options.class_count; c++) printf(" %.3f", report->f1[c]);
    printf("\n");
    fflush(stdout);
}

static int judge(const struct task *task, struct train_linear *train, struct err *err)
{
    int rc = E_OK;
    for (uint32_t i = 0; task->source_names[i] && !rc; i++) {
        struct train_report report;
        if (!task->judged[i]) continue;
        rc = train_linear_run(train, i, NULL, &report, err);
        if (!rc) print_report(task->source_names[i], task, &report);
    }
    return rc;
}

static int write_file(const char *folder, const char *name, struct str bytes, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.model", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file) return err_system(err, E_NO_OUTPUT, "%s", path);
    size_t written = fwrite(bytes.data, 1, bytes.size, file);
    if (fclose(file) || written != bytes.size) return err_system(err, E_NO_OUTPUT, "%s", path);
    return E_OK;
}

static int build(const struct task *task, struct train_linear *train, const char *out, struct err *err)
{
    struct train_report report;
    struct buffer bytes = {0};
    int rc = train_linear_run(train, TRAIN_NO_SOURCE, &bytes, &report, err);
    if (!rc) print_report("every tenth row", task, &report);
    if (!rc) rc = write_file(out, task->name, buffer_str(&bytes), err);
    buffer_deinit(&bytes);
    return rc;
}

static int run(const struct task *task, char **arguments, bool only_judge, struct err *err)
{
    struct train_linear *train = train_linear_create(&task->options);
    int rc = train ? task->add_rows(train, arguments[1], arguments[2], err) : err_set(err, E_NO_MEMORY, NULL);
    printf("%s\n", task->name);
    if (!rc) rc = only_judge ? judge(task, train, err) : build(task, train, arguments[3], err);
    train_linear_destroy(train);
    return rc;
}

int main(int count, char **arguments)
{
    struct err err;
    bool only_judge = count > 4 && strcmp(arguments[4], "--judge") == 0, done = false;
    const char *only = count == 5 + only_judge ? arguments[count - 1] : NULL;
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0] && count >= 4 && count <= 5 + only_judge; i++) {
        if (only && strcmp(only, tasks[i]->name) != 0) continue;
        int rc = run(tasks[i], arguments, only_judge, &err);
        if (rc) {
            fprintf(stderr, "verbatim-build-models: %s\n", err.text);
            return err_exit_status(err.code);
        }
        done = true;
    }
    if (done) return 0;
    fprintf(stderr, "usage: verbatim-build-models DATA OWN OUT [--judge] [sentiment | needs]\n");
    return err_exit_status(E_USAGE);
}
