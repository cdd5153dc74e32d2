/* verbatim train language: the detector's table from a file of texts in known languages.
 *
 * A lane a language, in the order of the file. Lessons are drawn lane by lane, so that a rare
 * language counts like the others: a text, or a part of one, now and then without its accents.
 * What each fold's model, which never saw a text, says of it makes the card and tells how sure the
 * scores are; then all rows teach the model that is written. */
#include <math.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/terminal.h"
#include "ops/cli/train_card.h"
#include "ops/evaluate/examples.h"
#include "ops/models/language/train.h"
#include "text/language.h"

enum {
    LESSONS_LEAST = 20000, LESSONS_MOST = 2000000, LESSONS_A_ROW = 20, CODE_BYTES = 4,
    ALL_FOLDS = -1
};

struct row {
    struct str text; /* a view of the file, or in the arena */
    uint32_t lane, fold;
    uint64_t line;
};

struct training {
    const struct train_wish *wish;
    struct examples examples;
    struct arena arena;
    struct row *rows; /* by lane, once sorted */
    size_t count, room;
    char codes[LANGUAGE_LANES][CODE_BYTES];
    const char *classes[LANGUAGE_LANES];
    uint32_t lanes, first[LANGUAGE_LANES + 1]; /* where a lane's rows start */
    int64_t left_out;                          /* the fold that doesn't teach, or ALL_FOLDS */
    struct language_judgements judged;
    struct train_report report;
    struct progress progress;
    uint64_t done;
};

/* --- rows ------------------------------------------------------------------------------------- */

static int lane_of(struct training *training, struct str label, uint32_t *ret_lane, struct err *err)
{
    char code[CODE_BYTES];
    uint32_t lane = 0;
    if (!language_code(label, code))
        return err_set(err, E_BAD_MESSAGE, "label \"%.*s\" is no language: ISO 639-1, or und",
                       STR_ARGS(label));
    while (lane < training->lanes && strcmp(code, training->codes[lane]) != 0) lane++;
    if (lane == LANGUAGE_LANES)
        return err_set(err, E_BAD_MESSAGE,
                       "label \"%.*s\": at most %d languages; call the rarest und", STR_ARGS(label),
                       LANGUAGE_LANES);
    if (lane == training->lanes) {
        memcpy(training->codes[lane], code, sizeof code);
        training->classes[lane] = training->codes[lane];
        training->lanes++;
    }
    *ret_lane = lane;
    return E_OK;
}

static int add_row(struct training *training, const struct example *example, struct err *err)
{
    if (!array_fits(&training->rows, &training->room, training->count + 1, sizeof *training->rows))
        return err_set(err, E_NO_MEMORY, NULL);
    struct row *row = &training->rows[training->count];
    *row = (struct row){
        .text = example->text,
        .fold = (uint32_t)(hash_fast(example->text, 0) % training->wish->folds),
        .line = example->line};
    int rc = lane_of(training, example->label.size ? example->label : example->language, &row->lane,
                     err);
    if (rc) return err_at(err, training->wish->data.path, example->line);
    training->count++;
    return E_OK;
}

/* By lane, and in the order of the file within one. */
static int compare_rows(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    if (left->lane != right->lane) return left->lane < right->lane ? -1 : 1;
    return left->line < right->line ? -1 : left->line > right->line;
}

static int read_rows(struct training *training, struct err *err)
{
    struct example example;
    int rc = examples_open(&training->examples, &training->wish->data, false, err);
    while (!rc &&
           (rc = examples_next(&training->examples, &training->arena, &example, err)) == E_OK)
        if (example.text.size) rc = add_row(training, &example, err);
    if (rc != E_NOT_FOUND) return rc;
    if (training->count < TRAIN_ROWS_LEAST)
        return err_set(err, E_BAD_MESSAGE, "%s: %zu rows; at least %d are needed",
                       training->wish->data.path, training->count, TRAIN_ROWS_LEAST);
    if (training->lanes < 2)
        return err_set(err, E_BAD_MESSAGE, "%s: one language; there is nothing to tell apart",
                       training->wish->data.path);
    qsort(training->rows, training->count, sizeof *training->rows, compare_rows);
    for (size_t i = 0; i < training->count; i++)
        training->first[training->rows[i].lane + 1] = (uint32_t)i + 1;
    return E_OK;
}

/* --- learning --------------------------------------------------------------------------------- */

/* A row of a lane that may teach: those that may not are passed by, round and round. */
static struct str draw(const void *from, struct random *random, char *buffer, size_t room,
                       uint32_t *ret_lane)
{
    const struct training *training = from;
    uint32_t lane = (uint32_t)random_below(random, training->lanes);
    uint32_t first = training->first[lane], count = training->first[lane + 1] - first;
    uint32_t at = (uint32_t)random_below(random, count);
    for (uint32_t k = 0; k < count && training->rows[first + at].fold == training->left_out; k++)
        at = (at + 1) % count;
    *ret_lane = lane;
    if (training->rows[first + at].fold == training->left_out)
        return (struct str){.data = buffer, .size = 0}; /* all are in that fold */
    return lesson_accents(lesson_of(training->rows[first + at].text, random, buffer, room), random,
                          buffer);
}

static void on_step(void *context, uint32_t done, double loss)
{
    struct training *training = context;
    (void)loss;
    progress_set(&training->progress, training->done + done);
}

static uint32_t lesson_count(const struct training *training)
{
    uint64_t count = (uint64_t)training->count * LESSONS_A_ROW;
    return (uint32_t)(count < LESSONS_LEAST  ? LESSONS_LEAST
                      : count > LESSONS_MOST ? LESSONS_MOST
                                             : count);
}

static int learn(struct training *training, int64_t left_out, struct language_model *model,
                 struct err *err)
{
    struct language_lessons lessons = {
        .draw = draw, .texts = training, .count = lesson_count(training),
        .seed = training->wish->seed, .on_step = on_step, .context = training};
    for (uint32_t c = 0; c < LANGUAGE_LANES; c++)
        lessons.codes[c] = c < training->lanes ? training->codes[c] : "und";
    training->left_out = left_out;
    int rc = train_language(&lessons, model, err);
    training->done += lessons.count;
    progress_set(&training->progress, training->done);
    return rc;
}

/* --- cross-validation ------------------------------------------------------------------------- */

static int judge_fold(struct training *training, int64_t fold, struct language_model *model,
                      struct err *err)
{
    int rc = learn(training, fold, model, err);
    for (size_t i = 0; i < training->count && !rc; i++)
        if (training->rows[i].fold == fold)
            rc = language_judge(model, training->rows[i].text, training->rows[i].lane,
                                &training->judged, err);
    return rc;
}

static void report(struct training *training, const struct language_model *model)
{
    struct train_report *out = &training->report;
    for (size_t i = 0; i < training->judged.count; i++) {
        const struct language_judged *judged = &training->judged.items[i];
        double sure;
        uint32_t said = language_said(judged, &model->header, &sure);
        /* a lane that nothing taught: any wrong one */
        if (said >= training->lanes) said = judged->lane == 0;
        bool right = said == judged->lane;
        int bin = sure < 1 ? (int)(sure * TRAIN_BINS) : TRAIN_BINS - 1;
        out->held_out++;
        out->counts[judged->lane].truth++, out->counts[said].said++,
            out->counts[said].right += right;
        out->confusion[judged->lane][said]++;
        out->bins[bin].rows++, out->bins[bin].right += right, out->bins[bin].sure += sure;
    }
    for (int bin = 0; bin < TRAIN_BINS && out->held_out; bin++)
        out->calibration_error += fabs(out->bins[bin].sure - (double)out->bins[bin].right) /
                                  (double)out->held_out;
}

/* --- all -------------------------------------------------------------------------------------- */

static int write_all(const struct training *training, struct language_model *model, struct err *err)
{
    language_sum(model);
    const struct train_card card = {
        .wish = training->wish, .kind = "A table of grams",
        .data = buffer_str(&training->examples.bytes), .model = str_make(model, sizeof *model),
        .classes = training->classes, .class_count = training->lanes, .rows = training->count,
        .one_class = true, .report = &training->report,
        .notes = "How sure scores are (two numbers) was fitted on what the folds' models said, so "
                 "the calibration flatters by these two."};
    return train_card_write(&card, err);
}

static int train_and_write(struct training *training, struct language_model *model, struct err *err)
{
    int rc = read_rows(training, err);
    if (rc) return rc;
    progress_start(&training->progress, "lessons",
                   (training->wish->folds + 1) * lesson_count(training));
    for (uint64_t fold = 0; fold < training->wish->folds && !rc; fold++)
        rc = judge_fold(training, (int64_t)fold, model, err);
    if (!rc) rc = learn(training, ALL_FOLDS, model, err);
    progress_end(&training->progress);
    if (rc) return rc;
    language_calibrate(&training->judged, model);
    report(training, model);
    return write_all(training, model, err);
}

int train_language_task(const struct train_wish *wish, struct err *err)
{
    if (wish->folds < 2 || wish->folds > TRAIN_FOLDS_MAX)
        return err_set(err, E_USAGE, "--folds is from 2 to %d", TRAIN_FOLDS_MAX);
    struct training *training = calloc(1, sizeof *training);
    struct language_model *model = calloc(1, sizeof *model);
    if (training) training->wish = wish;
    int rc = training && model ? train_and_write(training, model, err)
                               : err_set(err, E_NO_MEMORY, NULL);
    if (training) {
        examples_close(&training->examples);
        arena_deinit(&training->arena);
        free(training->judged.items);
        free(training->rows);
    }
    free(training);
    free(model);
    return rc;
}
