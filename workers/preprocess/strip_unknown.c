/* Rewrites msgpack that no schema describes: the same maps, lists, numbers and texts,
 * without personal data. */
#include "workers/preprocess/strip_texts.h"

#include "base/buffer.h"
#include "schema/msgpack.h"
#include "schema/pack.h"

struct rewriting {
    struct msgpack_reader reader;
    msgpack_packer packer;
    const struct pseudonym *pseudonym;
    const char *language;
    struct arena *arena;
    struct buffer out;
};

static int append(void *user, const char *bytes, size_t size)
{
    buffer_append(user, bytes, size);
    return 0;
}

static void put_text(struct rewriting *rewriting, struct str text)
{
    msgpack_pack_str(&rewriting->packer, text.size);
    msgpack_pack_str_body(&rewriting->packer, text.data, text.size);
}

static int put_value(struct rewriting *rewriting, struct str name, struct str text, struct err *err)
{
    int rc = strip_value(name, &text, rewriting->pseudonym, rewriting->language, rewriting->arena,
                         err);
    if (rc == E_OK) put_text(rewriting, text);
    return rc;
}

static int rewrite(struct rewriting *rewriting, struct str name, struct err *err);

/* Names stay as they are unless they are personal themselves; those that aren't
 * text tell nothing. */
static int rewrite_map(struct rewriting *rewriting, uint32_t count, struct err *err)
{
    msgpack_pack_map(&rewriting->packer, count);
    for (uint32_t i = 0; i < count; i++) {
        struct msgpack_reader before = rewriting->reader;
        struct msgpack_item key;
        struct str name = {0};
        int rc = E_OK;
        if (!msgpack_next(&rewriting->reader, &key)) return err_set(err, E_BAD_MESSAGE, NULL);
        if (key.kind == MSGPACK_STR) {
            name = key.bytes;
            struct str clean = name;
            rc = strip_surely(&clean, rewriting->language, rewriting->arena, err);
            put_text(rewriting, clean);
        } else {
            rewriting->reader = before;
            rc = rewrite(rewriting, name, err);
        }
        if (rc == E_OK) rc = rewrite(rewriting, name, err);
        if (rc) return rc;
    }
    return E_OK;
}

/* One object; msgpack_check() bounded its depth. */
static int rewrite(struct rewriting *rewriting, struct str name, struct err *err)
{
    struct msgpack_reader before = rewriting->reader;
    struct msgpack_item item;
    int rc = E_OK;
    if (!msgpack_next(&rewriting->reader, &item)) return err_set(err, E_BAD_MESSAGE, NULL);
    switch (item.kind) {
    case MSGPACK_MAP: return rewrite_map(rewriting, item.count, err);
    case MSGPACK_ARRAY:
        msgpack_pack_array(&rewriting->packer, item.count);
        for (uint32_t i = 0; i < item.count && rc == E_OK; i++) rc = rewrite(rewriting, name, err);
        return rc;
    case MSGPACK_STR: return put_value(rewriting, name, item.bytes, err);
    case MSGPACK_BIN:
    case MSGPACK_EXT: msgpack_pack_nil(&rewriting->packer); return E_OK;
    case MSGPACK_UINT:
    case MSGPACK_INT:
    case MSGPACK_FLOAT:
        if (strip_is_personal(name)) {
            msgpack_pack_nil(&rewriting->packer);
            return E_OK;
        }
        break;
    default: break;
    }
    buffer_append(&rewriting->out, before.at, (size_t)(rewriting->reader.at - before.at));
    return E_OK;
}

static int strip_field(struct raw_field *field, const struct pseudonym *pseudonym,
                       const char *language, struct arena *arena, struct err *err)
{
    struct rewriting rewriting = {.reader = msgpack_reader(field->value), .pseudonym = pseudonym,
                                  .language = language, .arena = arena};
    msgpack_packer_init(&rewriting.packer, &rewriting.out, append);
    int rc = rewrite(&rewriting, field->name, err);
    struct str copy = rc || rewriting.out.failed ? (struct str){0}
                                                 : arena_copy(arena, buffer_str(&rewriting.out));
    buffer_deinit(&rewriting.out);
    if (rc) return rc;
    if (!copy.data) return err_set(err, E_NO_MEMORY, NULL);
    field->value = copy;
    return E_OK;
}

static bool is_among(const struct raw_field *items, uint32_t count, struct str name)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(items[i].name, name)) return true;
    return false;
}

int strip_unknown(struct raw_fields *fields, const struct pseudonym *pseudonym,
                  const char *language, struct arena *arena, struct err *err)
{
    if (fields->count == 0) return E_OK;
    struct raw_field *items = ARENA_ARRAY(arena, struct raw_field, fields->count);
    uint32_t kept = 0;
    if (!items) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < fields->count; i++) {
        struct raw_field field = fields->items[i];
        int rc = strip_field(&field, pseudonym, language, arena, err);
        if (rc == E_OK) rc = strip_surely(&field.name, language, arena, err);
        if (rc) return rc;
        if (!is_among(items, kept, field.name)) items[kept++] = field; /* or nobody could read it */
    }
    *fields = (struct raw_fields){items, kept};
    return E_OK;
}
