/* Those who send feedback, each until it has a receipt for all that it has to say. */
#ifndef VERBATIM_TESTS_SIM_CLIENTS_H
#define VERBATIM_TESTS_SIM_CLIENTS_H

#include "tests/sim/sim.h"

enum { CLIENTS_MAX = 4, CLIENT_RECORDS_MAX = 12 };

/* One thing that a client says; its text holds "(c1 s2)", by which it is known again. */
struct said {
    uint32_t client, number;
    char id[48]; /* as in the receipt; "": none yet */
    bool receipt;
    bool lengthy;
    bool again; /* under an id that was used before, which is a mistake: becomes a dead letter */
};

struct client {
    uint32_t number;
    char customer[24]; /* "": each record by itself */
    struct said said[CLIENT_RECORDS_MAX];
    uint32_t said_count, next; /* to be said */
    uint32_t posting;          /* how many are in the post that is being made */
    char idempotency[48];
    struct str body;
    bool bulk, wait;
    struct sim_request *request;
    struct event *timeout;
};

extern struct client sim_clients[CLIENTS_MAX];
extern uint32_t sim_client_count;

void clients_start(void);
bool clients_done(void);
void clients_finish(void); /* hang up: nobody calls them any more */
/* Which of all that was said this text is; NULL: none. */
const struct said *said_find(struct str text);

#endif
