/* The client over libcurl's multi interface on the caller's loop. */
#include "llm/llm.h"

int llm_client_open(uv_loop_t *loop, const struct llm_config *config,
                    struct llm_client **ret_client, struct err *err)
{
    (void)loop, (void)ret_client;
    return err_set(err, E_UNAVAILABLE, "the provider %s can't be reached by this build yet",
                   llm_provider_name(config->provider));
}
