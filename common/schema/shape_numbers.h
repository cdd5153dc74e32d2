/* The number of each field in its struct, which is its bit in `present`: FIELD_<struct>_<field>,
 * and FIELD_<struct>_count. Part of shape.h: include that. */
#ifndef VERBATIM_SCHEMA_SHAPE_NUMBERS_H
#define VERBATIM_SCHEMA_SHAPE_NUMBERS_H

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

#endif
