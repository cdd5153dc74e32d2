/* Log lines, read back through a pipe in place of stderr: each is one line,
 * and JSON where asked. */
#include "base/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <unistd.h>

#include "test.h"

static char captured[16384];

/* Writes the event with stderr replaced by a pipe, and returns what came out. */
static const char *capture(void (*write_event)(void *), void *argument)
{
    int ends[2], saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    write_event(argument); /* at most 4096 bytes: fits into the pipe */
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    size_t size = 0;
    ssize_t got;
    while ((got = read(ends[0], captured + size, sizeof captured - 1 - size)) > 0)
        size += (size_t)got;
    close(ends[0]);
    captured[size] = '\0';
    return captured;
}

static void end(void *event) { log_end(event); }

static json_t *parse_line(const char *line)
{
    json_error_t error;
    size_t size = strlen(line);
    assert_true(size > 0 && line[size - 1] == '\n');
    assert_ptr_equal(strchr(line, '\n'), line + size - 1); /* one line */
    json_t *root = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (!root) print_message("%s in %s", error.text, line);
    assert_non_null(root);
    return root;
}

static void values_come_back_from_json(void **state)
{
    static const struct { const char *why, *value, *expected; } cases[] = {
        {"plain",                         "hello", "hello"},
        {"quotes and backslashes",        "\"a\\b\"", "\"a\\b\""},
        {"a line break can't end a line", "a\nb\r\tc", "a\nb\r\tc"},
        {"a terminal escape",             "\x1b[31m\x7f", "\x1b[31m\x7f"},
        {"UTF-8 stays",                   "año €😀", "año €😀"},
        {"bytes that aren't UTF-8 are replaced", "a\xff" "b\xc3", "a\xef\xbf\xbd" "b\xef\xbf\xbd"},
        {"a letter before one isn't",     "ab\x80" "c", "ab\xef\xbf\xbd" "c"},
        {"an overlong slash",             "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"a C1 control in UTF-8",         "a\xc2\x9b" "31m", "a\xc2\x9b" "31m"},
        {"empty",                         "", ""},
    };
    struct log_event event;
    (void)state;
    log_setup(LOG_INFO, LOG_JSON);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        log_begin(&event, LOG_WARN, "test", "it happened");
        log_add(&event, "value", "%s", cases[i].value);
        log_add(&event, "count", "%d", 7);
        const char *line = capture(end, &event);
        assert_null(strchr(line, 0x1b)); /* nothing that a terminal would obey */
        assert_null(strstr(line, "\xc2\x9b"));
        json_t *root = parse_line(line);
        assert_string_equal(json_string_value(json_object_get(root, "value")), cases[i].expected);
        assert_string_equal(json_string_value(json_object_get(root, "count")), "7");
        assert_string_equal(json_string_value(json_object_get(root, "level")), "warn");
        assert_string_equal(json_string_value(json_object_get(root, "component")), "test");
        assert_string_equal(json_string_value(json_object_get(root, "message")), "it happened");
        assert_int_equal(strlen(json_string_value(json_object_get(root, "time"))), 24);
        json_decref(root);
    }
}

static void too_much_is_cut_and_still_json(void **state)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g",
                                       "h", "i", "j", "k", "l", "m", "n"};
    static const struct { const char *why, *unit; } cases[] = {
        {"letters",                     "x"},
        {"bytes that grow six-fold",    "\x01"},
        {"characters cut in the middle", "€"},
        {"bytes that become a replacement", "\xff"},
    };
    char value[400];
    struct log_event event;
    (void)state;
    log_setup(LOG_INFO, LOG_JSON);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        value[0] = '\0';
        while (strlen(value) < sizeof value - 8) strcat(value, cases[i].unit);
        log_begin(&event, LOG_ERROR, "test", "much");
        for (size_t k = 0; k < COUNT_OF(keys); k++) log_add(&event, keys[k], "%s", value);
        assert_int_equal(event.count, LOG_FIELDS_MAX);
        const char *line = capture(end, &event);
        assert_in_range(strlen(line), 1, 4096); /* PIPE_BUF: lines of several processes don't mix */
        json_t *root = parse_line(line);
        assert_true(strlen(json_string_value(json_object_get(root, "a"))) >= 250);
        json_decref(root);
    }
}

static void text_is_for_people(void **state)
{
    struct log_event event;
    (void)state;
    log_setup(LOG_INFO, LOG_TEXT);
    log_begin(&event, LOG_INFO, "ingest", "listening");
    log_add(&event, "address", "%s:%d", "127.0.0.1", 8080);
    const char *line = capture(end, &event);
    assert_string_equal(line + 24, " info ingest: listening address=\"127.0.0.1:8080\"\n");
}

static void levels_below_the_least_are_silent(void **state)
{
    static const struct { const char *why; enum log_level least, level; bool seen; } cases[] = {
        {"debug is off by default", LOG_INFO, LOG_DEBUG, false},
        {"the least is seen",       LOG_INFO, LOG_INFO, true},
        {"more than the least",     LOG_INFO, LOG_ERROR, true},
        {"errors only",             LOG_ERROR, LOG_WARN, false},
        {"debug when asked for",    LOG_DEBUG, LOG_DEBUG, true},
    };
    struct log_event event;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        log_setup(cases[i].least, LOG_TEXT);
        log_begin(&event, cases[i].level, "test", "hello");
        assert_int_equal(capture(end, &event)[0] != '\0', cases[i].seen);
    }
}

static void write_error(void *err) { log_error(LOG_ERROR, "bus", "commit failed", err); }

static void an_error_shows_code_and_text(void **state)
{
    struct err err;
    (void)state;
    err_set(&err, E_TIMEOUT, "after %d ms", 30);
    log_setup(LOG_INFO, LOG_JSON);
    json_t *root = parse_line(capture(write_error, &err));
    assert_string_equal(json_string_value(json_object_get(root, "code")), "timeout");
    assert_string_equal(json_string_value(json_object_get(root, "error")), "after 30 ms");
    json_decref(root);
}

static void fill(int pipe)
{
    static const char block[4096];
    assert_int_equal(fcntl(pipe, F_SETFL, O_NONBLOCK), 0);
    while (write(pipe, block, sizeof block) > 0) {
    }
    assert_int_equal(fcntl(pipe, F_SETFL, 0), 0);
}

static void who_does_not_read_holds_nobody_up(void **state)
{
    static char got[1 << 17];
    int ends[2], saved = dup(STDERR_FILENO);
    ssize_t size;
    (void)state;
    log_setup(LOG_INFO, LOG_TEXT);
    assert_int_equal(pipe(ends), 0);
    fill(ends[1]);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    log_line(LOG_INFO, "test", "the first");
    log_line(LOG_INFO, "test", "the second");
    while ((size = read(ends[0], got, sizeof got)) == (ssize_t)sizeof got) {
    }
    log_line(LOG_INFO, "test", "the third");
    size = read(ends[0], got, sizeof got - 1);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved), close(ends[0]), close(ends[1]);
    got[size > 0 ? size : 0] = '\0';
    assert_non_null(strstr(got, "nobody read them lines=\"2\"\n"));
    assert_non_null(strstr(got, "test: the third\n"));
    assert_null(strstr(got, "the second"));
}

static void *tell_much(void *start)
{
    pthread_barrier_wait(start);
    for (int i = 0; i < 6; i++) {
        struct log_event event;
        log_begin(&event, LOG_INFO, "test", "much");
        for (int k = 0; k < 8; k++) log_add(&event, "k", "%0200d", i);
        log_end(&event);
    }
    return NULL;
}

/* Whether one of many threads hangs that tell more than a pipe holds. */
static bool hangs(void)
{
    enum { THREADS = 16, HANGS_S = 60 };
    static char got[1 << 17];
    int ends[2], saved = dup(STDERR_FILENO);
    pthread_t threads[THREADS];
    pthread_barrier_t start;
    bool hang = false;
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 16384) >= 0);
    pthread_barrier_init(&start, NULL, THREADS);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, tell_much, &start), 0);
    for (int i = 0; i < THREADS; i++) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += hang ? 0 : HANGS_S;
        if (pthread_timedjoin_np(threads[i], NULL, &until) == 0) continue;
        hang = true; /* reads, so that it ends */
        while (pthread_tryjoin_np(threads[i], NULL))
            assert_true(read(ends[0], got, sizeof got) > 0);
    }
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved), close(ends[0]), close(ends[1]);
    pthread_barrier_destroy(&start);
    return hang;
}

static void nor_where_many_find_the_last_room(void **state)
{
    (void)state;
    log_setup(LOG_INFO, LOG_TEXT);
    for (int round = 0; round < 10; round++) assert_false(hangs());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_from_json),
        cmocka_unit_test(too_much_is_cut_and_still_json),
        cmocka_unit_test(text_is_for_people),
        cmocka_unit_test(levels_below_the_least_are_silent),
        cmocka_unit_test(an_error_shows_code_and_text),
        cmocka_unit_test(who_does_not_read_holds_nobody_up),
        cmocka_unit_test(nor_where_many_find_the_last_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
