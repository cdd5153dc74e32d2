/* Feedback from a file or a pipe, record by record: NDJSON, a JSON array, JSON objects over
 * several lines, or CSV. */
#ifndef VERBATIM_OPS_CLI_INPUT_H
#define VERBATIM_OPS_CLI_INPUT_H

#include "ops/cli/columns.h"
#include "schema/intake.h"
#include "schema/json_split.h"

enum input_form { INPUT_GUESS, INPUT_JSON, INPUT_CSV };

struct input {
    int fd;
    const char *name;      /* for messages */
    enum input_form form;
    struct buffer bytes;   /* read and not yet consumed */
    size_t at;             /* start of the next record in bytes */
    bool begun, ended;
    uint64_t size, got;    /* bytes of the file, 0: not known; and those that were read */
    struct err failure;    /* of reading; code 0: none */
    uint64_t row;
    struct json_split split; /* JSON */
    uint64_t line;           /* CSV */
    struct csv_row header;
    char delimiter;        /* as the header shows */
    struct arena header_arena;
    const char *text_column; /* set after input_open(): what holds the words; NULL: "text" */
    const struct flag_list *columns; /* the same of others, of CSV; NULL: none */
    bool hinted;             /* has said that this can be told */
    /* Set after input_open(), or NULL: the next bytes aren't there yet, so that what was made of
     * those before should not wait for them. May reset the arena. False: read no further, as err
     * says. */
    bool (*on_wait)(void *user, struct err *err);
    void *user;
};

/* path NULL or "-": standard input. NO_INPUT. */
int input_open(struct input *input, const char *path, enum input_form form,
               struct err *err) CHECKED;
void input_close(struct input *input);
uint64_t input_passed(const struct input *input); /* bytes, of input->size */

enum input_result { INPUT_RECORD, INPUT_REFUSED, INPUT_END };

/* The next record, received now unless the rules say when. Its memory is the arena's, and valid
 * until the next call. REFUSED: err and problems say why; go on with the next. A read error is
 * INPUT_END with err->code set, and so is a header of CSV that is none, or that names no text, and
 * what on_wait refused. */
enum input_result input_next(struct input *input, const struct intake_rules *rules,
                             struct arena *arena, struct intake *ret_intake,
                             struct json_problems *problems, struct err *err);

#endif
