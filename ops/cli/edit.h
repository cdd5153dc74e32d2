/* Changing what is in dead letters, before they are sent again: field by field from the command
 * line, or many of them in an editor. Pure, but for edit_by_hand(). */
#ifndef VERBATIM_OPS_CLI_EDIT_H
#define VERBATIM_OPS_CLI_EDIT_H

#include "ops/cli/letters.h"

/* Appends `json` (an object) with one value replaced, added, or taken out (by null). The path is
 * names with dots between: "feedback.rating"; objects on the way are made. The value is JSON, or
 * else a text as it is. BAD_JSON, BAD_MESSAGE: there is no object where the path goes. */
int edit_set(struct str json, struct str path, struct str value, struct buffer *out,
             struct err *err) CHECKED;

/* Is there such a field? Unknown ones survive in a record, so a typo would seem to mend it. USAGE
 * names the nearest, or what is there. */
int edit_check_path(struct str path, struct err *err) CHECKED;

/* The letter's record with each "PATH=VALUE" set, as a message. In the arena. USAGE for what is no
 * assignment; BAD_MESSAGE: the letter holds no record, or what came out is none: err says why. */
int edit_assign(const struct letter *letter, const struct flag_list *assignments,
                struct arena *arena, struct letter_content *ret_content, struct err *err) CHECKED;

/* What the letter holds as it is: the content of one that isn't edited. */
struct letter_content edit_nothing(const struct letter *letter);

/* --- in an editor ----------------------------------------------------------------------------- */

/* Letters are edited as lines: one object a letter, {"letter":ID,"topic":…,"record":{…}}, or "raw"
 * in base64 where its bytes are no record; lines that begin with # explain. A line that is taken
 * out leaves its letter where it is. */
enum { EDIT_LETTERS_MAX = 1000, EDIT_BYTES_MAX = 64 << 20 };

struct edit {
    struct str id;                 /* of the letter */
    bool raw;
    struct str text;               /* the record's JSON, or the raw bytes' base64 */
    struct letter_content content; /* once it was read */
};
struct edits {
    struct edit *items;
    size_t count;
    struct arena arena;
};
void edits_deinit(struct edits *edits);

/* Appends the letter's lines. NO_MEMORY. */
int edit_write(const struct letter *letter, struct arena *arena, struct buffer *out,
               struct err *err) CHECKED;
/* Reads what an editor left. BAD_MESSAGE, BAD_JSON: err names the line. NOT_FOUND:
 * nothing is left. */
int edit_read(struct str text, struct edits *ret_edits, struct err *err) CHECKED;
/* What becomes of this letter: NULL, it was taken out; or its content, which is the letter's own
 * where its line wasn't changed. */
const struct letter_content *edit_find(struct edits *edits, const struct letter *letter,
                                       struct arena *arena);

/* All of it: the text into a file, $VISUAL, $EDITOR or vi, and what that left into *edits.
 * NO_OUTPUT; SYSTEM, CANCELLED: the editor failed; what edit_read() says. */
int edit_by_hand(struct buffer *text, struct edits *edits, struct err *err) CHECKED;

#endif
