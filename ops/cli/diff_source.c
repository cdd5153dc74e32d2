/* Insights from topics, archives and files, into buckets on disk. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/lines.h"
#include "archive/read.h"
#include "archive/walk.h"
#include "base/hash.h"
#include "ops/cli/diff.h"
#include "ops/cli/reader.h"
#include "ops/cli/replay_line.h"
#include "schema/json.h"

/* --- buckets ---------------------------------------------------------------------------------- */

static FILE *make_bucket(struct err *err)
{
    char path[512];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/verbatim-diff-XXXXXX", folder && folder[0] ? folder : "/tmp");
    int fd = mkstemp(path);
    if (fd >= 0) unlink(path); /* goes with us, however we end */
    FILE *file = fd >= 0 ? fdopen(fd, "w+") : NULL;
    if (!file) err_system(err, E_NO_OUTPUT, "%s", path);
    return file;
}

void diff_side_deinit(struct diff_side *side)
{
    for (int i = 0; i < DIFF_BUCKETS; i++)
        if (side->buckets[i]) fclose(side->buckets[i]);
    *side = (struct diff_side){0};
}

/* Only what is compared is kept: the text, for one, isn't. */
static int keep_sections(struct record *record, struct arena *arena, struct str *ret_message,
                         struct err *err)
{
    for (int i = 0; i < SECTION_COUNT; i++)
        if (i != SECTION_SAFETY && i != SECTION_SEGMENT && i != SECTION_INSIGHT)
            record_drop(record, (enum section)i);
    record->unknown.count = 0;
    return record_write(record, arena, ret_message, err);
}

static int append(struct diff_side *side, struct str id, struct str message, struct err *err)
{
    FILE **bucket = &side->buckets[hash_fast(id, 0) % DIFF_BUCKETS];
    uint32_t size = (uint32_t)message.size;
    if (!*bucket) *bucket = make_bucket(err);
    if (!*bucket) return E_NO_OUTPUT;
    if (fwrite(&size, sizeof size, 1, *bucket) != 1 ||
        fwrite(message.data, 1, size, *bucket) != size)
        return err_system(err, E_DISK_FULL, "temporary file");
    return E_OK;
}

int diff_keep(struct diff_side *side, struct str message, struct err *err)
{
    struct arena arena = {0};
    struct record record;
    struct str kept;
    int rc = record_scan(message, &arena, &record, err);
    if (rc == E_OK && !record_has(&record, SECTION_INSIGHT)) {
        side->others++;
    } else if (rc == E_OK) {
        rc = keep_sections(&record, &arena, &kept, err);
        if (rc == E_OK) rc = append(side, record.id, kept, err);
        side->records++;
        progress_set(side->progress, side->records);
    }
    arena_deinit(&arena);
    return rc;
}

int diff_load(struct diff_side *side, unsigned bucket, struct buffer *out, struct err *err)
{
    FILE *file = side->buckets[bucket];
    if (!file) return E_OK;
    if (fflush(file)) return err_system(err, E_DISK_FULL, "temporary file");
    long size = ftell(file);
    char *room = size > 0 ? buffer_reserve(out, (size_t)size) : NULL;
    if (size > 0 && !room) return err_set(err, E_NO_MEMORY, NULL);
    rewind(file);
    if (size < 0 || fread(room, 1, (size_t)size, file) != (size_t)size)
        return err_system(err, E_IO, "temporary file");
    out->size += (size_t)size;
    return E_OK;
}

/* --- sources ---------------------------------------------------------------------------------- */

/* Of an archive, or of `verbatim analyze`: both show a record as the same JSON. */
static int take_text(struct diff_side *side, struct str line, struct err *err)
{
    struct arena arena = {0};
    struct replay_message message = {0};
    struct json_problems problems;
    int rc = E_OK;
    bool archived = str_find(line, STR("\"bus\":{")) < line.size;
    if (archived) rc = replay_line(line, &arena, &message, err);
    else rc = json_read_record(line, &arena, &message.value, &problems, err);
    if (rc == E_OK && archived && !message.id.size) side->others++; /* was no record */
    else if (rc == E_OK) rc = diff_keep(side, message.value, err);
    arena_deinit(&arena);
    return rc;
}

static int take_line(void *user, struct str line, const struct line_identity *identity,
                     struct err *err)
{
    (void)identity;
    return take_text(user, line, err);
}

static int read_archive(struct diff_side *side, const char *url, struct config *config,
                        struct err *err)
{
    const struct archive_wish wish = {.topics = TOPICS(INSIGHTS)};
    struct store *store = NULL;
    int rc = cli_open_archive(config, url, &store, err);
    if (rc == E_OK) rc = archive_walk_lines(store, &wish, take_line, side, err);
    store_close(store);
    return rc;
}

static int read_topic(struct diff_side *side, const char *prefix, struct config *config,
                      struct err *err)
{
    struct buffer setting = {0};
    struct bus *bus = NULL;
    struct reader reader = {0};
    struct bus_topic_state state;
    const struct bus_message *message;
    buffer_printf(&setting, "bus.topic_prefix=%s", prefix);
    int rc = config_set(config, buffer_str(&setting), "topic:", err);
    if (rc == E_OK) rc = cli_open_bus(config, &bus, err);
    if (rc == E_OK) rc = bus_topic_describe(bus, TOPIC_INSIGHTS, &state, err);
    if (rc == E_NOT_FOUND)
        rc = err_set(err, E_NO_INPUT, "topic:%s: there is no topic %sinsights", prefix, prefix);
    if (rc == E_OK) rc = reader_open_held(&reader, bus, &(enum topic){TOPIC_INSIGHTS}, 1, err);
    while (rc == E_OK && (message = reader_next_held(&reader, err))) {
        rc = diff_keep(side, message->value, err);
        /* poison: no worker could read it either */
        if (rc == E_BAD_MESSAGE || rc == E_TOO_LARGE) side->others++, rc = E_OK;
    }
    if (rc == E_OK && bus) rc = (int)err->code;
    reader_close(&reader);
    rc = cli_name_bus(bus, rc, err);
    bus_close(bus);
    buffer_deinit(&setting);
    return rc;
}

struct file_source {
    FILE *file;
    char piece[64 << 10];
};

static int next_piece(void *user, struct str *ret_span, struct err *err)
{
    struct file_source *source = user;
    size_t size = fread(source->piece, 1, sizeof source->piece, source->file);
    if (ferror(source->file)) return err_system(err, E_IO, "reading");
    *ret_span = str_make(source->piece, size);
    return E_OK;
}

static int read_packed(struct diff_side *side, const char *path, FILE *file, struct err *err)
{
    struct file_source *source = calloc(1, sizeof *source);
    struct line_reader reader = {0};
    struct str line;
    if (!source) return err_set(err, E_NO_MEMORY, NULL);
    source->file = file;
    int rc = line_reader_init_source(&reader, next_piece, source, err);
    while (rc == E_OK && (rc = line_reader_next(&reader, &line, err)) == E_OK && line.data)
        if (str_trim(line).size) rc = take_text(side, line, err);
    line_reader_deinit(&reader);
    free(source);
    return rc ? err_wrap(err, "%s", path) : E_OK;
}

static int read_plain(struct diff_side *side, const char *path, FILE *file, struct err *err)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    int rc = E_OK;
    for (size_t number = 1; rc == E_OK && (size = getline(&line, &capacity, file)) >= 0; number++) {
        struct str text = str_trim(str_make(line, (size_t)size));
        if (size > LINE_BYTES_MAX) rc = err_set(err, E_TOO_LARGE, "a line that is too long");
        else if (text.size) rc = take_text(side, text, err);
        if (rc) json_fault_began(err, number, 1), err_at(err, path, number);
    }
    if (rc == E_OK && ferror(file)) rc = err_system(err, E_IO, "reading %s", path);
    free(line);
    return rc;
}

static int read_file(struct diff_side *side, const char *path, struct err *err)
{
    FILE *file = fopen(path, "r");
    if (!file) return err_system(err, E_NO_INPUT, "%s", path);
    int rc = str_ends(str_of(path), STR(".zst")) ? read_packed(side, path, file, err)
                                                 : read_plain(side, path, file, err);
    fclose(file);
    return rc;
}

int diff_read(struct diff_side *side, const char *where, struct config *config, struct err *err)
{
    struct stat found;
    if (str_starts(str_of(where), STR("topic:")))
        return read_topic(side, where + strlen("topic:"), config, err);
    if (str_starts(str_of(where), STR("s3://")) || str_starts(str_of(where), STR("file://")))
        return read_archive(side, where, config, err);
    if (stat(where, &found)) return err_system(err, E_NO_INPUT, "%s", where);
    return S_ISDIR(found.st_mode) ? read_archive(side, where, config, err)
                                  : read_file(side, where, err);
}
