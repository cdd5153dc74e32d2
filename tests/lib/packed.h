/* gzip and zstd for tests: appends one member, or frame. */
#ifndef VERBATIM_TESTS_PACKED_H
#define VERBATIM_TESTS_PACKED_H

#include <assert.h>

#include "base/buffer.h"

#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

static inline void pack(struct buffer *out, struct str text)
{
    z_stream stream = {0};
    int rc = deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    assert(rc == Z_OK);
    size_t room = deflateBound(&stream, (uLong)text.size);
    stream.next_in = (const Bytef *)text.data;
    stream.avail_in = (uInt)text.size;
    stream.next_out = (Bytef *)buffer_reserve(out, room);
    assert(stream.next_out);
    stream.avail_out = (uInt)room;
    rc = deflate(&stream, Z_FINISH);
    assert(rc == Z_STREAM_END);
    out->size += room - stream.avail_out;
    deflateEnd(&stream);
}

static inline void pack_zstd(struct buffer *out, struct str text)
{
    size_t room = ZSTD_compressBound(text.size);
    char *at = buffer_reserve(out, room);
    assert(at);
    size_t size = ZSTD_compress(at, room, text.data, text.size, 3);
    assert(!ZSTD_isError(size));
    out->size += size;
}

#endif
