/* What a digest counts: by tenant, how many records of a window are about each topic, segment (and
 * its topics) and product, how they feel, what they need; and what is usual. No bus, no clock:
 * digest.c brings both. */
#ifndef VERBATIM_WORKERS_GENAI_DIGEST_COUNTS_H
#define VERBATIM_WORKERS_GENAI_DIGEST_COUNTS_H

#include "schema/record.h"

enum {
    DIGEST_TENANTS_MAX = 256,    /* beyond them: counted under no tenant's name */
    /* of a tenant, as schemas/digest.def has it; later ones aren't told apart */
    DIGEST_ROWS_MAX = 1024,
    /* of a tenant: beyond so many rows no segment's topics begin to be told apart */
    DIGEST_CROSSED_MAX = 512,
    DIGEST_STATEMENTS_MAX = 8192, /* of a tenant and window */
    DIGEST_NEEDS = 20,
    DIGEST_HISTORY_LEAST = 3,    /* windows before anything is called unusual */
};

struct digest_counts;

/* trailing: windows over which what is usual fades, at least 1. */
struct digest_counts *digest_counts_create(uint32_t trailing); /* NULL without memory */
void digest_counts_destroy(struct digest_counts *counts);      /* NULL is fine */

/* One finished record; whatever else it is (a digest) counts nothing. BAD_MESSAGE, NO_MEMORY. */
int digest_counts_add(struct digest_counts *counts, struct str message, struct arena *arena,
                      struct err *err) CHECKED;
/* What was usual when this digest was made, and its window on top. NO_MEMORY. */
int digest_counts_restore(struct digest_counts *counts, const struct digest *digest,
                          struct err *err) CHECKED;

uint32_t digest_counts_tenants(const struct digest_counts *counts);
/* digest_fill.c: the window so far of one tenant: records, needs, rows with findings. Lists are in
 * the arena, texts are good until the window is closed. NO_MEMORY. */
int digest_counts_fill(const struct digest_counts *counts, uint32_t tenant, struct arena *arena,
                       struct digest *ret_digest, struct err *err) CHECKED;
/* The window is over: it becomes part of what is usual, and counting begins at nothing. */
void digest_counts_close_window(struct digest_counts *counts);

#endif
