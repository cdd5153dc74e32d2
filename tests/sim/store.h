/* The simulated object store: what S3 promises, and what may happen on the way to it. */
#ifndef VERBATIM_TESTS_SIM_STORE_H
#define VERBATIM_TESTS_SIM_STORE_H

#include "store/store.h"

struct sim_object {
    struct str key, body;
};

struct sim_objects {
    struct sim_object *items; /* ascending by key */
    size_t count, capacity;
};
extern struct sim_objects sim_objects;

struct store *sim_store_open(void); /* for the current process */
void sim_store_cancel(struct store *store);
const struct sim_object *sim_store_find(struct str key);
void sim_store_free(void);

#endif
