#ifndef VERBATIM_TESTS_SIM_SCHEDULE_H
#define VERBATIM_TESTS_SIM_SCHEDULE_H

#include "tests/sim/sim.h"

struct schedule_result {
    bool failed;
    char why[600];
    double virtual_seconds;
    uint64_t turns, records, objects, repeats;
};

/* One schedule from its seed, from nothing to nothing. */
void schedule_run(uint64_t seed, bool trace, struct schedule_result *ret_result);

#endif
