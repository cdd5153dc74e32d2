/* What preprocess is told, and what it holds on to. One thread: the loop's. */
#ifndef VERBATIM_WORKERS_PREPROCESS_STATE_H
#define VERBATIM_WORKERS_PREPROCESS_STATE_H

#include "runtime/worker.h"
#include "workers/preprocess/lists.h"
#include "workers/preprocess/strip.h"
#include "workers/preprocess/takeover.h"
#include "workers/preprocess/window.h"

#define PREPROCESS_OPTIONS(O)                                                                      \
    O(STR,    cues,           "",      "Folder of the safety cue lists; empty: the shipped ones.") \
    O(STR,    safety_model,   "",                                                                  \
      "File of the trained safety model; empty: the shipped one, none: cue lists alone.")          \
    O(STR,    language_model, "",                                                                  \
      "File of a language model (verbatim train language); empty: the one that is compiled in.")   \
    O(STR,    folder,         "",                                                                  \
      "Folder for the duplicate window and the generated key; empty: in memory only.")             \
    O(SECRET, customer_key,                                                                        \
      "Key of the customer hash, the same for all replicas; empty: generated, kept in the folder.") \
    O(U32,    window_records, "65536", 1024, 4194304,                                              \
      "Texts that repeats are looked for in; a power of two.")                                     \
    O(MS,     window_age,     "7d",    1000, 31536000000,                                          \
      "Age beyond which a repeat is news again.")                                                  \
    O(U32,    takeover_records, "8192", 0, 1048576,                                                \
      "Records of a partition that another replica had, read back to know repeats of them; "       \
      "0: none.")                                                                                  \
    O(BOOL,   drop_retried,   "true",                                                              \
      "Drop a record whose id came before as another message: its caller posted again.")           \
    O(U32,    repeat_words,   "5",     1, 100,                                                     \
      "Shorter texts are never marked as repeats: \"good\" isn't copied.")                         \
    O(STR,    due_clocks,     "",                                                                  \
      "File of the reporting clocks by region, kind and seriousness; empty: the shipped one.")     \
    O(STR,    regions,        "",                                                                  \
      "Regions whose clocks run, parted by commas; empty: all of the file. A record's attribute "  \
      "region comes first.")                                                                       \
    O(STR,    products,       "",                                                                  \
      "File of product and drug names; empty: the shipped one, none: none.")
OPTIONS_STRUCT(preprocess, PREPROCESS_OPTIONS);

enum { LANGUAGES_MAX = 16 };

struct preprocess_state {
    struct lists *lists;
    struct window *window;
    struct takeover *takeover; /* NULL without a bus */
    struct pseudonym pseudonym;
    struct strip_known known;
    uint64_t retried, states[ENUM_safety_state_count], redactions[ENUM_redaction_kind_count],
        duplicates[ENUM_duplicate_kind_count];
    struct {
        char code[8];
        uint64_t records;
    } languages[LANGUAGES_MAX];
};

/* NULL: cue lists alone. */
static inline const struct safety_model *preprocess_model(const struct preprocess_state *state)
{
    return state->lists->model.linear.weights ? &state->lists->model : NULL;
}

#endif
