/* The topics, from schemas/topics.def. */
#ifndef VERBATIM_SCHEMA_TOPIC_H
#define VERBATIM_SCHEMA_TOPIC_H

#include "base/str.h"

enum topic {
#define TOPIC(id, name, partitions, retention_ms, keep, description) TOPIC_##id,
#include "schemas/topics.def"
#undef TOPIC
    TOPIC_COUNT,
    TOPIC_NONE = TOPIC_COUNT
};

/* NEWEST: of messages with one key the older ones may go before their time. */
enum topic_keep { TOPIC_KEEP_ALL, TOPIC_KEEP_NEWEST };

struct topic_info {
    const char *name, *description;
    uint32_t partitions;
    int64_t retention_ms;
    enum topic_keep keep;
};

const struct topic_info *topic_info(enum topic topic);
enum topic topic_by_name(struct str name); /* TOPIC_NONE if there is none */

#endif
