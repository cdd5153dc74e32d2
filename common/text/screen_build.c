/* Collects the words, symbols and forms of a cue list while it is parsed, and indexes them at the
 * end. */
#include "text/screen_build.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

enum { MAP_SLOTS = 1 << 16 };
_Static_assert((uint32_t)MAP_SLOTS > 2 * (uint32_t)CUES_MAX_WORDS, "the map stays half empty");

/* Words that many texts of customers have, in the order of their bytes. Which are here decides only
 * what matching starts from, not what it finds. */
static const char *const common_words[] = {
    "a", "able", "about", "account", "after", "again", "ago", "ai", "al", "all", "almost",
    "alors", "already", "also", "always", "am", "an", "and", "any", "anyone", "anything", "app",
    "apres", "are", "arent", "around", "as", "at", "au", "aussi", "avant", "avec", "avoir",
    "away", "back", "bad", "battery", "be", "because", "been", "before", "being", "best",
    "better", "bien", "big", "bit", "bon", "bonne", "buena", "bueno", "but", "buy", "by", "ca",
    "call", "camera", "can", "cannot", "cant", "car", "ce", "ces", "cette", "change", "cheap",
    "chez", "come", "comme", "como", "con", "could", "couldnt", "cuando", "d", "dans", "day",
    "days", "de", "del", "des", "desde", "deux", "dia", "did", "didnt", "different", "dire",
    "dit", "do", "does", "doesnt", "doing", "donc", "done", "dont", "down", "du", "easy", "el",
    "elle", "elles", "en", "encore", "end", "enough", "era", "es", "eso", "est", "esta", "estaba",
    "este", "esto", "estoy", "et", "etait", "etre", "even", "ever", "every", "everything",
    "faire", "fait", "far", "fast", "feel", "few", "film", "find", "first", "fois", "for",
    "found", "from", "fue", "get", "gets", "getting", "give", "go", "going", "good", "got",
    "gracias", "grand", "great", "ha", "hace", "hacer", "had", "han", "happy", "hard", "has",
    "hasta", "have", "having", "hay", "he", "help", "her", "here", "high", "him", "his",
    "histoire", "home", "hope", "how", "i", "if", "il", "ils", "in", "into", "isnt", "it", "its",
    "j", "jamais", "je", "jour", "jours", "just", "keep", "kids", "know", "l", "la", "las",
    "last", "le", "les", "less", "let", "leur", "leurs", "life", "light", "like", "little", "ll",
    "lo", "long", "look", "looking", "los", "lost", "lot", "love", "low", "lui", "ma", "made",
    "mais", "make", "makes", "making", "mal", "man", "many", "marche", "marcher", "mas", "may",
    "me", "mejor", "mes", "mettre", "mi", "might", "mis", "moi", "mon", "money", "more", "movie",
    "much", "must", "muy", "my", "n", "nada", "ne", "need", "needs", "never", "nice", "night",
    "no", "non", "nos", "not", "nothing", "nous", "now", "of", "off", "old", "on", "once", "one",
    "only", "ont", "open", "or", "other", "ou", "our", "out", "over", "own", "par", "para",
    "part", "pas", "people", "pero", "person", "petit", "peu", "peut", "peux", "phone", "place",
    "play", "please", "plus", "poor", "por", "porque", "pour", "prendre", "price", "pris", "prix",
    "problem", "problems", "product", "produit", "puede", "puedo", "put", "qu", "quand", "que",
    "qui", "quiero", "real", "really", "rien", "right", "s", "said", "sans", "say", "screen",
    "se", "second", "see", "seen", "ser", "sera", "service", "ses", "set", "she", "short",
    "should", "si", "side", "sin", "since", "size", "slow", "small", "so", "sobre", "solo",
    "someone", "something", "sometimes", "son", "sont", "sound", "sous", "start", "started",
    "still", "stop", "su", "such", "suis", "super", "sur", "sure", "sus", "take", "takes",
    "taking", "tan", "te", "tell", "temps", "tengo", "than", "thank", "thanks", "that", "the",
    "their", "them", "then", "they", "thing", "things", "think", "this", "those", "thought",
    "through", "tiempo", "tiene", "time", "times", "to", "toda", "today", "todo", "todos", "toi",
    "too", "took", "top", "tous", "tout", "toute", "tres", "tried", "trop", "try", "trying",
    "two", "u", "un", "una", "une", "until", "up", "us", "use", "used", "using", "uso", "va",
    "ve", "ver", "very", "vez", "voir", "vous", "vraiment", "vu", "want", "was", "wasnt", "watch",
    "watching", "way", "we", "well", "went", "were", "what", "when", "where", "which", "while",
    "who", "why", "will", "with", "without", "wont", "work", "worked", "working", "works",
    "would", "wrong", "x", "y", "ya", "year", "years", "yet", "you", "your",
};

int cue_builder_error(const struct cue_builder *builder, struct err *err, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return err_set(err, E_BAD_MODEL, "%s:%u: %s", builder->name, (unsigned)builder->line, what);
}

void *cue_vector_add(struct vector *vector, size_t item_bytes)
{
    if (vector->count == vector->capacity) {
        uint32_t capacity = vector->capacity ? vector->capacity * 2 : 256;
        void *items = realloc(vector->items, (size_t)capacity * item_bytes);
        if (!items) return NULL;
        vector->items = items;
        vector->capacity = capacity;
    }
    return (char *)vector->items + (size_t)vector->count++ * item_bytes;
}

int cue_builder_init(struct cue_builder *builder, struct cue_list *list, const char *name,
                     struct err *err)
{
    *builder = (struct cue_builder){.list = list, .name = name, .symbol_count = CUES_MAX_GROUPS};
    builder->map = calloc(MAP_SLOTS, sizeof *builder->map);
    builder->map_mask = MAP_SLOTS - 1;
    if (!builder->map) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < CUES_MAX_GROUPS; i++) {
        uint8_t *weight = cue_vector_add(&builder->weights, 1),
                *common = cue_vector_add(&builder->commons, 1);
        if (!weight || !common) return err_set(err, E_NO_MEMORY, NULL);
        *weight = 0;
        *common = true;
    }
    return E_OK;
}

void cue_builder_deinit(struct cue_builder *builder)
{
    struct vector *vectors[] = {&builder->words, &builder->links,   &builder->cues,   &builder->forms,
                                &builder->steps, &builder->weights, &builder->commons};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) free(vectors[i]->items);
    free(builder->map);
    *builder = (struct cue_builder){0};
}

struct built_word *cue_builder_word_at(const struct cue_builder *builder, uint32_t index)
{
    return (struct built_word *)builder->words.items + index;
}

struct word_slot *cue_builder_find(const struct cue_builder *builder, struct str text, bool prefix,
                                   uint64_t hash)
{
    for (uint32_t i = (uint32_t)hash & builder->map_mask;; i = (i + 1) & builder->map_mask) {
        struct word_slot *slot = &builder->map[i];
        if (!slot->entry) return slot;
        const struct built_word *word = cue_builder_word_at(builder, slot->entry - 1);
        if (slot->hash == hash && word->prefix == prefix && str_equal(word->text, text))
            return slot;
    }
}

static int find_or_add_word(struct cue_builder *builder, struct str text, bool prefix,
                            struct built_word **ret_word, struct err *err)
{
    if (text.size > CUES_MAX_WORD_BYTES)
        return cue_builder_error(builder, err, "a word has more than %d bytes",
                                 CUES_MAX_WORD_BYTES);
    if (prefix && text.size < CUES_MIN_PREFIX_BYTES)
        return cue_builder_error(builder, err,
                                 "\"%.*s*\" has fewer than %d letters before the asterisk",
                                 STR_ARGS(text), CUES_MIN_PREFIX_BYTES);
    uint64_t hash = hash_fast(text, prefix);
    struct word_slot *slot = cue_builder_find(builder, text, prefix, hash);
    if (!slot->entry) {
        if (builder->words.count >= CUES_MAX_WORDS)
            return cue_builder_error(builder, err, "more than %d different words", CUES_MAX_WORDS);
        struct str copy = arena_copy(&builder->list->memory, text);
        struct built_word *word = copy.data ? cue_vector_add(&builder->words, sizeof *word) : NULL;
        if (!word) return err_set(err, E_NO_MEMORY, NULL);
        *word = (struct built_word){.text = copy, .hash = hash, .prefix = prefix};
        *slot = (struct word_slot){.hash = hash, .entry = builder->words.count};
    }
    *ret_word = cue_builder_word_at(builder, slot->entry - 1);
    return E_OK;
}

int cue_builder_new_symbol(struct cue_builder *builder, uint16_t *ret_symbol, struct err *err)
{
    if (builder->symbol_count >= CUES_MAX_SYMBOLS)
        return cue_builder_error(builder, err, "more than %d different words and sets",
                                 CUES_MAX_SYMBOLS);
    uint8_t *weight = cue_vector_add(&builder->weights, 1),
            *common = cue_vector_add(&builder->commons, 1);
    if (!weight || !common) return err_set(err, E_NO_MEMORY, NULL);
    *weight = UINT8_MAX;
    *common = false;
    *ret_symbol = (uint16_t)builder->symbol_count++;
    return E_OK;
}

/* It is one of the common words, or one of them begins with the prefix. */
static bool is_common(struct str text, bool prefix)
{
    size_t first = 0, count = sizeof common_words / sizeof *common_words;
    while (count) { /* the first one that isn't before it */
        size_t half = count / 2;
        bool before = str_compare(str_of(common_words[first + half]), text) < 0;
        first += before ? half + 1 : 0;
        count = before ? count - half - 1 : half;
    }
    if (first == sizeof common_words / sizeof *common_words) return false;
    struct str found = str_of(common_words[first]);
    return prefix ? str_starts(found, text) : str_equal(found, text);
}

int cue_builder_link(struct cue_builder *builder, struct str text, bool prefix, uint16_t symbol,
                     struct err *err)
{
    struct built_word *word;
    int rc = find_or_add_word(builder, text, prefix, &word, err);
    if (rc) return rc;
    struct word_link *link = cue_vector_add(&builder->links, sizeof *link);
    if (!link) return err_set(err, E_NO_MEMORY, NULL);
    *link = (struct word_link){.next = word->first_link, .symbol = symbol};
    word->first_link = builder->links.count;
    /* A set is as rare as its shortest word: long words are seldom met by chance. */
    uint8_t *weight = (uint8_t *)builder->weights.items + symbol;
    if (symbol >= CUES_MAX_GROUPS && text.size < *weight) *weight = (uint8_t)text.size;
    ((uint8_t *)builder->commons.items)[symbol] |= is_common(text, prefix);
    return E_OK;
}

int cue_builder_word(struct cue_builder *builder, struct str text, bool prefix,
                     uint16_t *ret_symbol, struct err *err)
{
    struct built_word *word;
    int rc = find_or_add_word(builder, text, prefix, &word, err);
    if (rc) return rc;
    if (!word->has_own_symbol) {
        uint16_t symbol;
        rc = cue_builder_new_symbol(builder, &symbol, err);
        if (!rc) rc = cue_builder_link(builder, text, prefix, symbol, err);
        if (rc) return rc;
        word->own_symbol = symbol; /* linking an existing word does not move it */
        word->has_own_symbol = true;
    }
    *ret_symbol = word->own_symbol;
    return E_OK;
}

int cue_builder_group(struct cue_builder *builder, struct str name, bool defines,
                      uint16_t *ret_symbol, struct err *err)
{
    uint32_t i = 0;
    if (!name.size) return cue_builder_error(builder, err, "a group needs a name");
    while (i < builder->group_count && !str_equal(builder->groups[i].name, name)) i++;
    if (i == builder->group_count) {
        if (i == CUES_MAX_GROUPS)
            return cue_builder_error(builder, err, "more than %d groups", CUES_MAX_GROUPS);
        struct str copy = arena_copy(&builder->list->memory, name);
        if (!copy.data) return err_set(err, E_NO_MEMORY, NULL);
        builder->groups[builder->group_count++] = (struct built_group){.name = copy};
    }
    if (defines)
        builder->groups[i].defined = true;
    else if (!builder->groups[i].used_line)
        builder->groups[i].used_line = builder->line;
    *ret_symbol = (uint16_t)i;
    return E_OK;
}

int cue_builder_cue(struct cue_builder *builder, const struct cue *cue, struct err *err)
{
    if (builder->cues.count >= CUES_MAX_CUES)
        return cue_builder_error(builder, err, "more than %d cues", CUES_MAX_CUES);
    struct cue *room = cue_vector_add(&builder->cues, sizeof *room);
    if (!room) return err_set(err, E_NO_MEMORY, NULL);
    *room = *cue;
    return E_OK;
}

/* The longest words none of which is common; the anchor, if all steps have a common one. */
static uint8_t trigger_of(const struct cue_builder *builder, const struct cue_step *steps,
                          const struct cue_form *form)
{
    const uint8_t *weights = builder->weights.items, *commons = builder->commons.items;
    uint32_t trigger = form->anchor, best = 0;
    for (uint32_t i = 0; i < form->steps; i++) {
        uint16_t symbol = steps[i].symbol;
        uint32_t weight = commons[symbol] ? 0 : weights[symbol] * 2u + (i == form->anchor);
        if (weight <= best) continue;
        trigger = i;
        best = weight;
    }
    return (uint8_t)trigger;
}

int cue_builder_form(struct cue_builder *builder, const struct cue_step *steps, uint32_t count,
                     struct err *err)
{
    assert(builder->cues.count > 0 && count > 0 && count <= CUES_MAX_STEPS);
    if (builder->forms.count >= CUES_MAX_TOTAL_FORMS)
        return cue_builder_error(builder, err, "more than %d forms of cues", CUES_MAX_TOTAL_FORMS);
    struct cue_form form = {.cue = builder->cues.count - 1,
                            .first_step = builder->steps.count,
                            .steps = (uint8_t)count};
    const uint8_t *weights = builder->weights.items;
    for (uint32_t i = 0; i < count; i++) {
        struct cue_step *step = cue_vector_add(&builder->steps, sizeof *step);
        if (!step) return err_set(err, E_NO_MEMORY, NULL);
        *step = steps[i];
        if (weights[steps[i].symbol] > weights[steps[form.anchor].symbol]) form.anchor = (uint8_t)i;
    }
    form.trigger = trigger_of(builder, steps, &form);
    struct cue_form *room = cue_vector_add(&builder->forms, sizeof *room);
    if (!room) return err_set(err, E_NO_MEMORY, NULL);
    *room = form;
    return E_OK;
}
