/* Which libcurl a library of others is linked to: test_curl.c. */
#include <curl/curl.h>

void *(*curl_user_calls(void))(void);
void *(*curl_user_calls(void))(void) { return curl_easy_init; }
