/* One question to a remote model, one structured answer back: the wire, and nothing above it.
 *
 *     struct llm_config config = llm_config_of_bedrock(&options);
 *     rc = llm_client_open(loop, &config, &client, err);
 *     rc = llm_ask(client, &question, on_result, job, &call, err);
 *     ... on the loop, later, exactly once: on_result(job, &result)
 *
 * A call is one attempt: retries, pacing, prompts, checks of what the answer says, and money belong
 * to callers. What a caller may rely on:
 *   - llm_ask() that returned E_OK leads to exactly one on_result(), never from within llm_ask(),
 *     unless llm_cancel() or llm_client_close() came first: then to none;
 *   - every call ends by its deadline, every reply is cut at a cap, no redirect is followed;
 *   - an ANSWERED result's json is one whole JSON object, valid UTF-8; that it fits the schema is
 *     the caller's to check, as providers promise it and don't all keep it;
 *   - no key or token ever appears in a text that is handed out.
 *
 * Threads: everything on the loop's thread. Nothing blocks, but a credentials file that is read at
 * opening and when it has expired. SIGPIPE must be ignored by the program. */
#ifndef VERBATIM_LLM_LLM_H
#define VERBATIM_LLM_LLM_H

#include <uv.h>

#include "base/clock.h"
#include "aws/credentials.h"
#include "config/options.h"

/* --- options --------------------------------------------------------------------------------- */

#define LLM_WIRE_OPTIONS(O)                                                                        \
    O(STR, ca_file, "", "PEM file of the authorities to trust instead of the system's.")           \
    O(U32, connections, "16", 1, 1024, "Most connections; HTTP/2 carries many calls on one.")      \
    O(MS, connect_timeout, "5s", 10, 60000, "Longest wait for a connection.")                      \
    O(MS, deadline, "60s", 10, 3600000, "Longest time that one call may take.")                    \
    O(BYTES, reply_limit, "1M", 1024, 67108864, "A longer reply is given up.")

#define BEDROCK_OPTIONS(O)                                                                         \
    O(STR, model, "us.anthropic.claude-haiku-4-5-20251001-v1:0",                                   \
      "Model id, inference profile or its ARN.")                                                   \
    O(CHOICE, api, "converse", "converse|invoke",                                                  \
      "Converse knows all models; InvokeModel here Anthropic's only.")                             \
    O(STR, region, "", "AWS region; empty: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1.")       \
    O(STR, endpoint, "", "Base URL; empty: Amazon's for the region.")                              \
    O(SECRET, bearer_token,                                                                        \
      "Bedrock API key, sent instead of a signature; empty: AWS_BEARER_TOKEN_BEDROCK.")            \
    AWS_CREDENTIAL_OPTIONS(O)                                                                      \
    LLM_WIRE_OPTIONS(O)

#define ANTHROPIC_OPTIONS(O)                                                                       \
    O(STR, model, "claude-haiku-4-5-20251001", "Model id.")                                        \
    O(STR, endpoint, "https://api.anthropic.com", "Base URL, without /v1.")                        \
    O(SECRET, api_key, "API key; empty: ANTHROPIC_API_KEY.")                                       \
    LLM_WIRE_OPTIONS(O)

#define OPENAI_OPTIONS(O)                                                                          \
    O(STR, model, "", "Model id; must be set.")                                                    \
    O(STR, endpoint, "https://api.openai.com/v1",                                                  \
      "Base URL, with /v1, of any compatible server: vLLM, llama.cpp, Ollama ...")                 \
    O(SECRET, api_key, "API key; empty: OPENAI_API_KEY, but only for OpenAI's own endpoint.")      \
    O(CHOICE, structured, "json_schema", "json_schema|strict|json_object",                         \
      "How JSON is asked for: strict as OpenAI enforces it, json_object where schemas are "        \
      "unknown.")                                                                                  \
    O(CHOICE, limit_name, "max_tokens", "max_tokens|max_completion_tokens",                        \
      "What the server calls the limit; OpenAI's newer models want the longer name.")              \
    LLM_WIRE_OPTIONS(O)

OPTIONS_STRUCT(bedrock, BEDROCK_OPTIONS);
OPTIONS_STRUCT(anthropic, ANTHROPIC_OPTIONS);
OPTIONS_STRUCT(openai, OPENAI_OPTIONS);
extern const struct option_table bedrock_option_table, anthropic_option_table, openai_option_table;

enum llm_provider { LLM_BEDROCK, LLM_ANTHROPIC, LLM_OPENAI, LLM_PROVIDERS };

/* OpenTelemetry's gen_ai.provider.name: "aws.bedrock", "anthropic", "openai". */
const char *llm_provider_name(enum llm_provider provider);

/* NULL and "" mean the same in each text; 0 in a number means the option's default. Nothing of it
 * is kept after llm_client_open() but `clock`. */
struct llm_config {
    enum llm_provider provider;
    const char *model, *endpoint, *ca_file;
    uint32_t connections;
    int64_t connect_timeout_ms, deadline_ms;
    uint64_t reply_limit_bytes;
    const char *api_key; /* bedrock: the bearer token */
    /* bedrock */
    bool invoke;
    const char *region, *access_key_id, *secret_access_key, *session_token;
    const char *credentials_file, *profile;
    /* openai */
    bool strict, json_object, max_completion_tokens;
    const struct clock *clock; /* NULL: the system's; dates signatures, measures latency */
};

/* `options` as config_get() filled them; the texts are shared, not copied. */
struct llm_config llm_config_of_bedrock(const struct bedrock_options *options);
struct llm_config llm_config_of_anthropic(const struct anthropic_options *options);
struct llm_config llm_config_of_openai(const struct openai_options *options);

/* --- asking ---------------------------------------------------------------------------------- */

/* Views that need to live during llm_ask() only. Texts are UTF-8. */
struct llm_question {
    struct str system, prompt;       /* system may be empty */
    struct str name, purpose;        /* of the answer: [a-zA-Z0-9_-]{1,64}, and a line about it */
    struct str schema;               /* JSON Schema of an object, as JSON text: sent as it is */
    uint32_t max_tokens;             /* of the answer; quotas reserve it: keep it small, never 0 */
    double temperature;              /* below 0: not sent */
    struct str model;                /* empty: the client's */
    int64_t deadline_ms;             /* 0: the client's */
    /* llm_new_form(): questions of one form have the same system, schema, name and purpose, so
     * these are looked at once, not in each call. 0: they may be any. */
    uint64_t form;
};
uint64_t llm_new_form(void); /* never 0; any thread may ask */

/* What is to be done about it. */
enum llm_next {
    LLM_USE,       /* there is an answer */
    LLM_RETRY,     /* the same call may succeed later: after retry_after_ms, else by back-off */
    /* the call was paid for and brought nothing of use: repair, split or fall back */
    LLM_ASK_ANEW,
    LLM_FALL_BACK, /* no call like this will succeed before somebody has changed something */
};

/*    code           name (OpenTelemetry error.type)  next       what */
#define LLM_WHY_TABLE(W)                                                                           \
    W(ANSWERED,      "answered",       USE,       "answered")                                      \
    W(THROTTLED,     "throttled",      RETRY,     "over its rate or quota")                        \
    W(OVERLOADED,    "overloaded",     RETRY,     "provider or model is overloaded, or not ready") \
    W(TIMED_OUT,     "timeout",        RETRY,     "no whole reply within the deadline")            \
    W(UNREACHABLE,   "unreachable",    RETRY,     "no connection, or it broke")                    \
    W(SERVER_ERROR,  "server_error",   RETRY,     "provider or model failed")                      \
    W(BAD_ANSWER,    "bad_answer",     ASK_ANEW,  "the reply holds no structured answer")          \
    W(TRUNCATED,     "truncated",      ASK_ANEW,  "the answer was cut off at max_tokens")          \
    W(REFUSED,       "refused",        ASK_ANEW,  "the model or a filter refused to answer")       \
    W(TOO_LARGE,     "too_large",      ASK_ANEW,  "the question is too long for the model")        \
    W(BAD_REQUEST,   "bad_request",    FALL_BACK, "the provider takes no such request")            \
    W(MODEL_GONE,    "model_gone",     FALL_BACK, "no such model, or no longer")                   \
    W(DENIED,        "denied",         FALL_BACK, "key or credentials missing or refused")         \
    W(SPEND_LIMIT,   "spend_limit",    FALL_BACK,                                                  \
      "the account's spend limit or credit is reached")                                            \
    W(STALE,         "stale",          RETRY,                                                      \
      "clock or credentials were stale, and are renewed")                                          \
    W(LOCAL,         "local",          RETRY,     "out of memory here")

enum llm_why {
#define LLM_WHY_CODE(code, name, next, text) LLM_##code,
    LLM_WHY_TABLE(LLM_WHY_CODE)
#undef LLM_WHY_CODE
    LLM_WHYS
};
const char *llm_why_name(enum llm_why why);
const char *llm_why_text(enum llm_why why);
enum llm_next llm_why_next(enum llm_why why);

struct llm_usage {
    bool known; /* the provider reported it; failures report it too, e.g. TRUNCATED */
    uint32_t input_tokens;         /* all that went in, those from and into the cache included */
    uint32_t cached_tokens;        /* of these, read from the provider's cache */
    uint32_t cache_written_tokens; /* of these, written to it */
    uint32_t output_tokens;
};

/* -1: not said. */
struct llm_limit {
    int64_t limit, remaining, reset_ms; /* reset: from now, when all of it is back */
};
struct llm_limits {
    struct llm_limit requests, tokens, input_tokens, output_tokens;
};

enum {
    LLM_NAME_BYTES = 65, LLM_TEXT_BYTES = 256, LLM_ID_BYTES = 128, LLM_MODEL_BYTES = 256,
    LLM_FINISH_BYTES = 32
};

/* All of it is gone when on_result() returns. */
struct llm_result {
    enum llm_why why;
    struct str json;              /* ANSWERED: the structured answer. BAD_ANSWER: the text that the
                                     model gave instead, where it gave one. Else empty */
    char id[LLM_ID_BYTES];        /* the provider's, of reply or request; "" where it gave none */
    char model[LLM_MODEL_BYTES];  /* that answered, as the provider names it, else as asked for */
    /* the provider's own word: "tool_use", "stop", "max_tokens" ... */
    char finish[LLM_FINISH_BYTES];
    struct llm_usage usage;
    bool maybe_paid;              /* no usage is known, but the request may have been carried out */
    int status;                   /* HTTP; 0: no reply */
    int64_t retry_after_ms;       /* asked for by the provider; -1: it said nothing */
    int64_t latency_ms;           /* from llm_ask() to here */
    struct llm_limits limits;
    char text[LLM_TEXT_BYTES];    /* failures: for people, one line of printable text; no secrets */
};

struct llm_client;
struct llm_call;
typedef void llm_on_result(void *user, const struct llm_result *result);

/* BAD_CONFIG for what can't be meant, and for a key that is nowhere (bedrock: unless a container or
 * instance may give credentials, which is found out later). Makes no request for a model. */
int llm_client_open(uv_loop_t *loop, const struct llm_config *config,
                    struct llm_client **ret_client, struct err *err) CHECKED;
/* Ends all calls, without callbacks. The client is gone for the caller; its handles close on the
 * loop's next turns, so run the loop until they have. NULL is ignored. */
void llm_client_close(struct llm_client *client);
/* Another API key (bedrock: bearer token), "" for none but the environment's: found good, and not
 * in force yet. BAD_CONFIG: what can't be one, and what would change how requests are authorised
 * (signature or token). */
int llm_client_read_key(const struct llm_client *client, const char *api_key, char **ret_key,
                        struct err *err) CHECKED;
/* In force for calls from now on; those under way keep theirs. *key becomes the one before. */
void llm_client_swap_key(struct llm_client *client, char **key);
void llm_key_free(char *key); /* wipes it; NULL is ignored */

/* On an error (NO_MEMORY; USAGE: a question that breaks what is said above) there is no callback.
 * ret_call may be NULL; else *ret_call is valid until on_result() or llm_cancel(). */
int llm_ask(struct llm_client *client, const struct llm_question *question,
            llm_on_result *on_result, void *user, struct llm_call **ret_call,
            struct err *err) CHECKED;
/* The call is over and gone, without callback; it may be paid for nevertheless. May be called from
 * any on_result(), but not for the call whose result that is. */
void llm_cancel(struct llm_call *call);

enum llm_provider llm_client_provider(const struct llm_client *client);
const char *llm_client_model(const struct llm_client *client); /* that questions without one get */
/* host name or address; "" where a fake has none */
const char *llm_client_server(const struct llm_client *client);
uint16_t llm_client_port(const struct llm_client *client);      /* 0 likewise */
uint32_t llm_client_in_flight(const struct llm_client *client);

/* --- for fakes ------------------------------------------------------------------------------- */

/* A test's own client starts with a struct llm_client, its call with a struct llm_call; arguments
 * are checked before they come here. */
struct llm_client_ops {
    int (*ask)(struct llm_client *client, const struct llm_question *question,
               llm_on_result *on_result, void *user, struct llm_call **ret_call, struct err *err);
    void (*cancel)(struct llm_call *call);
    void (*close)(struct llm_client *client);
    /* NULL: it has none */
    int (*read_key)(const struct llm_client *client, const char *api_key, char **ret_key,
                    struct err *err);
    void (*swap_key)(struct llm_client *client, char **key);
};

struct llm_client {
    const struct llm_client_ops *ops;
    enum llm_provider provider;
    const char *model, *server;
    uint16_t port;
    uint32_t in_flight; /* kept by the ops */
    uint64_t form;      /* of the last question that had one: it is checked */
};
struct llm_call {
    struct llm_client *client;
};

#endif
