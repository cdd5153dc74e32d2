/* First version: says that it is not there yet. */
#include "workers/ingest/state.h"

int watch_open(struct ingest_state *state, struct watch **ret_watch, struct err *err)
{
    (void)state, (void)ret_watch;
    return err_set(err, E_BAD_CONFIG, "ingest.watch is not built yet");
}

void watch_close(struct watch *watch) { (void)watch; }
bool watch_busy(const struct watch *watch) { return watch != NULL; }
void watch_metrics(const struct watch *watch, struct metrics_writer *writer) { (void)watch, (void)writer; }
