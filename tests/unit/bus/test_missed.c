/* Messages that retention deleted before they were read, as librdkafka's log and the next message
 * tell it. */
#include "bus/kafka_missed.h"

#include "test.h"

static const struct {
    const char *why, *text, *topic; /* NULL: no such line */
    uint32_t partition;
    int64_t offset;
} lines[] = {
    {"2.0.2",
     "[thrd:main]: ret.feedback [1]: offset reset (at offset 128, broker 1) to BEGINNING: fetch "
     "failed due to requested offset not available on the broker: Broker: Offset out of range",
     "ret.feedback", 1, 128},
    {"2.1 and later",
     "[thrd:main]: feedback [12]: offset reset (at offset 7 (leader epoch 0), broker 1) to "
     "offset BEGINNING (leader epoch -1): fetch failed", "feedback", 12, 7},
    {"without the thread", "a.b [0]: offset reset (at offset 3, broker 2) to END: x", "a.b", 0, 3},
    {"nothing was committed, so nothing is missed",
     "[thrd:main]: feedback [0]: offset reset (at offset INVALID, broker 1) to BEGINNING: no", NULL,
     0, 0},
    {"another line", "[thrd:main]: feedback [0]: offset 12 requested", NULL, 0, 0},
    {"no partition", "]: offset reset (at offset 3, broker 2)", NULL, 0, 0},
    {"no topic", "[0]: offset reset (at offset 3, broker 2)", NULL, 0, 0},
    {"nothing", "", NULL, 0, 0},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        char topic[MISSED_NAME_BYTES] = "";
        struct bus_position reset = {0};
        bool found = missed_read_line(lines[i].text, topic, &reset);
        CASE(lines[i].why);
        assert_int_equal(found, lines[i].topic != NULL);
        if (!found) continue;
        assert_string_equal(topic, lines[i].topic);
        assert_int_equal(reset.partition, lines[i].partition);
        assert_int_equal(reset.offset, lines[i].offset);
    }
}

static void test_a_name_that_is_too_long(void **state)
{
    (void)state;
    char text[400], topic[MISSED_NAME_BYTES];
    struct bus_position reset;
    memset(text, 'a', sizeof text);
    snprintf(text + 300, sizeof text - 300, " [0]: offset reset (at offset 3, broker 2)");
    assert_false(missed_read_line(text, topic, &reset));
}

/* Partition 0 began anew where 100 was to be read; another one has nothing of it. */
static const struct {
    const char *why;
    enum topic topic;
    int64_t position, offset; /* of the message that comes */
    uint64_t missed;
    bool over;
} messages[] = {
    {"150 is the first that is there", TOPIC_FEEDBACK, 100, 150, 50, true},
    {"one that had been fetched before", TOPIC_FEEDBACK, 99, 99, 0, false},
    {"the topic was created anew: it begins at 0", TOPIC_FEEDBACK, 100, 0, 0, true},
    {"nothing was deleted after all", TOPIC_FEEDBACK, 100, 100, 0, true},
    {"what the door wrote has no markers", TOPIC_FEEDBACK, 100, 101, 1, true},
    {"what was deleted is a marker", TOPIC_DOCUMENTS, 100, 101, 0, true},
    {"two, of two writers", TOPIC_DOCUMENTS, 100, 102, 0, true},
    {"a marker, a message, its marker", TOPIC_DOCUMENTS, 100, 103, 3, true},
    {"begun anew, and so far only its end was told", TOPIC_DOCUMENTS, 0, 101, 0, true},
};

static void test_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        struct kafka_missed missed = {0};
        const struct bus_position reset = {messages[i].topic, 0, 100};
        CASE(messages[i].why);
        missed_init(&missed);
        missed_reset(&missed, &reset);
        missed_reset(&missed, &reset); /* told twice, it is one */
        missed_at(&missed, messages[i].topic, 1, 100, 150);
        missed_at(&missed, TOPIC_INSIGHTS, 0, 100, 150);
        missed_at(&missed, messages[i].topic, 0, messages[i].position,
                  messages[i].offset);
        assert_int_equal(missed.messages, messages[i].missed);
        assert_int_equal(missed.count, messages[i].over ? 0 : 1);
        missed_deinit(&missed);
    }
}

/* A rewind before the first commit, or a rebalance, tells of the same once more. */
static void test_counted_once(void **state)
{
    (void)state;
    struct kafka_missed missed = {0};
    missed_init(&missed);
    for (int round = 0; round < 3; round++) {
        missed_reset(&missed, &(struct bus_position){TOPIC_FEEDBACK, 3, 100});
        missed_at(&missed, TOPIC_FEEDBACK, 3, 100, 150);
        assert_int_equal(missed.messages, 50);
    }
    CASE("more was deleted meanwhile");
    missed_reset(&missed, &(struct bus_position){TOPIC_FEEDBACK, 3, 100});
    missed_at(&missed, TOPIC_FEEDBACK, 3, 100, 170);
    assert_int_equal(missed.messages, 70);
    CASE("partition 0, of which nothing was");
    missed_reset(&missed, &(struct bus_position){TOPIC_FEEDBACK, 0, 100});
    missed_at(&missed, TOPIC_FEEDBACK, 0, 100, 110);
    assert_int_equal(missed.messages, 80);
    missed_deinit(&missed);
}

static void test_bounds(void **state)
{
    (void)state;
    struct kafka_missed missed = {0};
    missed_init(&missed);
    for (uint32_t i = 0; i < 100; i++)
        missed_reset(&missed, &(struct bus_position){TOPIC_FEEDBACK, i, 100});
    assert_int_equal(missed.count, COUNT_OF(missed.resets));
    missed_forget(&missed);
    assert_int_equal(missed.count, 0);
    missed_deinit(&missed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_a_name_that_is_too_long),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_counted_once),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
