/* Reads zstd frames line by line, streamed: memory is bounded by the longest line. */
#ifndef VERBATIM_ARCHIVE_LINES_H
#define VERBATIM_ARCHIVE_LINES_H

#include <zstd.h>

#include "base/buffer.h"

/* A message of 4 MiB whose every byte takes six in JSON. */
enum { LINE_BYTES_MAX = 32 << 20 };

/* Gives the next bytes of an object, size 0 at its end; valid until the next call. */
typedef int line_source(void *user, struct str *ret_span, struct err *err);

struct line_reader {
    ZSTD_DCtx *context;
    struct buffer text; /* decompressed, [at, size) not read yet */
    size_t at;
    const struct str *spans; /* of frames, one behind the other; where there is no source */
    size_t span_count;
    line_source *source;
    void *user;
    ZSTD_inBuffer in;
    bool frame_open;
};

/* The spans must outlive the reader. NO_MEMORY. */
int line_reader_init(struct line_reader *reader, const struct str *spans, size_t count,
                     struct err *err) CHECKED;
int line_reader_init_source(struct line_reader *reader, line_source *source, void *user,
                            struct err *err) CHECKED;
void line_reader_deinit(struct line_reader *reader);

/* The next line without its newline, valid until the next call; data NULL at the end. BAD_MESSAGE:
 * damaged, or cut off within a frame or a line; the source's errors. */
int line_reader_next(struct line_reader *reader, struct str *ret_line, struct err *err) CHECKED;

#endif
