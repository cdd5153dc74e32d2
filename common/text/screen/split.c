/* Cuts tokens into words as cue lists see them, once a text, and looks them up in one
 * list after the other: which words a list knows can't be foreseen, so each leaves a flag, and what
 * the flags are about is done bit by bit. */
#include <endian.h>

#include "base/flags.h"
#include "base/hash.h"
#include "text/screen/match.h"

/* What lies between two tokens. A lone hyphen joins ("life-threatening"); a comma, or what parts a
 * list as one does ("no nausea/vomiting"), parts less than the rest. */
static uint8_t boundary_within(struct str text, const struct tokens *tokens, uint32_t at)
{
    struct str between = str_slice(text, tokens->items[at - 1].end, tokens->items[at].start);
    if (between.size == 1 && between.data[0] == '-') return BOUNDARY_NONE;
    between = str_trim(between);
    bool lists = between.size == 1 && memchr(",/&+", between.data[0], 4);
    return lists ? BOUNDARY_COMMA : BOUNDARY_CLAUSE;
}

void screen_words_tell_gaps(const struct screen_words *words)
{
    for (uint32_t i = 0; i < words->count; i++)
        if (words->before[i] == BOUNDARY_CLAUSE)
            words->before[i] = boundary_within(words->text, words->tokens, words->places[i]);
}

_Static_assert(BOUNDARY_CLAUSE + 1 == BOUNDARY_SENTENCE, "where both are, the sentence counts");
static inline uint8_t boundary_before(const struct token *token)
{
    return (uint8_t)(token->clause_before * BOUNDARY_CLAUSE + token->sentence_before);
}

enum { SHORT_WORD_BYTES = 4 };

/* An accent may tell two short words apart ("sí" and "si"): a list may know the accented one as
 * "^si". */
static inline bool is_accented(const struct token *token)
{
    return token->end - token->start != token->folded.size;
}

static uint64_t accented_hash(struct str folded)
{
    char room[2 * SHORT_WORD_BYTES] = "^";
    memcpy(room + 1, folded.data, SHORT_WORD_BYTES); /* TOKEN_READABLE, however short */
    return hash_word_at(room, folded.size + 1);
}

static inline void look_up(const struct cue_wholes *wholes, uint64_t hash, uint32_t *ret_entry,
                           uint8_t *ret_flags)
{
    uint32_t whole = cue_whole_find(wholes, hash);
    *ret_entry = (uint16_t)whole;
    *ret_flags = (uint8_t)(whole >> CUE_ENTRY_BITS);
}

/* cue_find_apostrophe() of a token, nearly all of which have an ASCII one within eight bytes, or of
 * what is left behind it. */
static inline size_t find_apostrophe(struct str word, size_t *ret_bytes)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t eight, marked;
    memcpy(&eight, word.data, sizeof eight); /* TOKEN_READABLE, however short */
    eight = le64toh(eight);
    marked = eight ^ '\'' * ones;
    marked = (marked - ones) & ~marked & highs; /* the lowest bit is right */
    size_t at = marked ? (size_t)__builtin_ctzll(marked) / 8 : sizeof eight;
    size_t end = at < word.size ? at : word.size;
    bool plain = !(eight & highs & (marked - 1)); /* none beyond ASCII before it */
    if (!plain | (end == sizeof eight)) return cue_find_apostrophe(word, ret_bytes);
    *ret_bytes = at < word.size;
    return end;
}

/* The parts of a token with an apostrophe, of which the first will be the text's word `at`; what
 * follows a second one has no cue. Returns behind the last part; NULL: no memory. */
static struct screen_part *split(const struct screen_words *words, const struct cue_list *list,
                                 uint32_t token, uint32_t at, struct screen_part *part,
                                 struct arena *arena)
{
    struct str rest = words->tokens->items[token].folded;
    for (int k = 0; k < SCREEN_PARTS && rest.size; k++) {
        char *room = arena_alloc(arena, CUES_MAX_WORD_BYTES);
        if (!room) return NULL;
        size_t mark_bytes, apostrophe = find_apostrophe(rest, &mark_bytes);
        struct str text = cue_word_cut_at(&rest, apostrophe, mark_bytes, room);
        if (!text.size) continue;
        *part = (struct screen_part){at, text, token_part_hash(text)};
        words->places[at] = token;
        words->before[at] = BOUNDARY_NONE;
        look_up(&list->wholes, part++->hash, &words->entries[at], &words->flags[at]);
        at++;
    }
    return part;
}

/* A word that isn't known, or may be another one if it has an accent. */
struct doubtful {
    struct str text;
    bool accented; /* it may be one that a list has as "^text" */
};

/* *part: of a word before it, and goes on. */
static inline struct doubtful doubtful_at(const struct screen_words *words, uint32_t at,
                                          const struct screen_part **part)
{
    const struct token *token = &words->tokens->items[words->places[at]];
    if (!token->apostrophe)
        return (struct doubtful){
            token->folded, is_accented(token) & (token->folded.size <= SHORT_WORD_BYTES)};
    while ((*part)->word < at) ++*part;
    return (struct doubtful){(*part)->text, false};
}

/* Its entry; `whole`: what it is without an accent and a prefix. */
static uint32_t find_again(const struct cue_list *list, const struct doubtful *word, uint32_t whole)
{
    uint32_t entry = CUE_NO_ENTRY;
    if (word->accented) entry = (uint16_t)cue_whole_find(&list->wholes, accented_hash(word->text));
    if (!entry) entry = whole;
    return entry ? entry : cue_list_find_prefix(list, word->text);
}

/* What all words' flags leave to be done. */
static void settle(struct screen_words *words, const struct cue_list *list)
{
    const struct screen_part *part = words->parts;
    words->list = list;
    for (uint32_t first = 0; first < words->count; first += SCREEN_PLACES) {
        uint32_t left = words->count - first, count = left < SCREEN_PLACES ? left : SCREEN_PLACES;
        uint32_t *entries = words->entries + first;
        uint8_t *flags = words->flags + first;
        uint64_t all = UINT64_MAX >> (SCREEN_PLACES - count),
                 again = all & ~flags_with(flags, count, CUE_KNOWN);
        for (; again; again &= again - 1) {
            uint32_t at = (uint32_t)__builtin_ctzll(again);
            struct doubtful word = doubtful_at(words, first + at, &part);
            /* one branch for both, as neither can be foreseen */
            if (!((cue_list_may_start(list, word.text) & !entries[at]) | word.accented)) continue;
            entries[at] = find_again(list, &word, entries[at]);
            flags[at] = list->anchors[entries[at]];
        }
        words->cue_places[first / SCREEN_PLACES] = flags_with(flags, count, CUE_ANCHORS_CUES);
    }
}
_Static_assert((int)SCREEN_PLACES == (int)FLAGS_MOST, "one look at the flags for each");

void screen_words_find(struct screen_words *words, const struct cue_list *list)
{
    const struct screen_part *part = words->parts;
    for (uint32_t i = 0; i < words->count; i++) {
        const struct token *token = &words->tokens->items[words->places[i]];
        look_up(&list->wholes, token->apostrophe ? part++->hash : token->hash, &words->entries[i],
                &words->flags[i]);
    }
    settle(words, list);
}

/* All words, looked up in the list. What is written is held apart from what is read, which needn't
 * be read again then. False: no memory. */
static bool cut(struct screen_words *words, uint32_t token_count, const struct cue_list *list,
                struct arena *arena)
{
    const struct cue_wholes wholes = list->wholes;
    const struct token *token = words->tokens->items;
    struct screen_part *part = words->parts;
    uint32_t *places = words->places, *entries = words->entries, count = 0;
    uint8_t *before = words->before, *flags = words->flags;
    for (uint32_t i = 0; i < token_count; i++, token++) {
        if (token->apostrophe) {
            struct screen_part *behind = split(words, list, i, count, part, arena);
            if (!behind) return false;
            before[count] = boundary_before(token);
            count += (uint32_t)(behind - part);
            part = behind;
        } else {
            places[count] = i;
            before[count] = boundary_before(token);
            look_up(&wholes, token->hash, &entries[count], &flags[count]);
            count++;
        }
    }
    words->count = count;
    return true;
}

int screen_words_split(struct str text, const struct tokens *tokens, uint32_t token_count,
                       const struct cue_list *list, struct arena *arena,
                       struct screen_words *ret_words, struct err *err)
{
    size_t room = (size_t)token_count * SCREEN_PARTS + 1;
    size_t blocks = (room + SCREEN_PLACES - 1) / SCREEN_PLACES;
    struct screen_words words = {
        .text = text, .tokens = tokens,
        .places = arena_alloc(arena, room * sizeof *words.places),
        .before = arena_alloc(arena, room),
        .parts = arena_alloc(arena, room * sizeof *words.parts),
        .entries = arena_alloc(arena, (room + 2 * CUE_REACH) * sizeof *words.entries),
        .flags = arena_alloc(arena, blocks * FLAGS_MOST),
        .cue_places = arena_alloc(arena, blocks * sizeof *words.cue_places),
    };
    if (!words.places || !words.before || !words.parts || !words.entries || !words.flags ||
        !words.cue_places)
        return err_set(err, E_NO_MEMORY, NULL);
    words.entries += CUE_REACH;
    if (!cut(&words, token_count, list, arena)) return err_set(err, E_NO_MEMORY, NULL);
    if (words.count) words.before[0] = BOUNDARY_SENTENCE;
    for (int i = 0; i < CUE_REACH; i++)
        words.entries[i - CUE_REACH] = words.entries[words.count + (uint32_t)i] = CUE_NO_ENTRY;
    settle(&words, list);
    *ret_words = words;
    return E_OK;
}
