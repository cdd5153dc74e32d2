/* Plays schedules from seeds, and says which one broke a promise. See README.md. */
#include <malloc.h>
#include <string.h>
#include <time.h>

#include "tests/sim/schedule.h"

struct arguments {
    uint64_t first, count;
    bool trace, expect_broken;
};

static const char usage[] =
    "usage: simulate [--seed N] [--count N] [--without FAULT,...] [--calm] [--trace] "
    "[--at-least-once] [--expect-broken]\n"
    "Plays COUNT schedules from seed N on. Exit 1: a promise was broken; its seed is printed.\n"
    "  --trace          what happens, line by line (one schedule)\n"
    "  --without F,...  leave these faults out\n"
    "  --calm           no fault at all: then nothing may wait for a heartbeat either\n"
    "  --at-least-once  the workers' delivery; else exactly once\n"
    "  --expect-broken  for mutants: exit 0 if a schedule is broken, 1 if none is\n";

static bool leave_out(struct str names)
{
    while (names.size) {
        enum fault fault = fault_by_name(str_cut(&names, ','));
        if (fault == FAULT_COUNT) return false;
        sim_without[fault] = true;
    }
    return true;
}

static bool read_arguments(int argc, char **argv, struct arguments *arguments)
{
    *arguments = (struct arguments){.first = 1, .count = 0};
    for (int i = 1; i < argc; i++) {
        struct str value = str_of(i + 1 < argc ? argv[i + 1] : "");
        bool good = true;
        if (strcmp(argv[i], "--seed") == 0)
            good = str_to_u64(value, &arguments->first), i++;
        else if (strcmp(argv[i], "--count") == 0)
            good = str_to_u64(value, &arguments->count), i++;
        else if (strcmp(argv[i], "--without") == 0)
            good = leave_out(value), i++;
        else if (strcmp(argv[i], "--calm") == 0)
            for (int j = 0; j < FAULT_COUNT; j++) sim_without[j] = true;
        else if (strcmp(argv[i], "--trace") == 0)
            arguments->trace = true;
        else if (strcmp(argv[i], "--at-least-once") == 0)
            sim_at_least_once = true;
        else if (strcmp(argv[i], "--expect-broken") == 0)
            arguments->expect_broken = true;
        else
            good = false;
        if (!good) return false;
    }
    if (arguments->count == 0) arguments->count = 1;
    return true;
}

/* --- a broken one ---------------------------------------------------------------------------- */

/* Leaves out one kind of fault after the other, as long as it is still broken. */
static void shrink(uint64_t seed)
{
    struct schedule_result result;
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (sim_without[i]) continue;
        sim_without[i] = true;
        schedule_run(seed, false, &result);
        if (!result.failed) sim_without[i] = false;
    }
    schedule_run(seed, false, &result);
    printf("fewer faults: %s\n  simulate --trace%s --seed %llu --without ", result.why,
           sim_at_least_once ? " --at-least-once" : "", (unsigned long long)seed);
    const char *comma = "";
    for (int i = 0; i < FAULT_COUNT; i++)
        if (sim_without[i]) printf("%s%s", comma, fault_name((enum fault)i)), comma = ",";
    printf("\n");
}

static void report_broken(uint64_t seed, const struct schedule_result *result, bool shrinks)
{
    printf("BROKEN seed %llu: %s\n", (unsigned long long)seed, result->why);
    if (shrinks) shrink(seed);
}

/* --- all of them ----------------------------------------------------------------------------- */

static double cpu_seconds(void) { return (double)clock() / CLOCKS_PER_SEC; }

static void report(uint64_t schedules, const struct schedule_result *sum, uint64_t most_repeats,
                   double seconds)
{
    uint64_t faults = 0;
    int kinds = 0;
    for (int i = 0; i < FAULT_COUNT; i++) {
        faults += sim_fault_counts[i];
        kinds += sim_fault_counts[i] > 0;
    }
    printf("%llu schedules in %.1f CPU-seconds (%.0f a second): %llu records, %llu objects, "
           "%.0f hours of their time, %llu turns, %llu faults of %d kinds\n",
           (unsigned long long)schedules, seconds, (double)schedules / seconds,
           (unsigned long long)sum->records, (unsigned long long)sum->objects,
           sum->virtual_seconds / 3600, (unsigned long long)sum->turns, (unsigned long long)faults,
           kinds);
    if (sim_at_least_once)
        printf("%llu messages came twice, %llu in one schedule at most\n",
               (unsigned long long)sum->repeats, (unsigned long long)most_repeats);
    for (int i = 0; i < FAULT_COUNT; i++)
        printf("  %-16s %10llu\n", fault_name((enum fault)i),
               (unsigned long long)sim_fault_counts[i]);
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct schedule_result result, sum = {0};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) return fputs(usage, stdout) < 0;
    if (!read_arguments(argc, argv, &arguments)) {
        fputs(usage, stderr);
        return 64;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    mallopt(M_MMAP_THRESHOLD, 64 << 20); /* the same memory again for the next schedule */
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    bool broken_one = false;
    double start = cpu_seconds();
    uint64_t played = 0, most_repeats = 0;
    while (played < arguments.count && !broken_one) {
        uint64_t seed = arguments.first + played++;
        schedule_run(seed, arguments.trace, &result);
        sum.records += result.records;
        sum.objects += result.objects;
        sum.turns += result.turns;
        sum.virtual_seconds += result.virtual_seconds;
        sum.repeats += result.repeats;
        if (result.repeats > most_repeats) most_repeats = result.repeats;
        broken_one = result.failed;
        if (broken_one) report_broken(seed, &result, !arguments.trace && !arguments.expect_broken);
    }
    report(played, &sum, most_repeats, cpu_seconds() - start);
    free(sim.events);
    arena_deinit(&sim.arena);
    fibers_release_stacks();
    return broken_one == arguments.expect_broken ? 0 : 1;
}
