/* Transactions of an operator's command, and its audit records. */
#include "ops/cli/journal.h"

#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

enum { RETRIES_MAX = 60, RETRY_MS = 1000, OWN_MS = 60000, DETAILS_MAX = 64 };

void journal_detail(struct str_map *map, const char *name, struct str value)
{
    if (value.data) map->items[map->count++] = (struct str_pair){str_of(name), value};
}

/* --- reading ---------------------------------------------------------------------------------- */

/* False: no audit record of this command. */
static bool read_entry(const struct bus_message *message, const char *actor, struct arena *arena,
                       struct record *record, struct audit *audit)
{
    if (!str_equal(message->key, str_of(actor))) return false; /* cheap, and nearly always */
    if (record_scan(message->value, arena, record, NULL) || !record_has(record, SECTION_AUDIT))
        return false;
    if (record_decode(record, SECTION_AUDIT, audit, arena, NULL)) return false;
    return str_equal(audit->actor, str_of(actor));
}

/* Up to the record `own`, or up to the end where that is empty. */
static int read_entries(struct bus *bus, const char *actor, struct str own,
                        journal_on_entry *on_entry, void *user, struct err *err)
{
    static const enum topic topic = TOPIC_AUDIT;
    struct arena arena = {0};
    struct reader reader = {0};
    struct record record;
    struct audit audit;
    int rc = own.size ? reader_open(&reader, bus, &topic, 1, BUS_EARLIEST, err)
                      : reader_open_held(&reader, bus, &topic, 1, err);
    for (bool found = false; rc == E_OK && !found;) {
        const struct bus_message *message =
            own.size ? reader_next(&reader, OWN_MS, err) : reader_next_held(&reader, err);
        if (!message && own.size && !err->code)
            err_set(err, E_TIMEOUT, "our own audit record doesn't come back");
        if (!message) rc = (int)err->code;
        if (!message) break;
        arena_reset(&arena);
        if (!read_entry(message, actor, &arena, &record, &audit)) continue;
        found = own.size && str_equal(record.id, own);
        if (!found) rc = on_entry(user, &audit, err);
    }
    reader_close(&reader);
    arena_deinit(&arena);
    return rc;
}

static void name_actor(const char *command, char out[static 64])
{
    snprintf(out, 64, "verbatim %s", command);
}

int journal_read(struct bus *bus, const char *command, journal_on_entry *on_entry, void *user,
                 struct err *err)
{
    char actor[64];
    name_actor(command, actor);
    return read_entries(bus, actor, (struct str){0}, on_entry, user, err);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void name_user(char out[static 128])
{
    char host[64] = "";
    const struct passwd *user = getpwuid(geteuid());
    if (gethostname(host, sizeof host - 1)) host[0] = '\0';
    snprintf(out, 128, "%.60s@%.60s", user ? user->pw_name : "?", host);
    out[str_utf8_valid_prefix(str_of(out))] = '\0';
}

bool journal_has_room(const struct journal *journal, size_t outputs, size_t bytes)
{
    if (journal->count + outputs > JOURNAL_OUTPUTS_MAX) return false;
    return journal->count == 0 || journal->bytes + bytes <= JOURNAL_BYTES_MAX;
}

void journal_add(struct journal *journal, const struct bus_output *output)
{
    journal->outputs[journal->count++] = *output;
    journal->bytes += output->value.size;
}

/* *ret_id: of the audit record. */
static int note(struct journal *journal, struct str action, struct str_map detail,
                struct str *ret_id, struct err *err)
{
    struct arena *arena = &journal->arena;
    struct audit audit = {0};
    struct record record = {.version = RECORD_VERSION};
    struct str value, actor = arena_printf(arena, "verbatim %s", journal->command);
    struct str_map all = {.items = ARENA_ARRAY(arena, struct str_pair, DETAILS_MAX)};
    char *id = arena_alloc(arena, UUID_TEXT_BYTES), *trace = arena_alloc(arena, TRACE_TEXT_BYTES);
    struct bus_header *headers = ARENA_ARRAY(arena, struct bus_header, JOB_HEADERS);
    if (!actor.data || !all.items || !id || !trace || !headers)
        return err_set(err, E_NO_MEMORY, NULL);
    journal_detail(&all, "by", str_of(journal->by));
    for (uint32_t i = 0; i < detail.count && all.count < DETAILS_MAX; i++)
        all.items[all.count++] = detail.items[i];
    uuid_next(&journal->ids.generator, id);
    trace_alone(&journal->ids.random, trace);
    shape_set(audit, &audit, actor, actor);
    shape_set(audit, &audit, action, action);
    shape_set(audit, &audit, at, clock_wall_ms(clock_system()));
    shape_set(audit, &audit, detail, all);
    record.id = str_of(id);
    int rc = record_put(&record, SECTION_AUDIT, &audit, arena, err);
    if (rc == E_OK) rc = record_write(&record, arena, &value, err);
    if (rc) return rc;
    headers_fill(headers, TOPIC_AUDIT, "cli", record.id, str_of(trace));
    journal_add(journal, &(struct bus_output){.topic = TOPIC_AUDIT,
                                              .timestamp_ms = audit.at,
                                              .key = actor,
                                              .value = value,
                                              .headers = headers,
                                              .header_count = JOB_HEADERS});
    *ret_id = record.id;
    return E_OK;
}

int journal_note(struct journal *journal, struct str action, struct str_map detail, struct err *err)
{
    struct str id;
    return note(journal, action, detail, &id, err);
}

/* Polls, so that the group keeps us: it is paused, and gives nothing. */
static int stay(struct journal *journal, struct err *err)
{
    struct bus_batch batch = {0};
    int rc = bus_poll(journal->consumer, 1, 1, &batch, err);
    if (rc == E_OK) bus_release(journal->consumer, &batch);
    return rc && err_class((enum err_code)rc) == ERR_RETRY ? E_OK : rc;
}

int journal_rest(struct journal *journal, int ms, struct err *err)
{
    int rc = stay(journal, err);
    if (rc == E_OK) poll(NULL, 0, ms);
    return rc;
}

int journal_commit(struct journal *journal, struct err *err)
{
    int rc = stay(journal, err);
    if (rc || journal->count == 0) return rc;
    for (int attempt = 0;; attempt++) {
        rc = bus_commit(journal->consumer, journal->outputs, journal->count, NULL, 0, err);
        if (rc == E_OK || err_class((enum err_code)rc) != ERR_RETRY || attempt == RETRIES_MAX)
            break;
        if (journal_rest(journal, RETRY_MS, err)) break;
    }
    journal->count = journal->bytes = 0;
    arena_reset(&journal->arena);
    if (rc == E_CANCELLED || rc == E_FENCED)
        err_wrap(err,
                 "another verbatim %s took over, or the bus lost track of this one; run it again: "
                 "what was written is known",
                 journal->command);
    return rc;
}

/* --- life ------------------------------------------------------------------------------------- */

static int announce(struct journal *journal, struct str action, struct str_map detail,
                    char own[static UUID_TEXT_BYTES], struct err *err)
{
    struct str id;
    int rc = note(journal, action, detail, &id, err);
    if (rc) return rc;
    memcpy(own, id.data, id.size + 1);
    return journal_commit(journal, err);
}

int journal_open(struct journal *journal, struct bus *bus, const char *command, struct str action,
                 struct str_map detail, journal_on_entry *on_entry, void *user, struct err *err)
{
    static const enum topic topic = TOPIC_AUDIT;
    char actor[64], own[UUID_TEXT_BYTES];
    const struct bus_subscription subscription = {
        .group = command, .member = command, .topics = &topic, .topic_count = 1,
        .start = BUS_LATEST};
    *journal = (struct journal){.command = command, .bus = bus};
    cli_ids_init(&journal->ids);
    name_user(journal->by);
    name_actor(command, actor);
    int rc = bus_subscribe(bus, &subscription, &journal->consumer, err);
    if (rc) return rc;
    bus_pause(journal->consumer, true);
    rc = announce(journal, action, detail, own, err);
    if (rc == E_OK) rc = read_entries(bus, actor, str_of(own), on_entry, user, err);
    if (rc) journal_close(journal);
    return rc;
}

void journal_close(struct journal *journal)
{
    if (journal->consumer) bus_unsubscribe(journal->consumer);
    arena_deinit(&journal->arena);
    journal->consumer = NULL;
}
