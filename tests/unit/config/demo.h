/* A module with one option of each kind, another, and one that passes through. */
#ifndef VERBATIM_TEST_DEMO_H
#define VERBATIM_TEST_DEMO_H

#include "config/options.h"

#define DEMO_OPTIONS(O)                                                \
    O(STR,    name,  "plain", "A text.")                               \
    O(SECRET, key,            "A secret.")                             \
    O(BOOL,   on,    "true",  "A switch.")                             \
    O(U32,    count, "3",     1, 100, "A number.")                     \
    O(MS,     every, "30s",   100, 3600000, "A time.")                 \
    O(BYTES,  room,  "64k",   1024, 1048576, "A size.")                \
    O(F64,    share, "0.5",   -1, 1, "A share.")                       \
    O(CHOICE, kind,  "b",     "a|b|c", "A choice.")
OPTIONS_STRUCT(demo, DEMO_OPTIONS);
#define OPTIONS_OWNER struct demo_options
OPTIONS_TABLE(demo, DEMO_OPTIONS, "For tests.");
#undef OPTIONS_OWNER

#define OTHER_OPTIONS(O) O(U32, level, "1", 0, 9, "Another number.")
OPTIONS_STRUCT(other, OTHER_OPTIONS);
#define OPTIONS_OWNER struct other_options
OPTIONS_TABLE(other, OTHER_OPTIONS, "For tests as well.");
#undef OPTIONS_OWNER

static const struct option_table kafka_table = {.module = "kafka", .summary = "Passes through."};
static const struct option_table *const demo_tables[] = {
    &demo_option_table, &other_option_table, &kafka_table, NULL};

#endif
