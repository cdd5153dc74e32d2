/* How many messages were deleted before they were read: retention was shorter than the backlog. */
#ifndef VERBATIM_BUS_KAFKA_MISSED_H
#define VERBATIM_BUS_KAFKA_MISSED_H

#include <pthread.h>
#include <stdatomic.h>

#include "bus/bus.h"

struct kafka_missed {
    pthread_mutex_t lock; /* of its own: librdkafka holds locks when it logs */
    struct bus_position resets[32]; /* where reading should have gone on */
    atomic_uint count;
    struct bus_position counted[32]; /* and up to where it is counted, in turn */
    unsigned turn;
    uint64_t messages; /* missed; of the loop's thread */
};

enum { MISSED_NAME_BYTES = 250 };

void missed_init(struct kafka_missed *missed);
void missed_deinit(struct kafka_missed *missed);
/* Partition and offset of a line of librdkafka's log that says that a partition begins anew, and
 * the name of its topic; false for other lines. */
bool missed_read_line(const char *text, char topic[static MISSED_NAME_BYTES],
                      struct bus_position *ret_reset);
/* Any thread. The last of each partition counts; beyond the room that there is none does. */
void missed_reset(struct kafka_missed *missed, const struct bus_position *reset);
/* The partitions have gone; what was counted of them stays. */
void missed_forget(struct kafka_missed *missed);
/* A message has come, and the one before it was at `position` - 1. */
void missed_at(struct kafka_missed *missed, enum topic topic, uint32_t partition, int64_t position,
               int64_t offset);

#endif
