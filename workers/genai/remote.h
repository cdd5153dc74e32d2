/* The remote providers of the chain, their clients and the timer: what stands between the
 * worker and the asker. */
#ifndef VERBATIM_WORKERS_GENAI_REMOTE_H
#define VERBATIM_WORKERS_GENAI_REMOTE_H

#include "workers/genai/asker.h"
#include "workers/genai/genai.h"

/* `providers` of the options: "bedrock, openai, local". local is last, or left out. */
struct remote_chain {
    enum llm_provider providers[ASKER_STAGES_MAX];
    uint32_t count; /* 0: local alone */
};
int remote_parse(const char *providers, struct remote_chain *ret_chain, struct err *err) CHECKED;

struct remote;
/* On context->loop; on one of its own where there is none (a chain), and then
 * remote_wait() turns it. */
int remote_open(struct worker_context *context, const struct remote_chain *chain,
                const char *folder, asker_on_end *on_end, void *user, struct remote **ret_remote,
                struct err *err) CHECKED;
void remote_close(struct remote *remote); /* NULL is ignored */

/* SIGHUP: what files say, read and found good; swapped, it is in force, and `files` hold what was
 * before. */
struct remote_files {
    struct prompt *prompt;
    struct prices *prices;
    char *keys[ASKER_STAGES_MAX];
};
/* Zeroed files; to be freed whatever it returns. */
int remote_read(const struct remote *remote, const struct worker_context *context,
                const char *folder, struct remote_files *files, struct err *err) CHECKED;
void remote_swap(struct remote *remote, struct remote_files *files);
void remote_files_free(struct remote_files *files);

struct asker *remote_asker(struct remote *remote);
/* Everything not committed will be read again, here or by another replica. */
void remote_rewound(struct remote *remote);
void remote_metrics(struct remote *remote, uint64_t backlog_records, struct metrics_writer *writer);
void remote_tally(const struct remote *remote, struct genai_tally *ret_tally);
void remote_wait(struct remote *remote, const bool *ended);

#endif
