/* What is written down of a group, for embedded_group.c and embedded_member.c;
 * its first comment says how. */
#ifndef VERBATIM_BUS_EMBEDDED_MEMBER_H
#define VERBATIM_BUS_EMBEDDED_MEMBER_H

#include "bus/embedded.h"

enum { KEY_MAX = 2 * EMBEDDED_NAME_MAX + 2, TOPIC_LIST_MAX = 240 };
_Static_assert(KEY_MAX <= 511 && EMBEDDED_NAME_MAX + 1 + EMBEDDED_PARTITION_KEY <= 511,
               "LMDB's largest key");

/* Values of the database `members`. */
struct member_record {
    uint64_t token;
    uint32_t slot, unused;
    /* names, each followed by a comma; numbers differ between versions */
    char topics[TOPIC_LIST_MAX];
};

struct key { size_t size; char data[KEY_MAX]; };

/* The group's name, a NUL and the tail. */
struct key group_key(const struct embedded_consumer *consumer, const char *tail, size_t tail_size);
uint32_t member_topics(const char text[static TOPIC_LIST_MAX]); /* bits */
int group_generation(const struct embedded_consumer *consumer, MDB_txn *txn,
                     uint64_t *ret_generation, struct err *err) CHECKED;
int group_put_position(struct embedded_consumer *consumer, MDB_txn *txn, enum topic topic,
                       uint32_t partition, const struct group_position *position,
                       struct err *err) CHECKED;
/* Ends a transaction that changed the group: commits and tells everybody, or aborts. */
int group_finish(const struct embedded_consumer *consumer, MDB_txn *txn, int rc,
                 struct err *err) CHECKED;

#endif
