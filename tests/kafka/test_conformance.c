/* The Kafka bus does what every bus must do, on a real broker. */
#include "test.h"

#include "kafka_rig.h"

static struct config *config;
static bool at_least_once;
#define CONFORMANCE_AT_LEAST_ONCE at_least_once

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

int main(int argc, char **argv)
{
    at_least_once = argc == 2 && strcmp(argv[1], "at_least_once") == 0;
    return conformance_run(at_least_once ? "kafka bus, at least once" : "kafka bus");
}
