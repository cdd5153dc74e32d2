/* Inside common/wire: easy handles of libcurl for exchanges. Those of POSTs serve again: making one
 * costs more than all else that we do for a call. Nothing of an exchange stays in them: it may hold
 * a key. */
#ifndef VERBATIM_WIRE_HANDLES_H
#define VERBATIM_WIRE_HANDLES_H

#include "wire/wire.h"

enum { URLS_KEPT = 4 };

/* A URL that curl need not take apart in each call. */
struct kept_url {
    struct buffer text;
    CURLU *parts;
};

struct handles {
    /* of POSTs; they stay, as handles may point at them */
    struct kept_url urls[URLS_KEPT];
    uint32_t url_count;
    CURL **spare; /* of POSTs: set up but for what differs; as many as there may be connections */
    size_t spare_count, spare_most;
    char *ca_file;
    /* no proxy is named in the environment: curl need not look for one in each call */
    bool past_proxies;
};

/* False: no memory, and nothing is open. */
bool handles_open(const struct wire_options *options, struct handles *handles);
void handles_close(struct handles *handles); /* when no exchange has one any more */

/* Gives the exchange one that is set up for it and for its lane. False: no memory. */
bool handles_take(struct handles *handles, struct exchange *exchange);
void handles_put_back(struct handles *handles, struct exchange *exchange);

#endif
