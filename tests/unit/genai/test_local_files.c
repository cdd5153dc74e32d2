/* The local provider's files: rules that are read again, models that aren't there, and too little
 * memory for them. */
#include "genai_bench.h"

#include <unistd.h>

static void write_file(const char *folder, const char *name, const char *content)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct str advice_of(struct bench *bench)
{
    struct insight insight = genai_pass(bench, "It is a chair.", "en", 0);
    return insight.recommendations.count ? insight.recommendations.items[0].text : STR("");
}

/* SIGHUP: rules that an operator has edited; those with a fault leave the old ones in force. */
static void test_rules_are_read_again(void **state)
{
    static const char *const LINKS[] = {"models", "topics", "aspects"};
    char folder[] = "/tmp/verbatim-rules-XXXXXX", setting[600], from[600], to[600];
    const char *source = getenv("VERBATIM_SOURCE");
    struct bench bench;
    struct err err;
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < COUNT_OF(LINKS); i++) {
        snprintf(from, sizeof from, "%s/config/%s", source ? source : ".", LINKS[i]);
        snprintf(to, sizeof to, "%s/%s", folder, LINKS[i]);
        assert_int_equal(symlink(from, to), 0);
    }
    write_file(folder, "recommendations.txt",
               "rule a\n  when always\n  team product\n  priority 1\n  en First.\n");
    snprintf(setting, sizeof setting, "genai.folder=%s", folder);
    must(bench_open(&bench, &genai_worker, setting, &err), &err);
    assert_str(advice_of(&bench), "First.");
    write_file(folder, "recommendations.txt", "rule a\n  when always\n  team nobody\n");
    assert_int_equal(genai_worker.reload(&bench.context, &err), E_BAD_CONFIG);
    assert_non_null(strstr(err.text, "recommendations.txt:3: unknown team"));
    assert_str(advice_of(&bench), "First.");
    write_file(folder, "recommendations.txt",
               "rule a\n  when always\n  team product\n  priority 1\n  en Second.\n");
    must(genai_worker.reload(&bench.context, &err), &err);
    assert_str(advice_of(&bench), "Second.");
    bench_close(&bench);
    for (size_t i = 0; i < COUNT_OF(LINKS); i++) {
        snprintf(to, sizeof to, "%s/%s", folder, LINKS[i]);
        unlink(to);
    }
    snprintf(to, sizeof to, "%s/recommendations.txt", folder);
    unlink(to);
    assert_int_equal(rmdir(folder), 0);
}

static void test_short_of_memory(void **state)
{
    struct bench bench;
    struct err err;
    (void)state;
    must(bench_open(&bench, &genai_worker, genai_folder(), &err), &err);
    bench_torture(
        &bench, TOPIC_SEGMENTS,
        genai_message(&bench, "Delivery was late and the box was torn. Please add a tracking page!",
                      "en", 2));
    bench_close(&bench);
}

static void test_missing_models(void **state)
{
    struct bench bench;
    struct err err;
    (void)state;
    int rc = bench_open(&bench, &genai_worker, "genai.folder=/nowhere", &err);
    assert_int_equal(rc, E_BAD_CONFIG);
    assert_non_null(strstr(err.text, "genai.folder: /nowhere"));
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_are_read_again), cmocka_unit_test(test_missing_models),
        cmocka_unit_test(test_short_of_memory),
    };
    return cmocka_run_group_tests_name("local files", tests, NULL, NULL);
}
