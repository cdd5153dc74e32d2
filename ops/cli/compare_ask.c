/* One contender: the genai worker itself, configured for one provider and one prompt, and all rows
 * through it, as many at once as it would have in flight in the stream. What an insight says of its
 * origin tells who answered. */
#include "ops/cli/compare.h"
#include "runtime/solo.h"
#include "workers/genai/genai.h"

enum { CALLS_AHEAD = 2, UNDER_WAY_LEAST = 16 };

struct asking {
    struct comparing *comparing;
    struct contender *contender;
    struct progress *progress;
    uint64_t *done;
    bool local;
    int rc; /* what can't be gone on with */
    struct err err;
};

/* A row that is asked about. */
struct errand {
    struct asking *asking;
    struct compare_row *row;
    uint64_t number;
};

static int set(struct comparing *comparing, struct str setting, struct err *err)
{
    return config_set(comparing->config.config, setting, "command", err);
}

/* In the stream patience and money of the day count; here every row shall be answered, and the
 * money is the command's. */
int compare_configure(struct comparing *comparing, const struct contender *contender,
                      struct err *err)
{
    char budget[MONEY_TEXT_BYTES] = "";
    struct buffer text = {0};
    uint64_t left = money_less(comparing->budget_micros, comparing->paid_micros);
    if (comparing->budget_micros)
        money_format(left ? left : 1, budget); /* none would be no limit */
    buffer_printf(&text,
                  "genai.providers=%s\ngenai.prompt=%s\ngenai.patience=10m\ngenai.queue=0\ngenai."
                  "journal_file=\n"
                  "genai.budget_tenant=\ngenai.at_limit=degrade\ngenai.budget=%s\n",
                  contender->provider, contender->prompt, budget);
    if (contender->model)
        buffer_printf(&text, "%s.model=%s\n", contender->provider, contender->model);
    int rc = text.failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
    for (struct str rest = buffer_str(&text); rc == E_OK && rest.size;)
        rc = set(comparing, str_cut(&rest, '\n'), err);
    buffer_deinit(&text);
    return rc;
}

/* What local says is what the others are compared with, and says which rows can be judged at all.
 */
static int note_local(struct asking *asking, struct errand *errand, const struct verdict *verdict,
                      struct err *err)
{
    const struct evaluation_task *task = asking->comparing->wish->task;
    struct buffer said = {0};
    task->spell(verdict, &said);
    errand->row->local = arena_copy(&asking->comparing->arena, buffer_str(&said));
    bool failed = said.failed || !errand->row->local.data;
    buffer_deinit(&said);
    if (failed) return err_set(err, E_NO_MEMORY, NULL);
    errand->row->asked = asking->contender->rows[errand->number] != 0;
    return E_OK;
}

static int judge(struct asking *asking, struct errand *errand, const struct solo_end *end,
                 struct err *err)
{
    struct contender *contender = asking->contender;
    struct verdict verdict;
    if (end->code) return *err = *end->err, (int)end->code;
    if (!end->record) return err_set(err, E_BUG, "genai gave no insight");
    int rc = record_decode(end->record, SECTION_DOCUMENT, &verdict.document, end->arena, err);
    if (rc == E_OK)
        rc = record_decode(end->record, SECTION_SAFETY, &verdict.safety, end->arena, err);
    if (rc == E_OK)
        rc = record_decode(end->record, SECTION_INSIGHT, &verdict.insight, end->arena, err);
    if (rc) return rc;
    bool own = str_equal(verdict.insight.provider, str_of(contender->provider));
    rc = contender_take(contender, errand->number, &errand->row->example, errand->row->local,
                        own ? &verdict : NULL, end->arena, err);
    return rc == E_OK && asking->local ? note_local(asking, errand, &verdict, err) : rc;
}

static void on_end(void *user, const struct solo_end *end)
{
    struct errand *errand = user;
    struct asking *asking = errand->asking;
    struct err err = {0};
    int rc = judge(asking, errand, end, &err);
    progress_set(asking->progress, ++*asking->done);
    if (rc == E_OK) return;
    if (err_class((enum err_code)rc) == ERR_FATAL) {
        if (!asking->rc) asking->rc = rc, asking->err = err;
        return;
    }
    asking->contender->refused++;
    if (asking->local) compare_refuse(asking->comparing, &errand->row->example, &err);
}

static uint32_t most_under_way(const struct comparing *comparing, struct err *err)
{
    struct genai_options options;
    if (config_get(comparing->config.config, &genai_option_table, &options, err))
        return UNDER_WAY_LEAST;
    uint32_t most = options.calls * options.batch_records * CALLS_AHEAD;
    return most > UNDER_WAY_LEAST ? most : UNDER_WAY_LEAST;
}

static int ask_all(struct asking *asking, struct solo *solo, uv_loop_t *loop, struct err *err)
{
    struct comparing *comparing = asking->comparing;
    uint32_t most = most_under_way(comparing, err);
    struct errand *errands = ARENA_ARRAY(&comparing->arena, struct errand, comparing->row_count);
    if (!errands) return err_set(err, E_NO_MEMORY, NULL);
    int rc = E_OK;
    for (uint64_t i = 0; i < comparing->row_count && rc == E_OK && !asking->rc; i++) {
        struct compare_row *row = &comparing->rows[i];
        struct solo_message message = {.from = TOPIC_SEGMENTS,
                                       .topic = TOPIC_INSIGHTS,
                                       .key = row->key,
                                       .value = row->segments};
        if (!asking->local && !row->asked) continue;
        while (solo_under_way(solo) >= most) uv_run(loop, UV_RUN_ONCE);
        errands[i] = (struct errand){asking, row, i};
        rc = solo_send(solo, &message, on_end, &errands[i], err);
    }
    while (rc == E_OK && !asking->rc && solo_under_way(solo)) uv_run(loop, UV_RUN_ONCE);
    if (asking->rc) *err = asking->err;
    return rc ? rc : asking->rc;
}

static void take_bill(struct comparing *comparing, struct contender *contender, struct solo *solo)
{
    struct genai_tally tally;
    if (!genai_tally(solo_context(solo), &tally)) return;
    contender->bill = (struct contest_bill){.calls = tally.calls,
                                            .failed_calls = tally.failed_calls,
                                            .repairs = tally.repairs,
                                            .retries = tally.retries,
                                            .input_tokens = tally.input_tokens,
                                            .output_tokens = tally.output_tokens,
                                            .paid_micros = tally.paid_micros,
                                            .priced = contender->bill.priced};
    contender->failure = tally.failure;
    comparing->paid_micros += tally.paid_micros;
}

int compare_ask(struct comparing *comparing, uint32_t number, struct progress *progress,
                uint64_t *done, struct err *err)
{
    struct contender *contender = &comparing->contest->contenders[number];
    struct asking asking = {.comparing = comparing,
                            .contender = contender,
                            .progress = progress,
                            .done = done,
                            .local = number == 0};
    struct solo *solo = NULL;
    uv_loop_t loop;
    int rc = compare_configure(comparing, contender, err);
    if (rc) return rc;
    if (uv_loop_init(&loop)) return err_set(err, E_SYSTEM, "no event loop");
    rc = solo_create(&loop, &genai_worker, comparing->config.config, clock_system(), &solo, err);
    if (rc == E_OK) rc = ask_all(&asking, solo, &loop, err);
    if (solo) take_bill(comparing, contender, solo);
    solo_destroy(solo);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    contender_finish(contender);
    return rc;
}
