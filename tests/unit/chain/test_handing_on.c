/* Four workers in one process hand records on in memory; over a bus each gets bytes.
 * Both give the same. */
#include "must.h"

#include <stdlib.h>

#include "runtime/chain.h"
#include "runtime/runtime.h"
#include "schema/intake.h"
#include "workers/featurize/featurize.h"
#include "workers/genai/genai.h"
#include "workers/preprocess/preprocess.h"
#include "workers/segment/segment.h"

static const struct worker *const workers[] = {
    &preprocess_worker, &featurize_worker, &segment_worker, &genai_worker};
enum { WORKERS = COUNT_OF(workers), NOW_MS = 1767323045 };

struct rig {
    struct config *config;
    const struct option_table **tables;
    struct clock_manual clock;
    struct chain *whole, *single[WORKERS];
};

/* What came out: as JSON, a line a message; and the bytes for the next worker. */
struct outcome {
    struct arena arena;
    struct buffer lines;
    struct str next, next_key;
    int letters;
};

static bool is_last(enum topic topic)
{
    return topic == TOPIC_SAFETY || topic == TOPIC_INSIGHTS || topic == TOPIC_DEAD_LETTERS;
}

static void take_output(void *user, const struct chain_message *message)
{
    struct outcome *outcome = user;
    struct record record = *message->record;
    struct err err;
    must(record_write(&record, &outcome->arena, &outcome->next, &err), &err);
    outcome->next_key = arena_copy(&outcome->arena, message->key);
    outcome->letters += message->topic == TOPIC_DEAD_LETTERS;
    if (!is_last(message->topic)) return;
    buffer_printf(&outcome->lines, "%s %.*s ", topic_info(message->topic)->name,
                  STR_ARGS(message->key));
    must(json_write_scanned(message->record, &outcome->lines, &err), &err);
    buffer_add_char(&outcome->lines, '\n');
    /* From its bytes the JSON is the same. */
    struct buffer again = {0};
    must(json_write_record(outcome->next, &again, &err), &err);
    size_t size = again.size;
    assert_true(outcome->lines.size > size);
    assert_memory_equal(again.data, outcome->lines.data + outcome->lines.size - 1 - size, size);
    buffer_deinit(&again);
}

static void forget(struct outcome *outcome)
{
    arena_deinit(&outcome->arena);
    buffer_deinit(&outcome->lines);
    *outcome = (struct outcome){0};
}

static void open_rig(struct rig *rig)
{
    static const struct { const char *name, *value; bool path; } settings[] = {
        {"preprocess.cues=", "/config/cues", true},
        {"segment.model=", "/config/models/segments.model", true},
        {"genai.folder=", "/config", true},
        {"preprocess.customer_key=", "0123456789abcdef", false},
    };
    struct err err;
    *rig = (struct rig){.tables = runtime_tables(workers, WORKERS)};
    clock_manual_init(&rig->clock, NOW_MS);
    must(config_create(rig->tables, &rig->config, &err), &err);
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        char setting[512];
        snprintf(setting, sizeof setting, "%s%s%s", settings[i].name,
                 settings[i].path ? getenv("VERBATIM_SOURCE") : "", settings[i].value);
        must(config_set(rig->config, str_of(setting), "test", &err), &err);
    }
    must(chain_create(workers, WORKERS, rig->config, &rig->clock.clock, &rig->whole, &err), &err);
    for (size_t i = 0; i < WORKERS; i++)
        must(chain_create(workers + i, 1, rig->config, &rig->clock.clock, &rig->single[i], &err),
             &err);
}

static void close_rig(struct rig *rig)
{
    chain_destroy(rig->whole);
    for (size_t i = 0; i < WORKERS; i++) chain_destroy(rig->single[i]);
    config_destroy(rig->config);
    free(rig->tables);
}

static void run_by_bytes(struct rig *rig, struct str key, struct str value, struct outcome *outcome)
{
    static const enum topic topics[WORKERS] = {
        TOPIC_FEEDBACK, TOPIC_DOCUMENTS, TOPIC_FEATURES, TOPIC_SEGMENTS};
    struct err err;
    for (size_t i = 0; i < WORKERS && !outcome->letters; i++) {
        struct chain_message message = {
            .topic = topics[i], .key = key, .value = value, .timestamp_ms = NOW_MS};
        must(chain_process(rig->single[i], &message, take_output, outcome, &err), &err);
        value = outcome->next, key = outcome->next_key;
    }
}

static void every_record_of_the_sample(void **state)
{
    struct rig rig;
    struct buffer sample = {0};
    struct random random;
    char path[512];
    struct err err;
    size_t records = 0;
    (void)state;
    open_rig(&rig);
    random_seed(&random, 1);
    struct uuid_generator ids = {.clock = &rig.clock.clock, .random = &random};
    struct intake_rules rules = {
        .keep_unknown = true, .ids = &ids, .received_ms = NOW_MS, .handed_on = true};
    snprintf(path, sizeof path, "%s/config/sample/feedback.ndjson", getenv("VERBATIM_SOURCE"));
    must(buffer_read_file(&sample, path, 16 << 20, &err), &err);
    for (struct str rest = buffer_str(&sample); rest.size; records++) {
        struct arena arena = {0};
        struct json_problems problems;
        struct intake intake;
        struct outcome in_memory = {0}, by_bytes = {0};
        struct str bytes;
        must(intake_json(str_cut(&rest, '\n'), &rules, records, &arena, &intake, &problems, &err),
             &err);
        assert_int_equal(intake.message.size, 0);
        struct record written = intake.record; /* its sections are encoded; the other's are not */
        must(record_write(&written, &arena, &bytes, &err), &err);
        struct chain_message message = {
            .topic = TOPIC_FEEDBACK, .key = intake.key, .record = &intake.record,
            .timestamp_ms = NOW_MS};
        must(chain_process(rig.whole, &message, take_output, &in_memory, &err), &err);
        assert_null(intake.record.sections[SECTION_FEEDBACK].data);
        run_by_bytes(&rig, intake.key, bytes, &by_bytes);
        buffer_cstr(&in_memory.lines), buffer_cstr(&by_bytes.lines);
        if (!str_equal(buffer_str(&in_memory.lines), buffer_str(&by_bytes.lines)))
            fail_msg("in memory: %s\nby bytes:  %s", in_memory.lines.data, by_bytes.lines.data);
        forget(&in_memory), forget(&by_bytes);
        arena_deinit(&arena);
    }
    assert_true(records > 100);
    buffer_deinit(&sample);
    close_rig(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_record_of_the_sample)};
    return cmocka_run_group_tests_name("handing on", tests, NULL, NULL);
}
