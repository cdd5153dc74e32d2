/* verbatim models: which models the configuration in force uses, or what given files hold. A file
 * that is shown has passed its reader's checks, checksum included. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "config/shipped.h"
#include "model/safety.h"
#include "model/segments.h"
#include "ops/cli/cli.h"
#include "schema/json.h"
#include "text/language.h"
#include "text/language/model.h"

/* Views of the file and of the model; one of them alone is open. */
struct shown {
    const char *task, *path; /* task: "" for a file that was named */
    const char *needs;       /* classes that the task's worker asks for; NULL: none */
    bool built_in;           /* the language model that serves unless an option names another */
    struct str name, kind, metadata; /* name: "" of a language model, which has none */
    char codes[LANGUAGE_LANES * sizeof(((struct language_header *)0)->codes[0])];
    struct str classes;      /* names with blanks between; clusters have none */
    uint64_t class_count, buckets, rows, bytes; /* buckets, rows: 0 where there are none */
    struct linear_model linear;
    struct model_file file;
    struct language_table *language;
};

struct listing {
    bool json, details;
    size_t count;
    struct buffer out;
};

static void shown_close(struct shown *shown)
{
    linear_close(&shown->linear);
    model_file_close(&shown->file);
    language_close(shown->language);
}

/* Files of either container: those of languages begin with a magic of their own. */
static bool is_language(const char *path)
{
    char magic[sizeof(((struct language_header *)0)->magic)] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not block us */
    ssize_t size = file >= 0 ? read(file, magic, sizeof magic) : 0;
    if (file >= 0) close(file);
    return size == (ssize_t)sizeof magic && memcmp(magic, LANGUAGE_MAGIC, sizeof magic) == 0;
}

static void describe_language(struct shown *shown, const char *bytes)
{
    struct language_header header;
    size_t used = 0;
    memcpy(&header, bytes, sizeof header);
    for (uint32_t c = 0; c < LANGUAGE_LANES; c++) {
        if (strcmp(header.codes[c], "und") == 0) continue;
        used += (size_t)snprintf(shown->codes + used, sizeof shown->codes - used, "%s%.3s",
                                 used ? " " : "", header.codes[c]);
        shown->class_count++;
    }
    shown->kind = STR("language");
    shown->classes = str_make(shown->codes, used);
    shown->buckets = header.rows;
    shown->bytes = sizeof header + (uint64_t)header.rows * header.lanes;
}

static void describe_file(struct shown *shown, const struct model_file *file)
{
    shown->name = file->name, shown->kind = file->kind, shown->metadata = file->metadata;
    shown->bytes = file->bytes.size;
    if (!str_to_u64(model_file_get(file, "trained_rows"), &shown->rows)) shown->rows = 0;
}

static int open_linear(struct shown *shown, struct err *err)
{
    int rc = linear_open(shown->path, &shown->linear, err);
    if (rc) return rc;
    describe_file(shown, &shown->linear.file);
    shown->classes = model_file_get(&shown->linear.file, "classes");
    shown->class_count = shown->linear.classes;
    shown->buckets = UINT64_C(1) << shown->linear.bucket_bits;
    return E_OK;
}

static int open_segments(struct shown *shown, struct err *err)
{
    struct segment_model model;
    int rc = segment_model_open(shown->path, NULL, &model, err);
    if (rc) return rc;
    shown->class_count = model.centroids.count;
    segment_model_close(&model);
    rc = model_file_open(shown->path, "segments", &shown->file, err);
    if (rc == E_OK) describe_file(shown, &shown->file);
    return rc;
}

static int is_of(const struct shown *shown, const char *kind, struct err *err)
{
    if (str_equal(shown->kind, str_of(kind))) return E_OK;
    return err_set(err, E_BAD_MODEL, "%s: a model of kind %.*s; %s needs one of kind %s",
                   shown->path, STR_ARGS(shown->kind), shown->task, kind);
}

/* A model in force must be one that its worker would take, not only be whole. BAD_MODEL */
static int check_task(const struct shown *shown, struct err *err)
{
    struct safety_model safety = {0};
    struct str needs = str_of(shown->needs);
    if (strcmp(shown->task, "segments") == 0 || strcmp(shown->task, "canary") == 0)
        return is_of(shown, "segments", err);
    if (strcmp(shown->task, "language") == 0) return is_of(shown, "language", err);
    int rc = shown->task[0] ? is_of(shown, "linear", err) : E_OK;
    if (rc == E_OK && strcmp(shown->task, "safety") == 0) {
        rc = safety_model_open(shown->path, &safety, err);
        safety_model_close(&safety);
    }
    while (needs.size && rc == E_OK) {
        char name[64];
        struct str word = str_cut(&needs, ' ');
        snprintf(name, sizeof name, "%.*s", STR_ARGS(word));
        if (linear_class(&shown->linear, name) == LINEAR_CLASSES_MAX)
            rc = err_set(err, E_BAD_MODEL, "%s: no model of %s, as it has no class %s",
                         shown->path, shown->task, name);
    }
    return rc;
}

/* NO_INPUT, BAD_MODEL */
static int shown_open(struct shown *shown, struct err *err)
{
    struct model_file file;
    if (shown->built_in) {
        describe_language(shown, language_model_bytes());
        return E_OK;
    }
    if (is_language(shown->path)) {
        int rc = language_open(shown->path, &shown->language, err);
        if (rc == E_OK) describe_language(shown, language_table_bytes(shown->language));
        return rc;
    }
    int rc = model_file_open(shown->path, NULL, &file, err);
    if (rc) return rc;
    bool segments = str_equal(file.kind, STR("segments"));
    model_file_close(&file);
    return segments ? open_segments(shown, err) : open_linear(shown, err);
}

static void json_text(struct buffer *out, const char *key, struct str text)
{
    buffer_printf(out, ",\"%s\":", key);
    json_write_string(out, text);
}

static void json_count(struct buffer *out, const char *key, uint64_t count)
{
    if (count) buffer_printf(out, ",\"%s\":%llu", key, (unsigned long long)count);
}

static void json_classes(const struct shown *shown, struct buffer *out)
{
    struct str rest = shown->classes;
    for (uint32_t c = 0; rest.size; c++) {
        buffer_printf(out, c ? ",{\"name\":" : ",\"classes\":[{\"name\":");
        json_write_string(out, str_cut(&rest, ' '));
        if (shown->linear.classes)
            buffer_printf(out, ",\"threshold\":%.6g", (double)shown->linear.thresholds[c]);
        buffer_add_char(out, '}');
    }
    if (shown->classes.size) buffer_add_char(out, ']');
}

static void print_json(const struct shown *shown, struct listing *listing)
{
    struct buffer *out = &listing->out;
    struct str rest = shown->metadata;
    buffer_add(out, listing->count ? STR(",\n {\"file\":") : STR("[{\"file\":"));
    json_write_string(out, str_of(shown->path));
    if (shown->task[0]) json_text(out, "task", str_of(shown->task));
    if (shown->name.size) json_text(out, "name", shown->name);
    json_text(out, "kind", shown->kind);
    if (!shown->classes.size) json_count(out, "clusters", shown->class_count);
    json_classes(shown, out);
    json_count(out, "buckets", shown->buckets);
    json_count(out, "rows", shown->rows);
    json_count(out, "bytes", shown->bytes);
    buffer_add(out, STR(",\"checksum\":\"holds\",\"card\":{"));
    for (bool first = true; rest.size; first = false) {
        struct str line = str_cut(&rest, '\n'), key = str_cut(&line, '=');
        if (!first) buffer_add_char(out, ',');
        json_write_string(out, key);
        buffer_add_char(out, ':');
        json_write_string(out, line);
    }
    buffer_add(out, STR("}}"));
}

static void print_details(const struct shown *shown, struct buffer *out)
{
    struct str rest = shown->metadata, classes = shown->classes;
    buffer_printf(out, "file            %s\n", shown->path);
    if (!rest.size) buffer_printf(out, "kind            %.*s\n", STR_ARGS(shown->kind));
    while (rest.size) {
        struct str line = str_cut(&rest, '\n'), key = str_cut(&line, '=');
        if (!str_equal(key, STR("classes")))
            buffer_printf(out, "%-15.*s %.*s\n", STR_ARGS(key), STR_ARGS(line));
    }
    for (uint32_t c = 0; classes.size; c++) {
        struct str name = str_cut(&classes, ' ');
        buffer_printf(out, "class           %.*s", STR_ARGS(name));
        if (shown->linear.classes)
            buffer_printf(out, ", threshold %.3g", (double)shown->linear.thresholds[c]);
        buffer_add_char(out, '\n');
    }
    if (shown->buckets)
        buffer_printf(out, "buckets         %llu\n", (unsigned long long)shown->buckets);
    buffer_printf(out, "bytes           %llu\nchecksum        holds\n",
                  (unsigned long long)shown->bytes);
}

/* The file, of any length, has a line of its own: the columns keep within 60. */
static void print_row(const struct shown *shown, struct listing *listing)
{
    struct buffer *out = &listing->out;
    if (!listing->count)
        buffer_printf(out, "%s%-9s %-16s %7s %8s %7s %8s%s\n",
                      terminal_colour(1, COLOUR_BOLD), "task", "name", "classes", "buckets", "rows",
                      "bytes", terminal_reset(1));
    buffer_printf(out, "%-9s %-16.*s %7llu %8llu %7llu %8llu\n  %s%.*s: %s%s\n",
                  shown->task[0] ? shown->task : "-", STR_ARGS(shown->name.size ? shown->name
                                                                               : STR("-")),
                  (unsigned long long)shown->class_count, (unsigned long long)shown->buckets,
                  (unsigned long long)shown->rows, (unsigned long long)shown->bytes,
                  terminal_colour(1, COLOUR_DIM), STR_ARGS(shown->kind), shown->path,
                  terminal_reset(1));
}

/* path NULL: what is compiled in */
static int show(struct listing *listing, const char *task, const char *needs, const char *path,
                struct err *err)
{
    struct shown shown = {.task = task,
                          .needs = needs,
                          .path = path ? path : "compiled in",
                          .built_in = path == NULL};
    int rc = shown_open(&shown, err);
    if (rc == E_OK) rc = check_task(&shown, err);
    if (rc == E_OK && listing->json) print_json(&shown, listing);
    else if (rc == E_OK && listing->details) print_details(&shown, &listing->out);
    else if (rc == E_OK) print_row(&shown, listing);
    if (rc == E_OK) listing->count++;
    shown_close(&shown);
    return rc;
}

static bool canary_serves(const struct config *config)
{
    uint64_t share;
    return config_value(config, "segment", "canary", NULL)[0] &&
           str_to_u64(str_of(config_value(config, "segment", "canary_share", NULL)), &share) &&
           share > 0;
}

/* As the workers find them; genai's lie in its folder. */
static int show_in_force(struct listing *listing, const struct config *config, struct err *err)
{
    static const struct {
        const char *task, *module, *option, *file;
        bool folder; /* what the option names is the folder that has the file */
        const char *needs;
        bool optional;
    } tasks[] = {
        {"sentiment", "genai", "folder", "models/sentiment.model", true,
         "positive negative neutral", false},
        {"needs", "genai", "folder", "models/needs.model", true,
         "feature_request problem_report question", false},
        {"topics", "genai", "folder", "models/topics.model", true, NULL, true},
        {"safety", "preprocess", "safety_model", "models/safety.model", false, NULL, false},
        {"segments", "segment", "model", "models/segments.model", false, NULL, false},
        {"canary", "segment", "canary", NULL, false, NULL, false},
        {"language", "preprocess", "language_model", NULL, false, NULL, false},
    };
    int rc = E_OK;
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0] && rc == E_OK; i++) {
        char path[SHIPPED_PATH_BYTES];
        const char *chosen = config_value(config, tasks[i].module, tasks[i].option, NULL);
        if (strcmp(tasks[i].task, "safety") == 0 && strcmp(chosen, "none") == 0) continue;
        if (strcmp(tasks[i].task, "canary") == 0 && !canary_serves(config)) continue;
        if (tasks[i].folder && chosen[0])
            snprintf(path, sizeof path, "%s/%s", chosen, tasks[i].file);
        else if (tasks[i].file || chosen[0])
            rc = shipped_path(chosen, tasks[i].file, path, err);
        if (tasks[i].optional && (rc != E_OK || access(path, F_OK) != 0)) {
            rc = E_OK;
            continue;
        }
        bool built_in = !tasks[i].file && !chosen[0];
        if (rc == E_OK)
            rc = show(listing, tasks[i].task, tasks[i].needs, built_in ? NULL : path, err);
    }
    return rc;
}

static int models_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct listing listing = {0};
    const struct flag flags[] = {{"json", FLAG_BOOL, &listing.json, "as JSON, for programs"}};
    struct arguments arguments;
    struct cli_config config;
    int rc = cli_parse(command, flags, 1, argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    rc = cli_config(&arguments, &config, err);
    if (rc) return rc;
    listing.details = arguments.positional_count == 1;
    if (!arguments.positional_count) rc = show_in_force(&listing, config.config, err);
    for (size_t i = 0; i < arguments.positional_count && rc == E_OK; i++)
        rc = show(&listing, "", NULL, arguments.positionals[i], err);
    if (listing.json && rc == E_OK) buffer_add(&listing.out, STR("]\n"));
    /* the file is the input here, not part of a configuration: 65, not 78 */
    if (rc == E_BAD_MODEL && arguments.positional_count) rc = err->code = E_BAD_MESSAGE;
    if (rc == E_OK) rc = terminal_print(&listing.out, err);
    else buffer_deinit(&listing.out);
    cli_config_free(&config);
    return rc;
}

const struct command models_command = {
    .name = "models",
    .summary = "the models in force, or what is in given files",
    .usage = "[FILE...] [--json]",
    .details = "Without a file: the models that the workers would open by the options given. With "
               "one: all of its card, classes with their thresholds.\n"
               "With more: a line each. A file that is shown is whole: its checksum holds.\n\n"
               "Exit status 65: damaged, or no model. 66: no such file. 78: a model in force is "
               "damaged, or not its task's.\n\n"
               "Example: verbatim models sentiment.model\n",
    .run = models_run,
};
