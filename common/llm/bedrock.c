/* Amazon Bedrock: the Converse API, the same for all models; and the refusals of both APIs.
 *
 * Source: service model of bedrock-runtime (2023-09-30) in botocore, against which tests/llm checks
 * what is written here. */
#include "aws/sigv4.h"
#include "llm/provider.h"
#include "schema/json.h"

/* The model id is one segment: its colon, and the slash of an ARN, are encoded. */
void bedrock_write_path(const struct request_style *style, struct str model, struct buffer *out)
{
    buffer_add(out, STR("/model/"));
    sigv4_encode(model, false, out);
    buffer_add(out, style->invoke ? STR("/invoke") : STR("/converse"));
}

static void write_body(const struct request_style *style, const struct llm_question *question,
                       struct buffer *out)
{
    buffer_add(out, STR("{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":"));
    json_write_string(out, question->prompt);
    buffer_add(out, STR("}]}]"));
    if (question->system.size) {
        buffer_add(out, STR(",\"system\":[{\"text\":"));
        request_add_system(style, question, out);
        buffer_add(out, STR("}]"));
    }
    buffer_printf(out, ",\"inferenceConfig\":{\"maxTokens\":%u", question->max_tokens);
    request_add_temperature(out, "temperature", question->temperature);
    buffer_add(out, STR("},\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":"));
    json_write_string(out, question->name);
    if (question->purpose.size) {
        buffer_add(out, STR(",\"description\":"));
        json_write_string(out, question->purpose);
    }
    buffer_add(out, STR(",\"inputSchema\":{\"json\":"));
    buffer_add(out, question->schema);
    buffer_add(out, STR("}}}],\"toolChoice\":{\"tool\":{\"name\":"));
    json_write_string(out, question->name);
    buffer_add(out, STR("}}}}"));
}

static const struct reply_row rows[] = {
    REPLY_ROW("stopReason", STRING, finish),
    REPLY_ROW("output.message.content[].toolUse.input", RAW, answer),
    REPLY_ROW("output.message.content[].toolUse.name", STRING, answer_name),
    REPLY_ROW("output.message.content[].text", STRING, text),
    REPLY_ROW("usage.inputTokens", NUMBER, input),
    REPLY_ROW("usage.outputTokens", NUMBER, output),
    REPLY_ROW("usage.cacheReadInputTokens", NUMBER, cached),
    REPLY_ROW("usage.cacheWriteInputTokens", NUMBER, cache_written),
    REPLY_ROW("__type", STRING, error_type),
    REPLY_ROW("message", STRING, error_message),
    REPLY_ROW("Message", STRING, error_message),
};

/* A ValidationException is mostly about the model: unknown, at its end of life, not for this region
 * or not without a profile. */
const struct refusal_row bedrock_refusals[BEDROCK_REFUSALS] = {
    {0, "ThrottlingException", NULL, LLM_THROTTLED},
    {0, "TooManyRequestsException", NULL, LLM_THROTTLED},
    {0, "ServiceQuotaExceededException", NULL, LLM_THROTTLED},
    {0, "ModelNotReadyException", NULL, LLM_OVERLOADED},
    {0, "ServiceUnavailableException", NULL, LLM_OVERLOADED},
    {0, "ModelTimeoutException", NULL, LLM_TIMED_OUT},
    {0, "ModelErrorException", NULL, LLM_SERVER_ERROR},
    {0, "InternalServerException", NULL, LLM_SERVER_ERROR},
    {0, "ValidationException", "too long", LLM_TOO_LARGE},
    {0, "ValidationException", "too many tokens", LLM_TOO_LARGE},
    {0, "ValidationException", "input token", LLM_TOO_LARGE},
    {0, "ValidationException", "malformed input request", LLM_BAD_REQUEST},
    {0, "ValidationException", "the model returned the following errors", LLM_BAD_REQUEST},
    {0, "ValidationException", NULL, LLM_MODEL_GONE},
    {0, "ResourceNotFoundException", NULL, LLM_MODEL_GONE},
    {0, "AccessDeniedException", NULL, LLM_DENIED},
    {0, "UnrecognizedClientException", NULL, LLM_DENIED},
    {0, "InvalidSignatureException", NULL, LLM_DENIED},
    {0, "IncompleteSignatureException", NULL, LLM_DENIED},
    {0, "MissingAuthenticationTokenException", NULL, LLM_DENIED},
    {0, "InvalidClientTokenId", NULL, LLM_DENIED},
    {0, "ExpiredTokenException", NULL, LLM_DENIED},
    {0, "ExpiredToken", NULL, LLM_DENIED},
    {0, "RequestExpired", NULL, LLM_DENIED},
    {0, "NotAuthorized", NULL, LLM_DENIED},
};

const struct provider provider_bedrock_converse = {
    .write_path = bedrock_write_path,
    .write_body = write_body,
    .rows = rows, .row_count = sizeof rows / sizeof *rows,
    .refusals = bedrock_refusals, .refusal_count = BEDROCK_REFUSALS,
    .input_leaves_out_cache = true,
    .signs = true,
};
