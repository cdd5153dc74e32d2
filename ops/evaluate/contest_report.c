/* A contest as a table for people, contenders side by side, and as one object for programs. */
#include <stdio.h>
#include <unistd.h>

#include "base/terminal.h"
#include "ops/evaluate/contest.h"
#include "schema/json.h"

/* --- for people ------------------------------------------------------------------------------- */

enum unit { SHARE, SCORE, NUMBER, DOLLARS };

static void print_value(double value, enum unit unit)
{
    if (value < 0)
        printf(" %12s", "-");
    else if (unit == SHARE)
        printf(" %11.1f%%", value * 100);
    else if (unit == SCORE)
        printf(" %12.3f", value);
    else if (unit == DOLLARS)
        printf(" %12.4f", value);
    else
        printf(" %12.0f", value);
}

static const struct line {
    const char *name;
    size_t offset;
    enum unit unit;
    double scale;
} lines[] = {
    {"answered itself", offsetof(struct contest_figures, answered), SHARE, 1},
    {"macro-F1", offsetof(struct contest_figures, macro_f1), SCORE, 1},
    {"accuracy", offsetof(struct contest_figures, accuracy), SCORE, 1},
    {"dangers found", offsetof(struct contest_figures, danger_found), SHARE, 1},
    {"says what local says", offsetof(struct contest_figures, same_as_local), SHARE, 1},
    {"claims with evidence", offsetof(struct contest_figures, evidence), SHARE, 1},
    {"answers with a dropped one", offsetof(struct contest_figures, with_dropped), SHARE, 1},
    {"repairs, of rows", offsetof(struct contest_figures, repaired), SHARE, 1},
    {"tokens in, a row", offsetof(struct contest_figures, input_tokens), NUMBER, 1},
    {"tokens out, a row", offsetof(struct contest_figures, output_tokens), NUMBER, 1},
    {"dollars, 1000 rows", offsetof(struct contest_figures, cost_usd), DOLLARS, 1000},
    {"call, median ms", offsetof(struct contest_figures, median_ms), NUMBER, 1},
    {"call, p95 ms", offsetof(struct contest_figures, p95_ms), NUMBER, 1},
};
enum { LINES = sizeof lines / sizeof lines[0] };

static double figure_at(const struct contest_figures *figures, size_t offset)
{
    double value;
    memcpy(&value, (const char *)figures + offset, sizeof value);
    return value;
}

static void print_names(const struct contest *contest)
{
    for (uint32_t i = 0; i < contest->count; i++) {
        const struct contender *contender = &contest->contenders[i];
        printf("  %2u  %s%s%s  %s", i + 1, contender->provider, contender->model ? "/" : "",
               contender->model ? contender->model : "", contender->prompt);
        if (contender->bill.calls)
            printf("  %llu calls, %llu failed", (unsigned long long)contender->bill.calls,
                   (unsigned long long)contender->bill.failed_calls);
        if (contender->failure) printf(": %s", contender->failure);
        printf("\n");
    }
}

static void print_verdict(const struct contest_verdict *verdict)
{
    const char *colour =
        terminal_colour(STDOUT_FILENO, verdict->promote ? COLOUR_GREEN : COLOUR_RED);
    printf("\n%s%s%s  of %llu rows that both answered only the current one has %llu right, only "
           "the candidate %llu (p = %.3g)\n",
           colour,
           verdict->promote ? "The candidate may replace the current prompt."
                            : "The candidate may not replace the current prompt.",
           terminal_reset(STDOUT_FILENO), (unsigned long long)verdict->both,
           (unsigned long long)verdict->only_current, (unsigned long long)verdict->only_candidate,
           verdict->p_value);
    printf("  %-14s %12s %12s\n", "", "current", "candidate");
    for (uint32_t i = 0; i < verdict->count; i++) {
        const struct contest_check *check = &verdict->checks[i];
        enum unit unit = check->current >= 10 ? NUMBER : DOLLARS;
        printf("  %-14s", check->name);
        print_value(check->current, unit);
        print_value(check->candidate, unit);
        printf("  %s%-4s%s %s\n",
               terminal_colour(STDOUT_FILENO, check->passes ? COLOUR_NONE : COLOUR_RED),
               check->passes ? "yes" : "NO", check->passes ? "" : terminal_reset(STDOUT_FILENO),
               check->rule);
    }
}

void contest_print(const struct contest *contest)
{
    uint32_t main_scores = contest_main_scores(contest);
    struct contest_figures figures[CONTENDERS_MAX];
    for (uint32_t i = 0; i < contest->count; i++)
        figures[i] = contender_figures(&contest->contenders[i], main_scores);
    printf("%s: %llu rows of %s, by %s", contest->task->name, (unsigned long long)contest->rows,
           contest->path, contest->contenders[0].labels->scores[main_scores].name);
    if (contest->refused) printf(", %llu refused", (unsigned long long)contest->refused);
    printf("\n");
    print_names(contest);
    printf("\n  %-28s", "");
    for (uint32_t i = 0; i < contest->count; i++) printf(" %12u", i + 1);
    printf("\n  %-28s", "rows judged");
    for (uint32_t i = 0; i < contest->count; i++)
        printf(" %12llu", (unsigned long long)figures[i].judged);
    printf("\n");
    for (int line = 0; line < LINES; line++) {
        bool any = false;
        for (uint32_t i = 0; i < contest->count; i++)
            any |= figure_at(&figures[i], lines[line].offset) >= 0;
        if (!any) continue;
        printf("  %-28s", lines[line].name);
        for (uint32_t i = 0; i < contest->count; i++) {
            double value = figure_at(&figures[i], lines[line].offset);
            print_value(value < 0 ? value : value * lines[line].scale, lines[line].unit);
        }
        printf("\n");
    }
    if (contest->verdict) print_verdict(contest->verdict);
}

/* --- for programs ----------------------------------------------------------------------------- */

static void json_number(struct buffer *out, const char *name, double value)
{
    buffer_printf(out, ",\"%s\":", name);
    if (value < 0)
        buffer_add(out, STR("null"));
    else
        json_write_number(out, value);
}

static void json_contender(const struct contender *contender, uint32_t main_scores,
                           struct buffer *out)
{
    struct contest_figures figures = contender_figures(contender, main_scores);
    const struct contest_bill *bill = &contender->bill;
    buffer_add(out, STR("{\"provider\":"));
    json_write_string(out, str_of(contender->provider));
    buffer_add(out, STR(",\"model\":"));
    if (contender->model)
        json_write_string(out, str_of(contender->model));
    else
        buffer_add(out, STR("null"));
    buffer_add(out, STR(",\"prompt\":"));
    json_write_string(out, str_of(contender->prompt));
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"rows", (double)contender->asked},
        {"judged", (double)figures.judged},
        {"right", (double)figures.right},
        {"answered", figures.answered},
        {"macro_f1", figures.macro_f1},
        {"accuracy", figures.accuracy},
        {"danger_found", figures.danger_found},
        {"same_as_local", figures.same_as_local},
        {"claims", (double)contender->claims},
        {"claims_dropped", (double)contender->dropped},
        {"evidence", figures.evidence},
        {"with_dropped", figures.with_dropped},
        {"repaired", figures.repaired},
        {"cached", (double)contender->cached},
        {"calls", (double)bill->calls},
        {"failed_calls", (double)bill->failed_calls},
        {"retries", (double)bill->retries},
        {"input_tokens", (double)bill->input_tokens},
        {"output_tokens", (double)bill->output_tokens},
        {"cost_usd", bill->priced ? (double)bill->paid_micros * 1e-6 : -1},
        {"cost_usd_a_row", figures.cost_usd},
        {"latency_median_ms", figures.median_ms},
        {"latency_p95_ms", figures.p95_ms},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_number(out, numbers[i].name, numbers[i].value);
    buffer_add_char(out, '}');
}

static void json_verdict(const struct contest_verdict *verdict, struct buffer *out)
{
    buffer_printf(out, ",\"verdict\":{\"promote\":%s", verdict->promote ? "true" : "false");
    json_number(out, "both", (double)verdict->both);
    json_number(out, "only_current_right", (double)verdict->only_current);
    json_number(out, "only_candidate_right", (double)verdict->only_candidate);
    json_number(out, "p_value", verdict->p_value);
    buffer_add(out, STR(",\"checks\":["));
    for (uint32_t i = 0; i < verdict->count; i++) {
        const struct contest_check *check = &verdict->checks[i];
        buffer_printf(out, "%s{\"name\":\"%s\",\"passes\":%s", i ? "," : "", check->name,
                      check->passes ? "true" : "false");
        json_number(out, "current", check->current);
        json_number(out, "candidate", check->candidate);
        buffer_printf(out, ",\"rule\":\"%s\"}", check->rule);
    }
    buffer_add(out, STR("]}"));
}

void contest_json(const struct contest *contest, struct buffer *out)
{
    uint32_t main_scores = contest_main_scores(contest);
    buffer_printf(out, "{\"task\":\"%s\",\"data\":", contest->task->name);
    json_write_string(out, str_of(contest->path));
    buffer_printf(out, ",\"scores\":\"%s\"",
                  contest->contenders[0].labels->scores[main_scores].name);
    json_number(out, "rows", (double)contest->rows);
    json_number(out, "refused", (double)contest->refused);
    buffer_add(out, STR(",\"contenders\":["));
    for (uint32_t i = 0; i < contest->count; i++) {
        if (i) buffer_add_char(out, ',');
        json_contender(&contest->contenders[i], main_scores, out);
    }
    buffer_add_char(out, ']');
    if (contest->verdict) json_verdict(contest->verdict, out);
    buffer_add(out, STR("}\n"));
}
