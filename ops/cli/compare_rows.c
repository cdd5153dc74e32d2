/* Labelled rows, read once and prepared once: every contender is asked about the same bytes. */
#include <stdio.h>

#include "base/array.h"
#include "ops/cli/compare.h"
#include "ops/cli/labelled.h"
#include "runtime/chain.h"

enum { REFUSALS_SHOWN = 20, STEPS = 3 /* preprocess, featurize, segment */ };

/* A row on its way through the chain. */
struct preparing {
    struct comparing *comparing;
    struct compare_row *row;
    struct arena scratch;
    struct err err;
    int rc;
};

void compare_refuse(struct comparing *comparing, const struct example *example, struct err *err)
{
    uint64_t refused = ++comparing->refused;
    if (refused <= REFUSALS_SHOWN)
        fprintf(stderr, "verbatim evaluate: %s:%llu: %s\n", comparing->examples.source.path,
                (unsigned long long)example->line, err->text);
    else if (refused == REFUSALS_SHOWN + 1)
        fprintf(stderr, "verbatim evaluate: further refusals are only counted\n");
}

static int add_row(struct comparing *comparing, const struct example *example, size_t *capacity,
                   struct err *err)
{
    if (!array_fits(&comparing->rows, capacity, comparing->row_count + 1, sizeof *comparing->rows))
        return err_set(err, E_NO_MEMORY, NULL);
    struct compare_row *row = &comparing->rows[comparing->row_count++];
    *row = (struct compare_row){.example = *example};
    if (comparing->wish->label) row->example.label = str_of(comparing->wish->label);
    return E_OK;
}

static int read_rows(struct comparing *comparing, struct err *err)
{
    size_t capacity = 0;
    bool with_label = comparing->wish->task->labelled && !comparing->wish->label;
    int rc = examples_open(&comparing->examples, &comparing->wish->data, with_label, err);
    while (rc == E_OK) {
        struct example example;
        rc = examples_next(&comparing->examples, &comparing->arena, &example, err);
        if (rc == E_NOT_FOUND) return E_OK;
        if (rc == E_OK) {
            rc = add_row(comparing, &example, &capacity, err);
        } else if (err_class((enum err_code)rc) == ERR_REJECT) { /* it names the line */
            fprintf(stderr, "verbatim evaluate: %s\n", err->text);
            comparing->refused++;
            rc = E_OK;
        }
    }
    return rc;
}

/* So many, spread over the file: labelled data is often sorted. */
static void choose_some(struct comparing *comparing)
{
    uint64_t limit = comparing->wish->limit, count = comparing->row_count;
    if (limit == 0 || limit >= count) return;
    for (uint64_t i = 0; i < limit; i++) comparing->rows[i] = comparing->rows[i * count / limit];
    comparing->row_count = limit;
}

static void on_output(void *user, const struct chain_message *message)
{
    struct preparing *preparing = user;
    struct record record;
    if (message->topic == TOPIC_DEAD_LETTERS) {
        preparing->rc = err_set(&preparing->err, E_BAD_MESSAGE, "the text became a dead letter");
        return;
    }
    if (message->topic != TOPIC_SEGMENTS || preparing->rc) return;
    struct arena *arena = &preparing->comparing->arena;
    preparing->row->key = arena_copy(arena, message->key);
    preparing->rc = chain_record(message, &preparing->scratch, &record, &preparing->err);
    if (preparing->rc == E_OK)
        preparing->rc = record_write(&record, arena, &preparing->row->segments, &preparing->err);
}

static int prepare_row(struct preparing *preparing, struct chain *chain, struct labelled *labelled,
                       struct err *err)
{
    struct intake intake;
    arena_reset(&preparing->scratch);
    preparing->rc = E_OK;
    int rc = labelled_intake(&preparing->row->example, false, labelled, &preparing->scratch,
                             &intake, err);
    if (rc) return rc;
    struct chain_message message = {.topic = TOPIC_FEEDBACK,
                                    .key = intake.key,
                                    .record = &intake.record,
                                    .timestamp_ms = clock_wall_ms(clock_system())};
    rc = chain_process(chain, &message, on_output, preparing, err);
    if (rc == E_OK && preparing->rc) *err = preparing->err, rc = preparing->rc;
    if (rc == E_OK && !preparing->row->segments.data)
        rc = err_set(err, E_BUG, "the chain gave no record");
    return rc;
}

/* What is refused is left out. */
static int prepare_rows(struct comparing *comparing, struct chain *chain, struct err *err)
{
    struct preparing preparing = {.comparing = comparing};
    struct labelled labelled;
    uint64_t kept = 0;
    int rc = E_OK;
    labelled_init(&labelled);
    for (uint64_t i = 0; i < comparing->row_count && rc == E_OK; i++) {
        preparing.row = &comparing->rows[i];
        rc = prepare_row(&preparing, chain, &labelled, err);
        if (rc == E_OK) comparing->rows[kept++] = comparing->rows[i];
        if (rc && err_class((enum err_code)rc) == ERR_REJECT) {
            compare_refuse(comparing, &preparing.row->example, err);
            rc = E_OK;
        }
    }
    comparing->row_count = kept;
    labelled_deinit(&labelled);
    arena_deinit(&preparing.scratch);
    return rc;
}

int compare_read(struct comparing *comparing, struct err *err)
{
    struct chain *chain = NULL;
    int rc = read_rows(comparing, err);
    if (rc) return rc;
    choose_some(comparing);
    rc = config_set(comparing->config.config, STR("preprocess.drop_retried=false"), "command", err);
    if (rc == E_OK)
        rc = chain_create(cli_workers + 1, STEPS, comparing->config.config, clock_system(), &chain,
                          err);
    if (rc == E_OK) rc = prepare_rows(comparing, chain, err);
    chain_destroy(chain);
    if (rc == E_OK && comparing->row_count == 0)
        rc = err_set(err, E_BAD_MESSAGE, "%s holds no row that could be judged",
                     comparing->wish->data.path);
    return rc;
}
