/* S3's replies: lists, upload ids, errors; and which code a refusal gets. */
#include "store/s3.h"
#include "store/s3_reply.h"
#include "test.h"

#define OBJECT(key) "<Contents><Key>" key "</Key><Size>3</Size></Contents>"
#define LIST(inside) "<ListBucketResult>" inside "</ListBucketResult>"
#define URL "<EncodingType>url</EncodingType>"
#define MORE "<IsTruncated>true</IsTruncated>"

/* keys: joined by '|', "..." at the end where more follow. NULL: refused. */
static const struct { const char *why, *prefix, *after, *body, *keys; } lists[] = {
    {"no objects", "", "", LIST(""), ""},
    {"two", "", "", LIST(OBJECT("a") OBJECT("b")), "a|b"},
    {"more to come", "", "", LIST(MORE OBJECT("a")), "a..."},
    {"the store's prefix comes off", "p/", "", LIST(OBJECT("p/a") OBJECT("p/b")), "a|b"},
    {"encoded keys, said so behind them", "", "", LIST(OBJECT("a%3Db+c%2Bd%25") URL), "a=b c+d%"},
    {"keys that only look encoded", "", "", LIST(OBJECT("a%3Db+c")), "a%3Db+c"},
    {"entities in keys", "", "", LIST(OBJECT("a&amp;b")), "a&b"},
    {"folder markers are left out", "p/", "", LIST(OBJECT("p/") OBJECT("p/a/") OBJECT("p/a/b")),
     "a/b"},
    {"the owner's fields are not the object's", "", "",
     LIST("<Contents><Key>a</Key><Owner><Key>x</Key></Owner><Size>1</Size></Contents>"), "a"},
    {"common prefixes are no objects", "", "",
     LIST("<CommonPrefixes><Prefix>x/</Prefix></CommonPrefixes>" OBJECT("y")), "y"},
    {"only markers, and more to come", "", "", LIST(MORE OBJECT("a/")), "..."},
    {"not in order", "", "", LIST(OBJECT("b") OBJECT("a")), NULL},
    {"twice the same", "", "", LIST(OBJECT("a") OBJECT("a")), NULL},
    {"not behind what was asked for", "", "m", LIST(OBJECT("m")), NULL},
    {"without the prefix", "p/", "", LIST(OBJECT("q/a")), NULL},
    {"without key", "", "", LIST("<Contents><Size>1</Size></Contents>"), NULL},
    {"a size that is none", "", "", LIST("<Contents><Key>a</Key><Size>-1</Size></Contents>"), NULL},
    {"badly encoded", "", "", LIST(URL OBJECT("a%4")), NULL},
    {"badly encoded", "", "", LIST(URL OBJECT("a%zz")), NULL},
    {"more, but nothing to go on from", "", "", LIST(MORE), NULL},
    {"another document", "", "", "<Error><Code>x</Code></Error>", NULL},
    {"cut off", "", "", "<ListBucketResult>" OBJECT("a"), NULL},
};

static void reads_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        CASE(lists[i].why);
        struct store_page page = {0};
        struct buffer keys = {0};
        struct err err = {0};
        int rc = s3_reply_list(str_of(lists[i].body), str_of(lists[i].prefix),
                               str_of(lists[i].after), &page, &err);
        assert_int_equal(rc, lists[i].keys ? E_OK : E_UPSTREAM);
        for (size_t j = 0; rc == E_OK && j < page.count; j++)
            buffer_printf(&keys, "%s%.*s", j ? "|" : "", STR_ARGS(page.objects[j].key));
        if (rc == E_OK && page.more) buffer_add(&keys, STR("..."));
        if (rc == E_OK) assert_string_equal(buffer_cstr(&keys), lists[i].keys);
        buffer_deinit(&keys);
        store_page_deinit(&page);
    }
}

static void reads_the_fields_of_an_object(void **state)
{
    (void)state;
    struct store_page page = {0};
    struct err err = {0};
    struct str body =
        STR(LIST("<Contents><Key>a</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
                 "<ETag>&quot;abc-2&quot;</ETag><Size>5368709120</Size></Contents>"));
    assert_int_equal(s3_reply_list(body, STR(""), STR(""), &page, &err), E_OK);
    assert_int_equal(page.objects[0].info.size_bytes, UINT64_C(5368709120));
    assert_int_equal(page.objects[0].info.modified_ms, INT64_C(1767323045000));
    assert_string_equal(page.objects[0].info.etag, "abc-2");
    store_page_deinit(&page);
}

static void reads_upload_ids(void **state)
{
    (void)state;
    char id[S3_UPLOAD_ID_BYTES];
    struct err err = {0};
    assert_int_equal(
        s3_reply_upload_id(STR("<R><Bucket>b</Bucket><UploadId> a.b_c~ </UploadId></R>"), id, &err),
        E_OK);
    assert_string_equal(id, "a.b_c~");
    assert_int_equal(s3_reply_upload_id(STR("<R><UploadId></UploadId></R>"), id, &err), E_UPSTREAM);
    assert_int_equal(s3_reply_upload_id(STR("<R><UploadId>a</UploadId>"), id, &err), E_UPSTREAM);
    assert_string_equal(id, "a.b_c~"); /* set on success only */
}

#define VERSIONS(inside) "<VersioningConfiguration>" inside "</VersioningConfiguration>"

static const struct { const char *why, *body; int versioning; } versionings[] = { /* -1: refused */
    {"on", "<?xml version=\"1.0\"?>" VERSIONS("<Status>Enabled</Status>"),
     STORE_VERSIONING_ENABLED},
    {"suspended", VERSIONS("<Status>\n Suspended </Status><MfaDelete>Disabled</MfaDelete>"),
     STORE_VERSIONING_SUSPENDED},
    {"never asked for", "<VersioningConfiguration xmlns=\"http://s3.example.org/\"/>",
     STORE_VERSIONING_OFF},
    {"a state of something else", VERSIONS("<Other><Status>Enabled</Status></Other>"),
     STORE_VERSIONING_OFF},
    {"a state that there isn't", VERSIONS("<Status>Perhaps</Status>"), -1},
    {"another document", "<Status>Enabled</Status>", -1},
    {"cut off", "<VersioningConfiguration><Status>Enabled</Status>", -1},
};

static void reads_states_of_versioning(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(versionings); i++) {
        CASE(versionings[i].why);
        struct err err = {0};
        enum store_versioning found = STORE_VERSIONING_SUSPENDED;
        int rc = s3_reply_versioning(str_of(versionings[i].body), &found, &err);
        assert_int_equal(rc, versionings[i].versioning < 0 ? E_UPSTREAM : E_OK);
        if (rc != E_OK) assert_int_equal(found, STORE_VERSIONING_SUSPENDED); /* as it was */
        else assert_int_equal(found, versionings[i].versioning);
    }
}

static const struct { const char *region, *body; } constraints[] = { /* NULL: refused */
    {"us-east-1", ""},
    {"eu-west-3", "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                  "<LocationConstraint>eu-west-3</LocationConstraint>"
                  "</CreateBucketConfiguration>"},
    {"", NULL},
    {"a<b", NULL},
    {"a&b", NULL},
};

static void says_where_a_bucket_shall_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(constraints); i++) {
        struct err err = {0};
        struct buffer body = {0};
        int rc = s3_location_constraint(constraints[i].region, &body, &err);
        assert_int_equal(rc, constraints[i].body ? E_OK : E_BAD_CONFIG);
        assert_string_equal(buffer_cstr(&body), constraints[i].body ? constraints[i].body : "");
        buffer_deinit(&body);
    }
}

static void reads_errors(void **state)
{
    (void)state;
    struct s3_error error;
    assert_true(s3_reply_error(STR("<Error><Code>SlowDown</Code><Message>a\nb\x1b[31m</"
                                   "Message><Region>eu-west-3</Region></Error>"),
                               &error));
    assert_string_equal(error.code, "SlowDown");
    assert_string_equal(error.message, "ab[31m"); /* nothing that a terminal would obey */
    assert_string_equal(error.region, "eu-west-3");
    assert_false(s3_reply_error(STR("<html>"), &error));
    assert_string_equal(error.code, "");
    assert_true(s3_reply_is(STR("<Done><ETag>x</ETag></Done>"), STR("Done")));
    assert_false(s3_reply_is(STR("<Done><ETag>x</ETag>"), STR("Done")));
    assert_false(s3_reply_is(STR("<Error/>"), STR("Done")));
}

static const struct {
    long status;
    const char *code;
    bool if_absent;
    enum err_code err;
} refusals[] = {
    {500, "InternalError", false, E_UNAVAILABLE},
    {502, "", false, E_UNAVAILABLE},
    {503, "", false, E_BUSY},
    {503, "SlowDown", false, E_BUSY},
    {429, "", false, E_BUSY},
    {504, "", false, E_TIMEOUT},
    {408, "", false, E_TIMEOUT},
    {400, "RequestTimeout", false, E_TIMEOUT},
    {401, "", false, E_DENIED},
    {403, "AccessDenied", false, E_DENIED},
    {400, "ExpiredToken", false, E_DENIED},
    {404, "XAdminUserNotFound", false, E_DENIED},
    {404, "NoSuchKey", false, E_NOT_FOUND},
    {404, "", false, E_NOT_FOUND},
    {404, "NoSuchBucket", false, E_NO_INPUT},
    {412, "PreconditionFailed", true, E_EXISTS},
    {412, "", true, E_EXISTS},
    {412, "PreconditionFailed", false, E_NOT_FOUND},
    {409, "BucketAlreadyExists", true, E_EXISTS},
    {409, "ConditionalRequestConflict", true, E_BUSY},
    {400, "EntityTooLarge", false, E_TOO_LARGE},
    {400, "BadDigest", false, E_UNAVAILABLE},
    {400, "SomethingNew", false, E_UPSTREAM},
    {507, "", false, E_DISK_FULL},
    {501, "NotImplemented", false, E_BAD_CONFIG},
    {301, "", false, E_BAD_CONFIG},
    {307, "", false, E_UNAVAILABLE},
};

static void refusals_have_their_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        enum err_code code = s3_classify(refusals[i].status, refusals[i].code,
                                         refusals[i].if_absent);
        if (code != refusals[i].err)
            fail_msg("%ld %s is %s", refusals[i].status, refusals[i].code, err_name(code));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lists),      cmocka_unit_test(reads_the_fields_of_an_object),
        cmocka_unit_test(reads_upload_ids), cmocka_unit_test(reads_errors),
        cmocka_unit_test(reads_states_of_versioning),
        cmocka_unit_test(says_where_a_bucket_shall_be),
        cmocka_unit_test(refusals_have_their_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
