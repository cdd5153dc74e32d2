/* Bodies that came with "Content-Encoding: gzip" (RFC 1952), from whoever sent them. */
#ifndef VERBATIM_HTTP_GZIP_H
#define VERBATIM_HTTP_GZIP_H

#include "base/buffer.h"

/* A body may unpack to this many times its size, and to GZIP_FREE_BYTES in any case: feedback comes
 * to 3 to 30 times, a bomb to 1,030. */
enum { GZIP_RATIO_MOST = 200, GZIP_FREE_BYTES = 1 << 20 };

/* Appends what is packed; several members are one behind the other. BAD_MESSAGE: it is no gzip, is
 * damaged, cut short, or something else is behind it; TOO_LARGE: more than most_bytes, or than the
 * ratio allows; NO_MEMORY. On failure `out` holds nothing of use. */
int gzip_unpack(struct str packed, size_t most_bytes, struct buffer *out, struct err *err) CHECKED;

#endif
