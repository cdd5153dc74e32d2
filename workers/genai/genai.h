/* The genai worker: see genai.c. */
#ifndef VERBATIM_WORKERS_GENAI_H
#define VERBATIM_WORKERS_GENAI_H

#include "runtime/worker.h"

#define GENAI_OPTIONS(O)                                                                          \
    O(STR,   providers,     "local",                                                              \
      "Who answers, first choice first: bedrock, anthropic, openai, local. What no other can "    \
      "answer, local does.")                                                                      \
    O(STR,   folder,        "",                                                                   \
      "Folder with models/, topics/, aspects/, prompts/ and recommendations.txt; empty: the "     \
      "shipped one.")                                                                             \
    O(STR,   prompt,        "insight-000001", "Version of the prompt: a folder below prompts/.")  \
    O(STR,   digest_prompt, "digest-000001",                                                      \
      "The same for digests; empty: models aren't asked about them.")                             \
    O(STR,   due_clocks,    "",                                                                   \
      "File of the reporting clocks for records that a model raised, as preprocess.due_clocks; "  \
      "empty: the shipped one.")                                                                  \
    O(STR,   regions,       "",      "Regions whose clocks run then, as preprocess.regions.")     \
    O(STR,   language,      "",                                                                   \
      "Language of statements and advice by models, e.g. en; empty: the feedback's.")             \
    O(U32,   batch_records, "6", 1, 8, "Records asked about in one call, at most.")               \
    O(MS,    batch_wait,    "50ms", 0, 10000,                                                     \
      "How long a record waits for others to be asked about with it.")                            \
    O(U32,   calls,         "16", 1, 1024,                                                        \
      "Calls at once to one provider, at most; fewer while it is overloaded.")                    \
    O(U32,   requests_a_minute, "0", 0, 10000000, "Calls a minute to one provider; 0: no limit.") \
    O(U32,   tokens_a_minute, "0", 0, 1000000000,                                                 \
      "Tokens a minute, in and out, to one provider; 0: no limit.")                               \
    O(U32,   tries,         "3", 1, 10,                                                           \
      "How often a record is asked about at one provider that fails.")                            \
    O(MS,    retry_least,   "200ms", 1, 60000,                                                    \
      "Pause before a second try, at most; it doubles with each.")                                \
    O(MS,    retry_most,    "10s", 1, 600000, "Longest pause before a try.")                      \
    O(MS,    patience,      "60s", 10, 3600000,                                                   \
      "How long a record waits for a remote answer; then local answers.")                         \
    O(U32,   queue,         "0", 0, 1000000,                                                      \
      "Records that may wait for a remote answer; local answers what finds more waiting. 0: the " \
      "source is paused instead.")                                                                \
    O(MS,    outage_least,  "5s", 10, 600000,                                                     \
      "How long a failing provider is left alone at first.")                                      \
    O(MS,    outage_most,   "60s", 10, 3600000, "How long it is left alone at most.")             \
    O(U32,   answer_tokens, "400", 64, 4096, "Tokens that the answer about one record may take.") \
    O(BYTES, text_bytes,    "8k", 256, 262144,                                                    \
      "Bytes of a text that are sent; a longer one is cut.")                                      \
    O(F64,   temperature,   "0", -1, 2, "Of the model; below 0: its own default.")                \
    O(MS,    digest_every,  "0", 0, 2678400000,                                                   \
      "Window of the digest events on insights, e.g. 1h or 1d; at least 1s; 0: none are made.")   \
    O(STR,   prices,        "",                                                                   \
      "What models cost: a table like the shipped config/prices.txt; empty: that one.")           \
    O(STR,   budget,        "",                                                                   \
      "US dollars that may be spent in a day (UTC), such as 25 or 0.50; empty: no limit.")        \
    O(STR,   budget_tenant, "",      "The same for the records of each tenant.")                  \
    O(CHOICE, at_limit,     "degrade", "degrade|pause",                                           \
      "When it is spent: the next provider of the chain answers, or records wait for the "        \
      "next day.")                                                                                \
    O(BYTES, journal_bytes, "64M", 65536, 1099511627776,                                          \
      "Room for answers that were paid for; the oldest give way.")                                \
    O(STR,   journal_file,  "",                                                                   \
      "File that holds them, so that the system may page them out; empty: memory. Begun anew at " \
      "each start: the topic answers fills it.")
OPTIONS_STRUCT(genai, GENAI_OPTIONS);

extern const struct option_table genai_option_table;
extern const struct worker genai_worker;

/* What asking models has come to so far, beside what the insights say of themselves. */
struct genai_tally {
    uint64_t calls, failed_calls; /* that ended; of them, without an answer */
    uint64_t input_tokens, output_tokens, paid_micros;
    uint64_t asked, repairs, unusable, missing, retries; /* records */
    const char *failure; /* how most of the failed calls ended; NULL: none failed */
};
/* False: local alone answers. */
bool genai_tally(const struct worker_context *context, struct genai_tally *ret_tally);

#endif
