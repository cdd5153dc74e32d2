/* Where spans go and which, from our options and OpenTelemetry's environment variables (options
 * win). Source: "OpenTelemetry Protocol Exporter" and "Environment Variable Specification" of its
 * specification. */
#ifndef VERBATIM_TELEMETRY_SETTINGS_H
#define VERBATIM_TELEMETRY_SETTINGS_H

#include "base/curl.h"
#include "telemetry/telemetry.h"

struct sampler {
    bool by_parent; /* a trace that has begun is told if its flags say so */
    uint64_t below; /* of new ones: told if the low half of the trace id, halved, is below;
                       UINT64_MAX: all */
};

struct settings {
    char *url, *ca_file;        /* url NULL: nothing is told; ca_file NULL: the system's */
    struct curl_slist *headers; /* Content-Type among them */
    struct buffer
        resource; /* its attributes, as OTLP's JSON has them, without the array's brackets */
    struct sampler sampler;
    uint32_t queue;
    int64_t every_ms, timeout_ms, retry_ms; /* retry: the first pause, which then doubles */
};

/* BAD_CONFIG names the option or variable that can't be meant. NO_MEMORY. */
int settings_read(const struct telemetry_options *options, const struct telemetry_source *source,
                  struct settings *ret_settings, struct err *err) CHECKED;
void settings_deinit(struct settings *settings); /* zeroed is valid */

/* "name=value,name=value", values percent-encoded (W3C Baggage): the next pair, decoded into
 * `room`. False at the end, and with *ret_bad for what isn't of that form or holds control
 * characters. */
struct pair {
    struct str name, value;
};
bool settings_next_pair(struct str *rest, char *room, size_t room_bytes, struct pair *ret_pair,
                        bool *ret_bad);

/* What the sampler says of a trace that begins with this id, 32 digits. */
bool sampler_takes(const struct sampler *sampler, const char *trace_id);

#endif
