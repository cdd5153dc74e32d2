/* Rows in, prepared once; the local models answer all of them for nothing; what the others would
 * cost is agreed to; then each contender answers, one after the other, and the figures are shown.
 */
#include "ops/cli/compare.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/nearest.h"
#include "workers/genai/genai.h"

static const char *const providers[] = {"bedrock", "anthropic", "openai", "local", NULL};

/* --- contenders ----------------------------------------------------------------------------------
 */

static int find_provider(struct str name, const char **ret_provider, struct err *err)
{
    struct nearest nearest = nearest_to(name);
    for (int i = 0; providers[i]; i++)
        if (nearest_offer(&nearest, str_of(providers[i])) && nearest.distance == 0)
            return *ret_provider = providers[i], E_OK;
    name = str_slice(name, 0, 60);
    if (!nearest.found.data)
        return err_set(err, E_USAGE, "no provider \"%.*s\": bedrock, anthropic, openai or local",
                       STR_ARGS(name));
    return err_set(err, E_USAGE, "no provider \"%.*s\"; did you mean \"%.*s\"?", STR_ARGS(name),
                   STR_ARGS(nearest.found));
}

static int add_contender(struct comparing *comparing, const char *provider, const char *model,
                         const char *prompt, struct err *err)
{
    struct contest *contest = comparing->contest;
    if (contest->count == CONTENDERS_MAX)
        return err_set(err, E_USAGE, "too many contenders; %d is the most, with local",
                       CONTENDERS_MAX);
    struct contender *contender = &contest->contenders[contest->count++];
    contender->provider = provider, contender->model = model;
    int size = snprintf(contender->prompt, sizeof contender->prompt, "%s", prompt);
    if (size < 0 || (size_t)size >= sizeof contender->prompt)
        return err_set(err, E_USAGE, "no prompt has a name like \"%.60s...\"", prompt);
    return E_OK;
}

/* "openai/gpt-4o-mini", or "openai" with the model that is configured. */
static int add_provider(struct comparing *comparing, const char *text,
                        const struct flag_list *prompts, struct err *err)
{
    const char *provider = NULL, *model;
    struct str rest = str_of(text), name = str_cut(&rest, '/');
    int rc = find_provider(name, &provider, err);
    if (rc) return rc;
    if (strcmp(provider, "local") == 0) return E_OK; /* it is there anyway */
    model = rest.size ? rest.data : config_value(comparing->config.config, provider, "model", NULL);
    if (!model || !model[0])
        return err_set(err, E_USAGE, "which model of %s? --provider %s/MODEL, or --%s.model",
                       provider, provider, provider);
    struct str kept = arena_copy(&comparing->arena,
                                 str_of(model)); /* an option's text goes when another is set */
    if (!kept.data) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < prompts->count && rc == E_OK; i++)
        rc = add_contender(comparing, provider, kept.data, prompts->items[i], err);
    return rc;
}

static int add_contenders(struct comparing *comparing, struct err *err)
{
    const struct compare_wish *wish = comparing->wish;
    struct flag_list prompts = wish->prompts, names = wish->providers;
    struct str current = arena_copy(
        &comparing->arena, str_of(config_value(comparing->config.config, "genai", "prompt", NULL)));
    struct str chain =
        arena_copy(&comparing->arena,
                   str_of(config_value(comparing->config.config, "genai", "providers", NULL)));
    if (!current.data || !chain.data) return err_set(err, E_NO_MEMORY, NULL);
    if (wish->promote) {
        if (prompts.count > 1)
            return err_set(
                err, E_USAGE,
                "--promote compares with one prompt: --prompt VERSION, else genai.prompt");
        if (prompts.count == 0) prompts.items[prompts.count++] = current.data;
        if (strcmp(prompts.items[0], wish->promote) == 0)
            return err_set(err, E_USAGE, "%s is the current prompt", wish->promote);
        prompts.items[prompts.count++] = wish->promote;
    }
    if (prompts.count == 0) prompts.items[prompts.count++] = current.data;
    if (names.count == 0) { /* the first of the chain */
        struct str first = str_trim(str_cut(&chain, ','));
        first = arena_copy(&comparing->arena, first);
        if (!first.data) return err_set(err, E_NO_MEMORY, NULL);
        names.items[names.count++] = first.data;
    }
    int rc = add_contender(comparing, "local", NULL, "", err);
    for (size_t i = 0; i < names.count && rc == E_OK; i++)
        rc = add_provider(comparing, names.items[i], &prompts, err);
    if (rc) return rc;
    if (wish->promote && comparing->contest->count != 3)
        return err_set(err, E_USAGE,
                       "--promote needs one provider that isn't local: --provider NAME");
    if (comparing->contest->count == 1)
        return err_set(err, E_USAGE,
                       "nobody to compare local with: --provider bedrock, anthropic or openai");
    return E_OK;
}

/* --- the result ------------------------------------------------------------------------------- */

static int show(struct comparing *comparing, struct err *err)
{
    struct contest *contest = comparing->contest;
    struct buffer out = {0};
    contest->refused = comparing->refused;
    if (comparing->wish->json) contest_json(contest, &out);
    else contest_print(contest);
    int rc = terminal_print(&out, err);
    if (rc) return rc;
    for (uint32_t i = 1; i < contest->count; i++) {
        const struct contender *contender = &contest->contenders[i];
        if (contender->asked && !contender->answered)
            return err_set(err, E_UPSTREAM, "%s answered none of %llu rows: %s",
                           contender->provider, (unsigned long long)contender->asked,
                           contender->failure ? contender->failure : "see the log");
    }
    if (comparing->refused)
        return err_set(err, E_BAD_MESSAGE, "%llu of %llu rows were refused",
                       (unsigned long long)comparing->refused,
                       (unsigned long long)(comparing->refused + contest->contenders[0].asked));
    return E_OK;
}

static uint64_t rows_to_ask(const struct comparing *comparing)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < comparing->row_count; i++) count += comparing->rows[i].asked;
    return count;
}

static int ask_others(struct comparing *comparing, struct err *err)
{
    struct progress progress;
    uint64_t done = 0;
    int rc = E_OK;
    progress_start(&progress, "answers", rows_to_ask(comparing) * (comparing->contest->count - 1));
    for (uint32_t i = 1; i < comparing->contest->count && rc == E_OK; i++)
        rc = compare_ask(comparing, i, &progress, &done, err);
    progress_end(&progress);
    return rc;
}

static int ask_local(struct comparing *comparing, struct err *err)
{
    struct contest *contest = comparing->contest;
    struct progress progress;
    uint64_t done = 0;
    int rc = E_OK;
    for (uint32_t i = 0; i < contest->count && rc == E_OK; i++)
        rc = contender_init(&contest->contenders[i], contest->task, comparing->row_count, err);
    if (rc) return rc;
    progress_start(&progress, "rows", comparing->row_count);
    rc = compare_ask(comparing, 0, &progress, &done, err);
    progress_end(&progress);
    if (rc == E_OK && rows_to_ask(comparing) == 0)
        rc = err_set(err, E_BAD_MESSAGE, "%s holds no row that could be judged",
                     comparing->wish->data.path);
    contest->rows = rows_to_ask(comparing);
    return rc;
}

static int run(struct comparing *comparing, struct err *err)
{
    struct contest_verdict verdict;
    bool go = false;
    int rc = add_contenders(comparing, err);
    if (rc == E_OK) rc = compare_read(comparing, err);
    if (rc == E_OK) rc = ask_local(comparing, err);
    if (rc == E_OK) rc = compare_agree(comparing, &go, err);
    if (rc || !go) return rc;
    rc = ask_others(comparing, err);
    if (rc) return rc;
    struct contest *contest = comparing->contest;
    if (comparing->wish->promote) {
        contest_judge(&contest->contenders[1], &contest->contenders[2],
                      contest_main_scores(contest), &verdict);
        contest->verdict = &verdict;
    }
    rc = show(comparing, err);
    if (comparing->wish->promote && !verdict.promote && (rc == E_OK || rc == E_BAD_MESSAGE))
        exit(1); /* no error, so no code of ours says it */
    return rc;
}

int compare(const struct compare_wish *wish, const struct arguments *arguments, struct err *err)
{
    struct comparing comparing = {.wish = wish};
    if (!wish->task->spell)
        return err_set(
            err, E_USAGE,
            "models are asked about sentiment, needs, topics and safety; %s isn't theirs",
            wish->task->name);
    if (wish->budget && (!money_parse(str_of(wish->budget), &comparing.budget_micros) ||
                         comparing.budget_micros == 0))
        return err_set(err, E_USAGE, "--budget is dollars such as 5 or 0.50, not \"%s\"",
                       wish->budget);
    int rc = cli_config(arguments, &comparing.config, err);
    if (rc) return rc;
    comparing.contest = calloc(1, sizeof *comparing.contest);
    rc = comparing.contest ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    if (rc == E_OK) {
        comparing.contest->task = wish->task, comparing.contest->path = wish->data.path;
        rc = run(&comparing, err);
    }
    for (uint32_t i = 0; comparing.contest && i < comparing.contest->count; i++)
        contender_deinit(&comparing.contest->contenders[i]);
    free(comparing.contest);
    free(comparing.rows);
    examples_close(&comparing.examples);
    arena_deinit(&comparing.arena);
    cli_config_free(&comparing.config);
    return rc;
}
