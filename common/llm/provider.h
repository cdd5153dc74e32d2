/* Inside common/wire: what differs between providers, as pure functions and tables. */
#ifndef VERBATIM_LLM_PROVIDER_H
#define VERBATIM_LLM_PROVIDER_H

#include "base/buffer.h"
#include "llm/reply.h"

/* A text, and how JSON says it: kept from one question to the next, as most have the
 * same system text. */
struct kept_json {
    struct buffer text, json;
    uint64_t form; /* of the question whose it is: others of this form have the same */
};

/* How a client was configured, as far as a request's bytes depend on it. */
struct request_style {
    const char *model; /* of questions without one */
    bool invoke;       /* bedrock: InvokeModel */
    bool strict, json_object, max_completion_tokens; /* openai */
    struct kept_json *system; /* the last question's; NULL: isn't kept */
};

struct provider {
    /* Behind the base URL, as on the wire, with its slash. */
    void (*write_path)(const struct request_style *style, struct str model, struct buffer *out);
    void (*write_body)(const struct request_style *style, const struct llm_question *question,
                       struct buffer *out);
    const struct reply_row *rows;
    size_t row_count;
    const struct refusal_row *refusals;
    size_t refusal_count;
    bool input_leaves_out_cache; /* input tokens are reported without those of the cache */
    bool signs;                  /* Signature 4, where there is no key */
};

/* InvokeModel speaks Anthropic's language behind Bedrock's door. */
extern const struct provider provider_bedrock_converse, provider_bedrock_invoke, provider_anthropic,
    provider_openai;
const struct provider *provider_of(enum llm_provider provider, bool invoke);

static inline struct str question_model(const struct request_style *style,
                                        const struct llm_question *question)
{
    return question->model.size ? question->model : str_of(style->model);
}

void bedrock_write_path(const struct request_style *style, struct str model, struct buffer *out);
enum { BEDROCK_REFUSALS = 25 };
extern const struct refusal_row bedrock_refusals[BEDROCK_REFUSALS];

/* The question's system text, as a JSON string. */
void request_add_system(const struct request_style *style, const struct llm_question *question,
                        struct buffer *out);
/* ,"name":number; nothing where it is negative. */
void request_add_temperature(struct buffer *out, const char *name, double temperature);

/* Fills what the reply and its head say: why, json, id, model, finish, usage, maybe_paid, status,
 * retry_after_ms, limits, text. `name` is that of the question. `body` and `arena` must stay while
 * the result is used. */
void result_of_reply(const struct provider *provider, int status, struct str name, struct str body,
                     const struct reply_head *head, struct arena *arena,
                     struct llm_result *result);

#endif
