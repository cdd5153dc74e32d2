/* The directory store: whole objects or none, in the order of their keys, never outside
 * of its folder. */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_expect.h"

struct fixture {
    char root[64];
    struct store *store;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct err err;
    char url[96];
    snprintf(fixture->root, sizeof fixture->root, "/tmp/verbatim-store-XXXXXX");
    if (!mkdtemp(fixture->root)) return -1;
    snprintf(url, sizeof url, "file://%s/a/b", fixture->root); /* made on the way */
    struct store_config config = {.url = url};
    if (store_open(&config, &fixture->store, &err) != E_OK) return -1;
    strcat(fixture->root, "/a/b");
    *state = fixture;
    return 0;
}

static void remove_tree(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        char inner[4096];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR) remove_tree(inner);
        else unlink(inner);
    }
    if (folder) closedir(folder);
    rmdir(path);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    fixture->root[strlen(fixture->root) - 4] = '\0';
    remove_tree(fixture->root);
    free(fixture);
    return 0;
}

/* Keys in listed order, joined by '|', in pages of `limit`. */
static void expect_list(struct store *store, const char *prefix, const char *after, size_t limit,
                        const char *wanted)
{
    struct store_page page = {.next = str_of(after)};
    struct buffer keys = {0};
    struct err err = {0};
    do {
        expect(E_OK, store_list(store, str_of(prefix), page.next, limit, &page, &err), &err);
        if (limit) assert_true(page.count <= limit);
        for (size_t i = 0; i < page.count; i++)
            buffer_printf(&keys, "%s%.*s", keys.size ? "|" : "", STR_ARGS(page.objects[i].key));
    } while (page.more);
    assert_string_equal(buffer_cstr(&keys), wanted);
    buffer_deinit(&keys);
    store_page_deinit(&page);
}

static void put(struct store *store, const char *key, const char *body)
{
    struct err err = {0};
    expect(E_OK, store_put(store, str_of(key), str_of(body), NULL, &err), &err);
}

static void puts_gets_and_deletes(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct err err = {0};
    struct buffer out = {0};
    struct store_info info, later;
    expect(E_OK, store_probe(store, &err), &err);
    expect(E_NOT_FOUND, store_head(store, STR("x/y"), &info, &err), &err);
    expect(E_NOT_FOUND, store_get(store, STR("x/y"), 10, &out, &err), &err);
    put(store, "x/y", "hello");
    expect(E_OK, store_head(store, STR("x/y"), &info, &err), &err);
    assert_int_equal(info.size_bytes, 5);
    assert_true(info.modified_ms > INT64_C(1700000000000));
    buffer_add(&out, STR("kept:"));
    expect(E_TOO_LARGE, store_get(store, STR("x/y"), 4, &out, &err), &err);
    assert_int_equal(out.size, 5);
    expect(E_OK, store_get(store, STR("x/y"), 5, &out, &err), &err);
    expect(E_OK, store_get_range(store, STR("x/y"), 1, 2, info.etag, &out, &err), &err);
    expect(E_OK, store_get_range(store, STR("x/y"), 4, 9, NULL, &out, &err), &err);
    expect(E_OK, store_get_range(store, STR("x/y"), 99, 9, NULL, &out, &err), &err);
    assert_string_equal(buffer_cstr(&out), "kept:helloelo");
    expect(E_TOO_LARGE, store_get_range(store, STR("x/y"), UINT64_MAX, 9, NULL, &out, &err), &err);
    expect_object(store, STR("x/y"), STR("hello"));
    put(store, "x/y", "replaced");
    expect(E_OK, store_head(store, STR("x/y"), &later, &err), &err);
    assert_string_not_equal(info.etag, later.etag);
    expect(E_NOT_FOUND, store_get_range(store, STR("x/y"), 0, 2, info.etag, &out, &err), &err);
    expect(E_OK, store_delete(store, STR("x/y"), &err), &err);
    expect(E_OK, store_delete(store, STR("x/y"), &err), &err);
    expect(E_OK, store_delete(store, STR("no/such/folder"), &err), &err);
    expect(E_OK, store_delete(store, STR("x"), &err), &err); /* a folder is no object */
    expect_list(store, "", "", 0, "");
    buffer_deinit(&out);
}

/* As deep as a key can be. */
static void lists_what_lies_deep(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    enum { FOLDERS = 400 };
    char key[2 * FOLDERS + 2];
    for (size_t i = 0; i < FOLDERS; i++) memcpy(key + 2 * i, "d/", 2);
    memcpy(key + (size_t)2 * FOLDERS, "k", 2);
    put(store, key, "deep");
    expect_list(store, "", "", 0, key);
}

static void writes_once_if_absent(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct err err = {0};
    struct store_put_options once = {.if_absent = true};
    expect(E_OK, store_put(store, STR("k"), STR("first"), &once, &err), &err);
    expect(E_EXISTS, store_put(store, STR("k"), STR("second"), &once, &err), &err);
    expect_object(store, STR("k"), STR("first"));
    struct store_upload *upload = NULL;
    expect(E_OK, store_upload_begin(store, STR("k"), &once, &upload, &err), &err);
    expect(E_OK, store_upload_part(upload, STR("third"), &err), &err);
    expect(E_EXISTS, store_upload_finish(upload, &err), &err);
    store_upload_abort(upload);
    expect_list(store, "", "", 0, "k"); /* and no temporary files: */
    DIR *folder = opendir(((struct fixture *)*state)->root);
    struct dirent *entry;
    while ((entry = readdir(folder)))
        assert_int_not_equal(strncmp(entry->d_name, ".verbatim", 9), 0);
    closedir(folder);
}

static void uploads_show_when_they_are_finished(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct err err = {0};
    struct store_upload *upload = NULL;
    expect(E_OK, store_upload_begin(store, STR("d/large"), NULL, &upload, &err), &err);
    expect(E_OK, store_upload_part(upload, STR("one,"), &err), &err);
    expect_list(store, "", "", 0, "");
    expect(E_OK, store_upload_part(upload, STR("two"), &err), &err);
    expect(E_OK, store_upload_finish(upload, &err), &err);
    expect_object(store, STR("d/large"), STR("one,two"));
    expect(E_OK, store_upload_begin(store, STR("d/dropped"), NULL, &upload, &err), &err);
    expect(E_OK, store_upload_part(upload, STR("one"), &err), &err);
    store_upload_abort(upload);
    expect_list(store, "", "", 0, "d/large");
    store_upload_abort(NULL);
}

static void lists_by_the_bytes_of_the_keys(void **state)
{
    static const char all[] = "a-b/1|a.txt|a/b|a/b.c|a/c/d|a0|b/1|b/2|b/3";
    struct fixture *fixture = *state;
    char path[128];
    for (struct str rest = str_of(all); rest.size;) {
        struct str key = str_cut(&rest, '|');
        struct err err;
        expect(E_OK, store_put(fixture->store, key, STR("x"), NULL, &err), &err);
    }
    snprintf(path, sizeof path, "%s/link", fixture->root);
    assert_int_equal(symlink("/etc", path), 0);
    snprintf(path, sizeof path, "%s/pipe", fixture->root);
    assert_int_equal(mkfifo(path, 0600), 0);
    for (size_t limit = 0; limit < 11; limit++) expect_list(fixture->store, "", "", limit, all);
    expect_list(fixture->store, "a/", "", 1, "a/b|a/b.c|a/c/d");
    expect_list(fixture->store, "a", "", 2, "a-b/1|a.txt|a/b|a/b.c|a/c/d|a0");
    expect_list(fixture->store, "a/b", "", 0, "a/b|a/b.c");
    expect_list(fixture->store, "b/", "b/1", 0, "b/2|b/3");
    expect_list(fixture->store, "", "a/b.c", 0, "a/c/d|a0|b/1|b/2|b/3");
    expect_list(fixture->store, "", "a/zzz", 0, "a0|b/1|b/2|b/3");
    expect_list(fixture->store, "", "b/3", 0, "");
    expect_list(fixture->store, "c", "", 0, "");
}

static void stays_in_its_folder(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct err err = {0};
    struct buffer out = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/link", fixture->root);
    assert_int_equal(symlink("/tmp", path), 0);
    snprintf(path, sizeof path, "%s/passwd", fixture->root);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof path, "%s/pipe", fixture->root);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect(E_BAD_MESSAGE, store_put(store, STR("../x"), STR(""), NULL, &err), &err);
    expect(E_NOT_FOUND, store_get(store, STR("../../x"), 10, &out, &err), &err);
    expect(E_NOT_FOUND, store_get(store, STR("/etc/passwd"), 1 << 20, &out, &err), &err);
    expect(E_BAD_MESSAGE, store_get(store, STR("passwd"), 1 << 20, &out, &err), &err); /* ELOOP */
    expect(E_NOT_FOUND, store_get(store, STR("pipe"), 10, &out, &err), &err);
    expect(E_BAD_MESSAGE, store_put(store, STR("link/x"), STR(""), NULL, &err), &err);
    put(store, "file", "x");
    expect(E_BAD_MESSAGE, store_put(store, STR("file/x"), STR(""), NULL, &err), &err);
    put(store, "folder/x", "x");
    expect(E_BAD_MESSAGE, store_put(store, STR("folder"), STR(""), NULL, &err), &err);
    assert_int_equal(out.size, 0);
    buffer_deinit(&out);
}

/* A file size limit stands in for a full disk: the write fails in the middle,
 * and nothing is left. */
static void a_failed_write_leaves_nothing(void **state)
{
    struct store *store = ((struct fixture *)*state)->store;
    struct err err = {0};
    struct rlimit before, small;
    char body[8192];
    memset(body, 'x', sizeof body);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4096;
    struct store_upload *upload = NULL;
    expect(E_OK, store_upload_begin(store, STR("parts"), NULL, &upload, &err), &err);
    expect(E_OK, store_upload_part(upload, STR("first,"), &err), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int whole = store_put(store, STR("whole"), str_make(body, sizeof body), NULL, &err);
    int part = store_upload_part(upload, str_make(body, sizeof body), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(whole, E_IO);
    assert_int_equal(part, E_IO);
    expect_list(store, "", "", 0, "");
    expect(E_OK, store_upload_part(upload, STR("second"), &err), &err);
    expect(E_OK, store_upload_finish(upload, &err), &err);
    expect_object(store, STR("parts"), STR("first,second"));
}

enum { CHILD_OK, CHILD_FAILED, CHILD_SKIPPED };

/* In a process with a mount table of its own, over a tmpfs of 256 KiB. */
static int fill_a_disk(const char *path)
{
    static char body[1 << 20];
    struct store *store = NULL;
    struct err err = {0};
    struct store_page page = {0};
    struct store_config config = {.url = path};
    bool root = geteuid() == 0;
    if (unshare(root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) return CHILD_SKIPPED;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return CHILD_SKIPPED;
    if (mount("tmpfs", path, "tmpfs", 0, "size=256k") != 0) return CHILD_SKIPPED;
    if (store_open(&config, &store, &err) != E_OK) return CHILD_FAILED;
    if (store_put(store, STR("k"), str_make(body, sizeof body), NULL, &err) != E_DISK_FULL)
        return CHILD_FAILED;
    if (store_put(store, STR("k"), str_make(body, 100 * 1024), NULL, &err) != E_OK)
        return CHILD_FAILED; /* room again */
    if (store_list(store, STR(""), STR(""), 0, &page, &err) != E_OK || page.count != 1)
        return CHILD_FAILED;
    store_page_deinit(&page);
    store_close(store);
    return CHILD_OK;
}

static void a_full_disk_is_said(void **state)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(fill_a_disk(((struct fixture *)*state)->root));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CHILD_SKIPPED) {
        print_message("no right to mount a small tmpfs here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), CHILD_OK);
}

static void what_cannot_be_opened(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = NULL;
    struct err err = {0};
    char path[128];
    put(fixture->store, "file", "x");
    snprintf(path, sizeof path, "%s/file", fixture->root);
    struct store_config config = {.url = path};
    expect(E_NO_OUTPUT, store_open(&config, &store, &err), &err);
    snprintf(path, sizeof path, "%s/file/below", fixture->root);
    expect(E_NO_OUTPUT, store_open(&config, &store, &err), &err);
    snprintf(path, sizeof path, "%s/missing", fixture->root);
    config.must_exist = true;
    expect(E_NO_INPUT, store_open(&config, &store, &err), &err);
    assert_int_equal(access(path, F_OK), -1);
    config.must_exist = false;
    config.url = "/proc/no/such";
    int rc = store_open(&config, &store, &err);
    assert_true(rc == E_NO_OUTPUT || rc == E_DENIED);
    assert_null(store);
    store_close(NULL);
}

/* Under a store that is open: what lies below is made anew, the store's own folder isn't. */
static void a_folder_that_is_deleted(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    char path[128];
    put(fixture->store, "below/object", "x");
    snprintf(path, sizeof path, "%s/below", fixture->root);
    remove_tree(path);
    put(fixture->store, "below/object", "x");
    remove_tree(fixture->root);
    expect(E_NO_OUTPUT, store_put(fixture->store, STR("below/object"), STR("x"), NULL, &err), &err);
    assert_non_null(strstr(err.text, fixture->root));
}

static void makes_a_folder_once(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    enum store_versioning versioning = STORE_VERSIONING_ENABLED;
    bool made = false;
    char path[128];
    snprintf(path, sizeof path, "file://%s/new/and/newer", fixture->root);
    struct store_config config = {.url = path};
    expect(E_OK, store_make(&config, &made, &err), &err);
    assert_true(made);
    assert_int_equal(access(path + strlen("file://"), F_OK), 0);
    expect(E_OK, store_make(&config, &made, &err), &err);
    assert_false(made);
    put(fixture->store, "file", "x");
    snprintf(path, sizeof path, "%s/file", fixture->root);
    expect(E_NO_OUTPUT, store_make(&config, &made, &err), &err);
    assert_non_null(strstr(err.text, "Not a directory"));
    snprintf(path, sizeof path, "%s/file/below", fixture->root);
    expect(E_NO_OUTPUT, store_make(&config, &made, &err), &err);
    config.url = "";
    expect(E_BAD_CONFIG, store_make(&config, &made, &err), &err);
    expect(E_OK, store_versioning(fixture->store, &versioning, &err), &err);
    assert_int_equal(versioning, STORE_VERSIONING_OFF);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_STORE(puts_gets_and_deletes),         WITH_STORE(lists_what_lies_deep),
        WITH_STORE(writes_once_if_absent),
        WITH_STORE(uploads_show_when_they_are_finished), WITH_STORE(lists_by_the_bytes_of_the_keys),
        WITH_STORE(stays_in_its_folder),           WITH_STORE(a_failed_write_leaves_nothing),
        WITH_STORE(a_full_disk_is_said),           WITH_STORE(what_cannot_be_opened),
        WITH_STORE(a_folder_that_is_deleted),      WITH_STORE(makes_a_folder_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
