/* gzip into memory, bounded by size and ratio while it is unpacked: nothing that its bytes say of
 * themselves is trusted. zlib checks CRC and length of each member. */
#include "http/gzip.h"

#include <limits.h>

#define ZLIB_CONST
#include <zlib.h>

enum { PIECE_BYTES = 64 * 1024, GZIP_WINDOW = 15 + 16 /* gzip only, no zlib */ };

static size_t allowed_bytes(size_t packed_bytes, size_t most_bytes)
{
    size_t by_ratio = packed_bytes > SIZE_MAX / GZIP_RATIO_MOST ? SIZE_MAX
                                                                : packed_bytes * GZIP_RATIO_MOST;
    if (by_ratio < GZIP_FREE_BYTES) by_ratio = GZIP_FREE_BYTES;
    return by_ratio < most_bytes ? by_ratio : most_bytes;
}

static int too_large(size_t allowed, size_t most_bytes, struct err *err)
{
    if (allowed == most_bytes)
        return err_set(err, E_TOO_LARGE, "the body unpacks to more than %zu bytes; send it in parts",
                       most_bytes);
    return err_set(err, E_TOO_LARGE, "the body unpacks to more than %d times its size",
                   GZIP_RATIO_MOST);
}

/* What one call of inflate() came to. E_OK with *ret_done unset: go on. */
static int judge(z_stream *stream, int rc, bool *ret_done, struct err *err)
{
    if (rc == Z_STREAM_END) {
        *ret_done = stream->avail_in == 0;
        if (!*ret_done) (void)inflateReset(stream); /* another member, or it fails */
        return E_OK;
    }
    if (rc == Z_MEM_ERROR) return err_set(err, E_NO_MEMORY, NULL);
    if (rc == Z_OK && (stream->avail_in || !stream->avail_out)) return E_OK;
    if (rc == Z_OK || rc == Z_BUF_ERROR)
        return err_set(err, E_BAD_MESSAGE, "the gzip of the body is cut short");
    return err_set(err, E_BAD_MESSAGE, "the body isn't valid gzip: %s",
                   stream->msg ? stream->msg : "damaged");
}

static int unpack(z_stream *stream, size_t allowed, size_t most_bytes, struct buffer *out,
                  struct err *err)
{
    size_t before = out->size;
    bool done = false;
    int rc = E_OK;
    while (rc == E_OK && !done) {
        char *room = buffer_reserve(out, PIECE_BYTES);
        if (!room) return err_set(err, E_NO_MEMORY, NULL);
        stream->next_out = (Bytef *)room;
        stream->avail_out = PIECE_BYTES;
        int result = inflate(stream, Z_NO_FLUSH);
        out->size += PIECE_BYTES - stream->avail_out;
        if (out->size - before > allowed) return too_large(allowed, most_bytes, err);
        rc = judge(stream, result, &done, err);
    }
    return rc;
}

int gzip_unpack(struct str packed, size_t most_bytes, struct buffer *out, struct err *err)
{
    z_stream stream = {0};
    if (packed.size > UINT_MAX) return err_set(err, E_TOO_LARGE, "more than 4 GiB of gzip");
    stream.next_in = (const Bytef *)packed.data;
    stream.avail_in = (uInt)packed.size;
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK) return err_set(err, E_NO_MEMORY, NULL);
    int rc = unpack(&stream, allowed_bytes(packed.size, most_bytes), most_bytes, out, err);
    inflateEnd(&stream);
    return rc;
}
