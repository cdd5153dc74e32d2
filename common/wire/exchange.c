/* What an exchange owns: its headers' lines and its bytes. */
#include <assert.h>

#include "wire/wire.h"

bool exchange_header(struct exchange *exchange, const char *name, struct str value)
{
    struct buffer line = {0};
    buffer_add(&line, str_of(name));
    buffer_add(&line, STR(": "));
    buffer_add(&line, value);
    struct curl_slist *longer =
        line.failed ? NULL : curl_slist_append(exchange->headers, buffer_cstr(&line));
    if (line.data) explicit_bzero(line.data, line.capacity); /* may hold a key */
    buffer_deinit(&line);
    if (longer) exchange->headers = longer;
    return longer != NULL;
}

void exchange_drop_headers(struct exchange *exchange)
{
    for (struct curl_slist *line = exchange->headers; line; line = line->next)
        explicit_bzero(line->data, strlen(line->data));
    curl_slist_free_all(exchange->headers);
    exchange->headers = NULL;
}

void exchange_deinit(struct exchange *exchange)
{
    assert(exchange->state == EXCHANGE_IDLE);
    exchange_drop_headers(exchange);
    buffer_deinit(&exchange->url);
    buffer_deinit(&exchange->body);
    buffer_deinit(&exchange->reply);
}
