/* What must hold when all faults are over and everything has come to rest. */
#ifndef VERBATIM_TESTS_SIM_ORACLE_H
#define VERBATIM_TESTS_SIM_ORACLE_H

#include "tests/sim/sim.h"

/* Each tells broken() what it finds. */
/* Lost, doubled, disordered, unknown; while not at rest, what isn't there may still come. */
void oracle_topics(bool at_rest);
void oracle_archive(bool all_run); /* each topic's archive is what the topic holds, once */
void oracle_ledger(void); /* what the workers say that they did is what there is */
void oracle_verify(void); /* verify_archive() agrees; without poison only */
void oracle_forget(void);
const char *oracle_unrest(void);   /* what is left to do; NULL: nothing for anybody */
void oracle_poison(void *unused);  /* an event: somebody writes what is no record */

#endif
