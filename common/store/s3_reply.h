/* What S3 says in XML: pages of a list, upload ids, errors. Untrusted: bounded, checked, fuzzed.
 *
 * Source: Amazon S3 API reference, ListObjectsV2, CreateMultipartUpload, CompleteMultipartUpload,
 * GetBucketVersioning, "Error responses". */
#ifndef VERBATIM_STORE_S3_REPLY_H
#define VERBATIM_STORE_S3_REPLY_H

#include "store/store.h"

enum { S3_REPLY_BYTES_MAX = 8 * 1024 * 1024, S3_UPLOAD_ID_BYTES = 1024 };

/* Printable ASCII, cut to fit; empty where the reply says nothing. */
struct s3_error {
    char code[64], message[200], region[32];
};

/* Objects with `prefix` off their keys, strictly ascending, all behind `after` (with the prefix),
 * at most STORE_PAGE_MAX; folder markers left out. `page` comes with an empty arena. UPSTREAM for
 * anything else: a store that goes back would have us list for ever. */
int s3_reply_list(struct str body, struct str prefix, struct str after, struct store_page *page,
                  struct err *err) CHECKED;

int s3_reply_upload_id(struct str body, char ret_id[static S3_UPLOAD_ID_BYTES],
                       struct err *err) CHECKED;

int s3_reply_versioning(struct str body, enum store_versioning *ret_versioning,
                        struct err *err) CHECKED;

/* True for an <Error> document. Junk leaves *ret_error empty and is false. */
bool s3_reply_error(struct str body, struct s3_error *ret_error);

/* Whether the root element has this name and the document is complete. */
bool s3_reply_is(struct str body, struct str root);

#endif
