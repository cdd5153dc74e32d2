/* Writing msgpack with msgpack-c's packer into a piece of an arena whose size was
 * bounded before. */
#ifndef VERBATIM_SCHEMA_PACK_H
#define VERBATIM_SCHEMA_PACK_H

#include <assert.h>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <msgpack/pack.h>
#pragma GCC diagnostic pop

#include "base/arena.h"

struct pack {
    char *start, *at, *end;
    msgpack_packer packer;
};

static inline int pack_append(void *data, const char *bytes, size_t size)
{
    struct pack *pack = data;
    assert((size_t)(pack->end - pack->at) >= size); /* the bound was computed too small: a bug */
    memcpy(pack->at, bytes, size);
    pack->at += size;
    return 0;
}

/* False without memory. `pack` must not move until pack_end(). */
static inline bool pack_begin(struct pack *pack, struct arena *arena, size_t bound)
{
    pack->start = pack->at = arena_alloc(arena, bound);
    pack->end = pack->start ? pack->start + bound : NULL;
    msgpack_packer_init(&pack->packer, pack, pack_append);
    return pack->start != NULL;
}

static inline void pack_map(struct pack *pack, uint32_t count)
{
    msgpack_pack_map(&pack->packer, count);
}
static inline void pack_array(struct pack *pack, uint32_t count)
{
    msgpack_pack_array(&pack->packer, count);
}
static inline void pack_uint(struct pack *pack, uint64_t value)
{
    msgpack_pack_uint64(&pack->packer, value);
}
static inline void pack_int(struct pack *pack, int64_t value)
{
    msgpack_pack_int64(&pack->packer, value);
}
static inline void pack_float(struct pack *pack, float value)
{
    msgpack_pack_float(&pack->packer, value);
}
static inline void pack_double(struct pack *pack, double value)
{
    msgpack_pack_double(&pack->packer, value);
}
static inline void pack_nil(struct pack *pack) { msgpack_pack_nil(&pack->packer); }

static inline void pack_bool(struct pack *pack, bool value)
{
    if (value) msgpack_pack_true(&pack->packer);
    else msgpack_pack_false(&pack->packer);
}

static inline void pack_str(struct pack *pack, struct str value)
{
    msgpack_pack_str(&pack->packer, value.size);
    if (value.size) msgpack_pack_str_body(&pack->packer, value.data, value.size);
}

static inline void pack_bin(struct pack *pack, struct str value)
{
    msgpack_pack_bin(&pack->packer, value.size);
    if (value.size) msgpack_pack_bin_body(&pack->packer, value.data, value.size);
}

/* One object that is msgpack already. */
static inline void pack_raw(struct pack *pack, struct str value)
{
    if (value.size) pack_append(pack, value.data, value.size);
}

static inline struct str pack_end(struct pack *pack)
{
    return (struct str){pack->start, (size_t)(pack->at - pack->start)};
}

#endif
