/* What identifies a line of the archive; workers/logsink/line.h says what else is in one. */
#ifndef VERBATIM_ARCHIVE_LINE_H
#define VERBATIM_ARCHIVE_LINE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct line_identity {
    int64_t offset, timestamp_ms;
    struct str id; /* empty where the message was no record */
    bool raw;
    struct str marks;   /* what a redrive or a replay put on it, as JSON; empty: nothing */
    struct str section; /* of the name that was asked for, as JSON; empty: none */
};
/* Of a line without its newline; views of the line or in the arena. BAD_JSON, BAD_MESSAGE. */
/* `section`: also that member of the line, unless it is empty. */
int line_look(struct str line, struct str section, struct arena *arena,
              struct line_identity *ret_identity, struct err *err) CHECKED;
int line_identify(struct str line, struct arena *arena, struct line_identity *ret_identity,
                  struct err *err) CHECKED;

#endif
