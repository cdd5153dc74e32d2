/* Objects, streamed. */
#include "archive/read.h"

enum { PIECE_BYTES = 4 << 20 };

/* The section that those who read a topic's lines want besides. */
static struct str section_of(enum topic topic)
{
    return topic == TOPIC_LEDGER         ? STR("ledger")
           : topic == TOPIC_FEEDBACK     ? STR("feedback")
           : topic == TOPIC_DEAD_LETTERS ? STR("dead_letter")
           : topic == TOPIC_INSIGHTS     ? STR("digest")
                                         : (struct str){0};
}

static int read_line(struct str line, struct arena *arena, struct object_facts *facts,
                     struct hash_stream *content, struct line_identity *identity, struct err *err)
{
    arena_reset(arena);
    int rc = line_look(line, section_of(facts->topic), arena, identity, err);
    if (rc != E_OK) return rc;
    if (facts->records && identity->offset < facts->span.end)
        return err_set(err, E_BAD_MESSAGE, "offset %lld comes twice or out of order",
                       (long long)identity->offset);
    object_facts_add(facts, identity->offset, identity->timestamp_ms, identity->raw, line.size + 1);
    hash_stream_add(content, line);
    hash_stream_add(content, STR("\n"));
    return E_OK;
}

int archive_read_lines(struct line_reader *reader, struct object_facts *facts,
                       archive_on_line *on_line, void *user, struct err *err)
{
    struct arena arena = {0};
    struct line_identity identity;
    struct str line;
    uint8_t hash[SHA256_BYTES];
    struct hash_stream content;
    int rc = E_OK;
    hash_stream_begin(&content);
    while (rc == E_OK) {
        rc = line_reader_next(reader, &line, err);
        if (rc != E_OK || !line.data) break;
        rc = read_line(line, &arena, facts, &content, &identity, err);
        if (rc == E_OK && on_line) rc = on_line(user, line, &identity, err);
    }
    if (rc == E_OK && facts->records == 0) rc = err_set(err, E_BAD_MESSAGE, "it holds no line");
    arena_deinit(&arena);
    hash_stream_finish(&content, hash);
    hash_hex(hash, sizeof hash, facts->content_sha256);
    return rc;
}

/* --- out of a store -------------------------------------------------------------------------- */

struct piece {
    struct store *store;
    struct str key;
    struct store_info info;
    uint64_t at;
    struct buffer bytes;
    struct hash_stream whole;
};

/* The ETag guards against an object that is replaced while it is read. */
static int next_piece(void *user, struct str *ret_span, struct err *err)
{
    struct piece *piece = user;
    buffer_clear(&piece->bytes);
    if (piece->at < piece->info.size_bytes) {
        int rc = store_get_range(piece->store, piece->key, piece->at, PIECE_BYTES, piece->info.etag,
                                 &piece->bytes, err);
        if (rc != E_OK) return rc;
        if (piece->bytes.size == 0) return err_set(err, E_IO, "an object ends before its end");
    }
    piece->at += piece->bytes.size;
    *ret_span = buffer_str(&piece->bytes);
    hash_stream_add(&piece->whole, *ret_span);
    return E_OK;
}

/* The rest of the bytes, for the hash, when the lines could not be read to the end. */
static int read_rest(struct piece *piece, struct err *err)
{
    struct str span = STR(" ");
    int rc = E_OK;
    while (rc == E_OK && span.size) rc = next_piece(piece, &span, err);
    return rc;
}

static int read_pieces(struct piece *piece, struct object_facts *facts, archive_on_line *on_line,
                       void *user, struct err *err)
{
    struct line_reader reader = {0};
    struct err rest;
    int rc = line_reader_init_source(&reader, next_piece, piece, err);
    if (rc == E_OK) rc = archive_read_lines(&reader, facts, on_line, user, err);
    if (rc == E_BAD_MESSAGE || rc == E_BAD_JSON) {
        int worse = read_rest(piece, &rest);
        if (worse != E_OK) {
            rc = worse;
            if (err) *err = rest;
        }
    }
    line_reader_deinit(&reader);
    return rc;
}

int archive_read_object(struct store *store, struct str key, struct object_facts *facts,
                        archive_on_line *on_line, void *user, struct err *err)
{
    struct piece piece = {.store = store, .key = key};
    uint8_t hash[SHA256_BYTES];
    hash_stream_begin(&piece.whole);
    int rc = store_head(store, key, &piece.info, err);
    if (rc == E_OK) rc = read_pieces(&piece, facts, on_line, user, err);
    facts->bytes = piece.at;
    hash_stream_finish(&piece.whole, hash);
    hash_hex(hash, sizeof hash, facts->sha256);
    buffer_deinit(&piece.bytes);
    return rc;
}

int archive_read_whole(struct store *store, const struct manifest *manifest,
                       archive_on_line *on_line, void *user, struct err *err)
{
    struct object_facts found = {
        .topic = manifest->facts.topic, .partition = manifest->facts.partition};
    int rc = archive_read_object(store, manifest->object, &found, on_line, user, err);
    if (rc == E_OK) rc = manifest_check(manifest, &found, err);
    return rc ? err_wrap(err, "%.*s", STR_ARGS(manifest->object)) : E_OK;
}
