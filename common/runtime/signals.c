/* What signals say, and to whom. A handler only tells its program's functions;
 * what they do is the program's. */
#include <errno.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/runtime.h"

static struct {
    void (*stop)(void), (*reload)(void);
    bool on_terminal; /* started on one */
} signals;

static bool on_terminal(void)
{
    struct termios terminal;
    return tcgetattr(STDIN_FILENO, &terminal) == 0; /* unlike isatty(), safe in a handler */
}

/* HUP also comes when somebody closes the window: nobody can see or stop it any more, and it would
 * hold port and folder. */
static void on_signal(int number)
{
    int kept = errno;
    bool hung_up = number == SIGHUP && signals.on_terminal && !on_terminal();
    if (number == SIGHUP && !hung_up) signals.reload();
    else signals.stop();
    errno = kept;
}

void runtime_on_signals(void (*stop)(void), void (*reload)(void))
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    signals.stop = stop;
    signals.reload = reload;
    signals.on_terminal = on_terminal();
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}
