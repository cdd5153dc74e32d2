/* Posts a file in requests that the door takes. */
#include "ops/cli/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/shipped.h"
#include "workers/ingest/ingest.h"
#include "workers/ingest/state.h"

int sample_check(const char *path, struct err *err)
{
    struct stat found;
    if (!path[0]) return E_OK;
    if (stat(path, &found) || access(path, R_OK))
        return err_system(err, E_NO_INPUT, "--sample %s", path);
    if (S_ISDIR(found.st_mode)) return err_set(err, E_NO_INPUT, "--sample %s is a folder", path);
    return E_OK;
}

/* What one request may hold: as the door is configured, and no more than a MiB or so. */
static int read_limits(const struct sample_door *door, uint32_t *ret_rows, size_t *ret_bytes,
                       struct err *err)
{
    enum { BYTES_MOST = 1 << 20 };
    struct ingest_options options;
    int rc = config_get(door->config, ingest_worker.options, &options, err);
    if (rc) return rc;
    *ret_rows = options.rows_most;
    *ret_bytes = options.body_most < BYTES_MOST ? (size_t)options.body_most : BYTES_MOST;
    return E_OK;
}

static int post_rows(const struct sample_door *door, struct buffer *body,
                     struct post_counts *counts, struct err *err)
{
    char url[256];
    struct post_counts now = {0};
    if (body->failed) return err_set(err, E_NO_MEMORY, NULL);
    if (!door->go_on(door->user) || !body->size) return E_OK;
    snprintf(url, sizeof url, "%s/v1/feedback", door->base_url);
    /* our own door's */
    const char *certificate = config_value(door->config, "ingest", "certificate", NULL);
    const struct post_target target = {url, certificate, door->key};
    int rc = post_ndjson(&target, buffer_str(body), &now, err);
    counts->accepted += now.accepted;
    counts->refused += now.refused;
    buffer_clear(body);
    return rc;
}

static int post_file(const struct sample_door *door, FILE *file, struct post_counts *counts,
                     struct err *err)
{
    struct buffer body = {0};
    uint32_t rows = 0, rows_most = 0;
    size_t bytes_most = 0, room = 0;
    char *line = NULL;
    int rc = read_limits(door, &rows_most, &bytes_most, err);
    for (ssize_t size; rc == E_OK && (size = getline(&line, &room, file)) > 0;) {
        if (!str_trim(str_make(line, (size_t)size)).size) continue;
        if (rows == rows_most || body.size + (size_t)size > bytes_most)
            rc = post_rows(door, &body, counts, err), rows = 0;
        buffer_append(&body, line, (size_t)size);
        rows++;
    }
    if (rc == E_OK && ferror(file)) rc = err_system(err, E_IO, "reading");
    if (rc == E_OK) rc = post_rows(door, &body, counts, err);
    free(line);
    buffer_deinit(&body);
    return rc;
}

int sample_play(const struct sample_door *door, const char *path, struct post_counts *counts,
                struct err *err)
{
    char name[SHIPPED_PATH_BYTES];
    int rc = shipped_path(path, "sample/feedback.ndjson", name, err);
    if (rc) return rc;
    FILE *file = fopen(name, "re");
    if (!file) return err_system(err, E_NO_INPUT, "%s", name);
    rc = post_file(door, file, counts, err);
    fclose(file);
    if (counts->refused)
        fprintf(stderr, "verbatim run: %s: %llu records were refused; verbatim analyze says why\n",
                name, (unsigned long long)counts->refused);
    return rc ? err_wrap(err, "%s", name) : E_OK;
}
