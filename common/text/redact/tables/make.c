/* Makes the redactor's tables when we are built, and writes them as C. Those of a few hundred words
 * are made at the first text instead (phrases.c, register.c, ware.c). */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "text/redact/tables.h"

static const struct word_list {
    uint32_t cues;
    const char *words; /* folded, parted by blanks */
} lists[] = {
#include "text/redact/words.inc"
};

/* Given and family names of many countries; those that are ordinary words, places
 * or brands as well. */
static const char *const given_names[] = {
#include "text/redact/given.inc"
#include "text/redact/given_world.inc"
};
static const char *const family_names[] = {
#include "text/redact/family.inc"
#include "text/redact/family_world.inc"
};
static const char *const names_also[] = {
#include "text/redact/names_also.inc"
};

/* No names, but written with a capital in titles and at the start of sentences. */
static const char *const ordinary_words[] = {
#include "text/redact/ordinary.inc"
};

/* People whom everybody knows: "tom_hanks", or one name that hardly anybody else has. */
static const char *const public_names[] = {
#include "text/redact/public.inc"
};

/* Joined like these: "calvin_klein". */
static const char *const brands[] = {
#include "text/redact/brands.inc"
};

#include "text/redact/keys.inc"

/* As tables.h and find.h say. */
static uint32_t slots[REDACT_SLOTS + 1], cue_sets[REDACT_SETS], cue_set_count = 1;
static uint64_t filter[REDACT_FILTER_BITS / 64];
static uint32_t joined[JOINED_SLOTS], ordinary[ORDINARY_SLOTS + ORDINARY_MORE];
static struct redact_starts starts, key_starts;
static uint64_t triggers[(1 << TRIGGER_BITS) / 64], names[(1 << NAME_BITS) / 64],
    numbers[(1 << NUMBER_BITS) / 64], plain[1 << PLAIN_BITS];

/* Only words that a finder starts from are looked up in the scan;
 * others are read around numbers. */
static const uint32_t trigger_cues = CUE(SECRET) | CUE(AT) | CUE(STREET_FIRST) | CUE(NAMED) |
                                     CUE(RELATIVE) | CUE(TITLE) | CUE(LABEL) | CUE(SIGN_OFF) |
                                     CUE(NUMBER);

/* Those that redact_context_before() tells of. */
static const uint32_t number_cues = CUE(PHONE) | CUE(CARD) | CUE(ACCOUNT) | CUE(ID) | CUE(BIRTH) |
                                    CUE(SECRET) | CUE(ZIP) | CUE(ORDER) | CUE(VERSION) |
                                    CUE(ADDRESS) | CUE(OWNER) | CUE(MAIL);

enum { STEPS_MAX = 255 };

/* The newest first: nearly all words of a list have the same. */
static uint8_t set_of(uint32_t cues)
{
    uint32_t i = cue_set_count;
    while (i && cue_sets[i - 1] != cues) i--;
    if (i) return (uint8_t)(i - 1);
    assert(cue_set_count < REDACT_SETS);
    cue_sets[cue_set_count] = cues;
    return (uint8_t)cue_set_count++;
}

static void enter_word(struct str word, uint32_t cues, struct redact_starts *starts_of)
{
    uint32_t hash = redact_hash_of(word), bit = redact_filter_bit(hash), steps;
    uint32_t *slot = &slots[redact_slot_of(slots, hash, &steps)];
    uint8_t set = set_of(*slot ? cue_sets[*slot >> 24] | cues : cues);
    assert(steps <= STEPS_MAX);
    *slot = redact_slot_key(hash, steps) | (uint32_t)set << 24;
    filter[bit / 64] |= UINT64_C(1) << bit % 64;
    if (starts_of && word.size > 1) redact_mark_start(starts_of, word);
}

static void enter(const char *words, uint32_t cues, struct redact_starts *starts_of)
{
    struct str rest = str_of(words);
    while (rest.size) enter_word(str_cut(&rest, ' '), cues, starts_of);
}

/* Words, and keys of several. */
static void enter_keys(const char *keys, uint32_t cue, uint32_t joined_is)
{
    struct str rest = str_of(keys);
    while (rest.size) {
        struct str key = str_cut(&rest, ' ');
        if (!memchr(key.data, '_', key.size)) {
            enter_word(key, cue, NULL);
            continue;
        }
        uint32_t hash = redact_hash_of(key), *slot = &joined[redact_joined_slot(joined, hash)];
        *slot = (hash & ~(uint32_t)JOINED_IS) | (*slot & JOINED_IS) | joined_is;
    }
}

static void enter_ordinary(const char *words)
{
    struct str rest = str_of(words);
    while (rest.size) {
        uint32_t hash = redact_hash_of(str_cut(&rest, ' ')),
                 i = redact_ordinary_slot(ordinary, hash);
        assert(i < ORDINARY_SLOTS + ORDINARY_MORE - 4);
        ordinary[i] = hash;
    }
}

/* Words that redact.c passes, of `size` letters. Shorter ones come first, as they are said more. */
static void enter_plain(const char *words, size_t size)
{
    struct str rest = str_of(words);
    while (rest.size) {
        struct str word = str_cut(&rest, ' ');
        uint64_t eight = 0;
        uint32_t hash = redact_hash_of(word), steps,
                 cues = cue_sets[slots[redact_slot_of(slots, hash, &steps)] >> 24];
        bool is = cues == CUE(COMMON) ||
                  (!cues && size > 1 && ordinary[redact_ordinary_slot(ordinary, hash)]);
        if (word.size != size || !is) continue;
        memcpy(&eight, word.data, size);
        eight = le64toh(eight);
        uint64_t *slot = &plain[redact_plain_slot(eight)];
        if (!*slot) *slot = eight;
    }
}

static void enter_names(const char *words, uint32_t cue)
{
    enter(words, cue, NULL);
    redact_mark_words(names, NAME_BITS, str_of(words));
}

static void enter_all_plain(void)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (size_t size = 1; lists[i].cues == CUE(COMMON) && size <= PLAIN_BYTES; size++)
            enter_plain(lists[i].words, size);
    for (size_t size = 1; size <= PLAIN_BYTES; size++)
        for (size_t i = 0; i < sizeof ordinary_words / sizeof *ordinary_words; i++)
            enter_plain(ordinary_words[i], size);
}

static void build(void)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (lists[i].cues & trigger_cues)
            redact_mark_words(triggers, TRIGGER_BITS, str_of(lists[i].words));
        if (lists[i].cues & number_cues)
            redact_mark_words(numbers, NUMBER_BITS, str_of(lists[i].words));
        enter(lists[i].words, lists[i].cues, lists[i].cues & trigger_cues ? &starts : NULL);
    }
    for (size_t i = 0; i < sizeof public_names / sizeof *public_names; i++)
        enter_keys(public_names[i], CUE(PUBLIC), JOINED_PUBLIC);
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++)
        enter_keys(brands[i], CUE(BRAND), JOINED_BRAND);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        redact_mark_start(&key_starts, str_of(forms[i].start));
        redact_mark_start(&starts, str_of(forms[i].start));
    }
    for (size_t i = 0; i < sizeof given_names / sizeof *given_names; i++)
        enter_names(given_names[i], CUE(GIVEN));
    for (size_t i = 0; i < sizeof family_names / sizeof *family_names; i++)
        enter_names(family_names[i], CUE(FAMILY));
    for (size_t i = 0; i < sizeof ordinary_words / sizeof *ordinary_words; i++)
        enter_ordinary(ordinary_words[i]);
    for (size_t i = 0; i < sizeof names_also / sizeof *names_also; i++)
        enter(names_also[i], CUE(ALSO), NULL);
    enter_all_plain();
}

/* --- as C ----------------------------------------------------------------------------------- */

/* Each is written in its own type, below its declaration: with -flto they are one program. */
static const struct {
    const char *type, *name;
    const void *items;
    size_t bytes, item; /* item: bytes of one */
    size_t row;         /* a field of a struct has so many; 0: it is no struct */
} tables[] = {
#define TABLE(type, name, array) {#type, #name, array, sizeof array, sizeof *(array), 0}
#define STARTS(name, from)                                                                         \
    {"struct redact_starts", #name, &from, sizeof from, sizeof *from.third, 1024}
    TABLE(uint32_t, redact_slots, slots),       TABLE(uint32_t, redact_cue_sets, cue_sets),
    TABLE(uint64_t, redact_filter, filter),     TABLE(uint32_t, redact_joined, joined),
    TABLE(uint32_t, redact_ordinary, ordinary), TABLE(uint64_t, redact_triggers, triggers),
    TABLE(uint64_t, redact_names, names),       TABLE(uint64_t, redact_numbers, numbers),
    TABLE(uint64_t, redact_plain, plain),
    STARTS(redact_starts, starts),              STARTS(redact_key_starts, key_starts),
#undef TABLE
#undef STARTS
};

static uint64_t item_at(const void *items, size_t i, size_t bytes)
{
    return bytes == sizeof(uint64_t) ? ((const uint64_t *)items)[i] : ((const uint32_t *)items)[i];
}

static void write_table(FILE *out, size_t k)
{
    size_t row = tables[k].row;
    fprintf(out, "_Alignas(64) const %s %s%s = {", tables[k].type, tables[k].name,
            row ? "" : "[]");
    for (size_t i = 0; i < tables[k].bytes / tables[k].item; i++) {
        if (row && i % row == 0) fputs(i ? "},\n{" : "{", out);
        fprintf(out, "%s0x%" PRIx64 ",", i % 16 ? "" : "\n",
                item_at(tables[k].items, i, tables[k].item));
    }
    fputs(row ? "}};\n" : "\n};\n", out);
}

int main(int count, char **arguments)
{
    FILE *out = count == 2 ? fopen(arguments[1], "w") : NULL;
    if (!out) return 1;
    build();
    fputs("#include \"text/redact/tables.h\"\n", out);
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++) write_table(out, k);
    int failed = ferror(out);
    return fclose(out) || failed;
}
