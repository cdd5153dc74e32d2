/* Nobody buys by surprise: what comparing would cost is said, and somebody agrees to it. */
#include <stdio.h>
#include <unistd.h>

#include "ops/cli/compare.h"
#include "ops/cli/pricing.h"

/* What all contenders come to. */
struct estimate {
    struct pricing_figures figures[CONTENDERS_MAX];
    uint64_t micros, most_micros, calls;
    const char *unpriced; /* a model without a price; NULL: each has one */
};

static int add_rows(const struct comparing *comparing, struct pricing *pricing, struct err *err)
{
    struct arena arena = {0};
    int rc = E_OK;
    for (uint64_t i = 0; i < comparing->row_count && rc == E_OK; i++) {
        struct record record;
        if (!comparing->rows[i].asked) continue;
        arena_reset(&arena);
        rc = record_scan(comparing->rows[i].segments, &arena, &record, err);
        if (rc == E_OK) rc = pricing_add_record(pricing, &record, 0, &arena, err);
    }
    arena_deinit(&arena);
    return rc;
}

static int price_one(struct comparing *comparing, const struct contender *contender,
                     struct pricing_figures *ret_figures, struct err *err)
{
    struct pricing_wish wish = {.provider = contender->provider,
                                .model = contender->model,
                                .answer_tokens = PRICING_ANSWER_TOKENS,
                                .may_lack_price = true};
    struct pricing *pricing = NULL;
    int rc = compare_configure(comparing, contender, err);
    if (rc == E_OK) rc = pricing_open(comparing->config.config, &wish, &pricing, err);
    if (rc == E_OK) rc = add_rows(comparing, pricing, err);
    if (rc == E_OK) *ret_figures = pricing_figures(pricing);
    pricing_close(pricing);
    return rc;
}

static int price_all(struct comparing *comparing, struct estimate *estimate, struct err *err)
{
    struct contest *contest = comparing->contest;
    for (uint32_t i = 1; i < contest->count; i++) {
        struct pricing_figures *figures = &estimate->figures[i];
        int rc = price_one(comparing, &contest->contenders[i], figures, err);
        if (rc) return rc;
        contest->contenders[i].bill.priced = !figures->unpriced;
        if (figures->unpriced) estimate->unpriced = contest->contenders[i].model;
        estimate->micros += figures->micros, estimate->most_micros += figures->most_micros;
        estimate->calls += figures->calls;
    }
    return E_OK;
}

static void tell(const struct comparing *comparing, const struct estimate *estimate)
{
    char cost[MONEY_TEXT_BYTES], most[MONEY_TEXT_BYTES];
    for (uint32_t i = 1; i < comparing->contest->count; i++) {
        const struct pricing_figures *figures = &estimate->figures[i];
        const struct contender *contender = &comparing->contest->contenders[i];
        money_format(figures->micros, cost);
        money_format(figures->most_micros, most);
        fprintf(stderr, "  %s/%s %s: %llu texts in %llu calls, ", contender->provider,
                contender->model, contender->prompt, (unsigned long long)figures->asked,
                (unsigned long long)figures->calls);
        if (figures->unpriced)
            fprintf(stderr, "no price (genai.prices)\n");
        else
            fprintf(stderr, "about $%s, at most $%s without repairs and retries\n", cost, most);
    }
}

static int show(const struct comparing *comparing, const struct estimate *estimate, struct err *err)
{
    struct buffer out = {0};
    bool json = comparing->wish->json;
    if (json) buffer_add(&out, STR("{\"contenders\":["));
    for (uint32_t i = 1; i < comparing->contest->count; i++) {
        if (json) buffer_add(&out, i > 1 ? STR(",{") : STR("{"));
        pricing_print(&estimate->figures[i], json, &out);
        if (json)
            buffer_add_char(&out, '}');
        else if (i + 1 < comparing->contest->count)
            buffer_add_char(&out, '\n');
    }
    if (json) buffer_add(&out, STR("]}\n"));
    return terminal_print(&out, err);
}

static bool says_yes(void)
{
    char answer[16] = "";
    fprintf(stderr, "Ask, and spend it? [y/N] ");
    fflush(stderr);
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int check_budget(const struct comparing *comparing, const struct estimate *estimate,
                        struct err *err)
{
    char cost[MONEY_TEXT_BYTES];
    if (estimate->unpriced)
        return err_set(
            err, E_BAD_CONFIG,
            "there is a budget, but no price of %s: add it to a table of your own (genai.prices)",
            estimate->unpriced);
    money_format(estimate->micros, cost);
    if (estimate->micros > comparing->budget_micros)
        return err_set(
            err, E_USAGE,
            "it would cost about $%s, and the budget is $%s; --limit N asks about fewer rows", cost,
            comparing->wish->budget);
    return E_OK;
}

int compare_agree(struct comparing *comparing, bool *ret_go, struct err *err)
{
    const struct compare_wish *wish = comparing->wish;
    struct estimate estimate = {.unpriced = NULL};
    int rc = price_all(comparing, &estimate, err);
    if (rc) return rc;
    *ret_go = !wish->dry_run;
    if (wish->dry_run) return show(comparing, &estimate, err);
    tell(comparing, &estimate);
    if (wish->budget) return check_budget(comparing, &estimate, err);
    bool costs = estimate.unpriced || estimate.most_micros > 0;
    if (wish->yes || !costs) return E_OK;
    if (!wish->json && terminal_is(STDIN_FILENO) && terminal_is(STDERR_FILENO) && says_yes())
        return E_OK;
    return err_set(err, E_USAGE,
                   "nothing was asked: --yes agrees to it, --budget DOLLARS up to a limit, --limit "
                   "N asks about fewer rows");
}
