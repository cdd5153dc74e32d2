/* links: worker_ingest */
/* What operators write of webhooks, what endpoints answer and callers name: a file, secrets, a
 * Retry-After, an id, by the first byte. */
#include <assert.h>

#include "workers/ingest/webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_file(struct str text)
{
    struct webhook_list list = {0};
    struct err err;
    int rc = webhook_list_parse(text, "f", false, &list, &err);
    assert(rc == E_OK ? list.count <= WEBHOOKS_MAX : rc == E_BAD_CONFIG && err.text[0]);
    for (size_t i = 0; i < list.count; i++) {
        const struct webhook *webhook = &list.items[i];
        assert(webhook->name[0] && webhook->source[0]);
        assert(strncmp(webhook->url, "http", 4) == 0);
        for (const char *c = webhook->url; *c; c++) assert(*c > ' ' && *c <= '~');
    }
    webhook_list_free(&list);
}

static void try_secrets(struct str text)
{
    struct webhook webhook = {.name = ""};
    struct buffer out = {0};
    if (webhook_read_secrets(text, &webhook, NULL) == E_OK) {
        webhook_sign(&webhook, STR("a"), 1, text, &out);
        assert(out.size == webhook.secret_count * 48 - 1);
    }
    buffer_deinit(&out);
}

static void try_id(struct str id)
{
    struct buffer out = {0};
    webhook_write_id(id, &out);
    assert(out.size >= id.size);
    for (size_t i = 0; i < out.size; i++) assert(out.data[i] > ' ' && out.data[i] <= '~');
    buffer_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct str text = str_make(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0: try_file(text); break;
    case 1: try_secrets(text); break;
    case 2: try_id(text); break;
    default: assert(wire_retry_after_ms(text, 1) >= -1);
    }
    return 0;
}
