/* Two replicas, one of them now and then the owner and the other not knowing it; a store that fails
 * before and after it does something; kills, rewinds, clocks that go on: thousands of schedules
 * from seeds, each of which must leave every message in the archive exactly once.
 *
 *     logsink_test_archive_chaos SEED [COUNT]      plays other schedules, or one again */
#include "archive_rig.h"

enum { SCHEDULES = 300, STEPS = 160 };

static struct world world;
static struct member members[2];
static uint32_t owner;
static uint32_t fault_percent;

static uint32_t roll(uint32_t below) { return (uint32_t)random_below(&world.random, below); }

static enum memory_fault fault_by_chance(void *user, struct str key, int *rc)
{
    static const enum err_code codes[] = {E_UNAVAILABLE, E_TIMEOUT, E_BUSY, E_IO, E_DENIED};
    (void)user, (void)key;
    if (roll(100) >= fault_percent) return FAULT_NONE;
    *rc = (int)codes[roll(COUNT_OF(codes))];
    return roll(2) ? FAULT_BEFORE : FAULT_AFTER;
}

static struct archive_options options_by_chance(void)
{
    struct archive_options options = rig_options();
    options.count = 1 + roll(12);
    options.bytes = 200 + roll(4000);
    options.age_ms = 1000 + roll(20000);
    options.memory_bytes = roll(4) ? 16 << 20 : 6000 + roll(60000);
    options.calls = 1 + roll(3);
    return options;
}

static void add_messages(uint32_t partition)
{
    for (uint32_t i = 0, count = roll(150); i < count; i++) {
        uint32_t at = world.count[partition];
        int64_t offset = at ? world.messages[partition][at - 1].offset + 1 : 0;
        if (roll(8) == 0) offset += 1 + roll(3); /* a transaction's marker */
        char id[32];
        snprintf(id, sizeof id, "id-%u-%lld", partition, (long long)offset);
        struct str value = roll(20) ? rig_record(&world, id, "some text") : STR("\xc1 poison");
        rig_add_raw(&world, partition, offset, RIG_START_MS + at * (1 + roll(2000)), value);
    }
}

static void step(void)
{
    uint32_t who = roll(2);
    struct member *member = &members[who];
    switch (roll(12)) {
    case 0:
    case 1:
    case 2:
    case 3: member_read(member, roll(RIG_PARTITIONS), 1 + roll(20)); break;
    case 4:
    case 5:
    case 6:
    case 7: member_call(member); break;
    case 8:
        if (who == owner)
            member_commit(member);
        else if (roll(2))
            member_rewind(member); /* its commit is refused, so it starts over */
        break;
    case 9:
        clock_manual_advance(&world.clock, roll(3000));
        archive_tick(&member->archive);
        break;
    case 10:
        if (roll(3)) break;
        owner = 1 - owner; /* the old owner doesn't know yet */
        member_rewind(&members[owner]);
        break;
    case 11:
        if (roll(3)) break;
        member_kill(member);
        member_init(member, &world, options_by_chance());
        break;
    }
    for (int i = 0; i < 2; i++)
        if (members[i].flow.fatal.code)
            fail_msg("seed %llu: member %d stopped: %s", (unsigned long long)world.seed, i,
                     members[i].flow.fatal.text);
}

static void play(uint64_t seed)
{
    world_init(&world);
    world.seed = seed;
    random_seed(&world.random, seed);
    for (uint32_t p = 0; p < RIG_PARTITIONS; p++) add_messages(p);
    for (int i = 0; i < 2; i++) member_init(&members[i], &world, options_by_chance());
    owner = 0;
    fault_percent = roll(3) * 10;
    world.store->fault = fault_by_chance;
    for (int i = 0; i < STEPS; i++) step();
    fault_percent = 0;
    if (roll(2)) member_calls(&members[1 - owner]); /* what the other had begun comes early, … */
    do member_finish(&members[owner]);
    while (members[owner].flow.in_flight);
    member_calls(&members[1 - owner]); /* … or late */
    judge(&world);
    for (uint32_t p = 0; p < RIG_PARTITIONS; p++)
        if (world.count[p])
            assert_int_equal(world.committed[p], world.messages[p][world.count[p] - 1].offset + 1);
    for (int i = 0; i < 2; i++) member_kill(&members[i]);
    world_deinit(&world);
}

static uint64_t first_seed = 1, schedules = SCHEDULES;

static void each_message_once(void **state)
{
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + schedules; seed++) play(seed);
}

int main(int argc, char **argv)
{
    if (argc > 1) first_seed = strtoull(argv[1], NULL, 10), schedules = 1;
    if (argc > 2) schedules = strtoull(argv[2], NULL, 10);
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_message_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
