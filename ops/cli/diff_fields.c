/* Which fields of two insights differ. */
#include <math.h>

#include "base/nearest.h"
#include "ops/cli/diff.h"
#include "schema/json.h"

const char *const diff_field_names[DIFF_FIELDS] = {
    [DIFF_LABEL] = "sentiment.label", [DIFF_SCORE] = "sentiment.score", [DIFF_NEEDS] = "needs",
    [DIFF_TOPICS] = "topics",
    [DIFF_RECOMMENDATIONS] = "recommendations", [DIFF_STATE] = "safety.state",
    [DIFF_KINDS] = "safety.kinds",
    [DIFF_SERIOUS] = "safety.serious", [DIFF_SEGMENT] = "segment.segment",
};

int diff_fields_of(const char *names, uint32_t *ret_fields, struct err *err)
{
    struct str rest = str_of(names);
    uint32_t fields = names ? 0 : (1u << DIFF_FIELDS) - 1;
    while (rest.size) {
        struct str name = str_cut(&rest, ',');
        struct nearest nearest = nearest_to(name);
        int found = 0;
        for (int i = 0; i < DIFF_FIELDS; i++)
            if (nearest_offer(&nearest, str_of(diff_field_names[i]))) found = i;
        if (!nearest.found.data)
            return err_set(err, E_USAGE, "no field \"%.*s\"; verbatim diff --help lists them",
                           STR_ARGS(str_slice(name, 0, 60)));
        if (!str_equal(name, nearest.found))
            return err_set(err, E_USAGE, "no field \"%.*s\"; did you mean \"%s\"?",
                           STR_ARGS(str_slice(name, 0, 60)), diff_field_names[found]);
        fields |= 1u << found;
    }
    if (!fields) return err_set(err, E_USAGE, "--fields names none");
    *ret_fields = fields;
    return E_OK;
}

int diff_decode(struct str message, struct arena *arena, struct diff_record *ret_record,
                struct err *err)
{
    struct record record;
    struct diff_record found = {0};
    int rc = record_scan(message, arena, &record, err);
    if (rc == E_OK) rc = record_decode(&record, SECTION_INSIGHT, &found.insight, arena, err);
    found.id = record.id;
    found.has_safety = rc == E_OK && record_has(&record, SECTION_SAFETY);
    found.has_segment = rc == E_OK && record_has(&record, SECTION_SEGMENT);
    if (found.has_safety) rc = record_decode(&record, SECTION_SAFETY, &found.safety, arena, err);
    if (rc == E_OK && found.has_segment)
        rc = record_decode(&record, SECTION_SEGMENT, &found.segment, arena, err);
    if (rc == E_OK) *ret_record = found;
    return rc;
}

/* --- sets ------------------------------------------------------------------------------------- */

/* One item of a set: what makes it the same as another. */
struct item {
    uint32_t number;
    struct str text;
};
typedef struct item item_at(const struct insight *insight, uint32_t index);

static struct item need_at(const struct insight *insight, uint32_t i)
{
    return (struct item){insight->needs.items[i].kind, insight->needs.items[i].text};
}
static struct item topic_at(const struct insight *insight, uint32_t i)
{
    return (struct item){0, insight->topics.items[i]};
}
static struct item advice_at(const struct insight *insight, uint32_t i)
{
    return (struct item){insight->recommendations.items[i].team,
                         insight->recommendations.items[i].text};
}

/* The schema allows 32 items at most: each with each is cheap. */
static bool holds_all(const struct insight *of, uint32_t count, const struct insight *in,
                      uint32_t in_count, item_at *at)
{
    for (uint32_t i = 0; i < count; i++) {
        bool found = false;
        struct item item = at(of, i);
        for (uint32_t j = 0; j < in_count && !found; j++) {
            struct item other = at(in, j);
            found = item.number == other.number && str_equal(item.text, other.text);
        }
        if (!found) return false;
    }
    return true;
}

static bool same_set(const struct insight *a, uint32_t a_count, const struct insight *b,
                     uint32_t b_count, item_at *at)
{
    return holds_all(a, a_count, b, b_count, at) && holds_all(b, b_count, a, a_count, at);
}

/* --- one field -------------------------------------------------------------------------------- */

static bool is_same(const struct diff_record *a, const struct diff_record *b, enum diff_field field,
                    double tolerance)
{
    const struct insight *left = &a->insight, *right = &b->insight;
    switch (field) {
    case DIFF_LABEL: return left->sentiment.label == right->sentiment.label;
    case DIFF_SCORE:
        return fabs((double)left->sentiment.score - (double)right->sentiment.score) <= tolerance;
    case DIFF_NEEDS: return same_set(left, left->needs.count, right, right->needs.count, need_at);
    case DIFF_TOPICS:
        return same_set(left, left->topics.count, right, right->topics.count, topic_at);
    case DIFF_RECOMMENDATIONS:
        return same_set(left, left->recommendations.count, right, right->recommendations.count,
                        advice_at);
    case DIFF_STATE: return a->has_safety == b->has_safety && a->safety.state == b->safety.state;
    case DIFF_KINDS: return a->safety.kinds == b->safety.kinds;
    case DIFF_SERIOUS: return a->safety.serious == b->safety.serious;
    case DIFF_SEGMENT:
        return a->has_segment == b->has_segment && a->segment.segment == b->segment.segment;
    case DIFF_FIELDS: break;
    }
    return true;
}

uint32_t diff_compare(const struct diff_record *left, const struct diff_record *right,
                      uint32_t fields, double tolerance)
{
    uint32_t changed = 0;
    for (int i = 0; i < DIFF_FIELDS; i++)
        if (fields >> i & 1 && !is_same(left, right, (enum diff_field)i, tolerance))
            changed |= 1u << i;
    return changed;
}

int diff_safety_rank(const struct diff_record *record)
{
    if (!record->has_safety) return -1;
    if (record->safety.state == ENUM_safety_state_negative) return 0;
    if (record->safety.state == ENUM_safety_state_unassessed) return 1;
    return record->safety.serious ? 3 : 2;
}

static void write_items(const struct insight *insight, uint32_t count, item_at *at,
                        const struct enumeration *kinds, struct buffer *out)
{
    buffer_add_char(out, '[');
    for (uint32_t i = 0; i < count; i++) {
        struct item item = at(insight, i);
        if (i) buffer_add_char(out, ',');
        if (kinds) buffer_printf(out, "[\"%s\",", kinds->values[item.number]);
        json_write_string(out, item.text);
        if (kinds) buffer_add_char(out, ']');
    }
    buffer_add_char(out, ']');
}

static void write_kinds(uint32_t kinds, struct buffer *out)
{
    bool first = true;
    buffer_add_char(out, '[');
    for (uint32_t i = 0; i < ENUM_safety_kind_count; i++) {
        if (!(kinds >> i & 1)) continue;
        buffer_printf(out, "%s\"%s\"", first ? "" : ",", safety_kind_enumeration.values[i]);
        first = false;
    }
    buffer_add_char(out, ']');
}

void diff_write(const struct diff_record *record, enum diff_field field, struct buffer *out)
{
    const struct insight *insight = &record->insight;
    switch (field) {
    case DIFF_LABEL:
        buffer_printf(out, "\"%s\"", sentiment_label_enumeration.values[insight->sentiment.label]);
        return;
    case DIFF_SCORE: json_write_number(out, (double)insight->sentiment.score); return;
    case DIFF_NEEDS:
        write_items(insight, insight->needs.count, need_at, &need_kind_enumeration, out);
        return;
    case DIFF_TOPICS: write_items(insight, insight->topics.count, topic_at, NULL, out); return;
    case DIFF_RECOMMENDATIONS:
        write_items(insight, insight->recommendations.count, advice_at, &team_enumeration, out);
        return;
    case DIFF_STATE:
        if (record->has_safety)
            buffer_printf(out, "\"%s\"", safety_state_enumeration.values[record->safety.state]);
        else buffer_add(out, STR("null"));
        return;
    case DIFF_KINDS: write_kinds(record->safety.kinds, out); return;
    case DIFF_SERIOUS: buffer_add(out, record->safety.serious ? STR("true") : STR("false")); return;
    case DIFF_SEGMENT:
        if (record->has_segment) buffer_printf(out, "%u", record->segment.segment);
        else buffer_add(out, STR("null"));
        return;
    case DIFF_FIELDS: return;
    }
}
