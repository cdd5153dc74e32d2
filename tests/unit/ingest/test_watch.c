/* Watched files: each is taken in once; refused rows and a receipt lie beside it. */
#include "ingest_files.h"

#include "workers/ingest/watch.h"

/* --- stores, counted as they are opened and listed; the CMakeLists wraps both ----------------- */

static atomic_int opens, opens_fail, lists;

int __real_store_list(struct store *store, struct str prefix, struct str after, size_t limit,
                      struct store_page *page, struct err *err);
int __wrap_store_list(struct store *store, struct str prefix, struct str after, size_t limit,
                      struct store_page *page, struct err *err);
int __wrap_store_list(struct store *store, struct str prefix, struct str after, size_t limit,
                      struct store_page *page, struct err *err)
{
    int rc = __real_store_list(store, prefix, after, limit, page, err);
    atomic_fetch_add(&lists, 1);
    return rc;
}

int __real_store_open(const struct store_config *config, struct store **ret_store, struct err *err);
int __wrap_store_open(const struct store_config *config, struct store **ret_store, struct err *err);
int __wrap_store_open(const struct store_config *config, struct store **ret_store, struct err *err)
{
    int rc = atomic_load(&opens_fail) ? err_set(err, E_BAD_CONFIG, "no certificate, says the test")
                                      : __real_store_open(config, ret_store, err);
    atomic_fetch_add(&opens, 1);
    return rc;
}
/* --- one file each ---------------------------------------------------------------------------- */

static const struct {
    /* refused: in validation/; "" for no such file */
    const char *why, *name, *text, *receipt, *receipt_too, *refused;
    size_t records;
} files[] = {
    {"NDJSON", "a.ndjson", "{\"text\":\"one\"}\n{\"text\":\"two\"}\n", "\"status\":\"done\"",
     "\"rows\":2,\"accepted\":2,\"refused\":0", "", 2},
    {"a last line without its end", "b.jsonl", "{\"text\":\"one\"}\n\n{\"text\":\"two\"}",
     "\"status\":\"done\"", "\"accepted\":2", "", 2},
    {"CSV with a BOM and CRLF", "c.CSV",
     "\xEF\xBB\xBFtext,rating\r\n\"one, \"\"1\"\"\",5\r\ntwo,4\r\n\r\n", "\"status\":\"done\"",
     "\"rows\":2,\"accepted\":2", "", 2},
    {"NDJSON with a BOM", "bom.ndjson", "\xEF\xBB\xBF{\"text\":\"one\"}\n", "\"status\":\"done\"",
     "\"accepted\":1", "", 1},
    {"refused rows, with row, line, field, reason and the raw line", "d.ndjson",
     "{\"text\":\"one\"}\n\n{\"txt\":1}\n{oops\n", "\"status\":\"done\"",
     "\"rows\":3,\"accepted\":1,\"refused\":2,\"validation\":\"validation/raw/d.ndjson.",
     "{\"row\":1,\"line\":3,\"errors\":[{\"pointer\":\"/txt\",\"detail\":\"unknown field; did you "
     "mean \\\"text\\\"?\"}],\"raw\":\"{\\\"txt\\\":1}\"}\n{\"row\":2,\"line\":4,\"errors\":[{"
     "\"pointer\":\"\",\"detail\":\"line 4, column 2: ", 1},
    {"refused rows of a CSV", "e.csv", "text,rating\n\"a\nb\",good\nx,1\n", "\"refused\":1",
     "\"accepted\":1",
     "{\"row\":0,\"line\":2,\"errors\":[{\"pointer\":\"/rating\",\"detail\":\"must be a number", 1},
    {"bytes that are no text are written down readable", "f.ndjson", "{\"text\":\"\xFF\"}\n",
     "\"accepted\":0,\"refused\":1", "", "\"raw\":\"{\\\"text\\\":\\\"\xEF\xBF\xBD\\\"}\"", 0},
    {"a quote that is never closed costs its own rows only", "g.csv", "text\na\n\"b\nc\n",
     "\"status\":\"done\"", "\"accepted\":1,\"refused\":1", "a quote out of place", 1},
    {"nothing in it", "h.ndjson", "", "\"status\":\"done\"", "\"rows\":0", "", 0},
    {"a CSV that is empty", "i.csv", "", "\"status\":\"done\"", "\"rows\":0", "", 0},
    {"a CSV that has no text column", "j.csv", "name,rating\na,1\n", "\"status\":\"failed\"",
     "\"reason\":\"the header names no column \\\"text\\\"; it names: name, rating", "", 0},
    {"as spreadsheets write it where the comma is decimal", "semicolons.csv",
     "Text;Product\r\n\"one; two, three\";Serum\r\nfour;Serum\r\n", "\"status\":\"done\"",
     "\"accepted\":2", "", 2},
    {"UTF-16", "utf-16.csv", "\xff\xfet", "\"status\":\"failed\"",
     "\"reason\":\"the object is UTF-16, not UTF-8 text", "", 0},
    {"UTF-16 of lines", "utf-16.ndjson", "\xff\xfe{", "\"status\":\"failed\"",
     "\"reason\":\"the object is UTF-16, not UTF-8 text", "", 0},
    {"what is packed", "packed.jsonl", "\x1f\x8b\x08", "\"status\":\"failed\"",
     "\"reason\":\"the object is gzip, not UTF-8 text", "", 0},
    {"what parts the cells is named", "sep.csv", "sep=|\ntext|rating\na, b|4\n,;|5\n",
     "\"status\":\"done\"", "\"accepted\":2", "", 2},
    {"tabs", "tabs.csv", "TEXT\tproduct\none, two\tSerum\n", "\"status\":\"done\"",
     "\"accepted\":1", "", 1},
    {"a CSV of nothing but empty lines", "k.csv", "\n\n", "\"status\":\"failed\"", "no header", "",
     0},
    {"in a folder", "l m.ndjson", "{\"text\":\"one\"}", "\"object\":\"raw/l m.ndjson\"",
     "\"accepted\":1", "", 1},
};

static void test_files(void **state)
{
    struct rig rig;
    struct buffer out = {0};
    size_t held = 0;
    (void)state;
    rig_start(&rig, settings());
    write_file("note.txt", STR("{\"text\":\"not for us\"}\n"));
    write_file(".part.csv", STR("text\nnot yet\n"));
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        CASE(files[i].why);
        write_file(files[i].name, str_of(files[i].text));
        await_receipt(files[i].name, &out);
        if (!holds(buffer_str(&out), files[i].receipt) ||
            !holds(buffer_str(&out), files[i].receipt_too))
            fail_msg("%s", buffer_cstr(&out));
        read_ours("validation", files[i].name, ".ndjson", &out);
        if (!holds(buffer_str(&out), files[i].refused) || (!files[i].refused[0] && out.size))
            fail_msg("%s", buffer_cstr(&out));
        held += files[i].records;
        assert_int_equal(rig_read_feedback(&rig, NULL, NULL), held);
    }
    assert_false(has_receipt("note.txt", &out) || has_receipt(".part.csv", &out));
    assert_int_equal(rig_stop(&rig), E_OK);
    rig_start(&rig, settings()); /* nothing is taken twice, not after a restart either */
    write_file("last.ndjson", STR("{\"text\":\"one\"}\n"));
    await_receipt("last.ndjson", &out);
    struct records records = {.count = 0};
    assert_int_equal(rig_read_feedback(&rig, on_record, &records), held + 1);
    assert_false(records.wrong);
    assert_int_equal(distinct(&records), held + 1);
    assert_int_equal(rig_stop(&rig), E_OK);
    buffer_deinit(&out);
}
/* Waits until it has looked once more, which it does only when it is told to: watch_every is an
 * hour. */
static void look_again(struct rig *rig)
{
    int before = atomic_load(&lists);
    runtime_reload(rig->runtime);
    RIG_AWAIT(atomic_load(&lists) > before);
}

/* A file that is still written to is left alone; one that was replaced is a new one. */
static void test_growing_and_replaced(void **state)
{
    enum { LINES = 50, LINES_A_LOOK = 10 };
    struct rig rig;
    struct buffer out = {0};
    char path[160];
    (void)state;
    write_file("first.ndjson", STR("{\"text\":\"one\"}\n"));
    atomic_store(&lists, 0);
    rig_start(&rig, (const char *const[]){setting, "ingest.listen=", "ingest.watch_tenant=acme",
                                          "ingest.watch_every=1h", NULL});
    RIG_AWAIT(atomic_load(&lists) == 2); /* of receipts, and of files */
    snprintf(path, sizeof path, "%s/raw/grow.ndjson", watched);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < LINES; i++) { /* each look finds another size, until it is whole */
        fprintf(file, "{\"text\":\"%d\"}\n", i);
        if (i % LINES_A_LOOK) continue;
        fflush(file);
        look_again(&rig);
    }
    fclose(file);
    await_receipt("first.ndjson", &out); /* which didn't grow */
    assert_false(has_receipt("grow.ndjson", &out));
    look_again(&rig);
    look_again(&rig);
    await_receipt("grow.ndjson", &out);
    size_t before = rig_read_feedback(&rig, NULL, NULL);
    assert_int_equal(before, 1 + LINES);
    write_file("first.ndjson", STR("{\"text\":\"another\"}\n{\"text\":\"and one\"}\n"));
    look_again(&rig);
    look_again(&rig);
    RIG_AWAIT(rig_read_feedback(&rig, NULL, NULL) == before + 2);
    assert_int_equal(rig_stop(&rig), E_OK);
    buffer_deinit(&out);
}

/* The store is opened anew by the thread of the files; no file is lost or taken twice over it. */
static void test_reload(void **state)
{
    static const struct {
        const char *why, *name;
        bool open_fails, bus_fails;
    } cases[] = {
        {"at rest", "rest.ndjson", false, false},
        {"what can't be opened leaves the old in force", "old.ndjson", true, false},
        {"between two attempts to write what the bus refuses", "refused.ndjson", false, true},
    };
    struct rig rig;
    struct buffer out = {0};
    (void)state;
    rig_start(&rig, settings());
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        int produced = atomic_load(&rig_produced_calls), opened = atomic_load(&opens);
        atomic_store(&opens_fail, cases[i].open_fails);
        atomic_store(&rig_produce, cases[i].bus_fails ? PRODUCE_REFUSED : PRODUCE_WELL);
        if (cases[i].bus_fails) {
            write_file(cases[i].name, STR("{\"text\":\"one\"}\n"));
            RIG_AWAIT(atomic_load(&rig_produced_calls) > produced);
        }
        runtime_reload(rig.runtime);
        RIG_AWAIT(atomic_load(&opens) == opened + 1);
        atomic_store(&opens_fail, 0);
        atomic_store(&rig_produce, PRODUCE_WELL);
        if (!cases[i].bus_fails) write_file(cases[i].name, STR("{\"text\":\"one\"}\n"));
        await_receipt(cases[i].name, &out);
        assert_int_equal(rig_read_feedback(&rig, NULL, NULL), i + 1);
    }
    assert_int_equal(rig_stop(&rig), E_OK);
    buffer_deinit(&out);
}

static void test_places(void **state)
{
    static const struct {
        const char *why, *url, *store, *prefix;
    } cases[] = {
        {"a bucket's raw/", "s3://bucket/raw/", "s3://bucket", "raw/"},
        {"deeper", "s3://bucket/cx/raw", "s3://bucket/cx", "raw/"},
        {"a folder called raw", "/data/in/raw", "/data/in", "raw/"},
        {"here", "raw", ".", "raw/"},
        {"any other folder", "/data/in/", "/data/in", ""},
        {"not quite raw", "/data/draw", "/data/draw", ""},
        {"any other prefix", "s3://bucket/files", "s3://bucket/files", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char store[4096];
        struct str prefix;
        CASE(cases[i].why);
        watch_place(cases[i].url, store, &prefix);
        assert_string_equal(store, cases[i].store);
        assert_true(str_equal(prefix, str_of(cases[i].prefix)));
    }
}

static void test_bad_place(void **state)
{
    struct err err;
    (void)state;
    assert_int_equal(
        rig_refusal((const char *const[]){"ingest.watch=s3://", "ingest.listen=", NULL}, &err),
        E_BAD_CONFIG);
    assert_true(holds(str_of(err.text), "ingest.watch"));
    snprintf(setting, sizeof setting, "ingest.watch=%s/missing/raw", own_folder);
    assert_int_equal(rig_refusal(settings(), &err), E_NO_INPUT);
    assert_true(holds(str_of(err.text), "/missing: No such file or directory"));
    snprintf(setting, sizeof setting, "%s/missing", own_folder);
    assert_int_equal(access(setting, F_OK), -1); /* and none is made */
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCH_TEST(test_files), WATCH_TEST(test_growing_and_replaced), WATCH_TEST(test_reload),
        WATCH_TEST(test_places), WATCH_TEST(test_bad_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
