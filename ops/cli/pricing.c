/* Counts records against the journal and the table of prices. */
#include "ops/cli/pricing.h"

#include <stdlib.h>

#include "config/shipped.h"
#include "llm/llm.h"
#include "ops/cli/reader.h"
#include "spend/estimate.h"
#include "spend/prices.h"
#include "workers/genai/account.h"
#include "workers/genai/genai.h"
#include "workers/genai/prompt.h"
#include "workers/genai/purchase.h"

/* Around each text: its mark, id, languages and rating; and around a call:
 * roles, tool and schema. */
enum { ITEM_TOKENS = 45, CALL_TOKENS = 64, TEXT_BYTES_A_TOKEN = 4 };

struct pricing {
    struct genai_options options;
    struct worker_context context;
    struct random random;
    struct account_book *account;
    struct prices *prices;
    struct price price;
    struct prompt *prompt;
    const char *provider, *model;
    uint64_t answer_tokens;
    struct hash_table known, seen; /* sets of short_key() */
    struct pricing_digests digests;
    const char *digest_every; /* as figures have it */
    struct pricing_figures figures; /* texts so far: tokens without what is around them */
    uint64_t text_bytes;
};

/* --- sets of keys ----------------------------------------------------------------------------- */

/* 64 bits of a SHA-256 are enough for a price. */
static uint64_t short_key(const struct answer_key *key)
{
    uint64_t number;
    memcpy(&number, key->bytes, sizeof number);
    return number;
}

static const struct hash_table_layout keys = {0};

static bool holds(const struct hash_table *set, uint64_t key)
{
    return hash_table_has(set, keys, key, NULL);
}

static int add_key(struct hash_table *set, uint64_t key, struct err *err)
{
    return hash_table_get(set, keys, key, NULL) ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

/* --- opening ---------------------------------------------------------------------------------- */

/* The first that costs something. */
static const char *choose_provider(const char *providers, char out[static 32])
{
    struct str rest = str_of(providers), name = str_trim(str_cut(&rest, ','));
    if (name.size == 0 || name.size > 31 || str_equal(name, STR("local"))) return "bedrock";
    memcpy(out, name.data, name.size);
    out[name.size] = '\0';
    return out;
}

static int find_price(struct pricing *pricing, bool may_lack, struct err *err)
{
    char path[SHIPPED_PATH_BYTES];
    int rc = shipped_path(pricing->options.prices, "prices.txt", path, err);
    if (rc == E_OK) rc = prices_read(path, &pricing->prices, err);
    rc = shipped_named("genai.prices", rc, err);
    if (rc) return rc;
    const struct price *price = prices_find(pricing->prices, str_of(pricing->provider),
                                            str_of(pricing->model), clock_wall_ms(clock_system()));
    pricing->figures.unpriced = !price;
    if (!price && may_lack) return E_OK;
    if (!price)
        return err_set(err, E_BAD_CONFIG, "%s has no price of %s/%s", path, pricing->provider,
                       pricing->model);
    pricing->price = *price;
    return E_OK;
}

static int open_digests(struct pricing *pricing, const struct config *config, const char *folder,
                        struct err *err)
{
    const struct genai_options *options = &pricing->options;
    pricing->digest_every = !options->digest_every ? "0"
                            : !options->digest_prompt[0]
                                ? ""
                                : config_value(config, "genai", "digest_every", NULL);
    return pricing_digests_open(&pricing->digests, options, folder, &pricing->random, err);
}

static int open_parts(struct pricing *pricing, const struct config *config,
                      const struct pricing_wish *wish, struct err *err)
{
    static char chosen[32];
    char folder[SHIPPED_PATH_BYTES];
    int rc = config_get(config, &genai_option_table, &pricing->options, err);
    if (rc) return rc;
    pricing->provider = wish->provider ? wish->provider
                                       : choose_provider(pricing->options.providers, chosen);
    pricing->model = wish->model ? wish->model
                                 : config_value(config, pricing->provider, "model", NULL);
    if (!pricing->model || !pricing->model[0])
        return err_set(err, E_USAGE, "which model of %s? --model, or --%s.model", pricing->provider,
                       pricing->provider);
    pricing->answer_tokens = wish->answer_tokens;
    pricing->options.journal_bytes = ANSWERS_BYTES_MIN;
    pricing->options.journal_file = "";
    pricing->context = (struct worker_context){
        .worker = &genai_worker, .config = config, .options = &pricing->options,
        .clock = clock_system(), .random = &pricing->random, .member = "pricing"};
    random_seed_system(&pricing->random);
    rc = shipped_path(pricing->options.folder, "", folder, err);
    if (rc == E_OK) rc = find_price(pricing, wish->may_lack_price, err);
    if (rc == E_OK)
        rc = prompt_open(folder, pricing->options.prompt, &pricing->random, &pricing->prompt, err);
    if (rc == E_OK && wish->digests) rc = open_digests(pricing, config, folder, err);
    return rc ? rc : account_open(&pricing->context, &pricing->account, err);
}

int pricing_open(const struct config *config, const struct pricing_wish *wish,
                 struct pricing **ret_pricing, struct err *err)
{
    struct pricing *pricing = calloc(1, sizeof *pricing);
    if (!pricing) return err_set(err, E_NO_MEMORY, NULL);
    int rc = open_parts(pricing, config, wish, err);
    if (rc) pricing_close(pricing);
    else *ret_pricing = pricing;
    return rc;
}

void pricing_close(struct pricing *pricing)
{
    if (!pricing) return;
    account_close(pricing->account);
    prompt_close(pricing->prompt);
    prices_destroy(pricing->prices);
    pricing_digests_close(&pricing->digests);
    hash_table_deinit(&pricing->known);
    hash_table_deinit(&pricing->seen);
    free(pricing);
}

/* --- the journal ------------------------------------------------------------------------------ */

int pricing_read_journal(struct pricing *pricing, struct bus *bus, struct err *err)
{
    static const enum topic topic = TOPIC_ANSWERS;
    struct arena arena = {0};
    struct reader reader = {0};
    const struct bus_message *message;
    int rc = reader_open_held(&reader, bus, &topic, 1, err);
    while (rc == E_OK && (message = reader_next_held(&reader, err))) {
        struct purchase purchase;
        struct answer_key key;
        arena_reset(&arena);
        if (purchase_read(message->value, &arena, &purchase) &&
            purchase_key(&purchase, message->key, &key))
            rc = add_key(&pricing->known, short_key(&key), err);
    }
    if (rc == E_OK) rc = (int)err->code;
    reader_close(&reader);
    arena_deinit(&arena);
    return rc;
}

/* --- records ---------------------------------------------------------------------------------- */

static struct str answer_language(const struct pricing *pricing, struct str language)
{
    if (pricing->options.language[0]) return str_of(pricing->options.language);
    return language.size && !str_equal(language, STR("und")) ? language : STR("en");
}

static int add(struct pricing *pricing, const struct document *document,
               const struct feedback *feedback, struct err *err)
{
    struct pricing_figures *figures = &pricing->figures;
    struct account_question question = {
        .text = document->text, .language = document->language,
        .answer_in = answer_language(pricing, document->language),
        .has_rating = shape_has(feedback, feedback, rating), .rating = feedback->rating,
        .tenant = feedback->tenant,
        .provider = pricing->provider, .model = pricing->model, .prompt = pricing->prompt->version};
    struct answer_key key;
    figures->records++;
    if (document->text.size == 0) return figures->without_text++, E_OK;
    account_key(pricing->account, &question, &key);
    if (holds(&pricing->known, short_key(&key))) return figures->known++, E_OK;
    if (holds(&pricing->seen, short_key(&key))) return figures->repeated++, E_OK;
    struct str sent = str_slice(document->text, 0, pricing->options.text_bytes);
    figures->asked++;
    figures->input_tokens += spend_tokens(sent, document->language);
    pricing->text_bytes += sent.size;
    return add_key(&pricing->seen, short_key(&key), err);
}

int pricing_add_record(struct pricing *pricing, const struct record *record, int64_t at_ms,
                       struct arena *arena, struct err *err)
{
    struct document document;
    struct feedback feedback = {0};
    if (!record_has(record, SECTION_DOCUMENT)) return E_OK;
    int rc = record_decode(record, SECTION_DOCUMENT, &document, arena, err);
    if (rc == E_OK && record_has(record, SECTION_FEEDBACK))
        rc = record_decode(record, SECTION_FEEDBACK, &feedback, arena, err);
    if (rc == E_OK) rc = pricing_digests_add(&pricing->digests, feedback.tenant, at_ms, err);
    return rc ? rc : add(pricing, &document, &feedback, err);
}

/* --- figures ---------------------------------------------------------------------------------- */

/* More tokens than a call has: so call by call, and the rest. */
static uint64_t cost_of(const struct price *price, uint64_t input, uint64_t output)
{
    uint64_t sum = price->input / 1000 * input / 1000 + price->output / 1000 * output / 1000;
    return sum + price->input % 1000 * input / 1000000 + price->output % 1000 * output / 1000000;
}

struct pricing_figures pricing_figures(const struct pricing *pricing)
{
    struct pricing_figures figures = pricing->figures;
    const struct prompt *prompt = pricing->prompt;
    uint64_t around_bytes = prompt->system.size + prompt->schema.size + prompt->request.size;
    uint64_t batch = pricing->options.batch_records;
    figures.provider = pricing->provider;
    figures.model = pricing->model;
    figures.answer_tokens = pricing->answer_tokens;
    figures.calls = (figures.asked + batch - 1) / batch;
    figures.input_tokens += figures.asked * ITEM_TOKENS +
                            figures.calls * (around_bytes / TEXT_BYTES_A_TOKEN + CALL_TOKENS);
    figures.output_tokens = figures.asked * pricing->answer_tokens;
    figures.digest_every = pricing->digest_every;
    figures.stories = pricing_digests_stories(&pricing->digests);
    figures.stories_micros = cost_of(&pricing->price, figures.stories.input_tokens,
                                     figures.stories.output_tokens);
    figures.stories_most_micros = cost_of(&pricing->price, figures.stories.most_input_tokens,
                                          figures.stories.most_output_tokens);
    figures.micros = cost_of(&pricing->price, figures.input_tokens, figures.output_tokens) +
                     figures.stories_micros;
    uint64_t most_bytes = pricing->text_bytes + figures.asked * ITEM_TOKENS * TEXT_BYTES_A_TOKEN +
                          figures.calls * (around_bytes + CALL_TOKENS);
    figures.most_micros = cost_of(&pricing->price, most_bytes,
                                  figures.asked * pricing->options.answer_tokens) +
                          figures.stories_most_micros;
    return figures;
}
