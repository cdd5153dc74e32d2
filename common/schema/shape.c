/* The field tables, from schemas/, and looking names up in them. */
#include "schema/json_write_fields.h"

#define VALUE_NAME(v) #v,
#define VALUE_WORD(v) JSON_WORD("\"" #v "\""),
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
    .offset = offsetof(struct OWNER, name_), .most = most_, .word = JSON_WORD(",\"" #name_ "\":")
#define FIELD(type_, name_, need_, most_, help_)  {ROW(name_, KIND_##type_, need_, most_, help_)},
#define ENUM(type_, name_, need_, most_, help_) \
    {ROW(name_, KIND_enum, need_, most_, help_), .enumeration = &type_##_enumeration},
#define SET(type_, name_, need_, most_, help_) \
    {ROW(name_, KIND_set, need_, most_, help_), .enumeration = &type_##_enumeration},
#define STRUCT(type_, name_, need_, most_, help_) \
    {ROW(name_, KIND_struct, need_, most_, help_), .shape = &type_##_shape},
#define LIST(type_, name_, need_, most_, help_) \
    {ROW(name_, KIND_list, need_, most_, help_), .shape = &type_##_shape},
/* Behind its table. The writer is compiled for this table alone: what its fields are is known. */
#define SHAPE(name_)                                                                               \
    _Static_assert((int)FIELD_##name_##_count <= (int)SHAPE_FIELDS_MAX, "one bit a field");        \
    static char *write_##name_(struct buffer *out, char *at, const void *value, size_t more)       \
    {                                                                                              \
        return json_write_fields(out, at, name_##_fields, FIELD_##name_##_count, value, more);     \
    }                                                                                              \
    const struct shape name_##_shape = {                                                           \
        .name = #name_, .fields = name_##_fields, .count = FIELD_##name_##_count,                  \
        .struct_bytes = sizeof(struct name_), .write_json = write_##name_};

#define OWNER redaction
static const struct field redaction_fields[] = {
#include "schemas/redaction.def"
};
SHAPE(redaction)
#undef OWNER

#define OWNER feedback
static const struct field feedback_fields[] = {
#include "schemas/feedback.def"
};
SHAPE(feedback)
#undef OWNER

#define OWNER document
static const struct field document_fields[] = {
#include "schemas/document.def"
};
SHAPE(document)
#undef OWNER

#define OWNER criteria
static const struct field criteria_fields[] = {
#include "schemas/criteria.def"
};
SHAPE(criteria)
#undef OWNER

#define OWNER evidence
static const struct field evidence_fields[] = {
#include "schemas/evidence.def"
};
SHAPE(evidence)
#undef OWNER

#define OWNER named_product
static const struct field named_product_fields[] = {
#include "schemas/named_product.def"
};
SHAPE(named_product)
#undef OWNER

#define OWNER safety
static const struct field safety_fields[] = {
#include "schemas/safety.def"
};
SHAPE(safety)
#undef OWNER

#define OWNER features
static const struct field features_fields[] = {
#include "schemas/features.def"
};
SHAPE(features)
#undef OWNER

#define OWNER segment
static const struct field segment_fields[] = {
#include "schemas/segment.def"
};
SHAPE(segment)
#undef OWNER

#define OWNER span
static const struct field span_fields[] = {
#include "schemas/span.def"
};
SHAPE(span)
#undef OWNER

#define OWNER sentiment
static const struct field sentiment_fields[] = {
#include "schemas/sentiment.def"
};
SHAPE(sentiment)
#undef OWNER

#define OWNER need
static const struct field need_fields[] = {
#include "schemas/need.def"
};
SHAPE(need)
#undef OWNER

#define OWNER mention
static const struct field mention_fields[] = {
#include "schemas/mention.def"
};
SHAPE(mention)
#undef OWNER

#define OWNER aspect
static const struct field aspect_fields[] = {
#include "schemas/aspect.def"
};
SHAPE(aspect)
#undef OWNER

#define OWNER recommendation
static const struct field recommendation_fields[] = {
#include "schemas/recommendation.def"
};
SHAPE(recommendation)
#undef OWNER

#define OWNER signal
static const struct field signal_fields[] = {
#include "schemas/signal.def"
};
SHAPE(signal)
#undef OWNER

#define OWNER insight
static const struct field insight_fields[] = {
#include "schemas/insight.def"
};
SHAPE(insight)
#undef OWNER

#define OWNER dead_letter
static const struct field dead_letter_fields[] = {
#include "schemas/dead_letter.def"
};
SHAPE(dead_letter)
#undef OWNER

#define OWNER audit
static const struct field audit_fields[] = {
#include "schemas/audit.def"
};
SHAPE(audit)
#undef OWNER

#define OWNER posting
static const struct field posting_fields[] = {
#include "schemas/posting.def"
};
SHAPE(posting)
#undef OWNER

#define OWNER account
static const struct field account_fields[] = {
#include "schemas/account.def"
};
SHAPE(account)
#undef OWNER

#define OWNER receipt
static const struct field receipt_fields[] = {
#include "schemas/receipt.def"
};
SHAPE(receipt)
#undef OWNER

#define OWNER ledger
static const struct field ledger_fields[] = {
#include "schemas/ledger.def"
};
SHAPE(ledger)
#undef OWNER

#define OWNER digest_need
static const struct field digest_need_fields[] = {
#include "schemas/digest_need.def"
};
SHAPE(digest_need)
#undef OWNER

#define OWNER digest_row
static const struct field digest_row_fields[] = {
#include "schemas/digest_row.def"
};
SHAPE(digest_row)
#undef OWNER

#define OWNER digest_place
static const struct field digest_place_fields[] = {
#include "schemas/digest_place.def"
};
SHAPE(digest_place)
#undef OWNER

#define OWNER digest_claim
static const struct field digest_claim_fields[] = {
#include "schemas/digest_claim.def"
};
SHAPE(digest_claim)
#undef OWNER

#define OWNER digest_story
static const struct field digest_story_fields[] = {
#include "schemas/digest_story.def"
};
SHAPE(digest_story)
#undef OWNER

#define OWNER digest
static const struct field digest_fields[] = {
#include "schemas/digest.def"
};
SHAPE(digest)
#undef OWNER

#define OWNER purchase
static const struct field purchase_fields[] = {
#include "schemas/purchase.def"
};
SHAPE(purchase)
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
