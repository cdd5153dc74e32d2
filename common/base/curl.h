/* libcurl, loaded when somebody is first called by it: it brings some thirty libraries and 4 MiB to
 * a process, and most workers never call anybody.
 *
 * Its functions have their own names: curl.c defines those that we use, and passes them on. One
 * that isn't there yet doesn't link. They are hidden (-fvisibility=hidden): a library that is
 * linked to libcurl itself, as librdkafka may be, keeps to its own. */
#ifndef VERBATIM_BASE_CURL_H
#define VERBATIM_BASE_CURL_H

#include <curl/curl.h>

#include "base/err.h"

/* Loads it and starts it up, once; any thread, any number of times. To be called before the others,
 * but for curl_easy_init(), curl_slist_append() and curl_getdate(), which do so themselves and fail
 * without it. SYSTEM: it isn't there. */
int curl_start(struct err *err) CHECKED;

/* libcurl would say of a bad CURLOPT_CAINFO when it first calls somebody, which may be hours later:
 * is there a certificate in it? NULL and "": the system's authorities. BAD_CONFIG, which says
 * `where` the path was given: "store.ca_file". */
int curl_check_ca_file(const char *where, const char *path, struct err *err) CHECKED;

#endif
