/* Who wants what: the file of webhooks.endpoints, one endpoint a line.
 *
 *     # NAME URL SECRET [FILTER]
 *     crm https://crm.example/hooks/verbatim file:/run/secrets/crm tenant=acme&safety=positive
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/list_file.h"
#include "config/shipped.h"
#include "workers/ingest/webhook.h"

enum { FILE_BYTES = 1 << 20, SECRET_FILE_BYTES = 4096 };

/* --- a URL ------------------------------------------------------------------------------------ */

static bool is_loopback(struct str host)
{
    if (str_equal_ignoring_case(host, STR("localhost")) || str_equal(host, STR("[::1]")))
        return true;
    return str_starts(host, STR("127.")) && ascii_consists_of(host, ASCII_DIGITS ".");
}

/* What is before the path: a name or an address, and a port. No user: it would be a secret that
 * isn't kept as one. */
static bool split_authority(struct str authority, struct str *ret_host)
{
    uint64_t port = 0;
    bool address = str_starts(authority, STR("["));
    size_t end = address ? str_find(authority, STR("]")) + 1 : str_find(authority, STR(":"));
    struct str host = str_slice(authority, 0, end),
               rest = str_slice(authority, end, authority.size);
    struct str bare = address ? str_slice(host, 1, host.size - 1) : host;
    if (address && !str_ends(host, STR("]"))) return false;
    if (!bare.size || !ascii_consists_of(bare, address ? ASCII_DIGITS "abcdefABCDEF:."
                                                       : ASCII_LETTERS ASCII_DIGITS ".-_"))
        return false;
    if (rest.size && (!str_starts(rest, STR(":")) ||
                      !str_to_u64(str_slice(rest, 1, rest.size), &port) || !port || port > 65535))
        return false;
    *ret_host = host;
    return true;
}

/* NULL, or why not. */
static const char *check_url(struct str url, bool plain_http)
{
    bool secure = str_starts(url, STR("https://"));
    if (!secure && !str_starts(url, STR("http://")))
        return "the second word is a URL, https://HOST/PATH";
    if (url.size >= WEBHOOK_URL_BYTES) return "its URL is longer than 2048 bytes";
    for (size_t i = 0; i < url.size; i++)
        if (url.data[i] <= ' ' || url.data[i] > '~')
            return "its URL holds other than visible ASCII";
    struct str rest = str_slice(url, secure ? 8 : 7, url.size), host;
    size_t end = 0;
    while (end < rest.size && !strchr("/?#", rest.data[end])) end++;
    if (!split_authority(str_slice(rest, 0, end), &host))
        return "its URL has no host that can be, or names a user";
    if (!secure && !plain_http && !is_loopback(host))
        return "its URL is plain http: whoever is on the way could read; use https, or set "
               "webhooks.plain_http = true";
    return NULL;
}

/* --- a line ----------------------------------------------------------------------------------- */

static bool is_source(struct str source)
{
    struct str kind = str_cut(&source, ':');
    return source.size && (str_equal(kind, STR("env")) || str_equal(kind, STR("file")));
}

static void copy(char *out, size_t room, struct str text)
{
    snprintf(out, room, "%.*s", STR_ARGS(text));
}

/* NULL, or what is wrong. */
static const char *parse_line(struct str line, bool plain_http, struct webhook *webhook)
{
    struct str name = str_cut_word(&line), url = str_cut_word(&line), source = str_cut_word(&line),
               query = str_cut_word(&line);
    if (name.size >= WEBHOOK_NAME_BYTES || !ascii_consists_of(name, ASCII_LOWERS ASCII_DIGITS "-_"))
        return "a webhook's name is 1 to 24 small letters, digits, - or _";
    const char *wrong = check_url(url, plain_http);
    if (wrong) return wrong;
    if (!is_source(source) || source.size >= WEBHOOK_SOURCE_BYTES ||
        memchr(source.data, '\0', source.size))
        return "the third word says where its secret is: env:NAME or file:PATH";
    if (str_trim(line).size) return "expected NAME URL SECRET [FILTER], parted by spaces";
    copy(webhook->name, sizeof webhook->name, name);
    copy(webhook->url, sizeof webhook->url, url);
    copy(webhook->source, sizeof webhook->source, source);
    return filter_read(query, "", (struct str){0}, &webhook->filter);
}

static bool has_name(const struct webhook_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0) return true;
    return false;
}

static int add_line(const struct list_file *file, struct str line, bool plain_http,
                    struct webhook_list *list, struct err *err)
{
    struct webhook webhook = {.name = ""};
    if (list->count == WEBHOOKS_MAX)
        return err_set(err, E_BAD_CONFIG, "%s: more than %d webhooks", file->path,
                       WEBHOOKS_MAX);
    const char *wrong = parse_line(line, plain_http, &webhook);
    if (!wrong && has_name(list, webhook.name)) wrong = "there is one of this name already";
    if (wrong) return list_file_bad(file, err, "%s", wrong);
    struct webhook *grown = realloc(list->items, (list->count + 1) * sizeof *grown);
    if (!grown) return err_set(err, E_NO_MEMORY, NULL);
    list->items = grown;
    list->items[list->count++] = webhook;
    return E_OK;
}

int webhook_list_parse(struct str text, const char *path, bool plain_http,
                       struct webhook_list *ret_list, struct err *err)
{
    struct webhook_list list = {0};
    struct list_file file = {.path = path, .rest = text};
    struct str line;
    int rc = E_OK;
    while (rc == E_OK && list_file_next(&file, &line))
        rc = add_line(&file, line, plain_http, &list, err);
    if (rc) webhook_list_free(&list);
    else *ret_list = list;
    return rc;
}

/* --- the file --------------------------------------------------------------------------------- */

static int read_secrets(struct webhook *webhook, struct err *err)
{
    struct str place = str_of(webhook->source), kind = str_cut(&place, ':');
    struct buffer file = {0};
    const char *text = NULL;
    int rc = E_OK;
    if (str_equal(kind, STR("env"))) {
        text = getenv(place.data);
        if (!text) rc = err_set(err, E_BAD_CONFIG, "%s is not set", place.data);
    } else {
        rc = buffer_read_text(&file, place.data, SECRET_FILE_BYTES, err);
        text = buffer_cstr(&file);
    }
    if (rc == E_OK) rc = webhook_read_secrets(str_of(text), webhook, err);
    if (rc && rc != E_NO_MEMORY && err) err->code = E_BAD_CONFIG;
    if (file.data) explicit_bzero(file.data, file.capacity);
    buffer_deinit(&file);
    if (rc == E_OK || rc == E_NO_MEMORY) return rc;
    err_wrap(err, "the secret of the webhook %s", webhook->name);
    return E_BAD_CONFIG;
}

int webhook_list_read(const char *path, bool plain_http, struct webhook_list *ret_list,
                      struct err *err)
{
    struct buffer file = {0};
    struct webhook_list list = {0};
    int rc = buffer_read_text(&file, path, FILE_BYTES, err);
    rc = shipped_named("webhooks.endpoints", rc, err);
    if (rc == E_OK) rc = webhook_list_parse(buffer_str(&file), path, plain_http, &list, err);
    for (size_t i = 0; i < list.count && rc == E_OK; i++) rc = read_secrets(&list.items[i], err);
    buffer_deinit(&file);
    if (rc) webhook_list_free(&list);
    else *ret_list = list;
    return rc;
}

void webhook_list_free(struct webhook_list *list)
{
    if (list->items) explicit_bzero(list->items, list->count * sizeof *list->items);
    free(list->items);
    *list = (struct webhook_list){0};
}
