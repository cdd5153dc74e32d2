/* Topics: keywords of the taxonomy where they stand, and what trained classes say of the text as a
 * whole, with the feeling of their clause. */
#include <math.h>

#include "model/insight/internal.h"

/* One mention a side of a topic: the first. */
static void add_facet(struct reading *reading, uint32_t number, const struct insight_topic *said)
{
    uint32_t at = 0;
    while (at < reading->facet_count && reading->facets[at].number != number) at++;
    if (at < reading->facet_count || at == INSIGHT_FACETS_MAX) return;
    reading->facets[reading->facet_count++] = (struct facet){number, *said};
}

/* One mention a topic: the one in the clause that feels most. named: that topic, or a side. */
static void add_mention(struct reading *reading, struct insight_result *result, uint32_t named,
                        struct insight_span span, const struct clause *clause)
{
    const struct topics *topics = &reading->engine->topics;
    uint32_t topic = topics_parent(topics, named);
    struct insight_topic mention = {topics->names[topic], span, insight_label(clause->score),
                                    clause->score};
    if (named != topic) add_facet(reading, named, &mention);
    uint8_t *number = &reading->topic_numbers[topic];
    if (*number) {
        struct insight_topic *kept = &result->topics[*number - 1];
        if (fabsf(clause->score) > fabsf(kept->score)) *kept = mention;
        return;
    }
    if (result->topic_count == INSIGHT_TOPICS_MAX) return;
    reading->topics[result->topic_count] = topic;
    result->topics[result->topic_count++] = mention;
    *number = (uint8_t)result->topic_count;
}

static int find_places(struct reading *reading, struct err *err)
{
    const struct insight_engine *engine = reading->engine;
    uint32_t words = reading->tokens->count, blocks = (words + TOPIC_PLACES - 1) / TOPIC_PLACES;
    reading->places = arena_alloc(reading->arena, blocks * sizeof *reading->places);
    if (!reading->places) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < blocks; i++) {
        uint32_t first = i * TOPIC_PLACES,
                 last = words - first < TOPIC_PLACES ? words : first + TOPIC_PLACES;
        _Static_assert((int)TOPIC_PLACES == (int)FLAGS_MOST, "marks are of the same tokens");
        reading->places[i] = topics_places(&engine->sieve, reading->tokens, first, last,
                                           reading->languages, reading->marks[i].elided);
    }
    return E_OK;
}

/* "[ACCOUNT]" stands for what was there, and says nothing of accounts. */
static bool is_placeholder(const struct reading *reading, uint32_t at)
{
    uint32_t start = reading->tokens->items[at].start;
    return start && reading->text.data[start - 1] == '[';
}

/* What the longest keywords at token `at` name; how many words are theirs: they own them, "fast
 * delivery" is no performance. */
static uint32_t add_mentions(struct reading *reading, struct insight_result *result, uint32_t at,
                             uint32_t by)
{
    const struct topics *topics = &reading->engine->topics;
    struct topic_match matches[TOPIC_MATCHES_MAX];
    uint32_t count = topics_match(topics, reading->tokens, at, reading->languages, by,
                                  reading->topic_numbers, matches);
    if (count == 0 || is_placeholder(reading, at)) return 0;
    uint32_t words = topics_longest(matches, count);
    const struct clause *clause = reading_clause_at(reading, at);
    for (uint32_t i = 0; i < count; i++)
        if (matches[i].words == words && matches[i].topic != TOPIC_UNNAMED)
            add_mention(reading, result, matches[i].topic, reading_span(reading, at, at + words),
                        clause);
    return words;
}

/* The clause that is surest of a trained class: its evidence. */
static const struct clause *surest_clause(const struct reading *reading, uint32_t class)
{
    const struct linear_model *model = &reading->engine->trained;
    const struct clause *surest = reading->clauses;
    float most = -INFINITY;
    for (uint32_t i = 0; i < reading->clause_count; i++) {
        const struct clause *clause = &reading->clauses[i];
        struct linear_sums sums = {0};
        linear_sum(model, &reading->features, clause->first, clause->last, &sums);
        float odds = linear_odds(model, class, sums.classes[class], sums.count);
        if (odds <= most) continue;
        most = odds;
        surest = clause;
    }
    return surest;
}

/* Classes that hold of the text, where no keyword names the topic. */
static void add_trained(struct reading *reading, struct insight_result *result)
{
    const struct insight_engine *engine = reading->engine;
    const struct linear_model *model = &engine->trained;
    struct linear_sums sums = {0};
    float probabilities[LINEAR_CLASSES_MAX];
    if (!model->classes || !reading->clause_count) return;
    linear_sum(model, &reading->features, 0, reading->tokens->count, &sums);
    linear_probabilities(model, &sums, probabilities);
    for (uint32_t class = 0; class < model->classes; class++) {
        uint32_t topic = engine->trained_topics[class];
        if (probabilities[class] < model->thresholds[class] || reading->topic_numbers[topic])
            continue;
        const struct clause *clause = surest_clause(reading, class);
        add_mention(reading, result, topic, reading_span(reading, clause->first, clause->last),
                    clause);
    }
}

const struct clause *reading_clause_of_byte(const struct reading *reading, uint32_t at)
{
    const struct clause *clause = reading->clauses, *last = clause + reading->clause_count - 1;
    while (clause < last && reading->tokens->items[clause->last - 1].end <= at) clause++;
    return clause;
}

/* What alerts is about safety first, whatever its words are: where harm is told is the evidence. */
static void add_alert(struct reading *reading, struct insight_result *result)
{
    uint32_t topic = reading->engine->alert_topic;
    if (!reading_is_harm(reading) || topic == TOPIC_UNNAMED || reading->topic_numbers[topic] ||
        !reading->clause_count)
        return;
    const struct insight_harm *harm = &reading->harm;
    bool told = harm->count > 0;
    const struct clause *clause = told ? reading_clause_of_byte(reading, harm->spans[0].start)
                                       : reading_worst_clause(reading);
    struct insight_span span =
        told ? harm->spans[0] : reading_span(reading, clause->first, clause->last);
    add_mention(reading, result, topic, span, clause);
}

int reading_topics(struct reading *reading, struct insight_result *result, struct err *err)
{
    uint32_t behind = 0; /* the keyword before */
    int rc = find_places(reading, err);
    add_alert(reading, result);
    for (uint32_t first = 0; first < reading->tokens->count && !rc; first += TOPIC_PLACES) {
        const struct topic_places *here = &reading->places[first / TOPIC_PLACES];
        uint64_t places = topics_places_of(here, TOPIC_ONE);
        for (; places; places &= places - 1) {
            uint32_t bit = (uint32_t)__builtin_ctzll(places), at = first + bit;
            if (at < behind) continue;
            uint32_t words =
                add_mentions(reading, result, at, topics_found_by(here, TOPIC_ONE, bit));
            if (words) behind = at + words;
        }
    }
    if (rc) return rc;
    add_trained(reading, result);
    return E_OK;
}
