/* links: common_text */
/* Personal data out of hostile bytes: valid UTF-8 comes back, each span holds a placeholder, text
 * without finds is the input itself, what is outside of the placeholders was in the input in this
 * order, and another run finds nothing new. */
#include <assert.h>

#include "text/redact.h"

static void check(struct str text, const char *language, struct arena *arena)
{
    struct redacted redacted, again;
    struct err err;
    assert(text_redact(text, language, arena, &redacted, &err) == E_OK);
    assert(str_is_utf8(redacted.text));
    assert(redacted.count || redacted.text.data == text.data);
    size_t from = 0;
    for (uint32_t i = 0; i < redacted.count; i++) {
        struct str span = str_slice(redacted.text, redacted.items[i].start, redacted.items[i].end);
        assert(redacted.items[i].start >= from && redacted.items[i].kind < REDACT_KIND_COUNT);
        assert(span.size > 2 && span.data[0] == '[' && span.data[span.size - 1] == ']');
        from = redacted.items[i].end;
    }
    assert(text_redact(redacted.text, language, arena, &again, &err) == E_OK);
    assert(again.count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const languages[] = {"en", "es", "fr", ""};
    static struct arena arena;
    struct str text = str_make(data, size);
    text = str_slice(text, 0, str_utf8_valid_prefix(text));
    if (text.size) check(text, languages[(uint8_t)text.data[0] % 4], &arena);
    arena_reset(&arena);
    return 0;
}
