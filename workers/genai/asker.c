/* Happy path: asker_ask() → inbox → (journal) → the first provider's queue → a batch → a call → its
 * answers are split, checked, and each task ends. asker_turn() is the one place that moves things
 * on; results only put tasks back.
 *
 * Failures: what may succeed later waits with back-off and is tried again, `tries` times;
 * what can't, and all that a provider whose breaker is open would get, goes to the next of the
 * chain; after the last a task is given up. An answer of no use (no JSON, against the schema, an
 * id missing) is asked for once more, alone. A task that has waited for `patience` is given up, so
 * that the partition it stands in goes on. */
#include "workers/genai/asker.h"

#include <assert.h>

void asker_init(struct asker *asker, const struct asker_options *options, const struct clock *clock,
                struct random *random, struct prompt *prompt, struct account_book *account)
{
    *asker = (struct asker){
        .options = *options, .clock = clock, .random = random, .prompt = prompt, .account = account,
        .paused_until_ms = INT64_MIN};
}

void asker_add_stage(struct asker *asker, const char *name, struct llm_client *client)
{
    assert(asker->stage_count < ASKER_STAGES_MAX);
    struct stage *stage = &asker->stages[asker->stage_count++];
    *stage = (struct stage){.name = name, .client = client};
    for (int i = 0; i < LLM_WHYS; i++) stage->seconds[i].scale = SCALE_CALLS;
    stage->input_tokens.scale = stage->output_tokens.scale = SCALE_TOKENS;
    pace_init(&stage->pace, &asker->options.limits, clock_mono_ms(asker->clock));
    breaker_init(&stage->breaker, asker->options.breaker_least_ms, asker->options.breaker_most_ms);
}

void asker_deinit(struct asker *asker)
{
    for (uint32_t i = 0; i < asker->stage_count; i++) asker_cancel_calls(&asker->stages[i]);
    arena_deinit(&asker->scratch);
    buffer_deinit(&asker->request);
    *asker = (struct asker){0};
}

uint32_t asker_calls(const struct asker *asker)
{
    uint32_t calls = 0;
    for (uint32_t i = 0; i < asker->stage_count; i++) calls += asker->stages[i].pace.in_flight;
    return calls;
}

/* --- in --------------------------------------------------------------------------------------- */

static struct str answer_language(const struct asker *asker, struct str language)
{
    if (*asker->options.language) return str_of(asker->options.language);
    return language.size && !str_equal(language, STR("und")) ? language : STR("en");
}

void asker_ask(struct asker *asker, struct task *task)
{
    const struct provider_question *asked = &task->asked;
    asker->counts.asked += !task->subject;
    task->since_ms = clock_mono_ms(asker->clock) - asker->held_ms;
    task->key = (struct account_question){
        .text = asked->text, .language = asked->language, .tenant = asked->tenant,
        .answer_in = answer_language(asker, asked->language), .has_rating = asked->has_rating,
        .rating = asked->rating, .prompt = task->prompt};
    /* a reload may bring another */
    memcpy(task->prompt, asker_prompt(asker, task)->version, sizeof task->prompt);
    asker->waiting++;
    task_queue_push(&asker->inbox, task);
    asker->on_due(asker->on_due_user);
}

/* The key for the first provider is made once: to look for its answer, to claim the question,
 * and to keep the answer. */
static void name_provider(struct asker *asker, struct task *task, uint32_t number)
{
    task->stage = number;
    task->key.provider = asker->stages[number].name,
    task->key.model = llm_client_model(asker->stages[number].client);
    task->key.key = NULL;
    if (number) return;
    account_key(asker->account, &task->key, &task->claim.key);
    task->key.key = &task->claim.key;
}

/* The journal may know what any provider of the chain has answered. */
static enum account_known recall(struct asker *asker, struct task *task, int64_t now_ms,
                                 int64_t *again_ms)
{
    for (uint32_t i = 0; asker->account && i < asker->stage_count; i++) {
        struct str raw;
        name_provider(asker, task, i);
        enum account_known known =
            account_recall(asker->account, &task->key, task->arena, now_ms, &raw, again_ms);
        if (known == ACCOUNT_NOT_YET) return known;
        if (known == ACCOUNT_KNOWN && asker_take_known(asker, task, raw)) return ACCOUNT_KNOWN;
    }
    task->stage = 0;
    return ACCOUNT_UNKNOWN;
}

/* False: an identical one is being asked about, and this one waits for its answer. */
static bool claim(struct asker *asker, struct task *task)
{
    if (!asker->account) return true;
    return claims_take(&asker->claims, &task->claim);
}

static void place_fresh(struct asker *asker, struct task *task)
{
    if (!claim(asker, task)) return;
    if (asker->options.queue && asker->waiting > asker->options.queue) {
        asker_end(asker, task, NULL, NULL);
        return;
    }
    task->suspect = !task->subject &&
                    suspects_hold(&asker->prompt->suspects, task->asked.text, &asker->scratch);
    task->alone = task->subject || task->suspect;
    arena_reset(&asker->scratch);
    asker->counts.suspects += task->suspect;
    asker_place(asker, task);
}

static void put_back(struct asker *asker, struct task *task)
{
    task->next = asker->inbox.first;
    asker->inbox.first = task;
    if (!asker->inbox.last) asker->inbox.last = task;
    asker->inbox.count++;
    asker->waiting++;
}

/* When to look at the inbox again. */
static int64_t take_inbox(struct asker *asker, int64_t now_ms)
{
    while (asker->inbox.first) {
        int64_t again_ms = now_ms;
        struct task *task = asker->inbox.first;
        /* Out first: the end of one may bring those back that waited for it. */
        task_queue_pop(&asker->inbox);
        asker->waiting--;
        enum account_known known = recall(asker, task, now_ms, &again_ms);
        if (known == ACCOUNT_NOT_YET) {
            put_back(asker, task);
            return again_ms > now_ms ? again_ms : now_ms + 1;
        }
        if (known == ACCOUNT_UNKNOWN) place_fresh(asker, task);
    }
    return INT64_MAX;
}

/* --- a stage ---------------------------------------------------------------------------------- */

static struct task *take(struct asker *asker, struct task_queue *queue)
{
    struct task *task = task_queue_pop(queue);
    if (task) asker->waiting--;
    return task;
}

static void wake_later(struct asker *asker, struct stage *stage, int64_t now_ms)
{
    while (stage->later.first && stage->later.first->due_ms <= now_ms)
        asker_place(asker, take(asker, &stage->later));
}

static void pass_all_on(struct asker *asker, struct task_queue *queue)
{
    for (uint32_t left = queue->count; left; left--) asker_next_stage(asker, take(asker, queue));
}

/* Waited for too long: the local models answer. */
static void give_up_old(struct asker *asker, struct task_queue *queue, int64_t now_ms)
{
    while (queue->first &&
           now_ms - asker->held_ms - queue->first->since_ms >= asker->options.patience_ms)
        asker_end(asker, take(asker, queue), NULL, NULL);
}

static int64_t oldest_due(const struct asker *asker, const struct task_queue *queue)
{
    return queue->first ? queue->first->since_ms + asker->held_ms + asker->options.patience_ms
                        : INT64_MAX;
}

static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }

static uint32_t group_size(const struct task *first)
{
    uint32_t count = 0;
    for (const struct task *task = first; task && task->group == first->group; task = task->next)
        count++;
    return count;
}

/* How many of the queue go into one call now: 0 while it pays to wait for more;
 * *ret_due_ms says how long. */
static uint32_t batch_size(const struct asker *asker, const struct stage *stage, int64_t now_ms,
                           int64_t *ret_due_ms)
{
    const struct asker_options *options = &asker->options;
    uint32_t count = 0;
    size_t bytes = 0;
    if (stage->together.first && stage->together.first->group)
        return group_size(stage->together.first);
    for (const struct task *task = stage->together.first; task && count < options->batch_records;
         task = task->next) {
        if (task->group) return count;
        bytes += task->asked.text.size < options->text_bytes ? task->asked.text.size
                                                             : options->text_bytes;
        /* a long text goes alone, or with short ones */
        if (count && bytes > options->text_bytes) return count;
        count++;
    }
    if (count == 0 || count == options->batch_records) return count;
    int64_t due_ms = stage->together.first->since_ms + asker->held_ms + options->batch_wait_ms;
    if (due_ms <= now_ms) return count;
    *ret_due_ms = min64(*ret_due_ms, due_ms);
    return 0;
}

/* The next call's tasks, still in their queue. */
static uint32_t choose(const struct asker *asker, struct stage *stage, int64_t now_ms,
                       struct task_queue **ret_queue, int64_t *due_ms)
{
    *ret_queue = &stage->alone;
    bool older = stage->alone.first &&
                 (!stage->together.first ||
                  stage->alone.first->since_ms <= stage->together.first->since_ms);
    if (older) return 1;
    *ret_queue = &stage->together;
    uint32_t count = batch_size(asker, stage, now_ms, due_ms);
    if (count) return breaker_wants_probe(&stage->breaker) ? 1 : count;
    *ret_queue = &stage->alone;
    return stage->alone.first ? 1 : 0;
}

/* What the pace and the money say to the next call. */
static enum pace_verdict may_leave(struct asker *asker, struct stage *stage,
                                   const struct task_queue *queue, uint32_t count, int64_t now_ms,
                                   int64_t *due_ms)
{
    struct task *tasks[ANSWER_RECORDS_MAX], *task = queue->first;
    int64_t again_ms = INT64_MAX;
    uint32_t input;
    for (uint32_t i = 0; i < count; i++, task = task->next) tasks[i] = task;
    uint32_t tokens = asker_estimate(asker, tasks, count, &input);
    enum pace_verdict verdict = pace_look(&stage->pace, tokens, now_ms, &again_ms);
    if (verdict == PACE_LATER) *due_ms = min64(*due_ms, again_ms), stage->holds++;
    return verdict;
}

static void take_and_send(struct asker *asker, uint32_t number, struct task_queue *queue,
                          uint32_t count)
{
    struct task *tasks[ANSWER_RECORDS_MAX];
    int64_t again_ms = 0;
    for (uint32_t i = 0; i < count; i++) tasks[i] = take(asker, queue);
    enum account_verdict verdict = asker_send(asker, number, tasks, count, &again_ms);
    if (verdict == ACCOUNT_GO) return;
    if (verdict == ACCOUNT_PAUSE) {
        asker->paused_until_ms = again_ms;
        asker->held_ms += again_ms - clock_mono_ms(asker->clock);
    }
    for (uint32_t i = 0; i < count; i++) switch (verdict) {
        case ACCOUNT_ALONE: tasks[i]->alone = true; /* fall through */
        case ACCOUNT_PAUSE: asker_place(asker, tasks[i]); break;
        case ACCOUNT_LATER: asker_hold(asker, tasks[i], again_ms); break;
        default: asker_next_stage(asker, tasks[i]); break;
        }
}

static int64_t turn_stage(struct asker *asker, uint32_t number, int64_t now_ms)
{
    struct stage *stage = &asker->stages[number];
    int64_t due_ms = INT64_MAX;
    wake_later(asker, stage, now_ms);
    while (now_ms >= asker->paused_until_ms) {
        struct task_queue *queue;
        if (!breaker_allows(&stage->breaker, now_ms)) {
            pass_all_on(asker, &stage->together);
            pass_all_on(asker, &stage->alone);
            pass_all_on(asker, &stage->later);
            break;
        }
        give_up_old(asker, &stage->together, now_ms);
        give_up_old(asker, &stage->alone, now_ms);
        uint32_t count = choose(asker, stage, now_ms, &queue, &due_ms);
        if (count == 0 || may_leave(asker, stage, queue, count, now_ms, &due_ms) != PACE_GO) break;
        take_and_send(asker, number, queue, count);
    }
    if (now_ms < asker->paused_until_ms) return asker->paused_until_ms;
    if (stage->later.first) due_ms = min64(due_ms, stage->later.first->due_ms);
    return min64(due_ms,
                 min64(oldest_due(asker, &stage->together), oldest_due(asker, &stage->alone)));
}

int64_t asker_turn(struct asker *asker)
{
    int64_t now_ms = clock_mono_ms(asker->clock), due_ms = take_inbox(asker, now_ms);
    for (uint32_t i = 0; i < asker->stage_count; i++)
        due_ms = min64(due_ms, turn_stage(asker, i, now_ms));
    return due_ms > now_ms ? due_ms : now_ms + 1;
}

/* Digests aren't read again: what is asked about them stays. */
static void let_go(struct asker *asker, struct task_queue *queue)
{
    for (uint32_t left = queue->count; left; left--) {
        struct task *task = take(asker, queue);
        if (!task->subject) {
            asker_end(asker, task, NULL, NULL);
            continue;
        }
        asker->waiting++;
        task_queue_push(queue, task);
    }
}

static void end_those_that_wait(struct asker *asker)
{
    for (struct claim *at = claims_let_go(&asker->claims), *next; at; at = next) {
        next = at->next;
        asker_end(asker, task_of(at), NULL, NULL);
    }
}

void asker_let_go(struct asker *asker)
{
    end_those_that_wait(asker);
    let_go(asker, &asker->inbox);
    for (uint32_t i = 0; i < asker->stage_count; i++) {
        let_go(asker, &asker->stages[i].together);
        let_go(asker, &asker->stages[i].alone);
        let_go(asker, &asker->stages[i].later);
        asker_mark_gone(&asker->stages[i]);
    }
}
