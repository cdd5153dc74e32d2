/* What preprocess hands on must be what the next worker can read, whatever the text
 * set off in it. */
#include "test.h"

#include "worker_bench.h"
#include "workers/preprocess/preprocess.h"

static struct str feedback_message(struct bench *bench, const char *text)
{
    struct record record = {.version = RECORD_VERSION, .id = STR("r-1")};
    struct feedback feedback = {0};
    struct err err;
    shape_set(feedback, &feedback, text, str_of(text));
    must(record_put(&record, SECTION_FEEDBACK, &feedback, &bench->arena, &err), &err);
    return bench_write(bench, &record);
}

static struct str header_of(const struct bus_output *output, struct str name)
{
    for (uint32_t i = 0; i < output->header_count; i++)
        if (str_equal(output->headers[i].name, name)) return output->headers[i].value;
    fail_msg("no %.*s", STR_ARGS(name));
    return (struct str){0};
}

/* As a consumer of several topics may leave out what has the source and id of another event. */
static void check_events(const struct bus_output *outputs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t n = 0; n < i; n++)
            assert_false(str_equal(header_of(&outputs[i], STR("ce_id")),
                                   header_of(&outputs[n], STR("ce_id"))) &&
                         str_equal(header_of(&outputs[i], STR("ce_source")),
                                   header_of(&outputs[n], STR("ce_source"))));
}

/* Every output is a record of valid sections. Returns the safety section's evidence count. */
static uint32_t check_outputs(struct bench *bench)
{
    uint32_t evidence = 0;
    assert_true(flow_gather(&bench->flow));
    check_events(bench->flow.outputs, bench->flow.output_count);
    for (size_t i = 0; i < bench->flow.output_count; i++) {
        const struct bus_output *output = &bench->flow.outputs[i];
        struct record record;
        struct document document;
        struct safety safety;
        struct err err;
        assert_int_not_equal(output->topic, TOPIC_DEAD_LETTERS);
        must(record_scan(output->value, &bench->arena, &record, &err), &err);
        must(record_decode(&record, SECTION_DOCUMENT, &document, &bench->arena, &err), &err);
        must(record_decode(&record, SECTION_SAFETY, &safety, &bench->arena, &err), &err);
        evidence = safety.evidence.count;
        for (uint32_t n = 0; n < evidence; n++) {
            struct str cue = safety.evidence.items[n].cue;
            assert_true(cue.size && str_is_utf8(cue));
            assert_true(str_find(cue, STR(" ! ")) == cue.size); /* its conditions are no name */
            assert_true(str_find(cue, STR(" & ")) == cue.size);
            assert_true(safety.evidence.items[n].end <= document.text.size);
        }
    }
    flow_committed(&bench->flow);
    return evidence;
}

static void test_outputs_can_be_read(void **state)
{
    static const struct {
        const char *why, *text;
        bool cue;
    } cases[] = {
        /* its list entry has more than 128 bytes */
        {"a long cue with accents is cut at a character",
         "A l'h\xc3\xb4pital, on me dit que c'est normal.", true},
        {"Spanish", "A mi madre la ingresaron en el hospital despu\xc3\xa9s de tomarlo.", true},
        {"a cue with conditions", "I was hospitalised with a rash.", true},
        {"English", "I was rushed to hospital after the second pill.", true},
        {"markup and entities", "<p>Caf\xc3\xa9 &amp; th\xc3\xa9 &#x1F600; <b>bon</b></p>", false},
        {"personal data",
         "Call me on +44 20 7946 0958 or write to jane@example.com, caf\xc3\xa9 lover.", false},
    };
    struct bench bench;
    struct err err;
    char setting[512];
    const char *source = getenv("VERBATIM_SOURCE");
    (void)state;
    snprintf(setting, sizeof setting, "preprocess.cues=%s/config/cues", source ? source : ".");
    must(bench_open(&bench, &preprocess_worker, setting, &err), &err);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        bench_send(&bench, TOPIC_FEEDBACK, feedback_message(&bench, cases[i].text));
        uint32_t evidence = check_outputs(&bench);
        if (cases[i].cue) assert_true(evidence > 0);
    }
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_outputs_can_be_read)};
    return cmocka_run_group_tests_name("preprocess outputs", tests, NULL, NULL);
}
