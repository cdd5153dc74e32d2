/* Callers who send too much, too slowly, or nothing at all: bounded, told, and no burden
 * for the others. */
#include "ingest_started.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int start(void **state)
{
    return start_with(state, NULL);
}

static void test_large_body(void **state)
{
    enum { BIG = 20 << 20 };
    static const char *const forms[] = {
        "Content-Length: 20971520\r\n", "Transfer-Encoding: chunked\r\n"};
    char *chunk = malloc(BIG);
    (void)state;
    assert_non_null(chunk);
    memset(chunk, 'x', BIG);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct answer answer;
        struct buffer head = {0};
        int fd = caller_connect(&rig);
        CASE(forms[i]);
        buffer_printf(&head, "POST /v1/feedback HTTP/1.1\r\nHost: test\r\n" JSON_TYPE "%s\r\n%s",
                      forms[i], i ? "1400000\r\n" : "");
        caller_send(fd, buffer_str(&head));
        caller_send(fd, str_make(chunk, BIG)); /* may be cut off */
        caller_finish(fd, &answer);
        assert_int_equal(answer.status, 413);
        assert_true(holds(answer.head, "application/problem+json"));
        answer_free(&answer);
        buffer_deinit(&head);
    }
    free(chunk);
    assert_int_equal(rig_read_feedback(&rig, NULL, NULL), 0);
}

/* A body that is small enough, with a record that no bus takes: inside, it could only be lost. */
static void test_large_record(void **state)
{
    enum { BIG = 5 << 20 };
    char *body = malloc(BIG + 1);
    struct answer answer;
    (void)state;
    assert_non_null(body);
    memset(body, 'x', BIG);
    body[BIG] = '\0';
    memcpy(body, "{\"text\":\"a\",\"attributes\":{\"k\":\"", 31);
    memcpy(body + BIG - 3, "\"}}", 3);
    caller_post(&rig, JSON_TYPE, body, &answer);
    assert_int_equal(answer.status, 413);
    assert_true(holds(answer.head, "application/problem+json"));
    answer_free(&answer);
    free(body);
    assert_int_equal(rig_read_feedback(&rig, NULL, NULL), 0);
}

static void test_slow_clients(void **state)
{
    static const struct {
        const char *why, *sent;
    } cases[] = {
        {"a head that never ends", "POST /v1/feedback HTTP/1.1\r\nHost: te"},
        {"a body that never ends",
         "POST /v1/feedback HTTP/1.1\r\nHost: test\r\n"
         JSON_TYPE "Content-Length: 100\r\n\r\n{\"text\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct answer answer;
        int fd = caller_connect(&rig);
        CASE(cases[i].why);
        uint64_t before = rig_look(&rig)->counters.bytes_in;
        caller_send(fd, str_of(cases[i].sent));
        RIG_AWAIT(rig_look(&rig)->counters.bytes_in > before);
        atomic_fetch_add(&rig_ahead_ms, 30000);
        caller_finish(fd, &answer);
        assert_int_equal(answer.status, 408);
        answer_free(&answer);
    }
}

/* In a process of its own: the descriptors of both ends would be too many for one. */
static pid_t open_many(const struct rig *from, size_t count, int report[2])
{
    pid_t child = fork();
    if (child) return child;
    size_t opened = 0;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(from->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        files.rlim_cur = files.rlim_max, (void)setrlimit(RLIMIT_NOFILE, &files);
    while (opened < count) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address)) break;
        if (send(fd, "POST /v1/feedback HTTP/1.1\r\nHo", 30, MSG_NOSIGNAL) != 30) break;
        opened++;
    }
    if (write(report[1], &opened, sizeof opened) != (ssize_t)sizeof opened) _exit(1);
    pause();
    _exit(0);
}

/* A slow machine takes longer to open them all than the usual ten seconds that a head may take. */
enum { PATIENCE_MS = 300000 };

static int start_patient(void **state)
{
    return start_with(state, (const char *const[]){"ingest.header_deadline=300s", NULL});
}

static void test_half_open(void **state)
{
    enum { MANY = 10000 };
    int report[2];
    size_t opened = 0;
    struct answer answer;
    (void)state;
    assert_int_equal(pipe(report), 0);
    pid_t child = open_many(&rig, MANY, report);
    assert_true(child > 0);
    assert_int_equal(read(report[0], &opened, sizeof opened), sizeof opened);
    assert_int_equal(opened, MANY);
    RIG_AWAIT(rig_look(&rig)->counters.connections_open == MANY);
    for (int i = 0; i < 20; i++) { /* the others are served */
        caller_post(&rig, JSON_TYPE, "{\"text\":\"a\"}", &answer);
        assert_int_equal(answer.status, 202);
        answer_free(&answer);
    }
    atomic_fetch_add(&rig_ahead_ms, PATIENCE_MS + 1000); /* and those who never go on are let go */
    RIG_AWAIT(rig_look(&rig)->counters.refused[HTTP_REFUSED_HEADER_DEADLINE] >= MANY);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(report[0]);
    close(report[1]);
    RIG_AWAIT(rig_look(&rig)->counters.connections_open == 0);
    assert_int_equal(rig_read_feedback(&rig, NULL, NULL), 20);
}

static int start_narrow(void **state)
{
    static const char *const narrow[] = {
        "ingest.connections=3", "ingest.connections_per_address=3", "ingest.in_flight_most=64k",
        NULL};
    return start_with(state, narrow);
}

static void test_too_many_connections(void **state)
{
    int fds[3];
    struct answer answer;
    (void)state;
    for (int i = 0; i < 3; i++) fds[i] = caller_connect(&rig);
    RIG_AWAIT(rig_look(&rig)->counters.connections_open == 3);
    caller_post(&rig, JSON_TYPE, "{\"text\":\"a\"}", &answer);
    assert_true(answer.status == 429 || answer.status == 503);
    assert_true(holds(answer.head, "Retry-After"));
    answer_free(&answer);
    for (int i = 0; i < 3; i++) close(fds[i]);
    RIG_AWAIT(rig_look(&rig)->counters.connections_open == 0);
    caller_post(&rig, JSON_TYPE, "{\"text\":\"a\"}", &answer);
    assert_int_equal(answer.status, 202);
    answer_free(&answer);
}

/* Stopping lets what is under way end, and takes nothing more. */
static void test_drain(void **state)
{
    struct answer answer;
    int fd;
    (void)state;
    rig_start(&rig, NULL);
    fd = caller_connect(&rig);
    caller_send(fd, STR("POST /v1/feedback HTTP/1.1\r\nHost: test\r\n" JSON_TYPE
                        "Content-Length: 12\r\n\r\n{\"text\":"));
    RIG_AWAIT(rig_look(&rig)->counters.bytes_in > 0);
    runtime_stop(rig.runtime);
    RIG_AWAIT(rig_look(&rig)->draining);
    caller_send(fd, STR("\"a\"}"));
    caller_finish(fd, &answer);
    assert_int_equal(answer.status, 202);
    answer_free(&answer);
    pthread_join(rig.thread, NULL);
    assert_int_equal(rig.rc, E_OK);
    assert_int_equal(rig_read_feedback(&rig, NULL, NULL), 1);
    runtime_destroy(rig.runtime);
    bus_close(rig.bus);
    config_destroy(rig.config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_large_body, start, stop),
        cmocka_unit_test_setup_teardown(test_large_record, start, stop),
        cmocka_unit_test_setup_teardown(test_slow_clients, start, stop),
        cmocka_unit_test_setup_teardown(test_half_open, start_patient, stop),
        cmocka_unit_test_setup_teardown(test_too_many_connections, start_narrow, stop),
        cmocka_unit_test_setup_teardown(test_drain, rig_setup, own_folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
