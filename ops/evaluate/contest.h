/* Who says it best: what several that answer (local models, providers, versions of a prompt) say of
 * the same labelled rows, side by side, and whether one prompt may replace another.
 *
 * A contender is judged by the rows that it answered itself; how many it didn't is a figure of its
 * own. Two are told apart on the rows that both answered, by McNemar's exact test: of the rows that
 * only one of them has right, how unlikely is so uneven a split by chance (McNemar 1947, "Note on
 * the sampling error of the difference between correlated proportions or percentages"; exact form:
 * two-sided binomial, p = 1/2). */
#ifndef VERBATIM_EVALUATE_CONTEST_H
#define VERBATIM_EVALUATE_CONTEST_H

#include "ops/evaluate/evaluate.h"

enum { CONTENDERS_MAX = 16, CONTEST_PROMPT_BYTES = 64, CONTEST_CHECKS_MAX = 10 };

/* What asking took in all: failed calls, repairs and answers of no use too. */
struct contest_bill {
    uint64_t calls, failed_calls, repairs, retries, input_tokens, output_tokens, paid_micros;
    bool priced;
};

struct contender {
    const char *provider, *model; /* model NULL: local */
    char prompt[CONTEST_PROMPT_BYTES];
    const char *failure;       /* how most of its failed calls ended; NULL: none did */
    struct evaluation *labels; /* beside the labels */
    uint8_t *rows; /* of each row, for each of EVALUATION_SCORES: judged (low bits), right (from bit
                      4) */
    uint32_t *latencies_us; /* of answers that were asked for, ascending after contender_finish() */
    struct contest_bill bill;
    uint64_t row_count, asked, answered, cached, refused, compared, agreeing;
    uint64_t claims, dropped, with_dropped, latency_count;
};

/* NO_MEMORY. deinit: a zeroed one is valid. */
int contender_init(struct contender *contender, const struct evaluation_task *task,
                   uint64_t row_count, struct err *err) CHECKED;
void contender_deinit(struct contender *contender);

/* One row that was asked about: verdict NULL where somebody else had to answer. `local`: as local
 * spells it, empty where it said nothing. BAD_MESSAGE: the label is none that the task knows. */
int contender_take(struct contender *contender, uint64_t row, const struct example *example,
                   struct str local, const struct verdict *verdict, struct arena *arena,
                   struct err *err) CHECKED;
void contender_finish(struct contender *contender);

/* Shares are of 1; below 0: nothing to tell. */
struct contest_figures {
    double answered, macro_f1, accuracy, same_as_local;
    double evidence;     /* claims whose words are in the text, of all that were made */
    double with_dropped; /* answers that lost a claim so, of all */
    double repaired;     /* calls made again because an answer was of no use, of the rows */
    double input_tokens, output_tokens, cost_usd; /* a row asked about */
    double median_ms, p95_ms;                     /* of the calls that rows were answered by */
    double danger_found;                          /* safety: positive rows that are alerts */
    uint64_t judged, right;
};
struct contest_figures contender_figures(const struct contender *contender, uint32_t main_scores);

/* The smallest value that so many of the (ascending) values don't exceed: the nearest rank. */
uint32_t contest_quantile(const uint32_t *ascending, uint64_t count, double share);
/* Rows that only one has right. */
double contest_p_value(uint64_t only_first, uint64_t only_second);

struct contest_check {
    const char *name, *rule;
    double current, candidate; /* below 0: nothing to tell */
    bool passes;
};
struct contest_verdict {
    struct contest_check checks[CONTEST_CHECKS_MAX];
    uint32_t count;
    uint64_t both, only_current, only_candidate;
    double p_value;
    bool promote;
};

enum { CONTEST_ROWS_LEAST = 200 };
/* May the candidate's prompt replace the current one? The rules are in contest_verdict.c and
 * config/prompts/README.md. */
void contest_judge(const struct contender *current, const struct contender *candidate,
                   uint32_t main_scores, struct contest_verdict *ret_verdict);

/* The report: a table for people, one object for programs. */
struct contest {
    const struct evaluation_task *task;
    const char *path;
    struct contender contenders[CONTENDERS_MAX]; /* the first is local */
    uint32_t count;
    uint64_t rows, refused, unlabelled; /* refused: rows that are no feedback, or have no label */
    const struct contest_verdict *verdict; /* NULL: none was asked for */
};
uint32_t contest_main_scores(const struct contest *contest);
void contest_print(const struct contest *contest);
void contest_json(const struct contest *contest, struct buffer *out);

#endif
