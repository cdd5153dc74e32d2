/* Collects the words, symbols and forms of a cue list while it is parsed, and indexes them at the
 * end. */
#include "text/screen_build.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

enum { MAP_SLOTS = 1 << 16, MAX_ENTRY_FORMS = 4 << 20 };
_Static_assert((uint32_t)MAP_SLOTS > 2 * (uint32_t)CUES_MAX_WORDS, "the map stays half empty");

int cue_builder_error(const struct cue_builder *builder, struct err *err, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return err_set(err, E_BAD_MODEL, "%s:%u: %s", builder->name, (unsigned)builder->line, what);
}

/* Room for one more item, or NULL. */
static void *vector_add(struct vector *vector, size_t item_bytes)
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
        uint8_t *weight = vector_add(&builder->weights, 1);
        if (!weight) return err_set(err, E_NO_MEMORY, NULL);
        *weight = 0;
    }
    return E_OK;
}

void cue_builder_deinit(struct cue_builder *builder)
{
    struct vector *vectors[] = {&builder->words, &builder->links, &builder->cues,
                                &builder->forms, &builder->steps, &builder->weights};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) free(vectors[i]->items);
    free(builder->map);
    *builder = (struct cue_builder){0};
}

static struct built_word *word_at(const struct cue_builder *builder, uint32_t index)
{
    return (struct built_word *)builder->words.items + index;
}

static struct cue_slot *find_slot(const struct cue_builder *builder, struct str text, bool prefix,
                                  uint64_t hash)
{
    for (uint32_t i = (uint32_t)hash & builder->map_mask;; i = (i + 1) & builder->map_mask) {
        struct cue_slot *slot = &builder->map[i];
        if (!slot->entry) return slot;
        const struct built_word *word = word_at(builder, slot->entry - 1);
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
    struct cue_slot *slot = find_slot(builder, text, prefix, hash);
    if (!slot->entry) {
        if (builder->words.count >= CUES_MAX_WORDS)
            return cue_builder_error(builder, err, "more than %d different words", CUES_MAX_WORDS);
        struct str copy = arena_copy(&builder->list->memory, text);
        struct built_word *word = copy.data ? vector_add(&builder->words, sizeof *word) : NULL;
        if (!word) return err_set(err, E_NO_MEMORY, NULL);
        *word = (struct built_word){.text = copy, .hash = hash, .prefix = prefix};
        *slot = (struct cue_slot){.hash = hash, .entry = builder->words.count};
    }
    *ret_word = word_at(builder, slot->entry - 1);
    return E_OK;
}

int cue_builder_new_symbol(struct cue_builder *builder, uint16_t *ret_symbol, struct err *err)
{
    if (builder->symbol_count >= CUES_MAX_SYMBOLS)
        return cue_builder_error(builder, err, "more than %d different words and sets",
                                 CUES_MAX_SYMBOLS);
    uint8_t *weight = vector_add(&builder->weights, 1);
    if (!weight) return err_set(err, E_NO_MEMORY, NULL);
    *weight = UINT8_MAX;
    *ret_symbol = (uint16_t)builder->symbol_count++;
    return E_OK;
}

int cue_builder_link(struct cue_builder *builder, struct str text, bool prefix, uint16_t symbol,
                     struct err *err)
{
    struct built_word *word;
    int rc = find_or_add_word(builder, text, prefix, &word, err);
    if (rc) return rc;
    struct word_link *link = vector_add(&builder->links, sizeof *link);
    if (!link) return err_set(err, E_NO_MEMORY, NULL);
    *link = (struct word_link){.next = word->first_link, .symbol = symbol};
    word->first_link = builder->links.count;
    /* A set is as rare as its shortest word: long words are seldom met by chance. */
    uint8_t *weight = (uint8_t *)builder->weights.items + symbol;
    if (symbol >= CUES_MAX_GROUPS && text.size < *weight) *weight = (uint8_t)text.size;
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
    struct cue *room = vector_add(&builder->cues, sizeof *room);
    if (!room) return err_set(err, E_NO_MEMORY, NULL);
    *room = *cue;
    return E_OK;
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
        struct cue_step *step = vector_add(&builder->steps, sizeof *step);
        if (!step) return err_set(err, E_NO_MEMORY, NULL);
        *step = steps[i];
        if (weights[steps[i].symbol] > weights[steps[form.anchor].symbol]) form.anchor = (uint8_t)i;
    }
    struct cue_form *room = vector_add(&builder->forms, sizeof *room);
    if (!room) return err_set(err, E_NO_MEMORY, NULL);
    *room = form;
    return E_OK;
}

/* Indexing. */

struct symbol_set {
    uint16_t items[1024];
    uint32_t count;
};

static bool symbol_set_add_word(const struct cue_builder *builder, const struct built_word *word,
                                struct symbol_set *set)
{
    const struct word_link *links = builder->links.items;
    for (uint32_t at = word->first_link; at; at = links[at - 1].next) {
        if (set->count == sizeof set->items / sizeof *set->items) return false;
        set->items[set->count++] = links[at - 1].symbol;
    }
    return true;
}

static int compare_symbols(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* All symbols that a word satisfies: its own, and those of every prefix that it starts with. */
static bool collect_symbols(const struct cue_builder *builder, const struct built_word *word,
                            struct symbol_set *set)
{
    set->count = 0;
    if (!symbol_set_add_word(builder, word, set)) return false;
    size_t longest = word->prefix ? word->text.size - 1 : word->text.size;
    for (size_t size = CUES_MIN_PREFIX_BYTES; size <= longest; size++) {
        struct str start = str_slice(word->text, 0, size);
        struct cue_slot *slot = find_slot(builder, start, true, hash_fast(start, true));
        if (slot->entry && !symbol_set_add_word(builder, word_at(builder, slot->entry - 1), set))
            return false;
    }
    qsort(set->items, set->count, sizeof *set->items, compare_symbols);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < set->count; i++)
        if (kept == 0 || set->items[kept - 1] != set->items[i]) set->items[kept++] = set->items[i];
    set->count = kept;
    return true;
}

static int index_entries(struct cue_builder *builder, struct err *err)
{
    struct cue_list *list = builder->list;
    struct vector symbols = {0};
    struct symbol_set set;
    int rc = E_OK;
    list->entry_count = builder->words.count + 1;
    list->entries = ARENA_ARRAY(&list->memory, struct cue_entry, list->entry_count);
    if (!list->entries) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 1; i < list->entry_count && !rc; i++) {
        const struct built_word *word = word_at(builder, i - 1);
        struct cue_entry *entry = &list->entries[i];
        if (!collect_symbols(builder, word, &set)) {
            rc = cue_builder_error(builder, err, "\"%.*s\" stands in too many cues",
                                   STR_ARGS(word->text));
            break;
        }
        *entry = (struct cue_entry){.word = word->text,
                                    .prefix = word->prefix,
                                    .first_symbol = symbols.count,
                                    .symbols = (uint16_t)set.count};
        for (uint32_t k = 0; k < set.count && !rc; k++) {
            uint16_t *room = vector_add(&symbols, sizeof *room);
            if (!room)
                rc = err_set(err, E_NO_MEMORY, NULL);
            else
                *room = set.items[k];
            if (set.items[k] < CUES_MAX_GROUPS) entry->groups |= UINT64_C(1) << set.items[k];
        }
    }
    if (!rc && symbols.count) {
        list->symbols = arena_alloc(&list->memory, symbols.count * sizeof *list->symbols);
        if (!list->symbols)
            rc = err_set(err, E_NO_MEMORY, NULL);
        else
            memcpy(list->symbols, symbols.items, symbols.count * sizeof *list->symbols);
    }
    free(symbols.items);
    return rc;
}

static bool form_decides(const struct cue_list *list, uint32_t form)
{
    return cue_sections[list->cues[list->forms[form].cue].section].role == CUE_CUE;
}

/* Forms in the order of their anchors' symbols: first[s] to first[s + 1] are those of symbol s. */
static void sort_forms(const struct cue_builder *builder, uint32_t *first, uint32_t *sorted)
{
    const struct cue_form *forms = builder->forms.items;
    const struct cue_step *steps = builder->steps.items;
    for (uint32_t i = 0; i < builder->forms.count; i++)
        first[steps[forms[i].first_step + forms[i].anchor].symbol + 1]++;
    for (uint32_t s = 0; s < builder->symbol_count; s++) first[s + 1] += first[s];
    for (uint32_t i = builder->forms.count; i-- > 0;) {
        uint16_t symbol = steps[forms[i].first_step + forms[i].anchor].symbol;
        sorted[--first[symbol + 1]] = i;
    }
    /* Each first[s + 1] went down to the start of s: move them back by one place. */
    for (uint32_t s = 0; s < builder->symbol_count; s++) first[s] = first[s + 1];
    first[builder->symbol_count] = builder->forms.count;
}

static int index_forms(struct cue_builder *builder, struct err *err)
{
    struct cue_list *list = builder->list;
    uint32_t *first = calloc(builder->symbol_count + 2, sizeof *first);
    uint32_t *sorted = calloc(builder->forms.count + 1, sizeof *sorted);
    int rc = first && sorted ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    size_t total = 0;
    if (rc) goto out;
    sort_forms(builder, first, sorted);
    for (uint32_t i = 1; i < list->entry_count; i++)
        for (uint32_t k = 0; k < list->entries[i].symbols; k++) {
            uint16_t symbol = list->symbols[list->entries[i].first_symbol + k];
            total += first[symbol + 1] - first[symbol];
        }
    if (total > MAX_ENTRY_FORMS) {
        rc = cue_builder_error(builder, err, "too many cues hang on groups alone");
        goto out;
    }
    list->entry_forms = ARENA_ARRAY(&list->memory, uint32_t, total + 1);
    if (!list->entry_forms) {
        rc = err_set(err, E_NO_MEMORY, NULL);
        goto out;
    }
    uint32_t used = 0;
    for (uint32_t i = 1; i < list->entry_count && !rc; i++) {
        struct cue_entry *entry = &list->entries[i];
        entry->first_form = used;
        for (int decides = 1; decides >= 0; decides--)
            for (uint32_t k = 0; k < entry->symbols; k++) {
                uint16_t symbol = list->symbols[entry->first_symbol + k];
                for (uint32_t f = first[symbol]; f < first[symbol + 1]; f++)
                    if (form_decides(list, sorted[f]) == decides)
                        list->entry_forms[used++] = sorted[f];
                if (decides) entry->cue_forms = (uint16_t)(used - entry->first_form);
            }
        entry->other_forms = (uint16_t)(used - entry->first_form - entry->cue_forms);
        if (used - entry->first_form > UINT16_MAX)
            rc = cue_builder_error(builder, err, "\"%.*s\" stands in too many cues",
                                   STR_ARGS(entry->word));
    }
out:
    free(first);
    free(sorted);
    return rc;
}

static int compare_longer_first(const void *a, const void *b)
{
    const struct cue_entry *const *left = a, *const *right = b;
    uint32_t left_bucket = cue_prefix_bucket((*left)->word),
             right_bucket = cue_prefix_bucket((*right)->word);
    if (left_bucket != right_bucket) return left_bucket < right_bucket ? -1 : 1;
    if ((*left)->word.size != (*right)->word.size)
        return (*left)->word.size > (*right)->word.size ? -1 : 1;
    return str_compare((*left)->word, (*right)->word);
}

static int index_words(struct cue_builder *builder, struct err *err)
{
    struct cue_list *list = builder->list;
    uint32_t slots = 64, prefixes = 0;
    while (slots < 2 * list->entry_count) slots *= 2;
    list->slots = ARENA_ARRAY(&list->memory, struct cue_slot, slots);
    list->prefixes = ARENA_ARRAY(&list->memory, uint32_t, list->entry_count);
    const struct cue_entry **sorted = calloc(list->entry_count, sizeof *sorted);
    if (!list->slots || !list->prefixes || !sorted) {
        free(sorted);
        return err_set(err, E_NO_MEMORY, NULL);
    }
    list->slot_mask = slots - 1;
    for (uint32_t i = 1; i < list->entry_count; i++) {
        const struct cue_entry *entry = &list->entries[i];
        if (entry->prefix) {
            sorted[prefixes++] = entry;
            continue;
        }
        uint64_t hash = hash_fast(entry->word, 0);
        uint32_t at = (uint32_t)hash & list->slot_mask;
        while (list->slots[at].entry) at = (at + 1) & list->slot_mask;
        list->slots[at] = (struct cue_slot){.hash = hash, .entry = i};
    }
    qsort(sorted, prefixes, sizeof *sorted, compare_longer_first);
    uint32_t bucket = 0;
    for (uint32_t i = 0; i < prefixes; i++) {
        list->prefixes[i] = (uint32_t)(sorted[i] - list->entries);
        while (bucket <= cue_prefix_bucket(sorted[i]->word)) list->prefix_first[bucket++] = i;
    }
    while (bucket <= CUES_PREFIX_BUCKETS) list->prefix_first[bucket++] = prefixes;
    free(sorted);
    return E_OK;
}

/* The vector's items, in the list's memory. */
static void *keep(struct cue_list *list, const struct vector *vector, size_t item_bytes)
{
    void *copy = arena_alloc(&list->memory, (size_t)vector->count * item_bytes + 1);
    if (copy && vector->count) memcpy(copy, vector->items, (size_t)vector->count * item_bytes);
    return copy;
}

int cue_builder_finish(struct cue_builder *builder, struct err *err)
{
    struct cue_list *list = builder->list;
    for (uint32_t i = 0; i < builder->group_count; i++)
        if (!builder->groups[i].defined) {
            builder->line = builder->groups[i].used_line;
            return cue_builder_error(builder, err, "no section [group %.*s] defines this group",
                                     STR_ARGS(builder->groups[i].name));
        }
    list->cues = keep(list, &builder->cues, sizeof *list->cues);
    list->forms = keep(list, &builder->forms, sizeof *list->forms);
    list->steps = keep(list, &builder->steps, sizeof *list->steps);
    if (!list->cues || !list->forms || !list->steps) return err_set(err, E_NO_MEMORY, NULL);
    list->cue_count = builder->cues.count;
    list->form_count = builder->forms.count;
    int rc = index_entries(builder, err);
    if (!rc) rc = index_forms(builder, err);
    if (!rc) rc = index_words(builder, err);
    return rc;
}
