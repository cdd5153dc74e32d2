/* The sample that `verbatim run` plays, posted through its own front door. */
#ifndef VERBATIM_OPS_CLI_SAMPLE_H
#define VERBATIM_OPS_CLI_SAMPLE_H

#include "config/config.h"
#include "ops/cli/post.h"

struct sample_door {
    const struct config *config;
    const char *base_url; /* "http://127.0.0.1:8080" */
    const char *key;      /* "": none is asked for */
    bool (*go_on)(void *user); /* before each request; false: no more are sent */
    void *user;
};

/* Before anything starts, of a file that was named; not opened: it may be a pipe. NO_INPUT. */
int sample_check(const char *path, struct err *err) CHECKED;
/* NDJSON line by line into requests that the door takes; path "": the shipped file. Adds to
 * *counts. NO_INPUT, IO, NO_MEMORY; what post_ndjson() says. */
int sample_play(const struct sample_door *door, const char *path, struct post_counts *counts,
                struct err *err) CHECKED;

#endif
