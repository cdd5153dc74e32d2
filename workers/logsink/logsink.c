/* First version: reads all topics and keeps nothing. */
#include "workers/logsink/logsink.h"

#include "store/store.h"

#define LOGSINK_OPTIONS(O) O(STR, url, "data/archive", "Where objects go: a folder, or s3://BUCKET/PREFIX.")
OPTIONS_STRUCT(logsink, LOGSINK_OPTIONS);
#define OPTIONS_OWNER struct logsink_options
OPTIONS_TABLE(logsink, LOGSINK_OPTIONS, "The archive.");
#undef OPTIONS_OWNER

static int logsink_open(struct worker_context *context, struct err *err)
{
    (void)context, (void)err;
    return E_OK;
}

static int logsink_process(struct worker_context *context, struct job *job, struct err *err)
{
    (void)context, (void)job, (void)err;
    return E_OK;
}

static void logsink_close(struct worker_context *context) { (void)context; }

static const struct option_table *const logsink_tables[] = {&store_option_table, NULL};

const struct worker logsink_worker = {
    .name = "logsink",
    .summary = "Archives every topic as objects that any tool can read.",
    .consumes = (1u << TOPIC_COUNT) - 1,
    .options = &logsink_option_table,
    .tables = logsink_tables,
    .raw = true,
    .open = logsink_open, .process = logsink_process, .close = logsink_close,
};
