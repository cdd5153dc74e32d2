/* What it would cost, as lines for people and as members of a JSON object. */
#include "ops/cli/pricing.h"
#include "schema/json.h"

static void add_number(struct buffer *out, const char *name, uint64_t number)
{
    buffer_printf(out, "\"%s\":%llu,", name, (unsigned long long)number);
}

static void add_costs(struct buffer *out, uint64_t micros, uint64_t most_micros)
{
    char cost[MONEY_TEXT_BYTES], most[MONEY_TEXT_BYTES];
    money_format(micros, cost);
    money_format(most_micros, most);
    buffer_printf(out, "\"cost_usd\":%s,\"most_usd\":%s", cost, most);
}

/* What has no price isn't free. */
static void add_no_costs(struct buffer *out)
{
    buffer_add(out, STR("\"cost_usd\":null,\"most_usd\":null"));
}

static void print_json(const struct pricing_figures *figures, struct buffer *out)
{
    const struct pricing_stories *stories = &figures->stories;
    buffer_add(out, STR("\"provider\":"));
    json_write_string(out, str_of(figures->provider));
    buffer_add(out, STR(",\"model\":"));
    json_write_string(out, str_of(figures->model));
    buffer_add_char(out, ',');
    add_number(out, "records", figures->records);
    add_number(out, "asked", figures->asked);
    add_number(out, "known", figures->known);
    add_number(out, "repeated", figures->repeated);
    add_number(out, "without_text", figures->without_text);
    add_number(out, "calls", figures->calls);
    add_number(out, "input_tokens", figures->input_tokens);
    add_number(out, "output_tokens", figures->output_tokens);
    if (figures->digest_every) {
        buffer_add(out, STR("\"digests\":{"));
        add_number(out, "windows", stories->windows);
        add_number(out, "calls", stories->calls);
        add_number(out, "input_tokens", stories->input_tokens);
        add_number(out, "output_tokens", stories->output_tokens);
        add_costs(out, figures->stories_micros, figures->stories_most_micros);
        buffer_add(out, STR("},"));
    }
    if (figures->unpriced) add_no_costs(out);
    else add_costs(out, figures->micros, figures->most_micros);
}

static void print_stories(const struct pricing_figures *figures, struct buffer *out)
{
    const struct pricing_stories *stories = &figures->stories;
    char cost[MONEY_TEXT_BYTES], most[MONEY_TEXT_BYTES];
    if (!figures->digest_every) return;
    buffer_printf(out, "%-24s ", "digests");
    if (!figures->digest_every[0]) {
        buffer_add(out, STR("told by rules (genai.digest_prompt)\n"));
        return;
    }
    if (str_equal(str_of(figures->digest_every), STR("0"))) {
        buffer_add(out, STR("none (genai.digest_every)\n"));
        return;
    }
    money_format(figures->stories_micros, cost);
    money_format(figures->stories_most_micros, most);
    buffer_printf(out,
                  "at most %llu calls, for windows of %s: %llu; %llu tokens in (estimated), %llu "
                  "out (%d a call, assumed)\n",
                  (unsigned long long)stories->calls, figures->digest_every,
                  (unsigned long long)stories->windows, (unsigned long long)stories->input_tokens,
                  (unsigned long long)stories->output_tokens, PRICING_STORY_TOKENS);
    buffer_printf(out, "%-24s $%s; at most $%s\n", "  of the cost", cost, most);
}

static void print_lines(const struct pricing_figures *figures, struct buffer *out)
{
    char cost[MONEY_TEXT_BYTES], most[MONEY_TEXT_BYTES];
    money_format(figures->micros, cost);
    money_format(figures->most_micros, most);
    buffer_printf(out, "%-24s %s/%s\n", "model", figures->provider, figures->model);
    buffer_printf(out, "%-24s %llu\n", "records", (unsigned long long)figures->records);
    buffer_printf(out, "%-24s %llu\n", "paid for before", (unsigned long long)figures->known);
    buffer_printf(out, "%-24s %llu\n", "same text as another",
                  (unsigned long long)figures->repeated);
    buffer_printf(out, "%-24s %llu in %llu calls\n", "to be asked about",
                  (unsigned long long)figures->asked, (unsigned long long)figures->calls);
    buffer_printf(out, "%-24s %llu in (estimated), %llu out (%llu a record, assumed)\n", "tokens",
                  (unsigned long long)figures->input_tokens,
                  (unsigned long long)figures->output_tokens,
                  (unsigned long long)figures->answer_tokens);
    print_stories(figures, out);
    if (figures->unpriced) buffer_printf(out, "%-24s no price (genai.prices)\n", "cost");
    else
        buffer_printf(out, "%-24s $%s; at most $%s, without repairs and retries\n", "cost", cost,
                      most);
}

void pricing_print(const struct pricing_figures *figures, bool json, struct buffer *out)
{
    if (json) print_json(figures, out);
    else print_lines(figures, out);
}
