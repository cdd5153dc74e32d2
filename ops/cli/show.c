/* Columns that line up whatever the script: widths are those of the terminal's cells, not bytes. A
 * narrow terminal has no column for the topic. */
#include "ops/cli/show.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>
#include <utf8proc.h>

#include "base/terminal.h"

enum { TOPIC_COLUMN = 26, TEXT_COLUMN = 42, UNKNOWN_COLUMNS = 120, TEXT_COLUMNS_LEAST = 30 };

static const char *colour(enum colour which) { return terminal_colour(STDOUT_FILENO, which); }
static const char *reset(void) { return terminal_reset(STDOUT_FILENO); }

static unsigned all_columns(void)
{
    return terminal_is(STDOUT_FILENO) ? terminal_columns(STDOUT_FILENO) : UNKNOWN_COLUMNS;
}

unsigned show_columns_left(unsigned used)
{
    unsigned columns = all_columns();
    return columns > used + TEXT_COLUMNS_LEAST ? columns - used - 1 : TEXT_COLUMNS_LEAST;
}

static bool has_topic(void) { return all_columns() > TEXT_COLUMN + TEXT_COLUMNS_LEAST; }
static int text_column(void) { return has_topic() ? TEXT_COLUMN : TOPIC_COLUMN; }

/* The next character, its bytes and its cells; what would break the line becomes a blank. */
static struct str next_character(struct str text, unsigned *ret_cells)
{
    utf8proc_int32_t character = 0;
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text.data,
                                             (utf8proc_ssize_t)text.size, &character);
    *ret_cells = 1;
    if (size <= 0) return str_make("?", 1);
    if (character < 0x20 || (character >= 0x7F && character < 0xA0)) return str_make(" ", 1);
    *ret_cells = (unsigned)utf8proc_charwidth(character);
    return str_slice(text, 0, (size_t)size);
}

static unsigned cells_of(struct str text)
{
    unsigned cells = 0, more;
    while (text.size) {
        struct str character = next_character(text, &more);
        cells += more;
        text = str_slice(text, character.size, text.size);
    }
    return cells;
}

void show_cut(struct str text, unsigned columns)
{
    bool cut = cells_of(text) > columns;
    unsigned left = cut ? columns - 1 : columns, cells;
    while (text.size) {
        struct str character = next_character(text, &cells);
        if (cells > left) break;
        fwrite(character.data, 1, character.size, stdout);
        left -= cells;
        text = str_slice(text, character.size, text.size);
    }
    if (cut) fputs("…", stdout);
}

void show_padded(struct str text, unsigned columns)
{
    show_cut(text, UINT_MAX);
    for (unsigned cells = cells_of(text); cells < columns; cells++) putchar(' ');
}

void show_heading(void)
{
    printf("%s%-9s %-4s  %-8s  ", colour(COLOUR_BOLD), "feeling", "lang", "safety");
    if (has_topic()) printf("%-14s  ", "topic");
    show_cut(STR("what the customer said, and what to do"),
             show_columns_left((unsigned)text_column()));
    printf("%s\n", reset());
}

static void print_safety(const struct safety *safety)
{
    if (safety->state == ENUM_safety_state_positive)
        printf("%s%-8s%s  ", colour(COLOUR_RED), safety->serious ? "SERIOUS" : "alert", reset());
    else
        printf("%s%-8s%s  ", colour(COLOUR_YELLOW),
               safety->state == ENUM_safety_state_unassessed ? "look" : "", reset());
}

/* "price +, delivery -", as far as there is room; what is felt neither way isn't worth a line. */
static void print_aspects(const struct insight *insight, unsigned columns)
{
    static const char *const signs[] = {"+", "-", "", "±"};
    unsigned used = 0;
    for (uint32_t i = 0; i < insight->aspects.count; i++) {
        const struct aspect *aspect = &insight->aspects.items[i];
        unsigned cells = (unsigned)aspect->aspect.size + 4;
        if (!signs[aspect->label][0] || used + cells > columns) continue;
        if (!used) printf("%s%*s", colour(COLOUR_DIM), text_column(), "");
        if (used) fputs(", ", stdout);
        show_padded(aspect->aspect, 0);
        printf(" %s", signs[aspect->label]);
        used += cells;
    }
    if (used) printf("%s\n", reset());
}

void show_insight(const struct document *document, const struct safety *safety,
                  const struct insight *insight)
{
    static const enum colour feelings[] = {COLOUR_GREEN, COLOUR_RED, COLOUR_NONE, COLOUR_YELLOW};
    uint32_t label = insight->sentiment.label;
    struct str topic = insight->topics.count ? insight->topics.items[0] : STR("-");
    unsigned columns = show_columns_left((unsigned)text_column());
    printf("%s%-9s%s ", colour(feelings[label]), sentiment_label_enumeration.values[label],
           reset());
    show_padded(document->language, 4);
    fputs("  ", stdout);
    print_safety(safety);
    if (has_topic()) show_padded(topic, 14), fputs("  ", stdout);
    show_cut(document->text, columns);
    putchar('\n');
    if (insight->aspects.count) print_aspects(insight, columns);
    if (insight->recommendations.count == 0) return;
    const struct recommendation *advice = &insight->recommendations.items[0];
    const char *team = team_enumeration.values[advice->team];
    printf("%s%*s→ %s: ", colour(COLOUR_DIM), text_column(), "", team);
    show_cut(advice->text, columns - (unsigned)strlen(team) - 4); /* teams have short names */
    printf("%s\n", reset());
}
