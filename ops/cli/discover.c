/* Reads feedback or an archive's insights, counts phrases (model/discover.h), and shows the
 * best as a table or JSON. */
#include "ops/cli/discover.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/read.h"
#include "archive/walk.h"
#include "model/discover.h"
#include "ops/cli/input.h"
#include "ops/cli/refusals.h"
#include "ops/cli/replay_line.h"
#include "ops/cli/show.h"
#include "store/store.h"
#include "text/clean.h"
#include "text/language.h"
#include "text/redact.h"

enum { TABLE_EXAMPLE_BYTES = 60 };

struct search {
    const struct discover_wish *wish;
    struct topics topics;
    struct discover *discover;
    struct arena arena; /* of one record */
    struct refusals refusals;
    uint64_t read, elsewhere; /* elsewhere: records in another language */
};

static uint32_t language_bit(struct str language)
{
    static const char CODES[3][3] = {"en", "es", "fr"};
    for (uint32_t i = 0; i < 3; i++)
        if (str_starts(language, str_of(CODES[i])) &&
            (language.size == 2 || language.data[2] == '-'))
            return 1u << i;
    return 0;
}

/* --- sources ---------------------------------------------------------------------------------- */

/* A record of unknown language counts as one of --language, or of any. */
static int take(struct search *search, struct str text, struct str language, struct str customer,
                struct err *err)
{
    struct tokens tokens;
    uint32_t wanted = search->wish->language ? language_bit(str_of(search->wish->language)) : 0;
    uint32_t bit = language_bit(language);
    bool known = language.size && !str_equal(language, STR("und"));
    if (wanted && known && bit != wanted) return search->elsewhere++, E_OK;
    int rc = text_tokenize(text, &search->arena, &tokens, err);
    if (!rc)
        discover_add(search->discover, text, &tokens, customer,
                     bit      ? bit
                     : wanted ? wanted
                              : LANGUAGE_ALL);
    return rc;
}

/* Without markup and personal data, as preprocess would hand it on. A hint of its language is
 * believed; without one the text tells. */
static int take_feedback(struct search *search, const struct feedback *feedback, struct err *err)
{
    struct str clean;
    struct redacted redacted;
    struct language_guess guess;
    int rc = text_clean(feedback->text, &search->arena, &clean, err);
    if (rc) return rc;
    language_detect(clean, &guess);
    rc = text_redact(clean, guess.code, &search->arena, &redacted, err);
    if (rc) return rc;
    struct str language = feedback->language.size ? feedback->language : str_of(guess.code);
    return take(search, redacted.text, language, feedback->customer, err);
}

static int read_input(struct search *search, struct err *err)
{
    struct input input = {.fd = -1};
    struct cli_ids ids;
    struct intake intake;
    struct json_problems problems;
    cli_ids_init(&ids);
    struct intake_rules rules = {.keep_unknown = true, .ids = &ids.generator, .handed_on = true,
                                 .received_ms = clock_wall_ms(clock_system())};
    int rc = input_open(&input, search->wish->input, INPUT_GUESS, err);
    input.text_column = search->wish->text_column;
    while (rc == E_OK) {
        arena_reset(&search->arena);
        enum input_result result = input_next(&input, &rules, &search->arena, &intake, &problems,
                                              err);
        if (result == INPUT_END) {
            rc = (int)err->code;
            break;
        }
        search->read++;
        if (result == INPUT_REFUSED) refusals_add(&search->refusals, err);
        else rc = take_feedback(search, &intake.feedback, err);
    }
    input_close(&input);
    return rc;
}

static int take_line(void *user, struct str line, const struct line_identity *identity,
                     struct err *err)
{
    struct search *search = user;
    struct replay_message message = {0};
    struct record record;
    struct document document;
    struct feedback feedback;
    (void)identity;
    arena_reset(&search->arena);
    int rc = replay_line(line, &search->arena, &message, err);
    if (rc || !message.id.size) return rc;
    rc = record_scan(message.value, &search->arena, &record, err);
    if (!rc && !record_has(&record, SECTION_DOCUMENT)) return E_OK; /* a digest */
    if (!rc) rc = record_decode(&record, SECTION_DOCUMENT, &document, &search->arena, err);
    if (!rc) rc = record_decode(&record, SECTION_FEEDBACK, &feedback, &search->arena, err);
    return rc ? rc : take(search, document.text, document.language, feedback.customer, err);
}

static int read_archive(struct search *search, struct config *config, struct err *err)
{
    const struct archive_wish wish = {.topics = TOPICS(INSIGHTS)};
    struct store *store = NULL;
    int rc = cli_open_archive(config, search->wish->archive, &store, err);
    if (rc == E_OK) rc = archive_walk_lines(store, &wish, take_line, search, err);
    store_close(store);
    if (rc == E_OK && !discover_records(search->discover) && !search->elsewhere)
        return err_set(err, E_NO_INPUT, "%s holds no archive of insights", search->wish->archive);
    return rc;
}

/* --- what was found --------------------------------------------------------------------------- */

static int show_json(const struct search *search, const struct discovery *found, uint32_t count,
                     struct err *err)
{
    struct buffer out = {0};
    buffer_printf(
        &out,
        "{\"records\":%u,\"other_languages\":%llu,\"refused\":%llu,\"forgotten\":%u,\"phrases\":[",
        discover_records(search->discover), (unsigned long long)search->elsewhere,
        (unsigned long long)search->refusals.count, discover_forgotten(search->discover));
    for (uint32_t i = 0; i < count; i++) {
        buffer_printf(&out, "%s{\"phrase\":", i ? ",\n " : "\n ");
        json_write_string(&out, found[i].text);
        buffer_printf(&out,
                      ",\"records\":%u,\"customers\":%u,\"lift\":%.2f,\"score\":%.2f,\"example\":",
                      found[i].records, found[i].customers, found[i].lift, found[i].score);
        json_write_string(&out, found[i].example);
        buffer_add_char(&out, '}');
    }
    buffer_add(&out, STR("]}\n"));
    return terminal_print(&out, err);
}

/* Of the table: what a phrase may take, and what stands between it and the example. */
enum {
    PHRASE_COLUMNS_MOST = 30,
    PHRASE_COLUMNS_TERMINAL = 22,
    NUMBERS_COLUMNS = 1 + 7 + 1 + 9 + 1 + 6 + 2
};

/* With the phrase in it: where that stands far behind, from the last word before it on. */
static void show_example(const struct discovery *found, unsigned used)
{
    bool terminal = isatty(STDOUT_FILENO);
    size_t most = terminal ? show_columns_left(used) : TABLE_EXAMPLE_BYTES;
    size_t from = found->example_at;
    struct str example = found->example;
    if (from + found->text.size < most) from = 0;
    for (int words = 0; from && words < 2; from -= words < 2)
        words += example.data[from - 1] == ' ';
    if (from) fputs("…", stdout), most--;
    example = str_slice(example, from, example.size);
    if (terminal) show_cut(example, (unsigned)most);
    else printf("%.*s", STR_ARGS(str_utf8_cut(example, most)));
    putchar('\n');
}

/* How much oftener its words stand together than by chance: of one word there is nothing to
 * tell. */
static bool has_lift(const struct discovery *found)
{
    return str_find(found->text, STR(" ")) < found->text.size;
}

static void show_table(const struct search *search, const struct discovery *found, uint32_t count,
                       uint64_t records_min)
{
    if (!count)
        printf("no phrase outside the topics stands in %llu records or more, of %u\n",
               (unsigned long long)records_min, discover_records(search->discover));
    int width = (int)strlen("phrase");
    for (uint32_t i = 0; i < count; i++)
        if (found[i].text.size > (size_t)width) width = (int)found[i].text.size;
    int most = isatty(STDOUT_FILENO) ? PHRASE_COLUMNS_TERMINAL : PHRASE_COLUMNS_MOST;
    if (width > most) width = most;
    if (count)
        printf("%-*s %7s %9s %6s  %s\n", width, "phrase", "records", "customers", "lift",
               "example");
    for (uint32_t i = 0; i < count; i++) {
        struct str phrase = str_utf8_cut(found[i].text, (size_t)width);
        printf("%-*.*s %7u %9u ", width, STR_ARGS(phrase), found[i].records, found[i].customers);
        if (has_lift(&found[i])) printf("%6.1f  ", found[i].lift);
        else printf("%6s  ", "");
        show_example(&found[i], (unsigned)width + NUMBERS_COLUMNS);
    }
}

static int show(struct search *search, struct err *err)
{
    const struct discover_wish *wish = search->wish;
    uint64_t records = discover_records(search->discover);
    uint64_t records_min = wish->records_min ? wish->records_min
                           : records > 3000  ? records / 1000
                                             : 3;
    uint32_t limit = wish->limit > UINT32_MAX ? UINT32_MAX : (uint32_t)wish->limit, count;
    struct discovery *found;
    if (records_min > UINT32_MAX) records_min = UINT32_MAX;
    arena_reset(&search->arena);
    int rc = discover_report(search->discover, (uint32_t)records_min, limit, &search->arena, &found,
                             &count, err);
    if (rc) return rc;
    if (wish->json) rc = show_json(search, found, count, err);
    else show_table(search, found, count, records_min);
    fprintf(stderr, "%llu records, %llu in other languages, %llu refused\n",
            (unsigned long long)records, (unsigned long long)search->elsewhere,
            (unsigned long long)search->refusals.count);
    return rc ? rc : refusals_end(&search->refusals, search->read, err);
}

static int check(const struct discover_wish *wish, struct err *err)
{
    if (!wish->input == !wish->archive)
        return err_set(err, E_USAGE, "discover reads --input FILE or --archive URL");
    if (wish->language && !language_bit(str_of(wish->language)))
        return err_set(err, E_USAGE,
                       "--language %s: en, es or fr; there are no stop words for others",
                       wish->language);
    return E_OK;
}

int topics_discover(const struct discover_wish *wish, const struct arguments *arguments,
                    struct err *err)
{
    struct search search = {.wish = wish, .refusals.command = "topics"};
    struct cli_config config = {0};
    int rc = check(wish, err);
    if (rc) return rc;
    rc = cli_config(arguments, &config, err);
    if (rc) return rc;
    arena_init(&search.arena, 0);
    rc = cli_taxonomy(&config, &search.topics, err);
    if (!rc && !(search.discover = discover_create(&search.topics, 0)))
        rc = err_set(err, E_NO_MEMORY, NULL);
    if (!rc)
        rc = wish->input ? read_input(&search, err) : read_archive(&search, config.config, err);
    if (!rc) rc = show(&search, err);
    cli_config_free(&config);
    discover_destroy(search.discover);
    topics_deinit(&search.topics);
    arena_deinit(&search.arena);
    return rc;
}
