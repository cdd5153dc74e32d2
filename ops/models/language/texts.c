/* Word lists and lines per language, and how lessons are drawn from them: words by their frequency
 * in no order, or a line, whole or in part, now and then with the accents off as people type. */
#include "texts.h"

#include <stdio.h>
#include <stdlib.h>

#include "../table.h"
#include "base/array.h"
#include "base/hash.h"
#include "text/tokens.h"

enum { LANGUAGES_MAX = 48, WORDS_MAX = 10000, FILE_BYTES_MAX = 64 << 20 };

struct lines {
    struct str *items;
    size_t count, room;
};

struct language {
    char code[4];
    struct buffer word_file, line_file;
    struct lines words, lines;
    double total[WORDS_MAX]; /* running sum of 1 ÷ (rank + 2.7): Zipf–Mandelbrot */
};

struct lane {
    const char *code, *languages;
};

static const struct lane lanes[LANGUAGE_LANES] = {
#define LANE(code, languages) {code, languages},
    LANGUAGE_LANES_TABLE(LANE)
#undef LANE
};

/* What of the data folder is read. Sources that are left out here (needs/, allocine_fr, psytar,
 * banking77, meddocan) are there to judge by. `most`: a source of one language must not drown it.
 */
static const struct source {
    const char *path, *language; /* "": the row's own column lang */
    uint32_t most;
} sources[] = {
    {"langid/tweets.tsv", "", 10000},
    {"sentiment/tweets_en.tsv", "en", 10000},
    {"sentiment/tweets_es.tsv", "es", 10000},
    {"sentiment/tweets_fr.tsv", "fr", 10000},
    {"sentiment/vader_tweets.tsv", "en", 2000},
    {"sentiment/goemotions.tsv", "en", 4000},
    {"sentiment/product_features.tsv", "en", 4000},
};

struct texts {
    struct language *languages[LANGUAGES_MAX];
    uint32_t count, lane_of[LANGUAGES_MAX];
    struct table tables[sizeof sources / sizeof sources[0]];
};

enum split split_of(struct str text)
{
    uint64_t part = hash_fast(text, 77) % 5;
    return part < 2 ? SPLIT_TEST : part == 2 ? SPLIT_TUNE : SPLIT_TRAIN;
}

const char *texts_code(uint32_t lane) { return lanes[lane].code; }

int texts_lane(struct str code)
{
    for (int i = 0; i < LANGUAGE_LANES; i++)
        if (str_equal(code, str_of(lanes[i].code))) return i;
    return -1;
}

static int add_line(struct lines *lines, struct str line, struct err *err)
{
    if (line.size < 2) return E_OK;
    if (!array_fits(&lines->items, &lines->room, lines->count + 1, sizeof *lines->items))
        return err_set(err, E_NO_MEMORY, NULL);
    lines->items[lines->count++] = line;
    return E_OK;
}

static int read_lines(const char *folder, const char *code, const char *kind, struct buffer *file,
                      struct lines *lines, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.%s", folder, code, kind);
    FILE *there = fopen(path, "rb");
    if (!there) return E_OK; /* some languages have no word list */
    fclose(there);
    int rc = buffer_read_file(file, path, FILE_BYTES_MAX, err);
    struct str rest = buffer_str(file);
    while (!rc && rest.size) rc = add_line(lines, str_trim(str_cut(&rest, '\n')), err);
    return rc;
}

static int open_language(struct texts *texts, const char *fetched, struct str code, uint32_t lane,
                         struct err *err)
{
    struct language *language = calloc(1, sizeof *language);
    if (!language) return err_set(err, E_NO_MEMORY, NULL);
    texts->lane_of[texts->count] = lane;
    texts->languages[texts->count++] = language;
    memcpy(language->code, code.data, code.size);
    int rc =
        read_lines(fetched, language->code, "words", &language->word_file, &language->words, err);
    if (!rc)
        rc = read_lines(fetched, language->code, "lines", &language->line_file, &language->lines,
                        err);
    if (!rc && !language->lines.count)
        rc = err_set(err, E_NO_INPUT, "%s/%s.lines", fetched, language->code);
    if (language->words.count > WORDS_MAX) language->words.count = WORDS_MAX;
    double total = 0;
    for (size_t i = 0; i < language->words.count; i++)
        language->total[i] = total += 1 / ((double)i + 2.7);
    return rc;
}

static struct language *language_named(const struct texts *texts, struct str code)
{
    for (uint32_t i = 0; i < texts->count; i++)
        if (str_equal(code, str_of(texts->languages[i]->code))) return texts->languages[i];
    return NULL;
}

static int add_source(struct texts *texts, const struct source *source, struct table *table,
                      const char *data, struct err *err)
{
    int rc = table_open(table, data, source->path, true, err);
    uint32_t added = 0;
    while (!rc && added < source->most && table_next(table)) {
        struct str text = table_cell(table, "text");
        struct str code =
            source->language[0] ? str_of(source->language) : table_cell(table, "lang");
        struct language *language = language_named(texts, code);
        if (!language || split_of(text) != SPLIT_TRAIN || !str_is_utf8(text)) continue;
        rc = add_line(&language->lines, text, err);
        added++;
    }
    return rc;
}

int texts_open(const char *data, const char *fetched, struct texts **ret_texts, struct err *err)
{
    struct texts *texts = calloc(1, sizeof *texts);
    if (!texts) return err_set(err, E_NO_MEMORY, NULL);
    int rc = E_OK;
    for (uint32_t lane = 0; lane < LANGUAGE_LANES && !rc; lane++) {
        struct str codes = str_of(lanes[lane].languages);
        while (codes.size && !rc)
            rc = open_language(texts, fetched, str_cut(&codes, ' '), lane, err);
    }
    for (size_t i = 0; i < sizeof sources / sizeof sources[0] && !rc; i++)
        rc = add_source(texts, &sources[i], &texts->tables[i], data, err);
    if (rc)
        texts_close(texts);
    else
        *ret_texts = texts;
    return rc;
}

void texts_close(struct texts *texts)
{
    if (!texts) return;
    for (uint32_t i = 0; i < texts->count; i++) {
        struct language *language = texts->languages[i];
        buffer_deinit(&language->word_file);
        buffer_deinit(&language->line_file);
        free(language->words.items);
        free(language->lines.items);
        free(language);
    }
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) table_close(&texts->tables[i]);
    free(texts);
}

/* --- lessons ---------------------------------------------------------------------------------- */

static struct str draw_word(const struct language *language, struct random *random)
{
    size_t low = 0, high = language->words.count - 1;
    double at = random_unit(random) * language->total[high];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (language->total[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return language->words.items[low];
}

static size_t append(char *buffer, size_t size, size_t room, struct str part)
{
    if (size + part.size + 1 > room) return size;
    if (size) buffer[size++] = ' ';
    memcpy(buffer + size, part.data, part.size);
    return size + part.size;
}

static struct str draw_words(const struct language *language, struct random *random, char *buffer,
                             size_t room)
{
    size_t size = 0;
    uint64_t most = random_below(random, 2) ? 6 : 24;
    for (uint64_t count = 1 + random_below(random, most); count > 0; count--)
        size = append(buffer, size, room, draw_word(language, random));
    return str_make(buffer, size);
}

struct str lesson_of(struct str line, struct random *random, char *buffer, size_t room)
{
    size_t size = 0, skipped = 0;
    bool whole = random_below(random, 2) == 0;
    uint64_t most = whole ? UINT64_MAX : 1 + random_below(random, 10);
    if (!whole && line.size > 40) skipped = (size_t)random_below(random, line.size - 20);
    line = str_slice(line, skipped, line.size);
    if (skipped) str_cut(&line, ' ');
    for (; most > 0 && line.size; most--) size = append(buffer, size, room, str_cut(&line, ' '));
    return str_make(buffer, size);
}

static struct str draw_line(const struct language *language, struct random *random, char *buffer,
                            size_t room)
{
    return lesson_of(language->lines.items[random_below(random, language->lines.count)], random,
                     buffer, room);
}

struct str lesson_accents(struct str text, struct random *random, char *buffer)
{
    if (random_below(random, 7)) return text;
    struct arena arena = {0};
    struct str folded = text_fold(text, &arena);
    if (folded.data && folded.size <= text.size) {
        memcpy(buffer, folded.data, folded.size);
        text.size = folded.size;
    }
    arena_deinit(&arena);
    return text;
}

/* Lanes that say a language are drawn twice as often as those that only say "another one". */
static uint32_t draw_lane(struct random *random)
{
    uint32_t at = (uint32_t)random_below(random, LANGUAGE_LANES + 8);
    return at < LANGUAGE_LANES ? at : at - LANGUAGE_LANES;
}

struct str texts_draw(const void *from, struct random *random, char *buffer, size_t room,
                      uint32_t *ret_lane)
{
    const struct texts *texts = from;
    uint32_t lane = draw_lane(random), first = 0, count = 0;
    while (texts->lane_of[first] != lane) first++;
    while (first + count < texts->count && texts->lane_of[first + count] == lane) count++;
    const struct language *language = texts->languages[first + random_below(random, count)];
    *ret_lane = lane;
    bool words =
        language->words.count && (random_below(random, 5) < 2 || language->lines.count < 8);
    struct str text = words ? draw_words(language, random, buffer, room)
                            : draw_line(language, random, buffer, room);
    return lesson_accents(text, random, buffer);
}
