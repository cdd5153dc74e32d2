/* Writes the lines. Each number is written by one function, which keeps it: so what may be
 * said is what was shown. */
#include "workers/genai/digest_facts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"

enum {
    TEXT_MAX = 8192, LINES_MAX = 64, TOPICS_TOLD = 10, PRODUCTS_TOLD = 6, SEGMENTS_TOLD = 8,
    NEEDS_TOLD = 10, NEED_LEAST = 2
};

struct writer {
    struct buffer text;
    struct digest_facts facts;
    bool cut; /* a line didn't fit: it and what follows isn't told */
};

/* --- words and numbers ------------------------------------------------------------------------ */

static void add_number(struct writer *writer, double value, bool percent, const char *form)
{
    char shown[48];
    struct digest_number number = {.percent = percent};
    snprintf(shown, sizeof shown, form, value);
    number.value = strtod(shown, NULL);
    buffer_add(&writer->text, str_of(shown));
    if (writer->facts.number_count < DIGEST_NUMBERS_MAX)
        writer->facts.numbers[writer->facts.number_count++] = number;
}

static void add_count(struct writer *writer, uint64_t count)
{
    add_number(writer, (double)count, false, "%.0f");
}
/* "-0.00" is no feeling. */
static void add_score(struct writer *writer, double score)
{
    add_number(writer, fabs(score) < 0.005 ? 0 : score, false, "%.2f");
}
static void add_usual(struct writer *writer, double usual)
{
    add_number(writer, usual, false, usual < 10 ? "%.1f" : "%.0f");
}

static void add_share(struct writer *writer, uint64_t part, uint64_t whole)
{
    if (!whole) return;
    buffer_add(&writer->text, STR(" ("));
    add_number(writer, 100.0 * (double)part / (double)whole, true, "%.0f");
    buffer_add(&writer->text, STR("%)"));
}

static void add_name(struct writer *writer, struct str name)
{
    buffer_add(&writer->text, name);
    if (name.size && writer->facts.name_count < DIGEST_NAMES_MAX)
        writer->facts.names[writer->facts.name_count++] = name;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* What comes after this is one line; false: there is no more room. */
static bool begin_line(struct writer *writer, struct digest_line *line)
{
    if (writer->cut || writer->facts.line_count == LINES_MAX) return false;
    line->start = (uint32_t)writer->text.size;
    return true;
}

static void end_line(struct writer *writer, struct digest_line *line, uint32_t numbers_before,
                     uint32_t names_before)
{
    if (writer->text.size + 1 > TEXT_MAX || writer->text.failed) {
        writer->cut = true;
        writer->text.size = line->start; /* nor may its numbers be said */
        writer->facts.number_count = numbers_before;
        writer->facts.name_count = names_before;
        return;
    }
    line->end = (uint32_t)writer->text.size;
    buffer_add_char(&writer->text, '\n');
    writer->facts.lines[writer->facts.line_count++] = *line;
}

static void add_findings(struct writer *writer, const struct digest_row *row)
{
    for (uint32_t i = 0; i < ENUM_digest_finding_count; i++)
        if (row->findings >> i & 1)
            buffer_printf(&writer->text, "; %s", digest_finding_enumeration.values[i]);
}

static void add_row(struct writer *writer, const struct digest_row *row, const char *kind,
                    struct str name, uint64_t whole)
{
    struct digest_line line = {.row = row, .name = name};
    uint32_t numbers = writer->facts.number_count, names = writer->facts.name_count;
    if (!begin_line(writer, &line)) return;
    buffer_printf(&writer->text, "%s%s", kind, name.size ? " " : "");
    add_name(writer, name);
    buffer_add(&writer->text, STR(": "));
    add_count(writer, row->records);
    buffer_add(&writer->text, row->records == 1 ? STR(" record") : STR(" records"));
    if (row->side != ENUM_digest_side_total) add_share(writer, row->records, whole);
    if (shape_has(digest_row, row, score))
        buffer_add(&writer->text, STR(", mean feeling ")), add_score(writer, (double)row->score);
    if (shape_has(digest_row, row, usual_records)) {
        buffer_add(&writer->text, STR("; usually "));
        add_usual(writer, (double)row->usual_records);
        buffer_add(&writer->text, STR(" records, mean feeling "));
        add_score(writer, (double)row->usual_score);
    }
    add_findings(writer, row);
    end_line(writer, &line, numbers, names);
}

static void add_need(struct writer *writer, const struct digest_need *need)
{
    struct digest_line line = {.need = need, .name = need->text};
    uint32_t numbers = writer->facts.number_count, names = writer->facts.name_count;
    const char *kind = need->kind == ENUM_need_kind_question ? "Question"
        : need->kind == ENUM_need_kind_feature_request       ? "Wish"
                                                             : "Problem";
    if (need->records < NEED_LEAST || !begin_line(writer, &line)) return;
    buffer_printf(&writer->text, "%s \"", kind);
    add_name(writer, need->text);
    buffer_add(&writer->text, STR("\": "));
    add_count(writer, need->records);
    buffer_add(&writer->text, STR(" records"));
    end_line(writer, &line, numbers, names);
}

/* Rows come with the most records first; what is unusual is told however few they are. */
static void add_side(struct writer *writer, const struct digest *digest, uint32_t side,
                     const char *kind, uint32_t most, uint64_t whole)
{
    for (uint32_t i = 0, told = 0; i < digest->rows.count; i++) {
        const struct digest_row *row = &digest->rows.items[i];
        if (row->side != side || (!row->records && !row->findings) ||
            (told >= most && !row->findings))
            continue;
        add_row(writer, row, kind, row->name, whole);
        told++;
    }
}

/* --- stories' facts --------------------------------------------------------------------------- */

static bool begin(struct writer *writer, struct arena *arena, struct str segment)
{
    *writer = (struct writer){.facts.segment = segment};
    writer->facts.numbers = ARENA_ARRAY(arena, struct digest_number, DIGEST_NUMBERS_MAX);
    writer->facts.names = ARENA_ARRAY(arena, struct str, DIGEST_NAMES_MAX);
    writer->facts.lines = ARENA_ARRAY(arena, struct digest_line, LINES_MAX);
    return writer->facts.numbers && writer->facts.names && writer->facts.lines;
}

/* The last line's break isn't part of the text. */
static bool end(struct writer *writer, struct arena *arena, struct digest_facts *out)
{
    bool ok = !writer->text.failed;
    writer->facts.text = arena_copy(arena, str_trim(buffer_str(&writer->text)));
    buffer_deinit(&writer->text);
    *out = writer->facts;
    return ok && out->text.data;
}

static bool tell_window(const struct digest *digest, struct arena *arena, struct digest_facts *out)
{
    struct writer writer;
    if (!begin(&writer, arena, (struct str){0})) return false;
    add_side(&writer, digest, ENUM_digest_side_total, "All feedback", 1, digest->records);
    add_side(&writer, digest, ENUM_digest_side_negative, "Unhappy", 1, digest->records);
    add_side(&writer, digest, ENUM_digest_side_safety, "Safety reports", 1, digest->records);
    add_side(&writer, digest, ENUM_digest_side_topic, "Topic", TOPICS_TOLD, digest->records);
    for (uint32_t i = 0; i < digest->needs.count && i < NEEDS_TOLD; i++)
        add_need(&writer, &digest->needs.items[i]);
    add_side(&writer, digest, ENUM_digest_side_product, "Product", PRODUCTS_TOLD, digest->records);
    add_side(&writer, digest, ENUM_digest_side_segment, "Segment", SEGMENTS_TOLD, digest->records);
    return end(&writer, arena, out);
}

/* "3 delivery" of segment "3" is "delivery". */
static bool topic_within(struct str segment, struct str name, struct str *ret_topic)
{
    if (!str_starts(name, segment) || name.size <= segment.size || name.data[segment.size] != ' ')
        return false;
    *ret_topic = str_slice(name, segment.size + 1, name.size);
    return true;
}

static bool tell_segment(const struct digest *digest, const struct digest_row *row,
                         struct arena *arena, struct digest_facts *out)
{
    struct writer writer;
    uint32_t told = 0;
    struct str topic;
    if (!begin(&writer, arena, row->name)) return false;
    add_row(&writer, row, "Segment", row->name, digest->records);
    for (uint32_t i = 0; i < digest->rows.count; i++) {
        const struct digest_row *inner = &digest->rows.items[i];
        if (inner->side != ENUM_digest_side_segment_topic ||
            !topic_within(row->name, inner->name, &topic))
            continue;
        if ((!inner->records || told >= TOPICS_TOLD) && !inner->findings) continue;
        add_row(&writer, inner, "Topic", topic, row->records);
        told++;
    }
    return end(&writer, arena, out);
}

int digest_facts_make(const struct digest *digest, struct arena *arena,
                      struct digest_facts **ret_facts, uint32_t *ret_count, struct err *err)
{
    struct digest_facts *facts = ARENA_ARRAY(arena, struct digest_facts, DIGEST_FACTS_MAX);
    uint32_t count = 0;
    bool ok = facts != NULL;
    if (ok && digest->records) ok = tell_window(digest, arena, &facts[count++]);
    for (uint32_t i = 0;
         ok && digest->records && i < digest->rows.count && count < DIGEST_FACTS_MAX; i++) {
        const struct digest_row *row = &digest->rows.items[i];
        if (row->side == ENUM_digest_side_segment && row->records >= DIGEST_SEGMENT_LEAST)
            ok = tell_segment(digest, row, arena, &facts[count++]);
    }
    if (!ok) return err_set(err, E_NO_MEMORY, NULL);
    *ret_facts = facts;
    *ret_count = count;
    return E_OK;
}
