/* verbatim redrive: the second life of dead letters. Lists them; sends them again to
 * where they were read.
 *
 * Exactly once: each message goes out in one transaction with the audit record that tells of
 * it, and a letter that an audit record names isn't sent again (journal.h). Positions can't
 * tell that, as filters leave letters behind. What is sent carries `verbatim-redrives`, counted
 * up, also when the same message dies once more: so a message that can't be mended ends,
 * instead of going round. */
#include <stdio.h>
#include <stdlib.h>

#include "base/nearest.h"
#include "ops/cli/edit.h"
#include "ops/cli/journal.h"
#include "ops/cli/redrive.h"

typedef int on_letter(struct redrive *redrive, const struct letter *letter, struct arena *arena,
                      struct err *err);

/* --- reading ---------------------------------------------------------------------------------- */

/* From the journal: this letter was sent. */
static int remember(void *user, const struct audit *audit, struct err *err)
{
    struct redrive *redrive = user;
    struct str letter = str_map_get(&audit->detail, STR("letter"));
    struct str hash = str_map_get(&audit->detail, STR("value_sha256"));
    if (!str_equal(audit->action, STR("redriven")) || !letter.size) return E_OK;
    return letter_marks_add(&redrive->marks, letter_mark(letter, hash), err);
}

static enum letter_obstacle obstacle_of(const struct redrive *redrive, const struct letter *letter)
{
    bool done = letter_marks_hold(&redrive->marks,
                                  letter_mark(letter->id, letter->body.value_sha256));
    return letter_obstacle(letter, done && !redrive->again, redrive->most);
}

/* What died after the run began is left for the next one: it may be what this one has sent. */
static int each_letter(struct redrive *redrive, struct bus *bus, on_letter *call, struct err *err)
{
    struct reader reader = {0};
    struct arena arena = {0};
    struct letter letter;
    const struct bus_message *message;
    redrive->matched = 0;
    int rc = reader_open_held(&reader, bus, &(enum topic){TOPIC_DEAD_LETTERS}, 1, err);
    while (rc == E_OK && (message = reader_next_held(&reader, err))) {
        arena_reset(&arena);
        if (letter_read(message, &arena, &letter, NULL) ||
            !letter_matches(&redrive->filter, &letter))
            continue;
        redrive->matched++;
        rc = call(redrive, &letter, &arena, err);
    }
    if (rc == E_OK) rc = (int)err->code;
    reader_close(&reader);
    arena_deinit(&arena);
    return rc;
}

/* --- listing ---------------------------------------------------------------------------------- */

static int measure(struct redrive *redrive, const struct letter *letter, struct arena *arena,
                   struct err *err)
{
    enum { WIDTH_MOST = 40 };
    size_t size = letter->body.worker.size;
    (void)arena, (void)err;
    if (size > WIDTH_MOST) size = WIDTH_MOST;
    if ((int)size > redrive->worker_width) redrive->worker_width = (int)size;
    return E_OK;
}

static int list_one(struct redrive *redrive, const struct letter *letter, struct arena *arena,
                    struct err *err)
{
    (void)arena;
    enum letter_obstacle obstacle = obstacle_of(redrive, letter);
    redrive->obstacles[obstacle]++;
    if (redrive->json) return redrive_show_json(letter, obstacle, err);
    if (redrive->matched == 1) redrive_show_heading(redrive);
    redrive_show_row(redrive, letter, obstacle);
    return E_OK;
}

static int list(struct redrive *redrive, struct bus *bus, struct err *err)
{
    int rc = journal_read(bus, "redrive", remember, redrive, err);
    redrive->worker_width = (int)strlen("worker");
    if (rc == E_OK && !redrive->json) rc = each_letter(redrive, bus, measure, err);
    if (rc == E_OK) rc = each_letter(redrive, bus, list_one, err);
    if (rc == E_OK && !redrive->json)
        fprintf(stderr, "  %llu dead letter%s, %llu of them can be sent again\n",
                (unsigned long long)redrive->matched, redrive->matched == 1 ? "" : "s",
                (unsigned long long)redrive->obstacles[LETTER_FREE]);
    return rc;
}

/* --- editing ---------------------------------------------------------------------------------- */

static int collect(struct redrive *redrive, const struct letter *letter, struct arena *arena,
                   struct err *err)
{
    if (obstacle_of(redrive, letter) != LETTER_FREE) return E_OK;
    if (++redrive->collected > EDIT_LETTERS_MAX || redrive->text.size > EDIT_BYTES_MAX)
        return err_set(err, E_TOO_LARGE,
                       "more than an editor should be given (%d letters); choose fewer, such as by "
                       "--cause or --id",
                       EDIT_LETTERS_MAX);
    return edit_write(letter, arena, &redrive->text, err);
}

static int edit(struct redrive *redrive, struct bus *bus, struct err *err)
{
    static const char help[] =
        "# Each line is a dead letter. Change what is in \"record\"; take out the lines that shall "
        "not be sent; keep \"letter\".\n";
    buffer_add(&redrive->text, STR(help));
    int rc = journal_read(bus, "redrive", remember, redrive, err);
    if (rc == E_OK) rc = each_letter(redrive, bus, collect, err);
    if (rc == E_OK && redrive->collected == 0) return E_OK;
    return rc ? rc : edit_by_hand(&redrive->text, &redrive->edits, err);
}

/* --- sending ---------------------------------------------------------------------------------- */

/* What is in doubt is told apart: nothing was sent, or it can't be sent. */
static int choose_content(struct redrive *redrive, const struct letter *letter, struct arena *arena,
                          struct letter_content *content, bool *ret_wanted, struct err *err)
{
    struct err why;
    *content = edit_nothing(letter);
    *ret_wanted = true;
    if (redrive->edit) {
        const struct letter_content *edited = edit_find(&redrive->edits, letter, arena);
        *ret_wanted = edited != NULL;
        if (edited) *content = *edited;
    }
    if (!redrive->set.count || !*ret_wanted) return E_OK;
    int rc = edit_assign(letter, &redrive->set, arena, content, &why);
    if (rc == E_OK) return E_OK;
    if (err_class((enum err_code)rc) != ERR_REJECT) return *err = why, rc;
    err_wrap(&why, "letter %.*s", STR_ARGS(letter->id));
    fprintf(stderr, "verbatim redrive: %s\n", why.text);
    redrive->refused++;
    *ret_wanted = false;
    return E_OK;
}

static int commit(struct redrive *redrive, struct err *err)
{
    int rc = journal_commit(redrive->journal, err);
    if (rc == E_OK) redrive->sent += redrive->pending;
    redrive->pending = 0;
    progress_set(&redrive->progress, redrive->sent);
    return rc;
}

/* Everything is copied: the letter is gone when the next one is read. */
static int note(struct redrive *redrive, const struct letter *letter,
                const struct letter_content *content, struct err *err)
{
    struct arena *arena = &redrive->journal->arena;
    const struct dead_letter *body = &letter->body;
    struct str_map detail = {.items = ARENA_ARRAY(arena, struct str_pair, 16)};
    if (!detail.items) return err_set(err, E_NO_MEMORY, NULL);
    journal_detail(&detail, "letter", arena_copy(arena, letter->id));
    journal_detail(&detail, "letter_partition", arena_printf(arena, "%u", letter->partition));
    journal_detail(&detail, "letter_offset",
                   arena_printf(arena, "%lld", (long long)letter->offset));
    journal_detail(&detail, "record",
                   arena_copy(arena, content->id.size ? content->id : letter->record_id));
    journal_detail(&detail, "worker", arena_copy(arena, body->worker));
    journal_detail(&detail, "cause", arena_copy(arena, body->cause));
    journal_detail(&detail, "topic", arena_copy(arena, body->topic));
    journal_detail(&detail, "partition", arena_printf(arena, "%u", body->partition));
    journal_detail(&detail, "offset",
                   arena_printf(arena, "%llu", (unsigned long long)body->offset));
    journal_detail(&detail, "value_sha256", arena_copy(arena, body->value_sha256));
    journal_detail(&detail, "redrives",
                   arena_printf(arena, "%llu", (unsigned long long)letter->redrives + 1));
    journal_detail(&detail, "edited", content->edited ? STR("yes") : STR("no"));
    return journal_note(redrive->journal, STR("redriven"), detail, err);
}

static int send_one(struct redrive *redrive, const struct letter *letter, struct arena *arena,
                    struct err *err)
{
    struct letter_content content;
    struct bus_output output;
    bool wanted;
    enum letter_obstacle obstacle = obstacle_of(redrive, letter);
    if (obstacle != LETTER_FREE) {
        redrive->obstacles[obstacle]++;
        if (!redrive->json && obstacle != LETTER_DONE) redrive_explain(letter, obstacle);
        return E_OK;
    }
    int rc = choose_content(redrive, letter, arena, &content, &wanted, err);
    if (rc || !wanted) return rc;
    redrive->obstacles[LETTER_FREE]++;
    redrive->edited += content.edited;
    /* the topic may hold it twice */
    rc = letter_marks_add(&redrive->marks, letter_mark(letter->id, letter->body.value_sha256), err);
    if (rc || redrive->dry_run) return rc;
    if (!journal_has_room(redrive->journal, 2, content.value.size)) rc = commit(redrive, err);
    if (rc == E_OK)
        rc = letter_resubmit(letter, &content, clock_wall_ms(clock_system()),
                             &redrive->journal->arena, &output, err);
    if (rc) return rc;
    journal_add(redrive->journal, &output);
    redrive->pending++;
    return note(redrive, letter, &content, err);
}

/* The detail of the run's audit record, with room for the texts in it. */
struct run_detail {
    struct str_pair items[16];
    char texts[5][256];
};

/* What was chosen; not what is set, as that may be a customer's data. */
static struct str_map fill_detail(struct redrive *redrive, struct run_detail *detail)
{
    const struct letter_filter *filter = &redrive->filter;
    const struct { const char *name; const struct flag_list *list; } lists[5] = {
        {"cause", &filter->causes}, {"worker", &filter->workers}, {"topic", &filter->topics},
        {"tenant", &filter->tenants}, {"id", &filter->ids}};
    struct str_map map = {.items = detail->items};
    for (size_t i = 0; i < 5; i++) {
        char *text = detail->texts[i];
        int used = 0;
        for (size_t j = 0; j < lists[i].list->count && used < 200; j++)
            used += snprintf(text + used, sizeof detail->texts[i] - (size_t)used, "%s%.50s",
                             j ? "," : "", lists[i].list->items[j]);
        if (lists[i].list->count)
            journal_detail(&map, lists[i].name,
                           str_slice(str_of(text), 0, str_utf8_valid_prefix(str_of(text))));
    }
    if (redrive->since) journal_detail(&map, "since", str_of(redrive->since));
    if (redrive->until) journal_detail(&map, "until", str_of(redrive->until));
    if (redrive->edit || redrive->set.count) journal_detail(&map, "edited", STR("yes"));
    if (redrive->again) journal_detail(&map, "again", STR("yes"));
    return map;
}

static int open_journal(struct redrive *redrive, struct bus *bus, struct err *err)
{
    struct run_detail detail;
    if (redrive->dry_run) return journal_read(bus, "redrive", remember, redrive, err);
    redrive->journal = calloc(1, sizeof *redrive->journal);
    if (!redrive->journal) return err_set(err, E_NO_MEMORY, NULL);
    return journal_open(redrive->journal, bus, "redrive", STR("redrive"),
                        fill_detail(redrive, &detail), remember, redrive, err);
}

static int send_all(struct redrive *redrive, struct bus *bus, struct err *err)
{
    int rc = redrive->edit ? edit(redrive, bus, err) : E_OK;
    if (rc == E_OK) rc = open_journal(redrive, bus, err);
    progress_start(&redrive->progress, "dead letters", 0);
    if (rc == E_OK) rc = each_letter(redrive, bus, send_one, err);
    if (rc == E_OK && redrive->journal) rc = commit(redrive, err);
    progress_end(&redrive->progress);
    redrive_show_sum(redrive);
    if (redrive->journal) journal_close(redrive->journal);
    free(redrive->journal);
    uint64_t bad = redrive->refused + redrive->obstacles[LETTER_TOO_OFTEN] +
                   redrive->obstacles[LETTER_NO_VALUE] + redrive->obstacles[LETTER_NO_TOPIC] +
                   redrive->obstacles[LETTER_BAD_BYTES];
    return rc == E_OK && bad ? err_set(err, E_BAD_MESSAGE, "%llu dead letters can't be sent again",
                                       (unsigned long long)bad)
                             : rc;
}

/* --- the command ------------------------------------------------------------------------------ */

/* A cause with a typo would choose nothing, and look as if all were well. */
static int check_causes(const struct flag_list *causes, struct err *err)
{
    for (size_t i = 0; i < causes->count; i++) {
        const char *given = causes->items[i];
        struct nearest nearest = nearest_to(str_of(given));
        for (int code = 1; code < ERR_COUNT; code++)
            nearest_offer(&nearest, str_of(err_name((enum err_code)code)));
        if (!nearest.found.data)
            return err_set(err, E_USAGE, "no cause \"%s\"; verbatim schema --format errors lists "
                           "them", given);
        if (nearest.distance)
            return err_set(err, E_USAGE, "no cause \"%s\"; did you mean \"%.*s\"? verbatim schema "
                           "--format errors lists them", given, STR_ARGS(nearest.found));
    }
    return E_OK;
}

/* Before a letter is read: there may be none to be set. */
static int check_assignments(const struct flag_list *set, struct err *err)
{
    int rc = E_OK;
    for (size_t i = 0; i < set->count && rc == E_OK; i++) {
        struct str value = str_of(set->items[i]), path = str_cut(&value, '=');
        if (!strchr(set->items[i], '=') || path.size == 0)
            return err_set(err, E_USAGE, "--set needs FIELD=VALUE, not \"%s\"", set->items[i]);
        if (!str_equal(value, STR("null"))) rc = edit_check_path(path, err); /* any may go */
        if (rc) err_wrap(err, "--set");
    }
    return rc;
}

static int check_wish(struct redrive *redrive, bool sending, struct err *err)
{
    uint32_t topics;
    struct letter_filter *filter = &redrive->filter;
    if (!sending && (redrive->edit || redrive->set.count || redrive->dry_run || redrive->again))
        return err_set(err, E_USAGE, "--edit, --set, --again and --dry-run go with \"send\"");
    if (redrive->edit && redrive->set.count) return err_set(err, E_USAGE, "either --edit or --set");
    int rc = cli_topics(&filter->topics, &topics, err);
    if (rc == E_OK) rc = check_causes(&filter->causes, err);
    if (rc == E_OK) rc = check_assignments(&redrive->set, err);
    if (rc == E_OK && redrive->since)
        rc = cli_time("since", redrive->since, &filter->since_ms, err);
    if (rc == E_OK && redrive->until)
        rc = cli_time("until", redrive->until, &filter->until_ms, err);
    int64_t now_ms = clock_wall_ms(clock_system());
    if (sending && (!filter->until_ms || filter->until_ms > now_ms)) filter->until_ms = now_ms;
    return rc;
}

static int redrive_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct redrive redrive = {.most = 3};
    struct letter_filter *filter = &redrive.filter;
    const struct flag flags[] = {
        {"cause", FLAG_LIST, &filter->causes,
         "CODE  of this cause, e.g. bad_message (more than once: any of them; so with all of "
         "these)"},
        {"worker", FLAG_LIST, &filter->workers, "NAME  that this worker gave up"},
        {"topic", FLAG_LIST, &filter->topics, "TOPIC  that were read from this topic"},
        {"tenant", FLAG_LIST, &filter->tenants, "NAME  of this tenant"},
        {"id", FLAG_LIST, &filter->ids, "ID  this letter, or this record"},
        {"since", FLAG_TEXT, &redrive.since,
         "TIME  that died at this time or later: 2026-05-01T09:30:00Z, a date, or an age (2h, 7d)"},
        {"until", FLAG_TEXT, &redrive.until, "TIME  that died before"},
        {"set", FLAG_LIST, &redrive.set,
         "FIELD=VALUE  send: change a field of each record; null takes it out"},
        {"edit", FLAG_BOOL, &redrive.edit, "send: change them in $EDITOR first, a line a letter"},
        {"dry-run", FLAG_BOOL, &redrive.dry_run, "send: say what would be sent, and send nothing"},
        {"most", FLAG_NUMBER, &redrive.most,
         "N  send: leave those that came back N times already (3)"},
        {"again", FLAG_BOOL, &redrive.again, "send: also those that were sent before"},
        {"json", FLAG_BOOL, &redrive.json, "list: a JSON line each; send: the counts as JSON"},
    };
    struct arguments arguments;
    struct cli_config config;
    struct bus *bus = NULL;
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    struct str verb = arguments.positional_count ? str_of(arguments.positionals[0]) : STR("list");
    bool sending = str_equal(verb, STR("send"));
    if (arguments.positional_count > 1 || (!sending && !str_equal(verb, STR("list"))))
        return err_set(err, E_USAGE, "say \"list\" or \"send\"");
    rc = check_wish(&redrive, sending, err);
    if (rc == E_OK) rc = cli_config(&arguments, &config, err);
    if (rc) return rc;
    rc = cli_open_bus(config.config, &bus, err);
    if (rc == E_OK) rc = sending ? send_all(&redrive, bus, err) : list(&redrive, bus, err);
    rc = cli_name_bus(bus, rc, err);
    bus_close(bus);
    cli_config_free(&config);
    hash_table_deinit(&redrive.marks);
    edits_deinit(&redrive.edits);
    buffer_deinit(&redrive.text);
    return rc;
}

const struct command redrive_command = {
    .name = "redrive",
    .summary = "dead letters: list them, mend them, send them again",
    .usage = "[list|send] [--cause CODE] [--topic TOPIC] [--since TIME] [--set FIELD=VALUE | "
             "--edit] [--dry-run] [--json] ...",
    .details = "Sends each letter to the topic that it was read from, with its key and headers and "
               "`verbatim-redrives` counted\n"
               "up, in one transaction with a record on the audit topic. A second run leaves what "
               "was sent. A letter whose\n"
               "message was too large to be kept is shown with its hash. Exit 65: some could not "
               "be sent.\n\n"
               "Example: verbatim redrive\n"
               "         verbatim redrive send --cause bad_message --since 2h --set "
               "feedback.rating=null --dry-run\n",
    .run = redrive_run,
};
