/* Asks a store what may be done in it.
 *
 * A refusal answers one question, and the next is asked: rights differ by what is done. A place
 * that isn't there, a server that doesn't answer, and what is wrong with every request end it. */
#include "store/survey.h"

#define PROBE_TEXT "verbatim buckets was here, to see whether it may write.\n"
enum { PROBE_BYTES_MAX = 4096 };

/* The first failure is the one that is told. */
static void note(struct survey *survey, const struct err *err)
{
    if (survey->err.code == E_OK) survey->err = *err;
}

/* Whether the store has given an answer, and what it is. */
static bool answered(struct survey *survey, int rc, const struct err *err, enum answer *ret_answer)
{
    bool here = false;
    if (rc == E_OK) {
        *ret_answer = survey->there = ANSWER_YES;
        return true;
    }
    switch (rc) {
    case E_NO_INPUT: survey->there = ANSWER_NO; break;
    case E_DENIED:
    case E_IO:
    case E_DISK_FULL:
    case E_NO_OUTPUT:
    case E_BAD_MESSAGE:
    case E_TOO_LARGE: here = true; break;
    default: break;
    }
    if (here) *ret_answer = ANSWER_NO;
    note(survey, err);
    return here;
}

/* A second object of that name must be refused; where one was there, the first was. */
static bool ask_write(struct store *store, struct str probe, struct survey *survey)
{
    const struct store_put_options options = {.if_absent = true, .content_type = "text/plain"};
    struct err err = {0};
    int rc = store_put(store, probe, STR(PROBE_TEXT), &options, &err);
    if (rc == E_OK) {
        survey->write = survey->there = ANSWER_YES;
        rc = store_put(store, probe, STR(PROBE_TEXT), &options, &err);
        if (rc == E_OK) {
            survey->once = ANSWER_NO;
            err_set(&err, E_BAD_CONFIG,
                    "the store writes over objects, also where it is told not to (If-None-Match): "
                    "nothing would be archived once");
            note(survey, &err);
            return true;
        }
    }
    if (rc == E_EXISTS) {
        survey->write = survey->once = survey->there = ANSWER_YES;
        return true;
    }
    return answered(survey, rc, &err, survey->write == ANSWER_YES ? &survey->once : &survey->write);
}

/* An object of somebody's, else the probe. One that isn't there may be read too: S3 says
 * "not found" to those only who may. */
static bool ask_read(struct store *store, struct str probe, const struct store_page *page,
                     struct survey *survey)
{
    struct buffer body = {0};
    struct err err = {0};
    int rc = page->count ? store_get_range(store, page->objects[0].key, 0, 1, NULL, &body, &err)
                         : store_get(store, probe, PROBE_BYTES_MAX, &body, &err);
    buffer_deinit(&body);
    if (rc == E_NOT_FOUND || (rc == E_TOO_LARGE && !page->count)) rc = E_OK;
    bool going = answered(survey, rc, &err, &survey->read);
    bool is_there = page->count || survey->write == ANSWER_YES || survey->list == ANSWER_YES;
    if (rc == E_DENIED && !is_there) survey->read = ANSWER_UNKNOWN;
    return going;
}

static void ask_versioning(struct store *store, struct survey *survey)
{
    int rc = store_versioning(store, &survey->versioning, NULL);
    survey->versioning_known = rc == E_OK ? ANSWER_YES : ANSWER_NO;
}

void store_survey(struct store *store, const struct survey_plan *plan, struct survey *ret_survey)
{
    struct survey survey = {0};
    struct store_page page = {0};
    struct err err = {0};
    int rc = store_list(store, plan->list, STR(""), 1, &page, &err);
    if (answered(&survey, rc, &err, &survey.list) &&
        (plan->read_only || ask_write(store, plan->probe, &survey)) &&
        ask_read(store, plan->probe, &page, &survey))
        ask_versioning(store, &survey);
    store_page_deinit(&page);
    *ret_survey = survey;
}
