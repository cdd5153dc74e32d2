/* A store whose credentials are handed out: by STS, a container, an instance; renewed in time, and
 * never asked for in a storm. One server on a thread plays them and S3. */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "store/store.h"

#include "must.h"

enum { REQUESTS_MAX = 32, HOUR_MS = 3600000 };
static const int64_t start_ms = 1767323045000; /* 2026-01-02T03:04:05Z */

struct route {
    const char *start, *status, *body;
    int uses; /* 0: as often as wanted; gone at -1 */
};

struct server {
    struct route *routes;
    int listener;
    char url[64];
    pthread_t thread;
    struct buffer
        requests[REQUESTS_MAX]; /* looked at when the answer has come: it is written before */
    size_t count;
};

static bool is_whole(struct str text)
{
    struct str rest = text;
    size_t head = str_find(text, STR("\r\n\r\n")), at = str_find(text, STR("Content-Length: "));
    uint64_t length = 0;
    if (head == text.size) return false;
    if (at < head) {
        rest = str_slice(text, at + 16, text.size);
        assert_true(str_to_u64(str_cut(&rest, '\r'), &length));
    }
    return text.size >= head + 4 + length;
}

static void answer(struct server *server, int peer, struct str request)
{
    char text[2048];
    struct route *route = server->routes;
    while (route->start && (route->uses < 0 || !str_starts(request, str_of(route->start)))) route++;
    if (route->uses > 0 && --route->uses == 0) route->uses = -1;
    const char *status = route->start ? route->status : "500 No route",
               *body = route->start ? route->body : "";
    int size = snprintf(text, sizeof text,
                        "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", status,
                        strlen(body), body);
    (void)!send(peer, text, (size_t)size, MSG_NOSIGNAL);
}

static void *serve(void *user)
{
    struct server *server = user;
    for (int peer; (peer = accept(server->listener, NULL, NULL)) >= 0; close(peer)) {
        struct buffer request = {0};
        ssize_t got = 1;
        while (got > 0 && !is_whole(buffer_str(&request))) {
            got = recv(peer, buffer_reserve(&request, 4096), 4096, 0);
            if (got > 0) request.size += (size_t)got;
        }
        buffer_cstr(&request);
        size_t number = __atomic_load_n(&server->count, __ATOMIC_ACQUIRE);
        if (number == REQUESTS_MAX) abort();
        server->requests[number] = request;
        __atomic_store_n(&server->count, number + 1, __ATOMIC_RELEASE);
        answer(server, peer, buffer_str(&request));
    }
    return NULL;
}

struct rig {
    struct server server;
    struct clock_manual clock;
    struct store_config config;
    struct store *store;
};

static void forget_environment(void)
{
    static const char *const names[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_PROFILE",
                                        "AWS_SHARED_CREDENTIALS_FILE",
                                        "AWS_REGION",
                                        "AWS_DEFAULT_REGION",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                        "AWS_EC2_METADATA_DISABLED",
                                        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_ROLE_ARN",
                                        "AWS_ROLE_SESSION_NAME",
                                        "AWS_ENDPOINT_URL_STS"};
    for (size_t i = 0; i < COUNT_OF(names); i++) unsetenv(names[i]);
    setenv("HOME", "/nonexistent", 1);
    setenv("no_proxy", "127.0.0.1", 1);
}

static void set_up(struct rig *rig, struct route *routes)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct server *server = &rig->server;
    forget_environment();
    *rig = (struct rig){.server.routes = routes};
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    clock_manual_init(&rig->clock, start_ms);
    rig->config = (struct store_config){.url = "s3://bucket/",
                                        .endpoint = server->url,
                                        .region = "eu-west-3",
                                        .clock = &rig->clock.clock};
}

static size_t asked(struct rig *rig)
{
    return __atomic_load_n(&rig->server.count, __ATOMIC_ACQUIRE);
}

static bool request_has(struct rig *rig, size_t number, const char *text)
{
    assert_true(number < asked(rig));
    return strstr(rig->server.requests[number].data, text) != NULL;
}

static void open_store(struct rig *rig)
{
    struct err err = {0};
    must(store_open(&rig->config, &rig->store, &err), &err);
}

static int get(struct rig *rig, struct err *err)
{
    struct buffer out = {0};
    int rc = store_get(rig->store, STR("key"), 1024, &out, err);
    if (rc == E_OK) assert_true(str_equal(buffer_str(&out), STR("object")));
    buffer_deinit(&out);
    return rc;
}

static void tear_down(struct rig *rig)
{
    store_close(rig->store);
    shutdown(rig->server.listener, SHUT_RDWR);
    pthread_join(rig->server.thread, NULL);
    close(rig->server.listener);
    for (size_t i = 0; i < rig->server.count; i++) buffer_deinit(&rig->server.requests[i]);
}

#define DOCUMENT(id, hour)                                                                         \
    "{\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"S\",\"Token\":\"TOKEN-" id                  \
    "\",\"Expiration\":\"2026-01-02T" hour ":04:05Z\"}"
#define STS_BODY                                                                                   \
    "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><"           \
    "AccessKeyId>W</AccessKeyId>"                                                                  \
    "<SecretAccessKey>S</SecretAccessKey><SessionToken>TOKEN-W</"                                  \
    "SessionToken><Expiration>2026-01-02T09:04:05Z</Expiration>"                                   \
    "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"

static void a_web_identity(void **state)
{
    struct route routes[] = {
        {"POST / HTTP", "200 OK", STS_BODY, 0}, {"GET /bucket/key", "200 OK", "object", 0}, {0}};
    struct rig rig;
    struct err err;
    char file[] = "/tmp/verbatim-keys-XXXXXX";
    (void)state;
    set_up(&rig, routes);
    int descriptor = mkstemp(file);
    assert_int_equal(write(descriptor, "a.b.c\n", 6), 6);
    close(descriptor);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", 1);
    setenv("AWS_ENDPOINT_URL_STS", rig.server.url, 1);
    open_store(&rig);
    assert_int_equal(get(&rig, &err), E_OK);
    assert_int_equal(get(&rig, &err), E_OK);
    assert_int_equal(asked(&rig), 3); /* once for all */
    assert_true(request_has(&rig, 0,
                            "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=verbatim&"
                            "WebIdentityToken=a.b.c"));
    assert_true(request_has(&rig, 1, "Credential=W/20260102/eu-west-3/s3/") &&
                request_has(&rig, 1, "x-amz-security-token: TOKEN-W"));
    tear_down(&rig);
    unlink(file);
}

/* Renewed before they expire; what can't be renewed serves until then, and then nothing is sent any
 * more. */
static void a_container(void **state)
{
    struct route routes[] = {{"GET /c HTTP", "200 OK", DOCUMENT("A", "09"), 1},
                             {"GET /c HTTP", "503 Busy", "", 1},
                             {"GET /c HTTP", "200 OK", DOCUMENT("B", "15"), 1},
                             {"GET /c HTTP", "404 None", "", 1},
                             {"GET /c HTTP", "200 OK", DOCUMENT("C", "23"), 1},
                             {"GET /bucket/key", "200 OK", "object", 0},
                             {0}};
    struct rig rig;
    struct err err = {0};
    char url[96];
    (void)state;
    set_up(&rig, routes);
    snprintf(url, sizeof url, "%s/c", rig.server.url);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "bearer", 1);
    open_store(&rig);
    assert_true(request_has(&rig, 0, "Authorization: bearer\r\n"));
    clock_manual_advance(&rig.clock, 6 * HOUR_MS - 9 * 60000); /* nine minutes are left */
    assert_int_equal(get(&rig, &err), E_OK);                   /* in vain: with the old ones */
    assert_true(request_has(&rig, 2, "Credential=A/"));
    assert_int_equal(get(&rig, &err), E_OK); /* not asked again at once */
    assert_int_equal(asked(&rig), 4);
    clock_manual_advance(&rig.clock, 5000);
    assert_int_equal(get(&rig, &err), E_OK);
    assert_true(request_has(&rig, 5, "Credential=B/") &&
                request_has(&rig, 5, "x-amz-security-token: TOKEN-B"));
    clock_manual_advance(&rig.clock, 7 * HOUR_MS); /* expired */
    assert_int_equal(get(&rig, &err), E_DENIED);
    assert_non_null(strstr(err.text, "the container's endpoint answered 404"));
    assert_int_equal(get(&rig, &err), E_DENIED);
    assert_int_equal(asked(&rig), 7);
    clock_manual_advance(&rig.clock, 60000);
    assert_int_equal(get(&rig, &err), E_OK);
    assert_true(request_has(&rig, 8, "Credential=C/"));
    tear_down(&rig);
}

static void an_instance(void **state)
{
    struct route routes[] = {
        {"PUT /latest/api/token", "200 OK", "T", 0},
        {"GET /latest/meta-data/iam/security-credentials/ HTTP", "200 OK", "role\n", 0},
        {"GET /latest/meta-data/iam/security-credentials/role HTTP", "200 OK", DOCUMENT("I", "09"),
         1},
        {"GET /latest/meta-data/iam/security-credentials/role HTTP", "200 OK", DOCUMENT("J", "09"),
         1},
        {"GET /bucket/key", "403 No", "<Error><Code>ExpiredToken</Code></Error>", 1},
        {"GET /bucket/key", "200 OK", "object", 0},
        {0}};
    struct rig rig;
    struct err err;
    (void)state;
    set_up(&rig, routes);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", rig.server.url, 1);
    open_store(&rig);
    assert_int_equal(asked(&rig), 3);
    assert_true(request_has(&rig, 0, "x-aws-ec2-metadata-token-ttl-seconds: 21600"));
    assert_true(request_has(&rig, 2, "x-aws-ec2-metadata-token: T\r\n"));
    clock_manual_advance(&rig.clock, 60000);
    assert_int_equal(get(&rig, &err),
                     E_OK); /* refused, others are fetched, and it is tried again */
    assert_true(request_has(&rig, 3, "Credential=I/") && request_has(&rig, 7, "Credential=J/"));
    tear_down(&rig);
}

static void nobody(void **state)
{
    struct route routes[] = {{0}};
    struct rig rig;
    struct err err = {0};
    (void)state;
    set_up(&rig, routes);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    assert_int_equal(store_open(&rig.config, &rig.store, &err), E_BAD_CONFIG);
    assert_non_null(strstr(err.text, "AWS_ACCESS_KEY_ID"));
    assert_int_equal(asked(&rig), 0);
    tear_down(&rig);
}

/* Somebody who is named may be ill at the start: that is no mistake of the configuration. */
static void who_is_ill(void **state)
{
    struct route routes[] = {
        {"PUT", "503 Busy", "", 1},
        {"PUT /latest/api/token", "200 OK", "T", 0},
        {"GET /latest/meta-data/iam/security-credentials/ HTTP", "200 OK", "role", 0},
        {"GET /latest/meta-data/iam/security-credentials/role HTTP", "200 OK", DOCUMENT("K", "09"),
         0},
        {"GET /bucket/key", "200 OK", "object", 0},
        {0}};
    struct rig rig;
    struct err err = {0};
    (void)state;
    set_up(&rig, routes);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", rig.server.url, 1);
    open_store(&rig);
    assert_int_equal(get(&rig, &err), E_UNAVAILABLE);
    assert_int_equal(asked(&rig), 1);
    clock_manual_advance(&rig.clock, 5000);
    assert_int_equal(get(&rig, &err), E_OK);
    tear_down(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_web_identity), cmocka_unit_test(a_container),
        cmocka_unit_test(an_instance),    cmocka_unit_test(nobody),
        cmocka_unit_test(who_is_ill),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
