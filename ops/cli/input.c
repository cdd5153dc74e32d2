/* Reads in large blocks and hands out views of them. */
#include "ops/cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/cli/refusals.h"

enum { BLOCK_BYTES = 256 * 1024, RECORD_BYTES_MAX = 4 << 20 };
#define TEXT_HINT "; --text-column=NAME says which one holds the words"
#define LINES_HINT "; a text a line? jq -Rc '{text: .}' FILE | verbatim ..."

/* Of what is left of a file, from where it is read; 0: of a pipe nobody knows. */
static uint64_t size_of(int fd)
{
    struct stat found;
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at < 0 || fstat(fd, &found) || !S_ISREG(found.st_mode) || found.st_size <= at) return 0;
    return (uint64_t)(found.st_size - at);
}

int input_open(struct input *input, const char *path, enum input_form form, struct err *err)
{
    bool standard = !path || strcmp(path, "-") == 0;
    *input = (struct input){
        .fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC),
        .name = standard ? "standard input" : path, .form = form, .line = 1};
    if (input->fd < 0) return err_system(err, E_NO_INPUT, "%s", path);
    input->size = size_of(input->fd);
    if (form == INPUT_GUESS && path && str_ends(str_of(path), STR(".csv"))) input->form = INPUT_CSV;
    return E_OK;
}

void input_close(struct input *input)
{
    if (input->fd > STDIN_FILENO) close(input->fd);
    buffer_deinit(&input->bytes);
    arena_deinit(&input->header_arena);
}

/* Of a pipe, or of who types. */
static bool must_wait(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) == 0;
}

/* False at the end of the input, or on an error that err tells. */
static bool read_more(struct input *input, struct err *err)
{
    if (input->ended) return false;
    if (input->on_wait && must_wait(input->fd) && !input->on_wait(input->user, err)) {
        input->failure = *err;
        input->ended = true;
        return false;
    }
    buffer_consume(&input->bytes, input->at);
    input->at = 0;
    char *room = buffer_reserve(&input->bytes, BLOCK_BYTES);
    ssize_t got = -1;
    if (!room) err_set(err, E_NO_MEMORY, NULL);
    else do got = read(input->fd, room, BLOCK_BYTES);
        while (got < 0 && errno == EINTR);
    if (room && got < 0) err_system(err, E_NO_INPUT, "reading %s", input->name);
    if (got < 0) input->failure = *err; /* told when all before it is read */
    if (got <= 0) input->ended = true;
    else input->bytes.size += (size_t)got, input->got += (size_t)got;
    return got > 0;
}

static struct str unread(const struct input *input)
{
    return str_make(input->bytes.data + input->at, input->bytes.size - input->at);
}

uint64_t input_passed(const struct input *input) { return input->got - unread(input).size; }

/* The form shows in the first byte: an object or array is JSON. */
static void guess(struct input *input)
{
    struct str text = str_trim(unread(input));
    if (str_starts(text, STR("\xEF\xBB\xBF"))) text = str_trim(str_slice(text, 3, text.size));
    bool json = text.size == 0 || text.data[0] == '{' || text.data[0] == '[';
    input->form = json ? INPUT_JSON : INPUT_CSV;
    if (json && str_starts(unread(input), STR("\xEF\xBB\xBF"))) input->at += 3;
}

/* --- JSON ------------------------------------------------------------------------------------- */

enum found { FOUND, TOO_LONG, NONE_LEFT };

/* To behind the line's end, without keeping it. */
static void pass_over_line(struct input *input, struct err *err)
{
    for (;;) {
        struct str rest = unread(input);
        size_t end = rest.size ? str_find(rest, STR("\n")) : 0;
        input->at += end < rest.size ? end + 1 : end;
        if (end < rest.size || !read_more(input, err)) return;
    }
}

/* Behind a line goes the next one; where a value too long ends, nobody knows. */
static enum found pass_over(struct input *input, struct err *err)
{
    unsigned long long line = input->split.line + 1;
    if (input->split.by_value) {
        input->ended = true;
        input->split.in_array = false;
        input->at = input->bytes.size;
        err_set(err, E_TOO_LARGE,
                "%s:%llu: the value is longer than %d bytes; is a quote or bracket not closed?",
                input->name, line, RECORD_BYTES_MAX);
    } else {
        pass_over_line(input, err);
        input->split.line++;
        err_set(err, E_TOO_LARGE, "%s:%llu: the line is longer than %d bytes", input->name, line,
                RECORD_BYTES_MAX);
    }
    return TOO_LONG;
}

static enum found next_text(struct input *input, struct str *ret_text, struct json_place *ret_place,
                            struct err *err)
{
    for (;;) {
        struct str rest = unread(input);
        input->split.rest = rest;
        input->split.complete = input->ended && !input->failure.code;
        bool found = json_split_next(&input->split, ret_text, ret_place);
        input->at += rest.size - input->split.rest.size;
        if (found) return FOUND;
        if (input->split.rest.size > RECORD_BYTES_MAX) return pass_over(input, err);
        if (!read_more(input, err) && (unread(input).size == 0 || input->failure.code))
            return NONE_LEFT;
    }
}

/* An array's end is there, or the file is not all there: said once, as a record that is none. */
static enum input_result end_json(struct input *input, struct err *err)
{
    if (!input->split.in_array || input->failure.code) return INPUT_END;
    input->split.in_array = false;
    err_set(err, E_BAD_MESSAGE, "%s:%llu: the array isn't closed; is the input cut off?",
            input->name, (unsigned long long)input->split.line + 1);
    return INPUT_REFUSED;
}

/* Where it was: a BAD_JSON says itself in which line and column. */
static void place_text(const struct input *input, const struct json_place *place, struct err *err)
{
    json_fault_began(err, place->line, place->column);
    err_at(err, input->name, place->line);
}

/* A record is received when it is read, which a pipe may have waited for. */
static struct intake_rules rules_now(const struct intake_rules *rules)
{
    struct intake_rules now = *rules;
    if (!now.received_ms) now.received_ms = clock_wall_ms(clock_system());
    return now;
}

static enum input_result next_json(struct input *input, const struct intake_rules *rules,
                                   struct arena *arena, struct intake *ret_intake,
                                   struct json_problems *problems, struct err *err)
{
    struct str text;
    struct json_place place;
    problems->count = 0;
    enum found found = next_text(input, &text, &place, err);
    if (found == NONE_LEFT) return end_json(input, err);
    if (found == TOO_LONG) return INPUT_REFUSED;
    struct intake_rules now = rules_now(rules);
    if (input->text_column) now.text_field = str_of(input->text_column);
    if (intake_json(text, &now, input->row++, arena, ret_intake, problems, err) == E_OK)
        return INPUT_RECORD;
    size_t said = strlen(err->text);
    if (!input->text_column && !input->hinted &&
        str_ends(str_of(err->text), STR("/text is required"))) {
        snprintf(err->text + said, sizeof err->text - said, "%s", TEXT_HINT);
        input->hinted = true; /* once is enough */
    }
    place_text(input, &place, err);
    if (input->ended && unread(input).size == 0) input->split.in_array = false; /* the same fault */
    return INPUT_REFUSED;
}

/* --- CSV -------------------------------------------------------------------------------------- */

/* A row, reading more until it is whole. */
static int next_row(struct input *input, struct arena *arena, struct csv_row *ret_row,
                    struct err *err)
{
    for (;;) {
        struct csv_reader reader = csv_reader(unread(input), input->ended);
        reader.line = input->line;
        if (input->delimiter) reader.delimiter = input->delimiter;
        size_t before = reader.rest.size;
        bool all = input->ended; /* then no row is none: empty lines at the end */
        int rc = csv_next(&reader, arena, ret_row, err);
        if (rc != E_NOT_FOUND || all) {
            input->at += before - reader.rest.size + (unread(input).size - before);
            input->line = reader.line;
            return rc;
        }
        if (before > RECORD_BYTES_MAX) {
            input->ended = true;
            input->at = input->bytes.size;
            return err_set(
                err, E_TOO_LARGE,
                "%s:%llu: the row is longer than %d bytes; is a quote not closed?",
                input->name, (unsigned long long)input->line, RECORD_BYTES_MAX);
        }
        *err = (struct err){0};
        if (!read_more(input, err) && (err->code || unread(input).size == 0))
            return err->code ? (int)err->code : err_set(err, E_NOT_FOUND, "end");
    }
}

/* Without a text there is nothing to read: said once, and not of each row. */
static int check_header(const struct input *input, struct err *err)
{
    int rc = intake_check_header(&input->header, STR("text"), err);
    size_t said = rc ? strlen(err->text) : 0;
    if (rc)
        snprintf(err->text + said, sizeof err->text - said, "%s%s", TEXT_HINT,
                 input->header.count == 1 ? LINES_HINT : "");
    return rc;
}

/* Reading more until the header is whole. */
static int find_header(struct input *input, struct err *err)
{
    for (;;) {
        struct csv_reader reader = csv_reader(unread(input), input->ended);
        bool all = input->ended;
        arena_reset(&input->header_arena);
        int rc = intake_read_header(&reader, &input->header_arena, &input->header, err);
        if (rc != E_NOT_FOUND || all) {
            input->at = input->bytes.size - reader.rest.size;
            input->line = reader.line;
            input->delimiter = reader.delimiter;
            return rc;
        }
        if (unread(input).size > RECORD_BYTES_MAX)
            return err_set(err, E_TOO_LARGE,
                           "the header is longer than %d bytes; is a quote not closed?",
                           RECORD_BYTES_MAX);
        *err = (struct err){0};
        if (!read_more(input, err) && err->code) return (int)err->code;
    }
}

/* A header that is of no use ends the input. */
static int read_header(struct input *input, struct err *err)
{
    int rc = find_header(input, err);
    bool whole = rc == E_OK; /* what is wrong with its form names the line itself */
    if (whole)
        rc = columns_name(&input->header, input->text_column, input->columns, &input->header_arena,
                          err);
    if (rc == E_OK) rc = check_header(input, err);
    if (rc == E_OK || rc == E_NOT_FOUND) return rc;
    if (whole || err_class((enum err_code)rc) == ERR_REJECT)
        err_at(err, input->name, whole ? input->header.line : input->line);
    size_t said = strlen(err->text);
    if (str_ends(str_of(err->text), STR("not UTF-8")))
        snprintf(err->text + said, sizeof err->text - said, "%s",
                 memchr(input->bytes.data, '\0', input->bytes.size)
                     ? ", and NUL bytes come behind it; is this text?"
                     : REFUSALS_WINDOWS);
    input->ended = true;
    input->at = input->bytes.size;
    return rc;
}

static enum input_result next_csv(struct input *input, const struct intake_rules *rules,
                                  struct arena *arena, struct intake *ret_intake,
                                  struct json_problems *problems, struct err *err)
{
    struct csv_row row;
    problems->count = 0;
    int rc = input->header.count ? E_OK : read_header(input, err);
    if (rc && rc != E_NOT_FOUND) return INPUT_END;
    if (rc == E_OK) rc = next_row(input, arena, &row, err);
    if (rc == E_NOT_FOUND) {
        *err = (struct err){0};
        return INPUT_END;
    }
    bool whole = rc == E_OK; /* an error of the row's form names the line itself */
    struct intake_rules now = rules_now(rules);
    if (whole)
        rc = intake_csv(&input->header, &row, &now, input->row++, arena, ret_intake, problems,
                        err);
    if (rc == E_OK) return INPUT_RECORD;
    if (rc == E_BAD_MESSAGE) err_at(err, input->name, row.line);
    return input->failure.code || rc == E_NO_MEMORY ? INPUT_END : INPUT_REFUSED;
}

/* False: there is nothing to be read here, and err says why. */
static bool begin(struct input *input, struct err *err)
{
    input->begun = true;
    if (!read_more(input, err)) return !err->code;
    struct str start = unread(input);
    if (str_starts(start, STR("From ")) && str_find(start, STR("\nFrom: ")) < start.size) {
        input->ended = true;
        err_set(err, E_BAD_MESSAGE,
                "%s is a mailbox; try: ops/examples/python/from_mailbox.py FILE | verbatim ...",
                input->name);
        return false;
    }
    const char *unpack, *packed = intake_packed_as(unread(input), &unpack);
    if (!packed) return true;
    input->ended = true;
    buffer_clear(&input->bytes);
    if (unpack)
        err_set(err, E_BAD_MESSAGE, "%s is %s, not UTF-8 text; try: %s FILE | verbatim ...",
                input->name, packed, unpack);
    else
        err_set(err, E_BAD_MESSAGE, "%s is %s; unpack it, or save the sheet as CSV", input->name,
                packed);
    return false;
}

enum input_result input_next(struct input *input, const struct intake_rules *rules,
                             struct arena *arena, struct intake *ret_intake,
                             struct json_problems *problems, struct err *err)
{
    err->code = E_OK; /* all of it is long, and cleared at each record */
    err->text[0] = '\0';
    if (!input->begun && !begin(input, err)) return INPUT_END;
    if (input->form == INPUT_GUESS) {
        while (str_trim(unread(input)).size == 0 && read_more(input, err)) continue;
        if (err->code) return INPUT_END;
        guess(input);
    }
    if (input->form == INPUT_JSON && input->columns && input->columns->count) {
        input->ended = true;
        err_set(err, E_USAGE, "%s is JSON, and --column names columns of CSV; try: jq -c "
                "'.rating = .stars' FILE | verbatim ...", input->name);
        return INPUT_END;
    }
    enum input_result result =
        input->form == INPUT_CSV ? next_csv(input, rules, arena, ret_intake, problems, err)
                                 : next_json(input, rules, arena, ret_intake, problems, err);
    if (result == INPUT_END && !err->code) *err = input->failure;
    return result;
}
