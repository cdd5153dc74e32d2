/* Several processes on one embedded bus, and what is left when one is killed at any moment.
 *
 * The program starts itself as the other process, with a mode as its first argument; a byte on a
 * pipe says how far the other one is. Nothing here sleeps. */
#include "must.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/random.h"
#include "test_embedded_rig.h"

enum { WAIT_MS = 240000, ROUNDS = 20, MESSAGES_MAX = 1 << 20 };

static struct bus_consumer *subscribe(struct bus *bus, const char *group, const char *member,
                                      enum topic topic)
{
    struct bus_consumer *consumer;
    struct err err;
    const struct bus_subscription subscription = {
        .group = group, .member = member, .topics = &topic, .topic_count = 1};
    must(bus_subscribe(bus, &subscription, &consumer, &err), &err);
    return consumer;
}

/* --- the other process ------------------------------------------------------------------------ */

static void say(void)
{
    if (write(STDOUT_FILENO, "x", 1) != 1) _exit(3);
}

static void hear(void)
{
    char byte;
    if (read(STDIN_FILENO, &byte, 1) != 1) _exit(3);
}

static void send_some(struct bus_consumer *writer, int from, int count, size_t bytes)
{
    struct bus_output outputs[64];
    char keys[64][16];
    struct err err;
    char *value = calloc(1, bytes);
    for (int i = 0; i < count; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", from + i);
        outputs[i] = (struct bus_output){
            .topic = TOPIC_FEEDBACK, .key = str_of(keys[i]), .value = {value, bytes}};
    }
    must(bus_commit(writer, outputs, (size_t)count, NULL, 0, &err), &err);
    free(value);
}

/* One output per message, named after its place; commits both together. */
static void pass_on(struct bus_consumer *consumer, uint32_t most)
{
    struct bus_batch batch;
    struct bus_output outputs[64];
    struct bus_position positions[2] = {{TOPIC_FEEDBACK, 0, -1}, {TOPIC_FEEDBACK, 1, -1}};
    char places[64][32];
    struct err err;
    must(bus_poll(consumer, most, 1 << 20, &batch, &err), &err);
    for (uint32_t i = 0; i < batch.count; i++) {
        const struct bus_message *message = &batch.messages[i];
        snprintf(places[i], sizeof places[i], "%u:%lld", message->partition,
                 (long long)message->offset);
        outputs[i] = (struct bus_output){
            .topic = TOPIC_DOCUMENTS, .key = str_of(places[i]), .value = str_of(places[i])};
        positions[message->partition].offset = message->offset + 1;
    }
    const struct bus_position *from = positions[0].offset >= 0 ? positions : positions + 1;
    size_t count = (size_t)(positions[0].offset >= 0) + (size_t)(positions[1].offset >= 0);
    must(bus_commit(consumer, outputs, batch.count, from, count, &err), &err);
    bus_release(consumer, &batch);
}

/* Writes, reads and passes on until it is killed. */
static void be_worker(struct bus *bus, uint64_t seed)
{
    struct random random;
    struct bus_consumer *consumer = subscribe(bus, "crash", "crash-0", TOPIC_FEEDBACK),
                        *writer = subscribe(bus, NULL, NULL, TOPIC_AUDIT);
    random_seed(&random, seed);
    for (int i = 0;; i++) {
        size_t bytes = random_below(&random, 10) ? 200 : 20000;
        send_some(writer, i * 64, 1 + (int)random_below(&random, 64), bytes);
        pass_on(consumer, 1 + (uint32_t)random_below(&random, 64));
        say();
    }
}

/* Owns all partitions, says so, and then does nothing. */
static void be_member(struct bus *bus)
{
    struct bus_consumer *consumer = subscribe(bus, "shared", "m0", TOPIC_FEEDBACK);
    struct bus_batch batch;
    struct err err;
    must(bus_poll(consumer, 10, 1 << 20, &batch, &err), &err);
    if (bus_backlog(consumer, NULL, 0) != 2) _exit(4);
    say();
    for (;;) pause();
}

static void be_sender(struct bus *bus, int commits, size_t bytes)
{
    struct bus_consumer *writer = subscribe(bus, NULL, NULL, TOPIC_AUDIT);
    say();
    hear();
    for (int i = 0; i < commits; i++) send_some(writer, i * 64, 64, bytes);
    say();
    hear(); /* still open while the other one reads */
    bus_unsubscribe(writer);
    bus_close(bus);
}

static int other_main(char **arguments)
{
    snprintf(own_folder, sizeof own_folder, "%s", arguments[2]);
    struct bus_options options = rig_options();
    int number = atoi(arguments[3]);
    options.durable = number % 2 == 0;
    struct bus *bus = rig_open(&options, clock_system());
    if (strcmp(arguments[1], "worker") == 0) be_worker(bus, (uint64_t)number);
    if (strcmp(arguments[1], "member") == 0) be_member(bus);
    if (strcmp(arguments[1], "sender") == 0) be_sender(bus, number, 1000);
    return 0;
}

/* --- this process ----------------------------------------------------------------------------- */

struct other { pid_t pid; int to, from; };

static struct other start(const char *mode, int number)
{
    int to[2], from[2];
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    struct other other = {fork(), to[1], from[0]};
    assert_true(other.pid >= 0);
    if (other.pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[1]);
        close(from[0]);
        execl("/proc/self/exe", "other", mode, own_folder, text, (char *)NULL);
        _exit(5);
    }
    close(to[0]);
    close(from[1]);
    return other;
}

static void hear_from(const struct other *other)
{
    char byte;
    assert_int_equal(read(other->from, &byte, 1), 1);
}

static void tell(const struct other *other) { assert_int_equal(write(other->to, "x", 1), 1); }

static int end(struct other *other, int signal_number)
{
    int status;
    if (signal_number) kill(other->pid, signal_number);
    assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
    close(other->to);
    close(other->from);
    return status;
}

/* --- killed at any moment --------------------------------------------------------------------- */

struct places { int64_t next[2]; uint8_t *passed[2]; };

static void note_document(struct places *places, const struct bus_message *message)
{
    char text[32] = "";
    unsigned partition;
    long long offset;
    memcpy(text, message->value.data, message->value.size < 31 ? message->value.size : 31);
    assert_int_equal(sscanf(text, "%u:%lld", &partition, &offset), 2);
    assert_in_range(partition, 0, 1);
    assert_in_range(offset, 0, MESSAGES_MAX - 1);
    assert_int_equal(places->passed[partition][offset]++, 0); /* never twice */
}

/* Reads a whole topic; checks that each partition counts up without a gap. */
static void read_all(struct bus *bus, enum topic topic, struct places *places, int64_t next[2])
{
    struct bus_consumer *reader = subscribe(bus, NULL, NULL, topic);
    struct bus_batch batch;
    struct err err;
    for (;;) {
        must(bus_poll(reader, 500, 1 << 20, &batch, &err), &err);
        if (batch.count == 0) break;
        for (uint32_t i = 0; i < batch.count; i++) {
            assert_int_equal(batch.messages[i].offset, next[batch.messages[i].partition]++);
            if (topic == TOPIC_DOCUMENTS) note_document(places, &batch.messages[i]);
        }
        bus_release(reader, &batch);
    }
    bus_unsubscribe(reader);
}

static void check_after_kill(bool all)
{
    struct bus_options options = rig_options();
    struct bus *bus = rig_open(&options, clock_system());
    struct places places = {.passed = {calloc(1, MESSAGES_MAX), calloc(1, MESSAGES_MAX)}};
    int64_t feedback[2] = {0}, documents[2] = {0};
    struct bus_backlog backlog[2];
    struct bus_batch batch;
    struct err err;
    struct bus_consumer *consumer = subscribe(bus, "crash", "crash-0", TOPIC_FEEDBACK);
    must(bus_poll(consumer, 0, 0, &batch, &err), &err); /* takes the dead one's place at once */
    assert_int_equal(bus_backlog(consumer, backlog, 2), 2);
    while (all && (backlog[0].records || backlog[1].records)) {
        pass_on(consumer, 64);
        assert_int_equal(bus_backlog(consumer, backlog, 2), 2);
    }
    read_all(bus, TOPIC_FEEDBACK, &places, feedback);
    read_all(bus, TOPIC_DOCUMENTS, &places, documents);
    for (int i = 0; i < 2; i++) {
        uint32_t partition = backlog[i].partition;
        assert_int_equal(backlog[i].end, feedback[partition]);
        /* once below the position, never above */
        for (int64_t offset = 0; offset < feedback[partition]; offset++)
            assert_int_equal(places.passed[partition][offset], offset < backlog[i].position);
    }
    assert_int_equal(documents[0] + documents[1], backlog[0].position + backlog[1].position);
    free(places.passed[0]);
    free(places.passed[1]);
    bus_unsubscribe(consumer);
    bus_close(bus);
}

static void test_kill(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 20260101);
    own_folder_make(NULL);
    for (int round = 0; round < ROUNDS; round++) {
        struct other other = start("worker", round);
        uint64_t commits = 1 + random_below(&random, 30);
        for (uint64_t i = 0; i < commits; i++) hear_from(&other);
        /* a little later */
        for (uint64_t i = random_below(&random, 200000); i > 0; i--) __asm__ volatile("");
        int status = end(&other, SIGKILL);
        assert_true(WIFSIGNALED(status));
        check_after_kill(round == ROUNDS - 1);
    }
    own_folder_remove(NULL);
}

/* --- side by side ----------------------------------------------------------------------------- */

static uint32_t read_count(struct bus_consumer *consumer)
{
    struct bus_batch batch;
    struct err err;
    must(bus_poll(consumer, 1000, 64 << 20, &batch, &err), &err);
    uint32_t count = batch.count;
    bus_release(consumer, &batch);
    return count;
}

/* Crowded: as where so many processes are that no bit of the futex is left. */
static void check_wake(bool crowded)
{
    struct flock bells = {.l_type = F_WRLCK, .l_start = EMBEDDED_SLOTS}; /* and all behind */
    char path[128];
    own_folder_make(NULL);
    snprintf(path, sizeof path, "%s/live", own_folder);
    int fd = crowded ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (crowded) assert_int_equal(fcntl(fd, F_OFD_SETLK, &bells), 0);
    struct bus_options options = rig_options();
    struct bus *bus = rig_open(&options, clock_system());
    assert_int_equal(((struct embedded_bus *)bus)->environment->bell, crowded ? UINT32_MAX : 1);
    struct bus_consumer *reader = subscribe(bus, NULL, NULL, TOPIC_FEEDBACK);
    struct other other = start("sender", 5);
    bool created;
    struct err err;
    must(bus_topic_create(bus, TOPIC_FEEDBACK, NULL, &created, &err), &err);
    hear_from(&other);
    assert_int_equal(read_count(reader), 0);
    struct pollfd waiter = {.fd = bus_wake_fd(reader), .events = POLLIN};
    CASE("quiet as long as nothing is written");
    assert_int_equal(poll(&waiter, 1, 0), 0);
    CASE("a commit of another process wakes this one, and is read while the other runs");
    tell(&other);
    uint32_t count = 0;
    while (count < 5 * 64) {
        assert_int_equal(poll(&waiter, 1, WAIT_MS), 1);
        count += read_count(reader);
    }
    assert_int_equal(count, 5 * 64);
    tell(&other);
    assert_int_equal(end(&other, 0), 0);
    bus_unsubscribe(reader);
    bus_close(bus);
    if (crowded) close(fd);
    own_folder_remove(NULL);
}

static void test_wake(void **state)
{
    (void)state;
    check_wake(false);
    check_wake(true);
}

static void test_dead_member(void **state)
{
    (void)state;
    own_folder_make(NULL);
    struct bus_options options = rig_options();
    struct bus *bus = rig_open(&options, clock_system());
    bool created;
    struct err err;
    must(bus_topic_create(bus, TOPIC_FEEDBACK, NULL, &created, &err), &err);
    struct other other = start("member", 0);
    hear_from(&other);
    struct bus_consumer *consumer = subscribe(bus, "shared", "m1", TOPIC_FEEDBACK);
    assert_int_equal(read_count(consumer), 0);
    CASE("a living member keeps what it owns until it lets go");
    assert_int_equal(bus_backlog(consumer, NULL, 0), 0);
    end(&other, SIGKILL);
    CASE("a killed one loses it at the next look, long before its lease ends");
    int64_t start_ms = clock_mono_ms(clock_system());
    struct pollfd waiter = {.fd = bus_wake_fd(consumer), .events = POLLIN};
    while (bus_backlog(consumer, NULL, 0) != 2 &&
           clock_mono_ms(clock_system()) - start_ms < EMBEDDED_LEASE_MS - 1000) {
        poll(&waiter, 1, 50);
        read_count(consumer);
    }
    assert_int_equal(bus_backlog(consumer, NULL, 0), 2);
    bus_unsubscribe(consumer);
    bus_close(bus);
    own_folder_remove(NULL);
}

/* The other process was given a larger limit, and writes beyond our map. */
static void test_larger_limit(void **state)
{
    (void)state;
    own_folder_make(NULL);
    struct bus_options options = rig_options();
    options.size_limit = 1 << 20;
    struct bus *bus = rig_open(&options, clock_system());
    struct bus_consumer *reader = subscribe(bus, NULL, NULL, TOPIC_FEEDBACK),
                        *writer = subscribe(bus, NULL, NULL, TOPIC_AUDIT);
    struct bus_batch held, none;
    struct err err;
    send_some(writer, 0, 10, 100);
    must(bus_poll(reader, 1, 1000, &held, &err), &err);
    assert_int_equal(held.count, 1);
    struct other other = start("sender", 80); /* 80 × 64 × 1000 bytes: 5 MB */
    hear_from(&other);
    tell(&other);
    hear_from(&other);
    CASE("as long as a batch points into the old map, reading waits");
    assert_int_equal(bus_poll(reader, 1000, 1 << 20, &none, &err), E_BUSY);
    assert_int_equal(held.messages[0].value.size, 100);
    bus_release(reader, &held);
    CASE("then the larger map is taken over, and all of it is read");
    uint32_t count = 1;
    while (count < 10 + 80 * 64) {
        uint32_t more = read_count(reader);
        assert_true(more > 0);
        count += more;
    }
    CASE("our own limit is still ours");
    assert_int_equal(bus_commit(writer,
                                &(struct bus_output){.topic = TOPIC_FEEDBACK, .key = STR("k")}, 1,
                                NULL, 0, &err),
                     E_DISK_FULL);
    tell(&other);
    assert_int_equal(end(&other, 0), 0);
    bus_unsubscribe(reader);
    bus_unsubscribe(writer);
    bus_close(bus);
    own_folder_remove(NULL);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wake), cmocka_unit_test(test_dead_member),
        cmocka_unit_test(test_larger_limit),
        cmocka_unit_test(test_kill),
    };
    if (count == 4) return other_main(arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
