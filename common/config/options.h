/* Options: one X-macro table a module gives the struct, the parser, --help, the environment names
 * and the reference page.
 *
 *     #define SEGMENT_OPTIONS(O)                                              \
 *         O(STR, model,        "segments.model", "Model file to serve.")      \
 *         O(U32, canary_share, "0", 0, 100, "Percent served by a canary.")    \
 *         O(MS,  reload_every, "30s", 100, 3600000, "How often to look.")
 *     OPTIONS_STRUCT(segment, SEGMENT_OPTIONS);              in a header or the .c file
 *     OPTIONS_TABLE(segment, SEGMENT_OPTIONS, "What this module is.");   once, in the .c file
 *
 * Kinds: STR(name, default, help)              const char *, never NULL
 *        SECRET(name, help)                    const char *, "" by default; never printed;
 *                                              NAME_file reads it from a file
 *        BOOL(name, default, help)             bool: true/false, yes/no, on/off, 1/0
 *        U32(name, default, least, most, help) uint32_t
 *        MS(name, default, least, most, help)  int64_t milliseconds: "250ms", "30s", "5m", "2h"
 *        BYTES(name, default, least, most, help) uint64_t: "512", "64k", "16M", "2G" (of 1024)
 *        F64(name, default, least, most, help) double
 *        CHOICE(name, default, "a|b|c", help)  uint32_t index into the list
 */
#ifndef VERBATIM_CONFIG_OPTIONS_H
#define VERBATIM_CONFIG_OPTIONS_H

#include "base/err.h"
#include "base/str.h"

enum option_kind {
    OPTION_STR, OPTION_SECRET, OPTION_BOOL, OPTION_U32, OPTION_MS, OPTION_BYTES, OPTION_F64,
    OPTION_CHOICE
};

struct option {
    const char *name, *fallback, *help, *choices;
    enum option_kind kind;
    size_t offset;
    double least, most;
};

struct option_table {
    const char *module, *summary; /* module is also the section of the file */
    const struct option *options;
    size_t count, struct_bytes;
};

#define OPTION_MEMBER_STR(name, fallback, help)                const char *name;
#define OPTION_MEMBER_SECRET(name, help)                       const char *name;
#define OPTION_MEMBER_BOOL(name, fallback, help)               bool name;
#define OPTION_MEMBER_U32(name, fallback, least, most, help)   uint32_t name;
#define OPTION_MEMBER_MS(name, fallback, least, most, help)    int64_t name;
#define OPTION_MEMBER_BYTES(name, fallback, least, most, help) uint64_t name;
#define OPTION_MEMBER_F64(name, fallback, least, most, help)   double name;
#define OPTION_MEMBER_CHOICE(name, fallback, choices, help)    uint32_t name;
#define OPTION_MEMBER(kind, ...) OPTION_MEMBER_##kind(__VA_ARGS__)
#define OPTIONS_STRUCT(module, TABLE) \
    struct module##_options {         \
        TABLE(OPTION_MEMBER)          \
    }

#define OPTION_ROW_PLAIN(kind_, name_, fallback_, help_)                  \
    {.name = #name_, .fallback = fallback_, .help = help_, .kind = kind_, \
     .offset = offsetof(OPTIONS_OWNER, name_)},
#define OPTION_ROW_RANGE(kind_, name_, fallback_, least_, most_, help_)                        \
    {.name = #name_, .fallback = fallback_, .help = help_, .kind = kind_,                      \
     .offset = offsetof(OPTIONS_OWNER, name_), .least = (double)(least_), .most = (double)(most_)},
#define OPTION_ROW_STR(name, fallback, help)    OPTION_ROW_PLAIN(OPTION_STR, name, fallback, help)
#define OPTION_ROW_SECRET(name, help)           OPTION_ROW_PLAIN(OPTION_SECRET, name, "", help)
#define OPTION_ROW_BOOL(name, fallback, help)   OPTION_ROW_PLAIN(OPTION_BOOL, name, fallback, help)
#define OPTION_ROW_U32(name, fallback, least, most, help) \
    OPTION_ROW_RANGE(OPTION_U32, name, fallback, least, most, help)
#define OPTION_ROW_MS(name, fallback, least, most, help) \
    OPTION_ROW_RANGE(OPTION_MS, name, fallback, least, most, help)
#define OPTION_ROW_BYTES(name, fallback, least, most, help) \
    OPTION_ROW_RANGE(OPTION_BYTES, name, fallback, least, most, help)
#define OPTION_ROW_F64(name, fallback, least, most, help) \
    OPTION_ROW_RANGE(OPTION_F64, name, fallback, least, most, help)
#define OPTION_ROW_CHOICE(name_, fallback_, choices_, help_)                            \
    {.name = #name_, .fallback = fallback_, .help = help_, .kind = OPTION_CHOICE,       \
     .offset = offsetof(OPTIONS_OWNER, name_), .choices = choices_},
#define OPTION_ROW(kind, ...) OPTION_ROW_##kind(__VA_ARGS__)

/* Before OPTIONS_TABLE: #define OPTIONS_OWNER struct MODULE_options.
 * Defines `MODULE_option_table`. */
#define OPTIONS_TABLE(module_, TABLE, summary_)                                              \
    static const struct option module_##_option_rows[] = {TABLE(OPTION_ROW)};                \
    const struct option_table module_##_option_table = {                                     \
        .module = #module_, .summary = summary_, .options = module_##_option_rows,           \
        .count = sizeof module_##_option_rows / sizeof module_##_option_rows[0],             \
        .struct_bytes = sizeof(struct module_##_options)}

#endif
