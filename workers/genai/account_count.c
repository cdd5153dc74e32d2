/* Counting, and the metrics of money. */
#include "workers/genai/account_count.h"

#include <string.h>

void account_count_paid(struct account_counts *counts, const char *provider, uint64_t micros)
{
    counts->paid_micros = money_add(counts->paid_micros, micros);
    for (int i = 0; i < ACCOUNT_PROVIDERS_MAX; i++) {
        if (counts->paid[i].provider && strcmp(counts->paid[i].provider, provider) != 0) continue;
        counts->paid[i].provider = provider;
        counts->paid[i].micros = money_add(counts->paid[i].micros, micros);
        return;
    }
}

void account_count_bought(struct account_counts *counts) { counts->bought++; }

void account_count_known(struct account_counts *counts, bool shared, uint64_t saved_micros)
{
    if (shared) counts->shared++;
    else counts->known++;
    counts->saved_micros = money_add(counts->saved_micros, saved_micros);
}

void account_count_refused(struct account_counts *counts, enum budget_verdict verdict)
{
    if (verdict == BUDGET_DAY_SPENT) counts->refused_day++;
    if (verdict == BUDGET_TENANT_SPENT) counts->refused_tenant++;
}

/* What the backlog will cost, if it is like what was answered so far; known and shared
 * answers included. */
static uint64_t backlog_micros(const struct account_counts *counts, uint64_t records)
{
    uint64_t answered = counts->bought + counts->known + counts->shared;
    if (!answered || !records) return 0;
    uint64_t nanos = counts->paid_micros < UINT64_MAX / 1000
                         ? counts->paid_micros * 1000 / answered
                         : counts->paid_micros / answered * 1000;
    return nanos && records > UINT64_MAX / nanos ? UINT64_MAX : records * nanos / 1000;
}

static double dollars(uint64_t micros) { return (double)micros / 1e6; }

void account_count_write(const struct account_counts *counts, const struct budget_state *today,
                         const struct budget_limits *limits, uint64_t backlog_records,
                         struct metrics_writer *writer)
{
    for (int i = 0; i < ACCOUNT_PROVIDERS_MAX && counts->paid[i].provider; i++)
        metrics_sample(writer, METRIC_SPEND, "provider", counts->paid[i].provider,
                       dollars(counts->paid[i].micros));
    metrics_sample(writer, METRIC_SPEND_SAVED, NULL, NULL, dollars(counts->saved_micros));
    metrics_sample(writer, METRIC_SPEND_BACKLOG, NULL, NULL,
                   dollars(backlog_micros(counts, backlog_records)));
    metrics_sample(writer, METRIC_SPEND_TODAY, NULL, NULL, dollars(today->spent_micros));
    metrics_sample(writer, METRIC_SPEND_RESERVED, NULL, NULL, dollars(today->reserved_micros));
    if (limits->day_micros)
        metrics_sample(writer, METRIC_BUDGET, NULL, NULL, dollars(limits->day_micros));
    metrics_sample(writer, METRIC_BUDGET_REFUSED, "limit", "day", (double)counts->refused_day);
    metrics_sample(writer, METRIC_BUDGET_REFUSED, "limit", "tenant",
                   (double)counts->refused_tenant);
    metrics_sample(writer, METRIC_ANSWERS, "result", "bought", (double)counts->bought);
    metrics_sample(writer, METRIC_ANSWERS, "result", "known", (double)counts->known);
    metrics_sample(writer, METRIC_ANSWERS, "result", "shared", (double)counts->shared);
}
