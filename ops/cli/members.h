/* The six workers of `verbatim run`, as threads of this process. */
#ifndef VERBATIM_OPS_CLI_MEMBERS_H
#define VERBATIM_OPS_CLI_MEMBERS_H

#include <signal.h>

#include "ops/cli/cli.h"

struct members;

int members_start(const struct arguments *arguments, struct members **ret_members,
                  struct err *err) CHECKED;
/* within 20 s: TIMEOUT */
int members_await_ready(const struct members *members, struct err *err) CHECKED;
/* Where the door listens, once all are ready. */
const char *members_door(const struct members *members);
/* The error of the first worker that ended by itself; E_OK: none has. */
int members_failed(const struct members *members, struct err *err) CHECKED;
/* Has every worker behind the door nothing more to do, as far as each has seen? */
bool members_idle(const struct members *members);

void members_reload(struct members *members); /* all six, as SIGHUP does with one */

/* One after the other in the order of the data: each ends once it has done all that those before
 * it gave it. Returns when all have, or a signal came, or the time is over: members_stop() then
 * cuts short who is left. */
void members_finish(struct members *members, int64_t within_ms,
                    const volatile sig_atomic_t *stop_asked);

/* In the order of the data, so that each finds the last outputs of those before it. The first
 * error; `all_done`: TIMEOUT where one had to stop in the middle of its work. NULL is accepted. */
int members_stop(struct members *members, bool all_done, struct err *err) CHECKED;

#endif
