/* First version: says that it is not there yet. */
#include "bus/backend.h"

int bus_kafka_open(const struct bus_options *options, const struct config *config, const struct clock *clock,
                   struct bus **ret_bus, struct err *err)
{
    (void)options, (void)config, (void)clock, (void)ret_bus;
    return err_set(err, E_BAD_CONFIG, "bus.kind = kafka is not built yet");
}
