/* The record's structs and their field tables, both from schemas/.
 *
 * Each struct has `present` (one bit a field, FIELD_<struct>_<field>) and `extra` (fields that this
 * version doesn't know, kept as raw msgpack so that they survive). Strings are views. */
#ifndef VERBATIM_SCHEMA_SHAPE_H
#define VERBATIM_SCHEMA_SHAPE_H

#include "base/arena.h"

/* --- types of fields -------------------------------------------------------------------------- */

struct raw_field {
    struct str name, value; /* value: one msgpack object */
};
struct raw_fields {
    const struct raw_field *items;
    uint32_t count;
};
struct str_list {
    struct str *items;
    uint32_t count;
};
struct str_pair {
    struct str name, value;
};
struct str_map {
    struct str_pair *items;
    uint32_t count;
};
/* The pair of that name, or NULL: in a record no name comes twice. */
static inline const struct str_pair *str_map_find(const struct str_map *map, struct str name)
{
    for (uint32_t i = 0; i < map->count; i++)
        if (str_equal(map->items[i].name, name)) return &map->items[i];
    return NULL;
}
/* What has that name; data NULL: nothing. */
static inline struct str str_map_get(const struct str_map *map, struct str name)
{
    const struct str_pair *pair = str_map_find(map, name);
    return pair ? pair->value : (struct str){0};
}
struct vector {
    const float *values; /* aligned for float */
    uint32_t count;
};

/* --- enumerations: enum safety_state { ENUM_safety_state_positive, … } ------------------------ */

#define ENUMERATION(name, VALUES)
#include "schemas/enums.def"
#undef ENUMERATION

#define ENUM_VALUE_safety_state(v)    ENUM_safety_state_##v,
#define ENUM_VALUE_safety_kind(v)     ENUM_safety_kind_##v,
#define ENUM_VALUE_seriousness(v)     ENUM_seriousness_##v,
#define ENUM_VALUE_polarity(v)        ENUM_polarity_##v,
#define ENUM_VALUE_sentiment_label(v) ENUM_sentiment_label_##v,
#define ENUM_VALUE_need_kind(v)       ENUM_need_kind_##v,
#define ENUM_VALUE_team(v)            ENUM_team_##v,
#define ENUM_VALUE_redaction_kind(v)  ENUM_redaction_kind_##v,
#define ENUM_VALUE_duplicate_kind(v)  ENUM_duplicate_kind_##v,
#define ENUM_VALUE_digest_side(v)     ENUM_digest_side_##v,
#define ENUM_VALUE_digest_finding(v)  ENUM_digest_finding_##v,
#define ENUMERATION(name, VALUES) enum name { VALUES(ENUM_VALUE_##name) ENUM_##name##_count };
#include "schemas/enums.def"
#undef ENUMERATION

/* A name between its quotes, as JSON has it, ready to be copied whole. */
struct json_word {
    char text[31]; /* NULs behind it */
    uint8_t size;
};
/* One that is too long is a constraint violation. */
#define JSON_WORD(v) {.text = v, .size = sizeof v - 1}

struct enumeration {
    const char *name;
    const char *const *values;
    const struct json_word *words; /* the values */
    uint32_t count;
};
/* The value's number, or count if there is none of that name. */
uint32_t enumeration_find(const struct enumeration *enumeration, struct str value);

/* --- structs and the numbers of their fields -------------------------------------------------- */

#include "schema/shape_numbers.h"
#include "schema/shape_structs.h"

/* Is the field set?  shape_has(feedback, &f, rating) */
#define shape_has(shape, value, field) (((value)->present >> FIELD_##shape##_##field & 1u) != 0)
/* Set a field and its bit:  shape_set(feedback, &f, rating, 4) */
#define shape_set(shape, value, field, ...) \
    ((value)->field = __VA_ARGS__, (value)->present |= 1u << FIELD_##shape##_##field)
#define shape_unset(shape, value, field) ((value)->present &= ~(1u << FIELD_##shape##_##field))

/* --- tables ----------------------------------------------------------------------------------- */

enum field_kind {
    KIND_bool, KIND_u32, KIND_u64, KIND_f32, KIND_amount /* f32, never below 0 */, KIND_str,
    KIND_bin, KIND_time, KIND_strs, KIND_map, KIND_vector,
    KIND_enum, KIND_set, KIND_struct, KIND_list
};

struct field {
    const char *name, *help;
    uint8_t name_size, kind;
    bool required;
    uint16_t offset;
    /* bytes of a string, items of a list, largest magnitude of a number; 0: no limit */
    uint32_t most;
    const struct enumeration *enumeration;
    const struct shape *shape; /* of a struct, or of a list's items */
    struct json_word word;     /* the name, between a comma and a colon */
};

struct buffer;

struct shape {
    const char *name;
    const struct field *fields;
    uint32_t count, struct_bytes;
    /* Such a struct as JSON: schema/json_writing.h says how. */
    char *(*write_json)(struct buffer *out, char *at, const void *value, size_t more);
};

enum { SHAPE_FIELDS_MAX = 32 };
const struct field *shape_field(const struct shape *shape, struct str name); /* NULL: unknown */
/* The same, where it is likely to be the field of this number: names mostly come in the shape's
 * order. Any number will do. */
const struct field *shape_field_near(const struct shape *shape, struct str name, uint32_t number);

extern const struct shape redaction_shape;
extern const struct shape feedback_shape;
extern const struct shape document_shape;
extern const struct shape criteria_shape;
extern const struct shape evidence_shape;
extern const struct shape named_product_shape;
extern const struct shape safety_shape;
extern const struct shape features_shape;
extern const struct shape segment_shape;
extern const struct shape span_shape;
extern const struct shape sentiment_shape;
extern const struct shape need_shape;
extern const struct shape mention_shape;
extern const struct shape aspect_shape;
extern const struct shape recommendation_shape;
extern const struct shape signal_shape;
extern const struct shape insight_shape;
extern const struct shape dead_letter_shape;
extern const struct shape audit_shape;
extern const struct shape posting_shape;
extern const struct shape account_shape;
extern const struct shape receipt_shape;
extern const struct shape ledger_shape;
extern const struct shape digest_need_shape;
extern const struct shape digest_row_shape;
extern const struct shape digest_place_shape;
extern const struct shape digest_claim_shape;
extern const struct shape digest_story_shape;
extern const struct shape digest_shape;
extern const struct shape purchase_shape;
#define ENUMERATION(name, VALUES) extern const struct enumeration name##_enumeration;
#include "schemas/enums.def"
#undef ENUMERATION

#endif
