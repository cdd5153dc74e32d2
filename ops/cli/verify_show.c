/* A report as a table for people, and as JSON for programs. */
#include "ops/cli/verify_show.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "ops/cli/show.h"
#include "schema/json.h"

/* --- for people ------------------------------------------------------------------------------ */

static void print_topics(const struct verify_report *report)
{
    printf("%-13s %9s %12s %14s\n", "topic", "objects", "records", "bytes");
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const struct verify_topic *topic = &report->topics[i];
        if (topic->objects)
            printf("%-13s %9llu %12llu %14llu\n", topic_info((enum topic)i)->name,
                   (unsigned long long)topic->objects, (unsigned long long)topic->records,
                   (unsigned long long)topic->bytes);
    }
}

static void print_row(const char *what, const struct verify_row *row)
{
    printf("%-17s %11llu %11llu %11llu %13llu %10llu  ", what, (unsigned long long)row->received,
           (unsigned long long)row->insights, (unsigned long long)row->duplicates,
           (unsigned long long)row->dead_letters, (unsigned long long)row->in_flight);
    enum colour colour = row->balanced ? COLOUR_GREEN : COLOUR_RED;
    printf("%s%s%s\n", terminal_colour(STDOUT_FILENO, colour), row->balanced ? "balanced" : "NOT",
           terminal_reset(STDOUT_FILENO));
}

static struct verify_row sum_rows(const struct verify_report *report)
{
    struct verify_row sum = {.balanced = true};
    for (size_t i = 0; i < report->row_count; i++) {
        const struct verify_row *row = &report->rows[i];
        sum.received += row->received;
        sum.insights += row->insights;
        sum.duplicates += row->duplicates;
        sum.dead_letters += row->dead_letters;
        sum.in_flight += row->in_flight;
        sum.balanced &= row->balanced;
    }
    return sum;
}

static void print_rows(const struct verify_report *report)
{
    printf("\n%-17s %11s %11s %11s %13s %10s\n", "hour (UTC)", "received", "insights", "duplicates",
           "dead letters", "in flight");
    for (size_t i = 0; i < report->row_count; i++) {
        char hour[TIME_TEXT_BYTES];
        time_format(report->rows[i].window, hour);
        hour[13] = '\0';
        hour[10] = ' ';
        print_row(hour, &report->rows[i]);
    }
    struct verify_row sum = sum_rows(report);
    if (report->row_count != 1) print_row("all", &sum);
}

static void print_sources(const struct verify_report *report)
{
    enum { SHOWN = 20 };
    printf("\n%-40s %11s %11s\n", "source", "receipts", "records");
    for (size_t i = 0; i < report->source_count && i < SHOWN; i++) {
        const struct source_sums *sums = &report->sources[i];
        char name[SOURCE_NAME_MAX + 1];
        source_show(str_of(sums->name[0] ? sums->name : "(others)"), name);
        printf("%-40s %11llu %11llu\n", name, (unsigned long long)sums->receipts,
               (unsigned long long)sums->records);
    }
    if (report->source_count > SHOWN)
        printf("… and %zu more sources\n", report->source_count - SHOWN);
}

static void print_finding(const struct finding *finding)
{
    printf("%s%-8s%s ", terminal_colour(STDOUT_FILENO, COLOUR_RED), finding_name(finding->kind),
           terminal_reset(STDOUT_FILENO));
    if (finding->topic != TOPIC_NONE)
        printf("%s/%u ", topic_info(finding->topic)->name, finding->partition);
    if (finding->offset >= 0) printf("at %lld ", (long long)finding->offset);
    if (finding->id.size) {
        fputs("id ", stdout);
        show_cut(finding->id, UINT_MAX);
        putchar(' ');
    }
    show_cut(finding->text, UINT_MAX); /* it quotes what stands in the archive */
    putchar('\n');
}

void verify_print(const struct verify_report *report)
{
    print_topics(report);
    print_rows(report);
    print_sources(report);
    if (report->findings.count) putchar('\n');
    for (size_t i = 0; i < report->findings.count && i < FINDINGS_KEPT; i++)
        print_finding(&report->findings.kept[i]);
    if (report->findings.count > FINDINGS_KEPT)
        printf("… and %llu more\n",
               (unsigned long long)(report->findings.count - FINDINGS_KEPT));
    if (report->unfinished)
        printf("\n%llu objects without a manifest yet: logsink was about to write one.\n",
               (unsigned long long)report->unfinished);
    if (report->repeated)
        printf("\n%llu insights are of an id that was received again too late to be recognised.\n",
               (unsigned long long)report->repeated);
}

/* --- for programs ----------------------------------------------------------------------------- */

static void write_topics(const struct verify_report *report, struct buffer *out)
{
    const char *comma = "";
    buffer_add(out, STR("\"topics\":["));
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const struct verify_topic *topic = &report->topics[i];
        if (!topic->objects) continue;
        buffer_printf(out,
                      "%s\n {\"topic\":\"%s\",\"objects\":%llu,\"records\":%llu,\"bytes\":%llu}",
                      comma, topic_info((enum topic)i)->name, (unsigned long long)topic->objects,
                      (unsigned long long)topic->records, (unsigned long long)topic->bytes);
        comma = ",";
    }
    buffer_add(out, STR("],\n"));
}

static void write_sums(const struct verify_row *row, struct buffer *out)
{
    buffer_printf(out, "\"received\":%llu,\"insights\":%llu,\"duplicates\":%llu,",
                  (unsigned long long)row->received, (unsigned long long)row->insights,
                  (unsigned long long)row->duplicates);
    buffer_printf(out, "\"dead_letters\":%llu,\"in_flight\":%llu,\"balanced\":%s",
                  (unsigned long long)row->dead_letters, (unsigned long long)row->in_flight,
                  row->balanced ? "true" : "false");
}

/* An empty name: sources that had no room for a name of their own. */
static void write_sources(const struct verify_report *report, struct buffer *out)
{
    buffer_add(out, STR("\"sources\":["));
    for (size_t i = 0; i < report->source_count; i++) {
        const struct source_sums *sums = &report->sources[i];
        buffer_printf(out, "%s\n {\"source\":", i ? "," : "");
        json_write_string(out, str_of(sums->name));
        buffer_printf(out, ",\"receipts\":%llu,\"records\":%llu}",
                      (unsigned long long)sums->receipts, (unsigned long long)sums->records);
    }
    buffer_add(out, STR("],\n"));
}

static void write_finding(const struct finding *finding, struct buffer *out)
{
    buffer_printf(out, " {\"kind\":\"%s\"", finding_name(finding->kind));
    if (finding->topic != TOPIC_NONE)
        buffer_printf(out, ",\"topic\":\"%s\",\"partition\":%u", topic_info(finding->topic)->name,
                      finding->partition);
    if (finding->offset >= 0) buffer_printf(out, ",\"offset\":%lld", (long long)finding->offset);
    if (finding->id.size) {
        buffer_add(out, STR(",\"id\":"));
        json_write_string(out, finding->id);
    }
    struct str text = finding->text;
    text.size = str_utf8_valid_prefix(text); /* it may have been cut */
    buffer_add(out, STR(",\"text\":"));
    json_write_string(out, text);
    buffer_add_char(out, '}');
}

void verify_write_json(const struct verify_report *report, struct buffer *out)
{
    struct verify_row sum = sum_rows(report);
    buffer_printf(out, "{\"findings_count\":%llu,\"ledger_entries\":%llu,",
                  (unsigned long long)report->findings.count, (unsigned long long)report->entries);
    buffer_printf(out, "\"unfinished\":%llu,\"repeated\":%llu,\n",
                  (unsigned long long)report->unfinished, (unsigned long long)report->repeated);
    sum.balanced = report->findings.count == 0;
    write_sums(&sum, out);
    buffer_add(out, STR(",\n"));
    write_topics(report, out);
    write_sources(report, out);
    buffer_add(out, STR("\"hours\":["));
    for (size_t i = 0; i < report->row_count; i++) {
        char hour[TIME_TEXT_BYTES];
        time_format(report->rows[i].window, hour);
        buffer_printf(out, "%s\n {\"hour\":\"%s\",", i ? "," : "", hour);
        write_sums(&report->rows[i], out);
        buffer_add_char(out, '}');
    }
    buffer_add(out, STR("],\n\"findings\":["));
    for (size_t i = 0; i < report->findings.count && i < FINDINGS_KEPT; i++) {
        buffer_add(out, i ? STR(",\n") : STR("\n"));
        write_finding(&report->findings.kept[i], out);
    }
    buffer_add(out, STR("]}\n"));
}
