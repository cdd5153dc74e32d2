/* Where a store is: its URL and, for S3, the endpoint, taken apart and checked. */
#ifndef VERBATIM_STORE_LOCATION_H
#define VERBATIM_STORE_LOCATION_H

#include "store/store.h"

struct location {
    bool s3;
    char path[4096];                              /* directory */
    char bucket[64], prefix[STORE_KEY_BYTES_MAX]; /* S3; prefix is "" or ends in '/' */
};

/* BAD_CONFIG says what is wrong. */
int location_parse(const char *url, struct location *ret_location, struct err *err) CHECKED;

/* How requests reach a bucket. */
struct endpoint {
    char base[512]; /* "https://bucket.host:9000" or "https://host", what every URL starts with */
    char host[384]; /* the Host header; without a default port */
    bool bucket_in_path;
};

/* `endpoint` may be NULL or "": Amazon's for the region. */
int endpoint_make(const char *endpoint, const char *region, const char *bucket,
                  enum store_addressing addressing, struct endpoint *ret_endpoint,
                  struct err *err) CHECKED;

#endif
