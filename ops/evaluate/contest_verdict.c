/* May a new prompt replace the one in use? One rule a check, all must pass, and there must be a
 * reason at all. */
#include "ops/evaluate/contest.h"

#include <math.h>

enum { RIGHT_SHIFT = 4 };

/* What may be lost, and what counts as better: judgement, so they stand here in one place. */
static const double P_LEVEL = 0.05, F1_MARGIN = 0.01, SHARE_MARGIN = 0.01, REPAIR_MARGIN = 0.02;
static const double COST_MOST = 1.10, COST_SAVED = 0.95, LATENCY_MOST = 1.50,
                    LATENCY_NOISE_MS = 200, LATENCY_SAVED = 0.80, EVIDENCE_GAIN = 0.01;

/* ln of n over k. */
static double ln_choose(uint64_t n, uint64_t k)
{
    return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
}

double contest_p_value(uint64_t only_first, uint64_t only_second)
{
    uint64_t n = only_first + only_second,
             least = only_first < only_second ? only_first : only_second;
    double sum = 0;
    if (n == 0) return 1;
    for (uint64_t k = 0; k <= least; k++) sum += exp(ln_choose(n, k) - (double)n * log(2));
    return 2 * sum < 1 ? 2 * sum : 1;
}

static void add(struct contest_verdict *verdict, const char *name, const char *rule, double current,
                double candidate, bool passes)
{
    verdict->checks[verdict->count++] =
        (struct contest_check){name, rule, current, candidate, passes};
    verdict->promote &= passes;
}

static void count_pairs(const struct contender *current, const struct contender *candidate,
                        uint32_t main_scores, struct contest_verdict *verdict)
{
    for (uint64_t i = 0; i < current->row_count && i < candidate->row_count; i++) {
        uint32_t one = (uint32_t)current->rows[i] >> main_scores;
        uint32_t two = (uint32_t)candidate->rows[i] >> main_scores;
        if (!(one & two & 1)) continue;
        verdict->both++;
        verdict->only_current += (one & ~two) >> RIGHT_SHIFT & 1;
        verdict->only_candidate += (two & ~one) >> RIGHT_SHIFT & 1;
    }
    verdict->p_value = contest_p_value(verdict->only_current, verdict->only_candidate);
}

/* Where neither has a figure there is nothing to lose; where one has, nothing can be said for it.
 */
static bool told(double current, double candidate) { return current >= 0 && candidate >= 0; }
static bool at_least(double current, double candidate, double margin)
{
    return current < 0 || (candidate >= 0 && candidate >= current - margin);
}
static bool at_most(double current, double candidate, double factor)
{
    return current < 0 || (candidate >= 0 && candidate <= current * factor);
}

/* Dollars where the model has a price, else tokens. */
static void compare_cost(const struct contest_figures *current,
                         const struct contest_figures *candidate, bool better,
                         struct contest_verdict *verdict, bool *ret_cheaper)
{
    bool priced = told(current->cost_usd, candidate->cost_usd);
    double before = priced ? current->cost_usd : current->input_tokens + current->output_tokens;
    double after =
        priced ? candidate->cost_usd : candidate->input_tokens + candidate->output_tokens;
    add(verdict, priced ? "cost_usd" : "tokens",
        "at most a tenth more a row, unless significantly more rows are right", before, after,
        better || at_most(before, after, COST_MOST));
    *ret_cheaper = before > 0 && after >= 0 && after <= before * COST_SAVED;
}

void contest_judge(const struct contender *current, const struct contender *candidate,
                   uint32_t main_scores, struct contest_verdict *ret_verdict)
{
    struct contest_verdict verdict = {.promote = true};
    struct contest_figures before = contender_figures(current, main_scores),
                           after = contender_figures(candidate, main_scores);
    bool cheaper;
    count_pairs(current, candidate, main_scores, &verdict);
    bool certain = verdict.p_value < P_LEVEL;
    bool better = certain && verdict.only_candidate > verdict.only_current;
    bool worse = certain && verdict.only_candidate < verdict.only_current;
    add(&verdict, "rows", "at least 200 rows that both answered", (double)before.judged,
        (double)after.judged, verdict.both >= CONTEST_ROWS_LEAST);
    add(&verdict, "accuracy", "not significantly fewer rows right (McNemar, p < 0.05)",
        before.accuracy, after.accuracy, !worse);
    add(&verdict, "macro_f1", "at most 0.01 less", before.macro_f1, after.macro_f1,
        at_least(before.macro_f1, after.macro_f1, F1_MARGIN));
    if (before.danger_found >= 0 || after.danger_found >= 0)
        add(&verdict, "danger_found", "no danger less", before.danger_found, after.danger_found,
            at_least(before.danger_found, after.danger_found, 0));
    add(&verdict, "answered", "at most 1 in 100 less", before.answered, after.answered,
        at_least(before.answered, after.answered, SHARE_MARGIN));
    add(&verdict, "evidence", "at most 1 in 100 less", before.evidence, after.evidence,
        at_least(before.evidence, after.evidence, SHARE_MARGIN));
    add(&verdict, "repaired", "at most 2 in 100 more", before.repaired, after.repaired,
        before.repaired < 0 ||
            (after.repaired >= 0 && after.repaired <= before.repaired + REPAIR_MARGIN));
    compare_cost(&before, &after, better, &verdict, &cheaper);
    add(&verdict, "p95_ms", "at most half more, and 200 ms", before.p95_ms, after.p95_ms,
        at_most(before.p95_ms, after.p95_ms - LATENCY_NOISE_MS, LATENCY_MOST) ||
            at_most(before.p95_ms, after.p95_ms, LATENCY_MOST));
    bool faster = told(before.median_ms, after.median_ms) &&
                  after.median_ms <= before.median_ms * LATENCY_SAVED;
    bool truer =
        told(before.evidence, after.evidence) && after.evidence >= before.evidence + EVIDENCE_GAIN;
    add(&verdict, "reason",
        "significantly more rows right, or 5% cheaper, 20% faster, or 1 in 100 more evidence", -1,
        -1, better || cheaper || faster || truer);
    *ret_verdict = verdict;
}
