/* links: common_store */
/* S3's XML replies, all readers of them: no crash, and what a list gives keeps the header's
 * promises. */
#include <assert.h>

#include "store/s3_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = str_make(data, size), prefix = size % 2 ? STR("p/") : STR("");
    struct store_page page = {0};
    struct s3_error error;
    struct err err = {0};
    char id[S3_UPLOAD_ID_BYTES];

    if (s3_reply_list(body, prefix, STR(""), &page, &err) == E_OK) {
        assert(page.count <= STORE_PAGE_MAX);
        for (size_t i = 0; i < page.count; i++) {
            assert(page.objects[i].key.size > 0 && page.objects[i].key.size <= STORE_KEY_BYTES_MAX);
            assert(i == 0 || str_compare(page.objects[i - 1].key, page.objects[i].key) < 0);
            assert(strlen(page.objects[i].info.etag) < STORE_ETAG_BYTES);
        }
    } else {
        assert(err.code == E_UPSTREAM);
    }
    store_page_deinit(&page);
    if (s3_reply_upload_id(body, id, &err) == E_OK) assert(*id && strlen(id) < sizeof id);
    enum store_versioning versioning = STORE_VERSIONING_OFF;
    if (s3_reply_versioning(body, &versioning, &err) == E_OK)
        assert(versioning <= STORE_VERSIONING_ENABLED);
    s3_reply_error(body, &error);
    for (const char *c = error.message; *c; c++) assert(*c >= ' ' && *c <= '~');
    s3_reply_is(body, STR("CompleteMultipartUploadResult"));
    return 0;
}
