/* Options and OpenTelemetry's environment: which wins, what is refused, which traces are told. */
#include <stdlib.h>

#include "telemetry/settings.h"

#include "test.h"

static const char *const variables[] = {"OTEL_EXPORTER_OTLP_ENDPOINT",
                                        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                                        "OTEL_EXPORTER_OTLP_HEADERS",
                                        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
                                        "OTEL_EXPORTER_OTLP_CERTIFICATE",
                                        "OTEL_EXPORTER_OTLP_TIMEOUT",
                                        "OTEL_SERVICE_NAME",
                                        "OTEL_RESOURCE_ATTRIBUTES",
                                        "OTEL_TRACES_SAMPLER",
                                        "OTEL_TRACES_SAMPLER_ARG",
                                        "OTEL_SDK_DISABLED",
                                        "OTEL_TRACES_EXPORTER"};

/* "NAME=value NAME=value" */
static void set_environment(const char *assignments)
{
    struct str rest = str_of(assignments);
    char name[64], value[512];
    for (size_t i = 0; i < COUNT_OF(variables); i++) unsetenv(variables[i]);
    while (rest.size) {
        struct str one = str_cut(&rest, ' '), key = str_cut(&one, '=');
        snprintf(name, sizeof name, "OTEL_%.*s", STR_ARGS(key));
        snprintf(value, sizeof value, "%.*s", STR_ARGS(one));
        setenv(name, value, 1);
    }
}

static int read_settings(const char *environment, struct telemetry_options options,
                         struct settings *ret_settings, struct err *err)
{
    static const struct telemetry_source source = {"verbatim-genai", "genai-0", "verbatim-genai"};
    const char **texts[] = {&options.endpoint, &options.headers, &options.ca_file, &options.sampler,
                            &options.sampler_arg};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (!*texts[i]) *texts[i] = "";
    if (!options.timeout) options.timeout = 10000;
    set_environment(environment);
    return settings_read(&options, &source, ret_settings, err);
}

static void test_endpoint(void **state)
{
    static const struct {
        const char *why, *environment, *option, *url; /* url NULL: nothing is told; "": refused */
    } cases[] = {
        {"none is named", "", "", NULL},
        {"by the option", "", "http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"},
        {"with a path and slashes", "", "https://c.example/otlp//",
         "https://c.example/otlp/v1/traces"},
        {"by the environment", "EXPORTER_OTLP_ENDPOINT=http://c:4318", "",
         "http://c:4318/v1/traces"},
        {"the option wins", "EXPORTER_OTLP_ENDPOINT=http://c:4318", "http://d",
         "http://d/v1/traces"},
        {"of traces: as it is",
         "EXPORTER_OTLP_ENDPOINT=http://c EXPORTER_OTLP_TRACES_ENDPOINT=http://t/x/", "",
         "http://t/x/"},
        {"the option wins over that too", "EXPORTER_OTLP_TRACES_ENDPOINT=http://t/x", "http://d",
         "http://d/v1/traces"},
        {"switched off", "SDK_DISABLED=TRUE", "http://d", NULL},
        {"another value doesn't", "SDK_DISABLED=1", "http://d", "http://d/v1/traces"},
        {"no exporter", "TRACES_EXPORTER=none", "http://d", NULL},
        {"no scheme", "", "127.0.0.1:4318", ""},
        {"no host", "", "http://", ""},
        {"a password that everybody would see", "", "http://a:b@c", ""},
        {"a query", "EXPORTER_OTLP_ENDPOINT=http://c?x", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct settings settings = {0};
        struct err err = {0};
        CASE(cases[i].why);
        int rc =
            read_settings(cases[i].environment,
                          (struct telemetry_options){.endpoint = cases[i].option}, &settings, &err);
        assert_int_equal(rc, cases[i].url && !*cases[i].url ? E_BAD_CONFIG : E_OK);
        if (rc)
            assert_non_null(strstr(err.text, *cases[i].option ? "telemetry.endpoint"
                                                              : "OTEL_EXPORTER_OTLP_ENDPOINT"));
        else if (cases[i].url)
            assert_string_equal(settings.url, cases[i].url);
        else
            assert_null(settings.url);
        settings_deinit(&settings);
    }
}

static bool has_header(const struct settings *settings, const char *wanted)
{
    for (struct curl_slist *line = settings->headers; line; line = line->next)
        if (strcmp(line->data, wanted) == 0) return true;
    return false;
}

static void test_headers(void **state)
{
    static const struct {
        const char *why, *environment, *option, *header; /* header NULL: refused */
    } cases[] = {
        {"none: the body's type all the same", "", "", "Content-Type: application/json"},
        {"one", "", "api-key=abc", "api-key: abc"},
        {"the second, with spaces around", "", "a=b , api-key = abc ", "api-key: abc"},
        {"encoded", "EXPORTER_OTLP_HEADERS=authorization=Basic%20YTpi%3D", "",
         "authorization: Basic YTpi="},
        {"of traces before those of all",
         "EXPORTER_OTLP_HEADERS=a=1 EXPORTER_OTLP_TRACES_HEADERS=a=2", "", "a: 2"},
        {"the option before both", "EXPORTER_OTLP_TRACES_HEADERS=a=2", "a=3", "a: 3"},
        {"an equals sign in the value", "", "a=b=c", "a: b=c"},
        {"a header of another kind smuggled in", "", "a=b%0D%0AEvil:%20x", NULL},
        {"no value", "", "a", NULL},
        {"no name", "", "=a", NULL},
        {"a colon in a name", "", "a:b=c", NULL},
        {"half an escape", "", "a=b%2", NULL},
        {"no escape", "", "a=%zz", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct settings settings = {0};
        struct err err = {0};
        CASE(cases[i].why);
        int rc = read_settings(
            cases[i].environment,
            (struct telemetry_options){.endpoint = "http://c", .headers = cases[i].option},
            &settings, &err);
        assert_int_equal(rc, cases[i].header ? E_OK : E_BAD_CONFIG);
        if (cases[i].header)
            assert_true(has_header(&settings, cases[i].header));
        else
            assert_null(strstr(err.text, "b%0D")); /* a header may be a secret */
        settings_deinit(&settings);
    }
}

#define ATTRIBUTE(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"

static void test_resource(void **state)
{
    static const struct {
        const char *why, *environment, *attribute, *absent; /* attribute NULL: refused */
    } cases[] = {
        {"our own name", "", ATTRIBUTE("service.name", "verbatim-genai"), NULL},
        {"our version", "", ATTRIBUTE("service.version", VERBATIM_VERSION), NULL},
        {"the replica", "", ATTRIBUTE("service.instance.id", "genai-0"), NULL},
        {"a name in the environment", "SERVICE_NAME=x", ATTRIBUTE("service.name", "x"),
         "verbatim-genai"},
        {"among the attributes", "RESOURCE_ATTRIBUTES=service.name=y",
         ATTRIBUTE("service.name", "y"), "verbatim-genai"},
        {"the name wins", "SERVICE_NAME=x RESOURCE_ATTRIBUTES=service.name=y",
         ATTRIBUTE("service.name", "x"), "\"y\""},
        {"others", "RESOURCE_ATTRIBUTES=a=b,deployment.environment.name=a%20%22b%22",
         ATTRIBUTE("deployment.environment.name", "a \\\"b\\\""), NULL},
        {"an instance of one's own", "RESOURCE_ATTRIBUTES=service.instance.id=i",
         ATTRIBUTE("service.instance.id", "i"), "genai-0"},
        {"no pair", "RESOURCE_ATTRIBUTES=a=b,c", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct settings settings = {0};
        struct err err = {0};
        CASE(cases[i].why);
        int rc = read_settings(cases[i].environment,
                               (struct telemetry_options){.endpoint = "http://c"}, &settings, &err);
        assert_int_equal(rc, cases[i].attribute ? E_OK : E_BAD_CONFIG);
        if (rc == E_OK)
            assert_non_null(strstr(buffer_cstr(&settings.resource), cases[i].attribute));
        if (cases[i].absent) assert_null(strstr(buffer_cstr(&settings.resource), cases[i].absent));
        settings_deinit(&settings);
    }
}

static void test_sampler(void **state)
{
    static const char low[] = "0af7651916cd43dd0000000000000010",
                      high[] = "0af7651916cd43ddfffffffffffffff0";
    static const struct {
        const char *why, *environment, *option, *argument;
        int rc;
        bool by_parent, low, high;
    } cases[] = {
        {"the default", "", "", "", E_OK, true, true, true},
        {"all", "", "always_on", "", E_OK, false, true, true},
        {"none", "TRACES_SAMPLER=always_off", "", "", E_OK, false, false, false},
        {"those that have begun", "TRACES_SAMPLER=parentbased_always_off", "", "", E_OK, true,
         false, false},
        {"half of the new ones", "TRACES_SAMPLER=parentbased_traceidratio TRACES_SAMPLER_ARG=0.5",
         "", "", E_OK, true, true, false},
        {"the option's share wins", "TRACES_SAMPLER_ARG=0", "traceidratio", "0.5", E_OK, false,
         true, false},
        {"a share of all without a number", "", "traceidratio", "", E_OK, false, true, true},
        {"a share of none", "", "traceidratio", "0", E_OK, false, false, false},
        {"more than all", "", "traceidratio", "1.5", E_BAD_CONFIG, false, false, false},
        {"no number", "", "traceidratio", "half", E_BAD_CONFIG, false, false, false},
        {"nobody knows it", "", "jaeger_remote", "", E_BAD_CONFIG, false, false, false},
        {"a parent of nothing", "", "parentbased_", "", E_BAD_CONFIG, false, false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct settings settings = {0};
        struct err err = {0};
        CASE(cases[i].why);
        int rc = read_settings(cases[i].environment,
                               (struct telemetry_options){.endpoint = "http://c",
                                                          .sampler = cases[i].option,
                                                          .sampler_arg = cases[i].argument},
                               &settings, &err);
        assert_int_equal(rc, cases[i].rc);
        if (rc) continue;
        assert_int_equal(settings.sampler.by_parent, cases[i].by_parent);
        assert_int_equal(sampler_takes(&settings.sampler, low), cases[i].low);
        assert_int_equal(sampler_takes(&settings.sampler, high), cases[i].high);
        settings_deinit(&settings);
    }
}

static void test_share(void **state)
{
    struct settings settings = {0};
    struct random random;
    struct err err;
    int taken = 0;
    (void)state;
    assert_int_equal(read_settings("",
                                   (struct telemetry_options){.endpoint = "http://c",
                                                              .sampler = "traceidratio",
                                                              .sampler_arg = "0.2"},
                                   &settings, &err),
                     E_OK);
    random_seed(&random, 1);
    for (int i = 0; i < 10000; i++) {
        char trace[TRACE_TEXT_BYTES];
        trace_child((struct str){0}, &random, trace);
        taken += sampler_takes(&settings.sampler, trace + 3);
    }
    assert_in_range(taken, 1800, 2200);
    settings_deinit(&settings);
}

static void test_timeout(void **state)
{
    static const struct {
        const char *why, *environment;
        int64_t option, ms; /* ms 0: refused */
    } cases[] = {
        {"the default", "", 10000, 10000},
        {"the environment's", "EXPORTER_OTLP_TIMEOUT=2500", 10000, 2500},
        {"the option wins", "EXPORTER_OTLP_TIMEOUT=2500", 3000, 3000},
        {"no number", "EXPORTER_OTLP_TIMEOUT=2s", 10000, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct settings settings = {0};
        struct err err;
        CASE(cases[i].why);
        int rc = read_settings(
            cases[i].environment,
            (struct telemetry_options){.endpoint = "http://c", .timeout = cases[i].option},
            &settings, &err);
        assert_int_equal(rc, cases[i].ms ? E_OK : E_BAD_CONFIG);
        if (rc == E_OK) assert_int_equal(settings.timeout_ms, cases[i].ms);
        settings_deinit(&settings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoint), cmocka_unit_test(test_headers),
        cmocka_unit_test(test_resource), cmocka_unit_test(test_sampler),
        cmocka_unit_test(test_share),    cmocka_unit_test(test_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
