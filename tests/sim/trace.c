/* What happened, line by line (--trace), and the first thing that broke. */
#include <stdarg.h>

#include "tests/sim/sim.h"

void trace(const char *format, ...)
{
    va_list arguments;
    if (!sim.trace) return;
    printf("%12.6f %-14s ", (double)sim.now_ns * 1e-9, sim.current ? sim.current->name : "");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

void broken(const char *format, ...)
{
    va_list arguments;
    char text[sizeof sim.why];
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    trace("BROKEN: %s", text);
    if (sim.failed) return;
    sim.failed = true;
    snprintf(sim.why, sizeof sim.why, "%s", text);
}
