/* Places where a test can have the program die, as by kill -9.
 *
 *     VERBATIM_TEST_CRASH=archive.put      dies the first time that it comes there
 *     VERBATIM_TEST_CRASH=archive.put:3    the third time
 *
 * Costs one getenv(): for places that are passed seldom. */
#ifndef VERBATIM_BASE_CRASH_H
#define VERBATIM_BASE_CRASH_H

void crash_point(const char *name);

#endif
