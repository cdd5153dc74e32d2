/* Regions and the endpoints of their services. */
#include "aws/region.h"

#include <stdlib.h>

#include "test.h"

static void the_first_that_is_set_counts(void **state)
{
    static const struct { const char *why, *configured, *region, *fallback, *wanted; } cases[] = {
        {"what is configured", "eu-west-1", "eu-west-2", "eu-west-3", "eu-west-1"},
        {"else AWS_REGION", "", "eu-west-2", "eu-west-3", "eu-west-2"},
        {"else AWS_DEFAULT_REGION", NULL, "", "eu-west-3", "eu-west-3"},
        {"else Amazon's first", "", "", "", "us-east-1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        setenv("AWS_REGION", cases[i].region, 1);
        setenv("AWS_DEFAULT_REGION", cases[i].fallback, 1);
        assert_string_equal(region_choose(cases[i].configured), cases[i].wanted);
    }
    unsetenv("AWS_REGION");
    unsetenv("AWS_DEFAULT_REGION");
    assert_string_equal(region_choose(NULL), "us-east-1");
}

static void services_have_endpoints(void **state)
{
    static const struct { const char *why, *service, *region, *wanted; } cases[] = {
        {"a region", "s3", "eu-west-1", "https://s3.eu-west-1.amazonaws.com"},
        {"China is apart", "sts", "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"},
        {"no name", "s3", "", NULL},
        {"capitals", "s3", "EU-WEST-1", NULL},
        {"another host", "s3", "example.com/", NULL},
        {"too long", "s3", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char url[REGION_ENDPOINT_BYTES] = "untouched";
        struct err err = {0};
        CASE(cases[i].why);
        int rc = region_endpoint(cases[i].service, cases[i].region, url, &err);
        assert_int_equal(rc, cases[i].wanted ? E_OK : E_BAD_CONFIG);
        assert_string_equal(url, cases[i].wanted ? cases[i].wanted : "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_is_set_counts),
        cmocka_unit_test(services_have_endpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
