/* links: common_store */
/* What operators and files tell a store: URL, endpoint, key and credentials file, by the first
 * byte. */
#include <assert.h>

#include "aws/credentials.h"
#include "store/location.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_endpoint(const char *text)
{
    struct endpoint endpoint;
    for (int addressing = STORE_ADDRESSING_AUTO; addressing <= STORE_ADDRESSING_HOST;
         addressing++) {
        if (endpoint_make(text, "us-east-1", "bucket", (enum store_addressing)addressing, &endpoint,
                          NULL) != E_OK)
            continue;
        for (const char *c = endpoint.host; *c; c++)
            assert(*c > ' ' && *c <= '~' && *c != '/' && *c != '@');
        assert(strstr(endpoint.base, endpoint.host));
    }
}

static void try_url(const char *text)
{
    struct location location;
    if (location_parse(text, &location, NULL) != E_OK) return;
    assert(location.s3 ? *location.bucket && !*location.path : *location.path && !*location.bucket);
    size_t size = strlen(location.prefix);
    if (size)
        assert(location.prefix[size - 1] == '/' &&
               store_key_check(str_make(location.prefix, size - 1), NULL) == E_OK);
}

static void try_credentials(struct str text)
{
    struct sigv4_credentials keys;
    if (!credentials_parse_file(text, STR("default"), &keys)) return;
    assert(keys.access_key_id.size && keys.secret_access_key.size);
    assert(keys.secret_access_key.data >= text.data &&
           keys.secret_access_key.data + keys.secret_access_key.size <= text.data + text.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer text = {0};
    if (size == 0) return 0;
    buffer_append(&text, data + 1, size - 1);
    switch (data[0] % 4) {
    case 0: try_url(buffer_cstr(&text)); break;
    case 1: try_endpoint(buffer_cstr(&text)); break;
    case 2: try_credentials(buffer_str(&text)); break;
    default:
        if (store_key_check(buffer_str(&text), NULL) == E_OK)
            assert(text.size <= STORE_KEY_BYTES_MAX);
    }
    buffer_deinit(&text);
    return 0;
}
