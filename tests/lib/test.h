/* What every unit test includes: cmocka with the headers that it forgets to include. */
#ifndef VERBATIM_TEST_H
#define VERBATIM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* For case tables: prints the case's `why` before it is judged, so a failure names it. */
#define CASE(why) print_message("  - %s\n", (why))

/* Of a program's argument: the tests of this name, or with a dash before it all others. */
static inline void choose_tests(const char *name)
{
    if (name[0] == '-') cmocka_set_skip_filter(name + 1);
    else cmocka_set_test_filter(name);
}

#endif
