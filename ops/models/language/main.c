/* verbatim-build-language DATA FETCHED OUT [LESSONS]: trains the model that common/text/language.c
 * reads. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "train.h"

enum { LESSONS = 2000000 };

static int write_model(const char *path, struct language_model *model, struct err *err)
{
    struct str whole = str_make(model, sizeof *model);
    size_t summed = sizeof model->header.magic + sizeof model->header.checksum;
    model->header.checksum = hash_fast(str_slice(whole, summed, whole.size), 0);
    FILE *file = fopen(path, "wb");
    if (!file) return err_system(err, E_NO_OUTPUT, "%s", path);
    size_t written = fwrite(whole.data, 1, whole.size, file);
    if (fclose(file) || written != whole.size) return err_system(err, E_NO_OUTPUT, "%s", path);
    return E_OK;
}

static int build(char **arguments, uint32_t lessons, struct err *err)
{
    static struct language_model model;
    struct texts *texts;
    int rc = texts_open(arguments[1], arguments[2], &texts, err);
    if (rc) return rc;
    rc = train_language(texts, lessons, &model, err);
    if (!rc) rc = calibrate_language(arguments[1], &model, err);
    if (!rc) rc = write_model(arguments[3], &model, err);
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
