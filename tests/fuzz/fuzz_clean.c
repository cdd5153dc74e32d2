/* links: common_text deps::utf8proc */
/* Cleaning any bytes: valid UTF-8 or refused; the result is valid, in NFC, no longer than three
 * times the input, holds no control, and cleaning it again changes nothing. */
#include <assert.h>
#include <stdlib.h>

#include <utf8proc.h>

#include "text/clean.h"

static void check_composed(struct str text)
{
    utf8proc_uint8_t *composed = NULL;
    utf8proc_ssize_t size =
        utf8proc_map((const utf8proc_uint8_t *)text.data, (utf8proc_ssize_t)text.size, &composed,
                     UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    assert(size >= 0 && str_equal(text, str_make(composed, (size_t)size)));
    free(composed);
}

static void check_clean(struct str text)
{
    assert(str_is_utf8(text));
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.data[i];
        assert(byte >= 0x20 || byte == '\n' || byte == '\t');
        assert(byte != 0x7F);
    }
    assert(text.size == 0 || str_trim(text).size == text.size);
    check_composed(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct err err;
    struct str text = str_make(data, size), clean, again;
    if (size > 1 << 16) return 0;
    if (text_clean(text, &arena, &clean, &err)) {
        assert(err.code == E_BAD_TEXT && !str_is_utf8(text));
    } else {
        assert(clean.size <= text.size * 3);
        check_clean(clean);
        assert(text_clean(clean, &arena, &again, &err) == E_OK);
        assert(str_equal(clean, again));
    }
    arena_deinit(&arena);
    return 0;
}
