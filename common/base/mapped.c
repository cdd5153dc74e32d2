/* What is called in the handler must be safe there, so /proc/self/maps is read by hand. */
#include "base/mapped.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/err.h"

struct maps {
    int fd;
    char bytes[4096];
    ssize_t count, at;
};

static int next(struct maps *maps)
{
    if (maps->at == maps->count) {
        maps->count = read(maps->fd, maps->bytes, sizeof maps->bytes);
        maps->at = 0;
        if (maps->count <= 0) return maps->count = 0, -1;
    }
    return maps->bytes[maps->at++];
}

static uintptr_t read_hex(struct maps *maps)
{
    uintptr_t value = 0;
    int c, digit; /* the character behind it is taken as well */
    while ((c = next(maps)) >= 0 && (digit = ascii_hex((char)c)) >= 0)
        value = value * 16 + (uintptr_t)digit;
    return value;
}

/* The line's path, empty where it has none; false at the end. */
static bool read_path(struct maps *maps, char path[static PATH_MAX])
{
    size_t size = 0;
    int c = next(maps);
    while (c >= 0 && c != '\n' && c != '/') c = next(maps);
    for (; c >= 0 && c != '\n'; c = next(maps))
        if (size < PATH_MAX - 1) path[size++] = (char)c;
    path[size] = '\0';
    return c >= 0;
}

static bool find_file(uintptr_t address, char path[static PATH_MAX])
{
    struct maps maps = {.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)};
    bool here = false, more = maps.fd >= 0;
    while (more && !here) {
        uintptr_t from = read_hex(&maps), to = read_hex(&maps);
        more = read_path(&maps, path);
        here = more && address >= from && address < to;
    }
    if (maps.fd >= 0) close(maps.fd);
    return here && path[0];
}

static void say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0) return; /* nobody is there to read it */
}

static void on_sigbus(int number, siginfo_t *info, void *context)
{
    char path[PATH_MAX];
    (void)context;
    bool sent = info->si_code <= 0; /* by a process: there is no address */
    if (sent || !find_file((uintptr_t)info->si_addr, path)) {
        signal(number, SIG_DFL); /* it comes again, and ends the process as ever */
        if (sent) raise(number);
        return;
    }
    say("verbatim: ");
    say(path);
    say(" ends too early, or its disk can't be read: restore it from a copy, or move its folder "
        "away and begin with an empty one\n");
    _exit(err_exit_status(E_IO));
}

void mapped_explain(void)
{
    struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO}, before;
    if (sigaction(SIGBUS, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
        sigaction(SIGBUS, &action, NULL);
}
