/* The threads that call the object store, as its calls block. Each has a store of its own. */
#ifndef VERBATIM_LOGSINK_CREW_H
#define VERBATIM_LOGSINK_CREW_H

#include "workers/logsink/task.h"

struct crew;

/* Opens the first thread's store at once, so that what can't be meant is an error here. The
 * config's texts must outlive the crew. on_ended is called on a crew thread when crew_take() has
 * something. NO_MEMORY, SYSTEM, and store_open()'s. */
int crew_create(uint32_t threads, const struct store_config *config, void (*on_ended)(void *user),
                void *user, struct crew **ret_crew, struct err *err) CHECKED;

/* Runs the task on one of the threads; never blocks. */
void crew_start(struct crew *crew, struct task *task);
/* One that has ended, or NULL. */
struct task *crew_take(struct crew *crew);

/* Each thread opens its store anew before its next task: for changed certificates. */
void crew_reopen(struct crew *crew);

/* Cancels what runs and waits for it (about a second); then every task is there for crew_take(). */
void crew_stop(struct crew *crew);
void crew_destroy(struct crew *crew); /* stopped and emptied; NULL is ignored */

#endif
