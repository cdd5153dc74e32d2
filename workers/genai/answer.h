/* What a model is asked to answer, and reading what it did:
 * {"answers":[{"id":…,"sentiment":…,…},…]}.
 *
 * Both walk the field tables of schemas/: an answer holds insight.sentiment, needs, mentions,
 * recommendations and signals as they are, but where a struct has `start` and `end` the model
 * quotes the words ("quote") instead, and a list of spans is a list of quotes. So a new enum value
 * or a smaller bound reaches the prompt, the schema and the check at once. Of a digest it is
 * asked for digest_story's summary and recommendations in the same way; the text that is quoted
 * there are the counts. */
#ifndef VERBATIM_WORKERS_GENAI_ANSWER_H
#define VERBATIM_WORKERS_GENAI_ANSWER_H

#include "base/buffer.h"
#include "schema/shape.h"

enum {
    ANSWER_ID_BYTES = 8, /* ids are made here, a few letters each */
    ANSWER_RECORDS_MAX = 8,
    ANSWER_TEXT_BYTES_MAX = 240, /* of a statement or an advice; less where the schema has less */
    ANSWER_QUOTE_BYTES_MAX = 400,
    ANSWER_ITEMS_MAX = 8, /* of a list; likewise */
};

struct answer_rules {
    const struct shape *shape; /* insight, or digest_story; NULL: insight */
    const struct str *topics; /* that a mention may name */
    uint32_t topic_count;
    struct str prompt;       /* its text must not come back: a claim that repeats it is dropped */
    /* what answer_note_prompt() noted of it; NULL: it is looked through for each text */
    const uint64_t *prompt_grams;
    struct str canary, mark; /* must not be anywhere in an answer; empty: not checked */
};

/* Bits: which eight bytes stand anywhere in the prompt, by a hash. So of most texts it is known
 * that they don't repeat it. */
enum { ANSWER_GRAM_WORDS = 1024 };
void answer_note_prompt(struct str prompt, uint64_t ret_grams[static ANSWER_GRAM_WORDS]);
bool answer_repeats_prompt(const struct answer_rules *rules, struct str text);

/* The JSON Schema (2020-12) of the whole answer. */
void answer_write_schema(const struct answer_rules *rules, struct buffer *out);

struct answer_parts {
    struct str raw[ANSWER_RECORDS_MAX]; /* of each id, its object as JSON, a view; data NULL: none,
                                           or more than one */
    uint32_t strange, doubled;          /* ids that weren't asked for; ids that came again */
};
/* BAD_JSON, BAD_MESSAGE: it isn't of that form at all. */
int answer_split(struct str json, const struct str *ids, uint32_t count,
                 struct answer_parts *ret_parts, struct err *err) CHECKED;

struct answer_notes {
    uint32_t claims, dropped; /* dropped: the text doesn't hold the quote */
    uint32_t leaked;          /* of these, because they repeat the prompt */
    uint32_t plain;           /* quotes that were found in the plain form only */
};
/* One record's object against the schema and the text; fills sentiment, needs, topics, mentions,
 * recommendations and signals. BAD_MESSAGE: it breaks the schema (the text says how; fit for a
 * prompt). BAD_JSON, NO_MEMORY. */
int answer_read(const struct answer_rules *rules, struct str raw, struct str text,
                struct arena *arena, struct insight *ret_insight, struct answer_notes *ret_notes,
                struct err *err) CHECKED;

/* The same for any shape: ret_value is one of its structs. What else it is made of, topics
 * say, is the caller's. */
int answer_read_as(const struct answer_rules *rules, const struct shape *shape, struct str raw,
                   struct str text, struct arena *arena, void *ret_value,
                   struct answer_notes *ret_notes, struct err *err) CHECKED;

/* For the two files: does the model give this field of this struct? */
bool answer_holds(const struct shape *shape, const struct field *field);
bool answer_quotes(const struct shape *shape);   /* has it a `quote` in place of start and end? */

#endif
