/* What may be done in a store, found out by doing it: for operators. */
#ifndef VERBATIM_STORE_SURVEY_H
#define VERBATIM_STORE_SURVEY_H

#include "store/store.h"

struct survey_plan {
    struct str list;  /* the prefix that is listed */
    struct str probe; /* the key of a small object, which is written once and stays */
    bool read_only;   /* nothing is written */
};

enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

struct survey {
    enum answer there, list, read, write;
    enum answer once;              /* is an object that must be new refused where there is one? */
    enum answer versioning_known;  /* NO: that right isn't needed for anything else */
    enum store_versioning versioning;
    struct err err; /* the first that stands in a worker's way; E_OK: nothing does */
};

/* List, write, read and versioning, up to what no further question would get over: no such place,
 * no answer. Six requests at most. */
void store_survey(struct store *store, const struct survey_plan *plan, struct survey *ret_survey);

#endif
