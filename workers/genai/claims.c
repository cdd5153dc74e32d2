/* A hash table of what is claimed; each has a list of those that wait for it. */
#include "workers/genai/claims.h"

static struct claim **bucket_of(struct claims *claims, const struct answer_key *key)
{
    uint32_t hash;
    memcpy(&hash, key->bytes, sizeof hash); /* SHA-256: any part is as good as another */
    return &claims->buckets[hash % CLAIMS_BUCKETS];
}

bool claims_take(struct claims *claims, struct claim *claim)
{
    struct claim **bucket = bucket_of(claims, &claim->key), *holder = *bucket;
    while (holder && memcmp(&holder->key, &claim->key, sizeof claim->key) != 0)
        holder = holder->next;
    claim->waiting = claim->last_waiting = NULL;
    claim->claimed = !holder;
    claim->waits = holder != NULL;
    claim->next = holder ? NULL : *bucket;
    if (!holder) *bucket = claim;
    else if (holder->last_waiting) holder->last_waiting->next = claim;
    else holder->waiting = claim;
    if (holder) holder->last_waiting = claim;
    return claim->claimed;
}

static struct claim *take_waiting(struct claim *holder)
{
    struct claim *list = holder->waiting;
    holder->waiting = holder->last_waiting = NULL;
    for (struct claim *claim = list; claim; claim = claim->next) claim->waits = false;
    return list;
}

struct claim *claims_release(struct claims *claims, struct claim *claim)
{
    if (!claim->claimed) return NULL;
    struct claim **link = bucket_of(claims, &claim->key);
    while (*link != claim) link = &(*link)->next;
    *link = claim->next;
    claim->claimed = false;
    return take_waiting(claim);
}

struct claim *claims_let_go(struct claims *claims)
{
    struct claim *all = NULL, **end = &all;
    for (uint32_t i = 0; i < CLAIMS_BUCKETS; i++)
        for (struct claim *holder = claims->buckets[i]; holder; holder = holder->next) {
            *end = take_waiting(holder);
            while (*end) end = &(*end)->next;
        }
    return all;
}
