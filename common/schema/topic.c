/* The table of topics. */
#include "schema/topic.h"

#include <assert.h>

#define DAYS(days) ((int64_t)(days) * 24 * 3600 * 1000)

static const struct topic_info topics[TOPIC_COUNT] = {
#define TOPIC(id, topic_name, count, retention, kept, text)                       \
    [TOPIC_##id] = {.name = topic_name, .description = text, .partitions = count, \
                    .retention_ms = retention, .keep = TOPIC_KEEP_##kept},
#include "schemas/topics.def"
#undef TOPIC
};

const struct topic_info *topic_info(enum topic topic)
{
    assert(topic < TOPIC_COUNT);
    return &topics[topic];
}

enum topic topic_by_name(struct str name)
{
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (str_equal(name, str_of(topics[i].name))) return (enum topic)i;
    return TOPIC_NONE;
}
