/* Our own texts with personal data, and look-alikes, in English, Spanish and French:
 * tests/golden/redact. */
#include "test.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "text/redact.h"

struct line {
    char text[512], expected[512]; /* as a customer writes it, and as it must become */
    size_t text_size, expected_size;
};

static void put(char *out, size_t *size, const char *data, size_t count)
{
    assert_true(*size + count < 512);
    memcpy(out + *size, data, count);
    *size += count;
    out[*size] = '\0';
}

/* "{PHONE:612}" is "612" in the text and "[PHONE]" in what is expected;
 * "\n" is a line break in both. */
static void read_line(struct str line, struct line *out)
{
    *out = (struct line){.text_size = 0};
    while (line.size) {
        if (line.data[0] == '{') {
            struct str rest = str_slice(line, 1, line.size), kind = str_cut(&rest, ':'),
                       value = str_cut(&rest, '}');
            put(out->text, &out->text_size, value.data, value.size);
            put(out->expected, &out->expected_size, "[", 1);
            put(out->expected, &out->expected_size, kind.data, kind.size);
            put(out->expected, &out->expected_size, "]", 1);
            line = rest;
            continue;
        }
        bool escape = str_starts(line, STR("\\n"));
        put(out->text, &out->text_size, escape ? "\n" : line.data, 1);
        put(out->expected, &out->expected_size, escape ? "\n" : line.data, 1);
        line = str_slice(line, escape ? 2 : 1, line.size);
    }
}

static bool holds(const struct line *line, const char *language)
{
    struct arena arena = {0};
    struct redacted redacted, again;
    struct err err;
    assert_int_equal(
        text_redact(str_make(line->text, line->text_size), language, &arena, &redacted, &err),
        E_OK);
    assert_int_equal(text_redact(redacted.text, language, &arena, &again, &err), E_OK);
    assert_int_equal(again.count, 0);
    bool same = str_equal(redacted.text, str_make(line->expected, line->expected_size));
    if (!same)
        print_message("    got      %.*s\n    expected %s\n", STR_ARGS(redacted.text),
                      line->expected);
    arena_deinit(&arena);
    return same;
}

static void run_set(const char *language)
{
    struct buffer file = {0};
    struct err err;
    char path[1024];
    int lines = 0, failed = 0;
    snprintf(path, sizeof path, "%s/tests/golden/redact/%s.txt", getenv("VERBATIM_SOURCE"),
             language);
    assert_int_equal(buffer_read_file(&file, path, 1 << 20, &err), E_OK);
    for (struct str rest = buffer_str(&file); rest.size; lines++) {
        struct str text = str_cut(&rest, '\n');
        bool known = str_starts(text, STR("~"));
        struct line line;
        read_line(str_slice(text, known, text.size), &line);
        if (holds(&line, language) == known) {
            print_message("    %s: %s\n", known ? "holds now, take the ~ off" : "fails", line.text);
            failed++;
        }
    }
    buffer_deinit(&file);
    assert_true(lines >= 140);
    assert_int_equal(failed, 0);
}

static void english_texts(void **state)
{
    (void)state;
    run_set("en");
}

static void spanish_texts(void **state)
{
    (void)state;
    run_set("es");
}

static void french_texts(void **state)
{
    (void)state;
    run_set("fr");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(english_texts), cmocka_unit_test(spanish_texts),
        cmocka_unit_test(french_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
