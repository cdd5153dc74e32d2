/* verbatim train: a task from labelled texts (train_task.c), or segments: k-means over feature
 * vectors, to a versioned model. The vectors come off the bus, out of an archive, or from feedback
 * that is featurized here. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/segments.h"
#include "ops/cli/cli.h"
#include "ops/cli/reader.h"
#include "ops/cli/rows.h"
#include "ops/cli/train_task.h"

enum { CLUSTERS = 8 };

struct training {
    struct examples_source data;
    struct rows_feedback feedback; /* without a path: none is read */
    const char *archive, *like_path, *out, *name, *licence;
    struct segment_model like; /* with like_path */
    uint64_t folds;
    uint64_t clusters, seed, most;
    struct progress progress;
};

static void on_row(void *user, size_t count) { progress_set(user, count); }

static int rows_from_bus(struct training *training, struct bus *bus, struct rows *rows,
                         struct err *err)
{
    const enum topic topics[] = {TOPIC_FEATURES};
    struct reader reader;
    struct record record;
    struct arena arena = {0};
    int rc = reader_open_held(&reader, bus, topics, 1, err);
    while (rc == E_OK && rows->count < training->most) {
        const struct bus_message *message = reader_next_held(&reader, err);
        if (!message) {
            rc = (int)err->code;
            break;
        }
        arena_reset(&arena);
        rc = record_scan(message->value, &arena, &record, err);
        if (rc == E_OK) rc = rows_add(rows, &record, &arena, err);
        /* what can't be read is no row */
        if (rc && err_class((enum err_code)rc) == ERR_REJECT) rc = E_OK;
        progress_set(&training->progress, rows->count);
    }
    arena_deinit(&arena);
    reader_close(&reader);
    return rc;
}

static int read_rows(struct training *training, struct config *config, struct rows *rows,
                     struct err *err)
{
    struct bus *bus = NULL;
    progress_start(&training->progress, "vectors", 0);
    int rc;
    if (training->archive) {
        rc = rows_from_archive(rows, training->archive, on_row, &training->progress, err);
    } else if (training->feedback.path) {
        rc = rows_from_feedback(rows, &training->feedback, config, on_row, &training->progress,
                                err);
    } else {
        rc = cli_open_bus(config, &bus, err);
        if (rc == E_OK) rc = rows_from_bus(training, bus, rows, err);
        if (rc && bus) err_wrap(err, "%s", bus_description(bus));
        bus_close(bus);
    }
    progress_end(&training->progress);
    return rc;
}

static bool on_progress(void *user, const struct kmeans_progress *step)
{
    struct training *training = user;
    if (training->progress.what != step->stage)
        progress_start(&training->progress, step->stage, step->total);
    progress_set(&training->progress, step->done);
    return true;
}

/* What the worker's metrics say of records, of these rows. */
static void print_fit(const char *name, const struct centroids *centroids, const struct rows *rows)
{
    double distances = 0;
    size_t outliers = 0;
    for (size_t i = 0; i < rows->count; i++) {
        uint32_t index;
        float distance;
        centroids_nearest(centroids, rows->values + i * rows->dimensions, &index, &distance);
        distances += (double)distance;
        outliers += distance > 1;
    }
    printf("%s: mean distance %.4f, outliers %.1f%%\n", name, distances / (double)rows->count,
           100.0 * (double)outliers / (double)rows->count);
}

static void print_metrics(const struct centroids *centroids, const struct kmeans_metrics *metrics,
                          size_t rows, const struct training *training)
{
    printf("%zu vectors, %u segments, mean distance %.4f, silhouette %.4f\n", rows,
           centroids->count, metrics->mean_distance, metrics->silhouette);
    for (uint32_t i = 0; i < centroids->count; i++)
        printf("  segment %3u %8llu  %5.1f%%\n", i, (unsigned long long)metrics->sizes[i],
               100.0 * (double)metrics->sizes[i] / (double)rows);
    printf("written: %s (%s)\n", training->out, training->name);
}

static int train(struct training *training, const struct rows *rows, struct err *err)
{
    struct kmeans_options options = {
        .clusters = (uint32_t)training->clusters, .seed = training->seed,
        .like = training->like_path ? &training->like.centroids : NULL,
        .on_progress = on_progress, .context = training};
    struct centroids centroids;
    struct kmeans_metrics metrics = {0};
    training->progress.what = NULL;
    if (training->like_path && strcmp(training->like.extractor, rows->extractor) != 0)
        return err_set(err, E_BAD_MODEL, "--like %s: made with %s; these vectors with %s",
                       training->like_path, training->like.extractor, rows->extractor);
    int rc = kmeans_train(rows->values, rows->count, rows->dimensions, &options, &centroids,
                          &metrics, err);
    progress_end(&training->progress);
    if (rc) return rc;
    rc = segment_model_save(&centroids, training->name, rows->extractor, training->seed,
                            rows->count, &metrics, training->out, err);
    if (rc == E_OK) print_metrics(&centroids, &metrics, rows->count, training);
    if (rc == E_OK && training->like_path) {
        print_fit(training->like.name, &training->like.centroids, rows);
        print_fit(training->name, &centroids, rows);
    }
    kmeans_metrics_deinit(&metrics);
    centroids_deinit(&centroids);
    return rc;
}

static int train_labelled(const struct training *training, const char *task, struct err *err)
{
    const struct train_wish wish = {
        .task = task, .data = training->data, .out = training->out, .name = training->name,
        .licence = training->licence, .folds = training->folds, .seed = training->seed};
    if (!wish.data.path) return err_set(err, E_USAGE, "--data FILE is needed: labelled texts");
    return strcmp(task, "language") == 0 ? train_language_task(&wish, err) : train_task(&wish, err);
}

/* Before minutes are spent: is there a folder that takes the model? */
static int check_out(const char *out, struct err *err)
{
    struct stat found;
    if (!out[0]) return err_set(err, E_USAGE, "--out needs a file's name");
    const char *slash = strrchr(out, '/');
    char folder[4096];
    int size = snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - out + 1) : 1,
                        slash ? out : ".");
    if (size < 0 || (size_t)size >= sizeof folder)
        return err_set(err, E_NO_OUTPUT, "--out: the name is too long");
    if (stat(out, &found) == 0 && S_ISDIR(found.st_mode))
        return err_set(err, E_NO_OUTPUT, "--out %s is a folder; a file is meant", out);
    return access(folder, W_OK | X_OK) ? err_system(err, E_NO_OUTPUT, "--out %s", out) : E_OK;
}

/* A model in place of the texts that it was made of would be their end. */
static int check_spared(const char *out, const char *read, struct err *err)
{
    struct stat written, source;
    if (!read || stat(out, &written) || stat(read, &source)) return E_OK;
    if (!S_ISREG(source.st_mode) || written.st_dev != source.st_dev ||
        written.st_ino != source.st_ino)
        return E_OK;
    return err_set(err, E_USAGE, "--out %s is the file that is read; the model needs another name",
                   out);
}

/* So that segment 3 is the same customers tomorrow: digests and dashboards go by its number. */
static int open_like(struct training *training, struct err *err)
{
    bool said = training->clusters != UINT64_MAX;
    if (!said) training->clusters = CLUSTERS;
    if (!training->like_path) return E_OK;
    int rc = segment_model_open(training->like_path, NULL, &training->like, err);
    if (rc) return err_wrap(err, "--like");
    uint32_t count = training->like.centroids.count;
    if (said && training->clusters != count)
        return err_set(err, E_USAGE, "--like %s has %u segments, so --clusters is %u or left out",
                       training->like_path, count, count);
    training->clusters = count;
    return E_OK;
}

static int train_segments(struct training *training, const struct arguments *arguments,
                          struct err *err)
{
    struct cli_config config;
    struct rows rows = {0};
    if (training->data.path || training->data.label_column)
        return err_set(err, E_USAGE, "--data and its labels are for tasks; segments come from "
                                     "--archive, --input or the bus");
    if (training->data.text_column && !training->feedback.path)
        return err_set(err, E_USAGE, "--text-column goes with --input");
    if (training->archive && training->feedback.path)
        return err_set(err, E_USAGE, "either --archive or --input");
    if (training->clusters != UINT64_MAX &&
        (training->clusters < 1 || training->clusters > CENTROIDS_MAX))
        return err_set(err, E_USAGE, "--clusters must be from 1 to %d", CENTROIDS_MAX);
    int rc = cli_config(arguments, &config, err);
    if (rc) return rc;
    rc = open_like(training, err);
    training->feedback.text_column = training->data.text_column;
    training->feedback.refusals.command = "train";
    if (rc == E_OK) rc = read_rows(training, config.config, &rows, err);
    if (rc == E_OK && rows.count == 0) {
        rc = refusals_end(&training->feedback.refusals, training->feedback.read, err);
        if (rc == E_OK)
            rc = err_set(err, E_NO_INPUT,
                         "no vectors found; run records through featurize first, or give --archive "
                         "or --input");
    }
    if (rc == E_OK) rc = train(training, &rows, err);
    if (rc == E_OK) rc = refusals_end(&training->feedback.refusals, training->feedback.read, err);
    rows_deinit(&rows);
    segment_model_close(&training->like);
    cli_config_free(&config);
    return rc;
}

static int train_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct training training = {
        .licence = "not stated", .folds = 5, .clusters = UINT64_MAX, .seed = 1, .most = 1000000};
    const struct flag flags[] = {
        {"data", FLAG_TEXT, &training.data.path,
         "FILE  labelled texts as verbatim evaluate reads them: TSV, CSV or JSON (tasks)"},
        {"text-column", FLAG_TEXT, &training.data.text_column,
         "NAME  of the column or field that holds the words (text), with --data or --input"},
        {"label-column", FLAG_TEXT, &training.data.label_column, "NAME  … the label (label)"},
        {"folds", FLAG_NUMBER, &training.folds, "K  of the cross-validation (5)"},
        {"licence", FLAG_TEXT, &training.licence, "TEXT  of the data, for the model's card"},
        {"archive", FLAG_TEXT, &training.archive,
         "FOLDER  read an archive's objects instead of the bus"},
        {"input", FLAG_TEXT, &training.feedback.path,
         "FILE  read feedback (NDJSON, CSV; - for stdin) and featurize it here"},
        {"clusters", FLAG_NUMBER, &training.clusters, "K  how many segments (8)"},
        {"like", FLAG_TEXT, &training.like_path,
         "FILE  segments go on from this model's, and keep their numbers"},
        {"seed", FLAG_NUMBER, &training.seed, "N  the same seed and rows, the same model (1)"},
        {"most", FLAG_NUMBER, &training.most, "N  at most so many vectors from the bus (1000000)"},
        {"name", FLAG_TEXT, &training.name,
         "NAME  version that records will carry (own-TASK-000001)"},
        {"out", FLAG_TEXT, &training.out,
         "FILE  where the model goes (TASK.model); the card of a task is FILE.md"},
    };
    struct arguments arguments;
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    const char *what = arguments.positional_count == 1 ? arguments.positionals[0] : "";
    bool segments = strcmp(what, "segments") == 0;
    char name[64], out[64];
    if (arguments.positional_count > 1)
        return err_set(err, E_USAGE, "one task at a time; --data %s names a file",
                       arguments.positionals[1]);
    if (!segments && !train_task_known(what))
        return what[0]
                   ? err_set(err, E_USAGE,
                             "nothing called \"%.40s\" is trained, but: " TRAIN_TASKS
                             ", segments", what)
                   : err_set(err, E_USAGE,
                             "what can be trained here: " TRAIN_TASKS ", segments");
    snprintf(name, sizeof name, "own-%s-000001", what); /* none that ships is called so */
    snprintf(out, sizeof out, "%s.model", what);
    if (!training.name) training.name = name;
    if (!training.out) training.out = out;
    rc = check_out(training.out, err);
    if (rc == E_OK) rc = check_spared(training.out, training.data.path, err);
    if (rc == E_OK) rc = check_spared(training.out, training.feedback.path, err);
    if (rc) return rc;
    if (!segments && training.like_path)
        return err_set(err, E_USAGE, "--like is for segments");
    if (!segments) return train_labelled(&training, what, err);
    return train_segments(&training, &arguments, err);
}

const struct command train_command = {
    .name = "train",
    .summary = "train a task's model from labelled texts, or customer segments",
    .usage = "sentiment|needs|safety|topics|language --data FILE [--text-column NAME] "
             "[--label-column NAME] [--folds K] [--seed N] [--name NAME] [--out FILE]\n"
             "       verbatim train segments [--archive FOLDER | --input FILE] "
             "[--clusters K | --like FILE] [--seed N] [--name NAME] [--out FILE]",
    .details = "Tasks: labels as verbatim evaluate has them; of safety kinds or none, no mere "
               "positive; at most 16 topics.\n"
               "Cross-validated, each fold judged by a model that never saw it; the card says "
               "precision, recall and F1, the confusion\n"
               "matrix and a calibration table. The same data and seed, the same model. Serve "
               "sentiment, needs and topics in\n"
               "genai.folder/models, safety by preprocess.safety_model; the trainer and options "
               "are those of the models that ship.\n"
               "Topics stand beside the keywords of genai.folder/topics, which must name them.\n"
               "Language: labels are ISO 639-1 codes, or und for others; 16 at most, in Latin "
               "letters. preprocess.language_model=FILE\n"
               "serves it. The model that ships is made by ops/models/build, with the same "
               "trainer, of 35 languages.\n"
               "Segments: serve the model with segment.model=FILE, and reload running workers by "
               "SIGHUP. To train again, name the model\n"
               "in force with --like: otherwise numbers go by size, and what was said of segment 3 "
               "is of others from then on. On trial\n"
               "beside the one in force: segment.canary=FILE, segment.canary_share=PERCENT.\n\n"
               "Example: verbatim train sentiment --data reviews.csv --out sentiment.model\n"
               "         verbatim train segments --archive data/archive/features --clusters 12 "
               "--out segments.model\n",
    .run = train_run,
};
