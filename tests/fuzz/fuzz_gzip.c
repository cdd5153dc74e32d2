/* links: common_http */
/* Packed bodies: bounded whatever they say, the same twice, and what was unpacked comes back when
 * it is packed again. */
#include <assert.h>

#include "../lib/packed.h"
#include "http/unpack.h"

enum { MOST = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void comes_back(const struct buffer *text)
{
    struct buffer packed = {0}, again = {0};
    struct err err;
    if (text->size > 1 << 20) return; /* beyond that the ratio may be too good */
    pack(&packed, buffer_str(text));
    int rc = http_unpack(HTTP_CODING_GZIP, buffer_str(&packed), MOST, &again, &err);
    assert(rc == E_OK && str_equal(buffer_str(&again), buffer_str(text)));
    buffer_deinit(&packed);
    buffer_deinit(&again);
}

static void unpack(enum http_coding coding, struct str packed)
{
    struct buffer out = {0};
    struct err err = {0};
    int rc = http_unpack(coding, packed, MOST, &out, &err);
    assert(rc == E_OK || rc == E_BAD_MESSAGE || rc == E_TOO_LARGE);
    assert(out.size <= MOST + (64 << 10));
    if (rc == E_OK) assert(out.size <= MOST);
    if (rc == E_OK && coding == HTTP_CODING_GZIP) assert(packed.size >= 18);
    if (rc == E_OK) comes_back(&out);
    buffer_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unpack(HTTP_CODING_GZIP, str_make(data, size));
    unpack(HTTP_CODING_ZSTD, str_make(data, size));
    return 0;
}
