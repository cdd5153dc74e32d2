/* A bus of its own on the broker at KAFKA_BOOTSTRAP: each test's topics have another prefix. */
#ifndef VERBATIM_TEST_KAFKA_RIG_H
#define VERBATIM_TEST_KAFKA_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bus/bus.h"
#include "config/config.h"

static const struct option_table *const rig_tables[] = {
    &bus_option_table, &kafka_option_table, NULL};

static char rig_prefix[64];

static inline void rig_new_prefix(void)
{
    static int count;
    snprintf(rig_prefix, sizeof rig_prefix, "t%d-%d.", (int)getpid(), ++count);
}

/* For cmocka_unit_test_setup(). */
static inline int rig_setup(void **state)
{
    (void)state;
    rig_new_prefix();
    return 0;
}

static inline const char *rig_bootstrap(void)
{
    const char *bootstrap = getenv("KAFKA_BOOTSTRAP");
    if (bootstrap) return bootstrap;
    fprintf(stderr, "KAFKA_BOOTSTRAP is not set: run this by tests/kafka/with_kafka.sh\n");
    exit(1);
}

/* `settings`: "module.name=value" …, ends with NULL; may be NULL. */
static inline int rig_try(const char *bootstrap, const char *const *settings,
                          struct config **ret_config, struct bus **ret_bus, struct err *err)
{
    struct config *config;
    char line[512];
    int rc = config_create(rig_tables, &config, err);
    if (rc) return rc;
    snprintf(line, sizeof line, "kafka.bootstrap.servers=%s", bootstrap);
    rc = config_set(config, str_of(line), "rig", err);
    snprintf(line, sizeof line, "bus.topic_prefix=%s", rig_prefix);
    if (rc == E_OK) rc = config_set(config, str_of(line), "rig", err);
    if (rc == E_OK) rc = config_set(config, STR("bus.kind=kafka"), "rig", err);
    for (; settings && *settings && rc == E_OK; settings++)
        rc = config_set(config, str_of(*settings), "rig", err);
    if (rc == E_OK) rc = bus_open(config, clock_system(), ret_bus, err);
    if (rc) config_destroy(config);
    else *ret_config = config;
    return rc;
}

#endif
