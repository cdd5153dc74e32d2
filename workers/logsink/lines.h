/* Reads zstd frames line by line, streamed: memory is bounded by the longest line. */
#ifndef VERBATIM_LOGSINK_LINES_H
#define VERBATIM_LOGSINK_LINES_H

#include <zstd.h>

#include "base/buffer.h"

/* A message of 4 MiB whose every byte takes six in JSON. */
enum { LINE_BYTES_MAX = 32 << 20 };

struct line_reader {
    ZSTD_DCtx *context;
    struct buffer text; /* decompressed, [at, size) not read yet */
    size_t at;
    const struct str *spans; /* whole frames, one behind the other */
    size_t span_count;
    ZSTD_inBuffer in;
    bool frame_open;
};

/* The spans must outlive the reader. NO_MEMORY. */
int line_reader_init(struct line_reader *reader, const struct str *spans, size_t count,
                     struct err *err) CHECKED;
void line_reader_deinit(struct line_reader *reader);

/* The next line without its newline, valid until the next call; data NULL at the end. BAD_MESSAGE:
 * damaged, or cut off within a frame or a line. */
int line_reader_next(struct line_reader *reader, struct str *ret_line, struct err *err) CHECKED;

#endif
