/* Accepting connections. */
#ifndef VERBATIM_HTTP_ADMISSION_H
#define VERBATIM_HTTP_ADMISSION_H

#include <uv.h>

void admission_on_connection(uv_stream_t *listener, int status); /* listener->data is the server */

#endif
