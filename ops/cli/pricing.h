/* What asking models about records would cost, before any is asked: `verbatim estimate`,
 * `verbatim replay --dry-run`.
 *
 * Identical texts count once, and what the journal holds costs nothing, by the very keys that genai
 * uses. Tokens are estimated (spend/estimate.h); the answers' are assumed. */
#ifndef VERBATIM_OPS_CLI_PRICING_H
#define VERBATIM_OPS_CLI_PRICING_H

#include "bus/bus.h"
#include "ops/cli/cli.h"
#include "ops/cli/pricing_digests.h"

struct pricing;

enum { PRICING_ANSWER_TOKENS = 160 };

struct pricing_wish {
    const char *provider; /* NULL: the first of genai.providers that isn't local, else bedrock */
    const char *model;    /* NULL: that provider's option */
    uint64_t answer_tokens; /* of one record */
    bool may_lack_price;    /* then it costs nothing here, and figures say so */
    bool digests;           /* those of genai.digest_every too */
};

/* BAD_CONFIG: the model has no price. The config must outlive it. */
int pricing_open(const struct config *config, const struct pricing_wish *wish,
                 struct pricing **ret_pricing, struct err *err) CHECKED;
void pricing_close(struct pricing *pricing); /* NULL is ignored */

/* All answers that the journal holds by now. A topic that isn't there is empty. */
int pricing_read_journal(struct pricing *pricing, struct bus *bus, struct err *err) CHECKED;

/* One record, as genai would see it; one without a document is passed over. at_ms: when a digest
 * would count it. BAD_MESSAGE, NO_MEMORY. */
int pricing_add_record(struct pricing *pricing, const struct record *record, int64_t at_ms,
                       struct arena *arena, struct err *err) CHECKED;

struct pricing_figures {
    const char *provider, *model;
    /* asked: those that would be paid for */
    uint64_t records, asked, known, repeated, without_text;
    uint64_t calls, input_tokens, output_tokens; /* about records */
    uint64_t answer_tokens;
    struct pricing_stories stories;
    uint64_t stories_micros, stories_most_micros;
    const char *digest_every; /* NULL: not asked for; "0": none are made; "": rules tell them */
    uint64_t micros;      /* of all: records and stories; */
    uint64_t most_micros; /* if each byte were a token, and each answer as long as it may be */
    bool unpriced; /* what it costs isn't known */
};
struct pricing_figures pricing_figures(const struct pricing *pricing);
/* As lines for people, or as members of a JSON object, without its braces. */
void pricing_print(const struct pricing_figures *figures, bool json, struct buffer *out);

#endif
