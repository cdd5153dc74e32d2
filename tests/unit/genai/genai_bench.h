/* What the tests of genai share: a record that has passed segment, and its insight. */
#ifndef VERBATIM_TESTS_GENAI_BENCH_H
#define VERBATIM_TESTS_GENAI_BENCH_H

#include "test.h"

#include "model/insight.h"
#include "worker_bench.h"
#include "workers/genai/genai.h"
#include "workers/genai/provider.h"

static inline const char *genai_folder(void)
{
    static char setting[512];
    const char *source = getenv("VERBATIM_SOURCE");
    snprintf(setting, sizeof setting, "genai.folder=%s/config", source ? source : ".");
    return setting;
}

/* The set-up of a group: one worker with the models that ship is every test's *state. */
static inline int genai_open(void **state)
{
    static struct bench bench;
    struct err err;
    must(bench_open(&bench, &genai_worker, genai_folder(), &err), &err);
    *state = &bench;
    return 0;
}

static inline int genai_close(void **state)
{
    bench_close(*state);
    return 0;
}

static inline struct str genai_message(struct bench *bench, const char *text, const char *language,
                                       float rating)
{
    struct record record = bench_document(bench, text, language, "review", rating);
    return bench_write(bench, &record);
}

static inline struct insight genai_insight(struct bench *bench, const struct record *record)
{
    struct insight insight;
    struct err err;
    must(record_decode(record, SECTION_INSIGHT, &insight, &bench->arena, &err), &err);
    return insight;
}

static inline struct insight genai_pass(struct bench *bench, const char *text, const char *language,
                                        float rating)
{
    struct record out;
    enum topic topic;
    assert_int_equal(bench_pass(bench, TOPIC_SEGMENTS, genai_message(bench, text, language, rating),
                                &topic, &out),
                     E_OK);
    if (topic == TOPIC_DEAD_LETTERS)
        fail_msg("dead letter: %.*s", STR_ARGS(bench_letter(bench, &out).message));
    assert_int_equal(topic, TOPIC_INSIGHTS);
    return genai_insight(bench, &out);
}

static inline bool has_need(const struct insight *insight, uint32_t kind)
{
    for (uint32_t i = 0; i < insight->needs.count; i++)
        if (insight->needs.items[i].kind == kind) return true;
    return false;
}

#endif
