/* Inside common/wire: a client's state, shared by open.c (configuration) and client.c (calls). */
#ifndef VERBATIM_LLM_CLIENT_H
#define VERBATIM_LLM_CLIENT_H

#include "llm/keys.h"
#include "llm/provider.h"

struct call;

struct remote {
    struct llm_client base;
    struct wire *wire;
    const struct clock *clock;
    const struct provider *provider;
    struct request_style style;
    struct kept_json system;
    const char *endpoint;  /* base URL without a slash at the end */
    size_t endpoint_path;  /* where its path begins */
    const char *host;      /* as a Host header says it */
    const char *region;
    char *api_key;         /* "": none */
    int64_t connect_timeout_ms, deadline_ms;
    size_t reply_limit;
    struct keys keys;      /* where requests are signed */
    bool signing;
    struct sigv4_signer signer;
    struct sigv4_signed sign;
    int64_t skew_ms;       /* the service's clock less ours, once it has complained */
    struct arena texts, scratch;
    struct call *calls;
    struct call *spare;    /* that ended: their bytes and headers serve the next ones */
    uint32_t spare_count, spare_most;
    uint32_t key_number;   /* of api_key: counts its changes */
    bool *closed;          /* set by the close that happens within a callback */
};

/* client.c */
extern const struct llm_client_ops remote_ops;
void remote_on_keys(struct keys *keys);
void remote_drop_spare(struct remote *remote); /* they hold a key that isn't in force any more */

/* open.c: frees all but calls, which are gone by then. */
void remote_destroy(struct remote *remote);
int remote_read_key(const struct llm_client *client, const char *api_key, char **ret_key,
                    struct err *err) CHECKED;
void remote_swap_key(struct llm_client *client, char **key);

#endif
