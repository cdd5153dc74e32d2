/* Objects in memory. A put is a request that is on its way: it is carried out at its own time,
 * also when whoever sent it has given up, or died; `if_absent` is judged then, atomically. Lists
 * and gets see all that was put (S3 is strongly consistent). */
#include "tests/sim/store.h"

#include <string.h>

#include "tests/sim/sim.h"

enum { DEADLINE_S = 60 };

struct sim_objects sim_objects;

struct sim_store {
    struct store base;
    struct process *process;
    bool cancelled;
};

struct request {
    struct process *process;
    struct str key, body;
    bool if_absent, carried_out;
    int rc;
};

/* --- objects --------------------------------------------------------------------------------- */

static size_t find(struct str key, bool *ret_found)
{
    size_t low = 0, high = sim_objects.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (str_compare(sim_objects.items[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = low < sim_objects.count && str_equal(sim_objects.items[low].key, key);
    return low;
}

const struct sim_object *sim_store_find(struct str key)
{
    bool found;
    size_t at = find(key, &found);
    return found ? &sim_objects.items[at] : NULL;
}

static void insert(size_t at, struct str key, struct str body)
{
    if (sim_objects.count == sim_objects.capacity) {
        sim_objects.capacity = sim_objects.capacity ? 2 * sim_objects.capacity : 128;
        sim_objects.items =
            realloc(sim_objects.items, sim_objects.capacity * sizeof *sim_objects.items);
        if (!sim_objects.items) abort();
    }
    memmove(&sim_objects.items[at + 1], &sim_objects.items[at],
            (sim_objects.count - at) * sizeof *sim_objects.items);
    sim_objects.items[at] = (struct sim_object){key, body};
    sim_objects.count++;
}

void sim_store_free(void)
{
    free(sim_objects.items);
    sim_objects = (struct sim_objects){0};
}

/* --- what may happen ------------------------------------------------------------------------- */

static void latency(void) { fiber_sleep((int64_t)random_below(&sim.order, 30) * MS); }

static int gone(struct sim_store *store, struct err *err)
{
    if (store->cancelled || store->process->life == LIFE_DEAD)
        return err_set(err, E_CANCELLED, "cancelled");
    return E_OK;
}

/* Before the call does anything. An oracle has no trouble. */
static int trouble(struct sim_store *store, struct err *err)
{
    static const enum err_code codes[] = {E_UNAVAILABLE, E_IO, E_UPSTREAM};
    if (!store->process) return E_OK;
    if (!effect("store") || gone(store, err)) return err_set(err, E_CANCELLED, "cancelled");
    if (chance(FAULT_STORE_DENIED))
        sim.store_denied_until_ns =
            sim.now_ns + (int64_t)chance_below(FAULT_STORE_DENIED, 20000) * MS;
    latency();
    if (sim.now_ns < sim.store_denied_until_ns)
        return err_set(err, E_DENIED, "credentials were refused");
    if (chance(FAULT_STORE_THROTTLED)) {
        store->base.retry_after_ms = 500 + (int64_t)chance_below(FAULT_STORE_THROTTLED, 3000);
        return err_set(err, E_BUSY, "slow down");
    }
    if (chance(FAULT_STORE_FAILS))
        return err_set(err, codes[chance_below(FAULT_STORE_FAILS, 3)], "asked for");
    return gone(store, err);
}

/* --- put ------------------------------------------------------------------------------------- */

static void carry_out(void *user)
{
    struct request *request = user;
    bool found;
    size_t at = find(request->key, &found);
    struct process *before = sim.current;
    process_enter(request->process);
    request->carried_out = true;
    if (found && request->if_absent)
        request->rc = E_EXISTS;
    else if (found)
        sim_objects.items[at].body = request->body;
    else
        insert(at, request->key, request->body);
    trace("put %.*s%s", STR_ARGS(request->key), request->rc ? ": exists" : "");
    process_enter(before);
}

/* Nobody hears of it; it may be carried out long after, or never. */
static int hang(struct sim_store *store, struct request *request, struct err *err)
{
    if (chance_below(FAULT_STORE_HANGS, 3))
        sim_after((int64_t)chance_below(FAULT_STORE_HANGS, 100000) * MS, carry_out, request);
    fiber_sleep(DEADLINE_S * SECONDS);
    if (gone(store, err)) return E_CANCELLED;
    return err_set(err, E_TIMEOUT, "no answer within %d s", DEADLINE_S);
}

static int put(struct store *base, struct str key, struct str body,
               const struct store_put_options *options, struct err *err)
{
    struct sim_store *store = (struct sim_store *)base;
    struct request *request;
    int rc = trouble(store, err);
    if (rc) return rc;
    request = sim_alloc(sizeof *request);
    *request = (struct request){.process = store->process, .key = sim_copy(key),
                                .body = sim_copy(body), .if_absent = options->if_absent};
    if (chance(FAULT_STORE_HANGS)) return hang(store, request, err);
    int64_t on_its_way_ns = (int64_t)random_below(&sim.order, 30) * MS;
    struct event *event = sim_after(on_its_way_ns, carry_out, request);
    fiber_sleep(on_its_way_ns + MS);
    if (!request->carried_out && random_below(&sim.order, 2)) event_cancel(event);
    if (!effect("put") || gone(store, err)) return err_set(err, E_CANCELLED, "cancelled");
    if (!request->carried_out || chance(FAULT_STORE_UNHEARD))
        return err_set(err, E_UNAVAILABLE, "the answer was lost");
    return request->rc ? err_set(err, E_EXISTS, "there already") : E_OK;
}

/* --- the rest -------------------------------------------------------------------------------- */

static int get(struct store *base, struct str key, uint64_t offset, size_t size_bytes,
               const char *etag, bool whole, struct buffer *out, struct err *err)
{
    int rc = trouble((struct sim_store *)base, err);
    (void)etag;
    if (rc) return rc;
    const struct sim_object *object = sim_store_find(key);
    if (!object) return err_set(err, E_NOT_FOUND, "not there");
    if (whole && object->body.size > size_bytes) return err_set(err, E_TOO_LARGE, "too large");
    buffer_add(out, str_slice(object->body, (size_t)offset, (size_t)offset + size_bytes));
    return E_OK;
}

static int head(struct store *base, struct str key, struct store_info *ret_info, struct err *err)
{
    int rc = trouble((struct sim_store *)base, err);
    const struct sim_object *object = sim_store_find(key);
    if (rc) return rc;
    if (!object) return err_set(err, E_NOT_FOUND, "not there");
    *ret_info = (struct store_info){.size_bytes = object->body.size};
    return E_OK;
}

static int list(struct store *base, struct str prefix, struct str after, size_t limit,
                struct store_page *page, struct err *err)
{
    bool found;
    int rc = trouble((struct sim_store *)base, err);
    if (rc) return rc;
    page->objects = ARENA_ARRAY(&page->arena, struct store_object, limit);
    if (!page->objects) abort();
    for (size_t i = find(str_compare(prefix, after) > 0 ? prefix : after, &found);
         i < sim_objects.count; i++) {
        struct str key = sim_objects.items[i].key;
        if (!str_starts(key, prefix)) break;
        if (str_compare(key, after) <= 0) continue;
        if (page->count == limit) {
            page->more = true;
            break;
        }
        page->objects[page->count++].key = page->next = arena_copy(&page->arena, key);
    }
    return E_OK;
}

static const char *description(const struct store *store)
{
    (void)store;
    return "simulated";
}

static void close_store(struct store *store) { free(store); }

static const struct store_ops ops = {
    .description = description, .put = put, .get = get, .head = head, .list = list,
    .close = close_store};

struct store *sim_store_open(void)
{
    struct sim_store *store = calloc(1, sizeof *store);
    if (!store) abort();
    *store = (struct sim_store){.base = {.ops = &ops}, .process = sim.current};
    return &store->base;
}

void sim_store_cancel(struct store *store) { ((struct sim_store *)store)->cancelled = true; }
