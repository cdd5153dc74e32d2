#include "ops/benchmarks/cost.h"

#include <linux/perf_event.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

double cost_heap_kib(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd) / 1024;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

int cost_open_counter(void)
{
    struct perf_event_attr wish = {
        .type = PERF_TYPE_HARDWARE, .size = sizeof wish, .config = PERF_COUNT_HW_INSTRUCTIONS,
        .exclude_kernel = 1, .exclude_hv = 1};
    return (int)syscall(SYS_perf_event_open, &wish, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

struct cost cost_now(int counter)
{
    struct rusage usage;
    uint64_t instructions = 0;
    getrusage(RUSAGE_SELF, &usage);
    if (counter < 0 || read(counter, &instructions, sizeof instructions) != sizeof instructions)
        instructions = 0;
    return (struct cost){seconds_of(usage.ru_utime), seconds_of(usage.ru_stime),
                         (double)clock_mono_ns(clock_system()) * 1e-9, (double)instructions};
}

struct cost cost_since(struct cost start, int counter, uint64_t calls)
{
    struct cost now = cost_now(counter);
    double each = 1 / (double)calls;
    return (struct cost){(now.user - start.user) * each, (now.system - start.system) * each,
                         (now.seconds - start.seconds) * each,
                         (now.instructions - start.instructions) * each};
}

double cost_resident_mib(void)
{
    unsigned long size, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%lu %lu", &size, &resident) != 2) resident = 0;
    if (file) fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1048576;
}
