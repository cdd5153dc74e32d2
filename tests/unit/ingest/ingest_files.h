/* A watched folder: files that are put there, receipts and refused rows that come of them, and the
 * records that the bus holds then. */
#ifndef VERBATIM_TESTS_INGEST_FILES_H
#define VERBATIM_TESTS_INGEST_FILES_H

#include "ingest_callers.h"
#include "ingest_topics.h"

#include <dirent.h>

static char watched[96], setting[128];

static inline int setup(void **state)
{
    if (rig_setup(state)) return -1;
    snprintf(watched, sizeof watched, "%s/in", own_folder);
    snprintf(setting, sizeof setting, "ingest.watch=%s/in/raw", own_folder);
    return mkdir(watched, 0700);
}

static inline const char *const *settings(void)
{
    static const char *list[4];
    list[0] = setting, list[1] = "ingest.listen=", list[2] = "ingest.watch_tenant=acme",
    list[3] = NULL;
    return list;
}

/* --- files ------------------------------------------------------------------------------------ */

static inline void write_file(const char *name, struct str text)
{
    char path[256], temporary[256];
    snprintf(path, sizeof path, "%s/raw", watched);
    if (mkdir(path, 0700) && errno != EEXIST) abort();
    snprintf(path, sizeof path, "%s/raw/%s", watched, name);
    snprintf(temporary, sizeof temporary, "%s/tmp", watched);
    FILE *file = fopen(temporary, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    fclose(file);
    assert_int_equal(rename(temporary, path), 0);
}

/* What the only file below `folder` whose name has both parts holds; "" if there is none. */
static inline void read_below(const char *folder, const char *part, const char *suffix,
                              struct buffer *out)
{
    struct err err;
    DIR *dir = opendir(folder);
    if (!dir) return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct buffer path = {0};
        if (entry->d_name[0] == '.') continue;
        buffer_printf(&path, "%s/%s", folder, entry->d_name);
        const char *name = buffer_cstr(&path);
        if (entry->d_type == DT_DIR) read_below(name, part, suffix, out);
        else if (strstr(name, part) && str_ends(buffer_str(&path), str_of(suffix)))
            must(buffer_read_file(out, name, 64 << 20, &err), &err);
        buffer_deinit(&path);
    }
    closedir(dir);
}

static inline void read_ours(const char *kind, const char *part, const char *suffix,
                             struct buffer *out)
{
    char folder[160];
    buffer_clear(out);
    snprintf(folder, sizeof folder, "%s/%s", watched, kind);
    read_below(folder, part, suffix, out);
}

static inline bool has_receipt(const char *name, struct buffer *out)
{
    read_ours("receipts", name, ".json", out);
    return out->size > 0;
}

static inline void await_receipt(const char *name, struct buffer *out)
{
    RIG_AWAIT(has_receipt(name, out));
}

/* --- records ---------------------------------------------------------------------------------- */

struct records {
    char ids[512][40];
    size_t count;
    struct str tenant;
    bool wrong;
};

static inline void on_record(void *user, const struct seen *seen)
{
    struct records *records = user;
    if (records->count < COUNT_OF(records->ids))
        snprintf(records->ids[records->count], 40, "%.39s", seen->id);
    records->count++;
    records->wrong |= !str_equal(seen->feedback.tenant, STR("acme")) ||
                      !str_starts(seen->feedback.source, STR("raw/"));
}

static inline size_t distinct(const struct records *records)
{
    size_t count = 0;
    for (size_t i = 0; i < records->count; i++) {
        size_t j = 0;
        while (j < i && strcmp(records->ids[i], records->ids[j]) != 0) j++;
        count += j == i;
    }
    return count;
}

#define WATCH_TEST(test) cmocka_unit_test_setup_teardown(test, setup, own_folder_remove)

#endif
