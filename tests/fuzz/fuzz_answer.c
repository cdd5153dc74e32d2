/* links: worker_genai common_schema */
/* A model's answer: whatever it says, what is kept of it fits the schema, and its evidence is in
 * the text. */
#include <assert.h>

#include "model/insight.h"
#include "schema/record.h"
#include "workers/genai/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "The lid broke and cut my hand. D\xc3\xa9\xc3\xa7u \xe2\x80\x93 "
                           "\xe2\x80\x9cnever again\xe2\x80\x9d. Delivery was quick.";

static void sound(struct insight *insight, struct arena *arena)
{
    struct str whole = str_make(text, sizeof text - 1), bytes;
    struct insight again;
    struct err err = {0};
    for (uint32_t i = 0; i < insight->needs.count; i++)
        assert(evidence_holds(whole, insight->needs.items[i].start, insight->needs.items[i].end));
    for (uint32_t i = 0; i < insight->mentions.count; i++)
        assert(evidence_holds(whole, insight->mentions.items[i].start,
                              insight->mentions.items[i].end));
    for (uint32_t i = 0; i < insight->signals.count; i++)
        assert(
            evidence_holds(whole, insight->signals.items[i].start, insight->signals.items[i].end));
    for (uint32_t i = 0; i < insight->recommendations.count; i++)
        assert(evidence_holds(whole, insight->recommendations.items[i].start,
                              insight->recommendations.items[i].end));
    for (uint32_t i = 0; i < insight->sentiment.evidence.count; i++)
        assert(evidence_holds(whole, insight->sentiment.evidence.items[i].start,
                              insight->sentiment.evidence.items[i].end));
    shape_set(insight, insight, provider, STR("fuzz"));
    int rc = shape_encode(&insight_shape, insight, arena, &bytes, &err);
    assert(rc == E_OK);
    rc = shape_decode(&insight_shape, bytes, &again, arena, &err);
    assert(rc == E_OK); /* types, bounds and required fields are what the schema says */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct str ids[] = {{"a", 1}, {"b", 1}, {"c", 1}},
                            topics[] = {{"delivery", 8}, {"quality", 7}};
    static const struct answer_rules rules = {
        .topics = topics,
        .topic_count = 2,
        .prompt = {"You read what customers wrote about products.", 44},
        .canary = {"c0ffee00", 8},
        .mark = {"01234567", 8}};
    struct answer_parts parts;
    struct arena arena;
    struct err err = {0};
    arena_init(&arena, 64 << 20);
    int rc = answer_split(str_make(data, size), ids, 3, &parts, &err);
    assert(rc == E_OK || rc == E_BAD_JSON || rc == E_BAD_MESSAGE);
    for (uint32_t i = 0; rc == E_OK && i < 3; i++) {
        struct insight insight;
        struct answer_notes notes;
        if (!parts.raw[i].data) continue;
        int read = answer_read(&rules, parts.raw[i], str_make(text, sizeof text - 1), &arena,
                               &insight, &notes, &err);
        assert(read == E_OK || read == E_BAD_JSON || read == E_BAD_MESSAGE || read == E_NO_MEMORY ||
               read == E_BAD_TEXT);
        if (read == E_OK) assert(notes.dropped <= notes.claims), sound(&insight, &arena);
    }
    arena_deinit(&arena);
    return 0;
}
