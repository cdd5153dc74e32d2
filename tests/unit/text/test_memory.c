/* Each allocation of each text kernel fails in turn: the answer is NO_MEMORY, and nothing
 * leaks or crashes. */
#include "test.h"
#include "failing_malloc.h"
#include "text/clean.h"
#include "text/redact.h"
#include "text/screen.h"

#define SENTENCE                                                                          \
    "<p>Dr. Maria Gonz&aacute;lez of 12 High Street called me on +44 20 7946 0958 or by " \
    "m.g@example.org;\r\n"                                                                \
    "I took the TABLETS and had a terrible rash, was NOT hospitalised, soooo angry "      \
    "\xF0\x9F\x98\xA1. "                                                                  \
    "Card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00, born 1980-02-03.</p> "   \
    "e\xCC\x81t\xC3\xA9 "

static const char text[] = SENTENCE SENTENCE SENTENCE;
static struct screen *screen;

static int clean(void *user)
{
    struct arena arena = {0};
    struct str out;
    struct err err;
    (void)user;
    int rc = fill_arena(&arena) ? text_clean(STR(text), &arena, &out, &err) : E_NO_MEMORY;
    if (rc == E_OK) assert_true(out.size > 0 && str_find(out, STR("<p>")) == out.size);
    arena_deinit(&arena);
    return rc;
}

static int redact(void *user)
{
    struct arena arena = {0};
    struct redacted out;
    struct err err;
    (void)user;
    int rc = fill_arena(&arena) ? text_redact(STR(text), "en", &arena, &out, &err) : E_NO_MEMORY;
    if (rc == E_OK)
        assert_true(out.count >= 3 && str_find(out.text, STR("example.org")) == out.text.size);
    arena_deinit(&arena);
    return rc;
}

static int judge(void *user)
{
    struct arena arena = {0};
    struct tokens tokens;
    struct screen_result result;
    struct err err;
    (void)user;
    int rc = fill_arena(&arena) ? text_tokenize(STR(text), &arena, &tokens, &err) : E_NO_MEMORY;
    if (rc == E_OK)
        rc = screen_text(screen, STR(text), &tokens, "en", 0.9f, false, &arena, &result, &err);
    if (rc == E_OK) assert_int_equal(result.state, SCREEN_POSITIVE);
    arena_deinit(&arena);
    return rc;
}

static int fold(void *user)
{
    struct arena arena = {0};
    (void)user;
    int rc = fill_arena(&arena) && text_fold(STR(text), &arena).data ? E_OK : E_NO_MEMORY;
    arena_deinit(&arena);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    static const struct { const char *why; int (*step)(void *user); } cases[] = {
        {"markup, entities and composition", clean},
        {"personal data found and replaced", redact},
        {"words, and the screen over them", judge},
        {"a string folded", fold},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_true(torture_arena(cases[i].step, NULL, 16) > 100);
    }
}

static const char *cues(void)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/config/cues", getenv("VERBATIM_SOURCE"));
    return path;
}

static int open_screen(void *user)
{
    struct screen *opened = NULL;
    struct err err;
    (void)user;
    int rc = screen_open(cues(), &opened, &err);
    screen_close(opened);
    return rc;
}

static void opening_the_screen(void **state)
{
    (void)state;
    assert_true(torture(open_screen, NULL) > 10);
}

static int open_for_all(void **state)
{
    struct err err;
    (void)state;
    return screen_open(cues(), &screen, &err);
}

static int close_for_all(void **state)
{
    (void)state;
    screen_close(screen);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(opening_the_screen),
    };
    return cmocka_run_group_tests(tests, open_for_all, close_for_all);
}
