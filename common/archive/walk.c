/* Lists of manifests, and each one read. */
#include "archive/walk.h"

#include <stdio.h>

void archive_walk_init(struct archive_walk *walk, struct store *store,
                       const struct archive_wish *wish)
{
    *walk = (struct archive_walk){.store = store, .wish = *wish};
}

void archive_walk_deinit(struct archive_walk *walk)
{
    store_page_deinit(&walk->page);
    buffer_deinit(&walk->after);
    buffer_deinit(&walk->text);
    arena_deinit(&walk->arena);
    *walk = (struct archive_walk){0};
}

static int list_more(struct archive_walk *walk, struct err *err)
{
    char prefix[LAYOUT_KEY_BYTES];
    if (walk->wish.one_partition)
        layout_manifest_prefix(walk->topic, walk->wish.partition, prefix);
    else
        snprintf(prefix, sizeof prefix, "manifests/%s/", topic_info(walk->topic)->name);
    walk->at = 0;
    int rc = store_list(walk->store, str_of(prefix), buffer_str(&walk->after), 0, &walk->page, err);
    if (rc != E_OK) return rc;
    walk->listed = !walk->page.more;
    buffer_clear(&walk->after);
    buffer_add(&walk->after, walk->page.next);
    return walk->after.failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

/* The next name; found false at the end. */
static int next_key(struct archive_walk *walk, struct err *err)
{
    while (walk->topic < TOPIC_COUNT) {
        bool wanted = walk->wish.topics >> walk->topic & 1;
        if (walk->at < walk->page.count) {
            walk->key = walk->page.objects[walk->at].key;
            walk->found = true;
            return E_OK;
        }
        if (wanted && !walk->listed) {
            int rc = list_more(walk, err);
            if (rc != E_OK) return rc;
        } else {
            walk->topic++;
            walk->listed = false;
            walk->at = walk->page.count = 0;
            buffer_clear(&walk->after);
        }
    }
    return E_OK;
}

static int read_manifest(struct archive_walk *walk, struct err *err)
{
    char name[LAYOUT_KEY_BYTES];
    buffer_clear(&walk->text);
    arena_reset(&walk->arena);
    int rc = store_get(walk->store, walk->key, MANIFEST_BYTES_MAX, &walk->text, err);
    if (rc != E_OK && err_class((enum err_code)rc) != ERR_REJECT) return rc;
    walk->at++;
    if (rc == E_OK) rc = manifest_read(buffer_str(&walk->text), &walk->arena, &walk->manifest, err);
    if (rc != E_OK) return rc;
    const struct object_facts *facts = &walk->manifest.facts;
    layout_manifest_key(facts->topic, facts->partition, facts->span, name);
    if (str_equal(walk->key, str_of(name))) return E_OK;
    return err_set(err, E_BAD_MESSAGE, "a manifest says that it is %s", name);
}

static bool is_wanted(const struct archive_wish *wish, const struct object_facts *facts)
{
    return facts->latest_ms >= wish->from_ms && (!wish->to_ms || facts->earliest_ms < wish->to_ms);
}

int archive_walk_next(struct archive_walk *walk, struct err *err)
{
    struct span_of_offsets span;
    for (;;) {
        walk->found = false;
        int rc = next_key(walk, err);
        if (rc != E_OK || !walk->found) return rc;
        if (!layout_manifest_span(walk->key, &span)) { /* somebody else's file is left alone */
            walk->at++;
            continue;
        }
        rc = read_manifest(walk, err);
        if (rc != E_OK) {
            walk->found = false;
            return err_wrap(err, "%.*s", STR_ARGS(walk->key));
        }
        if (is_wanted(&walk->wish, &walk->manifest.facts)) return E_OK;
    }
}

int archive_count(struct store *store, const struct archive_wish *wish, uint64_t *ret_count,
                  struct err *err)
{
    struct archive_walk walk;
    uint64_t count = 0;
    int rc;
    archive_walk_init(&walk, store, wish);
    do {
        walk.found = false;
        rc = next_key(&walk, err);
        count += walk.found;
        walk.at += walk.found;
    } while (rc == E_OK && walk.found);
    archive_walk_deinit(&walk);
    if (rc == E_OK) *ret_count = count;
    return rc;
}

int archive_walk_lines(struct store *store, const struct archive_wish *wish,
                       archive_on_line *on_line, void *user, struct err *err)
{
    struct archive_walk walk;
    int rc;
    archive_walk_init(&walk, store, wish);
    while ((rc = archive_walk_next(&walk, err)) == E_OK && walk.found)
        if ((rc = archive_read_whole(store, &walk.manifest, on_line, user, err))) break;
    archive_walk_deinit(&walk);
    return rc;
}
