/* Inside common/store: how store_open() reaches the back ends. */
#ifndef VERBATIM_STORE_BACKENDS_H
#define VERBATIM_STORE_BACKENDS_H

#include "store/location.h"

#define STORE_TEMPORARY_PREFIX ".verbatim-tmp-"
enum { STORE_SEGMENT_BYTES_MAX = 200 }; /* leaves room in NAME_MAX */

int directory_open(const struct store_config *config, const struct location *location,
                   struct store **ret_store, struct err *err) CHECKED;
int s3_open(const struct store_config *config, const struct location *location,
            struct store **ret_store, struct err *err) CHECKED;

int directory_make(const struct location *location, bool *ret_made, struct err *err) CHECKED;
int s3_make(struct store *store, bool *ret_made, struct err *err) CHECKED; /* s3_bucket.c */

#endif
