/* The seam where money comes in: see account.h. */
#include "workers/genai/account.h"

int account_open(struct worker_context *context, struct account **ret_account, struct err *err)
{
    (void)context, (void)err;
    *ret_account = NULL;
    return E_OK;
}

void account_close(struct account *account) { (void)account; }

enum account_known account_recall(struct account *account, const struct account_question *question, struct arena *arena,
                                  int64_t now_ms, struct str *ret_raw, int64_t *ret_again_ms)
{
    (void)account, (void)question, (void)arena, (void)now_ms, (void)ret_raw, (void)ret_again_ms;
    return ACCOUNT_UNKNOWN;
}

enum account_verdict account_reserve(struct account *account, struct account_call *call, int64_t now_ms, int64_t *ret_again_ms)
{
    (void)account, (void)call, (void)now_ms, (void)ret_again_ms;
    return ACCOUNT_GO;
}

double account_settle(struct account *account, struct account_call *call, const struct llm_result *result)
{
    (void)account, (void)call, (void)result;
    return -1;
}

void account_keep(struct account *account, const struct account_question *question, struct str raw,
                  const struct llm_result *result, double cost_usd)
{
    (void)account, (void)question, (void)raw, (void)result, (void)cost_usd;
}
