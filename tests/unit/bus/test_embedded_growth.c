/* The file of the embedded bus grows ahead of its commits. */
#include "embedded_group_rig.h"

static uint64_t file_bytes(void)
{
    struct stat file;
    char path[128];
    snprintf(path, sizeof path, "%s/data.mdb", own_folder);
    assert_int_equal(stat(path, &file), 0);
    return (uint64_t)file.st_size;
}

static uint64_t used_bytes(const struct rig *rig)
{
    const struct environment *environment = ((struct embedded_bus *)rig->bus)->environment;
    MDB_envinfo info;
    assert_int_equal(mdb_env_info(environment->mdb, &info), 0);
    return (info.me_last_pgno + 1) * environment->page_bytes;
}

struct grown { uint64_t steps, ahead, used; };

/* How often the file grew in so many commits, and how far it reaches beyond what is used. */
static struct grown commit_all(struct rig *rig, struct bus_consumer *writer, int commits, int count,
                               size_t bytes)
{
    struct err err;
    struct grown grown = {0};
    for (int i = 0; i < commits; i++) {
        uint64_t before = file_bytes();
        must(commit_values(rig, writer, count, bytes, &err), &err);
        grown.steps += file_bytes() > before;
    }
    grown.used = used_bytes(rig);
    grown.ahead = file_bytes() - grown.used;
    return grown;
}

static void test_ahead(void **state)
{
    static const struct {
        const char *why;
        bool durable;
        int commits, count;
        size_t bytes;
        uint64_t steps_most, steps_least, ahead_most;
    } cases[] = {
        {"small commits: now and then, by half a MiB", true, 200, 10, 500, 12, 2, 600 * 1024},
        {"large ones: by LMDB alone", true, 20, 64, 10000, 20, 20, 0},
        {"what isn't synced has nothing to spare", false, 200, 10, 500, 200, 100, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rig rig;
        struct bus_options options = rig_options();
        options.durable = cases[i].durable;
        CASE(cases[i].why);
        rig_start(&rig, &options);
        struct bus_consumer *writer = writer_of(&rig);
        (void)commit_all(&rig, writer, 5, cases[i].count, cases[i].bytes); /* its topics */
        struct grown grown =
            commit_all(&rig, writer, cases[i].commits, cases[i].count, cases[i].bytes);
        assert_in_range(grown.steps, cases[i].steps_least, cases[i].steps_most);
        assert_in_range(grown.ahead, 0, cases[i].ahead_most);
        bus_unsubscribe(writer);
        rig_stop(&rig);
    }
}

static void test_limit(void **state)
{
    (void)state;
    struct rig rig;
    struct err err;
    struct bus_options options = rig_options();
    options.durable = true;
    options.size_limit = 2 << 20;
    rig_start(&rig, &options);
    struct bus_consumer *writer = writer_of(&rig);
    CASE("never beyond the limit, and all of that can be used");
    while (commit_values(&rig, writer, 10, 500, &err) == E_OK)
        assert_in_range(file_bytes(), 1, options.size_limit);
    assert_int_equal(err.code, E_DISK_FULL);
    assert_true(used_bytes(&rig) > options.size_limit * 3 / 4);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

static void test_again(void **state)
{
    (void)state;
    struct rig rig;
    struct events events = {0};
    struct bus_options options = rig_options();
    uint32_t count = 0, all = 0;
    options.durable = true;
    rig_start(&rig, &options);
    struct bus_consumer *writer = writer_of(&rig);
    assert_true(commit_all(&rig, writer, 50, 10, 500).ahead > 0);
    bus_unsubscribe(writer);
    bus_close(rig.bus);
    CASE("opened anew: it is all there, and more fits into the room that is left");
    rig.bus = rig_open(&options, &rig.clock.clock);
    writer = writer_of(&rig);
    assert_int_equal(commit_all(&rig, writer, 3, 10, 500).steps, 0);
    struct bus_consumer *a = member(&rig, "a", &events);
    while (poll_for(a, &count) == E_OK && count) all += count;
    assert_int_equal(all, 53 * 10);
    bus_unsubscribe(a);
    bus_unsubscribe(writer);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ahead), cmocka_unit_test(test_limit),
                                       cmocka_unit_test(test_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
