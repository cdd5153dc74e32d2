/* libcurl's multi interface as its own examples use it with libuv;
 * handles are kept and set up once. */
#include "ops/benchmarks/genai_bare.h"

#include <stdlib.h>
#include <uv.h>

#include "base/curl.h"

struct bare {
    uv_loop_t loop;
    uv_timer_t timer;
    CURLM *multi;
    uint64_t left;
    uint32_t running;
    bool failed;
};

static void free_poll(uv_handle_t *handle) { free(handle); }

static void collect(struct bare *bare)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(bare->multi, &left))) {
        CURL *curl = message->easy_handle;
        bare->failed |= message->data.result != CURLE_OK;
        curl_multi_remove_handle(bare->multi, curl);
        if (bare->left && !bare->failed) {
            bare->left--;
            curl_multi_add_handle(bare->multi, curl);
        } else {
            bare->running--;
            curl_easy_cleanup(curl);
        }
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct bare *bare = poll->loop->data;
    int running, flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                         (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    curl_socket_t socket = (curl_socket_t)(intptr_t)poll->data;
    curl_multi_socket_action(bare->multi, socket, status < 0 ? CURL_CSELECT_ERR : flags, &running);
    collect(bare);
}

static void on_timer(uv_timer_t *timer)
{
    struct bare *bare = timer->loop->data;
    int running;
    curl_multi_socket_action(bare->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(bare);
}

static int on_curl_socket(CURL *curl, curl_socket_t socket, int what, void *user, void *known)
{
    struct bare *bare = user;
    uv_poll_t *poll = known;
    (void)curl;
    if (what == CURL_POLL_REMOVE) {
        if (poll) uv_close((uv_handle_t *)poll, free_poll);
        curl_multi_assign(bare->multi, socket, NULL);
        return 0;
    }
    if (!poll) {
        poll = calloc(1, sizeof *poll);
        if (!poll || uv_poll_init_socket(&bare->loop, poll, socket)) abort();
        poll->data = (void *)(intptr_t)socket;
        curl_multi_assign(bare->multi, socket, poll);
    }
    uv_poll_start(
        poll, (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
        on_poll);
    return 0;
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct bare *bare = user;
    (void)multi;
    if (timeout_ms < 0) uv_timer_stop(&bare->timer);
    else uv_timer_start(&bare->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static size_t on_reply(char *data, size_t one, size_t size, void *user)
{
    (void)data, (void)user;
    return one * size;
}

static CURL *make(const char *url, struct str body, struct curl_slist *headers)
{
    CURL *curl = curl_easy_init();
    if (!curl) return NULL;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body.size);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_reply);
    return curl;
}

static void run(struct bare *bare, const char *url, struct str body, struct curl_slist *headers,
                uint32_t at_once)
{
    for (uint32_t i = 0; i < at_once && bare->left && !bare->failed; i++) {
        CURL *curl = make(url, body, headers);
        bare->failed = !curl;
        if (!curl) break;
        bare->left--, bare->running++;
        curl_multi_add_handle(bare->multi, curl);
    }
    while (bare->running && uv_run(&bare->loop, UV_RUN_ONCE)) continue;
}

int genai_bare_run(const char *url, struct str body, uint64_t calls, uint32_t at_once,
                   struct err *err)
{
    int rc = curl_start(err);
    if (rc) return rc;
    struct bare bare = {.left = calls, .multi = curl_multi_init()};
    struct curl_slist *headers =
        curl_slist_append(curl_slist_append(NULL, "Content-Type: application/json"), "Expect:");
    if (!bare.multi || !headers || uv_loop_init(&bare.loop))
        return err_set(err, E_SYSTEM, "a bare client");
    bare.loop.data = &bare;
    uv_timer_init(&bare.loop, &bare.timer);
    curl_multi_setopt(bare.multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(bare.multi, CURLMOPT_SOCKETDATA, &bare);
    curl_multi_setopt(bare.multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(bare.multi, CURLMOPT_TIMERDATA, &bare);
    curl_multi_setopt(bare.multi, CURLMOPT_MAXCONNECTS, (long)at_once);
    run(&bare, url, body, headers, at_once);
    curl_multi_cleanup(bare.multi);
    curl_slist_free_all(headers);
    uv_close((uv_handle_t *)&bare.timer, NULL);
    uv_run(&bare.loop, UV_RUN_DEFAULT);
    uv_loop_close(&bare.loop);
    return bare.failed ? err_set(err, E_UPSTREAM, "a call of the bare client failed") : E_OK;
}
