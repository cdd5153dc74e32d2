/* The journal, the budget and the prices behind one seam.
 *
 * A call's cost is split evenly among its records, and each share is its tenant's. When a call has
 * ended, its bill goes to the journal, one for each tenant; each answer of use follows, under the
 * hash of what was asked. After a start the day's bills are summed up again from there: so what was
 * spent is known to the call, but for those that were under way when a process was killed. */
#include "workers/genai/account.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "config/shipped.h"
#include "workers/genai/account_count.h"
#include "workers/genai/genai.h"
#include "workers/genai/purchase.h"
#include "workers/genai/purchases.h"

enum { LOOK_AGAIN_MS = 2, BYTES_A_TOKEN = 3 };
enum { PAUSE_MS = 1000 }; /* a limit may be raised meanwhile */

/* An answer on its way to the journal, or a bill. */
struct keeping {
    struct account_book *account;
    account_on_kept *on_kept;
    void *user;
};

struct account_book {
    struct worker_context *context;
    struct prices *prices;
    struct budget *budget;
    struct budget_limits limits;
    struct answers *answers;
    struct purchases *journal; /* NULL: without a bus */
    struct account_counts counts;
    struct arena arena; /* of one call of ours */
    char parameters[96];
    bool pause, closing, told_price, told_loss;
};

/* --- life ------------------------------------------------------------------------------------- */

static int read_money(const char *name, const char *text, uint64_t *ret_micros, struct err *err)
{
    *ret_micros = 0;
    if (!text[0] || money_parse(str_of(text), ret_micros)) return E_OK;
    return err_set(err, E_BAD_CONFIG,
                   "genai.%s is dollars such as 25 or 0.50, with at most six decimals, not \"%s\"",
                   name, text);
}

int account_read_limits(const struct genai_options *options, struct budget_limits *ret_limits,
                        struct err *err)
{
    int rc = read_money("budget", options->budget, &ret_limits->day_micros, err);
    return rc ? rc
              : read_money("budget_tenant", options->budget_tenant, &ret_limits->tenant_micros,
                           err);
}

int account_read_prices(const struct worker_context *context, struct prices **ret_prices,
                        struct err *err)
{
    const struct genai_options *options = context->options;
    char path[SHIPPED_PATH_BYTES];
    int rc = shipped_path(options->prices, "prices.txt", path, err);
    if (rc == E_OK) rc = prices_read(path, ret_prices, err);
    return shipped_named("genai.prices", rc, err);
}

static void on_bill(void *user, const struct purchase *purchase)
{
    struct account_book *account = user;
    budget_note(account->budget, purchase->tenant, purchase->at, purchase->cost_micros);
}

static void on_ready(void *user) { (void)user; } /* account_recall() looks again soon enough */

static int open_parts(struct account_book *account, const struct genai_options *options,
                      struct err *err)
{
    const struct purchases_calls calls = {on_bill, on_ready, account};
    const char *file = options->journal_file[0] ? options->journal_file : NULL;
    int rc = account_read_limits(options, &account->limits, err);
    if (rc == E_OK) rc = account_read_prices(account->context, &account->prices, err);
    if (rc == E_OK)
        rc = budget_create(&account->limits, account->context->clock, &account->budget, err);
    if (rc == E_OK) rc = answers_open(file, options->journal_bytes, &account->answers, err);
    if (rc == E_OK && account->context->bus)
        rc = purchases_open(account->context, account->answers, &calls, &account->journal, err);
    return rc;
}

int account_open(struct worker_context *context, struct account_book **ret_account, struct err *err)
{
    const struct genai_options *options = context->options;
    struct account_book *account = calloc(1, sizeof *account);
    if (!account) return err_set(err, E_NO_MEMORY, NULL);
    account->context = context;
    account->pause = options->at_limit == 1;
    snprintf(account->parameters, sizeof account->parameters, "1 %g %llu %u", options->temperature,
             (unsigned long long)options->text_bytes, options->answer_tokens);
    int rc = open_parts(account, options, err);
    if (rc) account_close(account);
    else *ret_account = account;
    return rc;
}

void account_close(struct account_book *account)
{
    if (!account) return;
    account->closing = true;
    purchases_close(account->journal);
    answers_close(account->answers);
    budget_destroy(account->budget);
    prices_destroy(account->prices);
    arena_deinit(&account->arena);
    free(account);
}

void account_swap_prices(struct account_book *account, struct prices **prices)
{
    struct prices *before = account->prices;
    account->prices = *prices;
    *prices = before;
    account->told_price = false;
}

static const struct price *price_in(const struct account_book *account,
                                    const struct prices *prices, const char *provider,
                                    const char *model)
{
    return prices_find(prices ? prices : account->prices, str_of(provider), str_of(model),
                       clock_wall_ms(account->context->clock));
}

static bool has_budget(const struct account_book *account)
{
    return account->limits.day_micros || account->limits.tenant_micros;
}

int account_check(const struct account_book *account, const struct prices *prices,
                  const char *provider, const char *model, struct err *err)
{
    if (!has_budget(account) || price_in(account, prices, provider, model)) return E_OK;
    return err_set(
        err, E_BAD_CONFIG,
        "there is a budget, but no price of %s/%s: add it to a table of your own (genai.prices)",
        provider, model);
}

void account_rewound(struct account_book *account)
{
    if (account->journal) purchases_catch_up(account->journal);
}

/* --- known answers ---------------------------------------------------------------------------- */

void account_key(const struct account_book *account, const struct account_question *question,
                 struct answer_key *ret_key)
{
    char rating[32] = "";
    if (question->has_rating) snprintf(rating, sizeof rating, "%a", (double)question->rating);
    const struct str parts[] = {
        question->text, question->language, question->answer_in, str_of(rating),
        str_of(question->provider), str_of(question->model), str_of(question->prompt),
        str_of(account->parameters)};
    answer_key_of(parts, sizeof parts / sizeof parts[0], ret_key);
}

static struct answer_key key_of(const struct account_book *account,
                                const struct account_question *question)
{
    struct answer_key key;
    if (question->key) return *question->key;
    account_key(account, question, &key);
    return key;
}

enum account_known account_recall(struct account_book *account,
                                  const struct account_question *question, struct arena *arena,
                                  int64_t now_ms, struct str *ret_raw, int64_t *ret_again_ms)
{
    struct str message, copy;
    struct purchase purchase;
    if (account->journal && !purchases_ready(account->journal))
        return *ret_again_ms = now_ms + LOOK_AGAIN_MS, ACCOUNT_NOT_YET;
    struct answer_key key = key_of(account, question);
    if (!answers_find(account->answers, &key, &message)) return ACCOUNT_UNKNOWN;
    copy = arena_copy(arena, message);
    if (!copy.data || !purchase_read(copy, arena, &purchase)) return ACCOUNT_UNKNOWN;
    account_count_known(&account->counts, question->shared, purchase.cost_micros);
    *ret_raw = purchase.said;
    return ACCOUNT_KNOWN;
}

/* --- reserving -------------------------------------------------------------------------------- */

static void tell_price(struct account_book *account, const struct account_call *call)
{
    if (account->told_price) return;
    account->told_price = true;
    struct err err;
    err_set(&err, E_BAD_CONFIG, "%s/%s", call->provider, call->model);
    log_error(LOG_WARN, "genai",
              has_budget(account)
                  ? "a model without a price isn't asked, as there is a budget (genai.prices)"
                  : "a model has no price: what it costs isn't counted (genai.prices)",
              &err);
}

static void give_back(struct account_book *account, const struct account_call *call, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        budget_settle(account->budget, call->questions[i]->tenant, call->reserved_micros, 0);
}

static bool same_tenant(const struct account_call *call)
{
    for (uint32_t i = 1; i < call->count; i++)
        if (!str_equal(call->questions[i]->tenant, call->questions[0]->tenant)) return false;
    return true;
}

enum account_verdict account_reserve(struct account_book *account, struct account_call *call,
                                     int64_t now_ms, int64_t *ret_again_ms)
{
    const struct price *price = price_in(account, NULL, call->provider, call->model);
    call->reserved_micros = 0;
    call->priced = price != NULL;
    if (price) call->price = *price;
    if (!price) {
        tell_price(account, call);
        return has_budget(account) ? ACCOUNT_DEGRADE : ACCOUNT_GO;
    }
    /* The estimate takes three bytes for a token; no tokenizer makes more tokens than bytes. */
    uint64_t most = price_most(price, (size_t)call->input_tokens * BYTES_A_TOKEN, 0,
                               call->output_tokens);
    call->reserved_micros = (most + call->count - 1) / call->count;
    for (uint32_t i = 0; i < call->count; i++) {
        enum budget_verdict verdict =
            budget_reserve(account->budget, call->questions[i]->tenant, call->reserved_micros);
        if (verdict == BUDGET_GRANTED) continue;
        give_back(account, call, i);
        if (verdict == BUDGET_TENANT_SPENT && !same_tenant(call)) return ACCOUNT_ALONE;
        account_count_refused(&account->counts, verdict);
        *ret_again_ms = now_ms + PAUSE_MS;
        if (!account->pause) return ACCOUNT_DEGRADE;
        return verdict == BUDGET_DAY_SPENT ? ACCOUNT_PAUSE : ACCOUNT_LATER;
    }
    return ACCOUNT_GO;
}

/* --- settling --------------------------------------------------------------------------------- */

/* Where the provider didn't say it and may have charged: the most that it can be. */
static uint64_t cost_of(const struct account_call *call, const struct llm_result *result)
{
    if (!result || !call->priced) return 0;
    if (result->usage.known)
        return price_of(&call->price,
                        &(struct spend_usage){result->usage.input_tokens,
                                              result->usage.cached_tokens,
                                              result->usage.output_tokens});
    enum llm_next next = llm_why_next(result->why);
    bool charged = result->maybe_paid || next == LLM_USE || next == LLM_ASK_ANEW ||
                   result->why == LLM_TIMED_OUT;
    return charged ? call->reserved_micros * call->count : 0;
}

/* The first ones take what doesn't divide. */
static uint64_t share_of(uint64_t whole, uint32_t count, uint32_t number)
{
    return whole / count + (number < whole % count);
}

static void on_kept(void *user, const struct err *err)
{
    struct keeping *keeping = user;
    (void)err; /* cancelled: we are closing; too large: that was logged */
    if (!keeping->account->closing) keeping->on_kept(keeping->user);
    free(keeping);
}

static void tell_loss(struct account_book *account, const struct err *err)
{
    if (!account->told_loss)
        log_error(LOG_WARN, "genai", "what was paid can't be told to the journal", err);
    account->told_loss = true;
}

static void fill(struct account_book *account, struct purchase *purchase, const char *provider,
                 const struct llm_result *result)
{
    shape_set(purchase, purchase, at, clock_wall_ms(account->context->clock));
    shape_set(purchase, purchase, provider, str_of(provider));
    shape_set(purchase, purchase, model, str_slice(str_of(result->model), 0, 256));
    shape_set(purchase, purchase, why, str_of(llm_why_name(result->why)));
}

/* One bill for the tenant of the record `first`, unless one before it has the same. */
static void write_bill(struct account_book *account, const struct account_call *call,
                       const struct llm_result *result, uint64_t paid, uint32_t first)
{
    struct purchase bill = {0};
    struct str tenant = call->questions[first]->tenant;
    uint64_t micros = 0, input = 0, cached = 0, output = 0;
    struct err err;
    for (uint32_t i = 0; i < call->count; i++) {
        if (!str_equal(call->questions[i]->tenant, tenant)) continue;
        if (i < first) return;
        micros += share_of(paid, call->count, i);
        input += share_of(result->usage.input_tokens, call->count, i);
        cached += share_of(result->usage.cached_tokens, call->count, i);
        output += share_of(result->usage.output_tokens, call->count, i);
    }
    fill(account, &bill, call->provider, result);
    if (tenant.size) shape_set(purchase, &bill, tenant, tenant);
    shape_set(purchase, &bill, cost_micros, micros);
    shape_set(purchase, &bill, input_tokens, (uint32_t)input);
    shape_set(purchase, &bill, cached_tokens, (uint32_t)cached);
    shape_set(purchase, &bill, output_tokens, (uint32_t)output);
    if (purchases_write(account->journal, NULL, &bill, NULL, NULL, &err)) tell_loss(account, &err);
}

double account_settle(struct account_book *account, struct account_call *call,
                      const struct llm_result *result)
{
    uint64_t paid = cost_of(call, result);
    for (uint32_t i = 0; i < call->count; i++)
        budget_settle(account->budget, call->questions[i]->tenant, call->reserved_micros,
                      share_of(paid, call->count, i));
    if (paid) account_count_paid(&account->counts, call->provider, paid);
    for (uint32_t i = 0; account->journal && paid && i < call->count; i++)
        write_bill(account, call, result, paid, i);
    return result && call->priced ? (double)paid / (double)MONEY_MICROS : -1;
}

uint64_t account_paid_micros(const struct account_book *account)
{
    return account->counts.paid_micros;
}

/* --- keeping ---------------------------------------------------------------------------------- */

/* Without a bus: only this process will know it. */
static int remember(struct account_book *account, const struct answer_key *key,
                    struct purchase *purchase, struct err *err)
{
    struct record record = {.version = RECORD_VERSION, .id = STR("-")};
    struct str message;
    shape_set(purchase, purchase, run, STR("-"));
    int rc = record_put(&record, SECTION_PURCHASE, purchase, &account->arena, err);
    if (rc == E_OK) rc = record_write(&record, &account->arena, &message, err);
    if (rc == E_OK) answers_put(account->answers, key, message);
    arena_reset(&account->arena);
    return rc;
}

bool account_keep(struct account_book *account, const struct account_question *question,
                  struct str raw, const struct llm_result *result, double cost_usd,
                  account_on_kept *on_answer_kept, void *user)
{
    struct answer_key key = key_of(account, question);
    struct purchase purchase = {0};
    struct err err;
    account_count_bought(&account->counts);
    fill(account, &purchase, question->provider, result);
    shape_set(purchase, &purchase, cost_micros,
              cost_usd > 0 ? (uint64_t)(cost_usd * (double)MONEY_MICROS + 0.5) : 0);
    shape_set(purchase, &purchase, said, raw);
    if (!account->journal) {
        if (remember(account, &key, &purchase, &err)) tell_loss(account, &err);
        return false;
    }
    struct keeping *keeping = calloc(1, sizeof *keeping);
    int rc = keeping ? E_OK : err_set(&err, E_NO_MEMORY, NULL);
    if (keeping) *keeping = (struct keeping){account, on_answer_kept, user};
    if (rc == E_OK) rc = purchases_write(account->journal, &key, &purchase, on_kept, keeping, &err);
    if (rc) {
        tell_loss(account, &err);
        free(keeping);
    }
    return rc == E_OK;
}

void account_metrics(struct account_book *account, uint64_t backlog_records,
                     struct metrics_writer *writer)
{
    struct budget_state state = budget_state(account->budget);
    account_count_write(&account->counts, &state, &account->limits, backlog_records, writer);
    metrics_sample(writer, METRIC_ANSWERS_HELD, NULL, NULL,
                   (double)answers_count(account->answers));
}
