/* Phrases in folded text, at the edges of words: at each place, those that begin with its two
 * bytes. */
#include "workers/genai/suspects.h"

#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/ascii.h"
#include "text/tokens.h"

enum { LETTERS_IN_A_ROW = 6, CODE_BYTES = 40 };

static bool is_word(char c)
{
    return ascii_is_digit(c) || ascii_is_lower(c) || (unsigned char)c >= 0x80;
}

/* --- the list -------------------------------------------------------------------------------- */

static int add_phrase(struct suspects *suspects, const char *file, uint32_t line, struct str text,
                      struct err *err)
{
    struct suspect_phrase *phrase = &suspects->phrases[suspects->count];
    struct str folded = text_fold(text, &suspects->arena), rest = folded;
    if (!folded.data) return err_set(err, E_NO_MEMORY, NULL);
    if (!str_equal(folded, text))
        return err_set(err, E_BAD_CONFIG, "%s:%u: lower case without accents, please: \"%.*s\"",
                       file, line, STR_ARGS(folded));
    bool open_end = str_ends(folded, STR("*"));
    while (rest.size && phrase->count < SUSPECT_PARTS_MAX)
        phrase->parts[phrase->count++] = str_trim(str_cut(&rest, '*'));
    for (uint32_t i = 0; i < phrase->count; i++)
        if (phrase->parts[i].size == 0 || rest.size || open_end)
            return err_set(err, E_BAD_CONFIG, "%s:%u: words, and at most %d '*' between them", file,
                           line, SUSPECT_PARTS_MAX - 1);
    suspects->count++;
    return E_OK;
}

static uint32_t pair_of(char first, char second)
{
    return (uint32_t)(unsigned char)first << 8 | (unsigned char)second;
}

static uint32_t bucket_of(uint32_t pair) { return ((pair >> 8) * 37 + pair) % SUSPECT_BUCKETS; }

/* The first of them lowest; zeros behind the end. */
static uint32_t four_bytes(struct str text, size_t at)
{
    uint32_t bytes = 0;
    size_t left = text.size - at;
    if (left >= sizeof bytes) memcpy(&bytes, text.data + at, sizeof bytes); /* one load */
    else memcpy(&bytes, text.data + at, left);
    return bytes;
}

static uint32_t triple_of(uint32_t four)
{
    return (four & 0xFFFFFF) * UINT32_C(0x9E3779B1) >> 16; /* Fibonacci hashing */
}

/* 0: it begins with a single byte, then '*'. */
static uint32_t order_of(const struct suspect_phrase *phrase)
{
    struct str part = phrase->parts[0];
    return part.size > 1 ? bucket_of(pair_of(part.data[0], part.data[1])) + 1 : 0;
}

static int by_order(const void *a, const void *b) { return (int)order_of(a) - (int)order_of(b); }

/* Of a part of two bytes any third one will do. */
static void note_triple(struct suspects *suspects, struct str part)
{
    uint32_t four = four_bytes(part, 0);
    for (uint32_t third = 0; part.size > 1 && third < 256; third++) {
        if (part.size > 2 && (unsigned char)part.data[2] != third) continue;
        uint32_t triple = triple_of((four & 0xFFFF) | third << 16);
        suspects->triples[triple / 64] |= UINT64_C(1) << triple % 64;
    }
}

static void note_start(struct suspects *suspects, uint32_t number)
{
    struct str part = suspects->phrases[number].parts[0];
    uint32_t mask = part.size < 4 ? (UINT32_C(1) << 8 * part.size) - 1 : UINT32_MAX;
    suspects->begins[number] = (struct suspect_start){four_bytes(part, 0), mask};
    note_triple(suspects, part);
    for (uint32_t second = 0; second < 256; second++) {
        if (part.size > 1 && (unsigned char)part.data[1] != second) continue;
        uint32_t pair = pair_of(part.data[0], (char)second);
        suspects->pairs[pair / 64] |= UINT64_C(1) << pair % 64;
    }
}

static void sort(struct suspects *suspects)
{
    if (suspects->count)
        qsort(suspects->phrases, suspects->count, sizeof *suspects->phrases, by_order);
    for (uint32_t i = 0; i < suspects->count; i++) {
        suspects->starts[order_of(&suspects->phrases[i])]++;
        note_start(suspects, i);
    }
    for (uint32_t i = 0; i < SUSPECT_BUCKETS; i++) suspects->starts[i + 1] += suspects->starts[i];
}

int suspects_read(struct suspects *suspects, const char *file, struct str content, struct err *err)
{
    uint32_t lines = 1, line = 0;
    *suspects = (struct suspects){0};
    for (size_t i = 0; i < content.size; i++) lines += content.data[i] == '\n';
    suspects->phrases = ARENA_ARRAY(&suspects->arena, struct suspect_phrase, lines);
    suspects->begins = ARENA_ARRAY(&suspects->arena, struct suspect_start, lines);
    if (!suspects->phrases || !suspects->begins) return err_set(err, E_NO_MEMORY, NULL);
    int rc = str_is_utf8(content) ? E_OK : err_set(err, E_BAD_CONFIG, "%s isn't UTF-8", file);
    while (rc == E_OK && content.size) {
        struct str text = str_trim(str_cut(&content, '\n'));
        line++;
        if (text.size && !str_starts(text, STR("# ")))
            rc = add_phrase(suspects, file, line, text, err);
    }
    if (rc) suspects_deinit(suspects);
    else sort(suspects);
    return rc;
}

void suspects_deinit(struct suspects *suspects)
{
    arena_deinit(&suspects->arena);
    *suspects = (struct suspects){0};
}

/* --- looking --------------------------------------------------------------------------------- */

static bool cuts_word(struct str text, size_t at)
{
    return at > 0 && at < text.size && is_word(text.data[at - 1]) && is_word(text.data[at]);
}

/* First place of the part from `from` on, or SIZE_MAX. */
static size_t find_part(struct str text, struct str part, size_t from)
{
    while (from < text.size) {
        size_t at = from + str_find(str_slice(text, from, text.size), part);
        if (at >= text.size) break;
        if (!cuts_word(text, at) && !cuts_word(text, at + part.size)) return at;
        from = at + 1;
    }
    return SIZE_MAX;
}

/* The parts after the first, each near the one before. */
static bool holds_rest(struct str text, const struct suspect_phrase *phrase, size_t end)
{
    for (uint32_t part = 1; part < phrase->count; part++) {
        struct str near = str_slice(text, 0, end + SUSPECT_GAP_BYTES + phrase->parts[part].size);
        size_t next = find_part(near, phrase->parts[part], end);
        if (next == SIZE_MAX) return false;
        end = next + phrase->parts[part].size;
    }
    return true;
}

static bool begins_at(struct str text, const struct suspect_phrase *phrase, size_t at)
{
    struct str first = phrase->parts[0];
    size_t end = at + first.size;
    if (first.size > text.size - at || memcmp(text.data + at, first.data, first.size) != 0)
        return false;
    return !cuts_word(text, end) && holds_rest(text, phrase, end);
}

/* --- kinds of bytes, 64 at a time ------------------------------------------------------------ */

/* A bit for each byte, the first of them lowest; none behind the end. */
struct kinds {
    uint64_t inside; /* the text */
    uint64_t words, visible, spaces;
};

static void kinds_of_sixteen(const char *at, unsigned shift, struct kinds *kinds)
{
#ifdef __SSE2__
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i digit = _mm_sub_epi8(x, _mm_set1_epi8('0')),
            letter = _mm_sub_epi8(x, _mm_set1_epi8('a'));
    __m128i word = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit),
                                _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter));
    /* signed: 0x80 and more are less than any */
    __m128i visible = _mm_cmpgt_epi8(x, _mm_set1_epi8(' '));
    __m128i space = _mm_cmpeq_epi8(x, _mm_set1_epi8(' '));
    uint64_t high = (uint64_t)(unsigned)_mm_movemask_epi8(x);
    kinds->words |= (high | (uint64_t)(unsigned)_mm_movemask_epi8(word)) << shift;
    kinds->visible |= (uint64_t)(unsigned)_mm_movemask_epi8(visible) << shift;
    kinds->spaces |= (uint64_t)(unsigned)_mm_movemask_epi8(space) << shift;
#else
    for (unsigned i = 0; i < 16; i++) {
        char c = at[i];
        kinds->words |= (uint64_t)is_word(c) << (shift + i);
        kinds->visible |= (uint64_t)(c > ' ' && (unsigned char)c < 0x80) << (shift + i);
        kinds->spaces |= (uint64_t)(c == ' ') << (shift + i);
    }
#endif
}

static struct kinds kinds_of(struct str text, size_t at)
{
    char padded[64] = {0};
    const char *bytes = text.data + at;
    size_t left = text.size - at;
    struct kinds kinds = {.inside = left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX};
    if (left < 64) bytes = memcpy(padded, bytes, left);
    for (unsigned i = 0; i < 64; i += 16) kinds_of_sixteen(bytes + i, i, &kinds);
    kinds.words &= kinds.inside, kinds.visible &= kinds.inside, kinds.spaces &= kinds.inside;
    return kinds;
}

/* Words that are spelt out, or written in some code. */
struct spelling {
    size_t gap_end;  /* where the run that we are in began */
    uint32_t letters; /* single ones in a row, up to there */
};

/* At `at` a run of visible bytes ends, perhaps of none. */
static bool ends_code(struct spelling *spelling, struct str text, size_t at)
{
    size_t run = at - spelling->gap_end;
    spelling->gap_end = at + 1;
    if (run > 1) spelling->letters = 0;
    else if (run == 1) spelling->letters = is_word(text.data[at - 1]) ? spelling->letters + 1 : 0;
    return run >= CODE_BYTES || spelling->letters >= LETTERS_IN_A_ROW;
}

/* One of the phrases from number `i` to before `end`? */
static bool one_begins_at(const struct suspects *suspects, struct str text, size_t at,
                          uint32_t four, uint32_t i, uint32_t end)
{
    for (; i < end; i++) {
        struct suspect_start start = suspects->begins[i];
        if ((four & start.mask) == start.bytes && begins_at(text, &suspects->phrases[i], at))
            return true;
    }
    return false;
}

static bool any_begins_at(const struct suspects *suspects, struct str text, size_t at)
{
    uint32_t pair = pair_of(text.data[at], at + 1 < text.size ? text.data[at + 1] : ' ');
    if (!(suspects->pairs[pair / 64] >> pair % 64 & 1)) return false;
    uint32_t four = four_bytes(text, at), triple = triple_of(four);
    const uint32_t *starts = &suspects->starts[bucket_of(pair)];
    if (suspects->triples[triple / 64] >> triple % 64 & 1 &&
        one_begins_at(suspects, text, at, four, starts[0], starts[1]))
        return true;
    return suspects->starts[0] && one_begins_at(suspects, text, at, four, 0, suspects->starts[0]);
}

bool suspects_hold(const struct suspects *suspects, struct str text, struct arena *scratch)
{
    struct str folded = text_fold(text, scratch);
    struct spelling spelling = {0};
    uint64_t word_before = 0;
    if (!folded.data) return true;
    for (size_t base = 0; base < folded.size; base += 64) {
        struct kinds kinds = kinds_of(folded, base);
        uint64_t cut = kinds.words & (kinds.words << 1 | word_before);
        word_before = kinds.words >> 63;
        for (uint64_t gaps = kinds.inside & ~kinds.visible; gaps; gaps &= gaps - 1)
            if (ends_code(&spelling, folded, base + (size_t)__builtin_ctzll(gaps))) return true;
        /* no phrase begins with a space */
        for (uint64_t starts = kinds.inside & ~cut & ~kinds.spaces; starts; starts &= starts - 1)
            if (any_begins_at(suspects, folded, base + (size_t)__builtin_ctzll(starts)))
                return true;
    }
    return ends_code(&spelling, folded, folded.size);
}
