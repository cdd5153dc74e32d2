/* verbatim-build-language DATA FETCHED OUT [LESSONS]: trains the model that common/text/language/language.c
 * reads. */
#include <stdio.h>

#include "train.h"

enum { LESSONS = 2000000 };

static void on_step(void *context, uint32_t done, double loss)
{
    (void)context;
    fprintf(stderr, "lesson %7u  loss %.4f\n", done, loss);
}

static int build(char **arguments, uint32_t count, struct err *err)
{
    static struct language_model model;
    struct texts *texts;
    int rc = texts_open(arguments[1], arguments[2], &texts, err);
    if (rc) return rc;
    struct language_lessons lessons = {
        .draw = texts_draw, .texts = texts, .count = count, .seed = 1, .on_step = on_step};
    for (uint32_t c = 0; c < LANGUAGE_LANES; c++) lessons.codes[c] = texts_code(c);
    rc = train_language(&lessons, &model, err);
    if (!rc) rc = calibrate_language(arguments[1], &model, err);
    if (!rc) rc = language_write(arguments[3], &model, err);
    texts_close(texts);
    return rc;
}

int main(int count, char **arguments)
{
    struct err err;
    uint64_t lessons = LESSONS;
    if (count < 4 || count > 5 || (count == 5 && !str_to_u64(str_of(arguments[4]), &lessons))) {
        fprintf(stderr, "usage: verbatim-build-language DATA FETCHED OUT [LESSONS]\n");
        return err_exit_status(E_USAGE);
    }
    int rc = build(arguments, (uint32_t)lessons, &err);
    if (rc) fprintf(stderr, "verbatim-build-language: %s\n", err.text);
    return rc ? err_exit_status(err.code) : 0;
}
