/* Places where a test can have the program die, as by kill -9.
 *
 *     VERBATIM_TEST_CRASH=archive.put      dies the first time that it comes there
 *     VERBATIM_TEST_CRASH=archive.put:3    the third time
 *
 * The environment is read once, at the first of them. */
#ifndef VERBATIM_BASE_CRASH_H
#define VERBATIM_BASE_CRASH_H

void crash_point(const char *name);

#endif
