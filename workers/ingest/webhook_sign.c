/* Signatures as the Standard Webhooks specification has them (standardwebhooks.com): HMAC-SHA256
 * under the secret, of "ID.TIMESTAMP.BODY", in base64 behind "v1,". */
#include <inttypes.h>
#include <openssl/evp.h>

#include "base/hash.h"
#include "schema/json.h"
#include "workers/ingest/webhook.h"

static int read_secret(struct str text, struct webhook_secret *secret, struct err *err)
{
    struct arena arena = {0};
    struct str key, prefix = STR("whsec_");
    bool good = str_starts(text, prefix) &&
                json_read_base64(str_slice(text, prefix.size, text.size), &arena, &key, NULL) ==
                    E_OK &&
                key.size >= WEBHOOK_SECRET_LEAST && key.size <= WEBHOOK_SECRET_MOST;
    if (good) {
        memcpy(secret->key, key.data, key.size);
        explicit_bzero((char *)(uintptr_t)key.data, key.size);
        secret->size = key.size;
    }
    arena_deinit(&arena);
    return good ? E_OK
                : err_set(err, E_BAD_CONFIG,
                          "a secret is whsec_ and the base64 of %d to %d bytes, such as from: echo "
                          "whsec_$(openssl rand -base64 32)",
                          WEBHOOK_SECRET_LEAST, WEBHOOK_SECRET_MOST);
}

static struct str cut_secret(struct str *text)
{
    size_t end = 0;
    *text = str_trim(*text);
    while (end < text->size && !strchr(" \t\r\n", text->data[end])) end++;
    struct str secret = str_slice(*text, 0, end);
    *text = str_slice(*text, end, text->size);
    return secret;
}

int webhook_read_secrets(struct str text, struct webhook *webhook, struct err *err)
{
    int rc = E_OK;
    webhook->secret_count = 0;
    for (struct str secret; rc == E_OK && (secret = cut_secret(&text)).size;) {
        if (webhook->secret_count == WEBHOOK_SECRETS)
            return err_set(err, E_BAD_CONFIG, "more than %d secrets", WEBHOOK_SECRETS);
        rc = read_secret(secret, &webhook->secrets[webhook->secret_count++], err);
    }
    if (rc) return rc;
    return webhook->secret_count ? E_OK : err_set(err, E_BAD_CONFIG, "there is none in it");
}

void webhook_write_id(struct str id, struct buffer *out)
{
    for (size_t i = 0; i < id.size; i++) {
        unsigned char byte = (unsigned char)id.data[i];
        if (byte > ' ' && byte <= '~' && byte != '%') buffer_add_char(out, (char)byte);
        else buffer_printf(out, "%%%02X", byte);
    }
}

void webhook_sign(const struct webhook *webhook, struct str id, int64_t timestamp_s,
                  struct str body, struct buffer *out)
{
    struct buffer content = {0};
    uint8_t hash[SHA256_BYTES];
    unsigned char text[SHA256_BYTES / 3 * 4 + 5];
    buffer_add(&content, id);
    buffer_printf(&content, ".%" PRId64 ".", timestamp_s);
    buffer_add(&content, body);
    if (content.failed) out->failed = true;
    for (size_t i = 0; i < webhook->secret_count && !content.failed; i++) {
        const struct webhook_secret *secret = &webhook->secrets[i];
        hash_hmac_sha256(str_make(secret->key, secret->size), buffer_str(&content), hash);
        int size = EVP_EncodeBlock(text, hash, SHA256_BYTES);
        buffer_printf(out, "%sv1,%.*s", i ? " " : "", size, (const char *)text);
    }
    buffer_deinit(&content);
}
