/* What the files that commit share: kafka_commit.c, kafka_transaction.c, kafka_at_least_once.c.
 * Of the committer's thread. */
#ifndef VERBATIM_BUS_KAFKA_COMMIT_H
#define VERBATIM_BUS_KAFKA_COMMIT_H

#include "bus/kafka.h"

enum { COMMIT_SLICE_MS = 1000, COMMIT_SEND_WAIT_MS = 20 };

/* What a failing call of librdkafka says is to be done. */
enum verdict { GOOD, AGAIN, ABORT, REPLACE };

static inline int64_t commit_now_ms(void) { return clock_mono_ms(clock_system()); }

/* Reads an error, and frees it. E_SYSTEM says that the producer broke, and not for a time-out or
 * because it was fenced. */
enum verdict commit_judge(rd_kafka_error_t *error, const char *what, struct err *err);
/* A commit or an abort that was begun may go on, unless its time is over. */
bool commit_may_go_on(struct kafka_commit *commit, int64_t deadline_ms);
/* As commit_replace(), where nobody knows what was written; the new producer settles it, if the
 * broker answers. E_CANCELLED, or what stops the process. */
int commit_start_over(struct kafka_consumer *consumer, struct err *err) CHECKED;
int commit_transaction(struct kafka_consumer *consumer, const struct bus_output *outputs,
                       size_t output_count, const struct bus_position *positions,
                       size_t position_count, struct err *err) CHECKED;

/* The producer goes, for the reason in `err`; E_OK, unless that was once too often:
 * then what stops the process. */
int commit_replace(struct kafka_consumer *consumer, struct err *err) CHECKED;
int commit_left_ms(int64_t deadline_ms, int most_ms);
bool commit_broken(const struct kafka_sender *sender, struct err *err); /* then `err` says why */
int commit_make_ready(struct kafka_consumer *consumer, int64_t deadline_ms,
                      struct err *err) CHECKED;
rd_kafka_topic_partition_list_t *commit_list(const struct kafka_consumer *consumer,
                                             const struct bus_position *positions, size_t count);
int commit_send_all(struct kafka_commit *commit, const struct bus_output *outputs, size_t count,
                    int64_t deadline_ms, struct err *err) CHECKED;
rd_kafka_resp_err_t commit_flush(struct kafka_commit *commit, int64_t deadline_ms);
int commit_at_least_once(struct kafka_consumer *consumer, const struct bus_output *outputs,
                         size_t output_count, const struct bus_position *positions,
                         size_t position_count, struct err *err) CHECKED;
#endif
