/* verbatim analyze: the whole pipeline as a Unix filter. Records in, insights out,
 * in input order. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ops/cli/cli.h"
#include "ops/cli/input.h"
#include "ops/cli/refusals.h"
#include "ops/cli/summary.h"
#include "runtime/chain.h"

enum {
    OUTPUT_BYTES = 64 * 1024, /* more would push models out of the second cache */
    DOUBTED_RECORDS = 100,    /* whose attributes are read for misspelt fields */
    NAME_BYTES = 48
};

struct analysis {
    struct chain *chain;
    struct buffer out;
    struct arena arena;      /* of the record being read */
    struct arena summary_arena;
    struct str original;     /* --keep-text: put back into the result */
    struct summary summary;
    struct err err;          /* what went wrong inside on_output() */
    uint64_t read;           /* records of the input, refused ones too */
    struct refusals refusals;
    bool keep_text, count, output_closed;
    const char *text_column; /* NULL: "text" */
    struct flag_list columns;
    char doubted[NAME_BYTES]; /* an attribute called nearly like a field of ours; empty: none */
    const char *meant;
};

static int flush(struct analysis *analysis, struct err *err)
{
    struct str rest = buffer_str(&analysis->out);
    while (rest.size) {
        ssize_t written = write(STDOUT_FILENO, rest.data, rest.size);
        if (written < 0 && errno == EINTR) continue;
        /* head(1) has enough */
        if (written < 0 && errno == EPIPE) return analysis->output_closed = true, E_OK;
        if (written < 0) return err_system(err, E_NO_OUTPUT, "standard output");
        rest = str_slice(rest, (size_t)written, rest.size);
    }
    buffer_clear(&analysis->out);
    return E_OK;
}

static int put_text_back(struct analysis *analysis, struct record *record, struct err *err)
{
    struct feedback feedback;
    int rc = record_decode(record, SECTION_FEEDBACK, &feedback, &analysis->summary_arena, err);
    if (rc) return rc;
    shape_set(feedback, &feedback, text, analysis->original);
    return record_put(record, SECTION_FEEDBACK, &feedback, &analysis->summary_arena, err);
}

static void on_output(void *user, const struct chain_message *message)
{
    struct analysis *analysis = user;
    struct err *err = &analysis->err;
    struct record record;
    bool letter = message->topic == TOPIC_DEAD_LETTERS;
    if (message->topic == TOPIC_SAFETY) return; /* the finished record holds it */
    arena_reset(&analysis->summary_arena);
    int rc = chain_record(message, &analysis->summary_arena, &record, err);
    if (rc == E_OK && letter) analysis->summary.dead_letters++;
    if (rc == E_OK && !letter && analysis->keep_text) rc = put_text_back(analysis, &record, err);
    if (rc == E_OK && !letter && analysis->count)
        rc = summary_add(&analysis->summary, &record, &analysis->summary_arena, err);
    if (rc == E_OK) rc = json_write_scanned(&record, &analysis->out, err);
    if (rc == E_OK) buffer_add_char(&analysis->out, '\n');
}

static bool has_field(const struct feedback *feedback, const char *name)
{
    const struct field *field = shape_field(&feedback_shape, str_of(name));
    return feedback->present >> (field - feedback_shape.fields) & 1;
}

/* What isn't a field of ours becomes an attribute: "ratng", too. */
static void doubt(struct analysis *analysis, const struct feedback *feedback)
{
    for (uint32_t i = 0; i < feedback->attributes.count && !analysis->meant; i++) {
        struct str name = feedback->attributes.items[i].name;
        const char *nearest = json_nearest_field(&feedback_shape, name);
        if (!nearest || has_field(feedback, nearest)) continue;
        analysis->meant = nearest;
        snprintf(analysis->doubted, NAME_BYTES, "%.*s", STR_ARGS(name));
    }
}

static int take(struct analysis *analysis, struct intake *intake, struct err *err)
{
    analysis->original = intake->feedback.text;
    if (analysis->read <= DOUBTED_RECORDS) doubt(analysis, &intake->feedback);
    struct chain_message message = {
        .topic = TOPIC_FEEDBACK, .key = intake->key, .record = &intake->record,
        .timestamp_ms = intake->feedback.received_at};
    int rc = chain_process(analysis->chain, &message, on_output, analysis, err);
    if (rc == E_OK && analysis->err.code) {
        *err = analysis->err;
        rc = (int)analysis->err.code;
    }
    return rc;
}

static bool on_wait(void *user, struct err *err)
{
    struct analysis *analysis = user;
    int rc = flush(analysis, err);
    if (analysis->output_closed) rc = err_set(err, E_CANCELLED, "nobody reads any more");
    return rc == E_OK;
}

static int filter(struct analysis *analysis, struct input *input, struct progress *progress,
                  struct err *err)
{
    struct cli_ids ids;
    struct intake intake;
    struct json_problems problems;
    uint64_t done = 0;
    int rc = E_OK;
    cli_ids_init(&ids);
    const struct intake_rules rules = {
        .keep_unknown = true, .ids = &ids.generator, .handed_on = true};
    while (rc == E_OK && !analysis->output_closed) {
        arena_reset(&analysis->arena);
        enum input_result result = input_next(input, &rules, &analysis->arena, &intake, &problems,
                                              err);
        if (result == INPUT_END) {
            rc = analysis->output_closed ? E_OK : (int)err->code;
            break;
        }
        analysis->read++;
        if (result == INPUT_REFUSED) refusals_add(&analysis->refusals, err);
        else rc = take(analysis, &intake, err);
        if (rc == E_OK && analysis->out.size >= OUTPUT_BYTES) rc = flush(analysis, err);
        if ((++done & 0xFF) == 0) progress_part(progress, done, input_passed(input), input->size);
    }
    struct err unwritten = {0}; /* what was read before is there all the same */
    int flushed = flush(analysis, &unwritten);
    if (rc == E_OK && flushed) *err = unwritten;
    return rc ? rc : flushed;
}

static int analyze_file(struct analysis *analysis, const char *path, enum input_form form,
                        struct err *err)
{
    struct input input;
    struct progress progress;
    int rc = input_open(&input, path, form, err);
    if (rc) return rc;
    input.text_column = analysis->text_column;
    input.columns = &analysis->columns;
    input.on_wait = on_wait;
    input.user = analysis;
    progress_start(&progress, "records", 0);
    rc = filter(analysis, &input, &progress, err);
    progress_end(&progress);
    if (analysis->count && input.header.count) columns_show(&input.header, stderr);
    input_close(&input);
    return rc;
}

static int analyze(struct analysis *analysis, const struct arguments *arguments,
                   enum input_form form, struct err *err)
{
    struct cli_config config = {0};
    size_t count = arguments->positional_count ? arguments->positional_count : 1;
    int rc = cli_config(arguments, &config, err);
    if (rc) return rc;
    rc = cli_chain(&config, &analysis->chain, err);
    for (size_t i = 0; i < count && rc == E_OK && !analysis->output_closed; i++)
        rc = analyze_file(analysis, arguments->positional_count ? arguments->positionals[i] : NULL,
                          form, err);
    chain_destroy(analysis->chain);
    cli_config_free(&config);
    return rc;
}

static int analyze_run(const struct command *command, int argc, char **argv, struct err *err)
{
    bool keep_text = false, quiet = false, csv = false;
    const char *text_column = NULL;
    struct flag_list columns = {0};
    const struct flag flags[] = {
        {"keep-text", FLAG_BOOL, &keep_text, "put the original text back into the output"},
        {"csv", FLAG_BOOL, &csv, "the input is CSV (otherwise its first byte tells)"},
        {"text-column", FLAG_TEXT, &text_column,
         "NAME  the column or field that holds the words (text)"},
        COLUMN_FLAG(&columns),
        {"quiet", FLAG_BOOL, &quiet, "no summary"},
    };
    struct arguments arguments;
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    rc = columns_check(&columns, err);
    if (rc) return rc;
    struct analysis *analysis = calloc(1, sizeof *analysis);
    if (!analysis) return err_set(err, E_NO_MEMORY, NULL);
    analysis->columns = columns;
    analysis->keep_text = keep_text;
    analysis->count = !quiet;
    analysis->text_column = text_column;
    int64_t start_ns = clock_mono_ns(clock_system());
    analysis->refusals.command = "analyze";
    rc = analyze(analysis, &arguments, csv ? INPUT_CSV : INPUT_GUESS, err);
    double seconds = (double)(clock_mono_ns(clock_system()) - start_ns) * 1e-9;
    analysis->summary.refused = analysis->refusals.count;
    if (rc == E_OK && !quiet) {
        summary_print(&analysis->summary, stderr);
        if (analysis->meant)
            fprintf(stderr, "  %-11s \"%s\" is an attribute; did you mean \"%s\"?\n", "fields",
                    analysis->doubted, analysis->meant);
        fprintf(stderr, "  %.2f s, %.0f records/s\n", seconds,
                seconds > 0 ? (double)analysis->summary.records / seconds : 0);
    }
    if (rc == E_OK) rc = refusals_end(&analysis->refusals, analysis->read, err);
    buffer_deinit(&analysis->out);
    arena_deinit(&analysis->arena);
    arena_deinit(&analysis->summary_arena);
    free(analysis);
    return rc;
}

const struct command analyze_command = {
    .name = "analyze",
    .summary = "feedback in, insights out, as a filter",
    .usage = "[--keep-text] [--csv] [--text-column NAME] [--column FIELD=NAME]... [--quiet] "
             "[FILE ...]",
    .details = "Reads NDJSON (one object a line), a JSON array, or CSV with a header; writes one "
               "record a line as JSON, in input order.\n"
               "Fields: text (required), id, product, channel, customer, rating, language, "
               "occurred_at, attributes;\n"
               "others become attributes. Exit status 65 if records were refused; the rest is "
               "there all the same.\n\n"
               "Example: verbatim analyze < reviews.ndjson > insights.ndjson\n"
               "         verbatim analyze --text-column Review --column rating=Stars reviews.csv\n",
    .run = analyze_run,
};
