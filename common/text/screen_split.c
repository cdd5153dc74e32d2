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
    struct screen_words words = {.items = arena_alloc(arena, room * sizeof *words.items),
                                 .entries = arena_alloc(arena, room * sizeof *words.entries)};
    if (!words.items || !words.entries) return err_set(err, E_NO_MEMORY, NULL);
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

void screen_words_find(struct screen_words *words, const struct cue_list *list)
{
    enum { AHEAD = 8 };
    words->list = list;
    for (uint32_t i = 0; i < words->count; i++) {
        if (i + AHEAD < words->count) cue_list_prefetch(list, words->items[i + AHEAD].hash);
        const struct screen_word *word = &words->items[i];
        uint32_t entry = CUE_NO_ENTRY;
        if (word->accented_hash) entry = cue_list_find_whole(list, word->accented_hash);
        words->entries[i] = entry ? entry : cue_list_find(list, word->text, word->hash);
        __builtin_prefetch(&list->entries[words->entries[i]]); /* looked at next */
    }
}
