/* Spans for an OpenTelemetry collector, told by OTLP/HTTP in JSON; off where no endpoint is named.
 *
 *     telemetry_child(telemetry, parent, random, own)         before: which span this is
 *     if (span_begin(&span, telemetry, &place)) {             after: what it was
 *         span_text(&span, "gen_ai.operation.name", STR("chat"));
 *         span_end(&span);
 *     }
 *
 * Telling never waits: a span is written into a bounded queue, which a thread of its own empties.
 * What finds it full is dropped; what the collector doesn't take is given up after a few tries;
 * both are counted, and nothing else happens. No text of anybody's feedback belongs into a span.
 *
 * Threads: everything here may be called from any, but open and close. */
#ifndef VERBATIM_TELEMETRY_TELEMETRY_H
#define VERBATIM_TELEMETRY_TELEMETRY_H

#include "base/buffer.h"
#include "base/clock.h"
#include "config/options.h"
#include "observe/trace.h"

#define TELEMETRY_OPTIONS(O)                                                                       \
    O(STR, endpoint, "",                                                                           \
      "Base URL of an OTLP/HTTP collector that is told spans, e.g. http://127.0.0.1:4318; empty: " \
      "OTEL_EXPORTER_OTLP_ENDPOINT, else none are told.")                                          \
    O(SECRET, headers,                                                                             \
      "Headers for it, name=value parted by commas; empty: OTEL_EXPORTER_OTLP_HEADERS.")           \
    O(STR, ca_file, "",                                                                            \
      "PEM file of the authorities to trust; empty: OTEL_EXPORTER_OTLP_CERTIFICATE, else the "     \
      "system's.")                                                                                 \
    O(STR, sampler, "",                                                                            \
      "Which traces are told, by OpenTelemetry's name; empty: OTEL_TRACES_SAMPLER, else "          \
      "parentbased_always_on.")                                                                    \
    O(STR, sampler_arg, "",                                                                        \
      "Share of new traces for the samplers by ratio, 0 to 1; empty: OTEL_TRACES_SAMPLER_ARG, "    \
      "else 1.")                                                                                   \
    O(U32, queue, "2048", 1, 65536,                                                                \
      "Spans that may wait; what comes above that is dropped, and counted.")                       \
    O(MS, every, "5s", 1, 3600000, "How long a span may wait for others to go with.")              \
    O(MS, timeout, "10s", 10, 600000, "Longest time that one request to the collector may take.")
OPTIONS_STRUCT(telemetry, TELEMETRY_OPTIONS);
extern const struct option_table telemetry_option_table;

struct telemetry;

/* Who tells: OpenTelemetry's service.name (where the environment has none), service.instance.id and
 * the name of the scope. They live for ever. */
struct telemetry_source {
    const char *service, *instance, *scope;
};

/* *ret_telemetry is NULL where no endpoint is named or the environment says no (OTEL_SDK_DISABLED,
 * OTEL_TRACES_EXPORTER=none). BAD_CONFIG, NO_MEMORY, SYSTEM. */
int telemetry_open(const struct telemetry_options *options, const struct telemetry_source *source,
                   const struct clock *clock, struct telemetry **ret_telemetry,
                   struct err *err) CHECKED;
/* Tells what waits, once, for two seconds at most. NULL is ignored. */
void telemetry_close(struct telemetry *telemetry);

struct telemetry_counts {
    uint64_t told, dropped, refused; /* refused: given up, or not taken by the collector */
};
struct telemetry_counts telemetry_counts(struct telemetry *telemetry);
const char *telemetry_description(const struct telemetry *telemetry); /* the URL, for people */

/* trace_child(), with what the sampler says of a new trace in its flags. True: this span is told.
 */
bool telemetry_child(const struct telemetry *telemetry, struct str parent, struct random *random,
                     char out[static TRACE_TEXT_BYTES]);

/* --- spans ----------------------------------------------------------------------------------- */

enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER, SPAN_CLIENT, SPAN_PRODUCER, SPAN_CONSUMER };
enum { SPAN_TEXT_BYTES_MAX = 256, SPAN_LINKS_MAX = 16 };

struct span_place {
    const char *traceparent; /* its own, as telemetry_child() made it */
    struct str parent;       /* a traceparent; anything else: it is the first of its trace */
    const char *name;
    enum span_kind kind;
    int64_t began_ns, ended_ns; /* of the clock's mono_ns */
};

struct trace_span {
    struct telemetry *telemetry;
    struct buffer text;
    uint32_t links, attributes;
    const char *error;
};

/* False: telemetry is NULL, or the queue is full (counted). True: span_end() must follow. */
bool span_begin(struct trace_span *span, struct telemetry *telemetry,
                const struct span_place *place);
/* All links before the first attribute. What is no traceparent is left out, and what is too many.
 */
void span_link(struct trace_span *span, struct str traceparent);
/* Keys are constants. Texts that are empty or not UTF-8 are left out, long ones cut. */
void span_text(struct trace_span *span, const char *key, struct str value);
void span_texts(struct trace_span *span, const char *key, const struct str *values, size_t count);
void span_count(struct trace_span *span, const char *key, int64_t value);
void span_number(struct trace_span *span, const char *key, double value);
/* error.type, and the span's status: a constant. */
void span_failed(struct trace_span *span, const char *type);
void span_end(struct trace_span *span);

#endif
