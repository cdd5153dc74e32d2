/* One ingest that runs while a test does: set-up and tear-down of files whose tests all need it. */
#ifndef VERBATIM_TESTS_INGEST_STARTED_H
#define VERBATIM_TESTS_INGEST_STARTED_H

/* before `rig`, which their parameters would hide */
#include "ingest_callers.h"
#include "ingest_topics.h"

static struct rig rig;

/* `settings` as of rig_start(). */
static inline int start_with(void **state, const char *const *settings)
{
    if (rig_setup(state)) return -1;
    rig_start(&rig, settings);
    return 0;
}

static inline int stop(void **state)
{
    assert_int_equal(rig_stop(&rig), E_OK);
    return own_folder_remove(state);
}

#endif
