/* Reads a model's answer by the field tables. What breaks the schema makes the record's answer
 * unusable; a claim whose quote isn't in the text is dropped and counted; nothing else of the
 * answer is kept. */
#include "workers/genai/answer.h"

#include <assert.h>
#include <pthread.h>

#include "schema/json.h"
#include "text/clean.h"
#include "workers/genai/quote.h"

enum { ASKED_MOST = 16 }; /* shapes that are part of an answer */

struct reading {
    const struct answer_rules *rules;
    struct json_reader json;
    struct arena *arena;
    struct quotable quotable;
    struct answer_notes *notes;
    struct err *err;
};

/* --- what must not come back ----------------------------------------------------------------- */

static bool holds(struct str text, struct str secret)
{
    return secret.size && str_find(text, secret) < text.size;
}

/* --- values ---------------------------------------------------------------------------------- */

static bool broken(struct reading *reading, const struct field *field, const char *what)
{
    err_set(reading->err, E_BAD_MESSAGE, "\"%s\" %s", field ? field->name : "quote", what);
    return false;
}

static bool no_memory(struct reading *reading)
{
    err_set(reading->err, E_NO_MEMORY, NULL);
    return false;
}

static bool is_topic(const struct answer_rules *rules, struct str name)
{
    for (uint32_t i = 0; i < rules->topic_count; i++)
        if (str_equal(rules->topics[i], name)) return true;
    return false;
}

static bool read_text(struct reading *reading, const struct shape *shape, const struct field *field,
                      const struct json_value *value, void *at, bool *held)
{
    struct str text;
    if (value->kind != JSON_STRING) return broken(reading, field, "must be a text");
    if (text_clean(value->text, reading->arena, &text, reading->err)) return false;
    text = str_trim(text);
    if (text.size == 0 || text.size > field->most)
        return broken(reading, field, "is empty or too long");
    if (shape == &mention_shape && !is_topic(reading->rules, text))
        return broken(reading, field, "isn't one of the topics");
    if (answer_repeats_prompt(reading->rules, text)) {
        reading->notes->leaked++;
        *held = false;
    }
    memcpy(at, &text, sizeof text);
    return true;
}

static bool read_number(struct reading *reading, const struct field *field,
                        const struct json_value *value, void *at)
{
    double number = 0;
    bool whole = field->kind == KIND_u32,
         good = value->kind == JSON_NUMBER && str_to_f64(value->text, &number);
    good = good && number >= (whole ? 1 : -(double)field->most) && number <= (double)field->most;
    if (!good || (whole && number != (double)(uint32_t)number))
        return broken(reading, field, "is out of range");
    uint32_t count = whole ? (uint32_t)number : 0;
    float real = (float)number;
    if (whole)
        memcpy(at, &count, sizeof count);
    else
        memcpy(at, &real, sizeof real);
    return true;
}

static bool read_enum(struct reading *reading, const struct field *field,
                      const struct json_value *value, void *at)
{
    uint32_t number = value->kind == JSON_STRING ? enumeration_find(field->enumeration, value->text)
                                                 : field->enumeration->count;
    if (number >= field->enumeration->count)
        return broken(reading, field, "isn't one of its values");
    memcpy(at, &number, sizeof number);
    return true;
}

/* --- structs and lists ----------------------------------------------------------------------- */

static bool read_object(struct reading *reading, const struct shape *shape, void *value,
                        bool *held);

/* What is asked for of a struct. */
struct asked {
    const struct shape *shape;
    const struct field *start, *end; /* both, where it is quoted in their place; else NULL */
    uint32_t fields, needed;         /* bits, in the shape's order */
};

static struct asked find_asked(const struct shape *shape)
{
    struct asked asked = {.shape = shape};
    for (uint32_t i = 0; i < shape->count; i++) {
        if (!answer_holds(shape, &shape->fields[i])) continue;
        asked.fields |= 1u << i;
        if (shape->fields[i].required) asked.needed |= 1u << i;
    }
    if (!answer_quotes(shape)) return asked;
    asked.start = shape_field(shape, STR("start")), asked.end = shape_field(shape, STR("end"));
    return asked;
}

/* Of what is usually asked for it is found out once. */
static struct asked learnt[ASKED_MOST];
static uint32_t learnt_count;

static const struct asked *find_learnt(const struct shape *shape)
{
    for (uint32_t i = 0; i < learnt_count; i++)
        if (learnt[i].shape == shape) return &learnt[i];
    return NULL;
}

static void learn(const struct shape *shape)
{
    if (find_learnt(shape)) return;
    assert(learnt_count < ASKED_MOST);
    struct asked asked = learnt[learnt_count++] = find_asked(shape);
    for (uint32_t i = 0; i < shape->count; i++)
        if (asked.fields >> i & 1 && shape->fields[i].shape) learn(shape->fields[i].shape);
}

static void learn_all(void)
{
    learn(&insight_shape);
    learn(&digest_story_shape);
}

static struct asked asked_of(const struct shape *shape)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, learn_all);
    const struct asked *asked = find_learnt(shape);
    return asked ? *asked : find_asked(shape);
}

static uint32_t bit_of(const struct asked *asked, const struct field *field)
{
    return 1u << (field - asked->shape->fields);
}

/* The words that are claimed to be in the text. Not there: *held becomes false. */
static bool read_quote(struct reading *reading, const struct asked *asked,
                       const struct json_value *quote, char *value, uint32_t *present, bool *held)
{
    uint32_t start = 0, end = 0;
    if (quote->kind != JSON_STRING) return broken(reading, NULL, "must be a text");
    enum quote_found found = quote_find(&reading->quotable, quote->text, &start, &end);
    if (found == QUOTE_NO_MEMORY) return no_memory(reading);
    if (found == QUOTE_NOWHERE) *held = false;
    if (found == QUOTE_PLAIN) reading->notes->plain++;
    memcpy(value + asked->start->offset, &start, sizeof start);
    memcpy(value + asked->end->offset, &end, sizeof end);
    *present |= bit_of(asked, asked->start) | bit_of(asked, asked->end);
    return true;
}

static bool read_item(struct reading *reading, const struct field *field, char *item, bool *held)
{
    struct json_value value;
    if (!json_next(&reading->json, &value)) return false;
    memset(item, 0, field->shape->struct_bytes);
    if (field->shape == &span_shape) {
        const struct asked asked = asked_of(&span_shape);
        return read_quote(reading, &asked, &value, item, &((struct span *)(void *)item)->present,
                          held);
    }
    if (value.kind != JSON_OBJECT) return broken(reading, field, "must hold objects");
    return read_object(reading, field->shape, item, held);
}

static bool read_list(struct reading *reading, const struct field *field,
                      const struct json_value *value, char *at)
{
    struct {
        char *items;
        uint32_t count;
    } list = {0};
    uint32_t most = field->most;
    bool first = true;
    if (value->kind != JSON_ARRAY) return broken(reading, field, "must be a list");
    list.items = arena_alloc(reading->arena, (size_t)most * field->shape->struct_bytes);
    if (!list.items) return no_memory(reading);
    while (json_item(&reading->json, &first)) {
        bool held = true;
        if (list.count == most) return broken(reading, field, "is too long");
        if (!read_item(reading, field, list.items + list.count * field->shape->struct_bytes, &held))
            return false;
        reading->notes->claims++;
        if (held)
            list.count++;
        else
            reading->notes->dropped++;
    }
    memcpy(at, &list, sizeof list);
    return !reading->json.fault;
}

static bool read_value(struct reading *reading, const struct shape *shape,
                       const struct field *field, const struct json_value *value, char *at,
                       bool *held)
{
    switch ((enum field_kind)field->kind) {
    case KIND_enum: return read_enum(reading, field, value, at);
    case KIND_str: return read_text(reading, shape, field, value, at, held);
    case KIND_u32:
    case KIND_f32: return read_number(reading, field, value, at);
    case KIND_list: return read_list(reading, field, value, at);
    case KIND_struct:
        if (value->kind != JSON_OBJECT) return broken(reading, field, "must be an object");
        return read_object(reading, field->shape, at, held);
    default: return broken(reading, field, "isn't asked for");
    }
}

/* One member; one that isn't asked for is passed over. */
static bool read_member(struct reading *reading, const struct asked *asked, struct str name,
                        uint32_t *next, char *object, uint32_t *present, bool *held)
{
    struct json_value value;
    bool quote = asked->start && str_equal(name, STR("quote"));
    const struct field *field = quote ? asked->start
                                      : shape_field_near(asked->shape, name, *next);
    if (field && !quote) *next = (uint32_t)(field - asked->shape->fields) + 1;
    if (!quote && !(field && asked->fields & bit_of(asked, field)))
        return json_skip(&reading->json, NULL);
    if (*present & bit_of(asked, field))
        return broken(reading, quote ? NULL : field, "comes twice");
    if (!json_next(&reading->json, &value)) return false;
    if (quote) return read_quote(reading, asked, &value, object, present, held);
    *present |= bit_of(asked, field);
    return read_value(reading, asked->shape, field, &value, object + field->offset, held);
}

static bool has_all(struct reading *reading, const struct asked *asked, uint32_t present)
{
    if (asked->start && !(present & bit_of(asked, asked->start)))
        return broken(reading, NULL, "is missing");
    uint32_t missing = asked->needed & ~present;
    return !missing || broken(reading, &asked->shape->fields[__builtin_ctz(missing)], "is missing");
}

static bool read_object(struct reading *reading, const struct shape *shape, void *value, bool *held)
{
    const struct asked asked = asked_of(shape);
    uint32_t present = 0 /* every struct of a shape begins with its own */, next = 0;
    struct str name;
    bool first = true;
    while (json_member(&reading->json, &first, &name))
        if (!read_member(reading, &asked, name, &next, value, &present, held)) return false;
    if (reading->json.fault || !has_all(reading, &asked, present)) return false;
    memcpy(value, &present, sizeof present);
    return true;
}

/* --- the whole ------------------------------------------------------------------------------- */

static bool is_listed(const struct str_list *list, struct str name)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (str_equal(list->items[i], name)) return true;
    return false;
}

static bool fill_topics(struct insight *insight, struct arena *arena)
{
    struct str_list topics = {.items = ARENA_ARRAY(arena, struct str, insight->mentions.count + 1)};
    if (!topics.items) return false;
    for (uint32_t i = 0; i < insight->mentions.count; i++)
        if (!is_listed(&topics, insight->mentions.items[i].topic))
            topics.items[topics.count++] = insight->mentions.items[i].topic;
    if (topics.count) shape_set(insight, insight, topics, topics);
    return true;
}

/* An empty list is none: as a record says it. */
static void drop_empty(struct insight *insight)
{
    if (!insight->needs.count) shape_unset(insight, insight, needs);
    if (!insight->mentions.count) shape_unset(insight, insight, mentions);
    if (!insight->recommendations.count) shape_unset(insight, insight, recommendations);
    if (!insight->signals.count) shape_unset(insight, insight, signals);
    if (!insight->sentiment.evidence.count) shape_unset(sentiment, &insight->sentiment, evidence);
}

int answer_read_as(const struct answer_rules *rules, const struct shape *shape, struct str raw,
                   struct str text, struct arena *arena, void *ret_value,
                   struct answer_notes *ret_notes, struct err *err)
{
    void *object = arena_zalloc(arena, shape->struct_bytes);
    struct answer_notes notes = {0};
    struct err why = {0};
    struct reading reading = {.rules = rules,
                              .json = json_reader(raw, arena),
                              .arena = arena,
                              .quotable = {.text = text, .arena = arena},
                              .notes = &notes,
                              .err = &why};
    struct json_value value;
    bool held = true;
    if (!object) return err_set(err, E_NO_MEMORY, NULL);
    if (holds(raw, rules->canary) || holds(raw, rules->mark))
        return err_set(err, E_BAD_MESSAGE, "it repeats what it was told to keep");
    bool good = json_next(&reading.json, &value) &&
                (value.kind == JSON_OBJECT || broken(&reading, NULL, "must be in an object"));
    good = good && read_object(&reading, shape, object, &held) && json_end(&reading.json);
    if (!good)
        return why.code ? err_set(err, why.code, "%s", why.text) : json_fault(&reading.json, err);
    memcpy(ret_value, object, shape->struct_bytes);
    *ret_notes = notes;
    return E_OK;
}

int answer_read(const struct answer_rules *rules, struct str raw, struct str text,
                struct arena *arena, struct insight *ret_insight, struct answer_notes *ret_notes,
                struct err *err)
{
    struct insight insight;
    struct answer_notes notes;
    int rc = answer_read_as(rules, &insight_shape, raw, text, arena, &insight, &notes, err);
    if (rc) return rc;
    if (!fill_topics(&insight, arena)) return err_set(err, E_NO_MEMORY, NULL);
    drop_empty(&insight);
    *ret_insight = insight;
    *ret_notes = notes;
    return E_OK;
}
