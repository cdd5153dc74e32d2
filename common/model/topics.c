/* Parses taxonomies, and lays their keywords out by how they begin. */
#include "model/topics.h"

#include <assert.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "base/list_file.h"
#include "model/elision.h"
#include "model/topics_keyword.h"

enum { BUCKETS_MIN = 64 };

/* Where a file is read, and what its keywords are of. */
struct place {
    struct list_file file;
    struct topic_place of;
    bool opened;   /* a topic */
    bool at_sides; /* the line before begins with '+', and is gone on with */
};

void topics_init(struct topics *topics)
{
    static const uint16_t none[2];
    const struct topic_index empty = {.first = none};
    *topics = (struct topics){.by_word = empty, .by_pair = empty, .by_prefix = empty,
                              .sides_by_word = empty, .sides_by_prefix = empty};
    arena_init(&topics->arena, 0);
}

void topics_deinit(struct topics *topics)
{
    arena_deinit(&topics->arena);
    *topics = (struct topics){0};
}

uint32_t topics_find(const struct topics *topics, struct str name)
{
    for (uint32_t i = 0; i < topics->count; i++)
        if (str_equal(topics->names[i], name)) return i;
    for (uint32_t i = 0; i < topics->facet_count; i++)
        if (str_equal(topics->facets[i], name)) return TOPICS_MAX + i;
    return TOPIC_UNNAMED;
}

static bool is_name(struct str name)
{
    return name.size > 0 && name.size < 64 &&
           ascii_consists_of(name, ASCII_LOWERS ASCII_DIGITS "-_");
}

/* One of `names`, which is there or has room; its place there. */
static int find_or_add(struct topics *topics, const struct place *place, struct str name,
                       struct str *names, uint32_t *count, uint32_t most, uint32_t *ret_at,
                       struct err *err)
{
    uint32_t at = 0;
    while (at < *count && !str_equal(names[at], name)) at++;
    if (at == most) return list_file_bad(&place->file, err, "too many topics");
    if (at == *count) {
        names[at] = arena_copy(&topics->arena, name);
        if (!names[at].data) return err_set(err, E_NO_MEMORY, NULL);
        ++*count;
    }
    *ret_at = at;
    return E_OK;
}

static int open_topic(struct topics *topics, struct place *place, struct str line, struct err *err)
{
    if (!str_ends(line, STR("]")))
        return list_file_bad(&place->file, err, "a topic's name ends with ]");
    struct str name = str_trim(str_slice(line, 1, line.size - 1)), facet = name,
               topic = str_cut(&facet, '/');
    uint32_t at, parent;
    place->opened = true;
    place->at_sides = false;
    place->of.beside = 0;
    place->of.topic = TOPIC_UNNAMED;
    if (str_equal(name, STR("-"))) return E_OK;
    if (!is_name(topic) || (topic.size < name.size && !is_name(facet)))
        return list_file_bad(&place->file, err,
                   "a topic's name is a-z, 0-9, '-' or '_', at most 63 of them; so is a facet's");
    int rc = find_or_add(topics, place, topic, topics->names, &topics->count, TOPICS_MAX, &parent,
                         err);
    place->of.topic = (uint8_t)parent;
    if (rc || topic.size == name.size) return rc;
    rc = find_or_add(topics, place, name, topics->facets, &topics->facet_count, TOPIC_FACETS_MAX,
                     &at, err);
    if (rc) return rc;
    topics->parents[at] = (uint8_t)parent;
    place->of.topic = (uint8_t)(TOPICS_MAX + at);
    return E_OK;
}

static uint8_t told_by_start(const struct topic_keyword *keyword)
{
    return keyword->open.size || keyword->word_count > 2 ? 0 : keyword->word_count;
}

static struct topic_start start_of(const struct topic_keyword *keyword)
{
    return (struct topic_start){.hash = topic_start_hash(keyword),
                                .keyword = keyword,
                                .languages = keyword->of.language,
                                .topic = keyword->of.topic,
                                .beside = keyword->of.beside,
                                .words = told_by_start(keyword)};
}

static uint32_t buckets_for(uint32_t count)
{
    uint32_t buckets = BUCKETS_MIN;
    while (buckets < 2 * count) buckets *= 2;
    return buckets;
}

/* Of all those keywords with such a start, anew. */
static int build_one(struct topics *topics, const struct topic_keyword *newest,
                     struct topic_index *index, enum topic_way way, struct err *err)
{
    const struct topic_keyword *each;
    uint32_t count = 0;
    for (each = newest; each; each = each->older) count += topic_way(each) == way;
    uint32_t buckets = buckets_for(count);
    /* bucket b is counted at b + 2, so that at b + 1 stands where it begins, until it is full */
    uint16_t *first = arena_zalloc(&topics->arena, (buckets + 2) * sizeof *first);
    index->starts = ARENA_ARRAY(&topics->arena, struct topic_start, (size_t)count + 1);
    if (!first || !index->starts) return err_set(err, E_NO_MEMORY, NULL);
    index->first = first, index->mask = buckets - 1;
    for (each = newest; each; each = each->older)
        if (topic_way(each) == way) first[(topic_start_hash(each) & index->mask) + 2]++;
    for (uint32_t i = 2; i < buckets + 2; i++) first[i] = (uint16_t)(first[i] + first[i - 1]);
    for (each = newest; each; each = each->older)
        if (topic_way(each) == way)
            index->starts[first[(topic_start_hash(each) & index->mask) + 1]++] = start_of(each);
    return E_OK;
}

static int build_index(struct topics *topics, struct err *err)
{
    const struct topic_keyword *all = topics->newest, *sides = topics->newest_side;
    for (const struct topic_keyword *each = sides; each; each = each->older)
        *topic_side_marks(topics, topic_way(each), topic_start_hash(each)) |=
            topic_side_mark(each->of.topic);
    int rc = build_one(topics, all, &topics->by_word, TOPIC_WAY_WORD, err);
    if (!rc) rc = build_one(topics, all, &topics->by_pair, TOPIC_WAY_PAIR, err);
    if (!rc) rc = build_one(topics, all, &topics->by_prefix, TOPIC_WAY_PREFIX, err);
    if (!rc) rc = build_one(topics, sides, &topics->sides_by_word, TOPIC_WAY_WORD, err);
    if (!rc) rc = build_one(topics, sides, &topics->sides_by_prefix, TOPIC_WAY_PREFIX, err);
    return rc;
}

static int enter(struct topics *topics, const struct tokens *tokens, bool star,
                 struct topic_place of, struct topic_keyword **newest, struct err *err)
{
    size_t bytes = sizeof **newest + tokens->count * sizeof (*newest)->hashes[0];
    struct topic_keyword *kept = arena_alloc(&topics->arena, bytes);
    struct str open = {0};
    if (star) open = arena_copy(&topics->arena, tokens->items[tokens->count - 1].folded);
    if (!kept || (star && !open.data)) return err_set(err, E_NO_MEMORY, NULL);
    *kept = (struct topic_keyword){
        .older = *newest, .open = open, .of = of, .word_count = (uint8_t)tokens->count};
    for (uint32_t i = 0; i < tokens->count; i++) kept->hashes[i] = tokens->items[i].hash;
    *newest = kept;
    return E_OK;
}

static int add_keyword(struct topics *topics, const struct place *place, struct str text,
                       struct topic_place of, struct topic_keyword **newest,
                       struct arena *scratch, struct err *err)
{
    struct tokens tokens;
    bool star = str_ends(text, STR("*"));
    if (star) text.size--;
    if (str_find(text, STR("*")) < text.size)
        return list_file_bad(&place->file, err, "a star is allowed at a keyword's end only");
    if (++topics->keyword_count > TOPIC_KEYWORDS_MAX)
        return list_file_bad(&place->file, err, "too many keywords");
    int rc = text_tokenize(text, scratch, &tokens, err);
    if (rc) return rc;
    if (tokens.count == 0) return list_file_bad(&place->file, err, "a keyword without a word");
    if (newest == &topics->newest_side && tokens.count > 1)
        return list_file_bad(&place->file, err, "what a keyword stands beside is one word");
    if (tokens.count > TOPIC_WORDS_MAX)
        return list_file_bad(&place->file, err, "a keyword of more than four words");
    if (star && tokens.items[tokens.count - 1].folded.size < TOPIC_PREFIX_BYTES)
        return list_file_bad(&place->file, err, "a word with a star has at least four letters");
    return enter(topics, &tokens, star, of, newest, err);
}

static int add_keywords(struct topics *topics, const struct place *place, struct str line,
                        struct topic_place of, struct topic_keyword **newest,
                        struct arena *scratch, struct err *err)
{
    int rc = E_OK;
    while (line.size && !rc) {
        struct str keyword = str_trim(str_cut(&line, ','));
        arena_reset(scratch);
        if (keyword.size) rc = add_keyword(topics, place, keyword, of, newest, scratch, err);
    }
    return rc;
}

static int add_line(struct topics *topics, struct place *place, struct str line,
                    struct arena *scratch, struct err *err)
{
    if (line.data[0] == '[') return open_topic(topics, place, line, err);
    if (!place->opened)
        return list_file_bad(&place->file, err, "keywords before the first [topic]");
    if (line.data[0] != '+') {
        place->at_sides = false;
        return add_keywords(topics, place, line, place->of, &topics->newest, scratch, err);
    }
    if (!place->at_sides) {
        if (topics->side_count == TOPIC_SIDES_MAX)
            return list_file_bad(&place->file, err, "too many lines with '+'");
        place->of.beside = (uint8_t)++topics->side_count;
        place->at_sides = true;
    }
    struct topic_place side = {.topic = place->of.beside, .language = place->of.language};
    return add_keywords(topics, place, str_slice(line, 1, line.size), side, &topics->newest_side,
                        scratch, err);
}

static int add_file(struct topics *topics, const char *path, struct str content, uint32_t language,
                    struct err *err)
{
    struct place place = {.file = {.path = path, .rest = content, .comments_in_line = true},
                          .of = {.language = (uint8_t)language}};
    struct arena scratch = {0}; /* of a keyword */
    struct str line;
    int rc = E_OK;
    if (content.size > TOPIC_FILE_BYTES_MAX)
        return list_file_bad(&place.file, err, "larger than 1 MiB");
    if (!str_is_utf8(content)) return list_file_bad(&place.file, err, "not UTF-8");
    while (!rc && list_file_next(&place.file, &line))
        rc = add_line(topics, &place, line, &scratch, err);
    arena_deinit(&scratch);
    return rc;
}

int topics_add(struct topics *topics, const char *file, struct str content, uint32_t language,
               struct err *err)
{
    int rc = add_file(topics, file, content, language, err);
    return rc ? rc : build_index(topics, err);
}

int topics_open(struct topics *topics, const char *folder, const char *kind, struct err *err)
{
    static const struct {
        const char *name;
        uint32_t language;
    } files[] = {{"en.txt", LANGUAGE_EN}, {"es.txt", LANGUAGE_ES}, {"fr.txt", LANGUAGE_FR}};
    int rc = E_OK;
    for (size_t i = 0; i < sizeof files / sizeof files[0] && !rc; i++) {
        char path[4096];
        struct buffer content = {0};
        snprintf(path, sizeof path, "%s/%s/%s", folder, kind, files[i].name);
        rc = buffer_read_text(&content, path, TOPIC_FILE_BYTES_MAX, err);
        if (!rc) rc = add_file(topics, path, buffer_str(&content), files[i].language, err);
        buffer_deinit(&content);
    }
    return rc ? rc : build_index(topics, err);
}
