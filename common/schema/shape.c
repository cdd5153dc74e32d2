/* The field tables, from schemas/, and looking names up in them. */
#include "schema/shape.h"

/* `behind`: what follows the closing quote. One that is too long is a constraint violation. */
#define WORD(v, behind) {.text = "\"" v "\"" behind, .size = sizeof("\"" v "\"" behind) - 1}
#define VALUE_NAME(v) #v,
#define VALUE_WORD(v) WORD(#v, ""),
#define ENUMERATION(name_, VALUES)                                              \
    static const char *const name_##_values[] = {VALUES(VALUE_NAME)};           \
    static const struct json_word name_##_words[] = {VALUES(VALUE_WORD)};       \
    const struct enumeration name_##_enumeration = {                            \
        .name = #name_, .values = name_##_values, .words = name_##_words,       \
        .count = ENUM_##name_##_count};
#include "schemas/enums.def"
#undef ENUMERATION

#define REQUIRED true
#define OPTIONAL false
#define ROW(name_, kind_, need_, most_, help_)                                                     \
    .name = #name_, .help = help_, .name_size = sizeof #name_ - 1, .kind = kind_,                  \
    .required = need_,                                                                             \
    .offset = offsetof(struct OWNER, name_), .most = most_, .word = WORD(#name_, ":")
#define FIELD(type_, name_, need_, most_, help_)  {ROW(name_, KIND_##type_, need_, most_, help_)},
#define ENUM(type_, name_, need_, most_, help_) \
    {ROW(name_, KIND_enum, need_, most_, help_), .enumeration = &type_##_enumeration},
#define SET(type_, name_, need_, most_, help_) \
    {ROW(name_, KIND_set, need_, most_, help_), .enumeration = &type_##_enumeration},
#define STRUCT(type_, name_, need_, most_, help_) \
    {ROW(name_, KIND_struct, need_, most_, help_), .shape = &type_##_shape},
#define LIST(type_, name_, need_, most_, help_) \
    {ROW(name_, KIND_list, need_, most_, help_), .shape = &type_##_shape},
#define SHAPE_OF(name_)                                                                            \
    {.name = #name_, .fields = name_##_fields, .count = FIELD_##name_##_count,                     \
     .struct_bytes = sizeof(struct name_)}

#define OWNER redaction
static const struct field redaction_fields[] = {
#include "schemas/redaction.def"
};
const struct shape redaction_shape = SHAPE_OF(redaction);
_Static_assert((int)FIELD_redaction_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER feedback
static const struct field feedback_fields[] = {
#include "schemas/feedback.def"
};
const struct shape feedback_shape = SHAPE_OF(feedback);
_Static_assert((int)FIELD_feedback_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER document
static const struct field document_fields[] = {
#include "schemas/document.def"
};
const struct shape document_shape = SHAPE_OF(document);
_Static_assert((int)FIELD_document_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER criteria
static const struct field criteria_fields[] = {
#include "schemas/criteria.def"
};
const struct shape criteria_shape = SHAPE_OF(criteria);
_Static_assert((int)FIELD_criteria_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER evidence
static const struct field evidence_fields[] = {
#include "schemas/evidence.def"
};
const struct shape evidence_shape = SHAPE_OF(evidence);
_Static_assert((int)FIELD_evidence_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER named_product
static const struct field named_product_fields[] = {
#include "schemas/named_product.def"
};
const struct shape named_product_shape = SHAPE_OF(named_product);
_Static_assert((int)FIELD_named_product_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER safety
static const struct field safety_fields[] = {
#include "schemas/safety.def"
};
const struct shape safety_shape = SHAPE_OF(safety);
_Static_assert((int)FIELD_safety_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER features
static const struct field features_fields[] = {
#include "schemas/features.def"
};
const struct shape features_shape = SHAPE_OF(features);
_Static_assert((int)FIELD_features_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER segment
static const struct field segment_fields[] = {
#include "schemas/segment.def"
};
const struct shape segment_shape = SHAPE_OF(segment);
_Static_assert((int)FIELD_segment_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER span
static const struct field span_fields[] = {
#include "schemas/span.def"
};
const struct shape span_shape = SHAPE_OF(span);
_Static_assert((int)FIELD_span_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER sentiment
static const struct field sentiment_fields[] = {
#include "schemas/sentiment.def"
};
const struct shape sentiment_shape = SHAPE_OF(sentiment);
_Static_assert((int)FIELD_sentiment_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER need
static const struct field need_fields[] = {
#include "schemas/need.def"
};
const struct shape need_shape = SHAPE_OF(need);
_Static_assert((int)FIELD_need_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER mention
static const struct field mention_fields[] = {
#include "schemas/mention.def"
};
const struct shape mention_shape = SHAPE_OF(mention);
_Static_assert((int)FIELD_mention_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER aspect
static const struct field aspect_fields[] = {
#include "schemas/aspect.def"
};
const struct shape aspect_shape = SHAPE_OF(aspect);
_Static_assert((int)FIELD_aspect_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER recommendation
static const struct field recommendation_fields[] = {
#include "schemas/recommendation.def"
};
const struct shape recommendation_shape = SHAPE_OF(recommendation);
_Static_assert((int)FIELD_recommendation_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER signal
static const struct field signal_fields[] = {
#include "schemas/signal.def"
};
const struct shape signal_shape = SHAPE_OF(signal);
_Static_assert((int)FIELD_signal_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER insight
static const struct field insight_fields[] = {
#include "schemas/insight.def"
};
const struct shape insight_shape = SHAPE_OF(insight);
_Static_assert((int)FIELD_insight_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER dead_letter
static const struct field dead_letter_fields[] = {
#include "schemas/dead_letter.def"
};
const struct shape dead_letter_shape = SHAPE_OF(dead_letter);
_Static_assert((int)FIELD_dead_letter_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER audit
static const struct field audit_fields[] = {
#include "schemas/audit.def"
};
const struct shape audit_shape = SHAPE_OF(audit);
_Static_assert((int)FIELD_audit_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER posting
static const struct field posting_fields[] = {
#include "schemas/posting.def"
};
const struct shape posting_shape = SHAPE_OF(posting);
_Static_assert((int)FIELD_posting_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER account
static const struct field account_fields[] = {
#include "schemas/account.def"
};
const struct shape account_shape = SHAPE_OF(account);
_Static_assert((int)FIELD_account_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER receipt
static const struct field receipt_fields[] = {
#include "schemas/receipt.def"
};
const struct shape receipt_shape = SHAPE_OF(receipt);
_Static_assert((int)FIELD_receipt_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER ledger
static const struct field ledger_fields[] = {
#include "schemas/ledger.def"
};
const struct shape ledger_shape = SHAPE_OF(ledger);
_Static_assert((int)FIELD_ledger_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER digest_need
static const struct field digest_need_fields[] = {
#include "schemas/digest_need.def"
};
const struct shape digest_need_shape = SHAPE_OF(digest_need);
_Static_assert((int)FIELD_digest_need_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER digest_row
static const struct field digest_row_fields[] = {
#include "schemas/digest_row.def"
};
const struct shape digest_row_shape = SHAPE_OF(digest_row);
_Static_assert((int)FIELD_digest_row_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER digest_place
static const struct field digest_place_fields[] = {
#include "schemas/digest_place.def"
};
const struct shape digest_place_shape = SHAPE_OF(digest_place);
_Static_assert((int)FIELD_digest_place_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER digest_claim
static const struct field digest_claim_fields[] = {
#include "schemas/digest_claim.def"
};
const struct shape digest_claim_shape = SHAPE_OF(digest_claim);
_Static_assert((int)FIELD_digest_claim_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER digest_story
static const struct field digest_story_fields[] = {
#include "schemas/digest_story.def"
};
const struct shape digest_story_shape = SHAPE_OF(digest_story);
_Static_assert((int)FIELD_digest_story_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER digest
static const struct field digest_fields[] = {
#include "schemas/digest.def"
};
const struct shape digest_shape = SHAPE_OF(digest);
_Static_assert((int)FIELD_digest_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

#define OWNER purchase
static const struct field purchase_fields[] = {
#include "schemas/purchase.def"
};
const struct shape purchase_shape = SHAPE_OF(purchase);
_Static_assert((int)FIELD_purchase_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");
#undef OWNER

uint32_t enumeration_find(const struct enumeration *enumeration, struct str value)
{
    for (uint32_t i = 0; i < enumeration->count; i++)
        if (str_equal(value, str_of(enumeration->values[i]))) return i;
    return enumeration->count;
}

static bool has_name(const struct field *field, struct str name)
{
    return name.size == field->name_size && memcmp(name.data, field->name, name.size) == 0;
}

const struct field *shape_field(const struct shape *shape, struct str name)
{
    for (uint32_t i = 0; i < shape->count; i++)
        if (has_name(&shape->fields[i], name)) return &shape->fields[i];
    return NULL;
}

const struct field *shape_field_near(const struct shape *shape, struct str name, uint32_t number)
{
    for (uint32_t i = number; i < shape->count; i++)
        if (has_name(&shape->fields[i], name)) return &shape->fields[i];
    for (uint32_t i = 0; i < number && i < shape->count; i++)
        if (has_name(&shape->fields[i], name)) return &shape->fields[i];
    return NULL;
}
