/* Children: our own programs. */
#include "ops/benchmarks/program.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { PATH_BYTES = 512, OPTIONS_MAX = 16 };

/* --- life ------------------------------------------------------------------------------------- */

static void program_path(const char *name, char out[static PATH_BYTES])
{
    ssize_t size = readlink("/proc/self/exe", out, PATH_BYTES - 64);
    out[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(out, '/');
    snprintf(slash ? slash + 1 : out, 64, "verbatim-%s", name);
}

static void execute(const char *name, const char *const *options)
{
    char path[PATH_BYTES];
    char *arguments[OPTIONS_MAX + 2] = {path};
    program_path(name, path);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* it goes with us, however we end */
    for (int i = 0; options[i] && i < OPTIONS_MAX; i++)
        arguments[i + 1] = (char *)(uintptr_t)options[i];
    execv(path, arguments);
    _exit(127);
}

int program_start(struct program *program, const char *name, const char *const *options,
                  struct err *err)
{
    int ends[2];
    if (pipe(ends)) return err_system(err, E_SYSTEM, "pipe");
    program->child = fork();
    if (program->child < 0) return err_system(err, E_SYSTEM, "fork");
    if (program->child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]), close(ends[1]);
        execute(name, options);
    }
    close(ends[1]);
    program->log = ends[0];
    return E_OK;
}

void program_stop(struct program *program)
{
    if (program->child <= 0) return;
    kill(program->child, SIGTERM);
    waitpid(program->child, NULL, 0);
    close(program->log);
    program->child = 0;
}

int program_await_ready(const struct program *program, const char *name, struct err *err)
{
    char text[4096];
    size_t size = 0;
    int64_t give_up_ms = clock_mono_ms(clock_system()) + PROGRAM_GIVE_UP_MS;
    while (clock_mono_ms(clock_system()) < give_up_ms) {
        struct pollfd log = {.fd = program->log, .events = POLLIN};
        if (poll(&log, 1, 100) <= 0) continue;
        ssize_t got = read(program->log, text + size, sizeof text - 1 - size);
        if (got <= 0) break;
        size += (size_t)got;
        text[size] = '\0';
        if (strstr(text, ": ready")) return E_OK;
        if (size > sizeof text / 2) size = 0;
    }
    return err_set(err, E_UNAVAILABLE, "verbatim-%s didn't get ready: %.*s", name, (int)size, text);
}

/* --- what it spends --------------------------------------------------------------------------- */

/* From /proc: ticks of 10 ms are too coarse, so from schedstat. */
double program_main_thread_seconds(pid_t pid)
{
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    if (fscanf(file, "%llu", &ns) != 1) ns = 0;
    fclose(file);
    return (double)ns * 1e-9;
}

double program_cpu_seconds(pid_t pid)
{
    clockid_t clock;
    struct timespec spent;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &spent)) return 0;
    return (double)spent.tv_sec + (double)spent.tv_nsec * 1e-9;
}

double program_system_seconds(pid_t pid)
{
    char path[64], text[1024];
    unsigned long system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    /* field 15; the name, field 2, is in parentheses and may hold anything */
    const char *rest = fgets(text, sizeof text, file) ? strrchr(text, ')') : NULL;
    if (!rest ||
        sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %lu", &system) != 1)
        system = 0;
    fclose(file);
    return (double)system / (double)sysconf(_SC_CLK_TCK);
}

/* --- where ------------------------------------------------------------------------------------ */

uint16_t program_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) ||
        getsockname(fd, (struct sockaddr *)&address, &size))
        address.sin_port = 0;
    close(fd);
    return ntohs(address.sin_port);
}
