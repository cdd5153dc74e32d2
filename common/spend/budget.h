/* What may still be spent today: in all, and by each tenant. Days are UTC's.
 *
 * Before a call leaves, the most that it can cost is reserved; when its answer has come, what it
 * did cost is settled. What is spent and what is reserved never exceed the limit together, so no
 * bill does, whatever the calls that are under way will cost. What was spent before this process,
 * or by other replicas, is told by budget_note(). One thread. */
#ifndef VERBATIM_SPEND_BUDGET_H
#define VERBATIM_SPEND_BUDGET_H

#include "base/clock.h"
#include "spend/money.h"

/* Of one day; 0: no limit. */
struct budget_limits {
    uint64_t day_micros, tenant_micros;
};

enum budget_verdict { BUDGET_GRANTED, BUDGET_DAY_SPENT, BUDGET_TENANT_SPENT };

/* More tenants than this in one day share the last one's purse: bounded, and on the safe side. */
enum { BUDGET_TENANTS_MAX = 4096, BUDGET_TENANT_BYTES = 64 };

struct budget;

/* NO_MEMORY. The clock outlives it. */
int budget_create(const struct budget_limits *limits, const struct clock *clock,
                  struct budget **ret_budget, struct err *err) CHECKED;
void budget_destroy(struct budget *budget); /* NULL is ignored */

/* Records without a tenant (an empty name) are a tenant too. */
enum budget_verdict budget_reserve(struct budget *budget, struct str tenant, uint64_t most_micros);
/* Ends a reservation of so much; `paid_micros` may be 0, and more than was reserved. */
void budget_settle(struct budget *budget, struct str tenant, uint64_t reserved_micros,
                   uint64_t paid_micros);
/* Paid by somebody else, or before; of another day than today: ignored. */
void budget_note(struct budget *budget, struct str tenant, int64_t at_ms, uint64_t paid_micros);

struct budget_state {
    uint64_t spent_micros, reserved_micros; /* spent: today, in UTC */
};
struct budget_state budget_state(struct budget *budget);
struct budget_state budget_tenant_state(struct budget *budget, struct str tenant);

#endif
