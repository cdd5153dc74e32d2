/* verbatim-build-models DATA OWN OUT [--judge] [TASK [--without N]]:
 * trains the linear models that ship.
 *
 * --judge leaves each source out in turn and prints how the model does on it; nothing is written.
 * TASK, needs, sentiment or safety: that one alone; sentiment reads OUT/needs.model.
 * --without writes models that never saw source N of their task, to measure them
 * on it end to end. */
#include <stdio.h>

#include "table.h"
#include "tasks.h"

static const struct task *const tasks[] = {&needs_task, &sentiment_task, &safety_task};

static void print_report(const char *what, const struct task *task,
                         const struct train_report *report)
{
    printf("%-32s %6llu rows  macro-F1 %.3f", what, (unsigned long long)report->held_out,
           report->macro_f1);
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

struct choice {
    const char *data, *own, *out, *task;
    uint32_t without;
    bool judge;
};

static int build(const struct task *task, struct train_linear *train, const struct choice *choice,
                 struct err *err)
{
    uint32_t without = choice->without;
    struct train_report report;
    struct buffer bytes = {0};
    char path[4096];
    int rc = E_OK;
    snprintf(path, sizeof path, "%s/%s.model", choice->out, task->name);
    if (task->finish)
        rc = task->finish(train, choice->data, choice->own, choice->out, without, err);
    if (!rc) rc = train_linear_run(train, without, &bytes, &report, err);
    if (!rc)
        print_report(without == TRAIN_NO_SOURCE ? "every tenth row" : task->source_names[without],
                     task, &report);
    if (!rc) rc = buffer_write_file(buffer_str(&bytes), path, err);
    buffer_deinit(&bytes);
    return rc;
}

/* Words' vectors: a letter a number, '0' to 'n', of which the middle is 0 (own/README.md). */
static int add_vectors(struct train_linear *train, const char *own, struct err *err)
{
    static const char FILE_NAME[] = "vectors.tsv";
    const int zero = '0' + 32;
    const float step = 0.0176777f; /* a tenth deviation of numbers whose vectors are about 1 long */
    struct table table;
    int rc = table_open(&table, own, FILE_NAME, true, err);
    while (!rc && table_next(&table)) {
        struct str letters = table_cell(&table, "vector");
        float values[TRAIN_VECTOR_SIZE];
        if (letters.size != TRAIN_VECTOR_SIZE) {
            rc = err_set(err, E_BAD_MESSAGE, "%s, word %u: a vector has %d letters", FILE_NAME,
                         table.line, TRAIN_VECTOR_SIZE);
            break;
        }
        for (uint32_t i = 0; i < TRAIN_VECTOR_SIZE; i++)
            values[i] = (float)(letters.data[i] - zero) * step;
        rc = train_linear_vector(train, table_cell(&table, "word"), values, err);
    }
    table_close(&table);
    return rc;
}

static int run(const struct task *task, const struct choice *choice, struct err *err)
{
    struct train_linear *train = train_linear_create(&task->options);
    int rc = train ? task->add_rows(train, choice->data, choice->own, err)
                   : err_set(err, E_NO_MEMORY, NULL);
    if (!rc && task->vectors) rc = add_vectors(train, choice->own, err);
    printf("%s\n", task->name);
    if (!rc)
        rc = choice->judge ? judge(task, train, err)
                           : build(task, train, choice, err);
    train_linear_destroy(train);
    return rc;
}

static bool read_arguments(int count, char **arguments, struct choice *choice)
{
    if (count < 4) return false;
    *choice = (struct choice){
        .data = arguments[1], .own = arguments[2], .out = arguments[3], .without = TRAIN_NO_SOURCE};
    for (int i = 4; i < count; i++) {
        if (strcmp(arguments[i], "--judge") == 0) choice->judge = true;
        else if (strcmp(arguments[i], "--without") == 0 && i + 1 < count) {
            uint64_t source;
            if (!str_to_u64(str_of(arguments[++i]), &source) || source >= TRAIN_NO_SOURCE)
                return false;
            choice->without = (uint32_t)source;
        } else if (!choice->task && arguments[i][0] != '-') choice->task = arguments[i];
        else return false;
    }
    return choice->without == TRAIN_NO_SOURCE || choice->task;
}

int main(int count, char **arguments)
{
    struct err err;
    struct choice choice;
    bool done = false;
    bool understood = read_arguments(count, arguments, &choice);
    for (size_t i = 0; understood && i < sizeof tasks / sizeof tasks[0]; i++) {
        if (choice.task && strcmp(choice.task, tasks[i]->name) != 0) continue;
        int rc = run(tasks[i], &choice, &err);
        if (rc) {
            fprintf(stderr, "verbatim-build-models: %s\n", err.text);
            return err_exit_status(err.code);
        }
        done = true;
    }
    if (done) return 0;
    fprintf(stderr, "usage: verbatim-build-models DATA OWN OUT [--judge] [needs | sentiment | "
                    "safety [--without SOURCE]]\n");
    return err_exit_status(E_USAGE);
}
