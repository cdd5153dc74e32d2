/* Parses taxonomies and finds their keywords: by the first word's hash, or by its first four bytes
 * where the keyword is a single word with a star. A word of a text looks at a row of small entries,
 * which tell nearly always that a keyword isn't there: keywords themselves are large, and each
 * would be a cache miss. */
#include "model/topics.h"

#include <assert.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "base/list_file.h"
#include "model/elision.h"
#include "model/topics_keyword.h"

/* What is looked at before a keyword is: enough for one that is a single whole word. */
struct topic_start {
    uint64_t hash;   /* of the first word, or topics_prefix() */
    uint16_t second; /* high bits of the second word's hash, where that is a whole word */
    uint8_t languages, topic;
    bool alone, has_second;
    const struct topic_keyword *keyword;
};

void topics_init(struct topics *topics)
{
    *topics = (struct topics){.hiding = TOPICS_MAX};
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
    return TOPICS_MAX;
}

static bool is_name(struct str name)
{
    return name.size > 0 && name.size < 64 &&
           ascii_consists_of(name, ASCII_LOWERS ASCII_DIGITS "-_");
}

static int open_topic(struct topics *topics, const struct list_file *file, struct str line,
                      uint32_t *ret_topic, struct err *err)
{
    if (!str_ends(line, STR("]"))) return list_file_bad(file, err, "a topic's name ends with ]");
    struct str name = str_trim(str_slice(line, 1, line.size - 1));
    if (!is_name(name))
        return list_file_bad(file, err,
                             "a topic's name is a-z, 0-9, '-' or '_', at most 63 of them");
    uint32_t topic = topics_find(topics, name);
    if (topic == TOPICS_MAX) {
        if (topics->count == TOPICS_MAX) return list_file_bad(file, err, "too many topics");
        struct str copy = arena_copy(&topics->arena, name);
        if (!copy.data) return err_set(err, E_NO_MEMORY, NULL);
        topic = topics->count++;
        topics->names[topic] = copy;
        if (str_equal(copy, STR("-"))) topics->hiding = topic;
    }
    *ret_topic = topic;
    return E_OK;
}

static struct topic_start start_of(const struct topic_keyword *keyword)
{
    bool has_second = topic_has_whole_second(keyword);
    return (struct topic_start){.hash = topic_start_hash(keyword),
                                .languages = keyword->language,
                                .topic = keyword->topic,
                                .alone = keyword->word_count == 1 && !keyword->open.size,
                                .has_second = has_second,
                                .second = has_second ? (uint16_t)(keyword->hashes[1] >> 48) : 0,
                                .keyword = keyword};
}

/* Of all keywords with such a start, anew. */
static int build_one(struct topics *topics, struct topic_index *index, bool by_prefix,
                     struct err *err)
{
    uint16_t at[TOPIC_BUCKETS] = {0}, count = 0;
    const struct topic_keyword *each;
    for (each = topics->newest; each; each = each->older)
        if (topic_is_by_prefix(each) == by_prefix) at[topic_start_hash(each) % TOPIC_BUCKETS]++;
    for (uint32_t i = 0; i < TOPIC_BUCKETS; i++) {
        index->first[i] = count;
        count = (uint16_t)(count + at[i]);
        at[i] = index->first[i];
    }
    index->first[TOPIC_BUCKETS] = count;
    index->starts = ARENA_ARRAY(&topics->arena, struct topic_start, (size_t)count + 1);
    if (!index->starts) return err_set(err, E_NO_MEMORY, NULL);
    for (each = topics->newest; each; each = each->older)
        if (topic_is_by_prefix(each) == by_prefix)
            index->starts[at[topic_start_hash(each) % TOPIC_BUCKETS]++] = start_of(each);
    return E_OK;
}

static int build_index(struct topics *topics, struct err *err)
{
    int rc = build_one(topics, &topics->by_word, false, err);
    return rc ? rc : build_one(topics, &topics->by_prefix, true, err);
}

static int enter(struct topics *topics, const struct tokens *tokens, bool star,
                 struct topic_keyword keyword, struct err *err)
{
    size_t bytes = sizeof keyword + tokens->count * sizeof keyword.hashes[0];
    struct topic_keyword *kept = arena_alloc(&topics->arena, bytes);
    if (star) keyword.open = arena_copy(&topics->arena, tokens->items[tokens->count - 1].folded);
    if (!kept || (star && !keyword.open.data)) return err_set(err, E_NO_MEMORY, NULL);
    keyword.older = topics->newest;
    *kept = keyword;
    for (uint32_t i = 0; i < tokens->count; i++) kept->hashes[i] = tokens->items[i].hash;
    topics->newest = kept;
    return E_OK;
}

static int add_keyword(struct topics *topics, const struct list_file *file, struct str text,
                       uint32_t topic, uint32_t language, struct arena *scratch, struct err *err)
{
    struct tokens tokens;
    bool star = str_ends(text, STR("*"));
    if (star) text.size--;
    if (str_find(text, STR("*")) < text.size)
        return list_file_bad(file, err, "a star is allowed at a keyword's end only");
    if (++topics->keyword_count > TOPIC_KEYWORDS_MAX)
        return list_file_bad(file, err, "too many keywords");
    int rc = text_tokenize(text, scratch, &tokens, err);
    if (rc) return rc;
    if (tokens.count == 0) return list_file_bad(file, err, "a keyword without a word");
    if (tokens.count > TOPIC_WORDS_MAX)
        return list_file_bad(file, err, "a keyword of more than four words");
    if (star && tokens.items[tokens.count - 1].folded.size < TOPIC_PREFIX_BYTES)
        return list_file_bad(file, err, "a word with a star has at least four letters");
    return enter(topics, &tokens, star,
                 (struct topic_keyword){.topic = (uint8_t)topic,
                                        .language = (uint8_t)language,
                                        .word_count = (uint8_t)tokens.count},
                 err);
}

static int add_line(struct topics *topics, const struct list_file *file, struct str line,
                    uint32_t *topic, uint32_t language, struct arena *scratch, struct err *err)
{
    int rc = E_OK;
    if (line.data[0] == '[') return open_topic(topics, file, line, topic, err);
    if (*topic == TOPICS_MAX) return list_file_bad(file, err, "keywords before the first [topic]");
    while (line.size && !rc) {
        struct str keyword = str_trim(str_cut(&line, ','));
        arena_reset(scratch);
        if (keyword.size) rc = add_keyword(topics, file, keyword, *topic, language, scratch, err);
    }
    return rc;
}

static int add_file(struct topics *topics, const char *path, struct str content, uint32_t language,
                    struct err *err)
{
    struct list_file file = {.path = path, .rest = content, .comments_in_line = true};
    struct arena scratch = {0}; /* of a keyword */
    uint32_t topic = TOPICS_MAX;
    struct str line;
    int rc = E_OK;
    if (content.size > TOPIC_FILE_BYTES_MAX)
        return list_file_bad(&file, err, "larger than 1 MiB");
    if (!str_is_utf8(content)) return list_file_bad(&file, err, "not UTF-8");
    while (!rc && list_file_next(&file, &line))
        rc = add_line(topics, &file, line, &topic, language, &scratch, err);
    arena_deinit(&scratch);
    return rc;
}

int topics_add(struct topics *topics, const char *file, struct str content, uint32_t language,
               struct err *err)
{
    int rc = add_file(topics, file, content, language, err);
    return rc ? rc : build_index(topics, err);
}

/* A token's word with the elision off; its hash goes to *hash. */
static inline struct str bare_token(const struct token *token, uint64_t *hash)
{
    struct str word = token_bare(token);
    *hash = word.size == token->folded.size ? token->hash : token_part_hash(word);
    return word;
}

/* A keyword whose first word is known to stand at token `at`, if it has others. */
static bool fits(const struct topic_keyword *keyword, const struct tokens *tokens, uint32_t at)
{
    if (keyword->word_count > tokens->count - at) return false;
    for (uint32_t i = keyword->word_count > 1; i < keyword->word_count; i++) {
        uint64_t hash;
        struct str word = bare_token(&tokens->items[at + i], &hash);
        bool open = keyword->open.size && i + 1 == keyword->word_count;
        if (i && tokens->items[at + i].sentence_before) return false;
        if (open ? !str_starts(word, keyword->open)
                 : hash != keyword->hashes[i] && tokens->items[at + i].hash != keyword->hashes[i])
            return false;
    }
    return true;
}

static uint32_t keep_longest(struct topic_match *matches, uint32_t count, uint32_t topic,
                             uint32_t words)
{
    for (uint32_t i = 0; i < count; i++) {
        if (matches[i].topic != topic) continue;
        if (words > matches[i].words) matches[i].words = words;
        return count;
    }
    if (count == TOPIC_MATCHES_MAX) return count;
    matches[count] = (struct topic_match){topic, words};
    return count + 1;
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

/* What stands behind a token, as far as it tells that a keyword of more words isn't there. */
struct follower {
    uint16_t hash; /* high bits of it; at a text's end anything: fits() sees it */
    bool any;      /* an elision may be taken off: left to fits() */
};

/* Keywords that begin with that hash. Inlined: most buckets have one or two. */
__attribute__((always_inline)) static inline uint32_t
follow(const struct topic_index *index, uint64_t hash, const struct tokens *tokens, uint32_t at,
       struct follower behind, uint32_t languages, struct topic_match *matches, uint32_t count)
{
    uint64_t bucket = hash % TOPIC_BUCKETS;
    for (uint32_t i = index->first[bucket]; i < index->first[bucket + 1]; i++) {
        const struct topic_start *start = &index->starts[i];
        /* one branch, which nearly always goes on */
        bool differs = start->hash != hash;
        differs |= (start->languages & languages) == 0;
        differs |= start->has_second & !behind.any & (start->second != behind.hash);
        if (differs) continue;
        if (start->alone) count = keep_longest(matches, count, start->topic, 1);
        else if (fits(start->keyword, tokens, at))
            count = keep_longest(matches, count, start->topic, start->keyword->word_count);
    }
    return count;
}

uint32_t topics_match(const struct topics *topics, const struct tokens *tokens, uint32_t at,
                      uint32_t languages, uint32_t by,
                      struct topic_match matches[static TOPIC_MATCHES_MAX])
{
    uint64_t bare, whole = tokens->items[at].hash;
    uint32_t count = 0;
    struct str word = bare_token(&tokens->items[at], &bare);
    const struct token *next = &tokens->items[at + 1 < tokens->count ? at + 1 : at];
    const struct follower behind = {(uint16_t)(next->hash >> 48), next->apostrophe};
    if (by & TOPIC_BY_WORD)
        count = follow(&topics->by_word, bare, tokens, at, behind, languages, matches, 0);
    if (by & TOPIC_BY_WORD && whole != bare)
        count = follow(&topics->by_word, whole, tokens, at, behind, languages, matches, count);
    if (!(by & TOPIC_BY_PREFIX) || word.size < TOPIC_PREFIX_BYTES) return count;
    return follow(&topics->by_prefix, topics_prefix(word), tokens, at, behind, languages, matches,
                  count);
}
