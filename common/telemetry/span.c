/* One span as OTLP's JSON has it: ids in hex, 64-bit numbers as text, enums as numbers.
 * Source: opentelemetry-proto, trace/v1/trace.proto, and the OTLP specification, "JSON Protobuf
 * Encoding". */
#include <math.h>

#include "schema/json.h"
#include "telemetry/internal.h"

enum { STATUS_ERROR = 2, USUAL_BYTES = 1024 };

bool telemetry_child(const struct telemetry *telemetry, struct str parent, struct random *random,
                     char out[static TRACE_TEXT_BYTES])
{
    const struct sampler *sampler = telemetry ? &telemetry->settings.sampler : NULL;
    trace_child(parent, random, out);
    if (!sampler) return false;
    bool told = sampler->by_parent && trace_is_valid(parent) ? trace_is_sampled(str_of(out))
                                                             : sampler_takes(sampler, out + 3);
    memcpy(out + TRACE_TEXT_BYTES - 3, told ? "01" : "00", 2);
    return told;
}

/* `digits` of a traceparent, from `at`. */
static void write_id(struct buffer *out, const char *key, const char *traceparent, int at,
                     int digits)
{
    buffer_printf(out, "\"%s\":\"%.*s\"", key, digits, traceparent + at);
}

static int64_t unix_ns(struct telemetry *telemetry, int64_t mono_ns)
{
    return mono_ns + atomic_load(&telemetry->wall_less_mono_ns);
}

bool span_begin(struct trace_span *span, struct telemetry *telemetry,
                const struct span_place *place)
{
    struct buffer *out = &span->text;
    if (!telemetry) return false;
    *span = (struct trace_span){.telemetry = telemetry};
    if (atomic_load(&telemetry->waiting) >= telemetry->settings.queue) {
        atomic_fetch_add(&telemetry->dropped, 1);
        return false;
    }
    if (buffer_reserve(out, USUAL_BYTES)) buffer_add_char(out, '{');
    write_id(out, "traceId", place->traceparent, 3, 32);
    buffer_add_char(out, ',');
    write_id(out, "spanId", place->traceparent, 36, 16);
    if (trace_is_valid(place->parent)) {
        buffer_add_char(out, ',');
        write_id(out, "parentSpanId", place->parent.data, 36, 16);
    }
    buffer_add(out, STR(",\"name\":"));
    json_write_string(out, str_slice(str_of(place->name), 0, SPAN_TEXT_BYTES_MAX));
    int64_t ended_ns = unix_ns(telemetry, place->ended_ns),
            took_ns = place->ended_ns - place->began_ns;
    buffer_printf(out, ",\"kind\":%d,\"startTimeUnixNano\":\"%lld\",\"endTimeUnixNano\":\"%lld\"",
                  (int)place->kind, (long long)(ended_ns - took_ns), (long long)ended_ns);
    return true;
}

void span_link(struct trace_span *span, struct str traceparent)
{
    struct buffer *out = &span->text;
    if (!trace_is_valid(traceparent) || span->links >= SPAN_LINKS_MAX || span->attributes) return;
    buffer_add(out, span->links++ ? STR(",{") : STR(",\"links\":[{"));
    write_id(out, "traceId", traceparent.data, 3, 32);
    buffer_add_char(out, ',');
    write_id(out, "spanId", traceparent.data, 36, 16);
    buffer_add_char(out, '}');
}

static struct buffer *add_key(struct trace_span *span, const char *key)
{
    struct buffer *out = &span->text;
    if (!span->attributes && span->links) buffer_add_char(out, ']');
    buffer_add(out, span->attributes++ ? STR(",{\"key\":\"") : STR(",\"attributes\":[{\"key\":\""));
    buffer_add(out, str_of(key));
    buffer_add(out, STR("\",\"value\":{"));
    return out;
}

/* Whole characters, at most so many bytes; nothing where it isn't UTF-8. */
static struct str fit(struct str text)
{
    if (!str_is_utf8(text)) return (struct str){0};
    struct str cut = str_slice(text, 0, SPAN_TEXT_BYTES_MAX);
    cut.size = str_utf8_valid_prefix(cut);
    return cut;
}

void span_text(struct trace_span *span, const char *key, struct str value)
{
    value = fit(value);
    if (value.size == 0) return;
    struct buffer *out = add_key(span, key);
    buffer_add(out, STR("\"stringValue\":"));
    json_write_string(out, value);
    buffer_add(out, STR("}}"));
}

void span_texts(struct trace_span *span, const char *key, const struct str *values, size_t count)
{
    struct buffer *out = add_key(span, key);
    bool first = true;
    buffer_add(out, STR("\"arrayValue\":{\"values\":["));
    for (size_t i = 0; i < count; i++) {
        struct str value = fit(values[i]);
        if (value.size == 0) continue;
        buffer_add(out, first ? STR("{\"stringValue\":") : STR(",{\"stringValue\":"));
        json_write_string(out, value);
        buffer_add_char(out, '}');
        first = false;
    }
    buffer_add(out, STR("]}}}"));
}

void span_count(struct trace_span *span, const char *key, int64_t value)
{
    buffer_printf(add_key(span, key), "\"intValue\":\"%lld\"}}", (long long)value);
}

void span_number(struct trace_span *span, const char *key, double value)
{
    if (isfinite(value)) buffer_printf(add_key(span, key), "\"doubleValue\":%.9g}}", value);
}

void span_failed(struct trace_span *span, const char *type)
{
    span_text(span, "error.type", str_of(type));
    span->error = type;
}

void span_end(struct trace_span *span)
{
    struct buffer *out = &span->text;
    if (span->links || span->attributes) buffer_add_char(out, ']');
    if (span->error) buffer_printf(out, ",\"status\":{\"code\":%d}", STATUS_ERROR);
    buffer_add_char(out, '}');
    if (out->failed)
        atomic_fetch_add(&span->telemetry->dropped, 1);
    else
        telemetry_queue(span->telemetry, buffer_str(out));
    buffer_deinit(out);
}
