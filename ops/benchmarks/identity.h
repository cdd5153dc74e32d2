/* Our worker shell with an identity step on a real Kafka, from the topic feedback to documents. */
#ifndef VERBATIM_OPS_BENCHMARKS_IDENTITY_H
#define VERBATIM_OPS_BENCHMARKS_IDENTITY_H

#include "bus/bus.h"

enum { IDENTITY_PARTITIONS = 4 };

struct identity_round {
    const char *bootstrap, *delivery; /* delivery: as runtime.delivery */
    const char *prefix;               /* of the topics; NULL: none */
    /* to be passed on before it stops; 0: until identity_stop() */
    uint64_t records;
    char group[64];
};

/* For bench_child(), with a round: creates the topics and writes the records. */
int identity_prepare(void *round);
/* For bench_child(): passes the records on. */
int identity_run(void *round);
void identity_stop(void); /* any thread, while identity_run() runs */
bool identity_is_ready(void);

/* A bus with the round's settings. The config must outlive it. */
int identity_open(const struct identity_round *round, struct config **ret_config,
                  struct bus **ret_bus, struct err *err) CHECKED;

#endif
