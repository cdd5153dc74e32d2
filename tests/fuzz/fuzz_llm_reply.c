/* links: common_llm */
/* What a provider may send back: by the first byte a reply's body for one of the providers, after
 * lines of its head ("name: value", ended by an empty one), or a credentials document. What is
 * handed on must be what is promised. */
#include <assert.h>
#include <stdlib.h>

#include "llm/keys.h"
#include "llm/provider.h"
#include "schema/json.h"

static void check_result(const struct llm_result *result)
{
    assert((unsigned)result->why < LLM_WHYS);
    assert(str_is_utf8(result->json));
    if (result->why == LLM_ANSWERED) {
        struct json_reader json = json_reader(result->json, NULL);
        assert(str_starts(result->json, STR("{")) && json_skip(&json, NULL) && json_end(&json));
    }
    assert(!(result->usage.known && result->maybe_paid));
    assert(result->retry_after_ms >= -1 && result->retry_after_ms <= 86400000);
    assert(result->limits.requests.reset_ms >= -1 && result->limits.requests.reset_ms <= 86400000);
    assert(memchr(result->text, '\0', sizeof result->text) &&
           memchr(result->id, '\0', sizeof result->id));
    for (const char *at = result->text; *at; at++) assert(*at >= ' ' && *at < 0x7F);
    for (const char *at = result->model; *at; at++) assert(*at >= ' ' && *at < 0x7F);
}

static void try_reply(const struct provider *provider, int status, struct str text)
{
    struct reply_head head;
    struct llm_result result = {0};
    struct arena arena = {0};
    arena_init(&arena, 1 << 24);
    reply_head_init(&head, 1767323045000);
    while (text.size) {
        struct str line = str_cut(&text, '\n');
        if (line.size == 0) break;
        struct str name = str_cut(&line, ':');
        reply_head_line(&head, name, str_trim(line));
    }
    result_of_reply(provider, status, STR("n"), text, &head, &arena, &result);
    check_result(&result);
    arena_deinit(&arena);
}

static void try_document(struct str text)
{
    struct source_document document;
    struct arena arena = {0};
    if (source_parse(text, &arena, &document)) {
        assert(document.keys.access_key_id.size && document.keys.secret_access_key.size);
        assert(str_is_utf8(document.keys.secret_access_key));
    }
    (void)source_url_is_allowed(text);
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct provider *const providers[] = {
        &provider_bedrock_converse, &provider_bedrock_invoke, &provider_anthropic,
        &provider_openai};
    static const int statuses[] = {200, 400, 403, 404, 429, 500, 503};
    if (size == 0) return 0;
    /* A copy of its own, so that one byte too many is seen. */
    char *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, data + 1, size - 1);
    struct str text = str_make(copy, size - 1);
    if (data[0] >= 'a') try_document(text);
    else try_reply(providers[data[0] % 4], statuses[data[0] / 4 % 7], text);
    free(copy);
    return 0;
}
