/* Chat completions as OpenAI made them and many serve them: vLLM, llama.cpp, Ollama and others.
 *
 * Source: "Chat completions", "Error codes" and "Rate limits" of OpenAI's API reference. The
 * structured answer is the message's text, held to the schema by response_format. */
#include "llm/provider.h"
#include "schema/json.h"

static void write_path(const struct request_style *style, struct str model, struct buffer *out)
{
    (void)style, (void)model;
    buffer_add(out, STR("/chat/completions"));
}

static void add_format(const struct request_style *style, const struct llm_question *question,
                       struct buffer *out)
{
    if (style->json_object) {
        buffer_add(out, STR(",\"response_format\":{\"type\":\"json_object\"}}"));
        return;
    }
    buffer_add(out,
               STR(",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":"));
    json_write_string(out, question->name);
    if (question->purpose.size) {
        buffer_add(out, STR(",\"description\":"));
        json_write_string(out, question->purpose);
    }
    if (style->strict) buffer_add(out, STR(",\"strict\":true"));
    buffer_add(out, STR(",\"schema\":"));
    buffer_add(out, question->schema);
    buffer_add(out, STR("}}}"));
}

static void write_body(const struct request_style *style, const struct llm_question *question,
                       struct buffer *out)
{
    buffer_add(out, STR("{\"model\":"));
    json_write_string(out, question_model(style, question));
    buffer_add(out, STR(",\"messages\":["));
    if (question->system.size) {
        buffer_add(out, STR("{\"role\":\"system\",\"content\":"));
        request_add_system(style, question, out);
        buffer_add(out, STR("},"));
    }
    buffer_add(out, STR("{\"role\":\"user\",\"content\":"));
    json_write_string(out, question->prompt);
    buffer_printf(out, "}],\"%s\":%u",
                  style->max_completion_tokens ? "max_completion_tokens" : "max_tokens",
                  question->max_tokens);
    request_add_temperature(out, "temperature", question->temperature);
    add_format(style, question, out);
}

static const struct reply_row rows[] = {
    REPLY_ROW("id", STRING, id),
    REPLY_ROW("model", STRING, model),
    REPLY_ROW("choices[].finish_reason", STRING, finish),
    REPLY_ROW("choices[].message.content", STRING, answer_text),
    REPLY_ROW("choices[].message.content[].text", STRING, answer_text),
    REPLY_ROW("choices[].message.refusal", STRING, refusal),
    REPLY_ROW("usage.prompt_tokens", NUMBER, input),
    REPLY_ROW("usage.completion_tokens", NUMBER, output),
    REPLY_ROW("usage.prompt_tokens_details.cached_tokens", NUMBER, cached),
    REPLY_ROW("error.type", STRING, error_type),
    REPLY_ROW("error.code", STRING, error_code),
    REPLY_ROW("error.message", STRING, error_message),
    REPLY_ROW("error", STRING, error_message), /* Ollama, some gateways */
    REPLY_ROW("detail", STRING, error_message),
};

static const struct refusal_row refusals[] = {
    {0, "insufficient_quota", NULL, LLM_SPEND_LIMIT},
    {0, "billing_hard_limit_reached", NULL, LLM_SPEND_LIMIT},
    {0, "credit_balance_exhausted", NULL, LLM_SPEND_LIMIT},
    {0, "organization_spend_limit_exceeded", NULL, LLM_SPEND_LIMIT},
    {0, "project_spend_limit_exceeded", NULL, LLM_SPEND_LIMIT},
    {0, "organization_usage_limit_exceeded", NULL, LLM_SPEND_LIMIT},
    {0, "context_length_exceeded", NULL, LLM_TOO_LARGE},
    {0, "exceed_context_size_error", NULL, LLM_TOO_LARGE}, /* llama.cpp */
    {400, NULL, "maximum context length", LLM_TOO_LARGE},  /* vLLM */
    {0, "model_not_found", NULL, LLM_MODEL_GONE},
    {0, "content_filter", NULL, LLM_REFUSED},
    {0, "content_policy_violation", NULL, LLM_REFUSED},
    {0, "invalid_api_key", NULL, LLM_DENIED},
    {0, "rate_limit_exceeded", NULL, LLM_THROTTLED},
};

const struct provider provider_openai = {
    .write_path = write_path,
    .write_body = write_body,
    .rows = rows, .row_count = sizeof rows / sizeof *rows,
    .refusals = refusals, .refusal_count = sizeof refusals / sizeof *refusals,
};
