/* What others wrote into a dead letter doesn't steer the terminal of who lists them. */
#include "letter_rig.h"

#include <unistd.h>

#include "ops/cli/redrive.h"

#define ESCAPE "\x1b[2J"
#define CSI "\xc2\x9b" /* the same in one character */

static void read_back(FILE *file, char *text, size_t size)
{
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* What goes to `stream` meanwhile goes into a file. */
static FILE *divert(FILE *stream, int *kept)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stream);
    *kept = dup(fileno(stream));
    assert_true(*kept >= 0 && dup2(fileno(file), fileno(stream)) >= 0);
    return file;
}

static void restore(FILE *stream, int kept)
{
    fflush(stream);
    assert_true(dup2(kept, fileno(stream)) >= 0);
    close(kept);
}

static void rows_are_plain(void **state)
{
    const struct redrive redrive = {.worker_width = 12};
    struct arena arena = {0};
    struct dead_letter body = rig_body(&arena, STR("x"));
    char out[2048], errors[2048];
    int kept_out, kept_errors;
    (void)state;
    shape_set(dead_letter, &body, worker, STR("w" ESCAPE "w"));
    shape_set(dead_letter, &body, cause, STR("c" ESCAPE CSI "c"));
    shape_set(dead_letter, &body, topic, STR("t" ESCAPE "t"));
    struct letter letter = rig_letter(&arena, &body);
    letter.id = STR(ESCAPE "id");
    FILE *rows = divert(stdout, &kept_out), *reasons = divert(stderr, &kept_errors);
    redrive_show_row(&redrive, &letter, LETTER_FREE);
    redrive_explain(&letter, LETTER_NO_VALUE);
    restore(stdout, kept_out), restore(stderr, kept_errors);
    read_back(rows, out, sizeof out);
    read_back(reasons, errors, sizeof errors);
    assert_null(strpbrk(out, "\x1b\x9b"));
    assert_null(strpbrk(errors, "\x1b\x9b"));
    assert_non_null(strstr(out, "w [2Jw"));
    assert_non_null(strstr(errors, "?[2Jid"));
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_plain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
