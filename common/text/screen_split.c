/* Cuts tokens into words as cue lists see them, once a text, and looks them up in one
 * list after the other: which words a list knows can't be foreseen, so each leaves a flag, and what
 * the flags are about is done bit by bit. */
#include "base/flags.h"
#include "base/hash.h"
#include "text/screen_match.h"

/* What lies between two tokens. A lone hyphen joins ("life-threatening"), a comma parts less than
 * the rest. */
static uint8_t boundary_within(struct str text, const struct tokens *tokens, uint32_t at)
{
    struct str between =
        str_trim(str_slice(text, tokens->items[at - 1].end, tokens->items[at].start));
    if (between.size == 1 && between.data[0] == '-') return BOUNDARY_NONE;
    return between.size == 1 && between.data[0] == ',' ? BOUNDARY_COMMA : BOUNDARY_CLAUSE;
}

void screen_words_tell_gaps(const struct screen_words *words)
{
    for (uint32_t i = 0; i < words->count; i++) {
        struct screen_word *word = &words->items[i];
        if (word->before == BOUNDARY_CLAUSE)
            word->before = boundary_within(words->text, words->tokens, word->token);
    }
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
    char room[HASH_SHORT_BYTES] = "^";
    memcpy(room + 1, folded.data, SHORT_WORD_BYTES); /* TOKEN_READABLE, however short */
    return hash_short(room, folded.size + 1);
}

static inline void look_up(const struct screen_words *words, const struct cue_list *list,
                           uint32_t at)
{
    const struct screen_word *word = &words->items[at];
    uint32_t whole = cue_list_find_whole(list, word->hash);
    words->entries[at] = (uint16_t)whole;
    uint32_t accented = word->accented * (uint32_t)CUE_KNOWN; /* to be looked up again */
    words->flags[at] = (uint8_t)(whole >> CUE_ENTRY_BITS & ~accented);
}

static inline void add_word(struct screen_words *words, const struct cue_list *list,
                            struct screen_word word)
{
    words->items[words->count] = word;
    look_up(words, list, words->count++);
}

/* The two parts of a word with an apostrophe; what follows a second one has no cue. */
static int split(struct screen_words *words, const struct cue_list *list, struct str rest,
                 uint32_t token, uint8_t before, struct arena *arena, struct err *err)
{
    for (int part = 0; part < 2 && rest.size; part++) {
        char *room = arena_alloc(arena, CUES_MAX_WORD_BYTES);
        if (!room) return err_set(err, E_NO_MEMORY, NULL);
        struct str word = cue_word_cut(&rest, room);
        if (!word.size) continue;
        add_word(words, list,
                 (struct screen_word){
                     .text = word, .hash = hash_fast(word, 0), .token = token, .before = before});
        before = BOUNDARY_NONE;
    }
    return E_OK;
}

/* The entry of a word that may be an accented one, or isn't known and may begin with a prefix.
 * `whole`: what it is without the one and the other. */
static uint32_t find_again(const struct cue_list *list, const struct screen_word *word,
                           uint32_t whole)
{
    uint32_t entry = CUE_NO_ENTRY;
    if (word->accented && word->text.size <= SHORT_WORD_BYTES)
        entry = (uint16_t)cue_list_find_whole(list, accented_hash(word->text));
    if (!entry) entry = whole;
    if (!entry && cue_list_may_start(list, word->text))
        entry = cue_list_find_prefix(list, word->text);
    return entry;
}

/* What all words' flags leave to be done. */
static void settle(struct screen_words *words, const struct cue_list *list)
{
    words->list = list;
    for (uint32_t first = 0; first < words->count; first += SCREEN_PLACES) {
        uint32_t left = words->count - first, count = left < SCREEN_PLACES ? left : SCREEN_PLACES;
        uint32_t *entries = words->entries + first;
        uint8_t *flags = words->flags + first;
        uint64_t all = UINT64_MAX >> (SCREEN_PLACES - count),
                 again = all & ~flags_with(flags, count, CUE_KNOWN);
        for (; again; again &= again - 1) {
            uint32_t at = (uint32_t)__builtin_ctzll(again);
            entries[at] = find_again(list, &words->items[first + at], entries[at]);
            flags[at] = list->anchors[entries[at]];
        }
        uint64_t cues = flags_with(flags, count, CUE_ANCHORS_CUES);
        for (uint64_t next = cues; next; next &= next - 1) /* looked at next */
            __builtin_prefetch(&list->entries[entries[__builtin_ctzll(next)]]);
        words->cue_places[first / SCREEN_PLACES] = cues;
        words->other_places[first / SCREEN_PLACES] =
            flags_with(flags, count, CUE_ANCHORS_OTHERS);
    }
}
_Static_assert((int)SCREEN_PLACES == (int)FLAGS_MOST, "one look at the flags for each");

void screen_words_find(struct screen_words *words, const struct cue_list *list)
{
    for (uint32_t i = 0; i < words->count; i++) look_up(words, list, i);
    settle(words, list);
}

int screen_words_split(struct str text, const struct tokens *tokens, uint32_t token_count,
                       const struct cue_list *list, struct arena *arena,
                       struct screen_words *ret_words, struct err *err)
{
    size_t room = (size_t)token_count * 2 + 1;
    size_t blocks = (room + SCREEN_PLACES - 1) / SCREEN_PLACES;
    struct screen_words words = {
        .text = text, .tokens = tokens,
        .items = arena_alloc(arena, room * sizeof *words.items),
        .entries = arena_alloc(arena, (room + 2 * CUE_REACH) * sizeof *words.entries),
        .flags = arena_alloc(arena, blocks * FLAGS_MOST),
        .cue_places = arena_alloc(arena, blocks * sizeof *words.cue_places),
        .other_places = arena_alloc(arena, blocks * sizeof *words.other_places),
    };
    if (!words.items || !words.entries || !words.flags || !words.cue_places || !words.other_places)
        return err_set(err, E_NO_MEMORY, NULL);
    words.entries += CUE_REACH;
    const struct token *token = tokens->items;
    for (uint32_t i = 0; i < token_count; i++, token++) {
        uint8_t before = boundary_before(token);
        if (token->apostrophe) {
            int rc = split(&words, list, token->folded, i, before, arena, err);
            if (rc) return rc;
            continue;
        }
        add_word(&words, list,
                 (struct screen_word){.text = token->folded,
                                      .hash = token->hash,
                                      .token = i,
                                      .before = before,
                                      .accented = is_accented(token)});
    }
    if (words.count) words.items[0].before = BOUNDARY_SENTENCE;
    for (int i = 0; i < CUE_REACH; i++)
        words.entries[i - CUE_REACH] = words.entries[words.count + (uint32_t)i] = CUE_NO_ENTRY;
    settle(&words, list);
    *ret_words = words;
    return E_OK;
}
