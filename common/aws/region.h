/* Regions of AWS, and where a service is reached in them. */
#ifndef VERBATIM_AWS_REGION_H
#define VERBATIM_AWS_REGION_H

#include "base/err.h"

/* As configured, else AWS_REGION, AWS_DEFAULT_REGION, us-east-1: the first that isn't NULL or
 * empty. It isn't checked. */
const char *region_choose(const char *configured);

enum { REGION_ENDPOINT_BYTES = 128 };
/* "https://s3.eu-west-1.amazonaws.com" of "s3". BAD_CONFIG: no region is called so. */
int region_endpoint(const char *service, const char *region,
                    char ret_url[static REGION_ENDPOINT_BYTES], struct err *err) CHECKED;

#endif
