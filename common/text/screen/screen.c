/* The safety screen's door: opens the cue lists, screens a text with those of its language, and
 * decides. */
#include "text/screen.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "text/screen/match.h"

enum { LANGUAGE_COUNT = 3, PLAIN_WORDS = 4 /* a longer text says more than these */ };
static const char *const languages[LANGUAGE_COUNT] = {"en", "es", "fr"};

/* Below SURE a text is screened with all lists, as it may mix languages or be misread; below KNOWN
 * its language says nothing, and a text without findings is not judged. */
static const float CONFIDENCE_SURE = 0.8f, CONFIDENCE_KNOWN = 0.3f;

struct screen {
    struct cue_list lists[LANGUAGE_COUNT];
};

#define TEXT(code, name) [SCREEN_##code] = name,
static const char *const kind_names[] = {SCREEN_KINDS(TEXT)};
static const char *const polarity_names[] = {SCREEN_POLARITIES(TEXT)};
#undef TEXT

const char *screen_kind_name(enum screen_kind kind)
{
    assert(kind < SCREEN_KIND_COUNT);
    return kind_names[kind];
}

const char *screen_polarity_name(enum screen_polarity polarity)
{
    assert(polarity < SCREEN_POLARITY_COUNT);
    return polarity_names[polarity];
}

static int open_list(const char *folder, const char *language, struct cue_list *list,
                     struct err *err)
{
    struct buffer path = {0}, file = {0};
    buffer_printf(&path, "%s/%s.txt", folder, language);
    int rc = path.failed ? err_set(err, E_NO_MEMORY, NULL)
                         : buffer_read_text(&file, buffer_cstr(&path), CUES_MAX_FILE_BYTES, err);
    if (!rc) rc = cue_list_parse(buffer_str(&file), buffer_cstr(&path), list, err);
    buffer_deinit(&file);
    buffer_deinit(&path);
    return rc;
}

int screen_open(const char *cues_folder, struct screen **ret_screen, struct err *err)
{
    struct screen *screen = calloc(1, sizeof *screen);
    if (!screen) return err_set(err, E_NO_MEMORY, NULL);
    for (int i = 0; i < LANGUAGE_COUNT; i++) {
        int rc = open_list(cues_folder, languages[i], &screen->lists[i], err);
        if (rc) {
            screen_close(screen);
            return rc;
        }
    }
    *ret_screen = screen;
    return E_OK;
}

void screen_close(struct screen *screen)
{
    if (!screen) return;
    for (int i = 0; i < LANGUAGE_COUNT; i++) cue_list_deinit(&screen->lists[i]);
    free(screen);
}

static bool is_decisive(const struct cue_section *section, uint8_t polarity)
{
    if (polarity == SCREEN_AFFIRMED) return true;
    bool grave = section->seriousness || section->kind == SCREEN_HAZARD;
    return grave && (polarity == SCREEN_CONDITIONAL || polarity == SCREEN_INDICATION);
}

static struct screen_hit hit_of(const struct screen_words *words, const struct tokens *tokens,
                                const struct raw_hit *raw)
{
    const struct cue *cue = &words->list->cues[raw->cue];
    const struct cue_section *section = &cue_sections[cue->section];
    return (struct screen_hit){
        .start = tokens->items[words->places[raw->first]].start,
        .end = tokens->items[words->places[raw->last]].end,
        .cue = cue->text,
        .kind = section->kind,
        .polarity = raw->polarity,
        .decisive = is_decisive(section, raw->polarity),
        .seriousness = section->seriousness,
        .specials = section->specials,
        .asked_first = words->places[raw->asked_first],
        .asked_end = raw->asked_end ? words->places[raw->asked_end - 1] + 1 : 0,
    };
}

static int compare_hits(const void *a, const void *b)
{
    const struct screen_hit *left = a, *right = b;
    if (left->start != right->start) return left->start < right->start ? -1 : 1;
    if (left->end != right->end) return left->end < right->end ? -1 : 1;
    return str_compare(left->cue, right->cue);
}

/* Keeps the hit as evidence: each place and kind once, and what decides before what doesn't. */
static void keep_hit(struct screen_result *result, const struct screen_hit *hit)
{
    struct screen_hit *room = NULL;
    for (uint32_t i = 0; i < result->count; i++) {
        struct screen_hit *old = &result->hits[i];
        if (old->start == hit->start && old->end == hit->end && old->kind == hit->kind &&
            old->seriousness == hit->seriousness && old->decisive >= hit->decisive)
            return; /* two lists know the same word */
        if (!old->decisive) room = old;
    }
    if (result->count < SCREEN_MAX_HITS)
        result->hits[result->count++] = *hit;
    else if (room && hit->decisive)
        *room = *hit;
}

/* Joins one list's findings to the result. Whoever else judges a text (a trained model) is to be
 * joined the same way: it can add kinds and hits, and never take any away. */
static int join_hits(const struct screen_words *words, const struct tokens *tokens,
                     const struct raw_hits *raw, struct arena *arena, struct screen_result *result,
                     struct err *err)
{
    if (!result->hits) result->hits = arena_alloc(arena, SCREEN_MAX_HITS * sizeof *result->hits);
    if (!result->hits) return err_set(err, E_NO_MEMORY, NULL);
    for (int decisive = 1; decisive >= 0; decisive--)
        for (uint32_t i = 0; i < raw->count; i++) {
            struct screen_hit hit = hit_of(words, tokens, &raw->items[i]);
            if (hit.decisive != (bool)decisive) continue;
            if (hit.decisive) {
                result->kinds |= 1u << hit.kind;
                result->seriousness |= hit.seriousness;
                result->specials |= hit.specials;
            }
            result->mild |= hit.seriousness && raw->items[i].asked_end; /* "hospitalised? No" */
            keep_hit(result, &hit);
        }
    result->product |= raw->product;
    result->patient |= raw->patient;
    result->reporter |= raw->reporter;
    result->mild |= raw->mild;
    return E_OK;
}

static int screen_with(const struct cue_list *list, struct screen_words *words,
                       const struct tokens *tokens, struct arena *arena,
                       struct screen_result *result, bool *ret_cut, struct err *err)
{
    struct raw_hits raw;
    if (words->list != list) screen_words_find(words, list);
    int rc = screen_hits_find(words, arena, &raw, err);
    if (rc || !raw.count) return rc;
    *ret_cut |= raw.cut;
    rc = screen_scope_resolve(words, arena, &raw, err);
    return rc ? rc : join_hits(words, tokens, &raw, arena, result, err);
}

/* The language's place in `languages`, or -1. */
static int judged(const char *language)
{
    for (int i = 0; i < LANGUAGE_COUNT && language; i++)
        if (strcmp(language, languages[i]) == 0) return i;
    return -1;
}

/* Bits of the lists that a text is screened with. */
static uint32_t lists_asked(const char *language, float confidence)
{
    int own = judged(language);
    return own < 0 || confidence < CONFIDENCE_SURE ? (1u << LANGUAGE_COUNT) - 1 : 1u << own;
}

/* The bit of each word that is in the list's [group plain], of the first few. */
static uint32_t plain_words(const struct screen_words *words)
{
    uint32_t plain = 0;
    if (words->count > PLAIN_WORDS) return 0;
    for (uint32_t i = 0; i < words->count; i++) {
        uint64_t groups = words->list->entries[words->entries[i]].groups;
        plain |= (uint32_t)((groups & words->list->plain) != 0) << i;
    }
    return plain;
}

/* What the lists asked say of the text together. */
struct asked {
    const char *language;
    float confidence;
    bool cut;
    uint32_t words, plain; /* how many; which of the first few are plain in one of the lists */
};

/* Its language says nothing about the text, and neither do its words. */
static bool is_unknown(const struct asked *asked, const struct screen_result *result)
{
    bool other = judged(asked->language) < 0;
    if (!other && asked->confidence >= CONFIDENCE_KNOWN) return false;
    if (other && asked->confidence >= CONFIDENCE_SURE) return true;
    return result->count || !asked->words || asked->words > PLAIN_WORDS ||
           asked->plain != (1u << asked->words) - 1;
}

/* The byte belongs to a Latin letter, or to an accent that stands alone: half an emoji is none. */
static bool is_letter(struct str text, size_t at)
{
    if (at >= text.size) return false;
    while (at && str_utf8_is_inside(text, at)) at--;
    uint8_t c = (uint8_t)text.data[at];
    return (c >= 0xC3 && c <= 0xCD) || (uint8_t)((c | 0x20) - 'a') < 26;
}

/* Only an apostrophe was lost `at` there: "don't", "l'eau". */
static bool lost_apostrophe(struct str text, size_t at, size_t behind)
{
    static const char *const ends[] = {"t", "s", "m", "d", "re", "ve", "ll"};
    size_t end = behind;
    while (end < text.size && end - behind < 3 && is_letter(text, end)) end++;
    struct str right = str_slice(text, behind, end);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_equal(right, str_of(ends[i]))) return true;
    bool one_before = at == 1 || !is_letter(text, at - 2);
    return one_before && memchr("aeiouhAEIOUH", text.data[behind], 12);
}

/* Letters were lost on the way, so that cues may be unreadable: U+FFFD within a word, which
 * decoders write for bytes that they don't understand. At one end of a word it is a quote, a dash
 * or an emoji; where words begin and end with accents, only if another closes what it opens. */
static bool is_damaged(const struct asked *asked, struct str text)
{
    static const struct str lost = {"\xEF\xBF\xBD", 3};
    bool open = false, accents = judged(asked->language) > 0; /* Spanish, French */
    size_t at = 0, behind;
    for (;; at = behind) {
        const char *found = at < text.size ? memchr(text.data + at, 0xEF, text.size - at) : NULL;
        if (!found) return accents && open;
        behind = at = (size_t)(found - text.data);
        while (str_starts(str_slice(text, behind, text.size), lost)) behind += lost.size;
        if (behind == at && ++behind) continue;
        bool before = at && is_letter(text, at - 1), after = is_letter(text, behind);
        if (before && after) {
            if (lost_apostrophe(text, at, behind)) continue;
            return true;
        }
        if (accents && (before || after) && open == after) return true;
        if (before || after) open = after;
    }
}

static void conclude(const struct asked *asked, struct str text, struct screen_result *result)
{
    if (result->count) qsort(result->hits, result->count, sizeof *result->hits, compare_hits);
    result->reason = NULL;
    result->reaction = result->kinds & 1u << SCREEN_ADVERSE_EVENT;
    result->serious = result->seriousness != 0;
    if (result->kinds)
        result->state = SCREEN_POSITIVE;
    else if (asked->cut)
        result->reason = "too_long";
    else if (is_unknown(asked, result))
        result->reason = "language";
    else if (is_damaged(asked, text))
        result->reason = "damaged";
    else
        result->state = SCREEN_NEGATIVE;
}

static uint32_t tokens_read(const struct tokens *tokens)
{
    uint32_t count = tokens->count;
    while (count && tokens->items[count - 1].end > SCREEN_MAX_BYTES) count--;
    return count;
}

int screen_text(const struct screen *screen, struct str text, const struct tokens *tokens,
                const char *language, float language_confidence, bool product_known,
                struct arena *arena, struct screen_result *ret_result, struct err *err)
{
    struct screen_result result = {
        .state = SCREEN_UNASSESSED, .product = product_known, .reason = "not_loaded"};
    if (!screen) {
        *ret_result = result;
        return E_OK;
    }
    uint32_t token_count = tokens_read(tokens);
    struct asked asked = {language, language_confidence, .cut = token_count < tokens->count};
    struct screen_words words;
    uint32_t lists = lists_asked(language, language_confidence);
    int rc = screen_words_split(text, tokens, token_count, &screen->lists[__builtin_ctz(lists)],
                                arena, &words, err);
    for (; lists && !rc; lists &= lists - 1) {
        int i = __builtin_ctz(lists);
        rc = screen_with(&screen->lists[i], &words, tokens, arena, &result, &asked.cut, err);
        if (!rc) asked.plain |= plain_words(&words);
    }
    if (rc) return rc;
    asked.words = words.count;
    conclude(&asked, text, &result);
    *ret_result = result;
    return E_OK;
}

int screen_criteria(const struct screen *screen, struct str text, const struct tokens *tokens,
                    const char *language, float language_confidence, struct arena *arena,
                    struct screen_result *result, bool *ret_eased, struct err *err)
{
    struct screen_words words;
    *ret_eased = false;
    if (!screen || result->state == SCREEN_UNASSESSED) return E_OK;
    uint32_t lists = lists_asked(language, language_confidence);
    int rc = screen_words_split(text, tokens, tokens_read(tokens),
                                &screen->lists[__builtin_ctz(lists)], arena, &words, err);
    for (; lists && !rc; lists &= lists - 1) {
        struct raw_hits none = {0};
        const struct cue_list *list = &screen->lists[__builtin_ctz(lists)];
        if (words.list != list) screen_words_find(&words, list);
        rc = screen_scope_resolve(&words, arena, &none, err);
        result->product |= none.product;
        result->patient |= none.patient;
        result->reporter |= none.reporter;
        result->mild |= none.mild;
        *ret_eased |= none.eased;
    }
    return rc;
}

int screen_is_medicine(const struct screen *screen, struct str name, const struct tokens *tokens,
                       struct arena *arena, bool *ret_medicine, struct err *err)
{
    struct screen_words words;
    *ret_medicine = false;
    if (!screen) return E_OK;
    int rc = screen_words_split(name, tokens, tokens->count, &screen->lists[0], arena, &words, err);
    for (int i = 0; i < LANGUAGE_COUNT && !rc; i++) {
        if (i) screen_words_find(&words, &screen->lists[i]);
        for (uint32_t w = 0; w < words.count; w++)
            *ret_medicine |= (words.list->entries[words.entries[w]].groups &
                              words.list->medicine) != 0;
    }
    return rc;
}
