/* Webhooks without a network: the file, secrets, signatures, ids, pauses, and an endpoint that is
 * gone. */
#include "ingest_rig.h"

#include "workers/ingest/webhook.h"

/* --- the file --------------------------------------------------------------------------------- */

#define NAMED "crm https://crm.example/hook "
static const struct {
    const char *why, *text;
    size_t count;
    const char *refusal;
} files[] = {
    {"none", "", 0, NULL},
    {"comments and blank lines", "# NAME URL SECRET\n\n  \t\r\n", 0, NULL},
    {"one", NAMED "env:SECRET", 1, NULL},
    {"two, of CR LF, with filters",
     NAMED "file:/run/crm safety=positive\r\n"
           "b http://127.0.0.1:8/ env:B tenant=a%20b&product=S\r\n",
     2, NULL},
    {"an address", "a https://[2001:db8::1]:8443/x env:A", 1, NULL},
    {"loopback by name and address", "a http://localhost:80/ env:A\nb http://[::1]/ env:A", 2,
     NULL},
    {"plain http", "a http://crm.example/ env:A", 0, "f:1: its URL is plain http"},
    {"what looks like loopback", "a http://127.0.0.1.example/ env:A", 0, "f:1: its URL is plain"},
    {"so does a user", "a http://127.0.0.1@example/ env:A", 0, "names a user"},
    {"and a backslash", "a http://127.0.0.1\\@example/ env:A", 0, "no host that can be"},
    {"no host", "a https:///x env:A", 0, "no host that can be"},
    {"a port that can't be", "a https://h:65536/x env:A", 0, "no host that can be"},
    {"no port", "a https://h:/x env:A", 0, "no host that can be"},
    {"an open address", "a https://[::1/x env:A", 0, "no host that can be"},
    {"another scheme", "a ftp://h/ env:A", 0, "f:1: the second word is a URL"},
    {"a control character", "a https://h/\001 env:A", 0, "visible ASCII"},
    {"a name in capitals", "\nCRM https://h/ env:A", 0, "f:2: a webhook's name is"},
    {"a long name", "abcdefghijklmnopqrstuvwxy https://h/ env:A", 0, "name is 1 to 24"},
    {"a name twice", NAMED "env:A\n" NAMED "env:B", 0, "f:2: there is one of this name"},
    {"a secret in the file itself", NAMED "whsec_AAAA", 0, "f:1: the third word says where"},
    {"no secret", NAMED, 0, "f:1: the third word says where"},
    {"a source that names nothing", NAMED "env:", 0, "f:1: the third word says where"},
    {"a fifth word", NAMED "env:A tenant=a b", 0, "f:1: expected NAME URL SECRET"},
    {"a filter with a typo", NAMED "env:A safty=positive", 0, "f:1: A filter takes"},
    {"a filter of a stream", NAMED "env:A recent=5", 0, "f:1: A filter takes"},
    {"a state that can't be", NAMED "env:A safety=maybe", 0, "f:1: safety is positive"},
    {"a value that isn't encoded well", NAMED "env:A tenant=%4", 0, "f:1: tenant is too long"},
};

static void test_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct webhook_list list = {0};
        struct err err = {0};
        CASE(files[i].why);
        int rc = webhook_list_parse(str_of(files[i].text), "f", false, &list, &err);
        if (rc != (files[i].refusal ? E_BAD_CONFIG : E_OK) || list.count != files[i].count)
            fail_msg("%d, %zu: %s", rc, list.count, err.text);
        if (files[i].refusal && !strstr(err.text, files[i].refusal)) fail_msg("%s", err.text);
        webhook_list_free(&list);
    }
}

static void test_line(void **state)
{
    struct webhook_list list = {0};
    struct err err;
    (void)state;
    must(webhook_list_parse(STR("a-1 https://h/x?y=z#w file:/s tenant=a%20b&sentiment=mixed"), "f",
                            false, &list, &err),
         &err);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].name, "a-1");
    assert_string_equal(list.items[0].url, "https://h/x?y=z#w");
    assert_string_equal(list.items[0].source, "file:/s");
    assert_string_equal(list.items[0].filter.tenant, "a b");
    assert_string_equal(list.items[0].filter.sentiment, "mixed");
    webhook_list_free(&list);
    must(webhook_list_parse(STR("a http://crm.example/ env:A"), "f", true, &list, &err), &err);
    assert_int_equal(list.count, 1); /* where plain http is allowed */
    webhook_list_free(&list);
}

/* --- secrets and signatures ------------------------------------------------------------------- */

/* The specification's own example: of its reference libraries. */
#define SPEC_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER       "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

static const struct {
    const char *why, *text;
    size_t count;
} secrets[] = {
    {"one", SPEC_SECRET, 1},
    {"with its line's end", SPEC_SECRET "\n", 1},
    {"two, while one follows the other", SPEC_SECRET "\n" OTHER "\n", 2},
    {"none", " \n", 0},
    {"three", OTHER " " OTHER " " OTHER, 0},
    {"no prefix", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0},
    {"not base64", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w", 0},
    {"too short", "whsec_MfKQ9r8GKYqrTwjUPD8I", 0},
    {"a good one and a bad", SPEC_SECRET " whsec_", 0},
};

static void test_secrets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        struct webhook webhook = {.name = ""};
        struct err err = {0};
        CASE(secrets[i].why);
        int rc = webhook_read_secrets(str_of(secrets[i].text), &webhook, &err);
        assert_int_equal(rc, secrets[i].count ? E_OK : E_BAD_CONFIG);
        if (rc == E_OK) assert_int_equal(webhook.secret_count, secrets[i].count);
        else assert_null(strstr(err.text, "MfKQ")); /* an error tells none */
    }
}

static void test_signature(void **state)
{
    struct webhook webhook = {.name = ""};
    struct buffer out = {0};
    struct err err;
    const struct str id = STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), body = STR("{\"test\": 2432232314}");
    (void)state;
    must(webhook_read_secrets(STR(SPEC_SECRET), &webhook, &err), &err);
    webhook_sign(&webhook, id, 1614265330, body, &out);
    assert_string_equal(buffer_cstr(&out), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    buffer_clear(&out);
    must(webhook_read_secrets(STR(SPEC_SECRET " " OTHER), &webhook, &err), &err);
    webhook_sign(&webhook, id, 1614265330, body, &out);
    assert_true(str_starts(buffer_str(&out),
                           STR("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,")));
    assert_int_equal(out.size, 2 * 47 + 1);
    buffer_deinit(&out);
}

/* An id is a caller's: what it holds must not end the header. */
static void test_id(void **state)
{
    struct buffer out = {0};
    (void)state;
    webhook_write_id(STR("acme:order-7.1"), &out);
    assert_string_equal(buffer_cstr(&out), "acme:order-7.1");
    buffer_clear(&out);
    webhook_write_id(STR("a b\r\nx: 100%\xc3\xa9"), &out);
    assert_string_equal(buffer_cstr(&out), "a%20b%0D%0Ax:%20100%25%C3%A9");
    buffer_deinit(&out);
}

/* --- secrets of a file ------------------------------------------------------------------------ */

static void write_file(const char *name, const char *text, char path[static 160])
{
    snprintf(path, 160, "%s/%s", own_folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_read(void **state)
{
    struct webhook_list list = {0};
    struct err err;
    char secret[160], path[160], text[512];
    (void)state;
    write_file("secret", SPEC_SECRET "\n", secret);
    setenv("VERBATIM_TEST_WEBHOOK", OTHER, 1);
    snprintf(text, sizeof text, "a https://h/ file:%s\nb https://h/ env:VERBATIM_TEST_WEBHOOK\n",
             secret);
    write_file("webhooks", text, path);
    must(webhook_list_read(path, false, &list, &err), &err);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].secrets[0].size, 24);
    assert_int_equal(list.items[1].secrets[0].key[23], 0x17);
    webhook_list_free(&list);
    unsetenv("VERBATIM_TEST_WEBHOOK");
    assert_int_equal(webhook_list_read(path, false, &list, &err), E_BAD_CONFIG);
    assert_string_equal(err.text, "the secret of the webhook b: VERBATIM_TEST_WEBHOOK is not set");
    assert_int_equal(webhook_list_read("/nowhere", false, &list, &err), E_BAD_CONFIG);
    assert_int_equal(list.count, 0);
}

/* --- pauses ----------------------------------------------------------------------------------- */

static const struct {
    uint32_t failures;
    int64_t ms;
} pauses[] = {{0, 1000}, {1, 1000}, {2, 2000}, {5, 16000}, {10, 512000}, {11, 600000},
              {1000000, 600000}};

static void test_pauses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pauses); i++)
        assert_int_equal(webhook_backoff_ms(pauses[i].failures, 600000), pauses[i].ms);
}

/* --- gone ------------------------------------------------------------------------------------- */

static unsigned given_back;
void __wrap_worker_give_back(struct worker_context *context, int64_t ms);
void __wrap_worker_give_back(struct worker_context *context, int64_t ms)
{
    (void)context, (void)ms;
    given_back++;
}

/* Two are under way when an endpoint says that it is gone: whatever becomes of the second, it stays
 * so, for the metric too, which nothing would set right later. */
static void test_gone(void **state)
{
    static const struct { const char *why; long status; } seconds[] = {
        {"gone for both", 410}, {"the other one isn't answered in time", 503}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(seconds); i++) {
        const struct webhooks_options options = {
            .timeout = 15000, .give_up = 3600000, .backoff_most = 600000, .at_once = 2};
        struct random random;
        struct worker_context context = {.clock = clock_system(), .random = &random};
        const struct bus_message message = {.timestamp_ms = clock_wall_ms(clock_system())};
        struct webhook webhook = {.name = "crm"};
        struct job jobs[2] = {{.message = &message}, {.message = &message}};
        struct endpoint endpoint = {
            .options = &options, .context = &context, .webhook = &webhook, .sending = 2};
        struct delivery deliveries[2] = {
            {.job = &jobs[0], .next = &deliveries[1]}, {.job = &jobs[1], .key = 1}};
        struct slot slots[2];
        CASE(seconds[i].why);
        given_back = 0;
        random_seed(&random, 7);
        pthread_mutex_init(&endpoint.lock, NULL);
        webhook_begin_anew(&endpoint);
        endpoint.first = &deliveries[0];
        endpoint.last = &deliveries[1].next;
        endpoint.slots = slots;
        for (size_t j = 0; j < COUNT_OF(slots); j++) {
            /* as if the second had begun when the first one failed */
            slots[j] = (struct slot){.endpoint = &endpoint, .delivery = &deliveries[j],
                                     .began_ms = clock_mono_ms(clock_system()) + 3600000};
            slots[j].exchange.status = j ? seconds[i].status : 410;
            deliveries[j].slot = &slots[j];
        }
        for (size_t j = 0; j < COUNT_OF(slots); j++) {
            webhook_on_end(&slots[j].exchange);
            assert_true(endpoint.gone && endpoint.counters.gone && endpoint.counters.failing);
        }
        assert_int_equal(endpoint.counters.failed, 2);
        assert_int_equal(given_back, 1);
        pthread_mutex_destroy(&endpoint.lock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_id),
        cmocka_unit_test_setup_teardown(test_read, own_folder_make, own_folder_remove),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
