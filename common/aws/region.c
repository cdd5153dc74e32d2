/* Which region, and the endpoints of Amazon's own. */
#include "aws/region.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"

enum { REGION_BYTES_MAX = 60 };

const char *region_choose(const char *configured)
{
    const char *choices[] = {configured, getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION"),
                             "us-east-1"};
    size_t i = 0;
    while (!choices[i] || !*choices[i]) i++;
    return choices[i];
}

int region_endpoint(const char *service, const char *region,
                    char ret_url[static REGION_ENDPOINT_BYTES], struct err *err)
{
    struct str name = str_of(region);
    if (name.size == 0 || name.size > REGION_BYTES_MAX ||
        !ascii_consists_of(name, ASCII_LOWERS ASCII_DIGITS "-"))
        return err_set(err, E_BAD_CONFIG, "region \"%.60s\" is none", region);
    snprintf(ret_url, REGION_ENDPOINT_BYTES, "https://%s.%s.amazonaws.com%s", service, region,
             str_starts(name, STR("cn-")) ? ".cn" : "");
    return E_OK;
}
