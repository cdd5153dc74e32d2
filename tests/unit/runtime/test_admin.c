/* What operators see of a worker: /metrics, /healthz, /readyz, status messages,
 * traces, log lines. */
#include "runtime_rig.h"
#include "told.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "schema/json.h"

#define ADMIN "runtime.admin=127.0.0.1:0"

/* One request over a real socket; the whole answer. The server closes, as asked. */
static const char *ask(const struct replica *replica, const char *method, const char *path)
{
    static char answer[65536];
    char request[256];
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(http_server_port(replica->runtime->admin)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t size = 0;
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    int length = snprintf(request, sizeof request,
                          "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
    assert_int_equal(write(fd, request, (size_t)length), length);
    for (ssize_t got; (got = read(fd, answer + size, sizeof answer - 1 - size)) > 0;)
        size += (size_t)got;
    close(fd);
    answer[size] = '\0';
    return answer;
}

static bool metric_is(const struct replica *replica, const char *line)
{
    return strstr(ask(replica, "GET", "/metrics"), line) != NULL;
}
#define LABELS "worker=\"shell\",member=\"shell-0\""

static void test_endpoints(void **state)
{
    static const struct {
        const char *why, *method, *path, *status, *body;
    } cases[] = {
        {"alive", "GET", "/healthz", "HTTP/1.1 200", "alive\n"},
        {"ready", "GET", "/readyz", "HTTP/1.1 200", "ready\n"},
        {"metrics have their own type", "GET", "/metrics", "HTTP/1.1 200",
         "text/plain; version=0.0.4"},
        {"and a kind and help for each", "GET", "/metrics", "HTTP/1.1 200",
         "# TYPE verbatim_records_total counter"},
        {"the worker's own are there", "GET", "/metrics", "HTTP/1.1 200",
         "verbatim_objects_total{" LABELS "} 7"},
        {"causes of dead letters count from 0, or the first would alert nobody", "GET", "/metrics",
         "HTTP/1.1 200", "cause=\"bad_message\"} 0\n"},
        {"so do those of records that were tried too often", "GET", "/metrics", "HTTP/1.1 200",
         "cause=\"upstream\"} 0\n"},
        {"so is the process", "GET", "/metrics", "HTTP/1.1 200", "process_resident_memory_bytes"},
        {"the bus is named", "GET", "/metrics", "HTTP/1.1 200", "embedded at"},
        {"probes may use HEAD", "HEAD", "/healthz", "HTTP/1.1 200", "\r\n\r\n"},
        {"nothing else is served", "GET", "/", "HTTP/1.1 404", "/metrics, /healthz, /readyz"},
        {"nothing can be changed", "POST", "/metrics", "HTTP/1.1 405", "Only GET"},
    };
    struct replica replica;
    (void)state;
    replica_start(&replica, (const char *[]){ADMIN, NULL});
    replica_await_ready(&replica);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        const char *answer = ask(&replica, cases[i].method, cases[i].path);
        assert_memory_equal(answer, cases[i].status, strlen(cases[i].status));
        assert_non_null(strstr(answer, cases[i].body));
    }
    assert_int_equal(replica_stop(&replica), E_OK);
}

static void test_address_in_use(void **state)
{
    struct replica first, second;
    char taken[64];
    (void)state;
    replica_start(&first, (const char *[]){ADMIN, NULL});
    replica_await_ready(&first);
    snprintf(taken, sizeof taken, "runtime.admin=127.0.0.1:%u",
             http_server_port(first.runtime->admin));
    replica_start(&second, (const char *[]){taken, "runtime.replica=1", NULL});
    assert_int_equal(replica_join(&second), E_IN_USE);
    assert_non_null(strstr(second.err.text, "127.0.0.1"));
    assert_int_equal(replica_stop(&first), E_OK);
}

static void test_bad_address(void **state)
{
    static const struct {
        const char *why, *setting;
    } cases[] = {
        {"no port", "runtime.admin=127.0.0.1"},
        {"not a number", "runtime.admin=127.0.0.1:http"},
        {"too large a number", "runtime.admin=127.0.0.1:65536"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct replica replica;
        CASE(cases[i].why);
        replica_start(&replica, (const char *[]){cases[i].setting, NULL});
        assert_int_equal(replica_join(&replica), E_BAD_CONFIG);
    }
}

/* Records held in process() are a backlog like those that were not read. */
static void test_backlog(void **state)
{
    struct outside outside;
    struct replica replica;
    struct err err;
    (void)state;
    atomic_store(&shell_hold, 1);
    outside_open(&outside, TOPIC_DOCUMENTS);
    struct bus_producer *producer;
    must(bus_producer_open(outside.bus, "door", &producer, &err), &err);
    for (int i = 0; i < 6; i++) { /* one partition, an hour old */
        struct bus_output output = {
            .topic = TOPIC_FEEDBACK, .timestamp_ms = clock_wall_ms(clock_system()) - 3600000,
            .key = STR("k"), .value = STR("defer 1")};
        must(bus_produce(producer, &output, 1, outside_on_done, NULL, &err), &err);
    }
    must(bus_producer_flush(producer, RIG_WAIT_MS, &err), &err);
    bus_producer_close(producer);
    replica_start(&replica,
                  (const char *[]){ADMIN, "runtime.batch_records=2", "runtime.batches=2", NULL});
    RIG_AWAIT(atomic_load(&shell_deferred) == 4);
    RIG_AWAIT(metric_is(&replica, "verbatim_in_flight_records{" LABELS "} 4"));
    RIG_AWAIT(replica_progress(&replica).backlog_records == 6); /* 4 in flight, 2 not read */
    const char *metrics = ask(&replica, "GET", "/metrics");
    const char *seconds = strstr(metrics,
                                 "verbatim_backlog_seconds{" LABELS ",topic=\"feedback\"} ");
    assert_non_null(seconds);
    assert_true(strtod(strstr(seconds, "} ") + 2, NULL) >= 3600);
    assert_non_null(strstr(metrics, "topic=\"feedback\",partition=\""));
    atomic_store(&shell_hold, 0);
    RIG_AWAIT(replica_progress(&replica).backlog_records == 0 &&
              replica_progress(&replica).outputs == 6);
    assert_true(metric_is(&replica, "verbatim_backlog_seconds{" LABELS ",topic=\"feedback\"} 0\n"));
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_close(&outside);
}

static void test_not_ready_while_the_bus_refuses(void **state)
{
    struct outside outside;
    struct replica replica;
    (void)state;
    outside_open(&outside, TOPIC_DOCUMENTS);
    outside_produce(&outside, "ok", 0, 1, NULL, 0);
    rig_fail_commits(E_UNAVAILABLE, 1000000);
    replica_start(&replica, (const char *[]){ADMIN, NULL});
    RIG_AWAIT(atomic_load(&commits_asked) > 2);
    const char *answer = ask(&replica, "GET", "/readyz");
    assert_memory_equal(answer, "HTTP/1.1 503", 12);
    assert_non_null(strstr(answer, "Retry-After:"));
    /* a restart wouldn't help */
    assert_memory_equal(ask(&replica, "GET", "/healthz"), "HTTP/1.1 200", 12);
    assert_true(metric_is(&replica, "verbatim_paused{" LABELS "} 1"));
    rig_fail_commits(E_OK, 0);
    RIG_AWAIT(strncmp(ask(&replica, "GET", "/readyz"), "HTTP/1.1 200", 12) == 0);
    assert_true(metric_is(&replica, "verbatim_paused{" LABELS "} 0"));
    assert_false(metric_is(&replica, "verbatim_commits_total{" LABELS ",result=\"retried\"} 0\n"));
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_close(&outside);
}

static void test_reload(void **state)
{
    struct replica replica;
    (void)state;
    replica_start(&replica, (const char *[]){ADMIN, NULL});
    replica_await_ready(&replica);
    runtime_reload(replica.runtime);
    RIG_AWAIT(metric_is(&replica, "verbatim_config_reloads_total{" LABELS ",result=\"done\"} 1"));
    assert_int_equal(atomic_load(&shell_reloads), 1);
    atomic_store(&shell_reload_fails, 1);
    runtime_reload(replica.runtime);
    RIG_AWAIT(
        metric_is(&replica, "verbatim_config_reloads_total{" LABELS ",result=\"refused\"} 1"));
    assert_int_equal(atomic_load(&shell_reloads), 1); /* the old stays in force */
    assert_true(replica_progress(&replica).ready);
    assert_int_equal(replica_stop(&replica), E_OK);
}

/* --- on the bus ------------------------------------------------------------------------------- */

static void status_on_message(void *user, const struct bus_message *message)
{
    struct arena arena = {0};
    struct audit audit;
    told_in(message, SECTION_AUDIT, &audit, &arena);
    assert_true(str_equal(audit.actor, STR("shell-0")));
    assert_true(str_equal(audit.action, STR("status")));
    assert_true(str_equal(str_map_get(&audit.detail, STR("worker")), STR("shell")));
    assert_true(str_map_get(&audit.detail, STR("backlog_records")).size > 0);
    assert_true(str_map_get(&audit.detail, STR("backlog_seconds")).size > 0);
    assert_true(trace_is_valid(header_find(message, STR("traceparent"))));
    ++*(int *)user;
    arena_deinit(&arena);
}

static void test_status_on_the_audit_topic(void **state)
{
    struct outside outside;
    struct replica replica;
    int seen = 0;
    (void)state;
    outside_open(&outside, TOPIC_AUDIT);
    replica_start(&replica, (const char *[]){"runtime.status_every=1h", NULL});
    /* the first at once, and idle all the same */
    outside_read(&outside, 1, status_on_message, &seen);
    assert_int_equal(seen, 1);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_close(&outside);
}

static const char parent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

static void trace_on_message(void *user, const struct bus_message *message)
{
    struct str trace = header_find(message, STR("traceparent"));
    (void)user;
    assert_true(trace_is_valid(trace));
    assert_memory_equal(trace.data, parent, 36);
    assert_memory_not_equal(trace.data + 36, parent + 36, 16);
    assert_true(str_equal(header_find(message, STR("ce_source")), STR("shell")));
}

static void test_trace_is_carried(void **state)
{
    const struct bus_header headers[] = {{STR("traceparent"), str_of(parent)}};
    struct outside outside;
    struct replica replica;
    (void)state;
    outside_open(&outside, TOPIC_DOCUMENTS);
    outside_produce(&outside, "ok", 0, 5, headers, 1);
    replica_start(&replica, NULL);
    outside_read(&outside, 5, trace_on_message, NULL);
    assert_int_equal(replica_stop(&replica), E_OK);
    outside_close(&outside);
}

/* --- log lines -------------------------------------------------------------------------------- */

static void test_json_logs(void **state)
{
    struct replica replica;
    struct buffer text = {0};
    struct err err;
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/log", own_folder);
    int file = open(path, O_CREAT | O_RDWR, 0600), kept = dup(STDERR_FILENO), events = 0;
    assert_true(file >= 0 && kept >= 0);
    dup2(file, STDERR_FILENO);
    log_setup(LOG_INFO, LOG_JSON);
    replica_start(&replica, NULL);
    replica_await_ready(&replica);
    int rc = replica_stop(&replica);
    log_setup(LOG_ERROR, LOG_TEXT);
    dup2(kept, STDERR_FILENO);
    close(kept), close(file);
    assert_int_equal(rc, E_OK);
    must(buffer_read_file(&text, path, 1 << 20, &err), &err);
    for (struct str rest = buffer_str(&text); rest.size; events++) {
        struct str line = str_cut(&rest, '\n');
        assert_true(line.size > 2 && line.data[0] == '{' && line.data[line.size - 1] == '}');
        assert_true(str_find(line, STR("\"shell\"")) < line.size);
        if (events == 0) assert_true(str_find(line, STR("\"after_ms\"")) < line.size);
    }
    assert_int_equal(events, 2); /* ready, stopped */
    buffer_deinit(&text);
}

int main(void)
{
    log_setup(LOG_ERROR, LOG_TEXT);
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_endpoints), RIG_TEST(test_address_in_use), RIG_TEST(test_bad_address),
        RIG_TEST(test_backlog),
        RIG_TEST(test_not_ready_while_the_bus_refuses), RIG_TEST(test_reload),
        RIG_TEST(test_status_on_the_audit_topic), RIG_TEST(test_trace_is_carried),
        RIG_TEST(test_json_logs),
    };
    return cmocka_run_group_tests_name("admin", tests, NULL, NULL);
}
