/* What providers say back, untrusted: a reply's JSON by a table of paths, its headers, and what
 * each refusal means. Pure: bytes in, struct out; this is what the fuzzer feeds. */
#ifndef VERBATIM_LLM_REPLY_H
#define VERBATIM_LLM_REPLY_H

#include "base/arena.h"
#include "llm/llm.h"

/* Views of the body or of the arena; data NULL: not there. Numbers are texts as written. */
struct reply {
    struct str id, model, finish;
    struct str answer;      /* the structured answer's JSON, as it stands in the reply */
    struct str answer_name; /* the tool's, where that is how it comes */
    struct str answer_text; /* or as the text that a string holds */
    struct str text;        /* what the model said beside it */
    struct str refusal;
    struct str error_type, error_code, error_message;
    struct str input, output, cached, cache_written; /* tokens */
};

enum reply_take { TAKE_STRING, TAKE_NUMBER, TAKE_RAW };

/* "choices[].message.content": every item of an array counts; the first that is there is taken. */
struct reply_row {
    struct str path;
    enum reply_take take;
    size_t offset; /* of a struct str in struct reply */
};
#define REPLY_ROW(path_, take_, member) \
    {{path_, sizeof path_ - 1}, TAKE_##take_, offsetof(struct reply, member)}

/* BAD_JSON or NO_MEMORY: nothing is known of the reply. */
int reply_read(struct str body, const struct reply_row *rows, size_t count, struct arena *arena,
               struct reply *ret_reply, struct err *err) CHECKED;

/* What a reply's head says, line by line. Zeroed is not valid: reply_head_init(). */
struct reply_head {
    int64_t now_ms;         /* when the request left, for dates */
    int64_t retry_after_ms; /* -1: not said */
    int64_t date_ms;        /* of Date; 0: none */
    struct llm_limits limits;
    char request_id[LLM_ID_BYTES], error_type[64];
};
void reply_head_init(struct reply_head *head, int64_t now_ms);
void reply_head_line(struct reply_head *head, struct str name, struct str value);

/* One row of a provider's refusals; the first that fits is it. */
struct refusal_row {
    int status;       /* 0: any */
    const char *code; /* error type or code; NULL: any */
    const char *says; /* part of the message, any case; NULL: any */
    enum llm_why why;
};
/* `type` of the head ("" if none) or of the body. Never LLM_ANSWERED. */
enum llm_why refusal_why(const struct refusal_row *rows, size_t count, int status, const char *type,
                         const struct reply *reply);

/* What a finish reason says of the answer: TRUNCATED, REFUSED, else ANSWERED. */
enum llm_why finish_why(struct str finish);

/* Whole JSON object, nothing behind it but white space? A fence of back-ticks around it, as some
 * models put it, is taken off. */
bool reply_is_object(struct str *text);

/* Printable ASCII of `text` on one line, cut to fit. */
void reply_copy_text(char *out, size_t room, struct str text);

#endif
