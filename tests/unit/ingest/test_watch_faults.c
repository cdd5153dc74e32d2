/* Watched files that are large, or meet a crash or a bus that fails: each is taken in once all the
 * same. */
#include "ingest_files.h"

#include "workers/ingest/watch.h"

/* `rows` numbered rows of about `bytes` bytes, one in 1000 refused, and one longer than a chunk. */
static void fill_large(struct buffer *out, bool csv, int rows, int bytes, bool with_long)
{
    if (csv) buffer_add(out, STR("text,product\n"));
    for (int i = 0; i < rows; i++) {
        bool bad = i % 1000 == 500;
        if (csv) buffer_printf(out, "\"%s%0*d\n\",%d\n", bad ? "\xFF" : "", bytes, i, i);
        else buffer_printf(out, "{\"%s\":\"%0*d\"}\n", bad ? "txet" : "text", bytes, i);
        if (!with_long || i != rows / 2) continue;
        if (csv) buffer_add_char(out, '"');
        for (int j = 0; j < 3 * CHUNK_BYTES; j++) buffer_add_char(out, 'x');
        buffer_add_char(out, '\n');
    }
    assert_false(out->failed);
}



static void test_large(void **state)
{
    static const struct {
        const char *why, *name;
        bool csv, with_long;
    } cases[] = {
        {"NDJSON of many chunks", "big.ndjson", false, false},
        {"CSV of many chunks", "big.csv", true, false},
        {"NDJSON with a row longer than a chunk", "long.ndjson", false, true},
        {"CSV with a quote that is not closed for longer than a chunk", "long.csv", true, true},
    };
    enum { ROWS = 6000, BYTES = 900 };
    struct rig rig;
    (void)state;
    rig_start(&rig, settings());
    size_t held = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer text = {0}, out = {0};
        char wanted[96];
        CASE(cases[i].why);
        fill_large(&text, cases[i].csv, ROWS, BYTES, cases[i].with_long);
        write_file(cases[i].name, buffer_str(&text));
        await_receipt(cases[i].name, &out);
        snprintf(wanted, sizeof wanted, "\"rows\":%d,\"accepted\":%d,\"refused\":%d",
                 ROWS + cases[i].with_long, ROWS - 6, 6 + cases[i].with_long);
        if (!holds(buffer_str(&out), wanted)) fail_msg("%s", buffer_cstr(&out));
        held += ROWS - 6;
        assert_int_equal(rig_read_feedback(&rig, NULL, NULL), held);
        /* tidied up, behind the receipt */
        RIG_AWAIT((read_ours("receipts", cases[i].name, ".progress", &out), out.size == 0));
        read_ours("validation", cases[i].name, ".ndjson", &out);
        size_t lines = 0;
        for (size_t j = 0; j < out.size; j++) lines += out.data[j] == '\n';
        assert_int_equal(lines, 6 + cases[i].with_long);
        buffer_deinit(&text);
        buffer_deinit(&out);
    }
    assert_int_equal(rig_stop(&rig), E_OK);
}

/* The bus stops to answer in the middle, and the worker is stopped; the next one goes on
 * where this one was. */
static void test_interrupted(void **state)
{
    enum { ROWS = 400, BYTES = 20000 };
    static struct records records;
    struct rig rig;
    struct buffer text = {0}, out = {0};
    (void)state;
    records = (struct records){.count = 0};
    fill_large(&text, false, ROWS, BYTES, false);
    write_file("cut.ndjson", buffer_str(&text));
    rig_start(&rig, settings());
    RIG_AWAIT((read_ours("receipts", "cut.ndjson", ".progress", &out), out.size > 0) ||
              has_receipt("cut.ndjson", &out));
    atomic_store(&rig_produce, PRODUCE_LOST);
    assert_int_equal(rig_stop(&rig), E_OK);
    atomic_store(&rig_produce, PRODUCE_WELL);
    rig_start(&rig, settings());
    await_receipt("cut.ndjson", &out);
    assert_true(holds(buffer_str(&out), "\"rows\":400,\"accepted\":400,\"refused\":0"));
    rig_read_feedback(&rig, on_record, &records);
    assert_true(records.count <= COUNT_OF(records.ids));
    assert_int_equal(distinct(&records), ROWS); /* what was sent twice has the same id */
    assert_int_equal(rig_stop(&rig), E_OK);
    buffer_deinit(&text);
    buffer_deinit(&out);
}

static void test_failing_bus(void **state)
{
    static const int faults[] = {PRODUCE_BUSY, PRODUCE_REFUSED, PRODUCE_LOST};
    struct rig rig;
    struct buffer out = {0};
    (void)state;
    rig_start(&rig, settings());
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        char name[32];
        snprintf(name, sizeof name, "f%zu.ndjson", i);
        atomic_store(&rig_produce, faults[i]);
        int before = atomic_load(&rig_produced_calls);
        write_file(name, STR("{\"text\":\"one\"}\n"));
        RIG_AWAIT(atomic_load(&rig_produced_calls) > before);
        assert_false(has_receipt(name, &out)); /* not before the bus has it */
        atomic_store(&rig_produce, PRODUCE_WELL);
        await_receipt(name, &out);
        assert_int_equal(rig_read_feedback(&rig, NULL, NULL), i + 1);
    }
    assert_int_equal(rig_stop(&rig), E_OK);
    buffer_deinit(&out);
}

/* A row that the bus will never take: its file is given up, and says so;
 * those behind it are not held up. */
static void test_larger_than_the_bus_takes(void **state)
{
    struct rig rig;
    struct buffer out = {0};
    (void)state;
    rig_start(&rig, settings());
    atomic_store(&rig_produce, PRODUCE_LARGE);
    write_file("large.ndjson", STR("{\"text\":\"one\"}\n"));
    await_receipt("large.ndjson", &out);
    assert_true(holds(buffer_str(&out), "\"status\":\"failed\"") &&
                holds(buffer_str(&out), "more than the broker takes"));
    atomic_store(&rig_produce, PRODUCE_WELL);
    write_file("next.ndjson", STR("{\"text\":\"one\"}\n"));
    await_receipt("next.ndjson", &out);
    assert_int_equal(rig_read_feedback(&rig, NULL, NULL), 1);
    assert_int_equal(rig_stop(&rig), E_OK);
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCH_TEST(test_large), WATCH_TEST(test_interrupted), WATCH_TEST(test_failing_bus),
        WATCH_TEST(test_larger_than_the_bus_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
