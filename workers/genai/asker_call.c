/* One request to a provider: it is written and leaves, and its result decides what
 * becomes of its tasks. One file: leaving, answers and failures end in each other. */
#include <stdlib.h>

#include "base/crash.h"
#include "workers/genai/asker_span.h"

enum { BYTES_A_TOKEN = 3, ITEM_BYTES = 160, ENVELOPE_TOKENS = 64 };

struct call {
    struct call *next, **link; /* of its stage */
    struct asker *asker;
    struct llm_call *out;
    struct task *tasks[ANSWER_RECORDS_MAX];
    const struct account_question *keys[ANSWER_RECORDS_MAX];
    struct account_call money;
    uint32_t stage, count, reserved;
    struct departure left;
    struct call_span span;
    char mark[PROMPT_MARK_BYTES];
};

/* --- out -------------------------------------------------------------------------------------- */

/* Of one record. */
static uint32_t answer_tokens(const struct asker *asker, const struct task *task)
{
    return task->subject ? task->subject->answer_tokens : asker->options.answer_tokens;
}

/* On the high side: three bytes a token is less than any tokeniser needs for the languages
 * that we prompt in. */
uint32_t asker_estimate(const struct asker *asker, struct task *const *tasks, uint32_t count,
                        uint32_t *ret_input)
{
    const struct prompt *prompt = asker_prompt(asker, tasks[0]);
    size_t bytes = prompt->system.size + prompt->schema.size + prompt->request.size;
    for (uint32_t i = 0; i < count; i++) bytes += asker_text(asker, tasks[i]).size + ITEM_BYTES;
    *ret_input = (uint32_t)(bytes / BYTES_A_TOKEN);
    return *ret_input + ENVELOPE_TOKENS + count * answer_tokens(asker, tasks[0]);
}

static void write_request(struct call *call, struct buffer *out)
{
    struct asker *asker = call->asker;
    struct prompt_item items[ANSWER_RECORDS_MAX];
    for (uint32_t i = 0; i < call->count; i++) {
        struct task *task = call->tasks[i];
        if (!task->group) prompt_make_id(asker->random, task->id);
        items[i] = (struct prompt_item){
            .id = str_of(task->id), .text = asker_text(asker, task),
            .language = task->asked.language, .answer_in = task->key.answer_in,
            .has_rating = task->asked.has_rating, .rating = task->asked.rating};
    }
    const char *reason = call->count == 1 ? call->tasks[0]->reason : "";
    prompt_write(asker_prompt(asker, call->tasks[0]), items, call->count, str_of(call->mark),
                 str_of(reason), out);
}

static void on_result(void *user, const struct llm_result *result);

static bool leave(struct call *call)
{
    struct asker *asker = call->asker;
    struct stage *stage = &asker->stages[call->stage];
    const struct asker_subject *subject = call->tasks[0]->subject;
    const struct prompt *prompt = asker_prompt(asker, call->tasks[0]);
    struct buffer *text = &asker->request;
    struct err err = {0};
    buffer_clear(text);
    write_request(call, text);
    struct llm_question question = {
        .system = buffer_str(&prompt->system), .prompt = buffer_str(text),
        .schema = buffer_str(&prompt->schema),
        .name = subject ? str_of(subject->name) : STR("feedback_meaning"),
        .purpose = subject ? str_of(subject->purpose) : STR("What each piece of feedback means."),
        .max_tokens = call->money.output_tokens, .temperature = asker->options.temperature,
        .form = prompt->form,
    };
    int rc = text->failed ? E_NO_MEMORY
                         : llm_ask(stage->client, &question, on_result, call, &call->out, &err);
    return rc == E_OK;
}

static double settle(struct call *call, const struct llm_result *result)
{
    return call->asker->account ? account_settle(call->asker->account, &call->money, result) : -1;
}

static void link_call(struct stage *stage, struct call *call)
{
    call->next = stage->calls;
    call->link = &stage->calls;
    if (call->next) call->next->link = &call->next;
    stage->calls = call;
}

static void unlink_call(struct call *call)
{
    *call->link = call->next;
    if (call->next) call->next->link = call->link;
}

static struct call *make_call(struct asker *asker, uint32_t number, struct task *const *tasks,
                              uint32_t count)
{
    struct stage *stage = &asker->stages[number];
    struct call *call = calloc(1, sizeof *call);
    if (!call) return NULL;
    call->asker = asker, call->stage = number, call->count = count;
    call->left.at_ms = clock_mono_ms(asker->clock);
    /* a retry is the same request */
    if (tasks[0]->group) memcpy(call->mark, tasks[0]->mark, sizeof call->mark);
    else prompt_make_mark(asker->random, call->mark);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(tasks[i]->mark, call->mark, sizeof call->mark);
        call->tasks[i] = tasks[i], call->keys[i] = &tasks[i]->key;
        const struct prompt *prompt = asker_prompt(asker, tasks[i]);
        bool same = number == 0 && strcmp(tasks[i]->prompt, prompt->version) == 0;
        tasks[i]->key.key = same && asker->account ? &tasks[i]->claim.key : NULL;
        memcpy(tasks[i]->prompt, prompt->version, sizeof tasks[i]->prompt);
        tasks[i]->key.provider = stage->name, tasks[i]->key.model = llm_client_model(stage->client);
    }
    call->money = (struct account_call){
        .questions = call->keys, .count = count, .provider = stage->name,
        .model = llm_client_model(stage->client)};
    call->reserved = asker_estimate(asker, call->tasks, count, &call->money.input_tokens);
    call->money.output_tokens = ENVELOPE_TOKENS + count * answer_tokens(asker, tasks[0]);
    return call;
}

enum account_verdict asker_send(struct asker *asker, uint32_t number, struct task *const *tasks,
                                uint32_t count, int64_t *ret_again_ms)
{
    struct stage *stage = &asker->stages[number];
    struct call *call = make_call(asker, number, tasks, count);
    if (!call) return ACCOUNT_DEGRADE;
    enum account_verdict verdict = ACCOUNT_GO;
    if (asker->account)
        verdict = account_reserve(asker->account, &call->money, call->left.at_ms, ret_again_ms);
    if (verdict == ACCOUNT_GO && !leave(call)) {
        settle(call, NULL);
        verdict = ACCOUNT_DEGRADE;
    }
    if (verdict != ACCOUNT_GO) {
        free(call);
        return verdict;
    }
    call->left.probe = breaker_leave(&stage->breaker);
    call->left.suspect = tasks[0]->suspect;
    pace_leave(&stage->pace, call->reserved);
    link_call(stage, call);
    call_span_begin(asker, tasks, count, &call->span);
    crash_point("genai.asked");
    for (uint32_t i = 0; i < count; i++) tasks[i]->calls++;
    return ACCOUNT_GO;
}

void asker_cancel_calls(struct stage *stage)
{
    for (struct call *call = stage->calls, *next; call; call = next) {
        next = call->next;
        settle(call, NULL);
        call_span_end(call->asker, stage, &call->span, NULL, -1);
        llm_cancel(call->out);
        free(call);
    }
    stage->calls = NULL;
}

void asker_mark_gone(struct stage *stage)
{
    for (struct call *call = stage->calls; call; call = call->next)
        for (uint32_t i = 0; i < call->count; i++) call->tasks[i]->gone = !call->tasks[i]->subject;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* A record's share of what the whole call took: the first ones take what doesn't divide. */
static uint32_t share(uint32_t whole, uint32_t count, uint32_t number)
{
    return whole / count + (number < whole % count);
}

static struct asker_source source_of(const struct call *call, const struct llm_result *result,
                                     uint32_t number, double cost_usd)
{
    return (struct asker_source){
        .provider = call->asker->stages[call->stage].name,
        .prompt = call->tasks[number]->prompt,
        .model = str_of(result->model),
        .degraded = call->stage > 0,
        .has_usage = result->usage.known,
        .input_tokens = share(result->usage.input_tokens, call->count, number),
        .output_tokens = share(result->usage.output_tokens, call->count, number),
        .latency_us = result->latency_ms < UINT32_MAX / 1000 ? (uint32_t)result->latency_ms * 1000
                                                             : UINT32_MAX,
        .cost_usd = cost_usd < 0 ? cost_usd : cost_usd / call->count};
}

static void repair_all(struct call *call, const char *reason)
{
    for (uint32_t i = 0; i < call->count; i++) asker_repair(call->asker, call->tasks[i], reason);
}

/* True: it was an answer of the form that was asked for. */
static bool take_answers(struct call *call, const struct llm_result *result, double cost_usd)
{
    struct str ids[ANSWER_RECORDS_MAX];
    struct answer_parts parts;
    struct err err = {0};
    for (uint32_t i = 0; i < call->count; i++) ids[i] = str_of(call->tasks[i]->id);
    if (answer_split(result->json, ids, call->count, &parts, &err)) {
        call->asker->counts.unusable += call->count;
        repair_all(call, err.text);
        return false;
    }
    call->asker->counts.strange += parts.strange;
    for (uint32_t i = 0; i < call->count; i++)
        asker_take(call->asker, call->tasks[i], parts.raw[i], result,
                   source_of(call, result, i, cost_usd));
    return true;
}

/* --- failures --------------------------------------------------------------------------------- */

/* Trying again may cure it: after a pause, never before the provider wants it. */
static void retry_all(struct call *call, const struct llm_result *result)
{
    struct asker *asker = call->asker;
    int64_t pause_ms = asker_pause_ms(asker, call->tasks[0]->tries);
    uint64_t group = ++asker->groups;
    if (result->retry_after_ms > pause_ms) pause_ms = result->retry_after_ms;
    for (uint32_t i = 0; i < call->count; i++) {
        struct task *task = call->tasks[i];
        /* its turn will come: patience is the limit */
        if (result->why == LLM_THROTTLED && task->tries) task->tries--;
        asker_try_again(asker, task, group, pause_ms);
    }
}

/* The request itself is at fault, or one of its texts: what was together is asked alone,
 * what was alone goes on. */
static void part_all(struct call *call)
{
    for (uint32_t i = 0; i < call->count; i++) {
        struct task *task = call->tasks[i];
        if (call->count == 1) {
            asker_next_stage(call->asker, task);
            continue;
        }
        task->alone = true;
        task->group = 0;
        asker_place(call->asker, task);
    }
}

static void pass_all_on(struct call *call)
{
    for (uint32_t i = 0; i < call->count; i++) asker_next_stage(call->asker, call->tasks[i]);
}

static void take_failure(struct call *call, const struct llm_result *result)
{
    switch (result->why) {
    case LLM_REFUSED: case LLM_TOO_LARGE: case LLM_BAD_REQUEST: part_all(call); return;
    case LLM_TRUNCATED: case LLM_BAD_ANSWER: repair_all(call, llm_why_text(result->why)); return;
    default: break;
    }
    if (llm_why_next(result->why) == LLM_RETRY) retry_all(call, result);
    else pass_all_on(call);
}

/* --- its result ------------------------------------------------------------------------------- */

static uint32_t tokens_used(const struct call *call, const struct llm_result *result)
{
    if (result->usage.known) return result->usage.input_tokens + result->usage.output_tokens;
    return result->why == LLM_UNREACHABLE ? 0 : call->reserved;
}

static void on_result(void *user, const struct llm_result *result)
{
    struct call *call = user;
    struct asker *asker = call->asker;
    struct stage *stage = &asker->stages[call->stage];
    int64_t now_ms = clock_mono_ms(asker->clock);
    unlink_call(call);
    crash_point("genai.answered");
    pace_settle(&stage->pace, call->reserved, tokens_used(call, result));
    double cost_usd = settle(call, result);
    stage->ends[result->why]++;
    histogram_add(&stage->seconds[result->why], (double)result->latency_ms * 1e-3, 1);
    if (result->usage.known) {
        histogram_add(&stage->input_tokens, result->usage.input_tokens, 1);
        histogram_add(&stage->output_tokens, result->usage.output_tokens, 1);
    }
    call_span_end(asker, stage, &call->span, result, cost_usd);
    bool of_use = result->why == LLM_ANSWERED && take_answers(call, result, cost_usd);
    asker_judge(asker, stage, &call->left, result, of_use, now_ms);
    if (result->why != LLM_ANSWERED) take_failure(call, result);
    free(call);
    if (asker->on_free) asker->on_free(asker->on_due_user);
    else asker->on_due(asker->on_due_user);
}
