/* Who answers what a text means. The local provider answers at once; a remote one defers the job
 * and finishes it when its reply has come. Both give claims; genai.c checks them against the text,
 * but for those that the local one checked as it wrote them. */
#ifndef VERBATIM_WORKERS_GENAI_PROVIDER_H
#define VERBATIM_WORKERS_GENAI_PROVIDER_H

#include "model/insight.h"
#include "runtime/worker.h"

/* What is asked: views that live as long as the job. */
struct provider_question {
    struct str text, language, tenant;
    bool has_rating;
    float rating;
    struct insight_harm harm; /* what the screen said, and where it tells of events and hazards */
};

struct provider;
typedef void provider_on_answer(struct job *job, enum err_code code, struct insight *answer,
                                const struct err *err);

struct provider_ops {
    const char *name;
    int (*open)(struct worker_context *context, const char *folder, struct provider **ret_provider,
                struct err *err);
    /* Answers at once into ret_answer; or calls job_defer(), and on_answer exactly once, later, on
     * the loop. What the answer points to lives in the job's arena. *ret_holds is set to true where
     * evidence_check() would find nothing in the answer to drop; else it is left. */
    int (*ask)(struct provider *provider, struct job *job, const struct provider_question *question,
               struct insight *ret_answer, bool *ret_holds, provider_on_answer *on_answer,
               struct err *err);
    /* What the safety team is told of any record with an alert, but for start and end. False: it
     * depends on the text. What it points to lives as long as the provider. */
    bool (*alert)(struct provider *provider, struct str language,
                  struct recommendation *ret_advice);
    void (*close)(struct provider *provider);
};

struct provider {
    const struct provider_ops *ops;
};

extern const struct provider_ops provider_local;

#endif
