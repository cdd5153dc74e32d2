/* What the account counts, as metrics: dollars there, whole micro-dollars here. */
#ifndef VERBATIM_WORKERS_GENAI_ACCOUNT_COUNT_H
#define VERBATIM_WORKERS_GENAI_ACCOUNT_COUNT_H

#include "observe/metrics.h"
#include "spend/budget.h"

enum { ACCOUNT_PROVIDERS_MAX = 4 };

struct account_counts {
    struct { const char *provider; uint64_t micros; } paid[ACCOUNT_PROVIDERS_MAX];
    uint64_t bought, known, shared;        /* records */
    uint64_t paid_micros, saved_micros;
    uint64_t refused_day, refused_tenant;
};

/* `provider` lives for ever. */
void account_count_paid(struct account_counts *counts, const char *provider, uint64_t micros);
void account_count_bought(struct account_counts *counts);
void account_count_known(struct account_counts *counts, bool shared, uint64_t saved_micros);
void account_count_refused(struct account_counts *counts, enum budget_verdict verdict);

void account_count_write(const struct account_counts *counts, const struct budget_state *today,
                         const struct budget_limits *limits, uint64_t backlog_records,
                         struct metrics_writer *writer);

#endif
