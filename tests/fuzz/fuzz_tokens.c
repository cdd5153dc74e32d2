/* links: common_text */
/* Tokens of any valid text: in order, within it, folded the same when folded again; and the kernels
 * that read text or tokens: language and hashes. */
#include <assert.h>

#include "base/hash.h"
#include "text/language.h"
#include "text/similar.h"

static void check_token(struct str text, const struct token *token, uint32_t before)
{
    assert(token->start >= before && token->end > token->start && token->end <= text.size);
    assert(str_is_utf8(str_slice(text, token->start, token->end)));
    assert(token->kind <= TOKEN_EMOJI);
    assert(token->hash == hash_word(token->folded));
    assert(!token->sentence_before || token->clause_before);
}

/* A token cut out of its text is the same token, though the tokeniser may take
 * another way to it. */
static void check_alone(struct str text, const struct token *token, struct arena *arena)
{
    struct err err;
    struct tokens alone;
    assert(text_tokenize(str_slice(text, token->start, token->end), arena, &alone, &err) == E_OK);
    assert(alone.count == 1 && alone.items[0].hash == token->hash);
    assert(alone.items[0].kind == token->kind && alone.items[0].upper == token->upper);
    assert(alone.items[0].stretched == token->stretched);
    assert(alone.items[0].apostrophe == token->apostrophe);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct err err;
    struct tokens tokens;
    struct language_guess guess;
    struct str text = str_make(data, size);
    text = str_slice(text, 0, str_utf8_valid_prefix(text));
    if (text.size > 1 << 16) return 0;
    assert(text_tokenize(text, &arena, &tokens, &err) == E_OK);
    for (uint32_t i = 0; i < tokens.count; i++)
        check_token(text, &tokens.items[i], i ? tokens.items[i - 1].end : 0);
    for (uint32_t i = 0; i < tokens.count; i++) check_alone(text, &tokens.items[i], &arena);
    struct similar similar, none;
    text_similar(&tokens, &similar);
    text_similar(&(struct tokens){0}, &none);
    assert(tokens.count || (similar.exact == none.exact && similar.similar == 0));
    assert(tokens.count > 1 || similar.bands[0] == 0);
    language_detect(text, &guess);
    assert(strlen(guess.code) >= 2 && guess.confidence >= 0 && guess.confidence <= 1);
    arena_deinit(&arena);
    return 0;
}
