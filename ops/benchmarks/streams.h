/* Kafka Streams with an identity topology (PassStreams.java), a child that is asked for rounds. */
#ifndef VERBATIM_OPS_BENCHMARKS_STREAMS_H
#define VERBATIM_OPS_BENCHMARKS_STREAMS_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/err.h"

struct streams {
    pid_t child; /* 0: none; zeroed is valid */
    FILE *orders, *answers;
};

/* `folder` holds the jars and a log4j2.xml (tests/lib/kafka.sh streams), `source` is
 * PassStreams.java. Nothing runs until a round is asked for. */
int streams_open(struct streams *streams, const char *folder, const char *source,
                 const char *bootstrap, uint64_t records, struct err *err) CHECKED;
/* CPU seconds of a round; < 0: it failed. `guarantee` is Kafka Streams' own word. */
double streams_round(struct streams *streams, const char *guarantee, const char *application);
void streams_close(struct streams *streams);

#endif
