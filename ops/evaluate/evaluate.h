/* What a record says beside what its label says: one task a file, one list of them all. */
#ifndef VERBATIM_EVALUATE_H
#define VERBATIM_EVALUATE_H

#include "ops/evaluate/examples.h"
#include "ops/evaluate/scores.h"
#include "schema/shape.h"

enum { EVALUATION_SCORES = 3, EVALUATION_FIGURES_MAX = 80 };

/* The sections of the finished record. */
struct verdict {
    struct document document;
    struct safety safety;
    struct insight insight;
};

/* One figure; those of one group are shown in one row. */
struct figure {
    const char *group, *name;
    double value;
    bool is_count;
};
struct figures {
    struct figure items[EVALUATION_FIGURES_MAX];
    uint32_t count;
};
void figures_add(struct figures *figures, const char *group, const char *name, double value);
/* Where rows were judged: a 0 would look like a failure. */
void figures_macro_f1(struct figures *figures, const char *name, const struct scores *scores);
void figures_count(struct figures *figures, const char *group, const char *name, uint64_t value);
/* value / of, times scale; nothing is added where `of` is 0. */
void figures_share(struct figures *figures, const char *group, const char *name, uint64_t value,
                   uint64_t of, double scale);

struct safety_count {
    uint64_t positive, negative;             /* rows, by label */
    /* reached: positive rows that are alerts or unassessed */
    uint64_t alerts, false_alerts, unassessed, reached;
    uint64_t serious, serious_found, serious_marked;
};
struct language_count {
    uint64_t ours, ours_right, others, others_called_ours; /* ours: en, es, fr */
};
struct redact_count {
    struct {
        uint64_t values, left, partly;
    } kinds[ENUM_redaction_kind_count];
    uint64_t plain, plain_altered; /* texts without a span */
};

struct evaluation {
    const struct evaluation_task *task;
    struct scores scores[EVALUATION_SCORES];
    uint64_t rows, unlabelled, refused;
    struct safety_count safety;
    struct language_count language;
    struct redact_count redact;
};

struct evaluation_task {
    const char *name;
    bool labelled;         /* every row needs a label */
    bool hides_language;   /* the chain isn't told the language */
    const char *labels;    /* for the help */
    void (*start)(struct evaluation *evaluation);
    /* BAD_MESSAGE: the label is none that the task knows; err names the nearest. */
    int (*judge)(struct evaluation *evaluation, const struct example *example,
                 const struct verdict *verdict, struct arena *arena, struct err *err) CHECKED;
    void (*sum_up)(const struct evaluation *evaluation, struct figures *figures);
    /* For contests (contest.h); spell NULL: models aren't asked this. What the record says, spelt
     * as a label; nothing where no label says it. */
    void (*spell)(const struct verdict *verdict, struct buffer *out);
    bool single;           /* a row has one class, in the scores that count */
    uint32_t finest;       /* the scores that tell most apart */
    /* those that the data can tell; NULL: the finest */
    uint32_t (*main_scores)(const struct evaluation *evaluation);
};

extern const struct evaluation_task evaluate_sentiment, evaluate_needs, evaluate_topics,
    evaluate_aspects, evaluate_safety, evaluate_language, evaluate_redact;
extern const struct evaluation_task *const evaluation_tasks[]; /* ends with NULL */
const struct evaluation_task *evaluation_task_find(struct str name); /* NULL if there is none */

/* How a label may be spelt; ends with spelling == NULL. */
struct label {
    const char *spelling;
    uint32_t value;
};
/* Upper and lower case are one. BAD_MESSAGE names the nearest. */
int label_find(const struct label *labels, struct str label, uint32_t *ret_value,
               struct err *err) CHECKED;
/* Several, joined by '+': their values or-ed. */
int label_find_all(const struct label *labels, struct str label, uint32_t *ret_values,
                   struct err *err) CHECKED;

/* The names of the bits that are set, joined by '+'; `none` where there are none. */
void labels_join(const char *const *names, uint32_t count, uint32_t bits, const char *none,
                 struct buffer *out);

/* report.c: everything as a table for people, or as one JSON object. */
struct report {
    const struct evaluation *evaluation;
    const char *path;
    double seconds, cpu_seconds;
};
void report_print(const struct report *report);
void report_json(const struct report *report, struct buffer *out);

#endif
