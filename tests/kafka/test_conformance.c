/* The Kafka bus does what every bus must do, on a real broker. */
#include "test.h"

#include "kafka_rig.h"

static struct config *config;

static struct bus *conformance_open(void)
{
    struct bus *bus;
    struct err err;
    rig_new_prefix();
    if (rig_try(rig_bootstrap(), NULL, &config, &bus, &err) == E_OK) return bus;
    fprintf(stderr, "%s\n", err.text);
    abort();
}

static void conformance_close(struct bus *bus)
{
    bus_close(bus);
    config_destroy(config);
}

#include "../unit/bus/test_conformance.h"

int main(void) { return conformance_run("kafka bus"); }
