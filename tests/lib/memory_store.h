/* An object store in memory, with faults: what archive code does when the real one misbehaves.
 * Without memory of its own it says so, as the real one does. */
#ifndef VERBATIM_TEST_MEMORY_STORE_H
#define VERBATIM_TEST_MEMORY_STORE_H

#include <stdlib.h>

#include "store/store.h"

enum { MEMORY_OBJECTS_MAX = 4096 };

enum memory_fault {
    FAULT_NONE,
    FAULT_BEFORE, /* the call isn't carried out */
    FAULT_AFTER,  /* it is, but its answer is lost */
};

struct memory_object {
    char *key, *bytes;
    size_t size;
};

struct memory_store {
    struct store base;
    struct memory_object objects[MEMORY_OBJECTS_MAX]; /* ascending by key */
    size_t count;
    uint32_t puts, gets, lists, uploads;
    /* Asked before each call; may be NULL. *rc: the error that the call ends with. */
    enum memory_fault (*fault)(void *user, struct str key, int *rc);
    void *user;
};

static size_t memory_find(const struct memory_store *store, struct str key, bool *ret_found)
{
    size_t low = 0, high = store->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (str_compare(str_of(store->objects[middle].key), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = low < store->count && str_equal(str_of(store->objects[low].key), key);
    return low;
}

static char *memory_copy(struct str text) /* NULL: no memory */
{
    char *copy = malloc(text.size + 1);
    if (!copy) return NULL;
    if (text.size) memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

static struct str memory_get_object(const struct memory_store *store, struct str key)
{
    bool found;
    size_t at = memory_find(store, key, &found);
    return found ? str_make(store->objects[at].bytes, store->objects[at].size) : (struct str){0};
}

static void memory_remove(struct memory_store *store, struct str key)
{
    bool found;
    size_t at = memory_find(store, key, &found);
    if (!found) return;
    free(store->objects[at].key);
    free(store->objects[at].bytes);
    store->count--;
    memmove(&store->objects[at], &store->objects[at + 1],
            (store->count - at) * sizeof *store->objects);
}

/* false: no memory */
static bool memory_set(struct memory_store *store, struct str key, struct str body)
{
    bool found;
    char *name = memory_copy(key), *bytes = name ? memory_copy(body) : NULL;
    if (!bytes) {
        free(name);
        return false;
    }
    memory_remove(store, key);
    size_t at = memory_find(store, key, &found);
    if (store->count == MEMORY_OBJECTS_MAX) abort();
    memmove(&store->objects[at + 1], &store->objects[at],
            (store->count - at) * sizeof *store->objects);
    store->objects[at] = (struct memory_object){name, bytes, body.size};
    store->count++;
    return true;
}

static enum memory_fault memory_ask(struct memory_store *store, struct str key, int *rc,
                                    struct err *err)
{
    *rc = E_OK;
    enum memory_fault fault = store->fault ? store->fault(store->user, key, rc) : FAULT_NONE;
    if (fault != FAULT_NONE) err_set(err, (enum err_code) * rc, "a fault, asked for");
    return fault;
}

static int memory_put(struct store *base, struct str key, struct str body,
                      const struct store_put_options *options, struct err *err)
{
    struct memory_store *store = (struct memory_store *)base;
    int rc;
    bool found;
    struct err fault_err;
    store->puts++;
    enum memory_fault fault = memory_ask(store, key, &rc, &fault_err);
    if (fault == FAULT_BEFORE) return err_set(err, fault_err.code, "%s", fault_err.text);
    memory_find(store, key, &found);
    if (found && options->if_absent) return err_set(err, E_EXISTS, "there already");
    if (!memory_set(store, key, body)) return err_set(err, E_NO_MEMORY, NULL);
    return fault == FAULT_AFTER ? err_set(err, fault_err.code, "%s", fault_err.text) : E_OK;
}

static int memory_get(struct store *base, struct str key, uint64_t offset, size_t size_bytes,
                      const char *etag, bool whole, struct buffer *out, struct err *err)
{
    struct memory_store *store = (struct memory_store *)base;
    int rc;
    (void)etag;
    store->gets++;
    if (memory_ask(store, key, &rc, err) != FAULT_NONE) return rc;
    struct str found = memory_get_object(store, key);
    if (!found.data) return err_set(err, E_NOT_FOUND, "not there");
    if (whole && found.size > size_bytes) return err_set(err, E_TOO_LARGE, "too large");
    buffer_add(out, whole ? found : str_slice(found, (size_t)offset, (size_t)offset + size_bytes));
    return out->failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

static int memory_head(struct store *base, struct str key, struct store_info *ret_info,
                       struct err *err)
{
    struct memory_store *store = (struct memory_store *)base;
    int rc;
    if (memory_ask(store, key, &rc, err) != FAULT_NONE) return rc;
    struct str found = memory_get_object(store, key);
    if (!found.data) return err_set(err, E_NOT_FOUND, "not there");
    *ret_info = (struct store_info){.size_bytes = found.size};
    return E_OK;
}

static int memory_list(struct store *base, struct str prefix, struct str after, size_t limit,
                       struct store_page *page, struct err *err)
{
    struct memory_store *store = (struct memory_store *)base;
    int rc;
    store->lists++;
    if (memory_ask(store, prefix, &rc, err) != FAULT_NONE) return rc;
    page->objects = ARENA_ARRAY(&page->arena, struct store_object, limit);
    if (!page->objects) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < store->count; i++) {
        struct str key = str_of(store->objects[i].key);
        if (!str_starts(key, prefix) || str_compare(key, after) <= 0) continue;
        if (page->count == limit) {
            page->more = true;
            break;
        }
        struct str copy = arena_copy(&page->arena, key);
        if (!copy.data) return err_set(err, E_NO_MEMORY, NULL);
        page->objects[page->count++].key = page->next = copy;
    }
    return E_OK;
}

struct memory_upload {
    struct store_upload base;
    struct buffer bytes;
    char *key;
    bool if_absent;
};

static int memory_upload_begin(struct store *base, struct str key,
                               const struct store_put_options *options,
                               struct store_upload **ret_upload, struct err *err)
{
    struct memory_upload *upload = calloc(1, sizeof *upload);
    char *name = memory_copy(key);
    if (!upload || !name) {
        free(upload);
        free(name);
        return err_set(err, E_NO_MEMORY, NULL);
    }
    ((struct memory_store *)base)->uploads++;
    upload->base.store = base;
    upload->key = name;
    upload->if_absent = options->if_absent;
    *ret_upload = &upload->base;
    return E_OK;
}

static int memory_upload_part(struct store_upload *base, struct str bytes, struct err *err)
{
    struct buffer *all = &((struct memory_upload *)base)->bytes;
    buffer_add(all, bytes);
    return all->failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

static void memory_upload_abort(struct store_upload *base)
{
    struct memory_upload *upload = (struct memory_upload *)base;
    buffer_deinit(&upload->bytes);
    free(upload->key);
    free(upload);
}

static int memory_upload_finish(struct store_upload *base, struct err *err)
{
    struct memory_upload *upload = (struct memory_upload *)base;
    const struct store_put_options options = {.if_absent = upload->if_absent};
    int rc =
        memory_put(base->store, str_of(upload->key), buffer_str(&upload->bytes), &options, err);
    if (rc == E_OK) memory_upload_abort(base);
    return rc;
}

static const char *memory_description(const struct store *store)
{
    (void)store;
    return "memory";
}

static const struct store_ops memory_ops = {
    .description = memory_description,
    .put = memory_put,
    .get = memory_get,
    .head = memory_head,
    .list = memory_list,
    .upload_begin = memory_upload_begin,
    .upload_part = memory_upload_part,
    .upload_finish = memory_upload_finish,
    .upload_abort = memory_upload_abort,
};

static struct memory_store *memory_create(void)
{
    struct memory_store *store = calloc(1, sizeof *store);
    if (!store) abort();
    store->base.ops = &memory_ops;
    return store;
}

static void memory_destroy(struct memory_store *store)
{
    for (size_t i = 0; i < store->count; i++) {
        free(store->objects[i].key);
        free(store->objects[i].bytes);
    }
    free(store);
}

#endif
