/* What was found becomes the text anew: overlaps are settled, placeholders stand in their place. */
#include "text/redact/rewrite.h"

#include <stdlib.h>

#define KIND_NAME(code) "[" #code "]",
static const char *const placeholders[] = {REDACT_KINDS(KIND_NAME)};
#undef KIND_NAME

size_t redact_placeholder_end(struct str text, size_t start)
{
    if (at(text, start) != '[' || !is_upper(at(text, start + 1))) return start;
    for (size_t i = 0; i < REDACT_KIND_COUNT; i++) {
        if (placeholders[i][1] != text.data[start + 1]) continue;
        struct str name = str_of(placeholders[i]);
        if (str_starts(str_slice(text, start, text.size), name)) return start + name.size;
    }
    return start;
}

/* --- overlaps --------------------------------------------------------------------------------- */

/* The most specific kind wins, over all that the two cover: half a number must not stay. */
static const uint8_t rank[REDACT_KIND_COUNT] = {
    [REDACT_URL] = 11,  [REDACT_EMAIL] = 10, [REDACT_SECRET] = 9, [REDACT_IBAN] = 8,
    [REDACT_CARD] = 7,   [REDACT_NATIONAL_ID] = 6,
    [REDACT_IP] = 5,    [REDACT_DATE_OF_BIRTH] = 4, [REDACT_ACCOUNT] = 3, [REDACT_PHONE] = 2,
    [REDACT_ADDRESS] = 1, [REDACT_PERSON] = 0,
};

static int by_start(const void *a, const void *b)
{
    const struct redact_found *left = a, *right = b;
    if (left->start != right->start) return left->start < right->start ? -1 : 1;
    return (left->end < right->end) - (left->end > right->end);
}

/* Parts of one address, or one name, that only blanks and commas part. */
static bool goes_on(struct str text, const struct redact_found *earlier,
                    const struct redact_found *next)
{
    if (earlier->kind != next->kind ||
        (next->kind != REDACT_ADDRESS && next->kind != REDACT_PERSON))
        return false;
    if (next->start > earlier->end + 3 || next->start < earlier->end)
        return next->start < earlier->end;
    for (size_t i = earlier->end; i < next->start; i++)
        if (text.data[i] != ' ' &&
            (next->kind != REDACT_ADDRESS || (text.data[i] != ',' && text.data[i] != '\n')))
            return false;
    return true;
}

/* Finders look around: what they found takes whole characters, and must not reach
 * into a placeholder. */
static void clip(struct str text, struct redact_found *found)
{
    while (found->start && redact_is_inside(text, found->start)) found->start--;
    while (redact_is_inside(text, found->end)) found->end++;
    for (size_t i = found->start; i < found->end; i++) {
        size_t end = redact_placeholder_end(text, i);
        if (end == i) continue;
        if (i == found->start) found->start = (uint32_t)(end < found->end ? end : found->end);
        else found->end = (uint32_t)i;
    }
    while (found->start < found->end && is_blank(text.data[found->start])) found->start++;
    while (found->start < found->end && is_blank(text.data[found->end - 1])) found->end--;
}

void redact_settle(struct redact_finder *finder)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < finder->count; i++) clip(finder->text, &finder->items[i]);
    if (!finder->count) return;
    qsort(finder->items, finder->count, sizeof *finder->items, by_start);
    for (uint32_t i = 0; i < finder->count; i++) {
        struct redact_found next = finder->items[i], *last = kept ? &finder->items[kept - 1] : NULL;
        if (next.start >= next.end) continue;
        if (last && (next.start < last->end || goes_on(finder->text, last, &next))) {
            if (next.end > last->end) last->end = next.end;
            if (rank[next.kind] > rank[last->kind]) last->kind = next.kind;
        } else {
            finder->items[kept++] = next;
        }
    }
    finder->count = kept;
}

/* --- the text anew ---------------------------------------------------------------------------- */

/* What was replaced in passes before is in `result`, in order; the new finds go in between. */
int redact_rewrite(const struct redact_finder *finder, struct redacted *result, struct err *err)
{
    size_t size = finder->text.size;
    for (uint32_t i = 0; i < finder->count; i++)
        size += strlen(placeholders[finder->items[i].kind]);
    char *out = arena_alloc(finder->arena, size + 1);
    struct redacted_span *spans = ARENA_ARRAY(finder->arena, struct redacted_span,
                                              finder->count + result->count);
    if (!out || !spans) return err_set(err, E_NO_MEMORY, NULL);
    size_t from = 0, to = 0;
    uint32_t count = 0, earlier = 0;
    for (uint32_t i = 0; i <= finder->count; i++) {
        size_t start = i < finder->count ? finder->items[i].start : finder->text.size;
        for (; earlier < result->count && result->items[earlier].start < start; earlier++) {
            struct redacted_span span = result->items[earlier];
            uint32_t moved = (uint32_t)(to + (span.start - from));
            spans[count++] = (struct redacted_span){
                moved, moved + (span.end - span.start), span.kind};
        }
        memcpy(out + to, finder->text.data + from, start - from);
        to += start - from;
        if (i == finder->count) break;
        size_t length = strlen(placeholders[finder->items[i].kind]);
        memcpy(out + to, placeholders[finder->items[i].kind], length);
        spans[count++] = (struct redacted_span){
            (uint32_t)to, (uint32_t)(to + length), finder->items[i].kind};
        to += length;
        from = finder->items[i].end;
    }
    out[to] = '\0';
    *result = (struct redacted){{out, to}, spans, count};
    return E_OK;
}
