/* preprocess by itself: a message in, and what it emitted, decoded. */
#ifndef VERBATIM_TESTS_PREPROCESS_RIG_H
#define VERBATIM_TESTS_PREPROCESS_RIG_H

#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "runtime/chain.h"
#include "workers/preprocess/preprocess.h"

struct out {
    enum topic topic;
    char key[128];
    struct record record;
    struct document document;
    struct safety safety;
    struct feedback feedback;
    struct dead_letter letter;
    struct str raw;
};

struct rig {
    struct config *config;
    struct chain *chain;
    struct arena arena;
    struct out outs[4];
    int count;
};

static inline void decode(struct rig *rig, struct out *out, struct str value)
{
    struct err err;
    struct str copy = arena_copy(&rig->arena, value);
    out->raw = copy;
    assert_int_equal(record_scan(copy, &rig->arena, &out->record, &err), E_OK);
    if (record_has(&out->record, SECTION_FEEDBACK))
        assert_int_equal(
            record_decode(&out->record, SECTION_FEEDBACK, &out->feedback, &rig->arena, &err), E_OK);
    if (record_has(&out->record, SECTION_DOCUMENT))
        assert_int_equal(
            record_decode(&out->record, SECTION_DOCUMENT, &out->document, &rig->arena, &err), E_OK);
    if (record_has(&out->record, SECTION_SAFETY))
        assert_int_equal(
            record_decode(&out->record, SECTION_SAFETY, &out->safety, &rig->arena, &err), E_OK);
    if (record_has(&out->record, SECTION_DEAD_LETTER))
        assert_int_equal(
            record_decode(&out->record, SECTION_DEAD_LETTER, &out->letter, &rig->arena, &err),
            E_OK);
}

static inline void on_output(void *user, const struct chain_message *message)
{
    struct rig *rig = user;
    struct str value;
    struct err err;
    assert_true(rig->count < (int)COUNT_OF(rig->outs));
    struct out *out = &rig->outs[rig->count++];
    *out = (struct out){.topic = message->topic};
    snprintf(out->key, sizeof out->key, "%.*s", STR_ARGS(message->key));
    assert_int_equal(record_write(message->record, &rig->arena, &value, &err), E_OK);
    decode(rig, out, value);
}

static inline void open_rig(struct rig *rig, const char *folder)
{
    static const struct worker *const workers[] = {&preprocess_worker};
    static const struct option_table *tables[2];
    struct err err;
    char cues[512], setting[512];
    *rig = (struct rig){0};
    tables[0] = preprocess_worker.options;
    assert_int_equal(config_create(tables, &rig->config, &err), E_OK);
    snprintf(cues, sizeof cues, "preprocess.cues=%s/config/cues", getenv("VERBATIM_SOURCE"));
    assert_int_equal(config_set(rig->config, str_of(cues), "test", &err), E_OK);
    assert_int_equal(
        config_set(rig->config, STR("preprocess.customer_key=0123456789abcdef"), "test", &err),
        E_OK);
    assert_int_equal(config_set(rig->config, STR("preprocess.window_records=1024"), "test", &err),
                     E_OK);
    snprintf(setting, sizeof setting, "preprocess.folder=%s", folder);
    if (folder[0]) assert_int_equal(config_set(rig->config, str_of(setting), "test", &err), E_OK);
    assert_int_equal(chain_create(workers, 1, rig->config, clock_system(), &rig->chain, &err),
                     E_OK);
}

static inline void close_rig(struct rig *rig)
{
    chain_destroy(rig->chain);
    config_destroy(rig->config);
    arena_deinit(&rig->arena);
}

/* Sends a message whose feedback has these fields; text NULL: it has none. */
static inline void receive(struct rig *rig, const char *id, struct feedback *feedback, int64_t at_ms)
{
    struct record record = {.version = RECORD_VERSION, .id = str_of(id)};
    struct chain_message message = {
        .topic = TOPIC_FEEDBACK, .key = str_of(id), .timestamp_ms = at_ms};
    struct err err;
    rig->count = 0;
    assert_int_equal(record_put(&record, SECTION_FEEDBACK, feedback, &rig->arena, &err), E_OK);
    assert_int_equal(record_write(&record, &rig->arena, &message.value, &err), E_OK);
    assert_int_equal(chain_process(rig->chain, &message, on_output, rig, &err), E_OK);
}

static inline struct feedback said(const char *text)
{
    struct feedback feedback = {0};
    if (text) shape_set(feedback, &feedback, text, str_of(text));
    return feedback;
}

static inline bool raw_holds(const struct out *out, const char *needle)
{
    return str_find(out->raw, str_of(needle)) < out->raw.size;
}

#endif
