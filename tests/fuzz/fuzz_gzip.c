/* links: common_http */
/* Packed bodies: bounded whatever they say, the same twice, and what was unpacked comes back when
 * it is packed again. */
#include <assert.h>

#include "../lib/packed.h"
#include "http/gzip.h"

enum { MOST = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void comes_back(const struct buffer *text)
{
    struct buffer packed = {0}, again = {0};
    struct err err;
    if (text->size > 1 << 20) return; /* beyond that the ratio may be too good */
    pack(&packed, buffer_str(text));
    int rc = gzip_unpack(buffer_str(&packed), MOST, &again, &err);
    assert(rc == E_OK && str_equal(buffer_str(&again), buffer_str(text)));
    buffer_deinit(&packed);
    buffer_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer out = {0};
    struct err err = {0};
    int rc = gzip_unpack(str_make(data, size), MOST, &out, &err);
    assert(rc == E_OK || rc == E_BAD_MESSAGE || rc == E_TOO_LARGE);
    assert(out.size <= MOST + (64 << 10));
    if (rc == E_OK) assert(out.size <= MOST && size >= 18);
    if (rc == E_OK) comes_back(&out);
    buffer_deinit(&out);
    return 0;
}
