/* The prompts: versioned files under config/prompts/, and what becomes of them in a request.
 *
 * config/prompts/VERSION/ holds system.txt, request.txt, repair.txt and example-LANGUAGE.txt.
 * A word in braces stands for what differs: {topics}, {examples}, {canary}; {mark}, {count}, {ids},
 * {feedback}; {reason}. What is recorded as the version has a piece of the files' hash in it, so
 * that an edited prompt is never taken for another. */
#ifndef VERBATIM_WORKERS_GENAI_PROMPT_H
#define VERBATIM_WORKERS_GENAI_PROMPT_H

#include "base/random.h"
#include "model/topics.h"
#include "workers/genai/answer.h"
#include "workers/genai/suspects.h"

enum { PROMPT_VERSION_BYTES = 64, PROMPT_MARK_BYTES = 17 };

/* A text with braces, cut up: each part is a text, or the number of a word that stood in braces. */
struct prompt_part {
    int word; /* -1: a text */
    struct str text;
};
struct prompt_form {
    struct prompt_part *parts;
    uint32_t count;
};

struct prompt {
    char version[PROMPT_VERSION_BYTES], canary[PROMPT_MARK_BYTES];
    struct buffer system, request, repair, schema;
    struct topics topics;
    struct suspects suspects;
    uint64_t grams[ANSWER_GRAM_WORDS]; /* of the system text */
    struct answer_rules rules; /* views of the above; without a mark */
    struct prompt_form request_form, repair_form; /* likewise */
    struct arena arena;
    uint64_t form; /* of questions with this prompt (llm.h) */
    /* what one of the things asked about is called: "feedback", "counts" */
    const char *piece;
};

/* `folder`: the configuration's. BAD_CONFIG, NO_MEMORY. */
int prompt_open(const char *folder, const char *version, struct random *random,
                struct prompt **ret_prompt, struct err *err) CHECKED;
/* The same about digests' counts: the answer is a digest_story. */
int prompt_open_digest(const char *folder, const char *version, struct random *random,
                       struct prompt **ret_prompt, struct err *err) CHECKED;
void prompt_close(struct prompt *prompt);

struct prompt_item {
    struct str id, text, language, answer_in;
    bool has_rating;
    float rating;
};

/* Hex digits: the mark of a request. */
void prompt_make_mark(struct random *random, char out[static PROMPT_MARK_BYTES]);
/* Letters and digits: ids that feedback can't guess. */
void prompt_make_id(struct random *random, char out[static ANSWER_ID_BYTES]);

/* Appends the request. The mark is stripped from the texts. `reason`: why an answer before this one
 * was of no use; empty: there was none. A failed buffer is out of memory. */
void prompt_write(const struct prompt *prompt, const struct prompt_item *items, uint32_t count,
                  struct str mark, struct str reason, struct buffer *out);

#endif
