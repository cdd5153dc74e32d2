/* An asker with providers that answer when the test says so, and a clock that it turns. */
#ifndef VERBATIM_TESTS_ASKER_RIG_H
#define VERBATIM_TESTS_ASKER_RIG_H

#include "must.h"

#include <stdlib.h>

#include "workers/genai/asker.h"

enum { RIG_CALLS_MAX = 512, RIG_TASKS_MAX = 256, RIG_IDS_MAX = ANSWER_RECORDS_MAX };

struct rig_call {
    struct llm_call call;
    llm_on_result *on_result;
    void *user;
    struct rig *rig;
    char prompt[32768], ids[RIG_IDS_MAX][ANSWER_ID_BYTES], mark[PROMPT_MARK_BYTES];
    uint32_t count;
    bool open;
};

struct rig_client {
    struct llm_client client;
    struct rig *rig;
};

struct rig_task {
    struct task task;
    struct arena arena;
    uint32_t ends;
    bool answered, degraded;
    char provider[16];
    uint32_t input_tokens;
};

struct rig {
    struct asker asker;
    struct asker_options options;
    struct clock_manual clock;
    struct random random;
    struct prompt *prompt;
    struct rig_client clients[2];
    struct rig_call *calls[RIG_CALLS_MAX];
    uint32_t call_count, due_calls;
    struct rig_task tasks[RIG_TASKS_MAX];
    uint32_t task_count;
};

static struct rig *rig_of_client(struct llm_client *client)
{
    return ((struct rig_client *)client)->rig;
}

/* The ids stand in the line that asks for them; the mark before it. */
static void rig_read_prompt(struct rig_call *call)
{
    const char *mark = strstr(call->prompt, "The mark of this request is "),
               *ids = strstr(call->prompt, "these ids: ");
    assert_non_null(mark);
    assert_non_null(ids);
    snprintf(call->mark, sizeof call->mark, "%.16s", mark + strlen("The mark of this request is "));
    struct str rest = str_of(ids + strlen("these ids: "));
    rest = str_cut(&rest, '\n');
    while (rest.size) {
        struct str id = str_trim(str_cut(&rest, ','));
        snprintf(call->ids[call->count++], ANSWER_ID_BYTES, "%.*s", STR_ARGS(id));
    }
}

static int rig_ask(struct llm_client *client, const struct llm_question *question,
                   llm_on_result *on_result, void *user, struct llm_call **ret_call,
                   struct err *err)
{
    struct rig *rig = rig_of_client(client);
    struct rig_call *call = calloc(1, sizeof *call);
    (void)err;
    assert_non_null(call);
    assert_true(rig->call_count < RIG_CALLS_MAX && question->prompt.size < sizeof call->prompt);
    *call = (struct rig_call){
        .call.client = client, .on_result = on_result, .user = user, .rig = rig, .open = true};
    memcpy(call->prompt, question->prompt.data, question->prompt.size);
    rig_read_prompt(call);
    rig->calls[rig->call_count++] = call;
    client->in_flight++;
    if (ret_call) *ret_call = &call->call;
    return E_OK;
}

static void rig_cancel(struct llm_call *call)
{
    assert_true(((struct rig_call *)call)->open);
    ((struct rig_call *)call)->open = false;
    call->client->in_flight--;
}

static void rig_client_close(struct llm_client *client) { (void)client; }
static const struct llm_client_ops rig_ops = {
    .ask = rig_ask, .cancel = rig_cancel, .close = rig_client_close};

static void rig_on_end(void *user, struct task *task, struct insight *insight,
                       const struct asker_source *source)
{
    struct rig_task *ended = task->user;
    (void)user;
    ended->ends++;
    ended->answered = insight != NULL;
    if (insight) {
        ended->degraded = source->degraded;
        ended->input_tokens = source->input_tokens;
        snprintf(ended->provider, sizeof ended->provider, "%s", source->provider);
    }
    arena_deinit(&ended->arena); /* as the runtime does: nobody may look at it any more */
}

static void rig_on_due(void *user) { ((struct rig *)user)->due_calls++; }

static inline struct asker_options rig_options(void)
{
    return (struct asker_options){.limits = {.calls = 4},
                                  .batch_records = 4,
                                  .tries = 3,
                                  .answer_tokens = 300,
                                  .text_bytes = 8192,
                                  .batch_wait_ms = 50,
                                  .patience_ms = 60000,
                                  .retry_least_ms = 200,
                                  .retry_most_ms = 10000,
                                  .breaker_least_ms = 5000,
                                  .breaker_most_ms = 60000,
                                  .language = ""};
}

static inline struct rig *rig_start(const struct asker_options *options, uint32_t providers)
{
    struct rig *rig = calloc(1, sizeof *rig);
    struct err err;
    char folder[512];
    const char *source = getenv("VERBATIM_SOURCE");
    assert_non_null(rig);
    clock_manual_init(&rig->clock, 1767323045678);
    clock_manual_advance(&rig->clock, 1000);
    random_seed(&rig->random, 1);
    snprintf(folder, sizeof folder, "%s/config", source ? source : ".");
    must(prompt_open(folder, "insight-000001", &rig->random, &rig->prompt, &err), &err);
    asker_init(&rig->asker, options, &rig->clock.clock, &rig->random, rig->prompt, NULL);
    rig->asker.on_end = rig_on_end, rig->asker.on_due = rig_on_due, rig->asker.on_due_user = rig;
    for (uint32_t i = 0; i < providers; i++) {
        rig->clients[i] = (struct rig_client){
            {.ops = &rig_ops, .provider = LLM_OPENAI, .model = "m"}, rig};
        asker_add_stage(&rig->asker, i ? "second" : "first", &rig->clients[i].client);
    }
    return rig;
}

static inline void rig_stop(struct rig *rig)
{
    asker_deinit(&rig->asker);
    prompt_close(rig->prompt);
    for (uint32_t i = 0; i < rig->call_count; i++) free(rig->calls[i]);
    for (uint32_t i = 0; i < rig->task_count; i++) arena_deinit(&rig->tasks[i].arena);
    free(rig);
}

static inline struct rig_task *rig_feedback(struct rig *rig, const char *text)
{
    assert_true(rig->task_count < RIG_TASKS_MAX);
    struct rig_task *task = &rig->tasks[rig->task_count++];
    task->task = (struct task){
        .asked = {.text = str_of(text), .language = STR("en")}, .arena = &task->arena,
        .user = task};
    asker_ask(&rig->asker, &task->task);
    return task;
}

static inline int64_t rig_turn_after(struct rig *rig, int64_t ms)
{
    clock_manual_advance(&rig->clock, ms);
    return asker_turn(&rig->asker) - clock_mono_ms(&rig->clock.clock);
}

static inline uint32_t rig_open_calls(const struct rig *rig)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < rig->call_count; i++) open += rig->calls[i]->open;
    return open;
}

/* --- what providers say ----------------------------------------------------------------------- */

static inline void rig_end(struct rig *rig, uint32_t number, struct llm_result *result)
{
    struct rig_call *call = rig->calls[number];
    assert_true(number < rig->call_count && call->open);
    call->open = false;
    call->call.client->in_flight--;
    snprintf(result->model, sizeof result->model, "model-1");
    call->on_result(call->user, result);
}

static inline struct llm_result rig_result(enum llm_why why)
{
    struct llm_limit none = {-1, -1, -1};
    return (struct llm_result){
        .why = why, .retry_after_ms = -1, .latency_ms = 100, .limits = {none, none, none, none}};
}

static inline void rig_fail(struct rig *rig, uint32_t number, enum llm_why why)
{
    struct llm_result result = rig_result(why);
    rig_end(rig, number, &result);
}

static inline void rig_write_answer(struct buffer *out, const char *id)
{
    buffer_printf(out,
                  "%s{\"id\":\"%s\",\"sentiment\":{\"label\":\"negative\",\"score\":-0.5,"
                  "\"evidence\":[\"late\"]},\"needs\":[],"
                  "\"mentions\":[],\"recommendations\":[],\"signals\":[]}",
                  out->size > 12 ? "," : "", id);
}

/* Answers for the first `count` ids that were asked about. */
static inline void rig_answer(struct rig *rig, uint32_t number, uint32_t count)
{
    struct llm_result result = rig_result(LLM_ANSWERED);
    struct buffer json = {0};
    buffer_add(&json, STR("{\"answers\":["));
    for (uint32_t i = 0; i < count; i++) rig_write_answer(&json, rig->calls[number]->ids[i]);
    buffer_add(&json, STR("]}"));
    result.json = buffer_str(&json);
    result.usage = (struct llm_usage){.known = true, .input_tokens = 1000, .output_tokens = 100};
    rig_end(rig, number, &result);
    buffer_deinit(&json);
}

static inline void rig_say(struct rig *rig, uint32_t number, const char *json)
{
    struct llm_result result = rig_result(LLM_ANSWERED);
    result.json = str_of(json);
    rig_end(rig, number, &result);
}

static inline void ask_many(struct rig *rig, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) rig_feedback(rig, "It came late.");
}

static inline uint32_t ended(const struct rig *rig, bool answered)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < rig->task_count; i++) {
        assert_true(rig->tasks[i].ends <= 1);
        count += rig->tasks[i].ends && rig->tasks[i].answered == answered;
    }
    return count;
}

#endif
