/* Building a cue list: symbols and forms are added one by one, then indexed once. Private to
 * screen*.c. */
#ifndef VERBATIM_TEXT_SCREEN_BUILD_H
#define VERBATIM_TEXT_SCREEN_BUILD_H

#include "text/screen/cues.h"

struct built_word {
    struct str text; /* in the list's memory */
    uint64_t hash;   /* of text and prefix */
    bool prefix;
    uint16_t own_symbol;
    bool has_own_symbol;
    uint8_t common; /* how common: see build.c */
    uint32_t first_link; /* 1 + index into links, 0: none */
};

struct word_link {
    uint32_t next; /* 1 + index, 0: end */
    uint16_t symbol;
};

struct built_group {
    struct str name;
    uint32_t used_line; /* 0: never */
    bool defined;
};

enum { CUE_COMMON_SLOTS = 4096 };

struct vector {
    void *items;
    uint32_t count, capacity;
};

/* Symbols below CUES_MAX_GROUPS are groups, and bits of a mask. */
struct cue_builder {
    struct cue_list *list;
    const char *name; /* of the file, for errors */
    uint32_t line;    /* that is being read */
    struct built_group groups[CUES_MAX_GROUPS];
    uint32_t group_count, symbol_count;
    struct vector words, links, cues, forms, steps,
        weights, commons; /* uint8_t a symbol: how long its words are, how common one is */
    uint16_t *map; /* words by hash: 1 + index; 0: free */
    uint64_t common[CUE_COMMON_SLOTS]; /* of words and prefixes that many texts have */
};

int cue_builder_init(struct cue_builder *builder, struct cue_list *list, const char *name,
                     struct err *err) CHECKED;
void cue_builder_deinit(struct cue_builder *builder);

/* Room for one more item, or NULL. */
void *cue_vector_add(struct vector *vector, size_t item_bytes);
struct built_word *cue_builder_word_at(const struct cue_builder *builder, uint32_t index);
uint64_t cue_builder_hash(struct str text, bool prefix);
/* The slot of this word in the map, or the empty one where it belongs. hash: of both. */
uint16_t *cue_builder_find(const struct cue_builder *builder, struct str text, bool prefix,
                           uint64_t hash);

/* BAD_MODEL, with the place in front. */
int cue_builder_error(const struct cue_builder *builder, struct err *err, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The number of this word or prefix. */
int cue_builder_word(struct cue_builder *builder, struct str word, bool prefix,
                     uint32_t *ret_word, struct err *err) CHECKED;
/* The symbol of one word alone. */
int cue_builder_word_symbol(struct cue_builder *builder, uint32_t word, uint16_t *ret_symbol,
                            struct err *err) CHECKED;
/* Adds a word to the set that `symbol` stands for. */
int cue_builder_link(struct cue_builder *builder, uint32_t word, uint16_t symbol,
                     struct err *err) CHECKED;
int cue_builder_new_symbol(struct cue_builder *builder, uint16_t *ret_symbol,
                           struct err *err) CHECKED;
int cue_builder_group(struct cue_builder *builder, struct str name, bool defines,
                      uint16_t *ret_symbol, struct err *err) CHECKED;
/* line: as it was written, of which the cue keeps what people know it by. */
int cue_builder_cue(struct cue_builder *builder, const struct cue *cue, struct str line,
                    struct err *err) CHECKED;
/* Adds a form of the last cue. */
int cue_builder_form(struct cue_builder *builder, const struct cue_step *steps, uint32_t count,
                     struct err *err) CHECKED;

/* Writes the list's arrays. */
int cue_builder_finish(struct cue_builder *builder, struct err *err) CHECKED;

#endif
