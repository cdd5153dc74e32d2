/* The price of a dry run: what asking models again would cost. */
#include "ops/cli/cli.h"
#include "ops/cli/replay.h"

int replay_open_pricing(struct replay *replay, struct config *config, struct err *err)
{
    const struct pricing_wish wish = {.answer_tokens = PRICING_ANSWER_TOKENS, .digests = true};
    const uint32_t before = TOPICS(DOCUMENTS) | TOPICS(FEATURES) | TOPICS(SEGMENTS);
    struct bus *bus = NULL;
    if (!(replay->wish.topics & before) ||
        str_equal(str_of(config_value(config, "genai", "providers", NULL)), STR("local")))
        return E_OK;
    int rc = pricing_open(config, &wish, &replay->pricing, err);
    if (rc || !replay->known) return rc;
    rc = cli_open_bus(config, &bus, err);
    if (rc == E_OK) rc = pricing_read_journal(replay->pricing, bus, err);
    rc = cli_name_bus(bus, rc, err);
    bus_close(bus);
    return rc;
}

int replay_price_record(struct replay *replay, const struct replay_message *message,
                        struct arena *arena, struct err *err)
{
    struct record record;
    int rc = record_scan(message->value, arena, &record, err);
    return rc ? rc
              : pricing_add_record(replay->pricing, &record, clock_wall_ms(clock_system()), arena,
                                   err);
}
