/* verbatim replay: records out of the archive, back onto topics, or onto shadow topics beside them.
 *
 * By topic, partition and offset, so that one customer's records stay in order. Each transaction
 * holds records of one partition and an audit record that says how far it came; a run of the same
 * name goes on from there. So a replay that is stopped, killed or started twice writes each record
 * once (journal.h). No state is kept elsewhere. */
#include "ops/cli/replay.h"

#include <signal.h>
#include <stdlib.h>

#include "archive/read.h"
#include "base/array.h"

static volatile sig_atomic_t stopped;
static void on_signal(int number) { (void)number, stopped = 1; }

/* --- how far each partition came -------------------------------------------------------------- */

static struct replay_place *place_of(struct replay *replay, enum topic topic, uint32_t partition,
                                     struct err *err)
{
    for (size_t i = 0; i < replay->place_count; i++)
        if (replay->places[i].topic == topic && replay->places[i].partition == partition)
            return &replay->places[i];
    if (!array_fits(&replay->places, &replay->place_capacity, replay->place_count + 1,
                    sizeof *replay->places))
        return err_set(err, E_NO_MEMORY, NULL), NULL;
    struct replay_place *place = &replay->places[replay->place_count++];
    *place = (struct replay_place){.topic = topic, .partition = partition};
    return place;
}

/* From the journal: what a run of this name has written. */
static int remember(void *user, const struct audit *audit, struct err *err)
{
    struct replay *replay = user;
    const struct str_map *detail = &audit->detail;
    uint64_t partition, next;
    enum topic topic = topic_by_name(str_map_get(detail, STR("topic")));
    if (!str_equal(audit->action, STR("replayed")) ||
        !str_equal(str_map_get(detail, STR("run")), str_of(replay->run)))
        return E_OK;
    if (topic == TOPIC_NONE || !str_to_u64(str_map_get(detail, STR("partition")), &partition) ||
        !str_to_u64(str_map_get(detail, STR("next")), &next))
        return E_OK;
    struct replay_place *place = place_of(replay, topic, (uint32_t)partition, err);
    if (!place) return E_NO_MEMORY;
    if ((int64_t)next > place->next) place->next = (int64_t)next;
    replay->earlier = true;
    return E_OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

static int commit(struct replay *replay, struct err *err)
{
    struct journal *journal = replay->journal;
    if (replay->pending == 0) return E_OK;
    struct str_map detail = {.items = ARENA_ARRAY(&journal->arena, struct str_pair, 8)};
    if (!detail.items) return err_set(err, E_NO_MEMORY, NULL);
    journal_detail(&detail, "run", str_of(replay->run));
    journal_detail(&detail, "topic", str_of(topic_info(replay->place->topic)->name));
    journal_detail(&detail, "partition",
                   arena_printf(&journal->arena, "%u", replay->place->partition));
    journal_detail(&detail, "next",
                   arena_printf(&journal->arena, "%lld", (long long)replay->place->next));
    journal_detail(&detail, "records",
                   arena_printf(&journal->arena, "%llu", (unsigned long long)replay->pending));
    int rc = journal_note(journal, STR("replayed"), detail, err);
    if (rc == E_OK) rc = journal_commit(journal, err);
    if (rc == E_OK) replay->written += replay->pending;
    else replay->broken = true; /* what was taken is lost to this run: it must not go on */
    replay->pending = 0;
    progress_set(&replay->progress, replay->written);
    return rc;
}

/* No faster than --rate, counted from the start. */
static int slow_down(struct replay *replay, struct err *err)
{
    int rc = E_OK;
    while (rc == E_OK && replay->rate && !stopped) {
        int64_t due_ms = replay->started_ms + (int64_t)(replay->written * 1000 / replay->rate),
                now_ms = clock_mono_ms(clock_system());
        if (now_ms >= due_ms) break;
        rc = journal_rest(replay->journal, (int)(due_ms - now_ms < 500 ? due_ms - now_ms : 500),
                          err);
    }
    return rc;
}

static bool batch_is_full(const struct replay *replay, size_t bytes)
{
    /* four steps a second are smooth enough */
    uint64_t most = replay->rate ? replay->rate / 4 + 1 : JOURNAL_OUTPUTS_MAX;
    return replay->pending >= most || !journal_has_room(replay->journal, 2, bytes);
}

static int make_room(struct replay *replay, size_t bytes, struct err *err)
{
    arena_reset(&replay->arena);
    if (!replay->journal || !batch_is_full(replay, bytes)) return E_OK;
    int rc = commit(replay, err);
    return rc ? rc : slow_down(replay, err);
}

/* A line that replay_line() refuses was damaged, or edited by hand: the replay stops, as nobody
 * knows what it was. What an earlier replay wrote, and what was made of that, is in the archive
 * beside what it is a copy of, and passed over. */
static int write_line(struct replay *replay, struct str line, const struct line_identity *identity,
                      struct err *err)
{
    struct replay_message message;
    struct bus_output output;
    int rc = make_room(replay, line.size, err);
    if (rc) return rc;
    struct arena *arena = replay->journal ? &replay->journal->arena : &replay->arena;
    struct str copy = arena_copy(arena, line);
    rc = copy.data ? replay_line(copy, arena, &message, err) : err_set(err, E_NO_MEMORY, NULL);
    if (rc) return err_wrap(err, "offset %lld", (long long)identity->offset);
    if (message.copy && !replay->copies) return replay->passed_over++, E_OK;
    replay_count(replay, line, identity);
    if (!replay->journal) {
        if (!replay->pricing || message.id.size == 0) return E_OK;
        return replay_price_record(replay, &message, arena, err);
    }
    rc = replay_output(&message, replay->place->topic, str_of(replay->run),
                       clock_wall_ms(clock_system()), arena, &output, err);
    if (rc) return rc;
    journal_add(replay->journal, &output);
    replay->pending++;
    return E_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_wanted(const struct replay *replay, const struct line_identity *identity)
{
    if (!archive_wants(&replay->wish, identity->timestamp_ms)) return false;
    return !replay->by_id ||
           letter_marks_hold(&replay->ids, letter_mark(identity->id, (struct str){0}));
}

static int take_line(void *user, struct str line, const struct line_identity *identity,
                     struct err *err)
{
    struct replay *replay = user;
    /* of an earlier run, or of an attempt that broke off */
    if (stopped || identity->offset < replay->place->next) return E_OK;
    int rc = is_wanted(replay, identity) ? write_line(replay, line, identity, err) : E_OK;
    if (rc) return rc;
    replay->place->next = identity->offset + 1;
    return E_OK;
}

/* A store that fails is asked again; lines that were taken are passed over then. */
static int read_object(struct replay *replay, const struct manifest *manifest, struct err *err)
{
    enum { ATTEMPTS = 6, PAUSE_MS = 1000 };
    int rc = E_OK;
    replay->place = place_of(replay, manifest->facts.topic, manifest->facts.partition, err);
    if (!replay->place) return E_NO_MEMORY;
    if (manifest->facts.span.end <= replay->place->next) return E_OK;
    for (int attempt = 1; attempt <= ATTEMPTS && !stopped; attempt++) {
        rc = archive_read_whole(replay->store, manifest, take_line, replay, err);
        if (rc == E_OK || replay->broken || err_class((enum err_code)rc) != ERR_RETRY) break;
        if (replay->journal && journal_rest(replay->journal, PAUSE_MS, err)) break;
    }
    return rc;
}

static int each_object(struct replay *replay,
                       int (*call)(struct replay *, const struct manifest *, struct err *),
                       struct err *err)
{
    struct archive_walk walk;
    int rc;
    archive_walk_init(&walk, replay->store, &replay->wish);
    while ((rc = archive_walk_next(&walk, err)) == E_OK && walk.found && !stopped) {
        const struct object_facts *facts = &walk.manifest.facts;
        bool other = replay->place && (replay->place->topic != facts->topic ||
                                       replay->place->partition != facts->partition);
        /* a transaction is of one partition */
        if (other && replay->journal) rc = commit(replay, err);
        if (rc == E_OK) rc = call(replay, &walk.manifest, err);
        if (rc) break;
    }
    if (rc == E_OK && replay->journal) rc = commit(replay, err);
    archive_walk_deinit(&walk);
    return rc;
}

static int add_total(struct replay *replay, const struct manifest *manifest, struct err *err)
{
    (void)err;
    replay->total += manifest->facts.records;
    return E_OK;
}

/* --- a run ------------------------------------------------------------------------------------ */

static struct str_map run_detail(const struct replay *replay, struct str_pair items[static 8])
{
    struct str_map detail = {.items = items};
    journal_detail(&detail, "run", str_of(replay->run));
    journal_detail(&detail, "archive", str_of(store_description(replay->store)));
    if (replay->from) journal_detail(&detail, "from", str_of(replay->from));
    if (replay->to) journal_detail(&detail, "to", str_of(replay->to));
    if (replay->shadow) journal_detail(&detail, "shadow", str_of(replay->shadow));
    return detail;
}

static int end_run(struct replay *replay, struct err *err)
{
    struct str_pair items[8];
    struct str_map detail = run_detail(replay, items);
    journal_detail(
        &detail, "records",
        arena_printf(&replay->journal->arena, "%llu", (unsigned long long)replay->written));
    int rc = journal_note(replay->journal, stopped ? STR("replay_stopped") : STR("replay_done"),
                          detail, err);
    return rc ? rc : journal_commit(replay->journal, err);
}

static int create_topics(struct bus *bus, struct err *err)
{
    const struct bus_topic_settings settings = {0};
    bool created;
    int rc = E_OK;
    for (int i = 0; i < TOPIC_COUNT && rc == E_OK; i++)
        rc = bus_topic_create(bus, (enum topic)i, &settings, &created, err);
    return rc;
}

static int replay_onto(struct replay *replay, struct bus *bus, struct err *err)
{
    struct str_pair items[8];
    int rc = replay->shadow ? create_topics(bus, err) : E_OK;
    replay->journal = calloc(1, sizeof *replay->journal);
    if (!replay->journal) rc = err_set(err, E_NO_MEMORY, NULL);
    if (rc == E_OK)
        rc = journal_open(replay->journal, bus, "replay", STR("replay"), run_detail(replay, items),
                          remember, replay, err);
    if (rc == E_OK && terminal_is(2)) rc = each_object(replay, add_total, err);
    replay->place = NULL;
    progress_start(&replay->progress, "records", replay->total);
    replay->started_ms = clock_mono_ms(clock_system());
    if (rc == E_OK) rc = each_object(replay, read_object, err);
    progress_end(&replay->progress);
    if (rc == E_OK) rc = end_run(replay, err);
    if (replay->journal) journal_close(replay->journal);
    free(replay->journal);
    replay->journal = NULL;
    return rc;
}

static int run_on_bus(struct replay *replay, struct config *config, struct err *err)
{
    struct bus *bus = NULL;
    struct buffer setting = {0};
    int rc = E_OK;
    buffer_printf(&setting, "bus.topic_prefix=%s", replay->shadow ? replay->shadow : "");
    if (replay->shadow) rc = config_set(config, buffer_str(&setting), "--shadow", err);
    if (rc == E_OK) rc = bus_open(config, clock_system(), &bus, err);
    if (rc == E_OK) rc = replay_onto(replay, bus, err);
    rc = cli_name_bus(bus, rc, err);
    bus_close(bus);
    buffer_deinit(&setting);
    return rc;
}

static int run(struct replay *replay, struct config *config, const char *url, struct err *err)
{
    struct store_options options;
    int rc = config_get(config, &store_option_table, &options, err);
    if (rc) return rc;
    struct store_config store = store_config_of(&options, url);
    rc = replay_probe(url, err);
    if (rc == E_OK) rc = store_open(&store, &replay->store, err);
    if (rc == E_OK) rc = store_probe(replay->store, err);
    if (rc == E_OK) rc = replay_find_archive(replay->store, err);
    if (rc == E_OK && replay->dry_run) rc = replay_open_pricing(replay, config, err);
    if (rc == E_OK)
        rc = replay->dry_run ? each_object(replay, read_object, err)
                             : run_on_bus(replay, config, err);
    if (rc == E_OK) rc = replay_show(replay, stopped, err);
    pricing_close(replay->pricing);
    store_close(replay->store);
    return rc;
}

static int read_wish(struct replay *replay, const struct flag_list *topics, const char *partition,
                     const char *ids_file, const struct flag_list *ids, struct err *err)
{
    uint64_t number = 0;
    struct archive_wish *wish = &replay->wish;
    wish->topics = TOPICS(FEEDBACK);
    int rc = topics->count ? cli_topics(topics, &wish->topics, err) : E_OK;
    if (rc == E_OK && replay->from) rc = cli_time("from", replay->from, &wish->from_ms, err);
    if (rc == E_OK && replay->to) rc = cli_time("to", replay->to, &wish->to_ms, err);
    if (rc == E_OK && replay->to && wish->from_ms >= wish->to_ms)
        rc = err_set(err, E_USAGE, "--to must be after --from");
    if (rc == E_OK && partition && (!str_to_u64(str_of(partition), &number) || number > UINT32_MAX))
        rc = err_set(err, E_USAGE, "--partition needs a number, not \"%s\"", partition);
    wish->one_partition = partition != NULL;
    wish->partition = (uint32_t)number;
    replay->by_id = ids->count || ids_file;
    for (size_t i = 0; i < ids->count && rc == E_OK; i++)
        rc = letter_marks_add(&replay->ids, letter_mark(str_of(ids->items[i]), (struct str){0}),
                              err);
    return rc == E_OK && ids_file ? replay_read_ids(replay, ids_file, err) : rc;
}

static int replay_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct replay replay = {0};
    struct flag_list topics = {0}, ids = {0};
    const char *partition = NULL, *ids_file = NULL;
    char name[64];
    const struct flag flags[] = {
        {"topic", FLAG_LIST, &topics,
         "TOPIC  of this topic (more than once: all of them; else feedback)"},
        {"from", FLAG_TEXT, &replay.from,
         "TIME  on the bus since: 2026-05-01T09:30:00Z, a date, or an age (2h, 7d)"},
        {"to", FLAG_TEXT, &replay.to, "TIME  and before"},
        {"partition", FLAG_TEXT, &partition, "N  of this partition only"},
        {"id", FLAG_LIST, &ids, "ID  this record only"},
        {"ids", FLAG_TEXT, &ids_file, "FILE  those whose ids are in the file, one a line"},
        {"shadow", FLAG_TEXT, &replay.shadow,
         "PREFIX  onto topics with this prefix, which are made; workers with "
         "--bus.topic_prefix=PREFIX read them"},
        {"rate", FLAG_COUNT, &replay.rate, "N  at most N records a second"},
        {"run", FLAG_TEXT, &replay.run,
         "NAME  of the run: it goes on where it stopped; else one that follows from what is asked "
         "for"},
        {"copies", FLAG_BOOL, &replay.copies,
         "also what earlier replays wrote, and what was made of that"},
        {"dry-run", FLAG_BOOL, &replay.dry_run,
         "count, and write nothing; with remote genai.providers: what asking them again would "
         "cost"},
        {"journal", FLAG_BOOL, &replay.known,
         "in a dry run: what the journal on the bus holds costs nothing again"},
        {"json", FLAG_BOOL, &replay.json, "the counts as JSON, for programs"},
    };
    struct arguments arguments;
    struct cli_config config;
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count > 1) return err_set(err, E_USAGE, "one archive at a time");
    rc = read_wish(&replay, &topics, partition, ids_file, &ids, err);
    if (rc == E_OK) rc = cli_config(&arguments, &config, err);
    if (rc == E_OK) {
        const char *url = arguments.positional_count
                              ? arguments.positionals[0]
                              : config_value(config.config, "logsink", "url", NULL);
        if (!replay.run) replay.run = replay_name(argc, argv, url, name);
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        rc = strlen(replay.run) > MARK_BYTES_MAX
                 ? err_set(err, E_USAGE, "--run: at most %d bytes", MARK_BYTES_MAX)
                 : run(&replay, config.config, url, err);
        cli_config_free(&config);
    }
    hash_table_deinit(&replay.ids);
    arena_deinit(&replay.arena);
    free(replay.places);
    return rc;
}

const struct command replay_command = {
    .name = "replay",
    .summary = "archived records back onto topics, or onto shadow topics",
    .usage = "[ARCHIVE] [--topic TOPIC] [--from TIME] [--to TIME] [--shadow PREFIX] [--rate N] "
             "[--dry-run] ...",
    .details =
        "ARCHIVE is a folder or s3://BUCKET/PREFIX; else logsink.url. Records keep their bytes, "
        "key and trace, are dated now,\n"
        "and carry `verbatim-replay: RUN`, as does all that workers make of them. The same command "
        "again goes on where it\n"
        "stopped, and writes nothing twice. On the real topics preprocess drops a `feedback` id "
        "that it saw within\n"
        "preprocess.window_age, as a retry: to have insights made anew, replay `documents`, or "
        "into a shadow.\n\n"
        "Example: verbatim replay data/archive --topic features --from 7d --shadow next- "
        "--dry-run\n"
        "         verbatim run --no-sample --data next --bus.path=data/bus "
        "--bus.topic_prefix=next- --segment.model=new.model\n",
    .run = replay_run,
};
