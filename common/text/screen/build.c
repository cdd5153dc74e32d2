/* Collects the words, symbols and forms of a cue list while it is parsed, and indexes them at the
 * end. */
#include "text/screen/build.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

enum { MAP_SLOTS = 1 << 16 };
/* How common the words of a symbol are. */
enum { RARE, COMMON, EVERYWHERE, OF_A_GROUP, COMMON_MASK = 3 };
_Static_assert((uint32_t)MAP_SLOTS > 2 * (uint32_t)CUES_MAX_WORDS, "the map stays half empty");
_Static_assert(CUES_MAX_WORDS <= UINT16_MAX, "the map holds their numbers");

/* Words that many texts of customers have, and that nearly all have, in the order of their bytes.
 * What is here decides only what matching starts from, not what it finds. */
enum { COMMON_BYTES = 12 };
static const char common_words[][COMMON_BYTES] = {
    "able", "account", "again", "ago", "ai", "almost", "alors", "already", "always", "anyone",
    "anything", "app", "apres", "arent", "around", "aussi", "avant", "avoir", "away", "battery",
    "before", "best", "bien", "big", "bit", "bon", "bonne", "buena", "bueno", "buy", "ca", "call",
    "camera", "cannot", "car", "ces", "cette", "change", "cheap", "chez", "come", "comme",
    "couldnt", "cuando", "days", "desde", "deux", "dia", "didnt", "different", "dire", "dit",
    "doing", "donc", "done", "down", "elle", "elles", "encore", "end", "enough", "era", "eso",
    "esta", "estaba", "este", "esto", "estoy", "etait", "etre", "ever", "every", "everything",
    "faire", "fait", "far", "fast", "few", "film", "fois", "found", "fue", "gets", "getting",
    "give", "gracias", "grand", "ha", "hace", "hacer", "han", "happy", "hard", "hasta", "having",
    "hay", "help", "high", "histoire", "home", "hope", "ils", "isnt", "j", "jamais", "jour",
    "jours", "keep", "kids", "last", "less", "let", "leur", "leurs", "life", "light", "look",
    "looking", "lost", "lot", "low", "lui", "makes", "making", "mal", "man", "marche", "marcher",
    "may", "mejor", "mes", "mettre", "might", "mis", "moi", "mon", "money", "movie", "must", "n",
    "nada", "needs", "night", "non", "nos", "nothing", "old", "once", "ont", "open", "our", "own",
    "par", "part", "people", "person", "petit", "peu", "peut", "peux", "phone", "place", "play",
    "please", "poor", "porque", "prendre", "price", "pris", "prix", "problem", "problems",
    "product", "produit", "puede", "puedo", "put", "qu", "quand", "quiero", "real", "rien",
    "said", "say", "screen", "second", "seen", "ser", "sera", "service", "ses", "set", "short",
    "si", "side", "sin", "since", "size", "slow", "small", "sobre", "solo", "someone",
    "something", "sometimes", "sont", "sound", "sous", "start", "started", "stop", "such", "suis",
    "super", "sure", "sus", "takes", "taking", "tan", "tell", "temps", "tengo", "thank", "thanks",
    "things", "those", "thought", "through", "tiempo", "tiene", "times", "toda", "today", "todo",
    "todos", "toi", "took", "top", "tous", "tout", "toute", "tres", "tried", "trop", "try",
    "trying", "two", "u", "until", "us", "used", "using", "uso", "va", "ver", "vez", "voir",
    "vraiment", "vu", "wasnt", "watch", "watching", "went", "why", "without", "wont", "worked",
    "working", "works", "wrong", "x", "ya", "year", "years", "yet",
};
static const char everywhere[][COMMON_BYTES] = {
    "a", "about", "after", "al", "all", "also", "am", "an", "and", "any", "are", "as", "at", "au",
    "avec", "back", "bad", "be", "because", "been", "being", "better", "but", "by", "can", "cant",
    "ce", "como", "con", "could", "d", "dans", "day", "de", "del", "des", "did", "do", "does",
    "doesnt", "dont", "du", "easy", "el", "en", "es", "est", "et", "even", "feel", "find",
    "first", "for", "from", "get", "go", "going", "good", "got", "great", "had", "has", "have",
    "he", "her", "here", "him", "his", "how", "i", "if", "il", "in", "into", "it", "its", "je",
    "just", "know", "l", "la", "las", "le", "les", "like", "little", "ll", "lo", "long", "los",
    "love", "ma", "made", "mais", "make", "many", "mas", "me", "mi", "more", "much", "muy", "my",
    "ne", "need", "never", "nice", "no", "not", "nous", "now", "of", "off", "on", "one", "only",
    "or", "other", "ou", "out", "over", "para", "pas", "pero", "plus", "por", "pour", "que",
    "qui", "really", "right", "s", "sans", "se", "see", "she", "should", "so", "son", "still",
    "su", "sur", "take", "te", "than", "that", "the", "their", "them", "then", "they", "thing",
    "think", "this", "time", "to", "too", "un", "una", "une", "up", "use", "ve", "very", "vous",
    "want", "was", "way", "we", "well", "were", "what", "when", "where", "which", "while", "who",
    "will", "with", "work", "would", "y", "you", "your",
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

uint64_t cue_builder_hash(struct str text, bool prefix)
{
    return hash_word(text) ^ (prefix ? UINT64_MAX : 0);
}

/* What is common has its hash here, with how common it is in the lowest bits. Two hashes that are
 * alike do no harm. */
static void enter_common(struct cue_builder *builder, uint64_t hash, uint8_t common)
{
    hash &= ~(uint64_t)COMMON_MASK;
    uint32_t i = (uint32_t)(hash >> 32) % CUE_COMMON_SLOTS;
    while (builder->common[i] && (builder->common[i] & ~(uint64_t)COMMON_MASK) != hash)
        i = (i + 1) % CUE_COMMON_SLOTS;
    if (!builder->common[i]) builder->common[i] = hash | common;
}

/* Words, and what they begin with: a prefix is as common as the commonest word that it fits. */
static void enter_commons(struct cue_builder *builder, const char (*words)[COMMON_BYTES],
                          size_t count, uint8_t common)
{
    for (size_t i = 0; i < count; i++) {
        struct str word = str_of(words[i]);
        enter_common(builder, cue_builder_hash(word, false), common);
        for (size_t size = CUES_MIN_PREFIX_BYTES; size <= word.size; size++)
            enter_common(builder, cue_builder_hash(str_slice(word, 0, size), true), common);
    }
}

static uint8_t commonness(const struct cue_builder *builder, uint64_t hash)
{
    for (uint32_t i = (uint32_t)(hash >> 32) % CUE_COMMON_SLOTS; builder->common[i];
         i = (i + 1) % CUE_COMMON_SLOTS)
        if ((builder->common[i] ^ hash) <= COMMON_MASK) return builder->common[i] & COMMON_MASK;
    return RARE;
}

int cue_builder_init(struct cue_builder *builder, struct cue_list *list, const char *name,
                     struct err *err)
{
    *builder = (struct cue_builder){.list = list, .name = name, .symbol_count = CUES_MAX_GROUPS};
    builder->map = calloc(MAP_SLOTS, sizeof *builder->map);
    if (!builder->map) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < CUES_MAX_GROUPS; i++) {
        uint8_t *weight = cue_vector_add(&builder->weights, 1),
                *common = cue_vector_add(&builder->commons, 1);
        if (!weight || !common) return err_set(err, E_NO_MEMORY, NULL);
        *weight = 0;
        *common = OF_A_GROUP;
    }
    enter_commons(builder, everywhere, sizeof everywhere / sizeof *everywhere, EVERYWHERE);
    enter_commons(builder, common_words, sizeof common_words / sizeof *common_words, COMMON);
    return E_OK;
}

void cue_builder_deinit(struct cue_builder *builder)
{
    struct vector *vectors[] = {&builder->words, &builder->links,   &builder->cues,
                                &builder->forms, &builder->steps,   &builder->weights,
                                &builder->commons};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) free(vectors[i]->items);
    free(builder->map);
    *builder = (struct cue_builder){0};
}

struct built_word *cue_builder_word_at(const struct cue_builder *builder, uint32_t index)
{
    return (struct built_word *)builder->words.items + index;
}

uint16_t *cue_builder_find(const struct cue_builder *builder, struct str text, bool prefix,
                           uint64_t hash)
{
    for (uint32_t i = (uint32_t)hash % MAP_SLOTS;; i = (i + 1) % MAP_SLOTS) {
        uint16_t *slot = &builder->map[i];
        if (!*slot) return slot;
        const struct built_word *word = cue_builder_word_at(builder, *slot - 1);
        if (word->hash == hash && word->prefix == prefix && str_equal(word->text, text))
            return slot;
    }
}

static void expect_prefix(struct cue_list *list, struct str prefix)
{
    uint32_t bucket = cue_prefix_bucket(prefix);
    list->prefix_filter[bucket / 64] |= UINT64_C(1) << bucket % 64;
}

int cue_builder_word(struct cue_builder *builder, struct str text, bool prefix,
                     uint32_t *ret_word, struct err *err)
{
    if (text.size > CUES_MAX_WORD_BYTES)
        return cue_builder_error(builder, err, "a word has more than %d bytes",
                                 CUES_MAX_WORD_BYTES);
    if (prefix && text.size < CUES_MIN_PREFIX_BYTES)
        return cue_builder_error(builder, err,
                                 "\"%.*s*\" has fewer than %d letters before the asterisk",
                                 STR_ARGS(text), CUES_MIN_PREFIX_BYTES);
    uint64_t hash = cue_builder_hash(text, prefix);
    uint16_t *slot = cue_builder_find(builder, text, prefix, hash);
    if (!*slot) {
        if (builder->words.count >= CUES_MAX_WORDS)
            return cue_builder_error(builder, err, "more than %d different words", CUES_MAX_WORDS);
        struct str copy = arena_copy(&builder->list->memory, text);
        struct built_word *word = copy.data ? cue_vector_add(&builder->words, sizeof *word) : NULL;
        if (!word) return err_set(err, E_NO_MEMORY, NULL);
        *word = (struct built_word){
            .text = copy, .hash = hash, .prefix = prefix, .common = commonness(builder, hash)};
        if (prefix) expect_prefix(builder->list, copy);
        *slot = (uint16_t)builder->words.count;
    }
    *ret_word = *slot - 1u;
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
    *common = RARE;
    *ret_symbol = (uint16_t)builder->symbol_count++;
    return E_OK;
}

int cue_builder_link(struct cue_builder *builder, uint32_t at, uint16_t symbol, struct err *err)
{
    struct built_word *word = cue_builder_word_at(builder, at);
    struct word_link *link = cue_vector_add(&builder->links, sizeof *link);
    if (!link) return err_set(err, E_NO_MEMORY, NULL);
    *link = (struct word_link){.next = word->first_link, .symbol = symbol};
    word->first_link = builder->links.count;
    /* A set is as rare as its shortest word: long words are seldom met by chance. */
    size_t size = word->text.size;
    uint8_t *weight = (uint8_t *)builder->weights.items + symbol;
    if (symbol >= CUES_MAX_GROUPS && size < *weight) *weight = (uint8_t)size;
    uint8_t *common = (uint8_t *)builder->commons.items + symbol;
    if (word->common > *common) *common = word->common;
    return E_OK;
}

int cue_builder_word_symbol(struct cue_builder *builder, uint32_t at, uint16_t *ret_symbol,
                            struct err *err)
{
    struct built_word *word = cue_builder_word_at(builder, at);
    if (!word->has_own_symbol) {
        int rc = cue_builder_new_symbol(builder, &word->own_symbol, err);
        if (!rc) rc = cue_builder_link(builder, at, word->own_symbol, err);
        if (rc) return rc;
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

/* A line as people know it again: without what must or mustn't stand near. */
static struct str name_of_cue(struct str line)
{
    size_t with = str_find(line, STR(" & ")), without = str_find(line, STR(" ! "));
    return str_slice(line, 0, with < without ? with : without);
}

int cue_builder_cue(struct cue_builder *builder, const struct cue *cue, struct str line,
                    struct err *err)
{
    if (builder->cues.count >= CUES_MAX_CUES)
        return cue_builder_error(builder, err, "more than %d cues", CUES_MAX_CUES);
    struct cue *room = cue_vector_add(&builder->cues, sizeof *room);
    if (!room) return err_set(err, E_NO_MEMORY, NULL);
    *room = *cue;
    room->text = arena_copy(&builder->list->memory, name_of_cue(line));
    return room->text.data ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

/* The step whose words are the least common, of several the one of the longest; the anchor, if it
 * is as good. */
static uint8_t trigger_of(const struct cue_builder *builder, const struct cue_step *steps,
                          const struct cue_form *form)
{
    const uint8_t *weights = builder->weights.items, *commons = builder->commons.items;
    uint32_t trigger = form->anchor, best = 0;
    for (uint32_t i = 0; i < form->steps; i++) {
        uint16_t symbol = steps[i].symbol;
        uint32_t weight = (uint32_t)(OF_A_GROUP - commons[symbol]) << 16 | weights[symbol] * 2u |
                          (i == form->anchor);
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
