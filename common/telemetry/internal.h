/* The queue between those who tell and the thread that sends: shared by the files of telemetry. */
#ifndef VERBATIM_TELEMETRY_INTERNAL_H
#define VERBATIM_TELEMETRY_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "telemetry/collector.h"

struct telemetry {
    struct settings settings;
    struct telemetry_source source;
    const struct clock *clock;
    struct collector *collector; /* the thread's */
    pthread_t thread;
    _Atomic int64_t wall_less_mono_ns;
    atomic_ullong told, dropped, refused;
    atomic_uint waiting; /* in `spans`; looked at without the mutex, to drop early */
    atomic_bool closing;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* on the monotonic clock */
    /* Guarded by mutex: */
    struct buffer spans; /* waiting, as JSON, parted by commas */
    bool hurry;          /* there are enough for a request, or it is the end */
};

/* exporter.c: takes one span's JSON. False: no room, or no memory; counted. */
bool telemetry_queue(struct telemetry *telemetry, struct str span);
/* What telemetry_open() does with settings; they are taken over on success only. */
int telemetry_start(const struct settings *settings, const struct telemetry_source *source,
                    const struct clock *clock, struct telemetry **ret_telemetry,
                    struct err *err) CHECKED;

#endif
