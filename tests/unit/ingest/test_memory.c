/* Each allocation on the door's thread fails in turn, while it opens, is posted to, asked, and
 * stops: it ends with NO_MEMORY, or it goes on and takes the same post when it comes again.
 * A receipt is never false, and nothing turns up that nobody posted. */
#include "ingest_callers.h"
#include "ingest_topics.h"
#include "failing_malloc.h"

#include "base/log.h"

enum { TRIES = 3, ROWS = 2 };

/* What callers ask, one after the other; the rows of a post have the ids NAME-0, NAME-1. */
static const struct { const char *why, *method, *target, *headers, *body, *name; } requests[] = {
    {"rows as NDJSON", "POST", "/v1/feedback", "Content-Type: application/x-ndjson\r\n",
     "{\"id\":\"n-0\",\"text\":\"one\"}\n{\"id\":\"n-1\",\"text\":\"two\",\"customer\":\"c\"}\n",
     "n"},
    {"an array, one of it refused", "POST", "/v1/feedback", JSON_TYPE,
     "[{\"id\":\"a-0\",\"text\":\"one\"},{\"txt\":1},{\"id\":\"a-1\",\"text\":\"two\"}]", "a"},
    {"rows as CSV", "POST", "/v1/feedback", "Content-Type: text/csv\r\nIdempotency-Key: k\r\n",
     "id,text\nc-0,one\nc-1,two\n", "c"},
    {"the state of all", "GET", "/v1/status", NULL, NULL, NULL},
    {"a page", "GET", "/", NULL, NULL, NULL},
    {"a place that isn't there", "GET", "/nowhere", NULL, NULL, NULL},
};

struct life {
    struct rig rig;
    long nth;
    bool failed; /* an allocation did; once ended */
    atomic_bool ended;
    bool promised[COUNT_OF(requests)];
};

static void *life_main(void *argument)
{
    struct life *life = argument;
    allocation_failed = false; /* of this thread */
    allocations_left = life->nth;
    life->rig.rc = runtime_run(life->rig.runtime, &life->rig.err);
    allocations_left = -1;
    life->failed = allocation_failed;
    atomic_store(&life->ended, true);
    return NULL;
}

static void begin(struct life *life, long nth)
{
    struct rig *rig = &life->rig;
    struct err err;
    *life = (struct life){.nth = nth};
    rig->config = rig_config(NULL);
    must(bus_open(rig->config, __real_clock_system(), &rig->bus, &err), &err);
    rig_create_topics(rig);
    must(runtime_create(&ingest_worker, rig->config, &rig->runtime, &err), &err);
    assert_int_equal(pthread_create(&rig->thread, NULL, life_main, life), 0);
    RIG_AWAIT(rig_ready(rig) || atomic_load(&life->ended));
}

/* The status; 0: no whole answer came. */
static int ask(const struct rig *rig, size_t i)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(rig->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct buffer request = {0};
    struct answer answer;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    /* it has just ended */
    if (connect(fd, (const struct sockaddr *)&address, sizeof address)) return close(fd), 0;
    buffer_printf(&request, "%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s",
                  requests[i].method, requests[i].target,
                  requests[i].headers ? requests[i].headers : "");
    if (requests[i].body)
        buffer_printf(&request, "Content-Length: %zu\r\n", strlen(requests[i].body));
    buffer_printf(&request, "\r\n%s", requests[i].body ? requests[i].body : "");
    caller_send(fd, buffer_str(&request));
    caller_finish(fd, &answer);
    int status = answer.head.size && answer.bytes.size > answer.head.size ? answer.status : 0;
    buffer_deinit(&request);
    answer_free(&answer);
    return status;
}

/* As callers do: again, where there was no answer or a 5xx. */
static void ask_all(struct life *life)
{
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        int status = 0;
        for (int tries = 0;
             tries < TRIES && (status == 0 || status >= 500) && !atomic_load(&life->ended); tries++)
            status = ask(&life->rig, i);
        if (atomic_load(&life->ended)) return;
        if (requests[i].name) assert_int_equal(status, 202);
        else if (status == 0 || status >= 500)
            fail_msg("number %ld: %s is answered with %d", life->nth, requests[i].why, status);
        life->promised[i] = status == 202;
    }
}

struct found {
    int count[COUNT_OF(requests)][ROWS];
};

static void on_record(void *user, const struct seen *seen)
{
    struct found *found = user;
    for (size_t i = 0; i < COUNT_OF(requests); i++)
        for (int row = 0; row < ROWS; row++) {
            char id[16];
            if (!requests[i].name) continue;
            snprintf(id, sizeof id, "%s-%d", requests[i].name, row);
            if (strcmp(seen->id, id) == 0) {
                found->count[i][row]++;
                return;
            }
        }
    fail_msg("nobody posted %s", seen->id);
}

static void judge(struct life *life)
{
    struct found found = {0};
    rig_read_feedback(&life->rig, on_record, &found);
    for (size_t i = 0; i < COUNT_OF(requests); i++)
        for (int row = 0; row < ROWS; row++) {
            if (life->promised[i]) assert_true(found.count[i][row] >= 1);
            assert_true(found.count[i][row] <= TRIES);
        }
}

/* Returns whether an allocation failed; whether the worker ended for it. */
static bool one_fails(long nth, bool *ret_ended)
{
    static struct life life;
    assert_int_equal(rig_setup(NULL), 0);
    begin(&life, nth);
    if (rig_ready(&life.rig) && rig_state(&life.rig)->server) {
        life.rig.port = http_server_port(rig_state(&life.rig)->server);
        ask_all(&life);
    }
    runtime_stop(life.rig.runtime);
    pthread_join(life.rig.thread, NULL);
    int rc = life.rig.rc;
    if (rc && (!life.failed || rc != E_NO_MEMORY))
        fail_msg("number %ld: %s: %s", nth, err_name((enum err_code)rc), life.rig.err.text);
    runtime_destroy(life.rig.runtime);
    judge(&life);
    bus_close(life.rig.bus);
    config_destroy(life.rig.config);
    assert_int_equal(own_folder_remove(NULL), 0);
    *ret_ended = rc != E_OK;
    return life.failed;
}

static void every_allocation_may_fail(void **state)
{
    unsigned told = 0, lived = 0;
    bool failed = true, ended;
    (void)state;
    for (long nth = 0; failed; nth++) {
        failed = one_fails(nth, &ended);
        told += ended;
        lived += failed && !ended;
    }
    assert_true(told > 5 && lived > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    log_setup(LOG_ERROR, LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
