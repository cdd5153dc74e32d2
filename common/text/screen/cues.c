/* Parses a cue list. The grammar is in config/cues/README.md. */
#include "text/screen/cues.h"

#include <stdlib.h>

#include "text/screen/build.h"

const struct cue_section cue_sections[] = {
#define DECIDING(name, kind, seriousness, specials)                                                \
    {name, CUE_CUE, SCREEN_##kind, seriousness, specials},
#define OTHER(name, role) {name, CUE_##role, SCREEN_ADVERSE_EVENT, 0, 0},
    CUE_DECIDING_SECTIONS(DECIDING) CUE_OTHER_SECTIONS(OTHER)
#undef DECIDING
#undef OTHER
};
static const size_t cue_section_count = sizeof cue_sections / sizeof *cue_sections;

/* Parsing: a line is a row of slots, a slot a row of choices, a choice a row of steps. */

struct choice {
    struct cue_step steps[CUES_MAX_STEPS];
    uint32_t count;
    uint8_t trailing_gap; /* of a choice that is a gap and nothing else */
    uint32_t only_word; /* 1 + the builder's, if it is one and nothing else: it has no symbol yet */
};

struct slot {
    struct choice choices[CUES_MAX_CHOICES + 1];
    uint32_t count;
};

struct parser {
    struct cue_builder builder;
    struct slot slots[CUES_MAX_SLOTS];
    uint32_t slot_count;
    int section;    /* into cue_sections, or -1 in a group */
    uint16_t group; /* when section is -1 */
    bool any_section;
};

static bool is_space(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Cuts off what stands before the next space outside of brackets. *rest has no space at its ends,
 * before and after. */
static struct str cut_element(struct str *rest)
{
    const unsigned char *bytes = (const unsigned char *)rest->data;
    size_t end = 0, depth = 0;
    for (; end < rest->size; end++) {
        if (bytes[end] > ')') continue; /* as nearly all are */
        if (bytes[end] == '(') depth++;
        else if (bytes[end] == ')') depth -= depth > 0;
        else if (!depth && is_space(bytes[end])) break;
    }
    struct str element = str_slice(*rest, 0, end);
    while (end < rest->size && is_space(bytes[end])) end++;
    *rest = str_slice(*rest, end, rest->size);
    return element;
}

/* Adds one written word to a set. */
static int link_single(struct parser *parser, struct str written, uint16_t symbol, struct err *err)
{
    bool prefix = str_ends(written, STR("*"));
    if (prefix) written.size--;
    if (cue_word_kind(written) != CUE_SINGLE)
        return cue_builder_error(&parser->builder, err, "\"%.*s\" is not a single word",
                                 (int)(written.size < 100 ? written.size : 100), written.data);
    uint32_t word;
    int rc = cue_builder_word(&parser->builder, written, prefix, &word, err);
    return rc ? rc : cue_builder_link(&parser->builder, word, symbol, err);
}

/* "..", "..3": the gap's size, or -1 if this is no gap. */
static int gap_of(struct str word)
{
    if (str_equal(word, STR(".."))) return 3;
    if (word.size == 3 && str_starts(word, STR("..")) && word.data[2] >= '1' && word.data[2] <= '9')
        return word.data[2] - '0';
    return -1;
}

static int add_step(struct parser *parser, struct choice *choice, uint16_t symbol, struct err *err)
{
    if (choice->count == CUES_MAX_STEPS)
        return cue_builder_error(&parser->builder, err, "more than %d words in a row",
                                 CUES_MAX_STEPS);
    choice->steps[choice->count++] =
        (struct cue_step){.symbol = symbol, .gap = choice->trailing_gap};
    choice->trailing_gap = 0;
    return E_OK;
}

/* Words that hyphens and apostrophes make of one. The asterisk belongs to the last. */
static int add_parts(struct parser *parser, struct choice *choice, struct str written, bool prefix,
                     struct err *err)
{
    while (written.size) {
        struct str part = str_cut(&written, '-');
        while (part.size) {
            char room[CUES_MAX_WORD_BYTES];
            struct str word = cue_word_cut(&part, room);
            bool last = !part.size && !written.size;
            uint32_t place;
            uint16_t symbol;
            if (!word.size) continue;
            int rc = cue_builder_word(&parser->builder, word, prefix && last, &place, err);
            if (!rc) rc = cue_builder_word_symbol(&parser->builder, place, &symbol, err);
            if (!rc) rc = add_step(parser, choice, symbol, err);
            if (rc) return rc;
        }
    }
    return E_OK;
}

/* One written word; `alone`: there is nothing else in the choice. */
static int add_word(struct parser *parser, struct choice *choice, struct str written, bool alone,
                    struct err *err)
{
    bool prefix = str_ends(written, STR("*"));
    if (prefix) written.size--;
    enum cue_word_kind kind = cue_word_kind(written);
    if (kind == CUE_NO_WORD || written.size > 4 * CUES_MAX_WORD_BYTES)
        return cue_builder_error(&parser->builder, err, "\"%.*s\" is not a word",
                                 (int)(written.size < 100 ? written.size : 100), written.data);
    if (!alone || kind == CUE_PARTS) return add_parts(parser, choice, written, prefix, err);
    uint32_t place;
    int rc = cue_builder_word(&parser->builder, written, prefix, &place, err);
    if (rc) return rc;
    choice->only_word = place + 1;
    return add_step(parser, choice, 0, err);
}

static int parse_choice(struct parser *parser, struct str text, struct choice *choice,
                        struct err *err)
{
    *choice = (struct choice){0};
    text = str_trim(text);
    for (bool first = true; text.size; first = false) {
        struct str word = cut_element(&text);
        int rc = E_OK;
        int gap = gap_of(word);
        if (gap >= 0)
            choice->trailing_gap = (uint8_t)gap;
        else if (str_starts(word, STR("@"))) {
            uint16_t symbol;
            rc = cue_builder_group(&parser->builder, str_slice(word, 1, word.size), false, &symbol,
                                   err);
            if (!rc) rc = add_step(parser, choice, symbol, err);
        } else {
            rc = add_word(parser, choice, word, first && !text.size, err);
        }
        if (rc) return rc;
    }
    if (!choice->count && !choice->trailing_gap)
        return cue_builder_error(&parser->builder, err, "an empty choice");
    return E_OK;
}

/* Several single words in one pair of brackets become one set, so that they cost one form; one
 * has its own symbol. */
static int join_words(struct parser *parser, struct slot *slot, struct err *err)
{
    struct cue_builder *builder = &parser->builder;
    uint32_t kept = 0, singles = 0;
    uint16_t symbol = 0;
    int rc = E_OK;
    for (uint32_t i = 0; i < slot->count; i++) singles += slot->choices[i].only_word > 0;
    bool set = singles >= 2;
    if (set) rc = cue_builder_new_symbol(builder, &symbol, err);
    for (uint32_t i = 0; i < slot->count && !rc; i++) {
        struct choice *choice = &slot->choices[i];
        uint32_t word = choice->only_word;
        if (word && set) {
            rc = cue_builder_link(builder, word - 1, symbol, err);
            continue;
        }
        if (word)
            rc = cue_builder_word_symbol(builder, word - 1, &choice->steps[0].symbol, err);
        if (kept != i) slot->choices[kept] = *choice;
        kept++;
    }
    if (set) {
        slot->choices[kept] = (struct choice){.count = 1};
        slot->choices[kept++].steps[0] = (struct cue_step){.symbol = symbol};
    }
    slot->count = kept;
    return rc;
}

static int parse_slot(struct parser *parser, struct str element, struct slot *slot, struct err *err)
{
    slot->count = 0;
    bool optional = str_ends(element, STR("?"));
    if (optional) element.size--;
    if (str_starts(element, STR("("))) {
        if (!str_ends(element, STR(")")))
            return cue_builder_error(&parser->builder, err, "a bracket is not closed");
        struct str rest = str_slice(element, 1, element.size - 1);
        bool more = true;
        while (more) {
            if (slot->count == CUES_MAX_CHOICES)
                return cue_builder_error(&parser->builder, err, "more than %d choices",
                                         CUES_MAX_CHOICES);
            more = memchr(rest.data, '|', rest.size) != NULL;
            struct str part = str_cut(&rest, '|');
            int rc = parse_choice(parser, part, &slot->choices[slot->count++], err);
            if (rc) return rc;
        }
    } else {
        int rc = parse_choice(parser, element, &slot->choices[slot->count++], err);
        if (rc) return rc;
    }
    int rc = join_words(parser, slot, err);
    if (rc) return rc;
    if (optional) slot->choices[slot->count++] = (struct choice){0};
    return E_OK;
}

/* Writes the cue out: every choice of this slot, followed by every way to write the slots behind
 * it. A gap at either end, left over from an optional part, asks for nothing. */
static int expand(struct parser *parser, uint32_t at, struct cue_step *steps, uint32_t count,
                  uint8_t gap, uint32_t *forms, struct err *err)
{
    if (at == parser->slot_count) {
        if (!count) return E_OK;
        if (++*forms > CUES_MAX_FORMS)
            return cue_builder_error(&parser->builder, err, "more than %d ways to write this cue",
                                     CUES_MAX_FORMS);
        return cue_builder_form(&parser->builder, steps, count, err);
    }
    const struct slot *slot = &parser->slots[at];
    for (uint32_t i = 0; i < slot->count; i++) {
        const struct choice *choice = &slot->choices[i];
        uint8_t next_gap = gap;
        if (count + choice->count > CUES_MAX_STEPS)
            return cue_builder_error(&parser->builder, err, "more than %d words in a row",
                                     CUES_MAX_STEPS);
        for (uint32_t k = 0; k < choice->count; k++) {
            steps[count + k] = choice->steps[k];
            if (k == 0 && next_gap > steps[count].gap) steps[count].gap = next_gap;
            if (count + k == 0) steps[0].gap = 0;
            next_gap = 0;
        }
        if (choice->trailing_gap > next_gap) next_gap = choice->trailing_gap;
        int rc = expand(parser, at + 1, steps, count + choice->count, next_gap, forms, err);
        if (rc) return rc;
    }
    return E_OK;
}

/* "& @body my ! device": the groups and words behind a cue. */
static int parse_context(struct parser *parser, struct str rest, struct cue *cue, struct err *err)
{
    uint64_t *groups = NULL;
    uint16_t *words = NULL;
    int rc = E_OK;
    while (rest.size && !rc) {
        struct str word = cut_element(&rest);
        if (str_equal(word, STR("&")) || str_equal(word, STR("!"))) {
            groups = word.data[0] == '&' ? &cue->near_groups : &cue->far_groups;
            words = word.data[0] == '&' ? &cue->near_words : &cue->far_words;
        } else if (!groups) {
            rc = cue_builder_error(&parser->builder, err, "& and ! stand alone");
        } else if (word.data[0] == '@') {
            uint16_t symbol;
            rc = cue_builder_group(&parser->builder, str_slice(word, 1, word.size), false, &symbol,
                                   err);
            if (!rc) *groups |= UINT64_C(1) << symbol;
        } else {
            if (*words == CUE_NO_SYMBOL) rc = cue_builder_new_symbol(&parser->builder, words, err);
            if (!rc) rc = link_single(parser, word, *words, err);
        }
    }
    return rc;
}

static int parse_cue(struct parser *parser, struct str written, struct str folded, struct err *err)
{
    struct cue cue = {.line = parser->builder.line,
                      .section = (uint8_t)parser->section,
                      .near_words = CUE_NO_SYMBOL,
                      .far_words = CUE_NO_SYMBOL};
    struct str rest = folded;
    uint32_t forms = 0;
    parser->slot_count = 0;
    while (rest.size && rest.data[0] != '&' && rest.data[0] != '!') {
        struct str element = cut_element(&rest);
        if (parser->slot_count == CUES_MAX_SLOTS)
            return cue_builder_error(&parser->builder, err, "more than %d parts", CUES_MAX_SLOTS);
        bool first = parser->slot_count == 0,
             last = !rest.size || rest.data[0] == '&' || rest.data[0] == '!';
        if ((first || last) && gap_of(element) >= 0)
            return cue_builder_error(&parser->builder, err, "a cue can't start or end with a gap");
        int rc = parse_slot(parser, element, &parser->slots[parser->slot_count++], err);
        if (rc) return rc;
    }
    int rc = parse_context(parser, rest, &cue, err);
    if (!rc) rc = cue_builder_cue(&parser->builder, &cue, written, err);
    struct cue_step steps[CUES_MAX_STEPS];
    if (!rc) rc = expand(parser, 0, steps, 0, 0, &forms, err);
    if (!rc && !forms)
        rc = cue_builder_error(&parser->builder, err, "a cue needs a word that is not optional");
    return rc;
}

static int parse_group(struct parser *parser, struct str folded, struct err *err)
{
    int rc = E_OK;
    while (folded.size && !rc) rc = link_single(parser, cut_element(&folded), parser->group, err);
    return rc;
}

static int parse_section(struct parser *parser, struct str line, struct err *err)
{
    if (!str_ends(line, STR("]")))
        return cue_builder_error(&parser->builder, err, "a section ends with ]");
    struct str name = str_trim(str_slice(line, 1, line.size - 1));
    parser->any_section = true;
    if (str_starts(name, STR("group "))) {
        struct str group = str_trim(str_slice(name, 6, name.size));
        parser->section = -1;
        if (cue_word_kind(group) == CUE_NO_WORD)
            return cue_builder_error(&parser->builder, err, "a group needs a plain name");
        return cue_builder_group(&parser->builder, group, true, &parser->group, err);
    }
    for (size_t i = 0; i < cue_section_count; i++)
        if (str_equal(name, str_of(cue_sections[i].name))) {
            parser->section = (int)i;
            return E_OK;
        }
    return cue_builder_error(&parser->builder, err, "unknown section [%.*s]",
                             (int)(name.size % 100), name.data);
}

/* The line without its comment, which starts with # at the line's start or behind white space. */
static struct str without_comment(struct str line)
{
    const char *at = line.data, *end = at + line.size;
    while (at < end && (at = memchr(at, '#', (size_t)(end - at))) && at > line.data &&
           !is_space((unsigned char)at[-1]))
        at++;
    return str_trim(str_slice(line, 0, at ? (size_t)(at - line.data) : line.size));
}

static int parse_line(struct parser *parser, struct str line, struct arena *scratch,
                      struct err *err)
{
    if (line.size > CUES_MAX_LINE_BYTES)
        return cue_builder_error(&parser->builder, err, "a line has more than %d bytes",
                                 CUES_MAX_LINE_BYTES);
    if (!str_is_utf8(line)) return cue_builder_error(&parser->builder, err, "not valid UTF-8");
    if (memchr(line.data, '\0', line.size))
        return cue_builder_error(&parser->builder, err, "a NUL byte");
    line = without_comment(line);
    if (!line.size) return E_OK;
    struct str folded = text_fold(line, scratch);
    if (!folded.data) return err_set(err, E_NO_MEMORY, NULL);
    folded = str_trim(folded);
    if (!folded.size) return E_OK;
    if (folded.data[0] == '[') return parse_section(parser, folded, err);
    if (!parser->any_section)
        return cue_builder_error(&parser->builder, err, "a cue stands before the first [section]");
    return parser->section < 0 ? parse_group(parser, folded, err)
                               : parse_cue(parser, line, folded, err);
}

int cue_list_parse(struct str file, const char *name, struct cue_list *list, struct err *err)
{
    *list = (struct cue_list){0};
    arena_init(&list->memory, 0);
    if (file.size > CUES_MAX_FILE_BYTES)
        return err_set(err, E_BAD_MODEL, "%s: more than %d bytes", name, CUES_MAX_FILE_BYTES);
    struct arena scratch;
    arena_init(&scratch, 0);
    struct parser *parser = calloc(1, sizeof *parser);
    int rc = parser ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    if (!rc) rc = cue_builder_init(&parser->builder, list, name, err);
    while (!rc && file.size) {
        parser->builder.line++;
        struct str line = str_cut(&file, '\n');
        arena_reset(&scratch);
        rc = parse_line(parser, line, &scratch, err);
    }
    if (!rc && !parser->builder.cues.count)
        rc = cue_builder_error(&parser->builder, err, "no cue in this list");
    if (!rc) rc = cue_builder_finish(&parser->builder, err);
    if (parser) cue_builder_deinit(&parser->builder);
    free(parser);
    arena_deinit(&scratch);
    return rc;
}

void cue_list_deinit(struct cue_list *list)
{
    if (list) arena_deinit(&list->memory);
}
