/* The structs of the record's sections and their parts, one table of schemas/ each.
 * Part of shape.h, which has the types of their fields: include that. A struct's place is behind
 * those that it holds. */
#ifndef VERBATIM_SCHEMA_SHAPE_STRUCTS_H
#define VERBATIM_SCHEMA_SHAPE_STRUCTS_H

#define FIELD_TYPE_bool   bool
#define FIELD_TYPE_u32    uint32_t
#define FIELD_TYPE_u64    uint64_t
#define FIELD_TYPE_f32    float
#define FIELD_TYPE_amount float
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

#endif
