/* A request's bytes: path and body, for each provider and style. Shapes are from the providers' own
 * references; tests/llm lets botocore judge Bedrock's too. */
#include "llm/provider.h"
#include "test.h"

static const struct llm_question plain = {
    .system = {"Be \"brief\".", 11}, .prompt = {"a\nb", 3}, .name = {"insights", 8},
    .purpose = {"What it says.", 13},
    .schema = {"{\"type\":\"object\"}", 17}, .max_tokens = 300, .temperature = 0,
};
static const struct llm_question bare = {
    .prompt = {"p", 1}, .name = {"n", 1}, .schema = {"{}", 2}, .max_tokens = 1, .temperature = -1,
    .model = {"other", 5},
};

static const struct {
    const char *why;
    const struct provider *provider;
    struct request_style style;
    const struct llm_question *question;
    const char *path, *body;
} cases[] = {
    {"Converse: forced tool, colon of the model encoded", &provider_bedrock_converse,
     {.model = "anthropic.claude-v1:0"}, &plain,
     "/model/anthropic.claude-v1%3A0/converse",
     "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\\n"
     "b\"}]}],\"system\":[{\"text\":\"Be \\\"brief\\\".\"}],"
     "\"inferenceConfig\":{\"maxTokens\":300,\"temperature\":0},"
     "\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"insights\","
     "\"description\":\"What it "
     "says.\",\"inputSchema\":{\"json\":{\"type\":\"object\"}}}}],"
     "\"toolChoice\":{\"tool\":{\"name\":\"insights\"}}}}"},
    {"Converse without system, purpose and temperature", &provider_bedrock_converse, {.model = "m"},
     &bare, "/model/other/converse",
     "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"p\"}]}],"
     "\"inferenceConfig\":{\"maxTokens\":1},\"toolConfig\":"
     "{\"tools\":[{\"toolSpec\":{\"name\":\"n\",\"inputSchema\":{\"json\":{}}}}],"
     "\"toolChoice\":{\"tool\":{\"name\":\"n\"}}}}"},
    {"InvokeModel: Anthropic's body with its version", &provider_bedrock_invoke,
     {.model = "arn:aws:bedrock:us-east-1:1:inference-profile/x", .invoke = true}, &plain,
     "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/invoke",
     "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":300,\"temperature\":0,"
     "\"system\":\"Be \\\"brief\\\".\","
     "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\\n"
     "b\"}]}],\"tools\":[{\"name\":\"insights\","
     "\"description\":\"What it "
     "says.\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"tool\","
     "\"name\":\"insights\"}}"},
    {"Anthropic: the same, with the model in it", &provider_anthropic, {.model = "claude"}, &bare,
     "/v1/messages",
     "{\"model\":\"other\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\","
     "\"content\":[{\"type\":\"text\",\"text\":\"p\"}]}],"
     "\"tools\":[{\"name\":\"n\",\"input_schema\":{}}],\"tool_choice\":{\"type\":\"tool\","
     "\"name\":\"n\"}}"},
    {"OpenAI: a schema as response format", &provider_openai, {.model = "gpt"}, &plain,
     "/chat/completions",
     "{\"model\":\"gpt\",\"messages\":[{\"role\":\"system\",\"content\":\"Be "
     "\\\"brief\\\".\"},{\"role\":\"user\",\"content\":\"a\\nb\"}],"
     "\"max_tokens\":300,\"temperature\":0,\"response_format\":{\"type\":\"json_schema\","
     "\"json_schema\":{\"name\":\"insights\","
     "\"description\":\"What it says.\",\"schema\":{\"type\":\"object\"}}}}"},
    {"OpenAI, strict, with the longer name of the limit", &provider_openai,
     {.model = "gpt", .strict = true, .max_completion_tokens = true}, &bare, "/chat/completions",
     "{\"model\":\"other\",\"messages\":[{\"role\":\"user\",\"content\":\"p\"}],"
     "\"max_completion_tokens\":1,"
     "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\","
     "\"strict\":true,\"schema\":{}}}}"},
    {"a server that knows no schemas", &provider_openai, {.model = "m", .json_object = true}, &bare,
     "/chat/completions",
     "{\"model\":\"other\",\"messages\":[{\"role\":\"user\",\"content\":\"p\"}],\"max_tokens\":1,"
     "\"response_format\":{\"type\":\"json_object\"}}"},
};

static void writes_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct buffer path = {0}, body = {0};
        cases[i].provider->write_path(&cases[i].style,
                                      question_model(&cases[i].style, cases[i].question), &path);
        cases[i].provider->write_body(&cases[i].style, cases[i].question, &body);
        assert_string_equal(buffer_cstr(&path), cases[i].path);
        assert_string_equal(buffer_cstr(&body), cases[i].body);
        buffer_deinit(&path);
        buffer_deinit(&body);
    }
}

static const struct { const char *why; double temperature; const char *text; } temperatures[] = {
    {"none", -1, ""},
    {"greedy", 0, ",\"t\":0"},
    {"between", 0.2, ",\"t\":0.2"},
    {"one", 1, ",\"t\":1"},
};

static void writes_temperatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(temperatures); i++) {
        CASE(temperatures[i].why);
        struct buffer out = {0};
        request_add_temperature(&out, "t", temperatures[i].temperature);
        assert_string_equal(buffer_cstr(&out), temperatures[i].text);
        buffer_deinit(&out);
    }
}

/* The system text's JSON is kept from one question to the next: what is written is the
 * same as without. */
static void keeps_the_system_text(void **state)
{
    static const struct { const char *why, *system; uint64_t form; } steps[] = {
        {"the first", "Say \"what\".\n", 0},
        {"the same again", "Say \"what\".\n", 0},
        {"another", "Say why.", 0},
        {"another of the same size", "Say who.", 0},
        {"none", "", 0},
        {"the one before again", "Say who.", 0},
        {"of a form", "Say how.", 7},
        {"of the same form", "Say how.", 7},
        {"of another form", "Say when.", 8},
        {"of none, and another text", "Say where.", 0},
        {"of none", "Say how.", 0},
        {"of a form that was there", "Say how.", 7},
    };
    static const struct provider *const providers[] = {
        &provider_bedrock_converse, &provider_bedrock_invoke, &provider_anthropic,
        &provider_openai};
    (void)state;
    for (size_t p = 0; p < COUNT_OF(providers); p++) {
        struct kept_json kept = {.form = 0};
        for (size_t i = 0; i < COUNT_OF(steps); i++) {
            const struct request_style forgetting = {.model = "m"},
                                       keeping = {.model = "m", .system = &kept};
            struct llm_question question = bare;
            struct buffer expected = {0}, body = {0};
            CASE(steps[i].why);
            question.system = str_of(steps[i].system);
            question.form = steps[i].form;
            providers[p]->write_body(&forgetting, &question, &expected);
            providers[p]->write_body(&keeping, &question, &body);
            assert_string_equal(buffer_cstr(&body), buffer_cstr(&expected));
            buffer_deinit(&expected);
            buffer_deinit(&body);
        }
        buffer_deinit(&kept.text);
        buffer_deinit(&kept.json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_requests),
        cmocka_unit_test(writes_temperatures),
        cmocka_unit_test(keeps_the_system_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
