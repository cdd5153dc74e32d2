/* Vectors from feedback that no pipeline has seen yet: its records pass preprocess and featurize
 * here, in this process, so that a first model needs neither a bus nor an archive. */
#include "ops/cli/rows.h"

#include "ops/cli/cli.h"
#include "ops/cli/input.h"
#include "runtime/chain.h"

struct featurizing {
    struct rows *rows;
    struct arena arena;
    int rc; /* what went wrong inside on_output(), and why */
    struct err err;
};

static void on_output(void *user, const struct chain_message *message)
{
    struct featurizing *featurizing = user;
    struct record record;
    if (message->topic != TOPIC_FEATURES || featurizing->rc) return; /* a dead letter is no row */
    arena_reset(&featurizing->arena);
    int rc = chain_record(message, &featurizing->arena, &record, &featurizing->err);
    featurizing->rc =
        rc ? rc : rows_add(featurizing->rows, &record, &featurizing->arena, &featurizing->err);
}

static int add_all(struct input *input, struct chain *chain, struct featurizing *featurizing,
                   struct rows_feedback *feedback,
                   void (*on_row)(void *user, size_t count), void *user, struct err *err)
{
    struct cli_ids ids;
    struct arena arena = {0};
    struct intake intake;
    struct json_problems problems;
    int rc = E_OK;
    cli_ids_init(&ids);
    const struct intake_rules rules = {
        .keep_unknown = true, .ids = &ids.generator, .handed_on = true};
    while (rc == E_OK) {
        arena_reset(&arena);
        enum input_result result = input_next(input, &rules, &arena, &intake, &problems, err);
        if (result == INPUT_END) rc = (int)err->code;
        if (result == INPUT_END) break;
        feedback->read++;
        if (result == INPUT_REFUSED) {
            refusals_add(&feedback->refusals, err);
            continue;
        }
        struct chain_message message = {
            .topic = TOPIC_FEEDBACK, .key = intake.key, .record = &intake.record,
            .timestamp_ms = intake.feedback.received_at};
        rc = chain_process(chain, &message, on_output, featurizing, err);
        if (rc == E_OK && featurizing->rc) {
            *err = featurizing->err;
            rc = featurizing->rc;
        }
        on_row(user, featurizing->rows->count);
    }
    arena_deinit(&arena);
    return rc;
}

int rows_from_feedback(struct rows *rows, struct rows_feedback *feedback, struct config *config,
                       void (*on_row)(void *user, size_t count), void *user, struct err *err)
{
    enum { STEPS = 2 }; /* preprocess, featurize: they follow ingest in the list */
    struct featurizing featurizing = {.rows = rows};
    struct input input = {.fd = -1};
    struct chain *chain = NULL;
    int rc = config_set(config, STR("preprocess.drop_retried=false"), "train", err);
    if (rc == E_OK) rc = chain_create(cli_workers + 1, STEPS, config, clock_system(), &chain, err);
    if (rc == E_OK) rc = input_open(&input, feedback->path, INPUT_GUESS, err);
    if (rc == E_OK) {
        input.text_column = feedback->text_column;
        rc = add_all(&input, chain, &featurizing, feedback, on_row, user, err);
        input_close(&input);
    }
    chain_destroy(chain);
    arena_deinit(&featurizing.arena);
    return rc;
}
