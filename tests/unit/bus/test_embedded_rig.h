/* A folder of its own for each test of the embedded bus. */
#ifndef VERBATIM_TEST_EMBEDDED_RIG_H
#define VERBATIM_TEST_EMBEDDED_RIG_H

#include <stdlib.h>
#include <unistd.h>

#include "own_folder.h"
#include "bus/embedded.h"

/* bus.c names it; these tests never open a Kafka bus, and link with or without one. */
__attribute__((weak)) int bus_kafka_open(const struct bus_options *options,
                                         const struct config *config, const struct clock *clock,
                                         struct bus **ret_bus, struct err *err)
{
    (void)options, (void)config, (void)clock, (void)ret_bus;
    return err_set(err, E_BUG, "no Kafka in this test");
}


static inline struct bus_options rig_options(void)
{
    return (struct bus_options){
        .path = own_folder, .durable = false, .size_limit = 256 << 20, .partitions = 2};
}

static inline struct bus *rig_open(const struct bus_options *options, const struct clock *clock)
{
    struct bus *bus;
    struct err err;
    if (bus_embedded_open(options, clock, &bus, &err)) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return bus;
}

#endif
