/* Collecting, compressing and taking apart the lines of an object. */
#include "workers/logsink/object.h"

#include <stdlib.h>

#include "archive/line.h"
#include "archive/read.h"

enum { PIECE_BYTES = 32 << 10, TAIL_KEPT_BYTES = 4 * PIECE_BYTES, WINDOW_LOG = 19 };

struct object *object_create(enum topic topic, uint32_t partition, int64_t opened_ms)
{
    struct object *object = calloc(1, sizeof *object);
    if (!object) return NULL;
    object->facts = (struct object_facts){.topic = topic, .partition = partition};
    object->opened_ms = opened_ms;
    return object;
}

static void drop_pieces(struct object *object)
{
    while (object->first) {
        struct object_piece *piece = object->first;
        object->first = piece->next;
        free(piece);
    }
    object->last = NULL;
    object->piece_bytes = 0;
}

void object_destroy(struct object *object)
{
    if (!object) return;
    drop_pieces(object);
    buffer_deinit(&object->tail);
    buffer_deinit(&object->packed);
    free(object);
}

size_t object_memory_bytes(const struct object *object)
{
    return sizeof *object + object->tail.capacity + object->piece_bytes + object->packed.capacity;
}

/* --- collecting ------------------------------------------------------------------------------ */

/* Compresses the tail to one more piece. */
static int cut_piece(struct object *object, ZSTD_CCtx *quick, struct err *err)
{
    size_t bound = ZSTD_compressBound(object->tail.size);
    struct object_piece *piece = malloc(sizeof *piece + bound);
    if (!piece) return err_set(err, E_NO_MEMORY, NULL);
    size_t size =
        ZSTD_compressCCtx(quick, piece->bytes, bound, object->tail.data, object->tail.size, 1);
    if (ZSTD_isError(size)) {
        free(piece);
        return err_set(err, E_NO_MEMORY, "zstd: %s", ZSTD_getErrorName(size));
    }
    struct object_piece *fitting = realloc(piece, sizeof *piece + size);
    if (fitting) piece = fitting;
    piece->next = NULL;
    piece->size = size;
    if (object->last)
        object->last->next = piece;
    else
        object->first = piece;
    object->last = piece;
    object->piece_bytes += sizeof *piece + size;
    buffer_clear(&object->tail);
    if (object->tail.capacity > TAIL_KEPT_BYTES) buffer_deinit(&object->tail);
    return E_OK;
}

int object_added(struct object *object, ZSTD_CCtx *quick, int64_t offset, int64_t timestamp_ms,
                 bool raw, size_t line_bytes, struct err *err)
{
    if (object->tail.failed) return err_set(err, E_NO_MEMORY, NULL);
    object_facts_add(&object->facts, offset, timestamp_ms, raw, line_bytes);
    return object->tail.size >= PIECE_BYTES ? cut_piece(object, quick, err) : E_OK;
}

/* --- finishing ------------------------------------------------------------------------------- */

struct press {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    struct hash_stream content;
    struct buffer text; /* of one piece */
};

static int pack_text(struct press *press, struct object *object, struct str text, bool last,
                     struct err *err)
{
    ZSTD_inBuffer in = {text.data ? text.data : "", text.size, 0};
    size_t left;
    hash_stream_add(&press->content, text);
    do {
        size_t step = ZSTD_CStreamOutSize();
        char *room = buffer_reserve(&object->packed, step);
        if (!room) return err_set(err, E_NO_MEMORY, NULL);
        ZSTD_outBuffer out = {room, step, 0};
        left = ZSTD_compressStream2(press->pack, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return err_set(err, E_NO_MEMORY, "zstd: %s", ZSTD_getErrorName(left));
        object->packed.size += out.pos;
    } while (in.pos < in.size || (last && left));
    return E_OK;
}

/* Each piece goes as it is taken over: the object is in memory once, not twice. */
static int pack_piece(struct press *press, struct object *object, struct err *err)
{
    struct object_piece *piece = object->first;
    unsigned long long size = ZSTD_getFrameContentSize(piece->bytes, piece->size);
    buffer_clear(&press->text);
    char *room = buffer_reserve(&press->text, (size_t)size);
    if (!room) return err_set(err, E_NO_MEMORY, NULL);
    size_t got = ZSTD_decompressDCtx(press->unpack, room, (size_t)size, piece->bytes, piece->size);
    if (ZSTD_isError(got) || got != size) return err_set(err, E_BUG, "a piece can't be read back");
    press->text.size = got;
    object->first = piece->next;
    object->piece_bytes -= sizeof *piece + piece->size;
    free(piece);
    return pack_text(press, object, buffer_str(&press->text), false, err);
}

static bool press_init(struct press *press, const struct object *object, int level)
{
    *press = (struct press){.pack = ZSTD_createCCtx(), .unpack = ZSTD_createDCtx()};
    hash_stream_begin(&press->content);
    if (!press->pack || !press->unpack) return false;
    return !ZSTD_isError(ZSTD_CCtx_setParameter(press->pack, ZSTD_c_compressionLevel, level)) &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(press->pack, ZSTD_c_windowLog, WINDOW_LOG)) &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(press->pack, ZSTD_c_checksumFlag, 1)) &&
           !ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(press->pack, object->facts.content_bytes));
}

static void press_deinit(struct press *press, struct object *object)
{
    uint8_t hash[SHA256_BYTES];
    ZSTD_freeCCtx(press->pack);
    ZSTD_freeDCtx(press->unpack);
    buffer_deinit(&press->text);
    hash_stream_finish(&press->content, hash);
    hash_hex(hash, sizeof hash, object->facts.content_sha256);
}

int object_finish(struct object *object, int level, struct err *err)
{
    struct press press;
    uint8_t hash[SHA256_BYTES];
    if (object->packed.size) return E_OK;
    int rc = press_init(&press, object, level) ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    while (rc == E_OK && object->first) rc = pack_piece(&press, object, err);
    if (rc == E_OK) rc = pack_text(&press, object, buffer_str(&object->tail), true, err);
    press_deinit(&press, object);
    if (rc != E_OK) return rc;
    object->last = NULL;
    buffer_deinit(&object->tail);
    char *fitting = realloc(object->packed.data, object->packed.size);
    if (fitting) object->packed.data = fitting, object->packed.capacity = object->packed.size;
    object->facts.bytes = object->packed.size;
    hash_sha256(buffer_str(&object->packed), hash);
    hash_hex(hash, sizeof hash, object->facts.sha256);
    return E_OK;
}

/* --- taking apart ---------------------------------------------------------------------------- */

/* Adds the line, if it is not below `offset`, to the object that is made of the rest. */
static int add_rest(struct object **rest, const struct object *object, ZSTD_CCtx *quick,
                    struct str line, int64_t offset, struct arena *arena, struct err *err)
{
    struct line_identity identity;
    arena_reset(arena);
    int rc = line_identify(line, arena, &identity, err);
    if (rc != E_OK || identity.offset < offset) return rc;
    if (!*rest)
        *rest = object_create(object->facts.topic, object->facts.partition, object->opened_ms);
    if (!*rest) return err_set(err, E_NO_MEMORY, NULL);
    buffer_add(&(*rest)->tail, line);
    buffer_add_char(&(*rest)->tail, '\n');
    return object_added(*rest, quick, identity.offset, identity.timestamp_ms, identity.raw,
                        line.size + 1, err);
}

static int add_compressed_rest(struct object **rest, const struct object *object, ZSTD_CCtx *quick,
                               const struct str *spans, size_t count, int64_t offset,
                               struct arena *arena, struct err *err)
{
    struct line_reader reader;
    struct str line;
    int rc = line_reader_init(&reader, spans, count, err);
    while (rc == E_OK) {
        rc = line_reader_next(&reader, &line, err);
        if (rc != E_OK || !line.data) break;
        rc = add_rest(rest, object, quick, line, offset, arena, err);
    }
    line_reader_deinit(&reader);
    return rc;
}

int object_rest(const struct object *object, ZSTD_CCtx *quick, int64_t offset,
                struct object **ret_rest, struct err *err)
{
    struct arena arena = {0};
    struct buffer spans = {0};
    struct object *rest = NULL;
    for (const struct object_piece *piece = object->first; piece; piece = piece->next) {
        struct str span = str_make(piece->bytes, piece->size);
        buffer_append(&spans, &span, sizeof span);
    }
    struct str packed = buffer_str(&object->packed);
    if (packed.size) buffer_append(&spans, &packed, sizeof packed);
    int rc = spans.failed ? err_set(err, E_NO_MEMORY, NULL)
                          : add_compressed_rest(&rest, object, quick,
                                                (const struct str *)(const void *)spans.data,
                                                spans.size / sizeof packed, offset, &arena, err);
    for (struct str tail = buffer_str(&object->tail); rc == E_OK && tail.size;)
        rc = add_rest(&rest, object, quick, str_cut(&tail, '\n'), offset, &arena, err);
    buffer_deinit(&spans);
    arena_deinit(&arena);
    if (rc == E_OK)
        *ret_rest = rest;
    else
        object_destroy(rest);
    return rc;
}

int object_read_facts(struct str packed, enum topic topic, uint32_t partition,
                      struct object_facts *ret_facts, struct err *err)
{
    struct line_reader reader = {0};
    int rc = line_reader_init(&reader, &packed, 1, err);
    struct object_facts facts = {.topic = topic, .partition = partition, .bytes = packed.size};
    uint8_t hash[SHA256_BYTES];
    if (rc == E_OK) rc = archive_read_lines(&reader, &facts, NULL, NULL, err);
    line_reader_deinit(&reader);
    hash_sha256(packed, hash);
    hash_hex(hash, sizeof hash, facts.sha256);
    if (rc == E_OK) *ret_facts = facts;
    return rc;
}
