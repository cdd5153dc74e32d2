/* librdkafka begins a partition anew when the next message to read was deleted, and says so in its
 * log alone: with auto.offset.reset=error it would stop reading there, and only another assignment
 * of all partitions would begin it again. So that line is read, and what lies between is counted
 * when the next message comes. One from further back tells of a topic that was created anew, where
 * nothing is missed. */
#include "bus/kafka_missed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void missed_init(struct kafka_missed *missed) { pthread_mutex_init(&missed->lock, NULL); }
void missed_deinit(struct kafka_missed *missed) { pthread_mutex_destroy(&missed->lock); }

/* "[thrd:main]: TOPIC [PARTITION]: offset reset (at offset OFFSET, ...", in 2.0.2; since 2.1 a
 * leader's epoch follows the offset. */
bool missed_read_line(const char *text, char topic[static MISSED_NAME_BYTES],
                      struct bus_position *ret_reset)
{
    static const char middle[] = "]: offset reset (at offset ";
    const char *end = strstr(text, middle), *bracket = end, *begin;
    char *number_end;
    while (bracket && bracket > text && *bracket != '[') bracket--;
    if (!bracket || bracket == text || bracket[-1] != ' ') return false;
    for (begin = bracket - 1; begin > text && begin[-1] != ' ';) begin--;
    if (bracket - 1 - begin >= MISSED_NAME_BYTES) return false;
    snprintf(topic, MISSED_NAME_BYTES, "%.*s", (int)(bracket - 1 - begin), begin);
    ret_reset->partition = (uint32_t)strtoul(bracket + 1, NULL, 10);
    ret_reset->offset = strtoll(end + sizeof middle - 1, &number_end, 10);
    return number_end != end + sizeof middle - 1;
}

void missed_reset(struct kafka_missed *missed, const struct bus_position *reset)
{
    enum { MOST = sizeof missed->resets / sizeof missed->resets[0] };
    unsigned i = 0;
    pthread_mutex_lock(&missed->lock);
    while (i < missed->count && (missed->resets[i].topic != reset->topic ||
                                 missed->resets[i].partition != reset->partition))
        i++;
    if (i < MOST) missed->resets[i] = *reset;
    if (i == missed->count && i < MOST) missed->count++;
    pthread_mutex_unlock(&missed->lock);
}

void missed_forget(struct kafka_missed *missed)
{
    pthread_mutex_lock(&missed->lock);
    missed->count = 0;
    pthread_mutex_unlock(&missed->lock);
}

/* Behind a transaction's messages is its marker, which is deleted with them: where nothing but that
 * lies between, nothing was missed. (Who leaves in good order begins behind all markers, see
 * kafka_begin.c: this is for those that were killed.) Where a message of another transaction does,
 * that one's marker does too, and so it is more. What the door writes it writes without. */
static uint64_t between(const struct bus_position *reset, int64_t offset)
{
    enum { MARKERS = 2 }; /* of writers at the same time */
    int64_t messages = offset > reset->offset ? offset - reset->offset : 0;
    return reset->topic != TOPIC_FEEDBACK && messages <= MARKERS ? 0 : (uint64_t)messages;
}

/* What is counted isn't counted again when reading goes back to what is committed, or the partition
 * comes back. */
static void count(struct kafka_missed *missed, struct bus_position reset, int64_t offset)
{
    enum { MOST = sizeof missed->counted / sizeof missed->counted[0] };
    unsigned i = 0;
    while (i < MOST && (missed->counted[i].topic != reset.topic ||
                        missed->counted[i].partition != reset.partition))
        i++;
    if (i < MOST && missed->counted[i].offset > reset.offset && missed->counted[i].offset <= offset)
        reset.offset = missed->counted[i].offset;
    if (i == MOST) i = missed->turn++ % MOST;
    missed->messages += between(&reset, offset);
    reset.offset = offset;
    missed->counted[i] = reset;
}

void missed_at(struct kafka_missed *missed, enum topic topic, uint32_t partition, int64_t position,
               int64_t offset)
{
    unsigned left = 0;
    pthread_mutex_lock(&missed->lock);
    for (unsigned i = 0; i < missed->count; i++) {
        struct bus_position reset = missed->resets[i];
        bool here = reset.topic == topic && reset.partition == partition;
        bool before = offset >= position && offset < reset.offset; /* it had been fetched by then */
        if (here) count(missed, reset, offset);
        if (!here || before) missed->resets[left++] = reset;
    }
    missed->count = left;
    pthread_mutex_unlock(&missed->lock);
}
