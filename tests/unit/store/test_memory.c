/* Each allocation of the stores fails in turn: the answer is NO_MEMORY, nothing leaks or crashes,
 * and an object is there as a whole or not at all. S3's requests go as far as a port that nobody
 * listens on: what allocates is before it. */
#include <stdlib.h>
#include <unistd.h>

#include "test.h"
#include "own_folder.h"
#include "failing_malloc.h"
#include "store/store.h"


static int list_all(struct store *store, size_t *ret_count, struct err *err)
{
    struct store_page page = {0};
    int rc = E_OK;
    *ret_count = 0;
    do {
        rc = store_list(store, STR("a/"), page.next, 1, &page, err);
        *ret_count += rc == E_OK ? page.count : 0;
    } while (rc == E_OK && page.more);
    store_page_deinit(&page);
    return rc;
}

static int upload(struct store *store, struct err *err)
{
    struct store_upload *parts;
    int rc = store_upload_begin(store, STR("a/parts"),
                                &(struct store_put_options){.if_absent = true}, &parts, err);
    if (rc) return rc;
    rc = store_upload_part(parts, STR("one"), err);
    if (rc == E_OK) rc = store_upload_finish(parts, err);
    if (rc) store_upload_abort(parts);
    return rc;
}

static int use_folder(void *user)
{
    const struct store_config config = {.url = own_folder, .no_sync = true};
    struct store *store = NULL;
    struct store_info info;
    struct buffer got = {0};
    struct err err = {0};
    size_t count;
    (void)user;
    int rc = store_open(&config, &store, &err);
    if (rc) return rc;
    rc = store_put(store, STR("a/b/whole"), STR("bytes"),
                   &(struct store_put_options){.if_absent = true}, &err);
    /* a run before came so far */
    if (rc == E_EXISTS) rc = store_delete(store, STR("a/b/whole"), &err);
    if (rc == E_OK) rc = store_put(store, STR("a/b/whole"), STR("bytes"), NULL, &err);
    if (rc == E_OK) rc = store_head(store, STR("a/b/whole"), &info, &err);
    if (rc == E_OK) rc = store_get(store, STR("a/b/whole"), 100, &got, &err);
    if (rc == E_OK) rc = store_get_range(store, STR("a/b/whole"), 1, 2, NULL, &got, &err);
    if (rc == E_OK) assert_true(str_equal(buffer_str(&got), STR("bytesyt")));
    if (rc == E_OK) rc = upload(store, &err);
    if (rc == E_OK) rc = list_all(store, &count, &err);
    if (rc == E_OK) assert_int_equal(count, 2);
    if (rc == E_OK) rc = store_delete(store, STR("a/parts"), &err);
    if (rc == E_OK) rc = store_delete(store, STR("a/b/whole"), &err);
    buffer_deinit(&got);
    store_close(store);
    if (rc) assert_int_equal(err.code, rc);
    return rc;
}

/* What one run left behind is whole. */
static void look_at_folder(void)
{
    const struct store_config config = {.url = own_folder, .no_sync = true};
    struct store *store = NULL;
    struct buffer got = {0};
    struct err err;
    assert_int_equal(store_open(&config, &store, &err), E_OK);
    int rc = store_get(store, STR("a/b/whole"), 100, &got, &err);
    assert_true(rc == E_NOT_FOUND || (rc == E_OK && str_equal(buffer_str(&got), STR("bytes"))));
    buffer_clear(&got);
    rc = store_get(store, STR("a/parts"), 100, &got, &err);
    assert_true(rc == E_NOT_FOUND || (rc == E_OK && str_equal(buffer_str(&got), STR("one"))));
    assert_int_equal(store_delete(store, STR("a/parts"), &err), E_OK); /* if_absent comes again */
    buffer_deinit(&got);
    store_close(store);
}

static int use_folder_and_look(void *user)
{
    int rc = use_folder(user);
    long left = allocations_left;
    allocations_left = -1;
    look_at_folder();
    allocations_left = left;
    return rc;
}

static void a_folder(void **state)
{
    (void)state;
    assert_true(torture(use_folder_and_look, NULL) > 10);
}

typedef int call(struct store *store, struct err *err);

static int put(struct store *store, struct err *err)
{
    const struct store_pair metadata[] = {{STR("rows"), STR("7")}};
    const struct store_put_options options = {
        .if_absent = true, .content_type = "text/plain", .metadata = metadata, .metadata_count = 1};
    return store_put(store, STR("a/b"), STR("bytes"), &options, err);
}

static int get(struct store *store, struct err *err)
{
    struct buffer got = {0};
    int rc = store_get_range(store, STR("a/b"), 1, 2, "etag", &got, err);
    buffer_deinit(&got);
    return rc;
}

static int head(struct store *store, struct err *err)
{
    struct store_info info;
    return store_head(store, STR("a/b"), &info, err);
}

static int list(struct store *store, struct err *err)
{
    size_t count;
    return list_all(store, &count, err);
}

static int remove_it(struct store *store, struct err *err)
{
    return store_delete(store, STR("a/b"), err);
}

static int begin(struct store *store, struct err *err)
{
    struct store_upload *parts;
    int rc = store_upload_begin(store, STR("a/parts"), NULL, &parts, err);
    if (rc == E_OK) store_upload_abort(parts);
    return rc;
}

static int use_s3(void *user)
{
    const struct store_config config = {
        .url = "s3://bucket/prefix", .endpoint = "http://127.0.0.1:1", .region = "us-east-1",
        .access_key_id = "id", .secret_access_key = "secret", .session_token = "token",
        .encryption = STORE_ENCRYPTION_AES256, .tags = "a=b", .connect_timeout_ms = 30000,
        .deadline_ms = 60000};
    struct store *store = NULL;
    struct err err = {0};
    call *const *calling = user;
    int rc = store_open(&config, &store, &err);
    if (rc == E_OK) rc = (*calling)(store, &err);
    store_close(store);
    return rc == E_UNAVAILABLE ? E_OK : rc; /* the end of the way */
}

static void s3(void **state)
{
    static const struct { const char *why; call *call; } cases[] = {
        {"an object with all that a header can say", put}, {"a range of one", get},
        {"its head", head}, {"a list", list},
        {"deleting it", remove_it}, {"an upload in parts", begin},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        call *calling = cases[i].call;
        CASE(cases[i].why);
        assert_true(torture(use_s3, &calling) > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder),
        cmocka_unit_test(s3),
    };
    return cmocka_run_group_tests(tests, own_folder_make, own_folder_remove);
}
