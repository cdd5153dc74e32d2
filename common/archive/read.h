/* One object of the archive, line by line: memory is bounded by a piece of it and
 * its longest line. */
#ifndef VERBATIM_ARCHIVE_READ_H
#define VERBATIM_ARCHIVE_READ_H

#include "archive/line.h"
#include "archive/lines.h"
#include "archive/manifest.h"
#include "store/store.h"

/* A line without its newline, and what identifies it (of feedback, the ledger and dead letters also
 * their section): both valid until it returns. An error ends the reading, and is what the reader
 * returns. */
typedef int archive_on_line(void *user, struct str line, const struct line_identity *identity,
                            struct err *err);

/* All lines that the reader gives. Fills the facts (topic and partition are the caller's) but for
 * `bytes` and `sha256`; on an error they hold what was read before it. on_line may be NULL.
 * BAD_MESSAGE, BAD_JSON: damaged, without a line, or its offsets don't rise; NO_MEMORY. */
int archive_read_lines(struct line_reader *reader, struct object_facts *facts,
                       archive_on_line *on_line, void *user, struct err *err) CHECKED;

/* The object under this key; also `bytes` and `sha256`, of the whole object even where its lines
 * are damaged. The store's errors, of which NOT_FOUND: there is no such object. */
int archive_read_object(struct store *store, struct str key, struct object_facts *facts,
                        archive_on_line *on_line, void *user, struct err *err) CHECKED;

/* The object of a manifest, whose name is in what goes wrong. BAD_MESSAGE behind its last line: it
 * isn't what the manifest says, so lines are missing or were changed. */
int archive_read_whole(struct store *store, const struct manifest *manifest,
                       archive_on_line *on_line, void *user, struct err *err) CHECKED;

#endif
