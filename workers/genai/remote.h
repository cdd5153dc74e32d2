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

/* The prompt anew; on an error the old one stays. */
int remote_reload(struct remote *remote, struct worker_context *context, const char *folder,
                  struct err *err) CHECKED;

struct asker *remote_asker(struct remote *remote);
/* Everything not committed will be read again, here or by another replica. */
void remote_rewound(struct remote *remote);
void remote_metrics(struct remote *remote, uint64_t backlog_records, struct metrics_writer *writer);
void remote_tally(const struct remote *remote, struct genai_tally *ret_tally);
void remote_wait(struct remote *remote, const bool *ended);

#endif
