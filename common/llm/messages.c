/* Anthropic's Messages API: its own service, and the body of Bedrock's InvokeModel.
 *
 * Source: "Messages", "Errors" and "Rate limits" of Anthropic's API reference. The structured
 * answer is the input of a tool that the model is made to use: every Claude has that. */
#include "llm/provider.h"
#include "schema/json.h"

void request_add_temperature(struct buffer *out, const char *name, double temperature)
{
    if (!(temperature >= 0)) return;
    buffer_printf(out, ",\"%s\":", name);
    json_write_number(out, temperature);
}

void request_add_system(const struct request_style *style, const struct llm_question *question,
                        struct buffer *out)
{
    struct kept_json *kept = style->system;
    if (!kept) {
        json_write_string(out, question->system);
        return;
    }
    bool same = question->form && question->form == kept->form;
    if (!same && !str_equal(buffer_str(&kept->text), question->system)) {
        buffer_clear(&kept->text);
        buffer_clear(&kept->json);
        json_write_string(&kept->json, question->system);
        if (!kept->json.failed) buffer_add(&kept->text, question->system);
    }
    kept->form = kept->json.failed || kept->text.failed ? 0 : question->form;
    buffer_add(out, buffer_str(&kept->json));
    out->failed |= kept->json.failed || kept->text.failed;
}

/* From max_tokens on: what Anthropic's own API and InvokeModel have in common. */
static void write_rest(const struct request_style *style, const struct llm_question *question,
                       struct buffer *out)
{
    buffer_printf(out, "\"max_tokens\":%u", question->max_tokens);
    request_add_temperature(out, "temperature", question->temperature);
    if (question->system.size) {
        buffer_add(out, STR(",\"system\":"));
        request_add_system(style, question, out);
    }
    buffer_add(out,
               STR(",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"));
    json_write_string(out, question->prompt);
    buffer_add(out, STR("}]}],\"tools\":[{\"name\":"));
    json_write_string(out, question->name);
    if (question->purpose.size) {
        buffer_add(out, STR(",\"description\":"));
        json_write_string(out, question->purpose);
    }
    buffer_add(out, STR(",\"input_schema\":"));
    buffer_add(out, question->schema);
    buffer_add(out, STR("}],\"tool_choice\":{\"type\":\"tool\",\"name\":"));
    json_write_string(out, question->name);
    buffer_add(out, STR("}}"));
}

static void write_path(const struct request_style *style, struct str model, struct buffer *out)
{
    (void)style, (void)model;
    buffer_add(out, STR("/v1/messages"));
}

static void write_body(const struct request_style *style, const struct llm_question *question,
                       struct buffer *out)
{
    buffer_add(out, STR("{\"model\":"));
    json_write_string(out, question_model(style, question));
    buffer_add_char(out, ',');
    write_rest(style, question, out);
}

static void write_invoke_body(const struct request_style *style,
                              const struct llm_question *question, struct buffer *out)
{
    buffer_add(out, STR("{\"anthropic_version\":\"bedrock-2023-05-31\","));
    write_rest(style, question, out);
}

static const struct reply_row rows[] = {
    REPLY_ROW("id", STRING, id),
    REPLY_ROW("model", STRING, model),
    REPLY_ROW("stop_reason", STRING, finish),
    REPLY_ROW("content[].input", RAW, answer),
    REPLY_ROW("content[].name", STRING, answer_name),
    REPLY_ROW("content[].text", STRING, text),
    REPLY_ROW("usage.input_tokens", NUMBER, input),
    REPLY_ROW("usage.output_tokens", NUMBER, output),
    REPLY_ROW("usage.cache_read_input_tokens", NUMBER, cached),
    REPLY_ROW("usage.cache_creation_input_tokens", NUMBER, cache_written),
    REPLY_ROW("error.type", STRING, error_type),
    REPLY_ROW("error.details.error_code", STRING, error_code),
    REPLY_ROW("error.message", STRING, error_message),
    REPLY_ROW("request_id", STRING, id),
    REPLY_ROW("__type", STRING, error_type), /* InvokeModel's errors are Bedrock's */
    REPLY_ROW("message", STRING, error_message),
};

static const struct refusal_row refusals[] = {
    {0, "enforced_spend_limit_reached", NULL, LLM_SPEND_LIMIT},
    {0, "billing_error", NULL, LLM_SPEND_LIMIT},
    {429, NULL, "API usage limits", LLM_SPEND_LIMIT},
    {400, NULL, "API usage limits", LLM_SPEND_LIMIT},
    {400, NULL, "credit balance is too low", LLM_SPEND_LIMIT},
    {400, NULL, "prompt is too long", LLM_TOO_LARGE},
    {400, NULL, "exceed context limit", LLM_TOO_LARGE},
    {0, "request_too_large", NULL, LLM_TOO_LARGE},
    {0, "not_found_error", NULL, LLM_MODEL_GONE},
    {0, "authentication_error", NULL, LLM_DENIED},
    {0, "permission_error", NULL, LLM_DENIED},
    {0, "rate_limit_error", NULL, LLM_THROTTLED},
    {0, "overloaded_error", NULL, LLM_OVERLOADED},
    {0, "timeout_error", NULL, LLM_TIMED_OUT},
};

const struct provider provider_anthropic = {
    .write_path = write_path,
    .write_body = write_body,
    .rows = rows, .row_count = sizeof rows / sizeof *rows,
    .refusals = refusals, .refusal_count = sizeof refusals / sizeof *refusals,
    .input_leaves_out_cache = true,
};

const struct provider provider_bedrock_invoke = {
    .write_path = bedrock_write_path,
    .write_body = write_invoke_body,
    .rows = rows, .row_count = sizeof rows / sizeof *rows,
    .refusals = bedrock_refusals, .refusal_count = BEDROCK_REFUSALS,
    .input_leaves_out_cache = true,
    .signs = true,
};
