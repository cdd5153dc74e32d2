/* What a refusal means: the provider's own rows first, then what the HTTP status says to all. */
#include "llm/reply.h"

static const struct refusal_row by_status[] = {
    {401, NULL, NULL, LLM_DENIED},       {402, NULL, NULL, LLM_SPEND_LIMIT},
    {403, NULL, NULL, LLM_DENIED},       {404, NULL, NULL, LLM_MODEL_GONE},
    {408, NULL, NULL, LLM_TIMED_OUT},    {409, NULL, NULL, LLM_SERVER_ERROR},
    {410, NULL, NULL, LLM_MODEL_GONE},   {413, NULL, NULL, LLM_TOO_LARGE},
    {424, NULL, NULL, LLM_SERVER_ERROR}, {425, NULL, NULL, LLM_OVERLOADED},
    {429, NULL, NULL, LLM_THROTTLED},    {503, NULL, NULL, LLM_OVERLOADED},
    {504, NULL, NULL, LLM_TIMED_OUT},    {529, NULL, NULL, LLM_OVERLOADED},
};

static bool says(struct str message, const char *part)
{
    size_t size = strlen(part);
    for (size_t i = 0; i + size <= message.size; i++)
        if (str_equal_ignoring_case(str_slice(message, i, i + size), str_make(part, size)))
            return true;
    return false;
}

static bool fits(const struct refusal_row *row, int status, const char *type,
                 const struct reply *reply)
{
    if (row->status && row->status != status) return false;
    if (row->code) {
        struct str code = str_of(row->code);
        if (!str_equal(str_of(type), code) && !str_equal(reply->error_type, code) &&
            !str_equal(reply->error_code, code))
            return false;
    }
    return !row->says || says(reply->error_message, row->says);
}

enum llm_why refusal_why(const struct refusal_row *rows, size_t count, int status, const char *type,
                         const struct reply *reply)
{
    for (size_t i = 0; i < count; i++)
        if (fits(&rows[i], status, type, reply)) return rows[i].why;
    for (size_t i = 0; i < sizeof by_status / sizeof *by_status; i++)
        if (by_status[i].status == status) return by_status[i].why;
    return status < 500 ? LLM_BAD_REQUEST : LLM_SERVER_ERROR;
}

enum llm_why finish_why(struct str finish)
{
    static const struct { const char *word; enum llm_why why; } words[] = {
        {"max_tokens", LLM_TRUNCATED},
        {"length", LLM_TRUNCATED},
        {"model_context_window_exceeded", LLM_TRUNCATED},
        {"refusal", LLM_REFUSED},
        {"content_filter", LLM_REFUSED},
        {"content_filtered", LLM_REFUSED},
        {"guardrail_intervened", LLM_REFUSED},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_equal(finish, str_of(words[i].word))) return words[i].why;
    return LLM_ANSWERED;
}
