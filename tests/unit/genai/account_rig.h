/* Accounts on an embedded bus in a folder of its own, each with a loop, as replicas have. Time
 * stands still but for the loops' timers; every wait is for something that must happen. */
#ifndef VERBATIM_TESTS_ACCOUNT_RIG_H
#define VERBATIM_TESTS_ACCOUNT_RIG_H

#include "must.h"
#include "own_folder.h"

#include <stdlib.h>
#include <unistd.h>

#include "workers/genai/account.h"
#include "workers/genai/genai.h"

enum { RIG_WAIT_TURNS = 60000, RIG_NOON_MS = 43200000 };
#define RIG_START_MS (INT64_C(1767312000000) + RIG_NOON_MS) /* 2026-01-02T12:00:00Z */

static struct clock_manual rig_clock;

static int rig_setup(void **state)
{
    clock_manual_init(&rig_clock, RIG_START_MS);
    return own_folder_make(state);
}

struct replica {
    uv_loop_t loop;
    struct config *config;
    struct genai_options options;
    struct bus *bus; /* NULL: without */
    struct random random;
    struct worker_context context;
    struct account_book *account;
    struct arena arena;
    int kept; /* answers that came to the journal */
};

static inline void rig_set(struct replica *replica, const char *setting)
{
    struct err err;
    must(config_set(replica->config, str_of(setting), "test", &err), &err);
}

/* All but the account. `settings` ends with NULL. */
static inline void replica_prepare(struct replica *replica, const char *member, bool with_bus,
                                   const char *const *settings)
{
    static const struct option_table *const tables[] = {
        &bus_option_table, &kafka_option_table, &genai_option_table, NULL};
    static uint64_t seed;
    char text[600];
    struct err err;
    *replica = (struct replica){0};
    uv_loop_init(&replica->loop);
    random_seed(&replica->random, ++seed);
    must(config_create(tables, &replica->config, &err), &err);
    snprintf(text, sizeof text, "bus.path=%s/bus", own_folder);
    rig_set(replica, text);
    rig_set(replica, "bus.durable=false");
    snprintf(text, sizeof text, "genai.prices=%s/prices.txt", own_folder);
    rig_set(replica, text);
    for (; settings && *settings; settings++) rig_set(replica, *settings);
    must(config_get(replica->config, &genai_option_table, &replica->options, &err), &err);
    if (with_bus) must(bus_open(replica->config, &rig_clock.clock, &replica->bus, &err), &err);
    replica->context = (struct worker_context){
        .worker = &genai_worker, .config = replica->config, .options = &replica->options,
        .clock = &rig_clock.clock,
        .random = &replica->random, .member = member, .loop = &replica->loop, .bus = replica->bus};
}

/* A token in costs a micro-dollar, one out costs ten. */
static inline void rig_write_prices(const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/prices.txt", own_folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static inline void replica_open(struct replica *replica, const char *member, bool with_bus,
                                const char *const *settings)
{
    struct err err;
    rig_write_prices("test/m* 1 10 0.1\n");
    replica_prepare(replica, member, with_bus, settings);
    must(account_open(&replica->context, &replica->account, &err), &err);
}

static inline void replica_close(struct replica *replica)
{
    account_close(replica->account);
    uv_run(&replica->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&replica->loop), 0);
    if (replica->bus) bus_close(replica->bus);
    config_destroy(replica->config);
    arena_deinit(&replica->arena);
}

/* Turns the loop until it is true. */
#define RIG_AWAIT(replica, condition)                                            \
    do {                                                                         \
        int turns_ = 0;                                                          \
        while (!(condition)) {                                                   \
            if (++turns_ > RIG_WAIT_TURNS) fail_msg("never: %s", #condition);    \
            clock_manual_advance(&rig_clock, 1);                                 \
            uv_run(&(replica)->loop, UV_RUN_ONCE);                               \
        }                                                                        \
    } while (0)

static inline struct account_question question_of(const char *text, const char *tenant)
{
    return (struct account_question){.text = str_of(text),
                                     .language = STR("en"),
                                     .answer_in = STR("en"),
                                     .tenant = str_of(tenant),
                                     .provider = "test",
                                     .model = "m1",
                                     .prompt = "p1"};
}

/* What is known of it; the journal is read back first. */
static inline enum account_known recall(struct replica *replica,
                                        const struct account_question *question,
                                        struct str *ret_raw)
{
    int64_t again_ms;
    enum account_known known;
    RIG_AWAIT(replica, (known = account_recall(replica->account, question, &replica->arena, 0,
                                               ret_raw, &again_ms)) != ACCOUNT_NOT_YET);
    return known;
}

static inline enum account_verdict reserve(struct replica *replica, struct account_call *call,
                                           const struct account_question *const *questions,
                                           uint32_t count)
{
    int64_t again_ms = -1;
    *call = (struct account_call){
        .questions = questions, .count = count, .provider = "test", .model = "m1",
        .input_tokens = 100, .output_tokens = 20};
    enum account_verdict verdict = account_reserve(replica->account, call, 5000, &again_ms);
    if (verdict == ACCOUNT_PAUSE || verdict == ACCOUNT_LATER) assert_int_equal(again_ms, 6000);
    return verdict;
}

static inline struct llm_result answered(uint32_t input, uint32_t output)
{
    return (struct llm_result){
        .why = LLM_ANSWERED,
        .model = "m1-2026",
        .usage = {.known = true, .input_tokens = input, .output_tokens = output}};
}

static inline void replica_on_kept(void *user) { ((struct replica *)user)->kept++; }

/* Asked about alone, answered, kept. */
static inline void buy(struct replica *replica, const struct account_question *question,
                       uint32_t input, uint32_t output, const char *said)
{
    const struct account_question *const questions[] = {question};
    struct account_call call;
    struct str raw;
    int kept = replica->kept;
    assert_int_equal(recall(replica, question, &raw), ACCOUNT_UNKNOWN);
    assert_int_equal(reserve(replica, &call, questions, 1), ACCOUNT_GO);
    struct llm_result result = answered(input, output);
    double cost = account_settle(replica->account, &call, &result);
    bool later = account_keep(replica->account, question, str_of(said), &result, cost,
                              replica_on_kept, replica);
    assert_int_equal(later, replica->bus != NULL);
    assert_int_equal(replica->kept, kept); /* not before the journal has it */
    if (later) RIG_AWAIT(replica, replica->kept == kept + 1);
}

/* As the metrics say it, in micro-dollars or as a count; -1: not there. */
static inline long metric(struct replica *replica, const char *name, double unit)
{
    struct buffer text = {0};
    struct metrics_writer writer = {.out = &text, .common = ""};
    long value = -1;
    account_metrics(replica->account, 10, &writer);
    const char *at = strstr(buffer_cstr(&text), name);
    while (at && at != text.data && at[-1] != '\n') at = strstr(at + 1, name);
    if (at) value = (long)(atof(at + strlen(name)) * unit + 0.5);
    buffer_deinit(&text);
    return value;
}
#define MICROS(replica, name) metric((replica), name " ", 1e6)
#define COUNTED(replica, name) metric((replica), name " ", 1)

#endif
