/* One labelled file, read as verbatim evaluate reads it; the trainer and options of
 * the models that ship.
 *
 * Each row is in one fold, by its text's hash. Cross-validation: each fold in turn is judged by
 * a model that never saw it. Then all rows teach the model that is written; its card, OUT.md,
 * says what the folds said. */
#include "ops/cli/train_task.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/terminal.h"
#include "ops/cli/train_card.h"
#include "ops/evaluate/examples.h"
#include "ops/models/tasks.h"

enum { NAME_BYTES = 32 };

struct training {
    const struct train_wish *wish;
    const struct task *task;       /* NULL: topics, whose classes the file names */
    struct train_options options;
    char names[LINEAR_CLASSES_MAX][NAME_BYTES];
    const char *classes[LINEAR_CLASSES_MAX];
    struct examples examples;
    bool placed;                   /* the error names file and line already */
    struct arena arena;            /* of a row */
    char language[8];
    uint64_t rows;
    struct train_report sum;       /* of all folds */
    double held_out;
    struct progress progress;
    uint64_t epochs;
};

bool train_task_known(const char *task)
{
    for (struct str rest = STR(TRAIN_TASKS); rest.size;)
        if (str_equal(str_trim(str_cut(&rest, ',')), str_of(task))) return true;
    return false;
}

static const struct task *task_of(const char *name)
{
    const struct task *const tasks[] = {&sentiment_task, &needs_task, &safety_task};
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++)
        if (strcmp(tasks[i]->name, name) == 0) return tasks[i];
    return NULL;
}

/* --- rows ------------------------------------------------------------------------------------- */

/* What `verbatim evaluate` takes for a label too. */
static const struct {
    const char *task, *given, *meant;
} spellings[] = {
    {"needs", "irrelevant", "none"}, {"needs", "other", "none"}, {"needs", "rating", "none"},
    {"needs", "user_experience", "none"},
    {"safety", "yes", "positive"},   {"safety", "1", "positive"}, {"safety", "true", "positive"},
    {"safety", "ade", "adverse_event"},
    {"safety", "no", "negative"},    {"safety", "0", "negative"}, {"safety", "false", "negative"},
};

static struct str meant_by(const char *task, struct str part)
{
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
        if (strcmp(spellings[i].task, task) == 0 && str_equal(part, str_of(spellings[i].given)))
            return str_of(spellings[i].meant);
    return part;
}

/* As the task's trainer spells it; topics keep the names that the file gives them. */
static struct str spelt(struct training *training, struct str label)
{
    if (!training->task) return label;
    struct str rest = arena_copy(&training->arena, label), whole = {0};
    char *bytes = (char *)(uintptr_t)rest.data;
    for (size_t i = 0; i < rest.size; i++) bytes[i] = ascii_lower(bytes[i]);
    for (bool first = true; rest.size; first = false) {
        struct str part = meant_by(training->task->name, str_trim(str_cut(&rest, '+')));
        whole = first ? part
                      : arena_printf(&training->arena, "%.*s+%.*s", STR_ARGS(whole),
                                     STR_ARGS(part));
    }
    return whole;
}

static int next_row(void *user, struct labelled *ret_row, bool *ret_end, struct err *err)
{
    struct training *training = user;
    struct example example;
    arena_reset(&training->arena);
    int rc = examples_next(&training->examples, &training->arena, &example, err);
    if (rc == E_NOT_FOUND) return *ret_end = true, E_OK;
    if (rc) return training->placed = true, rc;
    size_t size = example.language.size < sizeof training->language ? example.language.size : 0;
    memcpy(training->language, example.language.data ? example.language.data : "", size);
    training->language[size] = '\0';
    training->rows++;
    *ret_row = (struct labelled){
        .text = example.text, .label = spelt(training, str_trim(example.label)),
        .serious = example.serious, .language = training->language,
        .source = (uint32_t)(hash_fast(example.text, 0) % training->wish->folds)};
    return E_OK;
}

/* The bit of a topic's name, which becomes a class where it is new; 0: there is no room. */
static uint32_t topic_bit(struct training *training, struct str name)
{
    uint32_t at = 0;
    while (at < training->options.class_count && !str_equal(name, str_of(training->names[at])))
        at++;
    if (at == LINEAR_CLASSES_MAX || name.size == 0 || name.size >= NAME_BYTES) return 0;
    if (at < training->options.class_count) return 1u << at;
    snprintf(training->names[at], NAME_BYTES, "%.*s", STR_ARGS(name));
    training->classes[at] = training->names[at];
    training->options.class_count++;
    return 1u << at;
}

static int topic_bits(struct training *training, struct str label, uint32_t *ret_bits,
                      struct err *err)
{
    *ret_bits = 0;
    while (label.size && !str_equal(label, STR("none"))) {
        struct str name = str_trim(str_cut(&label, '+'));
        uint32_t bit = topic_bit(training, name);
        if (!bit)
            return err_set(err, E_BAD_MESSAGE,
                           "topic \"%.*s\": a model learns at most %d topics, of 1 to %d bytes; "
                           "leave out those that keywords find",
                           STR_ARGS(name), LINEAR_CLASSES_MAX, NAME_BYTES - 1);
        *ret_bits |= bit;
    }
    return E_OK;
}

static int each_topic_row(struct training *training, struct train_linear *train, struct err *err)
{
    struct labelled row;
    bool end = false;
    int rc = next_row(training, &row, &end, err);
    for (; !rc && !end; rc = rc ? rc : next_row(training, &row, &end, err)) {
        uint32_t bits;
        rc = topic_bits(training, row.label, &bits, err);
        if (!rc && train)
            rc = train_linear_add(train, row.text, bits,
                                  UINT32_MAX >> (32 - training->options.class_count), 1, row.source,
                                  err);
    }
    return rc;
}

static int open_file(struct training *training, struct err *err)
{
    examples_close(&training->examples);
    training->examples = (struct examples){0};
    training->rows = 0;
    int rc = examples_open(&training->examples, &training->wish->data, true, err);
    training->placed = rc != E_OK;
    return rc;
}

/* What is wrong with a row's label is told with its place, as the file's own faults are. */
static int place(const struct training *training, int rc, struct err *err)
{
    if (rc != E_BAD_MESSAGE || training->placed) return rc;
    return err_at(err, training->wish->data.path, training->examples.line);
}

/* Topics are named before anything is learnt. */
static int find_topics(struct training *training, struct err *err)
{
    int rc = open_file(training, err);
    return rc ? rc : place(training, each_topic_row(training, NULL, err), err);
}

static int add_rows(struct training *training, struct train_linear *train, struct err *err)
{
    int rc = open_file(training, err);
    if (rc) return rc;
    rc = training->task ? training->task->add_labelled(train, next_row, training, err)
                        : each_topic_row(training, train, err);
    if (rc) return place(training, rc, err);
    if (training->rows >= TRAIN_ROWS_LEAST) return E_OK;
    return err_set(err, E_BAD_MESSAGE, "%s: %llu rows; at least %d are needed",
                   training->wish->data.path, (unsigned long long)training->rows, TRAIN_ROWS_LEAST);
}

/* --- cross-validation ------------------------------------------------------------------------- */

static bool on_epoch(void *context, uint32_t epoch, uint32_t epochs, double loss)
{
    struct training *training = context;
    (void)epoch, (void)loss;
    training->progress.total = epochs * (training->wish->folds + 2); /* and twice all rows: to
                                                                      * calibrate, and to ship */
    progress_set(&training->progress, ++training->epochs);
    return true;
}

static void add_report(struct training *training, const struct train_report *report)
{
    struct train_report *sum = &training->sum;
    sum->held_out += report->held_out;
    sum->calibration_error += report->calibration_error * (double)report->held_out;
    for (uint32_t c = 0; c < training->options.class_count; c++) {
        sum->counts[c].right += report->counts[c].right;
        sum->counts[c].said += report->counts[c].said;
        sum->counts[c].truth += report->counts[c].truth;
        for (uint32_t d = 0; d < training->options.class_count; d++)
            sum->confusion[c][d] += report->confusion[c][d];
    }
    for (int bin = 0; bin < TRAIN_BINS; bin++) {
        sum->bins[bin].rows += report->bins[bin].rows;
        sum->bins[bin].right += report->bins[bin].right;
        sum->bins[bin].sure += report->bins[bin].sure;
    }
}

static int validate(struct training *training, struct train_linear *train, struct err *err)
{
    int rc = E_OK;
    for (uint32_t fold = 0; fold < (uint32_t)training->wish->folds && !rc; fold++) {
        struct train_report report;
        rc = train_linear_run(train, fold, NULL, &report, err);
        if (!rc) add_report(training, &report);
    }
    if (!rc && training->sum.held_out)
        training->sum.calibration_error /= (double)training->sum.held_out;
    if (rc == E_BAD_MESSAGE && str_starts(str_of(err->text), STR("no rows of class serious")))
        (void)err_set(err, E_BAD_MESSAGE,
                      "no row is serious; a column serious (yes or no) says which are");
    else if (rc == E_BAD_MESSAGE && strcmp(training->wish->task, "safety") == 0 &&
             str_starts(str_of(err->text), STR("no rows of class")))
        (void)err_wrap(err, "safety is learnt of all its kinds, which stand in the label, such as "
                            "adverse_event+hazard; yes or positive alone tells none");
    return rc == E_BAD_MESSAGE ? err_wrap(err, "%s", training->wish->data.path) : rc;
}

static int write_both(const struct training *training, struct str model, struct err *err)
{
    const struct train_card card = {
        .wish = training->wish, .kind = "A linear model",
        .data = buffer_str(&training->examples.bytes), .model = model,
        .classes = training->options.classes, .class_count = training->options.class_count,
        .rows = training->rows, .one_class = training->options.link == LINEAR_SOFTMAX,
        .report = &training->sum};
    return train_card_write(&card, err);
}

/* --- all -------------------------------------------------------------------------------------- */

static int learn(struct training *training, struct err *err)
{
    struct train_report report;
    struct buffer model = {0};
    struct train_linear *train = train_linear_create(&training->options);
    int rc = train ? add_rows(training, train, err) : err_set(err, E_NO_MEMORY, NULL);
    progress_start(&training->progress, "epochs", 0);
    if (!rc) rc = validate(training, train, err);
    if (!rc) rc = train_linear_run(train, TRAIN_NO_SOURCE, &model, &report, err);
    progress_end(&training->progress);
    if (!rc) rc = write_both(training, buffer_str(&model), err);
    train_linear_destroy(train);
    buffer_deinit(&model);
    return rc;
}

int train_task(const struct train_wish *wish, struct err *err)
{
    static const struct train_options topics = {.link = LINEAR_SIGMOID, .balance = true};
    struct training *training = calloc(1, sizeof *training);
    if (!training) return err_set(err, E_NO_MEMORY, NULL);
    training->wish = wish;
    training->task = task_of(wish->task);
    training->options = training->task ? training->task->options : topics;
    training->options.neutral_trust = 0; /* one file is one source, and texts to come are like it */
    /* what nobody taught of safety would be missed in silence */
    training->options.may_lack = training->task == &safety_task ? 0 : UINT32_MAX;
    training->options.name = wish->name;
    training->options.seed = wish->seed;
    training->options.notes = wish->licence;
    training->options.on_progress = on_epoch;
    training->options.context = training;
    if (!training->task) training->options.classes = training->classes;
    int rc = wish->folds < 2 || wish->folds > TRAIN_FOLDS_MAX
                 ? err_set(err, E_USAGE, "--folds is from 2 to %d", TRAIN_FOLDS_MAX)
                 : E_OK;
    if (!rc && !training->task) rc = find_topics(training, err);
    if (!rc) rc = learn(training, err);
    examples_close(&training->examples);
    arena_deinit(&training->arena);
    free(training);
    return rc;
}
