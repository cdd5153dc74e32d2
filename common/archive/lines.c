/* Lines out of compressed spans. */
#include "archive/lines.h"

enum { READ_BYTES = 64 << 10 };

int line_reader_init(struct line_reader *reader, const struct str *spans, size_t count,
                     struct err *err)
{
    *reader = (struct line_reader){.spans = spans, .span_count = count};
    reader->context = ZSTD_createDCtx();
    return reader->context ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

int line_reader_init_source(struct line_reader *reader, line_source *source, void *user,
                            struct err *err)
{
    int rc = line_reader_init(reader, NULL, 0, err);
    reader->source = source;
    reader->user = user;
    return rc;
}

void line_reader_deinit(struct line_reader *reader)
{
    ZSTD_freeDCtx(reader->context);
    buffer_deinit(&reader->text);
    *reader = (struct line_reader){0};
}

static int damaged(struct err *err, const char *how)
{
    return err_set(err, E_BAD_MESSAGE, "not a whole archive object: %s", how);
}

/* The next span that isn't empty; in.size 0: nothing is left. */
static int next_input(struct line_reader *reader, struct err *err)
{
    if (reader->in.pos < reader->in.size) return E_OK;
    struct str span = {0};
    while (!reader->source && reader->span_count && span.size == 0)
        span = *reader->spans++, reader->span_count--;
    int rc = reader->source ? reader->source(reader->user, &span, err) : E_OK;
    reader->in = (ZSTD_inBuffer){span.data, span.size, 0};
    return rc;
}

/* Decompresses some more; *ret_end: there is no more. */
static int fill(struct line_reader *reader, bool *ret_end, struct err *err)
{
    buffer_consume(&reader->text, reader->at);
    reader->at = 0;
    int rc = next_input(reader, err);
    if (rc != E_OK) return rc;
    if (reader->in.size == 0 && !reader->frame_open) {
        *ret_end = true;
        return reader->text.size ? damaged(err, "its last line is cut off") : E_OK;
    }
    if (reader->text.size > LINE_BYTES_MAX) return damaged(err, "a line is too long");
    char *room = buffer_reserve(&reader->text, READ_BYTES);
    if (!room) return err_set(err, E_NO_MEMORY, NULL);
    ZSTD_outBuffer out = {room, READ_BYTES, 0};
    size_t in_before = reader->in.pos;
    size_t left = ZSTD_decompressStream(reader->context, &out, &reader->in);
    if (ZSTD_isError(left)) return damaged(err, ZSTD_getErrorName(left));
    if (out.pos == 0 && reader->in.pos == in_before && left)
        return damaged(err, "its last frame is cut off");
    reader->frame_open = left != 0;
    reader->text.size += out.pos;
    return E_OK;
}

int line_reader_next(struct line_reader *reader, struct str *ret_line, struct err *err)
{
    size_t looked = reader->at;
    for (bool end = false; !end;) {
        const char *text = reader->text.data;
        size_t size = reader->text.size;
        const char *newline = size > looked ? memchr(text + looked, '\n', size - looked) : NULL;
        if (newline) {
            *ret_line = str_make(text + reader->at, (size_t)(newline - text) - reader->at);
            reader->at = (size_t)(newline - text) + 1;
            return E_OK;
        }
        looked = size - reader->at; /* where the rest begins once it has moved to the front */
        int rc = fill(reader, &end, err);
        if (rc != E_OK) return rc;
    }
    *ret_line = (struct str){0};
    return E_OK;
}
