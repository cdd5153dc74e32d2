/* Two sums and a table of tenants, begun anew each day.
 *
 * Reservations outlive midnight: what they end in belongs to the day in which they end. A clock
 * that is set back doesn't begin a day again. */
#include "spend/budget.h"

#include <stdlib.h>

#include "base/hash.h"

enum { SLOTS = BUDGET_TENANTS_MAX * 2, DAY_MS = 86400000 };

struct purse {
    bool used;
    uint8_t name_size;
    char name[BUDGET_TENANT_BYTES];
    uint64_t spent, reserved;
};

struct budget {
    struct budget_limits limits;
    const struct clock *clock;
    int64_t day;
    struct purse all, others; /* others: of tenants that the table had no room for */
    struct purse *purses, *spare;
    uint32_t count;
};

static int64_t day_of(int64_t wall_ms) { return wall_ms / DAY_MS - (wall_ms % DAY_MS < 0); }

int budget_create(const struct budget_limits *limits, const struct clock *clock,
                  struct budget **ret_budget, struct err *err)
{
    struct budget *budget = calloc(1, sizeof *budget);
    if (budget) budget->purses = calloc(SLOTS, sizeof *budget->purses);
    if (budget) budget->spare = calloc(SLOTS, sizeof *budget->spare);
    if (!budget || !budget->purses || !budget->spare) {
        budget_destroy(budget);
        return err_set(err, E_NO_MEMORY, NULL);
    }
    budget->limits = *limits;
    budget->clock = clock;
    budget->day = day_of(clock_wall_ms(clock));
    *ret_budget = budget;
    return E_OK;
}

void budget_destroy(struct budget *budget)
{
    if (!budget) return;
    free(budget->purses);
    free(budget->spare);
    free(budget);
}

/* --- purses ---------------------------------------------------------------------------------- */

/* The tenant's slot, or the free one where it would be. */
static struct purse *slot_of(struct purse *purses, struct str tenant)
{
    for (uint32_t at = (uint32_t)hash_fast(tenant, 0);; at++) {
        struct purse *purse = &purses[at % SLOTS];
        if (!purse->used || str_equal(str_make(purse->name, purse->name_size), tenant))
            return purse;
    }
}

static struct purse *purse_of(struct budget *budget, struct str tenant)
{
    tenant = str_slice(tenant, 0, BUDGET_TENANT_BYTES);
    struct purse *purse = slot_of(budget->purses, tenant);
    if (purse->used) return purse;
    if (budget->count == BUDGET_TENANTS_MAX) return &budget->others;
    *purse = (struct purse){.used = true, .name_size = (uint8_t)tenant.size};
    if (tenant.size) memcpy(purse->name, tenant.data, tenant.size);
    budget->count++;
    return purse;
}

/* Only tenants with something under way are carried over. */
static void begin_day(struct budget *budget, int64_t day)
{
    struct purse *former = budget->purses;
    budget->purses = budget->spare;
    budget->spare = former;
    memset(budget->purses, 0, SLOTS * sizeof *budget->purses);
    budget->count = 0;
    for (uint32_t i = 0; i < SLOTS; i++)
        if (former[i].used && former[i].reserved)
            purse_of(budget, str_make(former[i].name, former[i].name_size))->reserved =
                former[i].reserved;
    budget->all.spent = 0;
    budget->others = (struct purse){0}; /* who was in it may have a purse of its own now */
    budget->day = day;
}

static void look_at_clock(struct budget *budget)
{
    int64_t day = day_of(clock_wall_ms(budget->clock));
    if (day > budget->day) begin_day(budget, day);
}

static bool has_room(const struct purse *purse, uint64_t limit, uint64_t micros)
{
    return !limit || money_add(money_add(purse->spent, purse->reserved), micros) <= limit;
}

static void pay(struct budget *budget, struct purse *purse, uint64_t reserved, uint64_t paid)
{
    struct purse *const both[] = {&budget->all, purse};
    for (int i = 0; i < 2; i++) {
        both[i]->reserved = money_less(both[i]->reserved, reserved);
        both[i]->spent = money_add(both[i]->spent, paid);
    }
}

/* --- calls ----------------------------------------------------------------------------------- */

enum budget_verdict budget_reserve(struct budget *budget, struct str tenant, uint64_t most_micros)
{
    look_at_clock(budget);
    struct purse *purse = purse_of(budget, tenant);
    if (!has_room(&budget->all, budget->limits.day_micros, most_micros)) return BUDGET_DAY_SPENT;
    if (!has_room(purse, budget->limits.tenant_micros, most_micros)) return BUDGET_TENANT_SPENT;
    budget->all.reserved = money_add(budget->all.reserved, most_micros);
    purse->reserved = money_add(purse->reserved, most_micros);
    return BUDGET_GRANTED;
}

void budget_settle(struct budget *budget, struct str tenant, uint64_t reserved_micros,
                   uint64_t paid_micros)
{
    look_at_clock(budget);
    pay(budget, purse_of(budget, tenant), reserved_micros, paid_micros);
}

void budget_note(struct budget *budget, struct str tenant, int64_t at_ms, uint64_t paid_micros)
{
    look_at_clock(budget);
    if (day_of(at_ms) != budget->day) return;
    pay(budget, purse_of(budget, tenant), 0, paid_micros);
}

static struct budget_state state_of(const struct purse *purse)
{
    return (struct budget_state){purse->spent, purse->reserved};
}

struct budget_state budget_state(struct budget *budget)
{
    look_at_clock(budget);
    return state_of(&budget->all);
}

struct budget_state budget_tenant_state(struct budget *budget, struct str tenant)
{
    look_at_clock(budget);
    return state_of(purse_of(budget, tenant));
}
