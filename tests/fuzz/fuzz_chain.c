/* links: worker_preprocess worker_featurize worker_segment worker_genai */
/* Bytes of a topic, and JSON that was posted, through the workers between the front door and
 * insights. "0" to "3" and msgpack: as preprocess, featurize, segment, genai read it; "j" and JSON:
 * as a post. Each ends as one insight or one dead letter, and what an insight claims holds. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/insight.h"
#include "runtime/chain.h"
#include "runtime/runtime.h"
#include "schema/intake.h"
#include "schema/json.h"
#include "workers/featurize/featurize.h"
#include "workers/genai/genai.h"
#include "workers/preprocess/preprocess.h"
#include "workers/segment/segment.h"

static const struct worker *const workers[] = {
    &preprocess_worker, &featurize_worker, &segment_worker, &genai_worker};
enum { WORKERS = sizeof workers / sizeof *workers, NOW_MS = 1767323045 };
static const enum topic topics[WORKERS] = {
    TOPIC_FEEDBACK, TOPIC_DOCUMENTS, TOPIC_FEATURES, TOPIC_SEGMENTS};

static struct chain *chain;
static struct clock_manual now;

/* Models and lists from the folder that a test names, or from the one that the fuzzer runs in. */
static void open_chain(void)
{
    const char *source = getenv("VERBATIM_SOURCE");
    struct config *config;
    struct err err;
    clock_manual_init(&now, NOW_MS);
    setenv("VERBATIM_HOME", source ? source : ".", 1);
    if (config_create(runtime_tables(workers, WORKERS), &config, &err) ||
        config_set(config, STR("preprocess.customer_key=0123456789abcdef"), "fuzz", &err) ||
        config_set(config, STR("preprocess.drop_retried=false"), "fuzz", &err) ||
        chain_create(workers, WORKERS, config, &now.clock, &chain, &err)) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
}

static void check_insight(struct str text, const struct insight *insight)
{
    for (uint32_t i = 0; i < insight->needs.count; i++)
        assert(evidence_holds(text, insight->needs.items[i].start, insight->needs.items[i].end));
    for (uint32_t i = 0; i < insight->mentions.count; i++)
        assert(evidence_holds(text, insight->mentions.items[i].start,
                              insight->mentions.items[i].end));
    for (uint32_t i = 0; i < insight->recommendations.count; i++)
        assert(evidence_holds(text, insight->recommendations.items[i].start,
                              insight->recommendations.items[i].end));
}

/* What comes out is bytes that scan, and JSON. */
static void check_written(const struct chain_message *message, struct arena *arena)
{
    struct record record = *message->record, again;
    struct buffer json = {0};
    struct str written;
    struct err err;
    assert(!record_write(&record, arena, &written, &err));
    assert(!record_scan(written, arena, &again, &err));
    assert(!json_write_record(written, &json, &err) && str_is_utf8(buffer_str(&json)));
    buffer_deinit(&json);
    if (message->topic != TOPIC_INSIGHTS) return;
    struct document document;
    struct insight insight;
    assert(!record_decode(&again, SECTION_DOCUMENT, &document, arena, &err));
    assert(!record_decode(&again, SECTION_INSIGHT, &insight, arena, &err));
    check_insight(document.text, &insight);
}

static void take_output(void *user, const struct chain_message *message)
{
    static struct arena arena;
    int *ends = user;
    *ends += message->topic == TOPIC_INSIGHTS || message->topic == TOPIC_DEAD_LETTERS;
    check_written(message, &arena);
    arena_reset(&arena);
}

static void process(struct chain_message *message)
{
    int ends = 0;
    struct err err;
    message->key = STR("key"), message->timestamp_ms = NOW_MS;
    int rc = chain_process(chain, message, take_output, &ends, &err);
    assert(rc == E_OK && ends == 1);
}

static void post(struct str json)
{
    static struct random random;
    static struct arena arena;
    struct uuid_generator ids = {.clock = &now.clock, .random = &random};
    struct intake_rules rules = {
        .keep_unknown = true, .ids = &ids, .received_ms = NOW_MS, .handed_on = true};
    struct json_problems problems;
    struct intake intake;
    struct err err;
    if (!intake_json(json, &rules, 0, &arena, &intake, &problems, &err))
        process(&(struct chain_message){.topic = TOPIC_FEEDBACK, .record = &intake.record});
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!chain) open_chain();
    if (size == 0) return 0;
    struct str rest = str_make(data + 1, size - 1);
    if (data[0] == 'j') post(rest);
    else process(&(struct chain_message){.topic = topics[data[0] % WORKERS], .value = rest});
    return 0;
}
