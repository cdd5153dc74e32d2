/* What texts are judged by: the language model, and of the safety screen cue lists, the trained
 * model, product names, clocks. Opened together at the start and at a reload, so that a fault in
 * one leaves all of the old in force. */
#ifndef VERBATIM_WORKERS_PREPROCESS_LISTS_H
#define VERBATIM_WORKERS_PREPROCESS_LISTS_H

#include "model/safety.h"
#include "text/language.h"
#include "text/names.h"
#include "text/screen.h"
#include "schema/clocks.h"

struct lists {
    struct screen *screen;
    struct safety_model model; /* zeroed: none */
    struct names *products;    /* NULL: none */
    struct clocks clocks;
    struct language_table *language; /* NULL: the one that is compiled in */
};

/* Each a path, empty for the shipped one; model and products may be "none". */
struct lists_choice {
    const char *cues, *model, *products, *clocks, *regions, *language;
};

/* BAD_MODEL, BAD_CONFIG, NO_MEMORY; says which option named the file. */
int lists_open(const struct lists_choice *choice, struct lists **ret_lists,
               struct err *err) CHECKED;
void lists_close(struct lists *lists); /* NULL is ignored */

#endif
