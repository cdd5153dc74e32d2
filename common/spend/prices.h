/* What a model's tokens cost: the table of prices, and the sum for one call.
 *
 * A table is a text file (config/prices.txt ships; an operator may name another). A line is
 *
 *     PROVIDER/MODEL   INPUT   OUTPUT   CACHED   [FROM]     # comment
 *
 * with dollars for a million tokens, `*` in the name for any letters, and a date (UTC) from which
 * the line holds. The first line that fits and has begun decides: what is new stands above what is
 * old, what is special above what is general. */
#ifndef VERBATIM_SPEND_PRICES_H
#define VERBATIM_SPEND_PRICES_H

#include "base/err.h"
#include "spend/money.h"

/* Micro-dollars for a million tokens. */
struct price {
    uint64_t input, output, cached;
};

/* As llm.h reports it: input_tokens are all that went in, cached_tokens those of them that the
 * provider had in its cache. */
struct spend_usage {
    uint32_t input_tokens, cached_tokens, output_tokens;
};

struct prices;

/* BAD_CONFIG names file and line; NO_INPUT. */
int prices_read(const char *path, struct prices **ret_prices, struct err *err) CHECKED;
int prices_parse(const char *name, struct str text, struct prices **ret_prices,
                 struct err *err) CHECKED;
void prices_destroy(struct prices *prices); /* NULL is ignored */

/* NULL: no line fits. */
const struct price *prices_find(const struct prices *prices, struct str provider, struct str model,
                                int64_t wall_ms);

/* Rounded up to a whole micro-dollar, once. */
uint64_t price_of(const struct price *price, const struct spend_usage *usage);

/* The most that a call can cost: no tokenizer makes more tokens than its text has bytes, and
 * `framing` are those that the provider puts around it. */
uint64_t price_most(const struct price *price, size_t request_bytes, uint32_t framing,
                    uint32_t max_output_tokens);

#endif
