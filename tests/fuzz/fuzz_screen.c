/* links: common_text */
/* The cue parser and the matcher on hostile bytes: "list %% text", or a text alone for a list of
 * every section. */
#include <assert.h>
#include <stdlib.h>

#include "text/screen/match.h"

static const char own_list[] =
    "[group body]\nskin eye*\n[reaction]\nrash\nitch* .. @body\n(hair|eye lash) loss? & skin ! "
    "paint\n[hazard]\ncaught? fire\n"
    "[death]\ndied\n[special overdose]\ndouble dose\n[complaint]\nmould\n[negation "
    "before]\nno\nnot ..2 any\n[negation after]\nfree\n"
    "[negation false]\nno doubt\n[hypothetical before]\nif\n[hypothetical after]\nmay "
    "occur\n[indication before]\nfor my\n"
    "[indication after]\nis gone\n[indication phrase]\nrash cream\n[idiom]\nto die for\nfire "
    "sale\n[scope end]\nbut\n^si\n[list]\nor\nand\n"
    "[patient]\nmy\n[product]\nit\n[reporter]\nI\n";

static void screen_with(const struct cue_list *list, struct str text)
{
    struct arena arena = {0};
    struct err err;
    struct tokens tokens;
    struct screen_words words;
    struct raw_hits hits;
    text = str_slice(text, 0, str_utf8_valid_prefix(text));
    int rc = text_tokenize(text, &arena, &tokens, &err);
    if (!rc) rc = screen_words_split(text, &tokens, tokens.count, list, &arena, &words, &err);
    if (!rc) rc = screen_hits_find(&words, &arena, &hits, &err);
    if (!rc && hits.count) rc = screen_scope_resolve(&words, &arena, &hits, &err);
    for (uint32_t i = 0; !rc && i < hits.count; i++) {
        assert(hits.items[i].first <= hits.items[i].last && hits.items[i].last < words.count);
        assert(hits.items[i].polarity < SCREEN_POLARITY_COUNT);
        assert(tokens.items[words.places[hits.items[i].last]].end <= text.size);
    }
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cue_list own;
    struct err err;
    if (!own.cue_count && cue_list_parse(STR(own_list), "own", &own, &err)) abort();
    struct str input = str_make(data, size);
    size_t cut = str_find(input, STR("%%"));
    if (cut == size) {
        screen_with(&own, input);
        return 0;
    }
    struct cue_list list;
    if (cue_list_parse(str_slice(input, 0, cut), "fuzz", &list, &err) == 0)
        screen_with(&list, str_slice(input, cut + 2, size));
    cue_list_deinit(&list);
    return 0;
}
