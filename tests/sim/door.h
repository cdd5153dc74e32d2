/* The door as clients reach it: one connection a post. */
#ifndef VERBATIM_TESTS_SIM_DOOR_H
#define VERBATIM_TESTS_SIM_DOOR_H

#include "http/server.h"
#include "tests/sim/sim.h"

struct sim_request;

struct post_text {
    struct str type, idempotency, query, body; /* empty: none */
};

/* on_answer comes once, later, unless the client hangs up before. NULL: nobody listens. */
struct sim_request *door_call(const struct post_text *post,
                              void (*on_answer)(void *user, int status, struct str body),
                              void *user);
void door_hang_up(struct sim_request *request); /* the connection breaks */

#endif
