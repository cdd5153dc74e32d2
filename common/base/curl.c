/* libcurl's functions, defined here, so that a program starts without it. */
#define CURL_DISABLE_TYPECHECK /* of callers: here the functions themselves are named */
#include "base/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>

#include "base/buffer.h"

#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt

enum { ERROR_BYTES = 200 };

#define CURL_CALLS(C)                                                                              \
    C(easy_cleanup) C(easy_getinfo) C(easy_init) C(easy_perform) C(easy_reset) C(easy_setopt)      \
    C(easy_strerror) C(getdate) C(global_init) C(multi_add_handle) C(multi_assign)                 \
    C(multi_cleanup) C(multi_info_read) C(multi_init) C(multi_remove_handle) C(multi_setopt)       \
    C(multi_socket_action) C(slist_append) C(slist_free_all) C(url) C(url_cleanup) C(url_set)

#define MEMBER(name) __typeof__(curl_##name) *name;
static struct {
    CURL_CALLS(MEMBER)
} theirs;
#undef MEMBER

#define NAME(name) {"curl_" #name, &theirs.name},
static const struct {
    const char *name;
    void *place; /* of a pointer to a function */
} calls[] = {CURL_CALLS(NAME)};
#undef NAME

static pthread_once_t once = PTHREAD_ONCE_INIT; /* TSan knows nothing of call_once() */
static char failure[ERROR_BYTES]; /* "": it is there */

static void load(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL), *call = library;
    for (size_t i = 0; call && i < sizeof calls / sizeof *calls; i++) {
        call = dlsym(library, calls[i].name);
        memcpy(calls[i].place, &call, sizeof call);
    }
    if (!call) {
        const char *why = dlerror();
        strncat(failure, why ? why : "libcurl", ERROR_BYTES - 1);
    } else if (theirs.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        strncat(failure, "libcurl doesn't start", ERROR_BYTES - 1);
    }
}

int curl_start(struct err *err)
{
    pthread_once(&once, load);
    return failure[0] ? err_set(err, E_SYSTEM, "%s", failure) : E_OK;
}

int curl_check_ca_file(const char *where, const char *path, struct err *err)
{
    enum { CA_BYTES_MAX = 16 << 20 };
    struct buffer file = {0};
    if (!path || !*path) return E_OK;
    int rc = buffer_read_file(&file, path, CA_BYTES_MAX, err);
    struct str pem = buffer_str(&file);
    bool holds = str_find(pem, STR("-----BEGIN CERTIFICATE-----")) < pem.size ||
                 str_find(pem, STR("-----BEGIN TRUSTED CERTIFICATE-----")) < pem.size;
    if (rc == E_OK && !holds)
        rc = err_set(err, E_BAD_CONFIG, "%s holds no certificate in PEM", path);
    buffer_deinit(&file);
    if (rc == E_OK || rc == E_NO_MEMORY) return rc;
    err_wrap(err, "%s", where);
    if (err) err->code = E_BAD_CONFIG;
    return E_BAD_CONFIG;
}

/* --- those that may come first ---------------------------------------------------------------- */

CURL *curl_easy_init(void) { return curl_start(NULL) ? NULL : theirs.easy_init(); }

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *line)
{
    return curl_start(NULL) ? NULL : theirs.slist_append(list, line);
}

time_t curl_getdate(const char *text, const time_t *unused)
{
    return curl_start(NULL) ? -1 : theirs.getdate(text, unused);
}

void curl_slist_free_all(struct curl_slist *list) /* of none: also where it isn't loaded */
{
    if (list) theirs.slist_free_all(list);
}

void curl_easy_cleanup(CURL *curl) /* the same */
{
    if (curl) theirs.easy_cleanup(curl);
}

/* --- a handle ------------------------------------------------------------------------------- */

/* What isn't an offset is a pointer, or as large as one. */
CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
    _Static_assert(sizeof(long) == sizeof(void *), "passed on as a pointer");
    CURLcode code;
    va_list more;
    va_start(more, option);
    if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB)
        code = theirs.easy_setopt(curl, option, va_arg(more, curl_off_t));
    else code = theirs.easy_setopt(curl, option, va_arg(more, void *));
    va_end(more);
    return code;
}

CURLcode curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
    va_list more;
    va_start(more, info);
    CURLcode code = theirs.easy_getinfo(curl, info, va_arg(more, void *));
    va_end(more);
    return code;
}

CURLcode curl_easy_perform(CURL *curl) { return theirs.easy_perform(curl); }
void curl_easy_reset(CURL *curl) { theirs.easy_reset(curl); }
const char *curl_easy_strerror(CURLcode code) { return theirs.easy_strerror(code); }

/* --- many at once --------------------------------------------------------------------------- */

CURLM *curl_multi_init(void) { return theirs.multi_init(); }
CURLMcode curl_multi_cleanup(CURLM *multi) { return theirs.multi_cleanup(multi); }

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
    va_list more;
    va_start(more, option);
    CURLMcode code = theirs.multi_setopt(multi, option, va_arg(more, void *));
    va_end(more);
    return code;
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *curl)
{
    return theirs.multi_add_handle(multi, curl);
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *curl)
{
    return theirs.multi_remove_handle(multi, curl);
}

CURLMcode curl_multi_assign(CURLM *multi, curl_socket_t socket, void *watched)
{
    return theirs.multi_assign(multi, socket, watched);
}

CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t socket, int events, int *running)
{
    return theirs.multi_socket_action(multi, socket, events, running);
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
    return theirs.multi_info_read(multi, left);
}

/* --- addresses ------------------------------------------------------------------------------ */

CURLU *curl_url(void) { return theirs.url(); }
void curl_url_cleanup(CURLU *url) { theirs.url_cleanup(url); }
CURLUcode curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags)
{
    return theirs.url_set(url, part, text, flags);
}
