/* What every bus must do with messages: keep and order them, give them in batches, from where
 * and when one likes. */
#ifndef VERBATIM_TEST_CONFORMANCE_MESSAGES_H
#define VERBATIM_TEST_CONFORMANCE_MESSAGES_H

#include "conformance_rig.h"

static void conform_order(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    int last[KEYS];
    for (int i = 0; i < KEYS; i++) last[i] = -1;
    create_topic(bus, TOPIC_FEEDBACK, 4);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 500);
    struct bus_consumer *consumer = subscribe(bus, "order", "order-0", TOPIC_FEEDBACK, BUS_EARLIEST,
                                              NULL);
    collect(consumer, seen, 500);
    check_complete(seen, 0, 500);
    for (int i = 0; i < seen->count; i++) {
        char key[16];
        int number = seen->at[i].number;
        snprintf(key, sizeof key, "k%d", number % KEYS);
        assert_true(number > last[number % KEYS]);
        last[number % KEYS] = number;
        assert_int_equal(seen->at[i].partition, bus_partition_of(str_of(key), 4));
    }
    bus_unsubscribe(consumer);
    free(seen);
}

static void check_same(const struct bus_message *message, const struct bus_output *output)
{
    assert_true(str_equal(message->key, output->key));
    assert_true(str_equal(message->value, output->value));
    assert_int_equal(message->timestamp_ms, output->timestamp_ms);
    assert_int_equal(message->header_count, output->header_count);
    for (uint32_t i = 0; i < output->header_count; i++) {
        assert_true(str_equal(message->headers[i].name, output->headers[i].name));
        assert_true(str_equal(message->headers[i].value, output->headers[i].value));
    }
}

/* All of a topic with one partition, in this order. */
static void check_all(struct bus *bus, const struct bus_output *outputs, size_t count)
{
    size_t at = 0;
    struct bus_consumer *consumer = subscribe(bus, NULL, "trip", TOPIC_FEEDBACK, BUS_EARLIEST,
                                              NULL);
    for (int64_t start = clock_mono_ms(clock_system()); at < count && !out_of_time(start);) {
        struct bus_batch batch;
        poll_batch(consumer, 3, 1 << 20, &batch);
        assert_true(batch.count <= 3);
        for (uint32_t i = 0; i < batch.count; i++) check_same(&batch.messages[i], &outputs[at++]);
        if (batch.count == 0) wait_for_wake(consumer, 100);
        bus_release(consumer, &batch);
    }
    assert_int_equal(at, count);
    bus_unsubscribe(consumer);
}

static void conform_round_trip(struct bus *bus)
{
    enum { LARGE = 900 * 1024 };
    char *large = malloc(LARGE);
    for (int i = 0; i < LARGE; i++) large[i] = (char)(i * 31 + i / 251);
    struct bus_header many[BUS_HEADERS_MAX];
    for (int i = 0; i < BUS_HEADERS_MAX; i++)
        many[i] = (struct bus_header){STR("name"), str_make("0123456789abcdef", (size_t)i)};
    const struct bus_header two[] = {
        {STR("content-type"), STR("application/msgpack")}, {STR("empty"), STR("")}};
    const struct bus_output cases[] = {
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000000, .key = STR("k"),
         .value = STR("plain")},
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000001, .key = STR("k"), .value = STR("")},
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1, .key = STR("k"), .value = STR("early")},
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000003, .key = STR("k"), .value = STR("h"),
         .headers = two, .header_count = 2},
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000004, .key = STR("k"), .value = STR("m"),
         .headers = many, .header_count = BUS_HEADERS_MAX},
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000005, .key = STR("k"),
         .value = {large, LARGE}, .headers = two, .header_count = 1},
        {.topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000006, .key = STR("k"),
         .value = STR("\0\xff\n")},
    };
    create_topic(bus, TOPIC_FEEDBACK, 1);
    send_all(bus, cases, COUNT_OF(cases));
    check_all(bus, cases, COUNT_OF(cases));
    free(large);
}

/* A producer uses again what delivered messages leave behind: it mustn't show. */
static void conform_headers(struct bus *bus)
{
    enum { LISTS = 8, ROUNDS = 3 };
    static const char name_of_90[] = "a-name-of-ninety-bytes-a-name-of-ninety-bytes-a-name-of-ninety-"
                                     "bytes-a-name-of-ninety-byt";
    const struct bus_header lists[LISTS][4] = {
        {{STR("type"), STR("m")}, {STR("id"), STR("1")}, {STR("trace"), STR("a")}},
        {{STR("type"), STR("m")}, {STR("id"), STR("22")}, {STR("trace"), STR("bbb")}},
        {{STR("trace"), STR("a")}, {STR("id"), STR("1")}, {STR("type"), STR("m")}},
        {{STR("twice"), STR("1")}, {STR("b"), STR("2")}, {STR("twice"), STR("3")}},
        {{STR("twice"), STR("1")}, {STR("b"), STR("0")}, {STR("twice"), STR("4")}},
        {{STR("type"), STR("m")}, {STR("typ"), STR("m")}, {STR("typed"), STR("")}},
        {{STR("type"), STR("m")}, {str_of(name_of_90), STR("1")}, {STR("z"), STR("\0x")}},
        {{STR("type"), STR("m")}, {str_of(name_of_90), STR("2")}, {STR("z"), STR("\0y")}},
    };
    struct bus_output outputs[LISTS * 4 * ROUNDS];
    size_t count = 0;
    create_topic(bus, TOPIC_FEEDBACK, 1);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < LISTS; i++) {
            size_t from = count;
            for (uint32_t size = 0; size < 4; size++) /* each after another one */
                outputs[count++] = (struct bus_output){
                    .topic = TOPIC_FEEDBACK, .timestamp_ms = 1700000000000, .key = STR("k"),
                    .headers = lists[(i * (round + 1) + (int)size) % LISTS], .header_count = size};
            send_all(bus, outputs + from, count - from);
        }
    check_all(bus, outputs, count);
}

static void conform_empty_keys(struct bus *bus)
{
    struct bus_output outputs[64];
    struct seen *seen = calloc(1, sizeof *seen);
    create_topic(bus, TOPIC_FEEDBACK, 4);
    for (int i = 0; i < 64; i++) outputs[i] = output_of(TOPIC_FEEDBACK, "", "1", 1700000000000);
    send_all(bus, outputs, 64);
    struct bus_consumer *consumer = subscribe(bus, NULL, "keys", TOPIC_FEEDBACK, BUS_EARLIEST,
                                              NULL);
    collect(consumer, seen, 64);
    bus_unsubscribe(consumer);
    free(seen);
}

static void conform_pause(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    create_topic(bus, TOPIC_FEEDBACK, 1);
    struct bus_consumer *consumer = subscribe(bus, "pause", "pause-0", TOPIC_FEEDBACK, BUS_EARLIEST,
                                              NULL);
    settle_two(consumer, NULL, 1, 0, seen, NULL);
    bus_pause(consumer, true);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 5);
    for (int i = 0; i < 5; i++) assert_int_equal(poll_once(consumer, seen), 0);
    bus_pause(consumer, false);
    expect_wake(consumer); /* what came meanwhile is not left until the next message */
    collect(consumer, seen, 5);
    bus_unsubscribe(consumer);
    free(seen);
}

static void conform_reader(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, 1);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 10);
    struct bus_consumer *latest = subscribe(bus, NULL, "late", TOPIC_FEEDBACK, BUS_LATEST, NULL);
    settle_two(latest, NULL, 1, 0, seen, NULL);
    assert_int_equal(poll_once(latest, seen), 0);
    struct bus_consumer *earliest = subscribe(bus, NULL, "early", TOPIC_FEEDBACK, BUS_EARLIEST,
                                              NULL);
    collect(earliest, seen, 10);
    check_complete(seen, 0, 10);
    int64_t sixth = seen->at[6].offset;
    assert_int_equal(poll_once(earliest, seen), 0);
    memset(seen, 0, sizeof *seen);
    must(bus_seek(earliest, &(struct bus_position){TOPIC_FEEDBACK, 0, sixth}, &err), &err);
    collect(earliest, seen, 4);
    check_complete(seen, 6, 4);
    memset(seen, 0, sizeof *seen);
    send_numbers(bus, TOPIC_FEEDBACK, 10, 3);
    collect(latest, seen, 3);
    check_complete(seen, 10, 3);
    bus_unsubscribe(latest);
    bus_unsubscribe(earliest);
    free(seen);
}

/* Again and again, all partitions at once, as one who changes their mind:
 * the last place counts, and nothing from before comes. librdkafka 2.0.2 aborts the process when
 * each seek is an assignment. */
static void conform_seeks(struct bus *bus)
{
    enum { PARTITIONS = 8, ROUNDS = 40 };
    struct seen *seen = calloc(1, sizeof *seen);
    struct err err;
    create_topic(bus, TOPIC_FEEDBACK, PARTITIONS);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 200);
    struct bus_consumer *reader = subscribe(bus, NULL, "restless", TOPIC_FEEDBACK, BUS_EARLIEST,
                                            NULL);
    collect(reader, seen, 200);
    for (int round = 0; round <= ROUNDS; round++) {
        int64_t to = round == ROUNDS ? 0 : round % 5; /* at last to the beginning */
        for (uint32_t i = 0; i < PARTITIONS; i++)
            must(bus_seek(reader, &(struct bus_position){TOPIC_FEEDBACK, i, to}, &err), &err);
        memset(seen, 0, sizeof *seen);
        if (round < ROUNDS) poll_once(reader, seen);
    }
    collect(reader, seen, 200);
    check_complete(seen, 0, 200);
    bus_unsubscribe(reader);
    free(seen);
}

static void conform_wake(struct bus *bus)
{
    struct seen *seen = calloc(1, sizeof *seen);
    create_topic(bus, TOPIC_FEEDBACK, 2);
    struct bus_consumer *consumer = subscribe(bus, "wake", "wake-0", TOPIC_FEEDBACK, BUS_EARLIEST,
                                              NULL);
    settle_two(consumer, NULL, 2, 0, seen, NULL);
    for (int round = 0; round < 5; round++) {
        while (poll_once(consumer, seen)) continue;
        send_numbers(bus, TOPIC_FEEDBACK, round, 1);
        expect_wake(consumer);
        collect(consumer, seen, round + 1);
    }
    bus_unsubscribe(consumer);
    free(seen);
}

/* Three batches at once, released out of order; what the last one shows is still there. */
static void conform_batches(struct bus *bus)
{
    struct bus_batch batches[3] = {{0}};
    create_topic(bus, TOPIC_FEEDBACK, 1);
    send_numbers(bus, TOPIC_FEEDBACK, 0, 30);
    struct bus_consumer *consumer = subscribe(bus, NULL, "batches", TOPIC_FEEDBACK, BUS_EARLIEST,
                                              NULL);
    int64_t start_ms = clock_mono_ms(clock_system());
    for (int i = 0; i < 3;) {
        poll_batch(consumer, 10, 1 << 20, &batches[i]);
        if (batches[i].count) i++;
        else wait_for_wake(consumer, 100);
        assert_false(out_of_time(start_ms));
    }
    send_numbers(bus, TOPIC_FEEDBACK, 30, 30);
    bus_release(consumer, &batches[1]);
    int number = 0;
    for (uint32_t i = 0; i < batches[0].count; i++, number++) {
        char text[16];
        snprintf(text, sizeof text, "%d", number);
        assert_true(str_equal(batches[0].messages[i].value, str_of(text)));
    }
    bus_release(consumer, &batches[0]);
    assert_true(batches[2].messages[0].value.size > 0);
    bus_release(consumer, &batches[2]);
    assert_null(batches[2].handle);
    bus_unsubscribe(consumer);
}

static void conform_bytes(struct bus *bus)
{
    char value[1000];
    struct bus_output outputs[20];
    struct bus_batch batch = {0};
    memset(value, 'v', sizeof value);
    create_topic(bus, TOPIC_FEEDBACK, 1);
    for (int i = 0; i < 20; i++)
        outputs[i] = (struct bus_output){
            .topic = TOPIC_FEEDBACK, .key = STR("k"), .value = {value, sizeof value},
            .timestamp_ms = 1700000000000};
    send_all(bus, outputs, 20);
    struct bus_consumer *consumer = subscribe(bus, NULL, "bytes", TOPIC_FEEDBACK, BUS_EARLIEST,
                                              NULL);
    uint32_t total = 0;
    for (int64_t start = clock_mono_ms(clock_system()); total < 20 && !out_of_time(start);
         total += batch.count) {
        poll_batch(consumer, 1000, 4000, &batch);
        assert_true(batch.count <= 5); /* about: one message more than fits is fine */
        if (batch.count == 0) wait_for_wake(consumer, 100);
        uint32_t count = batch.count;
        bus_release(consumer, &batch);
        batch.count = count;
    }
    assert_int_equal(total, 20);
    bus_unsubscribe(consumer);
}

static void conform_partitioner(struct bus *bus)
{
    (void)bus;
    /* org.apache.kafka.common.utils.UtilsTest.testMurmur2; the sign bit is cut off
     * before the division */
    static const struct { const char *key; int32_t hash; } cases[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].key);
        uint32_t positive = (uint32_t)cases[i].hash & 0x7FFFFFFF;
        assert_int_equal(bus_partition_of(str_of(cases[i].key), 0x80000000u), positive);
        assert_int_equal(bus_partition_of(str_of(cases[i].key), 8), positive % 8);
    }
}

#endif
