/* From a reply to what the caller is told: an answer, or why there is none. */
#include "llm/provider.h"

const struct provider *provider_of(enum llm_provider provider, bool invoke)
{
    switch (provider) {
    case LLM_ANTHROPIC: return &provider_anthropic;
    case LLM_OPENAI: return &provider_openai;
    default: return invoke ? &provider_bedrock_invoke : &provider_bedrock_converse;
    }
}

/* Tokens: a whole number, also where a server writes it as 12.0; false if there is none. */
static bool tokens_of(struct str text, uint32_t *ret_tokens)
{
    double number;
    if (!text.data || !str_to_f64(text, &number) || !(number >= 0) || number > UINT32_MAX / 4)
        return false;
    *ret_tokens = (uint32_t)number;
    return true;
}

static void set_usage(const struct provider *provider, const struct reply *reply,
                      struct llm_usage *usage)
{
    struct llm_usage found = {0};
    found.known = tokens_of(reply->input, &found.input_tokens) &&
                  tokens_of(reply->output, &found.output_tokens);
    if (!found.known) return;
    if (!tokens_of(reply->cached, &found.cached_tokens)) found.cached_tokens = 0;
    if (!tokens_of(reply->cache_written, &found.cache_written_tokens))
        found.cache_written_tokens = 0;
    if (provider->input_leaves_out_cache)
        found.input_tokens += found.cached_tokens + found.cache_written_tokens;
    *usage = found;
}

static void set_text(struct llm_result *result, const struct reply *reply, const char *type)
{
    struct buffer text = {0};
    char code[64], message[LLM_TEXT_BYTES];
    struct str name = *type                     ? str_of(type)
                      : reply->error_code.size ? reply->error_code
                                               : reply->error_type;
    reply_copy_text(code, sizeof code, name);
    reply_copy_text(message, sizeof message, reply->error_message);
    /* A refusal of a key may show parts of it: only its name is passed on. */
    bool quiet = result->why == LLM_DENIED || !*message;
    buffer_printf(&text, "%s: %d%s%s%s%s", llm_why_text(result->why), result->status,
                  *code ? " " : "", code, quiet ? "" : ": ", quiet ? "" : message);
    reply_copy_text(result->text, sizeof result->text, buffer_str(&text));
    buffer_deinit(&text);
}

/* A reply of 2xx: an answer in the shape that was asked for, or not. */
static enum llm_why judge(struct reply *reply, struct str name, struct llm_result *result)
{
    bool other = reply->answer_name.data && !str_equal(reply->answer_name, name);
    enum llm_why why = finish_why(reply->finish);
    if (why != LLM_ANSWERED) return why;
    if (reply->refusal.size) return LLM_REFUSED;
    if (!other && reply_is_object(&reply->answer)) {
        result->json = reply->answer;
        return LLM_ANSWERED;
    }
    if (reply_is_object(&reply->answer_text)) {
        result->json = reply->answer_text;
        return LLM_ANSWERED;
    }
    if (reply->error_message.data) return LLM_SERVER_ERROR;
    result->json = reply->answer_text.size ? reply->answer_text : reply->text;
    return LLM_BAD_ANSWER;
}

static void copy_if(char *out, size_t room, struct str text)
{
    if (text.size) reply_copy_text(out, room, text);
}

void result_of_reply(const struct provider *provider, int status, struct str name, struct str body,
                     const struct reply_head *head, struct arena *arena, struct llm_result *result)
{
    struct reply reply = {0};
    bool good = status >= 200 && status <= 299;
    int read = reply_read(body, provider->rows, provider->row_count, arena, &reply, NULL);
    result->status = status;
    result->retry_after_ms = head->retry_after_ms;
    result->limits = head->limits;
    copy_if(result->id, sizeof result->id, str_of(head->request_id));
    copy_if(result->id, sizeof result->id, reply.id);
    copy_if(result->model, sizeof result->model, reply.model);
    copy_if(result->finish, sizeof result->finish, reply.finish);
    if (good && read == E_OK) {
        set_usage(provider, &reply, &result->usage);
        result->why = judge(&reply, name, result);
    } else if (good) {
        result->why = read == E_NO_MEMORY ? LLM_LOCAL : LLM_BAD_ANSWER;
    } else {
        result->why = refusal_why(provider->refusals, provider->refusal_count, status,
                                  head->error_type, &reply);
    }
    result->maybe_paid = !result->usage.known && (good || result->why == LLM_TIMED_OUT);
    if (good && read == E_BAD_JSON)
        reply_copy_text(result->text, sizeof result->text,
                        STR("the reply holds no structured answer: it is not JSON"));
    else if (result->why != LLM_ANSWERED)
        set_text(result, &reply, head->error_type);
}
