/* Addresses to listen on, as people write them. */
#include <stdio.h>

#include "http/server.h"

int http_split_address(const char *option, const char *text, char host[static HTTP_HOST_BYTES],
                       uint16_t *ret_port, struct err *err)
{
    const char *colon = strrchr(text, ':');
    uint64_t port;
    if (!colon || !str_to_u64(str_of(colon + 1), &port) || port > UINT16_MAX)
        return err_set(err, E_BAD_CONFIG,
                       "%s: \"%s\" is not an address such as 127.0.0.1:8080", option, text);
    struct str name = str_make(text, (size_t)(colon - text));
    if (name.size >= 2 && name.data[0] == '[' && name.data[name.size - 1] == ']')
        name = str_slice(name, 1, name.size - 1);
    if (str_equal_ignoring_case(name, STR("localhost"))) name = STR("127.0.0.1");
    snprintf(host, HTTP_HOST_BYTES, "%.*s", STR_ARGS(str_slice(name, 0, HTTP_HOST_BYTES - 1)));
    *ret_port = (uint16_t)port;
    return E_OK;
}

void http_join_address(char text[static HTTP_ADDRESS_BYTES], const char *host, uint16_t port)
{
    bool brackets = strchr(host, ':') != NULL; /* IPv6 */
    snprintf(text, HTTP_ADDRESS_BYTES, brackets ? "[%.*s]:%u" : "%.*s:%u", HTTP_HOST_BYTES - 1,
             host, port);
}

bool http_is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}
