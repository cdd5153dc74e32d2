/* Counting what contenders say, and the figures that follow. */
#include "ops/evaluate/contest.h"

#include <math.h>
#include <stdlib.h>

enum { RIGHT_SHIFT = 4 };

/* --- a contender ------------------------------------------------------------------------------ */

static struct evaluation *make_evaluation(const struct evaluation_task *task)
{
    struct evaluation *evaluation = calloc(1, sizeof *evaluation);
    if (!evaluation) return NULL;
    evaluation->task = task;
    task->start(evaluation);
    return evaluation;
}

int contender_init(struct contender *contender, const struct evaluation_task *task,
                   uint64_t row_count, struct err *err)
{
    contender->row_count = row_count;
    contender->labels = make_evaluation(task);
    contender->rows = calloc(row_count + 1, sizeof *contender->rows);
    contender->latencies_us = calloc(row_count + 1, sizeof *contender->latencies_us);
    if (contender->labels && contender->rows && contender->latencies_us) return E_OK;
    contender_deinit(contender);
    return err_set(err, E_NO_MEMORY, NULL);
}

void contender_deinit(struct contender *contender)
{
    free(contender->labels);
    free(contender->rows);
    free(contender->latencies_us);
    *contender = (struct contender){0};
}

/* --- a row ------------------------------------------------------------------------------------ */

static bool was_judged(const struct evaluation *one, const struct scores *scores)
{
    if (!scores->name || one->unlabelled) return false;
    return one->task->single ? scores->rows > 0 : true;
}

static bool all_right(const struct scores *scores)
{
    for (uint32_t i = 0; i < scores->class_count; i++) {
        const struct class_count *class = &scores->classes[i];
        if (class->truth != class->right || class->said != class->right) return false;
    }
    return true;
}

/* One row alone, for whether it is right by each of the scores. */
static int judge_alone(const struct evaluation_task *task, const struct example *example,
                       const struct verdict *verdict, struct arena *arena, uint8_t *ret_bits,
                       struct err *err)
{
    struct evaluation *one = make_evaluation(task);
    if (!one) return err_set(err, E_NO_MEMORY, NULL);
    uint8_t bits = 0;
    one->rows = 1;
    int rc = task->judge(one, example, verdict, arena, err);
    for (uint32_t i = 0; rc == E_OK && i < EVALUATION_SCORES; i++) {
        if (!was_judged(one, &one->scores[i])) continue;
        bits |= (uint8_t)(1u << i);
        if (all_right(&one->scores[i])) bits |= (uint8_t)(1u << (i + RIGHT_SHIFT));
    }
    free(one);
    if (rc == E_OK) *ret_bits = bits;
    return rc;
}

static void count_claims(struct contender *contender, const struct insight *insight)
{
    uint64_t kept = (uint64_t)insight->sentiment.evidence.count + insight->needs.count +
                    insight->mentions.count + insight->aspects.count +
                    insight->recommendations.count + insight->signals.count;
    uint32_t dropped = shape_has(insight, insight, dropped_claims) ? insight->dropped_claims : 0;
    contender->claims += kept + dropped;
    contender->dropped += dropped;
    contender->with_dropped += dropped > 0;
}

static int compare_with_local(struct contender *contender, const struct example *example,
                              struct str local, const struct verdict *verdict, struct arena *arena,
                              struct err *err)
{
    const struct evaluation_task *task = contender->labels->task;
    struct example as_local = *example;
    uint8_t bits = 0;
    if (local.size == 0) return E_OK;
    as_local.label = local;
    int rc = judge_alone(task, &as_local, verdict, arena, &bits, err);
    contender->compared += bits >> task->finest & 1;
    contender->agreeing += bits >> (task->finest + RIGHT_SHIFT) & 1;
    return rc;
}

int contender_take(struct contender *contender, uint64_t row, const struct example *example,
                   struct str local, const struct verdict *verdict, struct arena *arena,
                   struct err *err)
{
    uint8_t bits = 0;
    contender->asked++;
    if (!verdict) return E_OK;
    int rc = judge_alone(contender->labels->task, example, verdict, arena, &bits, err);
    if (rc == E_OK)
        rc = contender->labels->task->judge(contender->labels, example, verdict, arena, err);
    if (rc == E_OK) rc = compare_with_local(contender, example, local, verdict, arena, err);
    if (rc) {
        contender->asked--;
        return rc;
    }
    const struct insight *insight = &verdict->insight;
    contender->labels->rows++;
    contender->rows[row] = bits;
    contender->answered++;
    contender->cached += shape_has(insight, insight, cached) && insight->cached;
    count_claims(contender, insight);
    if (shape_has(insight, insight, latency_us))
        contender->latencies_us[contender->latency_count++] = insight->latency_us;
    return E_OK;
}

static int by_size(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void contender_finish(struct contender *contender)
{
    qsort(contender->latencies_us, contender->latency_count, sizeof *contender->latencies_us,
          by_size);
}

/* --- figures ---------------------------------------------------------------------------------- */

uint32_t contest_quantile(const uint32_t *ascending, uint64_t count, double share)
{
    if (count == 0) return 0;
    double rank = ceil(share * (double)count);
    uint64_t at = rank < 1 ? 1 : (uint64_t)rank;
    return ascending[(at < count ? at : count) - 1];
}

static double share_of(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : -1;
}

struct contest_figures contender_figures(const struct contender *contender, uint32_t main_scores)
{
    const struct scores *scores = &contender->labels->scores[main_scores];
    const struct contest_bill *bill = &contender->bill;
    bool remote = contender->model != NULL;
    struct contest_figures figures = {
        .answered = share_of(contender->answered, contender->asked),
        .same_as_local = remote ? share_of(contender->agreeing, contender->compared) : -1,
        .evidence = share_of(contender->claims - contender->dropped, contender->claims),
        .with_dropped = share_of(contender->with_dropped, contender->answered),
        .repaired = remote ? share_of(bill->repairs, contender->asked) : -1,
        .input_tokens = remote ? share_of(bill->input_tokens, contender->asked) : -1,
        .output_tokens = remote ? share_of(bill->output_tokens, contender->asked) : -1,
        .cost_usd =
            remote && bill->priced ? share_of(bill->paid_micros, contender->asked) * 1e-6 : -1,
        .median_ms = -1,
        .p95_ms = -1,
        .danger_found = -1,
    };
    for (uint64_t i = 0; i < contender->row_count; i++) {
        figures.judged += contender->rows[i] >> main_scores & 1;
        figures.right += contender->rows[i] >> (main_scores + RIGHT_SHIFT) & 1;
    }
    figures.accuracy = share_of(figures.right, figures.judged);
    figures.macro_f1 = figures.judged ? scores_macro_f1(scores) : -1;
    if (contender->labels->safety.positive)
        figures.danger_found = class_recall(&scores->classes[ENUM_safety_state_positive]);
    if (contender->latency_count) {
        figures.median_ms =
            contest_quantile(contender->latencies_us, contender->latency_count, 0.5) * 1e-3;
        figures.p95_ms =
            contest_quantile(contender->latencies_us, contender->latency_count, 0.95) * 1e-3;
    }
    return figures;
}

uint32_t contest_main_scores(const struct contest *contest)
{
    if (!contest->task->main_scores) return contest->task->finest;
    return contest->task->main_scores(contest->contenders[0].labels);
}
