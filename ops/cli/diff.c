/* verbatim diff: what another model, configuration or version makes of the same records. */
#include <stdlib.h>
#include <unistd.h>

#include "ops/cli/diff.h"
#include "schema/json.h"

struct diff {
    uint32_t fields;
    double tolerance;
    bool json;
    struct diff_side left, right;
    struct progress progress;
    /* what was found */
    uint64_t both, only_left, only_right, changed, repeated, by_field[DIFF_FIELDS];
    uint64_t labels[ENUM_sentiment_label_count][ENUM_sentiment_label_count]; /* left, right */
    uint64_t raised, lowered; /* safety */
};

/* --- one record ------------------------------------------------------------------------------- */

static int tell(const struct diff *diff, struct str id, const char *change,
                const struct diff_record *left, const struct diff_record *right, uint32_t fields,
                struct err *err)
{
    struct buffer line = {0};
    bool first = true;
    if (!diff->json) return E_OK;
    buffer_add(&line, STR("{\"id\":"));
    json_write_string(&line, id);
    buffer_printf(&line, ",\"change\":\"%s\"", change);
    for (int i = 0; i < DIFF_FIELDS; i++) {
        if (!(fields >> i & 1)) continue;
        buffer_printf(&line, "%s\"%s\":[", first ? ",\"fields\":{" : ",", diff_field_names[i]);
        diff_write(left, (enum diff_field)i, &line);
        buffer_add_char(&line, ',');
        diff_write(right, (enum diff_field)i, &line);
        buffer_add_char(&line, ']');
        first = false;
    }
    buffer_add(&line, first ? STR("}\n") : STR("}}\n"));
    return terminal_write(&line, err);
}

static int compare(struct diff *diff, struct str left_message, struct str right_message,
                   struct arena *arena, struct err *err)
{
    struct diff_record left, right;
    int rc = diff_decode(left_message, arena, &left, err);
    if (rc == E_OK) rc = diff_decode(right_message, arena, &right, err);
    if (rc) return rc;
    uint32_t changed = diff_compare(&left, &right, diff->fields, diff->tolerance);
    int before = diff_safety_rank(&left), after = diff_safety_rank(&right);
    diff->both++;
    diff->labels[left.insight.sentiment.label][right.insight.sentiment.label]++;
    diff->raised += after > before;
    diff->lowered += after < before;
    for (int i = 0; i < DIFF_FIELDS; i++) diff->by_field[i] += changed >> i & 1;
    if (!changed) return E_OK;
    diff->changed++;
    return tell(diff, left.id, "changed", &left, &right, changed, err);
}

/* --- a bucket --------------------------------------------------------------------------------- */

struct entry {
    struct str id, message;
    size_t order;
};

static int by_id(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    int order = str_compare(left->id, right->id);
    return order ? order : (left->order > right->order) - (left->order < right->order);
}

/* In the order of their ids, each once: the one that was read last. */
static int index_bucket(struct diff *diff, struct str bytes, struct arena *arena,
                        struct entry **ret_entries, size_t *ret_count, struct err *err)
{
    size_t count = 0, kept = 0;
    uint32_t size;
    for (size_t at = 0; at < bytes.size; at += sizeof size + size)
        memcpy(&size, bytes.data + at, sizeof size), count++;
    struct entry *entries = ARENA_ARRAY(arena, struct entry, count);
    if (!entries) return err_set(err, E_NO_MEMORY, NULL);
    size_t at = 0;
    for (size_t i = 0; i < count; i++, at += sizeof size + size) {
        struct record record;
        memcpy(&size, bytes.data + at, sizeof size);
        struct str message = str_make(bytes.data + at + sizeof size, size);
        int rc = record_scan(message, arena, &record, err);
        if (rc) return rc;
        entries[i] = (struct entry){record.id, message, i};
    }
    if (count) qsort(entries, count, sizeof *entries, by_id);
    for (size_t i = 0; i < count; i++) {
        bool again = i + 1 < count && str_equal(entries[i].id, entries[i + 1].id);
        if (again) diff->repeated++;
        else entries[kept++] = entries[i];
    }
    *ret_entries = entries;
    *ret_count = kept;
    return E_OK;
}

static int join(struct diff *diff, const struct entry *left, size_t left_count,
                const struct entry *right, size_t right_count, struct err *err)
{
    struct arena arena = {0};
    int rc = E_OK;
    for (size_t i = 0, j = 0; rc == E_OK && (i < left_count || j < right_count);) {
        int order = i == left_count    ? 1
                    : j == right_count ? -1
                                       : str_compare(left[i].id, right[j].id);
        arena_reset(&arena);
        if (order == 0) {
            rc = compare(diff, left[i++].message, right[j++].message, &arena, err);
        } else if (order < 0) {
            diff->only_left++;
            rc = tell(diff, left[i++].id, "only_left", NULL, NULL, 0, err);
        } else {
            diff->only_right++;
            rc = tell(diff, right[j++].id, "only_right", NULL, NULL, 0, err);
        }
    }
    arena_deinit(&arena);
    return rc;
}

static int compare_bucket(struct diff *diff, unsigned bucket, struct err *err)
{
    struct buffer left = {0}, right = {0};
    struct arena arena = {0};
    struct entry *lefts = NULL, *rights = NULL;
    size_t left_count = 0, right_count = 0;
    int rc = diff_load(&diff->left, bucket, &left, err);
    if (rc == E_OK) rc = diff_load(&diff->right, bucket, &right, err);
    if (rc == E_OK) rc = index_bucket(diff, buffer_str(&left), &arena, &lefts, &left_count, err);
    if (rc == E_OK) rc = index_bucket(diff, buffer_str(&right), &arena, &rights, &right_count, err);
    if (rc == E_OK) rc = join(diff, lefts, left_count, rights, right_count, err);
    arena_deinit(&arena);
    buffer_deinit(&left);
    buffer_deinit(&right);
    return rc;
}

/* --- the sum ---------------------------------------------------------------------------------- */

static void show_labels(const struct diff *diff)
{
    printf("\n  sentiment: left in rows, right in columns\n  %-10s", "");
    for (int i = 0; i < ENUM_sentiment_label_count; i++)
        printf(" %10s", sentiment_label_enumeration.values[i]);
    for (int i = 0; i < ENUM_sentiment_label_count; i++) {
        printf("\n  %-10s", sentiment_label_enumeration.values[i]);
        for (int j = 0; j < ENUM_sentiment_label_count; j++)
            printf(" %10llu", (unsigned long long)diff->labels[i][j]);
    }
    printf("\n");
}

static void show_sum(const struct diff *diff)
{
    const char *red = diff->lowered ? terminal_colour(STDOUT_FILENO, COLOUR_RED) : "";
    printf("  %-26s %10llu\n  %-26s %10llu\n", "insights on the left",
           (unsigned long long)diff->left.records, "on the right",
           (unsigned long long)diff->right.records);
    printf("  %-26s %10llu\n  %-26s %10llu\n", "only on the left",
           (unsigned long long)diff->only_left, "only on the right",
           (unsigned long long)diff->only_right);
    printf("  %-26s %10llu\n  %-26s %10llu  %5.1f%%\n", "on both", (unsigned long long)diff->both,
           "changed", (unsigned long long)diff->changed,
           diff->both ? 100.0 * (double)diff->changed / (double)diff->both : 0.0);
    for (int i = 0; i < DIFF_FIELDS; i++)
        if (diff->fields >> i & 1)
            printf("    %-24s %10llu\n", diff_field_names[i],
                   (unsigned long long)diff->by_field[i]);
    printf("  %-26s %10llu\n  %s%-26s %10llu%s\n", "safety raised",
           (unsigned long long)diff->raised, red, "safety lowered",
           (unsigned long long)diff->lowered, red[0] ? terminal_reset(STDOUT_FILENO) : "");
    if (diff->repeated)
        printf("  %-26s %10llu  (the last one counts)\n", "came more than once",
               (unsigned long long)diff->repeated);
    if (diff->fields >> DIFF_LABEL & 1) show_labels(diff);
}

static void show_sum_json(const struct diff *diff)
{
    printf("{\"summary\":{\"left\":%llu,\"right\":%llu,\"both\":%llu,\"only_left\":%llu,\"only_"
           "right\":%llu,\"changed\":%llu,\"repeated\":%llu,"
           "\"safety_raised\":%llu,\"safety_lowered\":%llu,\"fields\":{",
           (unsigned long long)diff->left.records, (unsigned long long)diff->right.records,
           (unsigned long long)diff->both, (unsigned long long)diff->only_left,
           (unsigned long long)diff->only_right, (unsigned long long)diff->changed,
           (unsigned long long)diff->repeated, (unsigned long long)diff->raised,
           (unsigned long long)diff->lowered);
    bool first = true;
    for (int i = 0; i < DIFF_FIELDS; i++) {
        if (!(diff->fields >> i & 1)) continue;
        printf("%s\"%s\":%llu", first ? "" : ",", diff_field_names[i],
               (unsigned long long)diff->by_field[i]);
        first = false;
    }
    printf("}}}\n");
}

/* --- the command ------------------------------------------------------------------------------ */

static int run(struct diff *diff, const char *const *where, struct config *config, struct err *err)
{
    progress_start(&diff->progress, "insights", 0);
    diff->left.progress = diff->right.progress = &diff->progress;
    int rc = diff_read(&diff->left, where[0], config, err);
    if (rc == E_OK) rc = diff_read(&diff->right, where[1], config, err);
    progress_end(&diff->progress);
    for (unsigned i = 0; i < DIFF_BUCKETS && rc == E_OK && !ferror(stdout); i++)
        rc = compare_bucket(diff, i, err);
    if (rc == E_OK && diff->left.records + diff->right.records == 0)
        rc = err_set(err, E_NO_INPUT, "neither side holds an insight");
    if (rc) return rc;
    if (diff->json) show_sum_json(diff);
    else show_sum(diff);
    return E_OK;
}

static int diff_run(const struct command *command, int argc, char **argv, struct err *err)
{
    struct diff diff = {.tolerance = 0.05};
    const char *fields = NULL, *tolerance = NULL;
    const struct flag flags[] = {
        {"fields", FLAG_TEXT, &fields,
         "A,B  compare these only: sentiment.label, sentiment.score, needs, topics, "
         "recommendations, safety.state, safety.kinds, safety.serious, segment.segment"},
        {"tolerance", FLAG_TEXT, &tolerance,
         "X  scores that differ by no more are the same (0.05)"},
        {"json", FLAG_BOOL, &diff.json,
         "a JSON line for each record that differs, then the summary"},
    };
    struct arguments arguments;
    struct cli_config config;
    int rc = cli_parse(command, flags, sizeof flags / sizeof flags[0], argc, argv, &arguments, err);
    if (rc || arguments.help) return rc;
    if (arguments.positional_count != 2)
        return err_set(err, E_USAGE, "give two sides: archives, files, or topic:PREFIX");
    if (tolerance && (!str_to_f64(str_of(tolerance), &diff.tolerance) || diff.tolerance < 0))
        return err_set(err, E_USAGE, "--tolerance needs a number from 0");
    rc = diff_fields_of(fields, &diff.fields, err);
    if (rc == E_OK) rc = cli_config(&arguments, &config, err);
    if (rc) return rc;
    rc = run(&diff, arguments.positionals, config.config, err);
    uint64_t differences = diff.changed + diff.only_left + diff.only_right;
    cli_config_free(&config);
    diff_side_deinit(&diff.left);
    diff_side_deinit(&diff.right);
    rc = terminal_printed(rc, err);
    if (rc == E_OK && differences) exit(1); /* as diff(1): no error, so no code of ours says it */
    return rc;
}

const struct command diff_command = {
    .name = "diff",
    .summary = "which insights two versions make differently",
    .usage = "[--fields A,B] [--tolerance X] [--json] LEFT RIGHT",
    .details =
        "A side is an archive (a folder or s3://BUCKET/PREFIX), a file of JSON lines as analyze "
        "and tail write them (also .zst),\n"
        "or topic:PREFIX, the topic `insights` of the bus with that prefix (\"topic:\" without). "
        "Records are joined by their ids;\n"
        "of an id that comes more than once the last counts. Temporary files hold what is "
        "compared, memory a 64th of that.\n"
        "Exit 0: no difference; 1: some; more: as everywhere.\n\n"
        "Example: verbatim diff data/archive next/archive\n"
        "         verbatim diff --fields safety.state,sentiment.label --json topic: topic:next- | "
        "jq -r 'select(.id) | .id'\n",
    .run = diff_run,
};
