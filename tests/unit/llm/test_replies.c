/* What each provider's reply is taken for: answers, cut and refused ones, rubbish, and refusals. */
#include "llm/provider.h"
#include "test.h"

enum { KNOWN = 1, MAYBE_PAID = 2 };

#define CONVERSE(content, stop) "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[" content "]}},\"stopReason\":\"" stop "\"," \
    "\"usage\":{\"inputTokens\":30,\"outputTokens\":7,\"totalTokens\":37},\"metrics\":{\"latencyMs\":5}}"
#define TOOL_USE "{\"toolUse\":{\"toolUseId\":\"t\",\"name\":\"n\",\"input\":{\"a\":[1]}}}"
#define CLAUDE(content, stop)                                                                    \
    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\","      \
    "\"content\":[" content "],"                                                                 \
    "\"stop_reason\":\"" stop "\",\"usage\":{\"input_tokens\":10,"                               \
                              "\"cache_creation_input_tokens\":5,\"cache_read_input_tokens\":3," \
                              "\"output_tokens\":2}}"
#define GPT(content, stop)                                                                     \
    "{\"id\":\"c-1\",\"model\":\"gpt-x\",\"choices\":[{\"index\":0,"                           \
    "\"message\":{\"role\":\"assistant\",\"content\":" content "},"                            \
    "\"finish_reason\":\"" stop "\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4," \
                                "\"prompt_tokens_details\":{\"cached_tokens\":8}}}"

static const struct {
    const char *why;
    const struct provider *provider;
    int status;
    const char *body;
    enum llm_why result;
    const char *json;
    int flags;
    uint32_t input, cached, output;
} cases[] = {
    {"Converse: the tool's input", &provider_bedrock_converse, 200, CONVERSE(TOOL_USE, "tool_use"),
     LLM_ANSWERED, "{\"a\":[1]}", KNOWN, 30, 0, 7},
    {"Converse: text before it", &provider_bedrock_converse, 200,
     CONVERSE("{\"text\":\"So:\"}," TOOL_USE, "tool_use"), LLM_ANSWERED, "{\"a\":[1]}", KNOWN, 30,
     0, 7},
    {"Converse: a tool that nobody offered", &provider_bedrock_converse, 200,
     CONVERSE("{\"toolUse\":{\"name\":\"rm\",\"input\":{}}}", "tool_use"), LLM_BAD_ANSWER, "",
     KNOWN, 30, 0, 7},
    {"Converse: only text, kept for a repair", &provider_bedrock_converse, 200,
     CONVERSE("{\"text\":\"So \\u00fc\"}", "end_turn"), LLM_BAD_ANSWER, "So \xC3\xBC", KNOWN, 30, 0,
     7},
    {"Converse: cut off, with half an input", &provider_bedrock_converse, 200,
     CONVERSE(TOOL_USE, "max_tokens"), LLM_TRUNCATED, "", KNOWN, 30, 0, 7},
    {"Converse: a guardrail", &provider_bedrock_converse, 200,
     CONVERSE("{\"text\":\"no\"}", "guardrail_intervened"), LLM_REFUSED, "", KNOWN, 30, 0, 7},
    {"Converse: a tool use that the model botched", &provider_bedrock_converse, 200,
     CONVERSE("", "malformed_tool_use"), LLM_BAD_ANSWER, "", KNOWN, 30, 0, 7},
    {"Converse: an input that is no object", &provider_bedrock_converse, 200,
     CONVERSE("{\"toolUse\":{\"input\":[1]}}", "tool_use"), LLM_BAD_ANSWER, "", KNOWN, 30, 0, 7},
    {"Converse: tokens of the cache are counted in", &provider_bedrock_converse, 200,
     "{\"output\":{\"message\":{\"content\":["
     TOOL_USE "]}},\"stopReason\":\"tool_use\",\"usage\":{\"inputTokens\":1,\"outputTokens\":2,"
              "\"cacheReadInputTokens\":30,\"cacheWriteInputTokens\":400}}", LLM_ANSWERED,
              "{\"a\":[1]}", KNOWN, 431, 30, 2},
    {"Converse: an answer without usage", &provider_bedrock_converse, 200,
     "{\"output\":{\"message\":{\"content\":[" TOOL_USE "]}}}", LLM_ANSWERED, "{\"a\":[1]}",
     MAYBE_PAID, 0, 0, 0},
    {"Converse: negative usage is none", &provider_bedrock_converse, 200,
     "{\"usage\":{\"inputTokens\":-1,\"outputTokens\":2}}", LLM_BAD_ANSWER, "", MAYBE_PAID, 0, 0,
     0},
    {"Converse: a name with a dot is no path", &provider_bedrock_converse, 200,
     "{\"usage.inputTokens\":1,\"usage.outputTokens\":1,\"output.message\":{}}", LLM_BAD_ANSWER, "",
     MAYBE_PAID, 0, 0, 0},
    {"an empty reply", &provider_bedrock_converse, 200, "", LLM_BAD_ANSWER, "", MAYBE_PAID, 0, 0,
     0},
    {"half a reply", &provider_bedrock_converse, 200, "{\"output\":{\"mess", LLM_BAD_ANSWER, "",
     MAYBE_PAID, 0, 0, 0},
    {"a reply with more behind it", &provider_bedrock_converse, 200, "{} {}", LLM_BAD_ANSWER, "",
     MAYBE_PAID, 0, 0, 0},
    {"a page of a proxy's", &provider_bedrock_converse, 200, "<html>login</html>", LLM_BAD_ANSWER,
     "", MAYBE_PAID, 0, 0, 0},
    {"not UTF-8", &provider_bedrock_converse, 200, "{\"a\":\"\xff\"}", LLM_BAD_ANSWER, "",
     MAYBE_PAID, 0, 0, 0},
    {"null", &provider_bedrock_converse, 200, "null", LLM_BAD_ANSWER, "", MAYBE_PAID, 0, 0, 0},

    {"Claude: the tool's input, cache counted in", &provider_anthropic, 200,
     CLAUDE("{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":{\"b\":1}}", "tool_use"),
     LLM_ANSWERED, "{\"b\":1}", KNOWN, 18, 3, 2},
    {"Claude: thought first", &provider_anthropic, 200,
     CLAUDE("{\"type\":\"thinking\",\"thinking\":\"hm\"},{\"type\":\"tool_use\",\"input\":{}}",
            "tool_use"), LLM_ANSWERED, "{}", KNOWN, 18, 3, 2},
    {"Claude: a tool that nobody offered", &provider_anthropic, 200,
     CLAUDE("{\"type\":\"tool_use\",\"name\":\"rm\",\"input\":{}}", "tool_use"), LLM_BAD_ANSWER, "",
     KNOWN, 18, 3, 2},
    {"Claude: cut off", &provider_anthropic, 200,
     CLAUDE("{\"type\":\"tool_use\",\"input\":{}}", "max_tokens"), LLM_TRUNCATED, "", KNOWN, 18, 3,
     2},
    {"Claude: refused", &provider_anthropic, 200,
     CLAUDE("{\"type\":\"text\",\"text\":\"no\"}", "refusal"), LLM_REFUSED, "", KNOWN, 18, 3, 2},
    {"InvokeModel: as Claude", &provider_bedrock_invoke, 200,
     CLAUDE("{\"type\":\"tool_use\",\"input\":{\"b\":1}}", "tool_use"), LLM_ANSWERED, "{\"b\":1}",
     KNOWN, 18, 3, 2},

    {"OpenAI: the message's text", &provider_openai, 200, GPT("\"{\\\"c\\\": 1}\"", "stop"),
     LLM_ANSWERED, "{\"c\": 1}", KNOWN, 9, 8, 4},
    {"OpenAI: in a fence", &provider_openai, 200, GPT("\"```json\\n{\\\"c\\\":1}\\n```\"", "stop"),
     LLM_ANSWERED, "{\"c\":1}", KNOWN, 9, 8, 4},
    {"OpenAI: as parts", &provider_openai, 200,
     GPT("[{\"type\":\"text\",\"text\":\"{}\"}]", "stop"), LLM_ANSWERED, "{}", KNOWN, 9, 8, 4},
    {"OpenAI: chatter around it", &provider_openai, 200, GPT("\"Here: {}\"", "stop"),
     LLM_BAD_ANSWER, "Here: {}", KNOWN, 9, 8, 4},
    {"OpenAI: an object and a half", &provider_openai, 200, GPT("\"{}{\"", "stop"), LLM_BAD_ANSWER,
     "{}{", KNOWN, 9, 8, 4},
    {"OpenAI: cut off", &provider_openai, 200, GPT("\"{\"", "length"), LLM_TRUNCATED, "", KNOWN, 9,
     8, 4},
    {"OpenAI: filtered", &provider_openai, 200, GPT("null", "content_filter"), LLM_REFUSED, "",
     KNOWN, 9, 8, 4},
    {"OpenAI: a refusal in words", &provider_openai, 200,
     "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"I "
     "can't\"},\"finish_reason\":\"stop\"}]}", LLM_REFUSED, "", MAYBE_PAID, 0, 0, 0},
    {"OpenAI: an error in a reply of 200, as gateways do", &provider_openai, 200,
     "{\"error\":{\"message\":\"upstream\",\"code\":502}}", LLM_SERVER_ERROR, "", MAYBE_PAID, 0, 0,
     0},
    {"OpenAI: nested too deeply", &provider_openai, 200, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
     LLM_BAD_ANSWER, "", MAYBE_PAID, 0, 0, 0},

#define AWS(type, message) "{\"__type\":\"" type "\",\"message\":\"" message "\"}"
    {"throttled", &provider_bedrock_converse, 429,
     AWS("ThrottlingException", "Too many tokens, please wait"), LLM_THROTTLED, "", 0, 0, 0, 0},
    {"a quota, with 400", &provider_bedrock_converse, 400, AWS("ServiceQuotaExceededException", ""),
     LLM_THROTTLED, "", 0, 0, 0, 0},
    {"not ready, with 429", &provider_bedrock_converse, 429, AWS("ModelNotReadyException", ""),
     LLM_OVERLOADED, "", 0, 0, 0, 0},
    {"unavailable", &provider_bedrock_converse, 503, AWS("ServiceUnavailableException", ""),
     LLM_OVERLOADED, "", 0, 0, 0, 0},
    {"the model took too long, perhaps for money", &provider_bedrock_converse, 408,
     AWS("ModelTimeoutException", ""), LLM_TIMED_OUT, "", MAYBE_PAID, 0, 0, 0},
    {"the model failed", &provider_bedrock_converse, 424, AWS("ModelErrorException", ""),
     LLM_SERVER_ERROR, "", 0, 0, 0, 0},
    {"the service failed", &provider_bedrock_converse, 500, AWS("InternalServerException", ""),
     LLM_SERVER_ERROR, "", 0, 0, 0, 0},
    {"end of life", &provider_bedrock_converse, 404,
     AWS("ResourceNotFoundException", "This model version has reached the end of its life."),
     LLM_MODEL_GONE, "", 0, 0, 0, 0},
    {"an unknown id", &provider_bedrock_converse, 400,
     AWS("ValidationException", "The provided model identifier is invalid."), LLM_MODEL_GONE, "", 0,
     0, 0, 0},
    {"too long", &provider_bedrock_converse, 400,
     AWS("ValidationException", "Input is too long for requested model."), LLM_TOO_LARGE, "", 0, 0,
     0, 0},
    {"a request that is wrong", &provider_bedrock_converse, 400,
     AWS("ValidationException", "Malformed input request: #/x: extraneous key"), LLM_BAD_REQUEST,
     "", 0, 0, 0, 0},
    {"no access", &provider_bedrock_converse, 403,
     AWS("AccessDeniedException", "You don't have access to the model"), LLM_DENIED, "", 0, 0, 0,
     0},
    {"an unknown key", &provider_bedrock_converse, 403,
     AWS("UnrecognizedClientException", "The security token included in the request is invalid."),
     LLM_DENIED, "", 0, 0, 0, 0},
    {"InvokeModel's refusals are Bedrock's", &provider_bedrock_invoke, 429,
     AWS("ThrottlingException", ""), LLM_THROTTLED, "", 0, 0, 0, 0},
    {"a gateway's page", &provider_bedrock_converse, 502, "<html>", LLM_SERVER_ERROR, "", 0, 0, 0,
     0},
    {"a gateway's time-out", &provider_bedrock_converse, 504, "", LLM_TIMED_OUT, "", MAYBE_PAID, 0,
     0, 0},
    {"a redirect is not followed", &provider_bedrock_converse, 301, "", LLM_BAD_REQUEST, "", 0, 0,
     0, 0},

#define ANT(type, message) \
    "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"" message "\"},\"request_id\":\"req_1\"}"
    {"Anthropic: rate", &provider_anthropic, 429,
     ANT("rate_limit_error", "This request would exceed your rate limit"), LLM_THROTTLED, "", 0, 0,
     0, 0},
    {"Anthropic: the monthly cap has the type of a rate", &provider_anthropic, 429,
     "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"m\","
     "\"details\":{\"error_code\":\"enforced_spend_limit_reached\"}}}", LLM_SPEND_LIMIT, "", 0, 0,
     0, 0},
    {"Anthropic: a limit that was set, with 400", &provider_anthropic, 400,
     ANT("invalid_request_error", "You have reached your specified API usage limits."),
     LLM_SPEND_LIMIT, "", 0, 0, 0, 0},
    {"Anthropic: no credit", &provider_anthropic, 400,
     ANT("invalid_request_error", "Your credit balance is too low to access the API."),
     LLM_SPEND_LIMIT, "", 0, 0, 0, 0},
    {"Anthropic: billing", &provider_anthropic, 402, ANT("billing_error", ""), LLM_SPEND_LIMIT, "",
     0, 0, 0, 0},
    {"Anthropic: overloaded", &provider_anthropic, 529, ANT("overloaded_error", "Overloaded"),
     LLM_OVERLOADED, "", 0, 0, 0, 0},
    {"Anthropic: too long", &provider_anthropic, 400,
     ANT("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
     LLM_TOO_LARGE, "", 0, 0, 0, 0},
    {"Anthropic: too many bytes", &provider_anthropic, 413, ANT("request_too_large", ""),
     LLM_TOO_LARGE, "", 0, 0, 0, 0},
    {"Anthropic: no such model", &provider_anthropic, 404,
     ANT("not_found_error", "model: claude-2"), LLM_MODEL_GONE, "", 0, 0, 0, 0},
    {"Anthropic: key", &provider_anthropic, 401, ANT("authentication_error", "invalid x-api-key"),
     LLM_DENIED, "", 0, 0, 0, 0},
    {"Anthropic: other wrong requests", &provider_anthropic, 400,
     ANT("invalid_request_error", "max_tokens: too big"), LLM_BAD_REQUEST, "", 0, 0, 0, 0},
    {"Anthropic: failed", &provider_anthropic, 500, ANT("api_error", ""), LLM_SERVER_ERROR, "", 0,
     0, 0, 0},
    {"Anthropic: took too long", &provider_anthropic, 504, ANT("timeout_error", ""), LLM_TIMED_OUT,
     "", MAYBE_PAID, 0, 0, 0},

#define OAI(type, code, message) \
    "{\"error\":{\"type\":\"" type "\",\"code\":" code ",\"message\":\"" message "\"}}"
    {"OpenAI: rate", &provider_openai, 429,
     OAI("requests", "\"rate_limit_exceeded\"", "Rate limit reached"), LLM_THROTTLED, "", 0, 0, 0,
     0},
    {"OpenAI: no quota, with 429", &provider_openai, 429,
     OAI("insufficient_quota", "\"insufficient_quota\"", ""), LLM_SPEND_LIMIT, "", 0, 0, 0, 0},
    {"OpenAI: spend limit, with 429", &provider_openai, 429,
     OAI("insufficient_quota", "\"project_spend_limit_exceeded\"", ""), LLM_SPEND_LIMIT, "", 0, 0,
     0, 0},
    {"OpenAI: too long", &provider_openai, 400,
     OAI("invalid_request_error", "\"context_length_exceeded\"", ""), LLM_TOO_LARGE, "", 0, 0, 0,
     0},
    {"llama.cpp: too long, with a number as code", &provider_openai, 400,
     OAI("exceed_context_size_error", "400", ""), LLM_TOO_LARGE, "", 0, 0, 0, 0},
    {"llama.cpp: still loading", &provider_openai, 503,
     OAI("unavailable_error", "503", "Loading model"), LLM_OVERLOADED, "", 0, 0, 0, 0},
    {"vLLM: too long", &provider_openai, 400,
     "{\"object\":\"error\",\"error\":{\"message\":\"This model's maximum context length is 8192 "
     "tokens.\"}}", LLM_TOO_LARGE, "", 0, 0, 0, 0},
    {"OpenAI: no such model", &provider_openai, 404,
     OAI("invalid_request_error", "\"model_not_found\"", ""), LLM_MODEL_GONE, "", 0, 0, 0, 0},
    {"Ollama: no such model", &provider_openai, 404, "{\"error\":\"model 'x' not found\"}",
     LLM_MODEL_GONE, "", 0, 0, 0, 0},
    {"OpenAI: key", &provider_openai, 401,
     OAI("invalid_request_error", "\"invalid_api_key\"", "Incorrect API key provided: sk-1***2"),
     LLM_DENIED, "", 0, 0, 0, 0},
    {"OpenAI: a wrong request", &provider_openai, 400,
     OAI("invalid_request_error", "null", "Invalid schema"), LLM_BAD_REQUEST, "", 0, 0, 0, 0},
    {"OpenAI: a filter before the model", &provider_openai, 400, OAI("x", "\"content_filter\"", ""),
     LLM_REFUSED, "", 0, 0, 0, 0},
};

static void takes_replies_for_what_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct llm_result result = {0};
        struct reply_head head;
        struct arena arena = {0};
        reply_head_init(&head, 0);
        result_of_reply(cases[i].provider, cases[i].status, STR("n"), str_of(cases[i].body), &head,
                        &arena, &result);
        assert_string_equal(llm_why_name(result.why), llm_why_name(cases[i].result));
        assert_true(str_equal(result.json, str_of(cases[i].json)));
        assert_int_equal(result.usage.known, (cases[i].flags & KNOWN) != 0);
        assert_int_equal(result.maybe_paid, (cases[i].flags & MAYBE_PAID) != 0);
        assert_int_equal(result.usage.input_tokens, cases[i].input);
        assert_int_equal(result.usage.cached_tokens, cases[i].cached);
        assert_int_equal(result.usage.output_tokens, cases[i].output);
        assert_int_equal(result.why == LLM_ANSWERED, *result.text == '\0');
        arena_deinit(&arena);
    }
}

static void tells_who_answered(void **state)
{
    (void)state;
    struct llm_result result = {.model = "asked"};
    struct reply_head head;
    struct arena arena = {0};
    reply_head_init(&head, 0);
    reply_head_line(&head, STR("x-amzn-RequestId"), STR("r-1"));
    result_of_reply(&provider_bedrock_converse, 200, STR("n"), STR(CONVERSE(TOOL_USE, "tool_use")),
                    &head, &arena, &result);
    assert_string_equal(result.id, "r-1");
    assert_string_equal(result.model, "asked"); /* Converse doesn't say */
    assert_string_equal(result.finish, "tool_use");
    result_of_reply(&provider_anthropic, 200, STR("n"), STR(CLAUDE("", "end_turn")), &head, &arena,
                    &result);
    assert_string_equal(result.id, "msg_1");
    assert_string_equal(result.model, "claude-x");
    result_of_reply(&provider_anthropic, 529, STR("n"), STR(ANT("overloaded_error", "")), &head,
                    &arena, &result);
    assert_string_equal(result.id, "req_1");
    arena_deinit(&arena);
}

static const struct { const char *why; int status; const char *type, *body, *text; } texts[] = {
    {"type and message", 429, "", AWS("ThrottlingException", "slow\\n down"),
     "over its rate or quota: 429 ThrottlingException: slow down"},
    {"the head's type wins", 429, "ModelNotReadyException", AWS("X", "m"),
     "provider or model is overloaded, or not ready: 429 ModelNotReadyException: m"},
    {"what is said of a key stays there", 403, "",
     AWS("InvalidSignatureException", "canonical: x-amz-security-token:SECRET"),
     "key or credentials missing or refused: 403 InvalidSignatureException"},
    {"nothing said", 500, "", "", "provider or model failed: 500"},
    {"letters beyond ASCII", 500, "", AWS("E", "\xC3\xBC"), "provider or model failed: 500 E: ??"},
};

static void says_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        CASE(texts[i].why);
        struct llm_result result = {0};
        struct reply_head head;
        struct arena arena = {0};
        reply_head_init(&head, 0);
        reply_head_line(&head, STR("X-Amzn-ErrorType"), str_of(texts[i].type));
        result_of_reply(&provider_bedrock_converse, texts[i].status, STR("n"),
                        str_of(texts[i].body), &head, &arena, &result);
        assert_string_equal(result.text, texts[i].text);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_replies_for_what_they_are),
        cmocka_unit_test(tells_who_answered),
        cmocka_unit_test(says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
