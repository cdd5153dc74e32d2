/* Where the partitions of an assignment begin, and end: what kafka_begin.c and the watcher share with
 * those that take an assignment or give it back. */
#ifndef VERBATIM_BUS_KAFKA_BEGIN_H
#define VERBATIM_BUS_KAFKA_BEGIN_H

#include "bus/kafka.h"

/* The watcher finds out what is committed of `partitions`, for the next poll to begin there. */
void begin_await(struct kafka_consumer *consumer,
                 const rd_kafka_topic_partition_list_t *partitions);
/* What it found, which is the caller's, or NULL; and once these are owned, their ends. */
rd_kafka_topic_partition_list_t *begin_awaited(struct kafka_consumer *consumer);
void begin_adopt(struct kafka_consumer *consumer);
/* Of the watcher: asks. The lock is held, but not while it waits. A transaction that is open on one
 * of the partitions is waited for. With the ends, so that the backlog is known before anything has
 * been fetched. False: not yet. */
bool begin_ask(struct kafka_consumer *consumer) CHECKED;
/* Before it leaves: what is read and committed up to transaction markers is committed behind them.
 * Else they would look like messages that retention has deleted, to whoever comes back so late. */
void begin_behind_markers(struct kafka_consumer *consumer);

/* The ends of the partitions in `list`; NULL where nobody answers. Blocks. */
rd_kafka_topic_partition_list_t *ends_of(rd_kafka_t *client,
                                         const rd_kafka_topic_partition_list_t *list);
/* They become those of what is owned. The lock is held. */
void ends_take(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list);

#endif
