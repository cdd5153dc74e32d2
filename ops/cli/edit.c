/* Dead letters as JSON, changed, and back. */
#include "ops/cli/edit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/nearest.h"
#include "schema/json.h"

enum { PATH_STEPS_MAX = 16, LINES_MAX = EDIT_LETTERS_MAX };

/* --- one value -------------------------------------------------------------------------------- */

static void open_member(struct buffer *out, struct str name, bool *first)
{
    buffer_add(out, *first ? STR("{") : STR(","));
    *first = false;
    json_write_string(out, name);
    buffer_add_char(out, ':');
}

static int set_in(struct str json, struct str path, struct str value, unsigned step,
                  struct buffer *out, struct err *err);

/* The value at the end of what is left of the path, with the objects around it. */
static int set_below(struct str old, struct str path, struct str value, unsigned step,
                     struct buffer *out, struct err *err)
{
    if (path.size == 0) return buffer_add(out, value), E_OK;
    return set_in(old.size ? old : STR("{}"), path, value, step + 1, out, err);
}

static int set_in(struct str json, struct str path, struct str value, unsigned step,
                  struct buffer *out, struct err *err)
{
    struct json_reader reader = json_reader(json, NULL);
    struct json_value object;
    struct str rest = path, wanted = str_cut(&rest, '.'), name, raw;
    bool first = true, written = false, begun = true;
    bool gone = rest.size == 0 && str_equal(value, STR("null"));
    int rc = E_OK;
    if (wanted.size == 0 || step == PATH_STEPS_MAX)
        return err_set(err, E_USAGE, "\"%.*s\" is no path of fields", STR_ARGS(path));
    struct arena names = {0};
    reader.arena = &names;
    if (!json_next(&reader, &object)) rc = json_fault(&reader, err);
    else if (object.kind != JSON_OBJECT)
        rc = err_set(err, E_BAD_MESSAGE, "there is no object to set %.*s in", STR_ARGS(path));
    while (rc == E_OK && json_member(&reader, &begun, &name)) {
        bool here = str_equal(name, wanted);
        if (!json_skip(&reader, &raw)) break;
        written |= here;
        if (here && gone) continue;
        open_member(out, name, &first);
        if (here) rc = set_below(raw, rest, value, step, out, err);
        else buffer_add(out, raw);
    }
    if (rc == E_OK && !json_end(&reader)) rc = json_fault(&reader, err);
    if (rc == E_OK && !written && !gone) {
        open_member(out, wanted, &first);
        rc = set_below((struct str){0}, rest, value, step, out, err);
    }
    buffer_add(out, first ? STR("{}") : STR("}"));
    arena_deinit(&names);
    return rc == E_OK && out->failed ? err_set(err, E_NO_MEMORY, NULL) : rc;
}

static bool is_json(struct str text)
{
    struct json_reader reader = json_reader(text, NULL);
    return json_skip(&reader, NULL) && json_end(&reader);
}

int edit_set(struct str json, struct str path, struct str value, struct buffer *out,
             struct err *err)
{
    struct buffer quoted = {0};
    size_t before = out->size;
    if (!str_is_utf8(value))
        return err_set(err, E_USAGE, "the value for %.*s isn't UTF-8", STR_ARGS(path));
    if (!is_json(value)) json_write_string(&quoted, value);
    int rc = set_in(json, path, quoted.size ? buffer_str(&quoted) : value, 0, out, err);
    if (rc) out->size = before;
    buffer_deinit(&quoted);
    return rc;
}

/* --- paths of a record ------------------------------------------------------------------------ */

/* The field of this name, or likely to be meant by it; NULL: none is near. */
static const struct field *near_field(const struct shape *shape, struct str name)
{
    const struct field *found = NULL;
    struct nearest nearest = nearest_to(name);
    for (uint32_t i = 0; i < shape->count; i++)
        if (nearest_offer(&nearest, str_of(shape->fields[i].name))) found = &shape->fields[i];
    return found;
}

static int unknown_path(struct str path, const char *section, const struct field *nearest,
                        struct err *err)
{
    if (nearest)
        return err_set(err, E_USAGE, "records have no %.*s; did you mean %s.%s?",
                       STR_ARGS(str_slice(path, 0, 80)), section, nearest->name);
    return err_set(err, E_USAGE, "records have no %.*s; verbatim schema lists what they have",
                   STR_ARGS(str_slice(path, 0, 80)));
}

int edit_check_path(struct str path, struct err *err)
{
    struct str rest = path, first = str_cut(&rest, '.'), name = str_cut(&rest, '.');
    enum section section = section_by_name(first);
    if (section == SECTION_COUNT && name.size == 0) {
        if (str_equal(first, STR("id"))) return E_OK;
        return unknown_path(path, "feedback", near_field(&feedback_shape, first), err);
    }
    if (section == SECTION_COUNT) return unknown_path(path, NULL, NULL, err);
    const struct section_info *info = section_info(section);
    if (name.size == 0 || shape_field(info->shape, name)) return E_OK;
    return unknown_path(path, info->name, near_field(info->shape, name), err);
}

/* --- a record --------------------------------------------------------------------------------- */

struct letter_content edit_nothing(const struct letter *letter)
{
    return (struct letter_content){.value = letter->body.value, .key = letter->body.key};
}

/* As the door would have it: the key of feedback is its customer, or its id. Others keep theirs. */
static int choose_key(const struct letter *letter, struct str value, struct arena *arena,
                      struct letter_content *content, struct err *err)
{
    struct record record;
    struct feedback feedback = {0};
    int rc = record_scan(value, arena, &record, err);
    if (rc) return rc;
    content->id = record.id;
    content->key = letter->body.key;
    if (letter->topic != TOPIC_FEEDBACK || !record_has(&record, SECTION_FEEDBACK)) return E_OK;
    rc = record_decode(&record, SECTION_FEEDBACK, &feedback, arena, err);
    if (rc == E_OK)
        content->key = shape_has(feedback, &feedback, customer) ? feedback.customer : record.id;
    return rc;
}

int edit_assign(const struct letter *letter, const struct flag_list *assignments,
                struct arena *arena, struct letter_content *ret_content, struct err *err)
{
    struct buffer json = {0}, next = {0};
    struct json_problems problems;
    struct letter_content content = {.edited = true};
    int rc = json_write_record(letter->body.value, &json, err);
    if (rc == E_BAD_MESSAGE || rc == E_TOO_LARGE)
        err_wrap(err, "its bytes are no record, so no field of it can be set");
    for (size_t i = 0; i < assignments->count && rc == E_OK; i++) {
        struct str value = str_of(assignments->items[i]), path = str_cut(&value, '=');
        if (!strchr(assignments->items[i], '='))
            rc = err_set(err, E_USAGE, "--set needs FIELD=VALUE, not \"%s\"",
                         assignments->items[i]);
        buffer_clear(&next);
        if (rc == E_OK) rc = edit_set(buffer_str(&json), path, value, &next, err);
        struct buffer done = json;
        json = next, next = done;
    }
    struct str copy = rc == E_OK ? arena_copy(arena, buffer_str(&json)) : (struct str){0};
    if (rc == E_OK && !copy.data) rc = err_set(err, E_NO_MEMORY, NULL);
    if (rc == E_OK) rc = json_read_record(copy, arena, &content.value, &problems, err);
    if (rc == E_OK) rc = choose_key(letter, content.value, arena, &content, err);
    if (rc == E_OK) *ret_content = content;
    buffer_deinit(&json);
    buffer_deinit(&next);
    return rc;
}

/* --- many records, in an editor --------------------------------------------------------------- */

void edits_deinit(struct edits *edits)
{
    arena_deinit(&edits->arena);
    *edits = (struct edits){0};
}

static void write_comment(const struct letter *letter, struct buffer *out)
{
    const struct dead_letter *body = &letter->body;
    struct str line = body->message, rest = line;
    line = str_cut(&rest, '\n'); /* a comment is one line */
    buffer_printf(out, "# %.*s gave up on %.*s/%u at %llu: %.*s: %.*s\n", STR_ARGS(body->worker),
                  STR_ARGS(body->topic), body->partition, (unsigned long long)body->offset,
                  STR_ARGS(body->cause), STR_ARGS(line));
}

int edit_write(const struct letter *letter, struct arena *arena, struct buffer *out,
               struct err *err)
{
    struct record record;
    write_comment(letter, out);
    buffer_add(out, STR("{\"letter\":"));
    json_write_string(out, letter->id);
    buffer_add(out, STR(",\"topic\":"));
    json_write_string(out, letter->body.topic);
    if (record_scan(letter->body.value, arena, &record, NULL) == E_OK) {
        buffer_add(out, STR(",\"record\":"));
        int rc = json_write_scanned(&record, out, err);
        if (rc) return rc;
    } else {
        buffer_add(out, STR(",\"raw\":"));
        json_write_base64(out, letter->body.value);
    }
    buffer_add(out, STR("}\n"));
    return out->failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

static int read_line(struct str line, struct arena *arena, struct edit *edit, struct err *err)
{
    struct json_reader reader = json_reader(line, arena);
    struct json_value value;
    struct str name, raw;
    bool first = true;
    *edit = (struct edit){0};
    if (!json_next(&reader, &value)) return json_fault(&reader, err);
    if (value.kind != JSON_OBJECT)
        return err_set(err, E_BAD_MESSAGE, "an object with \"letter\" and \"record\" is expected");
    while (json_member(&reader, &first, &name)) {
        bool id = str_equal(name, STR("letter"));
        if (!json_skip(&reader, &raw)) break;
        if (str_equal(name, STR("record"))) edit->text = raw;
        if (str_equal(name, STR("raw")))
            edit->text = str_slice(raw, 1, raw.size - 1), edit->raw = true;
        struct json_reader again = json_reader(raw, arena);
        if (id && json_next(&again, &value) && value.kind == JSON_STRING) edit->id = value.text;
    }
    if (!json_end(&reader)) return json_fault(&reader, err);
    if (!edit->id.size || !edit->text.size)
        return err_set(err, E_BAD_MESSAGE, "\"letter\", or \"record\" and \"raw\", are missing");
    return E_OK;
}

/* Whatever can be told now is told now, before anything is sent: is it a record at all? */
static int read_value(struct edit *edit, struct arena *arena, struct err *err)
{
    struct json_problems problems;
    edit->content.edited = true;
    if (edit->raw) return json_read_base64(edit->text, arena, &edit->content.value, err);
    return json_read_record(edit->text, arena, &edit->content.value, &problems, err);
}

int edit_read(struct str text, struct edits *ret_edits, struct err *err)
{
    struct edits edits = {.items = NULL};
    int rc = E_OK;
    struct str rest = arena_copy(&edits.arena, text);
    edits.items = ARENA_ARRAY(&edits.arena, struct edit, LINES_MAX);
    if (!rest.data || !edits.items) rc = err_set(err, E_NO_MEMORY, NULL);
    for (size_t line = 1; rest.size && rc == E_OK; line++) {
        struct str one = str_trim(str_cut(&rest, '\n'));
        if (one.size == 0 || one.data[0] == '#') continue;
        if (edits.count == LINES_MAX)
            rc = err_set(err, E_BAD_MESSAGE, "more than %d letters", LINES_MAX);
        if (rc == E_OK) rc = read_line(one, &edits.arena, &edits.items[edits.count], err);
        if (rc == E_OK) rc = read_value(&edits.items[edits.count], &edits.arena, err);
        if (rc) err_wrap(err, "line %zu", line);
        edits.count++;
    }
    if (rc == E_OK && edits.count == 0) rc = err_set(err, E_NOT_FOUND, "no letter is left");
    if (rc) edits_deinit(&edits);
    else *ret_edits = edits;
    return rc;
}

/* Did the editor leave the line as edit_write() had made it? */
static bool is_unchanged(const struct edit *edit, const struct letter *letter, struct arena *arena)
{
    struct buffer line = {0};
    struct edit old;
    bool same = edit_write(letter, arena, &line, NULL) == E_OK;
    struct str rest = buffer_str(&line);
    str_cut(&rest, '\n');
    same = same && read_line(str_trim(rest), arena, &old, NULL) == E_OK && old.raw == edit->raw &&
           str_equal(old.text, edit->text);
    buffer_deinit(&line);
    return same;
}

const struct letter_content *edit_find(struct edits *edits, const struct letter *letter,
                                       struct arena *arena)
{
    struct edit *edit = NULL;
    for (size_t i = 0; i < edits->count && !edit; i++)
        if (str_equal(edits->items[i].id, letter->id)) edit = &edits->items[i];
    if (!edit) return NULL;
    edit->content.key = letter->body.key;
    if (is_unchanged(edit, letter, arena)) edit->content = edit_nothing(letter);
    else if (!edit->raw &&
             choose_key(letter, edit->content.value, &edits->arena, &edit->content, NULL))
        return NULL;
    return &edit->content;
}

/* By the shell, as an editor may come with options: EDITOR="code --wait". */
static void become_editor(const char *editor, const char *path)
{
    char command[1024];
    int size = snprintf(command, sizeof command, "%s \"$1\"", editor);
    if (size > 0 && (size_t)size < sizeof command)
        execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
    _exit(127);
}

/* Ctrl-C at the terminal is the editor's: ended by it, we would leave the file behind. */
static int run_editor(const char *path, struct err *err)
{
    const char *editor = getenv("VISUAL");
    if (!editor || !editor[0]) editor = getenv("EDITOR");
    if (!editor || !editor[0]) editor = "vi";
    int status = 0;
    void (*interrupt)(int) = signal(SIGINT, SIG_IGN), (*quit)(int) = signal(SIGQUIT, SIG_IGN);
    pid_t child = fork(), ended = child;
    if (child == 0) {
        signal(SIGINT, interrupt);
        signal(SIGQUIT, quit);
        signal(SIGPIPE, SIG_DFL); /* which we ignore */
        become_editor(editor, path);
    }
    if (child > 0) ended = waitpid(child, &status, 0);
    signal(SIGINT, interrupt);
    signal(SIGQUIT, quit);
    if (ended < 0) return err_system(err, E_SYSTEM, "%s", editor);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(err, E_CANCELLED, "%s failed; nothing was sent", editor);
    return E_OK;
}

/* The file holds what customers said: only its owner may read it, and it goes again. What can't be
 * read back stays there, so that nobody's work is lost. */
int edit_by_hand(struct buffer *text, struct edits *edits, struct err *err)
{
    char path[512];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/verbatim-redrive-XXXXXX",
             folder && folder[0] ? folder : "/tmp");
    int fd = mkstemp(path);
    if (fd < 0) return err_system(err, E_NO_OUTPUT, "%s", path);
    FILE *file = fdopen(fd, "w");
    bool written = file && fwrite(text->data, 1, text->size, file) == text->size;
    if (!file || fclose(file) || !written) {
        unlink(path);
        return err_system(err, E_NO_OUTPUT, "%s", path);
    }
    buffer_clear(text);
    int rc = run_editor(path, err);
    if (rc == E_OK) rc = buffer_read_file(text, path, 2 * (size_t)EDIT_BYTES_MAX, err);
    if (rc == E_OK) rc = edit_read(buffer_str(text), edits, err);
    if (rc == E_BAD_MESSAGE || rc == E_BAD_JSON)
        return err_wrap(err, "nothing was sent; your text is still in %s", path);
    unlink(path);
    return rc;
}
