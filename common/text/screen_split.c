/* Cuts tokens into words as cue lists see them, once a text, and looks them up in one
 * list after the other. */
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

static inline uint8_t boundary_before(struct str text, const struct tokens *tokens, uint32_t at)
{
    const struct token *token = &tokens->items[at];
    if (at == 0 || token->sentence_before) return BOUNDARY_SENTENCE;
    return token->clause_before ? boundary_within(text, tokens, at) : BOUNDARY_NONE;
}

/* An accent that tells two short words apart ("sí" and "si"): a list may know the accented one as
 * "^si". The hash of that; 0: the word is no such one. */
static uint64_t accented_hash(const struct token *token)
{
    enum { SHORT_WORD_BYTES = 4 };
    struct str folded = token->folded;
    if (token->end - token->start <= folded.size || folded.size > SHORT_WORD_BYTES ||
        token->kind != TOKEN_WORD)
        return 0;
    char room[SHORT_WORD_BYTES + 1] = "^";
    memcpy(room + 1, folded.data, folded.size);
    return hash_fast(str_make(room, folded.size + 1), 0);
}

/* The two parts of a word with an apostrophe; what follows a second one has no cue. */
static int split(struct screen_words *words, struct str rest, uint32_t token, uint8_t before,
                 struct arena *arena, struct err *err)
{
    for (int part = 0; part < 2 && rest.size; part++) {
        char *room = arena_alloc(arena, CUES_MAX_WORD_BYTES);
        if (!room) return err_set(err, E_NO_MEMORY, NULL);
        struct str word = cue_word_cut(&rest, room);
        if (!word.size) continue;
        words->items[words->count++] = (struct screen_word){
            .text = word, .hash = hash_fast(word, 0), .token = token, .before = before};
        before = BOUNDARY_NONE;
    }
    return E_OK;
}

int screen_words_split(struct str text, const struct tokens *tokens, uint32_t token_count,
                       struct arena *arena, struct screen_words *ret_words, struct err *err)
{
    size_t room = (size_t)token_count * 2 + 1;
    size_t blocks = (room + SCREEN_PLACES - 1) / SCREEN_PLACES;
    struct screen_words words = {
        .items = arena_alloc(arena, room * sizeof *words.items),
        .entries = arena_alloc(arena, room * sizeof *words.entries),
        .cue_places = arena_alloc(arena, blocks * sizeof *words.cue_places),
        .other_places = arena_alloc(arena, blocks * sizeof *words.other_places),
    };
    if (!words.items || !words.entries || !words.cue_places || !words.other_places)
        return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < token_count; i++) {
        const struct token *token = &tokens->items[i];
        uint8_t before = boundary_before(text, tokens, i);
        if (token->apostrophe) {
            int rc = split(&words, token->folded, i, before, arena, err);
            if (rc) return rc;
            continue;
        }
        words.items[words.count++] = (struct screen_word){.text = token->folded,
                                                          .hash = token->hash,
                                                          .accented_hash = accented_hash(token),
                                                          .token = i,
                                                          .before = before};
    }
    *ret_words = words;
    return E_OK;
}

/* Which of the words [first, last) the list may know: bit i is about word first + i. */
static uint64_t places_known(const struct screen_words *words, const struct cue_list *list,
                             uint32_t first, uint32_t last)
{
    uint64_t places = 0;
    for (uint32_t i = first; i < last; i++) {
        const struct screen_word *word = &words->items[i];
        bool known = (word->accented_hash != 0) | cue_list_may_know(list, word->text, word->hash);
        places |= (uint64_t)known << (i - first);
        words->entries[i] = CUE_NO_ENTRY;
    }
    for (uint64_t left = places; left; left &= left - 1)
        cue_list_prefetch(list, words->items[first + (uint32_t)__builtin_ctzll(left)].hash);
    return places;
}

static void find_block(struct screen_words *words, const struct cue_list *list, uint32_t first,
                       uint32_t last)
{
    uint64_t cues = 0, others = 0;
    for (uint64_t left = places_known(words, list, first, last); left; left &= left - 1) {
        uint32_t place = (uint32_t)__builtin_ctzll(left), entry = CUE_NO_ENTRY;
        const struct screen_word *word = &words->items[first + place];
        if (word->accented_hash) entry = cue_list_find_whole(list, word->accented_hash);
        if (!entry) entry = cue_list_find(list, word->text, word->hash);
        words->entries[first + place] = entry;
        __builtin_prefetch(&list->entries[entry]); /* looked at next */
        uint64_t anchors = list->anchors[entry];
        cues |= (anchors / CUE_ANCHORS_CUES & 1) << place;
        others |= (anchors / CUE_ANCHORS_OTHERS & 1) << place;
    }
    words->cue_places[first / SCREEN_PLACES] = cues;
    words->other_places[first / SCREEN_PLACES] = others;
}

void screen_words_find(struct screen_words *words, const struct cue_list *list)
{
    words->list = list;
    for (uint32_t first = 0; first < words->count; first += SCREEN_PLACES) {
        uint32_t left = words->count - first;
        find_block(words, list, first, first + (left < SCREEN_PLACES ? left : SCREEN_PLACES));
    }
}
