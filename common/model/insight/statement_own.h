/* The words of a need that only one customer has, for statement.c. */
#ifndef VERBATIM_MODEL_STATEMENT_OWN_H
#define VERBATIM_MODEL_STATEMENT_OWN_H

#include "model/insight/statement.h"

void statement_own_build(void); /* once, before the other is called */

/* Tokens from `at` on that keep equal needs apart: an id or a number that belongs to one order,
 * with what says so, and of problems how long they took. "Error 403" and "the 7.42" are what it
 * is about. */
uint32_t statement_own_words(struct str text, const struct tokens *all, uint32_t first, uint32_t at,
                             uint32_t last, enum insight_need_kind kind);

/* The words that begin a span of time, by a byte of their hashes that is different in each. */
enum { STATEMENT_SPANS = 256 };
extern uint64_t statement_spans[STATEMENT_SPANS];
static inline uint64_t *statement_span(uint64_t hash)
{
    return &statement_spans[(hash >> 8) % STATEMENT_SPANS];
}
static inline bool statement_begins_span(const struct token *token)
{
    return *statement_span(token->hash) == token->hash;
}

/* False, as of most words: statement_own_words() says 0 of token `at`. */
static inline bool statement_may_be_own(const struct tokens *tokens, uint32_t at, uint32_t last,
                                        enum insight_need_kind kind)
{
    const struct token *token = &tokens->items[at], *next = &token[at + 1 < last];
    bool number = (token->kind == TOKEN_NUMBER) | (next->kind == TOKEN_NUMBER);
    return number | (kind == INSIGHT_PROBLEM_REPORT && statement_begins_span(token));
}

#endif
