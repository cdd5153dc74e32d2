/* gzip or zstd into memory, bounded by size and ratio while it is unpacked: nothing that its bytes
 * say of themselves is trusted. zlib checks CRC and length of each member; zstd what a frame has
 * of these. */
#include "http/unpack.h"

#include <assert.h>
#include <limits.h>

#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

enum {
    PIECE_BYTES = 64 * 1024,
    GZIP_WINDOW = 15 + 16,    /* gzip only, no zlib */
    ZSTD_WINDOW_LOG_MOST = 23 /* RFC 9659 */
};

static size_t allowed_bytes(size_t packed_bytes, size_t most_bytes)
{
    size_t by_ratio = packed_bytes > SIZE_MAX / UNPACK_RATIO_MOST
                          ? SIZE_MAX
                          : packed_bytes * UNPACK_RATIO_MOST;
    if (by_ratio < UNPACK_FREE_BYTES) by_ratio = UNPACK_FREE_BYTES;
    return by_ratio < most_bytes ? by_ratio : most_bytes;
}

static int too_large(size_t allowed, size_t most_bytes, struct err *err)
{
    if (allowed == most_bytes)
        return err_set(err, E_TOO_LARGE, "the body unpacks to more than %zu bytes; "
                       "send it in parts", most_bytes);
    return err_set(err, E_TOO_LARGE, "the body unpacks to more than %d times its size",
                   UNPACK_RATIO_MOST);
}

/* --- gzip ------------------------------------------------------------------------------------- */

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

static int inflate_all(z_stream *stream, size_t allowed, size_t most_bytes, struct buffer *out,
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

static int unpack_gzip(struct str packed, size_t most_bytes, struct buffer *out, struct err *err)
{
    z_stream stream = {0};
    if (packed.size > UINT_MAX) return err_set(err, E_TOO_LARGE, "more than 4 GiB of gzip");
    stream.next_in = (const Bytef *)packed.data;
    stream.avail_in = (uInt)packed.size;
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK) return err_set(err, E_NO_MEMORY, NULL);
    int rc = inflate_all(&stream, allowed_bytes(packed.size, most_bytes), most_bytes, out, err);
    inflateEnd(&stream);
    return rc;
}

/* --- zstd ------------------------------------------------------------------------------------- */

/* RFC 8878's, one that is to be skipped, or too short to tell. libzstd may also have the readers of
 * what it wrote before that, and these know no bound of a window. */
static bool is_frame(struct str packed)
{
    const unsigned char *at = (const unsigned char *)packed.data;
    if (packed.size < sizeof(uint32_t)) return true;
    uint32_t magic = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    return magic == ZSTD_MAGICNUMBER ||
           (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

static int decompress_all(ZSTD_DCtx *context, struct str packed, size_t most_bytes,
                          struct buffer *out, struct err *err)
{
    size_t before = out->size, allowed = allowed_bytes(packed.size, most_bytes);
    size_t left = 0; /* of a frame; 0: it is whole */
    ZSTD_inBuffer in = {packed.data, packed.size, 0};
    do {
        if (!left && !is_frame(str_slice(packed, in.pos, packed.size)))
            return err_set(err, E_BAD_MESSAGE, "the body isn't valid zstd: no frame of RFC 8878");
        char *room = buffer_reserve(out, PIECE_BYTES);
        if (!room) return err_set(err, E_NO_MEMORY, NULL);
        ZSTD_outBuffer piece = {room, PIECE_BYTES, 0};
        left = ZSTD_decompressStream(context, &piece, &in);
        if (ZSTD_isError(left))
            return err_set(err, E_BAD_MESSAGE, "the body isn't valid zstd: %s",
                           ZSTD_getErrorName(left));
        out->size += piece.pos;
        if (out->size - before > allowed) return too_large(allowed, most_bytes, err);
        if (left && in.pos == in.size && piece.pos < piece.size)
            return err_set(err, E_BAD_MESSAGE, "the zstd of the body is cut short");
    } while (left || in.pos < in.size);
    return E_OK;
}

static int unpack_zstd(struct str packed, size_t most_bytes, struct buffer *out, struct err *err)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!context) return err_set(err, E_NO_MEMORY, NULL);
    (void)ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MOST);
    int rc = decompress_all(context, packed, most_bytes, out, err);
    ZSTD_freeDCtx(context);
    return rc;
}

int http_unpack(enum http_coding coding, struct str packed, size_t most_bytes, struct buffer *out,
                struct err *err)
{
    assert(coding != HTTP_CODING_NONE);
    return (coding == HTTP_CODING_GZIP ? unpack_gzip : unpack_zstd)(packed, most_bytes, out, err);
}
