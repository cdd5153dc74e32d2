/* The coordinator of consumer groups: members, generations, sessions, static members. Partitions
 * are assigned by range, all at once ("eager"), as bus/kafka_consumer.c asks for. */
#include <string.h>

#include "base/mutant.h"
#include "tests/sim/bus.h"

struct group sim_groups[SIM_GROUPS];
uint32_t sim_group_count;
static uint32_t last_member_id;

struct group *group_get(const char *name)
{
    for (uint32_t i = 0; i < sim_group_count; i++)
        if (strcmp(sim_groups[i].name, name) == 0) return &sim_groups[i];
    struct group *group = &sim_groups[sim_group_count++];
    *group = (struct group){0};
    snprintf(group->name, sizeof group->name, "%s", name);
    memset(group->committed, -1, sizeof group->committed);
    return group;
}

struct member *group_find(struct group *group, uint32_t member_id)
{
    for (uint32_t i = 0; i < group->member_count; i++)
        if (group->members[i].id == member_id) return &group->members[i];
    return NULL;
}

bool group_knows(struct group *group, uint32_t member_id, uint32_t generation)
{
    if (MUTANT(no_fencing)) return true;
    return group_find(group, member_id) && generation == group->generation;
}

/* --- rebalances ------------------------------------------------------------------------------ */

static void assign_topic(struct group *group, enum topic topic)
{
    uint32_t members = group->member_count;
    for (uint32_t i = 0; i < sim.partitions; i++)
        group->owner[topic][i] =
            members ? group->members[i * members / sim.partitions].id : 0;
}

static void complete(struct group *group)
{
    group->rebalancing = false;
    group->generation++;
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (group->topics >> i & 1) assign_topic(group, (enum topic)i);
    trace("group %s: generation %u of %u", group->name, group->generation, group->member_count);
    bus_stir();
}

static void complete_if_all(struct group *group)
{
    if (!group->rebalancing) return;
    for (uint32_t i = 0; i < group->member_count; i++)
        if (!group->members[i].joined) return;
    complete(group);
}

void group_rebalance(struct group *group)
{
    if (group->rebalancing) return;
    group->rebalancing = true;
    for (uint32_t i = 0; i < group->member_count; i++) group->members[i].joined = false;
    bus_stir();
}

static void remove_member(struct group *group, uint32_t at)
{
    trace("group %s: member %u goes", group->name, group->members[at].id);
    group->member_count--;
    memmove(&group->members[at], &group->members[at + 1],
            (group->member_count - at) * sizeof group->members[0]);
    group_rebalance(group);
    complete_if_all(group);
}

void group_leave(struct sim_consumer *consumer)
{
    struct member *member = group_find(consumer->group, consumer->member_id);
    if (!member) return;
    if (sim.static_members) { /* it keeps its place until its session is over */
        member->consumer = NULL;
        groups_watch();
        return;
    }
    remove_member(consumer->group, (uint32_t)(member - consumer->group->members));
}

/* --- sessions -------------------------------------------------------------------------------- */

static bool session_is_over(const struct member *member)
{
    const struct sim_consumer *consumer = member->consumer;
    if (!consumer) return true;
    const struct process *process = consumer->process;
    return process->silent_ns >= 0 && sim.now_ns - process->silent_ns >= SIM_SESSION_S * SECONDS;
}

static void look_at_sessions(void *user)
{
    (void)user;
    for (uint32_t i = 0; i < sim_group_count; i++)
        for (uint32_t j = sim_groups[i].member_count; j > 0; j--)
            if (session_is_over(&sim_groups[i].members[j - 1]))
                remove_member(&sim_groups[i], j - 1);
}

void groups_watch(void) { sim_after(SIM_SESSION_S * SECONDS, look_at_sessions, NULL); }

/* --- a member's side ------------------------------------------------------------------------- */

static struct member *find_instance(struct group *group, const char *instance)
{
    for (uint32_t i = 0; i < group->member_count; i++)
        if (strcmp(group->members[i].instance, instance) == 0) return &group->members[i];
    return NULL;
}

/* A static member that comes back has its place, and nobody else notices. */
static void take_place(struct member *member, struct sim_consumer *consumer)
{
    if (member->consumer) member->consumer->fenced_instance = true;
    member->id = consumer->member_id;
    member->consumer = consumer;
    member->joined = true;
    consumer->generation = 0;
}

static void join(struct sim_consumer *consumer)
{
    struct group *group = consumer->group;
    const char *name = consumer->subscription.member;
    struct member *place = sim.static_members ? find_instance(group, name) : NULL;
    uint32_t before = place ? place->id : 0;
    consumer->member_id = ++last_member_id;
    trace("joins group %s as member %u", group->name, consumer->member_id);
    if (place) {
        take_place(place, consumer);
        for (int i = 0; i < TOPIC_COUNT; i++)
            for (uint32_t j = 0; j < sim.partitions; j++)
                if (group->owner[i][j] == before) group->owner[i][j] = consumer->member_id;
        return;
    }
    if (group->member_count == SIM_MEMBERS_MAX) abort();
    group_rebalance(group);
    struct member *member = &group->members[group->member_count++];
    *member = (struct member){.id = consumer->member_id, .consumer = consumer, .joined = true};
    if (sim.static_members) snprintf(member->instance, sizeof member->instance, "%s", name);
}

int group_serve(struct sim_consumer *consumer, struct err *err)
{
    struct group *group = consumer->group;
    if (consumer->fenced_instance)
        return err_set(err, E_FENCED, "another process has this group.instance.id");
    struct member *member = group_find(group, consumer->member_id);
    if (!member) {
        consumer_revoke(consumer, true);
        join(consumer);
    } else if (group->rebalancing && !member->joined) {
        consumer_revoke(consumer, false);
        /* The commit that it waited for may have taken time enough to lose the place. */
        if ((member = group_find(group, consumer->member_id))) member->joined = true;
    }
    complete_if_all(group);
    if (!group->rebalancing && consumer->generation != group->generation &&
        group_find(group, consumer->member_id)) {
        consumer_revoke(consumer, false);
        consumer->generation = group->generation;
        consumer_assign(consumer);
    }
    return E_OK;
}
