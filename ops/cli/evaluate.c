/* verbatim evaluate: labelled texts through the same chain as analyze, and how
 * often it is right. */
#include <stdio.h>
#include <stdlib.h>

#include "base/nearest.h"
#include "model/topics.h"
#include "ops/cli/compare.h"
#include "ops/cli/labelled.h"
#include "runtime/chain.h"

enum { REFUSALS_SHOWN = 20 };

struct evaluating {
    const struct evaluation_task *task;
    const char *label;       /* of every row; NULL: the file says it */
    struct chain *chain;
    struct evaluation *evaluation;
    struct arena arena;      /* of the row being read */
    struct arena verdict_arena;
    struct labelled labelled;
    const struct example *example;
    struct err err;          /* what went wrong inside on_output() */
    bool judged;
};

static void refuse(struct evaluating *evaluating, const struct err *err)
{
    uint64_t refused = ++evaluating->evaluation->refused;
    if (refused <= REFUSALS_SHOWN) fprintf(stderr, "verbatim evaluate: %s\n", err->text);
    else if (refused == REFUSALS_SHOWN + 1)
        fprintf(stderr, "verbatim evaluate: further refusals are only counted\n");
}

static int read_verdict(const struct record *record, struct arena *arena, struct verdict *verdict,
                        struct err *err)
{
    int rc = record_decode(record, SECTION_DOCUMENT, &verdict->document, arena, err);
    if (rc == E_OK) rc = record_decode(record, SECTION_SAFETY, &verdict->safety, arena, err);
    if (rc == E_OK) rc = record_decode(record, SECTION_INSIGHT, &verdict->insight, arena, err);
    return rc;
}

static void on_output(void *user, const struct chain_message *message)
{
    struct evaluating *evaluating = user;
    struct verdict verdict;
    struct record record;
    struct err *err = &evaluating->err;
    if (message->topic == TOPIC_SAFETY) return; /* the finished record holds it */
    arena_reset(&evaluating->verdict_arena);
    if (message->topic == TOPIC_DEAD_LETTERS) {
        err_set(err, E_BAD_MESSAGE, "the text became a dead letter");
        return;
    }
    int rc = chain_record(message, &evaluating->verdict_arena, &record, err);
    if (rc == E_OK) rc = read_verdict(&record, &evaluating->verdict_arena, &verdict, err);
    if (rc == E_OK)
        rc = evaluating->task->judge(evaluating->evaluation, evaluating->example, &verdict,
                                     &evaluating->verdict_arena, err);
    evaluating->judged = rc == E_OK;
}

static int send_row(struct evaluating *evaluating, const struct example *example, struct err *err)
{
    struct intake intake;
    int rc = labelled_intake(example, evaluating->task->hides_language, &evaluating->labelled,
                             &evaluating->arena, &intake, err);
    if (rc) return rc;
    struct chain_message message = {
        .topic = TOPIC_FEEDBACK, .key = intake.key, .record = &intake.record,
        .timestamp_ms = clock_wall_ms(clock_system())};
    return chain_process(evaluating->chain, &message, on_output, evaluating, err);
}

static int judge_row(struct evaluating *evaluating, struct example *example, const char *path,
                     struct err *err)
{
    if (evaluating->label) example->label = str_of(evaluating->label);
    evaluating->example = example;
    evaluating->judged = false;
    evaluating->err = (struct err){0};
    evaluating->evaluation->rows++;
    int rc = send_row(evaluating, example, err);
    if (rc == E_OK && !evaluating->judged) {
        *err = evaluating->err;
        rc = err->code ? (int)err->code : err_set(err, E_BUG, "the chain gave no record");
    }
    if (rc == E_OK || err_class((enum err_code)rc) != ERR_REJECT) return rc;
    evaluating->evaluation->rows--;
    return err_at(err, path, example->line);
}

static int each_row(struct evaluating *evaluating, struct examples *examples, struct err *err)
{
    struct progress progress;
    uint64_t done = 0;
    int rc = E_OK;
    progress_start(&progress, "rows", 0);
    while (rc == E_OK) {
        struct example example;
        arena_reset(&evaluating->arena);
        rc = examples_next(examples, &evaluating->arena, &example, err);
        if (rc == E_NOT_FOUND) break;
        if (rc == E_OK) rc = judge_row(evaluating, &example, examples->source.path, err);
        if (rc && err_class((enum err_code)rc) == ERR_REJECT) {
            refuse(evaluating, err);
            rc = E_OK;
        }
        if ((++done & 0xFF) == 0) progress_set(&progress, done);
    }
    progress_end(&progress);
    return rc == E_NOT_FOUND ? E_OK : rc;
}

/* They count as missed, as no record can say them; but they may be spelt wrongly. */
static void name_unknown_topics(const struct topics *topics, const struct scores *scores)
{
    for (uint32_t i = 0; i < scores->class_count; i++) {
        const struct class_count *class = &scores->classes[i];
        struct nearest nearest = nearest_to(str_of(class->name));
        if (!class->truth || topics_find(topics, str_of(class->name)) < TOPICS_MAX) continue;
        for (uint32_t j = 0; j < topics->count; j++) nearest_offer(&nearest, topics->names[j]);
        fprintf(stderr,
                "verbatim evaluate: label \"%s\" is no topic here; rows counted as missed: %llu",
                class->name, (unsigned long long)class->truth);
        if (nearest.found.data)
            fprintf(stderr, "; did you mean \"%.*s\"?", STR_ARGS(nearest.found));
        fputc('\n', stderr);
    }
}

static int check_topics(const struct evaluating *evaluating, const struct cli_config *config,
                        struct err *err)
{
    struct topics topics;
    if (evaluating->task != &evaluate_topics) return E_OK;
    int rc = cli_taxonomy(config, &topics, err);
    if (rc == E_OK) name_unknown_topics(&topics, &evaluating->evaluation->scores[0]);
    topics_deinit(&topics);
    return rc;
}

static int evaluate(struct evaluating *evaluating, const struct arguments *arguments,
                    const struct examples_source *data, struct report *report, struct err *err)
{
    struct cli_config config = {0};
    struct examples examples = {0};
    int rc = cli_config(arguments, &config, err);
    if (rc) return rc;
    rc = cli_chain(&config, &evaluating->chain, err);
    if (rc == E_OK)
        rc = examples_open(&examples, data,
                           evaluating->task->labelled && !evaluating->label &&
                               !evaluating->task->hides_language, /* the label may be that column */
                           err);
    if (rc == E_OK) {
        int64_t start_ns = clock_mono_ns(clock_system());
        double cpu_start = clock_cpu_seconds();
        rc = each_row(evaluating, &examples, err);
        report->seconds = (double)(clock_mono_ns(clock_system()) - start_ns) * 1e-9;
        report->cpu_seconds = clock_cpu_seconds() - cpu_start;
    }
    if (rc == E_OK) rc = check_topics(evaluating, &config, err);
    examples_close(&examples);
    chain_destroy(evaluating->chain);
    cli_config_free(&config);
    return rc;
}

static int show(const struct report *report, bool json, struct err *err)
{
    const struct evaluation *evaluation = report->evaluation;
    struct buffer out = {0};
    if (evaluation->rows == 0)
        return err_set(err, E_BAD_MESSAGE, "%s holds no row that could be judged", report->path);
    if (json) report_json(report, &out);
    else report_print(report);
    int rc = terminal_print(&out, err);
    if (rc) return rc;
    if (evaluation->refused)
        return err_set(err, E_BAD_MESSAGE, "%llu of %llu rows were refused",
                       (unsigned long long)evaluation->refused,
                       (unsigned long long)(evaluation->refused + evaluation->rows));
    return E_OK;
}

#define TASKS "sentiment, needs, topics, aspects, safety, language or redact"

static int find_task(const char *name, const struct evaluation_task **ret_task, struct err *err)
{
    struct nearest nearest = nearest_to(str_of(name));
    *ret_task = evaluation_task_find(str_of(name));
    if (*ret_task) return E_OK;
    if (!name) return err_set(err, E_USAGE, "--task is needed: " TASKS);
    for (int i = 0; evaluation_tasks[i]; i++)
        nearest_offer(&nearest, str_of(evaluation_tasks[i]->name));
    if (!nearest.found.data) return err_set(err, E_USAGE, "no task \"%s\": " TASKS, name);
    return err_set(err, E_USAGE, "no task \"%s\"; did you mean \"%.*s\"?", name,
                   STR_ARGS(nearest.found));
}

static int evaluate_local(struct evaluating *evaluating, const struct arguments *arguments,
                          const struct examples_source *data, bool json, struct err *err)
{
    evaluating->evaluation = calloc(1, sizeof *evaluating->evaluation);
    if (!evaluating->evaluation) return err_set(err, E_NO_MEMORY, NULL);
    evaluating->evaluation->task = evaluating->task;
    evaluating->task->start(evaluating->evaluation);
    labelled_init(&evaluating->labelled);
    struct report report = {.evaluation = evaluating->evaluation, .path = data->path};
    int rc = evaluate(evaluating, arguments, data, &report, err);
    if (rc == E_OK) rc = show(&report, json, err);
    labelled_deinit(&evaluating->labelled);
    arena_deinit(&evaluating->arena);
    arena_deinit(&evaluating->verdict_arena);
    free(evaluating->evaluation);
    return rc;
}

static int evaluate_run(const struct command *command, int argc, char **argv, struct err *err)
{
    const char *task = NULL;
    struct compare_wish wish = {.limit = 0};
    const struct flag flags[] = {
        {"task", FLAG_TEXT, &task,
         "TASK  sentiment, needs, topics, aspects, safety, language or redact"},
        {"data", FLAG_TEXT, &wish.data.path,
         "FILE  labelled texts: TSV or CSV with a header, or JSON"},
        {"text-column", FLAG_TEXT, &wish.data.text_column,
         "NAME  of the column or field that holds the words (text)"},
        {"label-column", FLAG_TEXT, &wish.data.label_column, "NAME  … the label (label)"},
        {"label", FLAG_TEXT, &wish.label,
         "LABEL  every row has this one; the file needs no column for it"},
        {"provider", FLAG_LIST, &wish.providers,
         "NAME[/MODEL]  compare: bedrock, anthropic, openai, local; may be given more than once"},
        {"prompt", FLAG_LIST, &wish.prompts,
         "VERSION  compare: of each provider; may be given more than once"},
        {"promote", FLAG_TEXT, &wish.promote,
         "VERSION  may this prompt replace genai.prompt? Exit status 0: yes, 1: no"},
        {"limit", FLAG_COUNT, &wish.limit,
         "N  compare so many rows at most, spread over the file"},
        {"budget", FLAG_TEXT, &wish.budget,
         "DOLLARS  compare: spend no more, and don't ask whether to"},
        {"yes", FLAG_BOOL, &wish.yes, "compare: don't ask whether to spend it"},
        {"dry-run", FLAG_BOOL, &wish.dry_run,
         "only say what comparing would cost; no model is asked"},
        {"json", FLAG_BOOL, &wish.json, "one JSON object, for programs"},
    };
    struct arguments arguments;
    struct evaluating evaluating = {.label = NULL};
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count) return err_set(err, E_USAGE, "the file is named by --data");
    rc = find_task(task, &evaluating.task, err);
    if (rc) return rc;
    if (!wish.data.path) return err_set(err, E_USAGE, "--data FILE is needed");
    evaluating.label = wish.label;
    wish.task = evaluating.task;
    if (wish.providers.count || wish.prompts.count || wish.promote)
        return compare(&wish, &arguments, err);
    if (wish.limit || wish.budget || wish.yes || wish.dry_run)
        return err_set(
            err, E_USAGE,
            "--limit, --budget, --yes and --dry-run go with --provider, --prompt or --promote");
    return evaluate_local(&evaluating, &arguments, &wish.data, wish.json, err);
}

const struct command evaluate_command = {
    .name = "evaluate",
    .summary = "how often the local models are right on labelled texts, and providers beside them",
    .usage = "--task TASK --data FILE [--text-column NAME] [--label-column NAME | --label LABEL] "
             "[--json]\n"
             "       [--provider NAME[/MODEL]]... [--prompt VERSION]... [--promote VERSION] "
             "[--limit N] [--budget DOLLARS] [--yes] [--dry-run]",
    .details = "The file is TSV (a tab parts the columns, nothing is quoted), CSV (, or ; with "
               "quotes, as spreadsheets write it), or JSON: an\n"
               "object a line, or an array. TSV and CSV begin with a line that names the columns. "
               "text and label are required\n"
               "(--text-column and --label-column say what they are called here); language\n"
               "(or lang), product (drug), rating (stars), channel and serious (yes or no) are "
               "used where they are there, others passed over.\n"
               "JSON has the same names, a label may be a list; for redact spans [{start, end, "
               "type}] in code points, end behind the last.\n"
               "Labels:\n"
               "  sentiment  positive (pos), negative (neg), neutral (neu), mixed; none: not "
               "judged\n"
               "  needs      feature_request, problem_report (bug), question, joined by +; none "
               "(irrelevant, other, rating)\n"
               "  topics     names of the taxonomy, joined by +; none\n"
               "  aspects    ASPECT:FEELING of config/aspects and positive, negative, neutral, "
               "mixed, joined by +; none\n"
               "  safety     positive (yes, 1) or kinds joined by +, such as adverse_event+hazard; "
               "negative (no, 0, none)\n"
               "  language   ISO 639-1 codes; und: none; other: any but en, es, fr. A column "
               "language will do. The chain isn't told\n"
               "  redact     none: values that spans mark and that are left, texts without spans "
               "that are altered\n\n"
               "--provider, --prompt and --promote compare who else may be asked (sentiment, "
               "needs, topics, safety): each provider with\n"
               "each prompt, beside the local models, by the very worker that asks in the stream. "
               "Texts are cleaned and redacted, rows\n"
               "without a label aren't asked about, a row that a provider can't answer isn't "
               "counted for it. What it will cost is said\n"
               "first; then --yes or --budget is needed, or a yes on the terminal.\n"
               "--promote: config/prompts/README.md has the rules.\n\n"
               "Exit status 65 if rows were refused, or none could be judged; the figures of the "
               "others are there all the same.\n"
               "1: not to be promoted. 64: wrong usage, or nobody has agreed to the cost. 66: no "
               "such file. 69: a provider answered\n"
               "no row. 78: a prompt, price or key is missing.\n\n"
               "Example: verbatim evaluate --task sentiment --data reviews.tsv\n"
               "         verbatim evaluate --task needs --data needs.tsv --provider bedrock "
               "--provider openai/gpt-4o-mini --limit 200\n"
               "         verbatim evaluate --task needs --data needs.tsv --provider bedrock "
               "--promote insight-000002 --budget 5\n",
    .run = evaluate_run,
};
