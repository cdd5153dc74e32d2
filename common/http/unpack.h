/* Bodies that came packed, from whoever sent them: "Content-Encoding: gzip" (RFC 1952) or zstd
 * (RFC 8878). */
#ifndef VERBATIM_HTTP_UNPACK_H
#define VERBATIM_HTTP_UNPACK_H

#include "base/buffer.h"

enum http_coding { HTTP_CODING_NONE, HTTP_CODING_GZIP, HTTP_CODING_ZSTD };

/* A body may unpack to this many times its size, and to UNPACK_FREE_BYTES in any case: feedback
 * comes to 3 to 30 times, a bomb to 1,030 and more. */
enum { UNPACK_RATIO_MOST = 200, UNPACK_FREE_BYTES = 1 << 20 };

/* Appends what is packed, by a coding that is one; several members (frames) are one behind the
 * other. BAD_MESSAGE: it is none of that coding, is damaged, cut short, or something else is behind
 * it; TOO_LARGE: more than most_bytes, or than the ratio allows; NO_MEMORY. On failure `out` holds
 * nothing of use. */
int http_unpack(enum http_coding coding, struct str packed, size_t most_bytes, struct buffer *out,
                struct err *err) CHECKED;

#endif
