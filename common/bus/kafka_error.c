/* librdkafka's errors into ours, and its log lines into our log. */
#include "bus/kafka.h"

#include <time.h>

#include "base/log.h"

/* The member is not of its group's present generation. */
static bool lost_generation(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST: return true;
    default: return false;
    }
}

static bool is_fenced(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

static enum err_code code_of(rd_kafka_resp_err_t code)
{
    if (lost_generation(code)) return E_CANCELLED;
    if (is_fenced(code)) return E_FENCED;
    switch (code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT: return E_TIMEOUT;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE: return E_TOO_LARGE;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL: return E_BUSY;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG: return E_UPSTREAM;
    default: return E_UNAVAILABLE;
    }
}

/* librdkafka sent its nonce twice, which Kafka checks since CVE-2024-56128 (issue 4895):
 * the password may well be right. */
static const char *hint(rd_kafka_resp_err_t code, const char *detail)
{
    bool login = code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
                 code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED;
    bool scram = login && detail && strstr(detail, "SCRAM");
    return scram && rd_kafka_version() < 0x020601ff
               ? "librdkafka before 2.6.1 can't log in to Kafka 4 by SCRAM; "
               : "";
}

int kafka_error(rd_kafka_resp_err_t code, const char *what, const char *detail, struct err *err)
{
    return err_set(err, code_of(code), "%s: %s%s (%s)", what, hint(code, detail),
                   detail && detail[0] ? detail : rd_kafka_err2str(code), rd_kafka_err2name(code));
}

/* --- log ------------------------------------------------------------------------------------- */

/* Lines of any librdkafka thread. A broker that is away makes several a second: so many pass, at
 * most. */
enum { LINES_A_SECOND = 4 };

static bool has_room(void)
{
    static _Atomic long long second;
    static atomic_int lines;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (atomic_exchange(&second, (long long)now.tv_sec) != (long long)now.tv_sec)
        atomic_store(&lines, 0);
    return atomic_fetch_add(&lines, 1) < LINES_A_SECOND;
}

/* What the bus reports itself as an error, with more sense, or what is no news: a property of
 * ours that this kind of client ignores, and connections that fail, time out or end. */
static bool is_noise(const char *facility)
{
    static const char *const names[] = {"CONFWARN", "FAIL",      "ERROR",
                                        "REQTMOUT", "TERMINATE", "TXNERR"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(facility, names[i]) == 0) return true;
    return false;
}

/* Only consumers of ours have partitions that begin anew. */
static void note_reset(const rd_kafka_t *client, const char *text)
{
    struct kafka_consumer *consumer = client ? rd_kafka_opaque(client) : NULL;
    char topic[KAFKA_NAME_MAX + 1];
    struct bus_position reset;
    if (!consumer || !missed_read_line(text, topic, &reset)) return;
    if (atomic_load(&consumer->closing)) return; /* its bus may have gone: end_within() */
    reset.topic = kafka_topic_of(consumer->bus, topic);
    if (reset.topic != TOPIC_NONE) missed_reset(&consumer->missed, &reset);
}

void kafka_on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    enum log_level ours = level <= 4   ? LOG_WARN
                          : level <= 5 ? LOG_INFO
                                       : LOG_DEBUG; /* syslog's levels */
    struct log_event event;
    if (strcmp(facility, "OFFSET") == 0) note_reset(client, text);
    if (is_noise(facility)) ours = LOG_DEBUG;
    if (ours != LOG_DEBUG && !has_room()) return;
    log_begin(&event, ours, "kafka", "librdkafka says");
    log_add(&event, "client", "%s", client ? rd_kafka_name(client) : "");
    log_add(&event, "facility", "%s", facility);
    log_add(&event, "text", "%s", text);
    log_end(&event);
}
