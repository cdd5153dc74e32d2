/* librdkafka without us: clients with the properties that common/bus chooses, for loops that are
 * as short as can be. */
#ifndef VERBATIM_OPS_BENCHMARKS_BARE_H
#define VERBATIM_OPS_BENCHMARKS_BARE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

/* NULL: it can't be had, as stderr says. */
rd_kafka_t *bare_consumer(const char *bootstrap, const char *group, const char *topic);
/* Idempotent; *failed is set where a message isn't delivered. */
rd_kafka_t *bare_producer(const char *bootstrap, bool *failed);
/* Headers too. The message must stay until it is flushed. */
bool bare_forward(rd_kafka_t *producer, rd_kafka_topic_t *topic, rd_kafka_message_t *message);

#endif
