/* What a replay is called, what it was asked for, and its figures. */
#include <stdio.h>
#include <sys/stat.h>

#include "archive/line.h"
#include "base/hash.h"
#include "ops/cli/replay.h"

enum { IDS_BYTES_MAX = 256 << 20 };

/* From what chooses records and says where they go: not from how fast, or how it is shown. */
const char *replay_name(int argc, char **argv, const char *url, char out[static 64])
{
    static const char *const others[] = {"--rate", "--json", "--dry-run"};
    struct buffer all = {0};
    uint8_t hash[SHA256_BYTES];
    char hex[2 * 6 + 1];
    buffer_printf(&all, "%s", url);
    for (int i = 1; i < argc; i++) {
        bool counts = true;
        for (size_t j = 0; j < sizeof others / sizeof others[0]; j++)
            counts &= !str_starts(str_of(argv[i]), str_of(others[j]));
        if (counts) buffer_printf(&all, "\n%s", argv[i]);
        /* its value is a word of its own */
        else if (str_equal(str_of(argv[i]), STR("--rate"))) i++;
    }
    hash_sha256(buffer_str(&all), hash);
    hash_hex(hash, 6, hex);
    snprintf(out, 64, "replay-%s", hex);
    buffer_deinit(&all);
    return out;
}

int replay_probe(const char *url, struct err *err)
{
    struct stat found;
    const char *path = strncmp(url, "file://", 7) == 0 ? url + 7 : url;
    if (strncmp(url, "s3://", 5) == 0 || (stat(path, &found) == 0 && S_ISDIR(found.st_mode)))
        return E_OK;
    return err_set(err, E_NO_INPUT, "%s: there is no such archive", url);
}

int replay_find_archive(struct store *store, struct err *err)
{
    const struct archive_wish all = {.topics = (1u << TOPIC_COUNT) - 1};
    struct archive_walk walk;
    archive_walk_init(&walk, store, &all);
    int rc = archive_walk_next(&walk, err);
    /* a manifest that can't be read is told when its turn comes */
    if (rc == E_OK && !walk.found)
        rc = err_set(err, E_NO_INPUT, "%s holds no archive", store_description(store));
    else if (rc && err_class((enum err_code)rc) == ERR_REJECT)
        rc = E_OK;
    archive_walk_deinit(&walk);
    return rc;
}

int replay_read_ids(struct replay *replay, const char *path, struct err *err)
{
    struct buffer text = {0};
    int rc = buffer_read_file(&text, path, IDS_BYTES_MAX, err);
    struct str rest = buffer_str(&text);
    while (rest.size && rc == E_OK) {
        struct str id = str_trim(str_cut(&rest, '\n'));
        if (id.size) rc = letter_marks_add(&replay->ids, letter_mark(id, (struct str){0}), err);
    }
    buffer_deinit(&text);
    return rc;
}

void replay_count(struct replay *replay, struct str line, const struct line_identity *identity)
{
    struct replay_place *place = replay->place;
    bool first = place->records++ == 0;
    place->raw += identity->raw;
    place->bytes += line.size;
    if (first || identity->timestamp_ms < place->earliest_ms)
        place->earliest_ms = identity->timestamp_ms;
    if (first || identity->timestamp_ms > place->latest_ms)
        place->latest_ms = identity->timestamp_ms;
}

static void show_place(const struct replay_place *place)
{
    char earliest[TIME_TEXT_BYTES], latest[TIME_TEXT_BYTES];
    time_format(place->earliest_ms, earliest);
    time_format(place->latest_ms, latest);
    printf("%-13s %9u %10llu %6llu %12llu  %s  %s\n", topic_info(place->topic)->name,
           place->partition, (unsigned long long)place->records, (unsigned long long)place->raw,
           (unsigned long long)place->bytes, earliest, latest);
}

static int show_price(const struct replay *replay, struct err *err)
{
    struct buffer out = {0};
    if (!replay->pricing) return E_OK;
    struct pricing_figures figures = pricing_figures(replay->pricing);
    if (replay->json) buffer_add(&out, STR(",\"price\":{"));
    else buffer_add_char(&out, '\n');
    pricing_print(&figures, replay->json, &out);
    if (replay->json) buffer_add_char(&out, '}');
    return terminal_print(&out, err);
}

int replay_show(const struct replay *replay, bool stopped, struct err *err)
{
    uint64_t records = 0;
    for (size_t i = 0; i < replay->place_count; i++) records += replay->places[i].records;
    if (replay->json) {
        printf("{\"run\":\"%s\",\"%s\":%llu,\"copies_passed_over\":%llu,\"stopped\":%s",
               replay->run, replay->dry_run ? "would_write" : "written",
               (unsigned long long)(replay->dry_run ? records : replay->written),
               (unsigned long long)replay->passed_over, stopped ? "true" : "false");
        int rc = show_price(replay, err);
        printf("}\n");
        return rc;
    }
    printf("%-13s %9s %10s %6s %12s  %-24s  %s\n", "topic", "partition", "records", "raw", "bytes",
           "earliest", "latest");
    for (size_t i = 0; i < replay->place_count; i++)
        if (replay->places[i].records) show_place(&replay->places[i]);
    int rc = show_price(replay, err);
    fprintf(stderr, "  %llu records %s, run %s%s%s\n",
            (unsigned long long)(replay->dry_run ? records : replay->written),
            replay->dry_run ? "would be written" : "written", replay->run,
            replay->earlier ? ", which had written others before" : "",
            stopped ? "; stopped: the same command goes on" : "");
    if (replay->passed_over)
        fprintf(stderr, "  %llu copies that earlier replays made were passed over (--copies)\n",
                (unsigned long long)replay->passed_over);
    return rc;
}
