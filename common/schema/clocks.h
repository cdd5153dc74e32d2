/* When a report is due: a table of region, kind and seriousness to a time after receipt
 * (config/clocks.txt explains its grammar). */
#ifndef VERBATIM_SCHEMA_CLOCKS_H
#define VERBATIM_SCHEMA_CLOCKS_H

#include "schema/shape.h"

enum { CLOCKS_MAX = 256, CLOCK_NAME_BYTES = 96, CLOCKS_FILE_BYTES_MAX = 64 * 1024 };

/* A kind of its own, beside those of enum safety_kind. */
#define CLOCKS_UNASSESSED (1u << 31)

struct clock_line {
    char name[CLOCK_NAME_BYTES]; /* "eu adverse_event serious" */
    uint32_t region_size;        /* of its first word */
    uint32_t kinds;              /* bits of enum safety_kind, or CLOCKS_UNASSESSED */
    bool serious, other, anywhere;
    int64_t after_ms;
};
struct clocks {
    struct clock_line lines[CLOCKS_MAX];
    uint32_t count;
};

/* `path` is named in messages. BAD_CONFIG with file and line. */
int clocks_parse(const char *path, struct str content, struct clocks *ret_clocks,
                 struct err *err) CHECKED;
int clocks_open(const char *path, struct clocks *ret_clocks, struct err *err) CHECKED;
/* Each of the regions, parted by commas, has a line; else BAD_CONFIG names the nearest. */
int clocks_check_regions(const struct clocks *clocks, struct str regions, struct err *err) CHECKED;
bool clocks_know(const struct clocks *clocks, struct str region);

/* The line of the shortest time; NULL: none fits. regions: parted by commas; empty:
 * all that there are. */
const struct clock_line *clocks_find(const struct clocks *clocks, struct str regions,
                                     uint32_t kinds, bool serious);
/* Of a record that goes to people: sets due_at and clock from its kinds, seriousness and
 * received_at.
 * The region that its feedback names (attribute `region`) comes before `regions`, where a
 * clock is told for it. */
void clocks_set_due(const struct clocks *clocks, const struct feedback *feedback,
                    struct str regions, struct safety *safety);

#endif
