/* Indexes what was built: each word's symbols, the forms that hang on it, and the tables to find
 * it. */
#include <stdlib.h>

#include "base/hash.h"
#include "text/screen/build.h"

enum { MAX_ENTRY_FORMS = 4 << 20, MAX_SYMBOLS = 1024 /* of a word */ };

struct symbol_set {
    uint16_t items[MAX_SYMBOLS];
    uint32_t count;
};

/* They stay sorted, each once. Most words have two or three. */
static bool symbol_set_add_word(const struct cue_builder *builder, const struct built_word *word,
                                struct symbol_set *set)
{
    const struct word_link *links = builder->links.items;
    for (uint32_t at = word->first_link; at; at = links[at - 1].next) {
        uint16_t symbol = links[at - 1].symbol;
        uint32_t place = set->count;
        while (place && set->items[place - 1] > symbol) place--;
        if (place && set->items[place - 1] == symbol) continue;
        if (set->count == MAX_SYMBOLS) return false;
        memmove(set->items + place + 1, set->items + place,
                (set->count++ - place) * sizeof *set->items);
        set->items[place] = symbol;
    }
    return true;
}

/* All symbols that a word satisfies: its own, and those of every prefix that it starts with. */
static bool collect_symbols(const struct cue_builder *builder, const struct built_word *word,
                            struct symbol_set *set)
{
    struct str text = word->text;
    set->count = 0;
    if (!symbol_set_add_word(builder, word, set)) return false;
    if (text.size < CUES_MIN_PREFIX_BYTES || !cue_list_may_start(builder->list, text)) return true;
    size_t longest = word->prefix ? text.size - 1 : text.size;
    for (size_t size = CUES_MIN_PREFIX_BYTES; size <= longest; size++) {
        struct str start = str_slice(text, 0, size);
        uint32_t at = *cue_builder_find(builder, start, true, cue_builder_hash(start, true));
        if (at && !symbol_set_add_word(builder, cue_builder_word_at(builder, at - 1), set))
            return false;
    }
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
        const struct built_word *word = cue_builder_word_at(builder, i - 1);
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
            uint16_t *room = cue_vector_add(&symbols, sizeof *room);
            if (!room)
                rc = err_set(err, E_NO_MEMORY, NULL);
            else
                *room = set.items[k];
            entry->symbol_bits |= UINT64_C(1) << cue_symbol_place(set.items[k]);
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

static uint8_t role_of(const struct cue_list *list, uint32_t form)
{
    return cue_sections[list->cues[list->forms[form].cue].section].role;
}

/* The step that the form hangs on. */
static uint32_t hook_of(const struct cue_list *list, uint32_t form)
{
    return role_of(list, form) == CUE_CUE ? list->forms[form].trigger : list->forms[form].anchor;
}

/* What a word's forms are sorted by. */
enum sort { SORT_CUES, SORT_CRITERIA, SORT_OTHERS, SORT_OUTCOMES, SORT_UNTRUE, SORTS };

static enum sort sort_of(uint8_t role)
{
    if (role == CUE_CUE) return SORT_CUES;
    if (cue_is_criterion(role)) return SORT_CRITERIA;
    if (role == CUE_UNTRUE) return SORT_UNTRUE;
    return cue_is_outcome(role) ? SORT_OUTCOMES : SORT_OTHERS;
}

/* Where a form belongs, by its hook's symbol and its sort. */
static uint32_t place_of(const struct cue_list *list, uint32_t form)
{
    uint16_t symbol = list->steps[list->forms[form].first_step + hook_of(list, form)].symbol;
    return symbol * (uint32_t)SORTS + sort_of(role_of(list, form));
}

/* Forms in the order of their places: first[p] to first[p + 1] are those of place p. */
static void sort_forms(const struct cue_list *list, uint32_t places, uint32_t *first,
                       uint32_t *sorted)
{
    for (uint32_t i = 0; i < list->form_count; i++) first[place_of(list, i) + 1]++;
    for (uint32_t p = 0; p < places; p++) first[p + 1] += first[p];
    for (uint32_t i = list->form_count; i-- > 0;) sorted[--first[place_of(list, i) + 1]] = i;
    /* Each first[p + 1] went down to the start of p: move them back by one place. */
    for (uint32_t p = 0; p < places; p++) first[p] = first[p + 1];
    first[places] = list->form_count;
}

_Static_assert((uint32_t)CUES_MAX_TOTAL_FORMS <= UINT16_MAX, "a form's number has 16 bits");

static uint8_t place_beside(uint16_t symbol, uint8_t gap)
{
    if (gap >= CUE_REACH) return CUE_ANY_WORD;
    return (uint8_t)(cue_symbol_place(symbol) + (gap ? CUE_WITHIN_REACH : 0));
}

static struct cue_hanging hang(const struct cue_list *list, uint32_t at)
{
    const struct cue_form *form = &list->forms[at];
    uint32_t hook = hook_of(list, at);
    const struct cue_step *step = &list->steps[form->first_step + hook];
    struct cue_hanging hanging = {(uint16_t)at, CUE_ANY_WORD, CUE_ANY_WORD};
    if (hook) hanging.left = place_beside(step[-1].symbol, step->gap);
    if (hook + 1 < form->steps) hanging.right = place_beside(step[1].symbol, step[1].gap);
    return hanging;
}

static size_t count_forms(const struct cue_list *list, const uint32_t *first)
{
    size_t total = 0;
    for (uint32_t i = 1; i < list->entry_count; i++)
        for (uint32_t k = 0; k < list->entries[i].symbols; k++) {
            uint32_t place = list->symbols[list->entries[i].first_symbol + k] * (uint32_t)SORTS;
            total += first[place + SORTS] - first[place];
        }
    return total;
}

/* Returns how many forms hang now. */
static uint32_t hang_forms(struct cue_list *list, uint32_t at, const uint32_t *first,
                           const uint32_t *sorted, uint32_t used)
{
    struct cue_entry *entry = &list->entries[at];
    const uint16_t *symbols = list->symbols + entry->first_symbol;
    uint32_t ends[SORTS], hooks[MAX_SYMBOLS], count = 0;
    for (uint32_t k = 0; k < entry->symbols; k++) {
        hooks[count] = symbols[k] * (uint32_t)SORTS;
        count += first[hooks[count]] < first[hooks[count] + SORTS];
    }
    entry->first_form = used;
    if (!count) return used;
    for (enum sort sort = 0; sort < SORTS; ends[sort++] = used)
        for (uint32_t k = 0; k < count; k++)
            for (uint32_t f = first[hooks[k] + sort]; f < first[hooks[k] + sort + 1]; f++)
                list->hanging[used++] = hang(list, sorted[f]);
    entry->cue_forms = (uint16_t)(ends[SORT_CUES] - entry->first_form);
    entry->criterion_forms = (uint16_t)(ends[SORT_CRITERIA] - ends[SORT_CUES]);
    entry->other_forms = (uint16_t)(ends[SORT_OTHERS] - ends[SORT_CRITERIA]);
    entry->outcome_forms = (uint16_t)(ends[SORT_OUTCOMES] - ends[SORT_OTHERS]);
    entry->untrue_forms = (uint16_t)(used - ends[SORT_OUTCOMES]);
    list->anchors[at] = (uint8_t)((entry->cue_forms ? CUE_ANCHORS_CUES : 0) |
                                  (entry->criterion_forms ? CUE_ANCHORS_CRITERIA : 0) |
                                  (entry->other_forms ? CUE_ANCHORS_OTHERS : 0) |
                                  (entry->outcome_forms ? CUE_ANCHORS_OUTCOMES : 0) |
                                  (entry->untrue_forms ? CUE_ANCHORS_UNTRUE : 0));
    return used;
}

static int index_forms(struct cue_builder *builder, struct err *err)
{
    struct cue_list *list = builder->list;
    uint32_t places = builder->symbol_count * (uint32_t)SORTS, used = 0;
    uint32_t *first = calloc(places + 2, sizeof *first);
    uint32_t *sorted = calloc(list->form_count + 1, sizeof *sorted);
    int rc = first && sorted ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    if (rc) goto out;
    sort_forms(list, places, first, sorted);
    size_t total = count_forms(list, first);
    if (total > MAX_ENTRY_FORMS) {
        rc = cue_builder_error(builder, err, "too many cues hang on groups alone");
        goto out;
    }
    list->hanging = ARENA_ARRAY(&list->memory, struct cue_hanging, total + 1);
    list->anchors = ARENA_ARRAY(&list->memory, uint8_t, list->entry_count);
    if (!list->hanging || !list->anchors) rc = err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 1; i < list->entry_count && !rc; i++) {
        used = hang_forms(list, i, first, sorted, used);
        if (used - list->entries[i].first_form > UINT16_MAX)
            rc = cue_builder_error(builder, err, "\"%.*s\" stands in too many cues",
                                   STR_ARGS(list->entries[i].word));
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

_Static_assert(CUES_MAX_WORDS < 1 << CUE_ENTRY_BITS, "an entry's number fits");

/* What a text has as "si" may be the "^si" of the list as well: it is looked up again. */
static void doubt_twin(struct cue_list *list, struct str word)
{
    if (word.data[0] != '^') return;
    uint64_t hash = hash_word(str_slice(word, 1, word.size));
    if (cue_whole_find(&list->wholes, hash))
        *cue_whole_slot(&list->wholes, hash) &= ~((uint64_t)CUE_KNOWN << CUE_ENTRY_BITS);
}

/* A slot of its own for each of the words. */
static int index_whole_words(struct cue_builder *builder, const uint32_t *whole, uint32_t count,
                             struct err *err)
{
    struct cue_list *list = builder->list;
    struct cue_wholes *wholes = &list->wholes;
    uint32_t bucket_bits = 4;
    while ((uint32_t)4 << bucket_bits < count) bucket_bits++;
    uint32_t slot_bits = bucket_bits + 3;
    wholes->slot_shift = 32 - slot_bits;
    wholes->bucket_mask = (1u << bucket_bits) - 1;
    wholes->factors = ARENA_ARRAY(&list->memory, uint32_t, 1u << bucket_bits);
    wholes->slots = ARENA_ARRAY(&list->memory, uint64_t, 1u << slot_bits);
    uint64_t *hashes = calloc(count + 1, sizeof *hashes);
    uint32_t *scratch = calloc(PERFECT_SCRATCH(count, bucket_bits, slot_bits), sizeof *scratch);
    int rc = wholes->factors && wholes->slots && hashes && scratch
                 ? E_OK
                 : err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < count && !rc; i++)
        hashes[i] = hash_word(list->entries[whole[i]].word);
    if (!rc && !perfect_build(hashes, count, bucket_bits, slot_bits, wholes->factors, scratch))
        rc = cue_builder_error(builder, err, "two of its words have hashes too much alike");
    for (uint32_t i = 0; i < count && !rc; i++)
        *cue_whole_slot(wholes, hashes[i]) = (hashes[i] >> 32 << 32) | whole[i] |
                                             (list->anchors[whole[i]] | (uint32_t)CUE_KNOWN)
                                                 << CUE_ENTRY_BITS;
    for (uint32_t i = 0; i < count && !rc; i++) doubt_twin(list, list->entries[whole[i]].word);
    free(hashes);
    free(scratch);
    return rc;
}

static int index_prefixes(struct cue_list *list, const struct cue_entry **sorted, uint32_t count,
                          struct err *err)
{
    char ones[CUES_MAX_WORD_BYTES];
    memset(ones, 0xFF, sizeof ones);
    list->prefixes = ARENA_ARRAY(&list->memory, struct cue_prefix, count + 1);
    if (!list->prefixes) return err_set(err, E_NO_MEMORY, NULL);
    qsort(sorted, count, sizeof *sorted, compare_longer_first);
    uint32_t bucket = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct str word = sorted[i]->word;
        uint32_t own = cue_prefix_bucket(word);
        list->prefixes[i] = (struct cue_prefix){
            .head = cue_word_head(word), .mask = cue_word_head(str_make(ones, word.size)),
            .entry = (uint32_t)(sorted[i] - list->entries)};
        while (bucket <= own) list->prefix_first[bucket++] = (uint16_t)i;
    }
    while (bucket <= CUES_PREFIX_BUCKETS) list->prefix_first[bucket++] = (uint16_t)count;
    return E_OK;
}

static int index_words(struct cue_builder *builder, struct err *err)
{
    struct cue_list *list = builder->list;
    const struct cue_entry **prefixes = calloc(list->entry_count, sizeof *prefixes);
    uint32_t *whole = calloc(list->entry_count, sizeof *whole), prefix_count = 0, whole_count = 0;
    int rc = prefixes && whole ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 1; i < list->entry_count && !rc; i++)
        if (list->entries[i].prefix) prefixes[prefix_count++] = &list->entries[i];
        else whole[whole_count++] = i;
    if (!rc) rc = index_prefixes(list, prefixes, prefix_count, err);
    if (!rc) rc = index_whole_words(builder, whole, whole_count, err);
    free(prefixes);
    free(whole);
    return rc;
}

/* The vector's items, in the list's memory. */
static void *keep(struct cue_list *list, const struct vector *vector, size_t item_bytes)
{
    void *copy = arena_alloc(&list->memory, (size_t)vector->count * item_bytes + 1);
    if (copy && vector->count) memcpy(copy, vector->items, (size_t)vector->count * item_bytes);
    return copy;
}

/* The bit of a group that the screen itself asks for, or 0. */
static uint64_t group_bit(const struct cue_builder *builder, const char *name)
{
    for (uint32_t i = 0; i < builder->group_count; i++)
        if (str_equal(builder->groups[i].name, str_of(name))) return UINT64_C(1) << i;
    return 0;
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
    list->plain = group_bit(builder, "plain");
    list->story = group_bit(builder, "story");
    list->real = group_bit(builder, "real");
    list->medicine = group_bit(builder, "medicine");
    list->concord = group_bit(builder, "concord");
    list->asking = group_bit(builder, "asking");
    list->occasion = group_bit(builder, "occasion");
    list->denial = group_bit(builder, "denial");
    list->denying = group_bit(builder, "denying");
    list->recant = group_bit(builder, "recant");
    list->denied = group_bit(builder, "denied");
    int rc = index_entries(builder, err);
    if (!rc) rc = index_forms(builder, err);
    if (!rc) rc = index_words(builder, err);
    return rc;
}
