/* Dead letters as an operator sees them: what is in one, which are wanted, and the message that one
 * becomes when it is sent again. Pure: no bus, no terminal. */
#ifndef VERBATIM_OPS_CLI_LETTERS_H
#define VERBATIM_OPS_CLI_LETTERS_H

#include "base/hash_table.h"
#include "ops/cli/cli.h"

struct letter {
    /* of the letter: the same message of the same topic has the same one */
    struct str id;
    uint32_t partition;      /* where the letter itself was read */
    int64_t offset;
    struct dead_letter body;
    /* where the message was read, and goes again; TOPIC_NONE: unknown here */
    enum topic topic;
    struct str record_id;    /* of the record in it; empty: nobody can tell */
    struct str tenant;       /* of that record; empty: none */
    uint64_t redrives;       /* how often the message had been sent again when it died */
};

/* Views of the message, or in the arena. BAD_MESSAGE: no dead letter. */
int letter_read(const struct bus_message *message, struct arena *arena, struct letter *ret_letter,
                struct err *err) CHECKED;

enum { LETTER_SHORT_ID = 8 };

/* Everything that is set must hold; of a list, one item. */
struct letter_filter {
    struct flag_list causes, workers, topics, tenants;
    struct flag_list ids;     /* of letters, or how such a one begins; or of the records in them */
    int64_t since_ms, until_ms; /* of failed_at, [since, until); until 0: no end */
};
bool letter_matches(const struct letter_filter *filter, const struct letter *letter);

/* Why a letter can't, or shouldn't, be sent again. */
enum letter_obstacle {
    LETTER_FREE,
    LETTER_DONE,       /* an audit record says that it was sent */
    LETTER_TOO_OFTEN,  /* it has died so often already: --most */
    LETTER_NO_VALUE,   /* its bytes were too large to be kept */
    LETTER_NO_TOPIC,   /* no topic of ours */
    LETTER_BAD_BYTES,  /* what is in it doesn't have the hash that it should */
    LETTER_OBSTACLES
};
enum letter_obstacle letter_obstacle(const struct letter *letter, bool done, uint64_t most);
/* For people, "" for LETTER_FREE: "was sent already". */
const char *letter_obstacle_text(enum letter_obstacle obstacle);

/* What identifies a letter that was sent: its id, and the hash of its bytes, as topics that are
 * deleted and made again begin at the same offsets. */
struct letter_mark {
    uint64_t parts[2];
};
struct letter_mark letter_mark(struct str id, struct str value_sha256);

/* The letters that the journal knows: bounded by memory only. */
int letter_marks_add(struct hash_table *marks, struct letter_mark mark, struct err *err) CHECKED;
bool letter_marks_hold(const struct hash_table *marks, struct letter_mark mark);

/* What is sent: the letter's own content, or what an editor made of it. */
struct letter_content {
    struct str value, key;
    struct str id; /* of the record; empty: unknown, or as it was */
    bool edited;
};

/* The message that it becomes: to its topic, with its headers, marked by HEADER_REDRIVES, and dated
 * now (a message of its old age might be gone by retention before anybody reads it). Everything is
 * copied into the arena. NO_MEMORY. */
int letter_resubmit(const struct letter *letter, const struct letter_content *content,
                    int64_t now_ms, struct arena *arena, struct bus_output *ret_output,
                    struct err *err) CHECKED;

#endif
