/* The reference of records and topics, printed from the tables. */
#ifndef VERBATIM_SCHEMA_REFERENCE_H
#define VERBATIM_SCHEMA_REFERENCE_H

#include "schema/record.h"

void reference_markdown(struct buffer *out);
void reference_json_schema(struct buffer *out); /* of a record as JSON; JSON Schema 2020-12 */
void reference_record_schema(struct buffer *out); /* the same as a part of OpenAPI */
void reference_asyncapi(struct buffer *out);    /* AsyncAPI 3.0, as JSON */
/* The JSON Schema of one shape, for OpenAPI and structured output; no $ref in it. */
void reference_shape_schema(const struct shape *shape, struct buffer *out);

#endif
