/* A webhook's request: what it says, and what of its answer counts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/json.h"
#include "workers/ingest/webhook.h"

enum {
    CONNECT_MS = 10000,
    REPLY_BYTES = 64 << 10, /* nobody reads it; more than that ends the connection */
};

static bool add_headers(struct exchange *exchange, struct str id, int64_t at_s,
                        struct str signature)
{
    char timestamp[24];
    snprintf(timestamp, sizeof timestamp, "%" PRId64, at_s);
    return exchange_header(exchange, "content-type", STR("application/json")) &&
           exchange_header(exchange, "webhook-id", id) &&
           exchange_header(exchange, "webhook-timestamp", str_of(timestamp)) &&
           exchange_header(exchange, "webhook-signature", signature);
}

/* What is signed: the very bytes, and the time of this try, so that receivers may refuse old ones.
 */
int webhook_prepare(struct endpoint *endpoint, const struct job *job, struct exchange *exchange,
                    struct err *err)
{
    struct buffer *scratch = &endpoint->scratch;
    int64_t at_s = clock_wall_ms(endpoint->context->clock) / 1000;
    buffer_clear(&exchange->url);
    buffer_clear(&exchange->body);
    buffer_clear(scratch);
    exchange_drop_headers(exchange);
    buffer_add(&exchange->url, str_of(endpoint->webhook->url));
    /* in plain it goes straight: a proxy could read it */
    exchange->direct = str_starts(buffer_str(&exchange->url), STR("http:"));
    int rc = json_write_record(job->message->value, &exchange->body, err);
    if (rc) return rc;
    webhook_write_id(job->record.id, scratch);
    size_t id_size = scratch->size;
    webhook_sign(endpoint->webhook, buffer_str(scratch), at_s, buffer_str(&exchange->body),
                 scratch);
    struct str all = buffer_str(scratch);
    bool ok = !scratch->failed && !exchange->body.failed && !exchange->url.failed &&
              add_headers(exchange, str_slice(all, 0, id_size), at_s,
                          str_slice(all, id_size, all.size));
    return ok ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

/* --- its answer ------------------------------------------------------------------------------- */

/* However long: nobody reads it. */
bool webhook_is_answered(const struct exchange *exchange)
{
    return exchange->result == CURLE_OK || exchange->too_large;
}

/* "answered 500", "did not answer: Timeout was reached". No URL: there may be a secret in it. */
void webhook_say_why(const struct exchange *exchange, char out[static 128])
{
    if (webhook_is_answered(exchange))
        snprintf(out, 128, "answered %ld", exchange->status);
    else
        snprintf(out, 128, "did not answer: %s", curl_easy_strerror(exchange->result));
}

static void on_header(struct exchange *exchange, struct str name, struct str value)
{
    struct slot *slot = webhook_slot_of(exchange);
    if (!str_equal_ignoring_case(name, STR("retry-after"))) return;
    slot->retry_after_ms = wire_retry_after_ms(value,
                                               clock_wall_ms(slot->endpoint->context->clock));
}

/* --- room for them ---------------------------------------------------------------------------- */

int webhook_open_slots(struct endpoint *endpoint, struct err *err)
{
    static const struct exchange_owner owner = {.on_header = on_header, .on_end = webhook_on_end};
    endpoint->slots = calloc(endpoint->options->at_once, sizeof *endpoint->slots);
    if (!endpoint->slots) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < endpoint->options->at_once; i++) {
        endpoint->slots[i].endpoint = endpoint;
        endpoint->slots[i].exchange = (struct exchange){
            .owner = &owner,
            .method = "POST",
            .connect_timeout_ms = CONNECT_MS,
            .deadline_ms = endpoint->options->timeout,
            .reply_limit = REPLY_BYTES,
            .may_repeat = true,
        };
    }
    return E_OK;
}

void webhook_close_slots(struct endpoint *endpoint)
{
    for (uint32_t i = 0; endpoint->slots && i < endpoint->options->at_once; i++)
        exchange_deinit(&endpoint->slots[i].exchange);
    free(endpoint->slots);
    endpoint->slots = NULL;
}
