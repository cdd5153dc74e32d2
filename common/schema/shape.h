/* The record's structs and their field tables, both from schemas/.
 *
 * Each struct has `present` (one bit a field, FIELD_<struct>_<field>) and `extra` (fields that this
 * version doesn't know, kept as raw msgpack so that they survive). Strings are views. */
#ifndef VERBATIM_SCHEMA_SHAPE_H
#define VERBATIM_SCHEMA_SHAPE_H

#include "base/arena.h"

/* --- types of fields ---------------------------------------------------------------------------- */

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
struct vector {
    const float *values; /* aligned for float */
    uint32_t count;
};

/* --- enumerations: enum safety_state { ENUM_safety_state_positive, … } -------------------------- */

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

struct enumeration {
    const char *name;
    const char *const *values;
    uint32_t count;
};
/* The value's number, or count if there is none of that name. */
uint32_t enumeration_find(const struct enumeration *enumeration, struct str value);

/* --- structs ------------------------------------------------------------------------------------ */

#define FIELD_TYPE_bool   bool
#define FIELD_TYPE_u32    uint32_t
#define FIELD_TYPE_u64    uint64_t
#define FIELD_TYPE_f32    float
#define FIELD_TYPE_str    struct str
#define FIELD_TYPE_bin    struct str
#define FIELD_TYPE_time   int64_t
#define FIELD_TYPE_strs   struct str_list
#define FIELD_TYPE_map    struct str_map
#define FIELD_TYPE_vector struct vector

#define FIELD(type, name, need, most, help)  FIELD_TYPE_##type name;
#define ENUM(type, name, need, most, help)   uint32_t name;
#define SET(type, name, need, most, help)    uint32_t name;
#define STRUCT(type, name, need, most, help) struct type name;
#define LIST(type, name, need, most, help)   struct type##_list name;
#define SHAPE_HEAD uint32_t present; struct raw_fields extra;

struct redaction {
    SHAPE_HEAD
#include "schemas/redaction.def"
};
struct redaction_list {
    struct redaction *items;
    uint32_t count;
};
struct feedback {
    SHAPE_HEAD
#include "schemas/feedback.def"
};
struct document {
    SHAPE_HEAD
#include "schemas/document.def"
};
struct criteria {
    SHAPE_HEAD
#include "schemas/criteria.def"
};
struct evidence {
    SHAPE_HEAD
#include "schemas/evidence.def"
};
struct evidence_list {
    struct evidence *items;
    uint32_t count;
};
struct named_product {
    SHAPE_HEAD
#include "schemas/named_product.def"
};
struct named_product_list {
    struct named_product *items;
    uint32_t count;
};
struct safety {
    SHAPE_HEAD
#include "schemas/safety.def"
};
struct features {
    SHAPE_HEAD
#include "schemas/features.def"
};
struct segment {
    SHAPE_HEAD
#include "schemas/segment.def"
};
struct span {
    SHAPE_HEAD
#include "schemas/span.def"
};
struct span_list {
    struct span *items;
    uint32_t count;
};
struct sentiment {
    SHAPE_HEAD
#include "schemas/sentiment.def"
};
struct need {
    SHAPE_HEAD
#include "schemas/need.def"
};
struct need_list {
    struct need *items;
    uint32_t count;
};
struct mention {
    SHAPE_HEAD
#include "schemas/mention.def"
};
struct mention_list {
    struct mention *items;
    uint32_t count;
};
struct aspect {
    SHAPE_HEAD
#include "schemas/aspect.def"
};
struct aspect_list {
    struct aspect *items;
    uint32_t count;
};
struct recommendation {
    SHAPE_HEAD
#include "schemas/recommendation.def"
};
struct recommendation_list {
    struct recommendation *items;
    uint32_t count;
};
struct signal {
    SHAPE_HEAD
#include "schemas/signal.def"
};
struct signal_list {
    struct signal *items;
    uint32_t count;
};
struct insight {
    SHAPE_HEAD
#include "schemas/insight.def"
};
struct dead_letter {
    SHAPE_HEAD
#include "schemas/dead_letter.def"
};
struct audit {
    SHAPE_HEAD
#include "schemas/audit.def"
};
struct posting {
    SHAPE_HEAD
#include "schemas/posting.def"
};
struct posting_list {
    struct posting *items;
    uint32_t count;
};
struct account {
    SHAPE_HEAD
#include "schemas/account.def"
};
struct account_list {
    struct account *items;
    uint32_t count;
};
struct receipt {
    SHAPE_HEAD
#include "schemas/receipt.def"
};
struct receipt_list {
    struct receipt *items;
    uint32_t count;
};
struct ledger {
    SHAPE_HEAD
#include "schemas/ledger.def"
};
struct digest_need {
    SHAPE_HEAD
#include "schemas/digest_need.def"
};
struct digest_need_list {
    struct digest_need *items;
    uint32_t count;
};
struct digest_row {
    SHAPE_HEAD
#include "schemas/digest_row.def"
};
struct digest_row_list {
    struct digest_row *items;
    uint32_t count;
};
struct digest_place {
    SHAPE_HEAD
#include "schemas/digest_place.def"
};
struct digest_place_list {
    struct digest_place *items;
    uint32_t count;
};
struct digest_claim {
    SHAPE_HEAD
#include "schemas/digest_claim.def"
};
struct digest_claim_list {
    struct digest_claim *items;
    uint32_t count;
};
struct digest_story {
    SHAPE_HEAD
#include "schemas/digest_story.def"
};
struct digest_story_list {
    struct digest_story *items;
    uint32_t count;
};
struct digest {
    SHAPE_HEAD
#include "schemas/digest.def"
};
struct purchase {
    SHAPE_HEAD
#include "schemas/purchase.def"
};
#undef FIELD
#undef ENUM
#undef SET
#undef STRUCT
#undef LIST

#define FIELD(type, name, need, most, help)  FIELD_OWNER(name),
#define ENUM(type, name, need, most, help)   FIELD_OWNER(name),
#define SET(type, name, need, most, help)    FIELD_OWNER(name),
#define STRUCT(type, name, need, most, help) FIELD_OWNER(name),
#define LIST(type, name, need, most, help)   FIELD_OWNER(name),
#define FIELD_OWNER(name) FIELD_redaction_##name
enum {
#include "schemas/redaction.def"
    FIELD_redaction_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_feedback_##name
enum {
#include "schemas/feedback.def"
    FIELD_feedback_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_document_##name
enum {
#include "schemas/document.def"
    FIELD_document_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_criteria_##name
enum {
#include "schemas/criteria.def"
    FIELD_criteria_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_evidence_##name
enum {
#include "schemas/evidence.def"
    FIELD_evidence_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_named_product_##name
enum {
#include "schemas/named_product.def"
    FIELD_named_product_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_safety_##name
enum {
#include "schemas/safety.def"
    FIELD_safety_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_features_##name
enum {
#include "schemas/features.def"
    FIELD_features_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_segment_##name
enum {
#include "schemas/segment.def"
    FIELD_segment_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_span_##name
enum {
#include "schemas/span.def"
    FIELD_span_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_sentiment_##name
enum {
#include "schemas/sentiment.def"
    FIELD_sentiment_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_need_##name
enum {
#include "schemas/need.def"
    FIELD_need_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_mention_##name
enum {
#include "schemas/mention.def"
    FIELD_mention_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_aspect_##name
enum {
#include "schemas/aspect.def"
    FIELD_aspect_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_recommendation_##name
enum {
#include "schemas/recommendation.def"
    FIELD_recommendation_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_signal_##name
enum {
#include "schemas/signal.def"
    FIELD_signal_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_insight_##name
enum {
#include "schemas/insight.def"
    FIELD_insight_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_dead_letter_##name
enum {
#include "schemas/dead_letter.def"
    FIELD_dead_letter_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_audit_##name
enum {
#include "schemas/audit.def"
    FIELD_audit_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_posting_##name
enum {
#include "schemas/posting.def"
    FIELD_posting_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_account_##name
enum {
#include "schemas/account.def"
    FIELD_account_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_receipt_##name
enum {
#include "schemas/receipt.def"
    FIELD_receipt_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_ledger_##name
enum {
#include "schemas/ledger.def"
    FIELD_ledger_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_digest_need_##name
enum {
#include "schemas/digest_need.def"
    FIELD_digest_need_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_digest_row_##name
enum {
#include "schemas/digest_row.def"
    FIELD_digest_row_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_digest_place_##name
enum {
#include "schemas/digest_place.def"
    FIELD_digest_place_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_digest_claim_##name
enum {
#include "schemas/digest_claim.def"
    FIELD_digest_claim_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_digest_story_##name
enum {
#include "schemas/digest_story.def"
    FIELD_digest_story_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_digest_##name
enum {
#include "schemas/digest.def"
    FIELD_digest_count
};
#undef FIELD_OWNER
#define FIELD_OWNER(name) FIELD_purchase_##name
enum {
#include "schemas/purchase.def"
    FIELD_purchase_count
};
#undef FIELD_OWNER
#undef FIELD
#undef ENUM
#undef SET
#undef STRUCT
#undef LIST

/* Is the field set?  shape_has(feedback, &f, rating) */
#define shape_has(shape, value, field) (((value)->present >> FIELD_##shape##_##field & 1u) != 0)
/* Set a field and its bit:  shape_set(feedback, &f, rating, 4) */
#define shape_set(shape, value, field, ...) \
    ((value)->field = __VA_ARGS__, (value)->present |= 1u << FIELD_##shape##_##field)
#define shape_unset(shape, value, field) ((value)->present &= ~(1u << FIELD_##shape##_##field))

/* --- tables ------------------------------------------------------------------------------------- */

enum field_kind {
    KIND_bool, KIND_u32, KIND_u64, KIND_f32, KIND_str, KIND_bin, KIND_time, KIND_strs, KIND_map, KIND_vector,
    KIND_enum, KIND_set, KIND_struct, KIND_list
};

struct field {
    const char *name, *help;
    uint8_t name_size, kind;
    bool required;
    uint16_t offset;
    uint32_t most; /* bytes of a string, items of a list, largest magnitude of a number; 0: no limit */
    const struct enumeration *enumeration;
    const struct shape *shape; /* of a struct, or of a list's items */
};

struct shape {
    const char *name;
    const struct field *fields;
    uint32_t count, struct_bytes;
};

enum { SHAPE_FIELDS_MAX = 32 };
const struct field *shape_field(const struct shape *shape, struct str name); /* NULL: unknown */

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
