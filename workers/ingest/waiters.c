/* Posts that wait for their insight (?wait=5s): told when it comes, or when their time is up. */
#include <stdlib.h>

#include "workers/ingest/feed.h"

enum { WAITERS_MAX = 4096, WAITER_ID_BYTES = 129 /* TENANT:id */ };

struct waiter {
    char id[WAITER_ID_BYTES + 1];
    int64_t until_ms;
    feed_on_insight *on_insight;
    void *user;
    struct waiter *next;
};

int feed_wait(struct feed *feed, struct str id, int64_t timeout_ms, feed_on_insight *on_insight,
              void *user, struct err *err)
{
    bool first = !feed->recall;
    bool room = feed->waiter_count < WAITERS_MAX && id.size <= WAITER_ID_BYTES;
    struct waiter *waiter = room && recall_await(feed, id) ? calloc(1, sizeof *waiter) : NULL;
    if (!waiter) return err_set(err, E_BUSY, "too many posts are waiting");
    memcpy(waiter->id, id.data, id.size);
    waiter->until_ms = feed_now_ms(feed) + timeout_ms;
    waiter->on_insight = on_insight;
    waiter->user = user;
    waiter->next = feed->waiters;
    feed->waiters = waiter;
    feed->waiter_count++;
    if (first) lookback_all(feed);
    return E_OK;
}

static void unlink_waiter(struct feed *feed, struct waiter **link)
{
    struct waiter *waiter = *link;
    *link = waiter->next;
    feed->waiter_count--;
    free(waiter);
}

void feed_forget(struct feed *feed, void *user)
{
    for (struct waiter **link = &feed->waiters; *link;)
        if ((*link)->user == user) unlink_waiter(feed, link);
        else link = &(*link)->next;
}

void waiters_wake(struct feed *feed, struct str id, struct str json)
{
    for (struct waiter **link = &feed->waiters; *link;) {
        struct waiter waiter = **link;
        if (!str_equal(str_of(waiter.id), id)) {
            link = &(*link)->next;
            continue;
        }
        unlink_waiter(feed, link);
        waiter.on_insight(waiter.user, json);
    }
}

void waiters_time_out(struct feed *feed, int64_t now_ms)
{
    for (struct waiter **link = &feed->waiters; *link;) {
        struct waiter waiter = **link;
        if (now_ms < waiter.until_ms) {
            link = &(*link)->next;
            continue;
        }
        unlink_waiter(feed, link);
        waiter.on_insight(waiter.user, (struct str){0});
    }
}

void waiters_drop_all(struct feed *feed)
{
    while (feed->waiters) unlink_waiter(feed, &feed->waiters);
}
