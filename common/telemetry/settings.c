/* Options, else the environment, else what OpenTelemetry's specification has as defaults. */
#include "telemetry/settings.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "schema/json.h"

#define OPTIONS_OWNER struct telemetry_options
OPTIONS_TABLE(telemetry, TELEMETRY_OPTIONS, "Spans for an OpenTelemetry collector (OTLP/HTTP).");
#undef OPTIONS_OWNER

enum { TEXT_BYTES_MAX = 8192, URL_BYTES_MAX = 1024, RETRY_MS = 1000 };

/* What was found, and what errors call it. */
struct found {
    const char *value, *where;
};

static struct found find(const char *option, const char *option_name, const char *variable,
                         const char *general)
{
    const char *value = option && *option ? option : NULL, *where = option_name;
    if (!value && variable) value = getenv(variable), where = variable;
    if ((!value || !*value) && general) value = getenv(general), where = general;
    return (struct found){value ? value : "", where};
}

/* --- lists of pairs ------------------------------------------------------------------------ */

static bool decode(struct str text, char *room, size_t room_bytes, struct str *ret_text)
{
    if (!ascii_percent_decode(text, false, room, room_bytes, ret_text)) return false;
    for (size_t i = 0; i < ret_text->size; i++)
        if ((unsigned char)room[i] < ' ' || room[i] == 0x7F) return false;
    return true;
}

bool settings_next_pair(struct str *rest, char *room, size_t room_bytes, struct pair *ret_pair,
                        bool *ret_bad)
{
    *ret_bad = false;
    while (rest->size) {
        struct str value = str_trim(str_cut(rest, ','));
        if (value.size == 0) continue;
        size_t equals = str_find(value, STR("="));
        ret_pair->name = str_trim(str_slice(value, 0, equals));
        *ret_bad = equals == value.size || ret_pair->name.size == 0 ||
                   !decode(str_trim(str_slice(value, equals + 1, value.size)), room, room_bytes,
                           &ret_pair->value) ||
                   !str_is_utf8(ret_pair->name) || !str_is_utf8(ret_pair->value);
        return !*ret_bad;
    }
    return false;
}

static int refuse_pairs(const struct found *found, struct err *err)
{
    return err_set(err, E_BAD_CONFIG, "%s: name=value, parted by commas, values percent-encoded",
                   found->where);
}

/* --- where to ------------------------------------------------------------------------------ */

static int take_endpoint(struct settings *settings, const struct found *found, bool whole,
                         struct err *err)
{
    struct str url = str_of(found->value);
    bool good = (str_starts(url, STR("http://")) && url.size > 7) ||
                (str_starts(url, STR("https://")) && url.size > 8);
    for (size_t i = 0; i < url.size; i++) good = good && url.data[i] > ' ' && url.data[i] < 0x7F;
    if (!good || url.size > URL_BYTES_MAX ||
        strpbrk(found->value, "@?#\"<>\\")) /* no user or password: nobody may see one */
        return err_set(
            err, E_BAD_CONFIG,
            "%s: http:// or https://, a host, perhaps a port and a path, and nothing else",
            found->where);
    while (!whole && str_ends(url, STR("/"))) url.size--;
    struct buffer text = {0};
    buffer_printf(&text, "%.*s%s", STR_ARGS(url), whole ? "" : "/v1/traces");
    settings->url = text.failed ? NULL : strdup(buffer_cstr(&text));
    buffer_deinit(&text);
    return settings->url ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

static bool add_header(struct settings *settings, const char *line)
{
    struct curl_slist *longer = curl_slist_append(settings->headers, line);
    if (longer) settings->headers = longer;
    return longer != NULL;
}

static int take_headers(struct settings *settings, const struct found *found, struct err *err)
{
    struct str rest = str_of(found->value);
    struct pair pair;
    char room[TEXT_BYTES_MAX], line[TEXT_BYTES_MAX + 256];
    bool bad = false, ok = add_header(settings, "Content-Type: application/json") &&
                           add_header(settings, "Expect:");
    while (ok && settings_next_pair(&rest, room, sizeof room, &pair, &bad)) {
        for (size_t i = 0; i < pair.name.size; i++)
            bad = bad || pair.name.data[i] <= ' ' || pair.name.data[i] == ':';
        if (bad || pair.name.size > 128) return refuse_pairs(found, err);
        snprintf(line, sizeof line, "%.*s: %.*s", STR_ARGS(pair.name), STR_ARGS(pair.value));
        ok = add_header(settings, line);
        explicit_bzero(line, sizeof line);
    }
    explicit_bzero(room, sizeof room);
    if (!ok) return err_set(err, E_NO_MEMORY, NULL);
    return bad && found->value[0] ? refuse_pairs(found, err) : E_OK;
}

/* --- who tells ----------------------------------------------------------------------------- */

static void add_attribute(struct buffer *out, struct str name, struct str value)
{
    buffer_add(out, out->size ? STR(",{\"key\":") : STR("{\"key\":"));
    json_write_string(out, name);
    buffer_add(out, STR(",\"value\":{\"stringValue\":"));
    json_write_string(out, value);
    buffer_add(out, STR("}}"));
}

/* OTEL_SERVICE_NAME, service.name among the attributes, our own: in this order. */
static int take_resource(struct settings *settings, const struct telemetry_source *source,
                         struct err *err)
{
    struct found attributes = find(NULL, NULL, "OTEL_RESOURCE_ATTRIBUTES", NULL),
                 service = find(NULL, NULL, "OTEL_SERVICE_NAME", NULL);
    struct str rest = str_of(attributes.value), name = STR("service.name");
    struct buffer *out = &settings->resource;
    struct pair pair;
    char room[TEXT_BYTES_MAX];
    bool bad = false, named = *service.value != '\0', instance = false;
    if (named && !str_is_utf8(str_of(service.value)))
        return err_set(err, E_BAD_CONFIG, "OTEL_SERVICE_NAME is not UTF-8");
    while (settings_next_pair(&rest, room, sizeof room, &pair, &bad)) {
        bool is_name = str_equal(pair.name, name);
        if (is_name && *service.value) continue;
        named = named || is_name;
        instance = instance || str_equal(pair.name, STR("service.instance.id"));
        add_attribute(out, pair.name, pair.value);
    }
    if (bad && attributes.value[0]) return refuse_pairs(&attributes, err);
    if (*service.value)
        add_attribute(out, name, str_of(service.value));
    else if (!named)
        add_attribute(out, name, str_of(source->service));
    if (!instance) add_attribute(out, STR("service.instance.id"), str_of(source->instance));
    add_attribute(out, STR("service.version"), STR(VERBATIM_VERSION));
    return out->failed ? err_set(err, E_NO_MEMORY, NULL) : E_OK;
}

/* --- which traces -------------------------------------------------------------------------- */

static int take_sampler(struct sampler *sampler, const struct found *kind,
                        const struct found *argument, struct err *err)
{
    struct str name = str_of(kind->value);
    double ratio = 1;
    if (name.size == 0) name = STR("parentbased_always_on");
    sampler->by_parent = str_starts(name, STR("parentbased_"));
    if (sampler->by_parent) name = str_slice(name, sizeof "parentbased_" - 1, name.size);
    bool by_ratio = str_equal(name, STR("traceidratio"));
    if (str_equal(name, STR("always_off")))
        ratio = 0;
    else if (!by_ratio && !str_equal(name, STR("always_on")))
        return err_set(err, E_BAD_CONFIG,
                       "%s: \"%.60s\" is not always_on, always_off, traceidratio, or one of these "
                       "after parentbased_",
                       kind->where, kind->value);
    if (by_ratio && *argument->value &&
        (!str_to_f64(str_of(argument->value), &ratio) || !(ratio >= 0 && ratio <= 1)))
        return err_set(err, E_BAD_CONFIG, "%s: \"%.60s\" is not a number from 0 to 1",
                       argument->where, argument->value);
    sampler->below = ratio >= 1 ? UINT64_MAX : (uint64_t)(ratio * 9223372036854775808.0); /* 2^63 */
    return E_OK;
}

/* Of the trace id's second half, which is random, all but the last bit, so that a random
 * generator's parity doesn't matter; the same in each worker, so that a trace is told whole. */
bool sampler_takes(const struct sampler *sampler, const char *trace_id)
{
    uint64_t half = 0;
    if (sampler->below == UINT64_MAX) return true;
    for (int i = 16; i < 32; i++) half = half << 4 | (uint64_t)ascii_hex(trace_id[i]);
    return half >> 1 < sampler->below;
}

/* --- all ----------------------------------------------------------------------------------- */

static bool is_switched_off(void)
{
    const char *disabled = getenv("OTEL_SDK_DISABLED"), *exporter = getenv("OTEL_TRACES_EXPORTER");
    return (disabled && str_equal_ignoring_case(str_of(disabled), STR("true"))) ||
           (exporter && str_equal(str_of(exporter), STR("none")));
}

static int take_timeout(struct settings *settings, const struct telemetry_options *options,
                        struct err *err)
{
    struct found found =
        find(NULL, NULL, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT");
    uint64_t ms;
    settings->timeout_ms = options->timeout;
    if (!*found.value || options->timeout != 10000) return E_OK; /* the option was set */
    if (!str_to_u64(str_of(found.value), &ms) || ms == 0 || ms > 600000)
        return err_set(err, E_BAD_CONFIG, "%s: \"%.60s\" is not a number of milliseconds",
                       found.where, found.value);
    settings->timeout_ms = (int64_t)ms;
    return E_OK;
}

static int take_all(struct settings *settings, const struct telemetry_options *options,
                    const struct telemetry_source *source, struct err *err)
{
    struct found traces = find(NULL, NULL, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", NULL);
    struct found base =
        find(options->endpoint, "telemetry.endpoint", NULL, "OTEL_EXPORTER_OTLP_ENDPOINT");
    bool whole = !*options->endpoint && *traces.value; /* taken as it is */
    struct found headers = find(options->headers, "telemetry.headers",
                                "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS");
    struct found ca_file =
        find(options->ca_file, "telemetry.ca_file", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
             "OTEL_EXPORTER_OTLP_CERTIFICATE");
    struct found sampler = find(options->sampler, "telemetry.sampler", "OTEL_TRACES_SAMPLER", NULL);
    struct found argument =
        find(options->sampler_arg, "telemetry.sampler_arg", "OTEL_TRACES_SAMPLER_ARG", NULL);
    if ((!whole && !*base.value) || is_switched_off()) return E_OK;
    int rc = curl_start(err);
    if (rc == E_OK) rc = curl_check_ca_file(ca_file.where, ca_file.value, err);
    if (rc == E_OK) rc = take_endpoint(settings, whole ? &traces : &base, whole, err);
    if (rc == E_OK) rc = take_headers(settings, &headers, err);
    if (rc == E_OK) rc = take_resource(settings, source, err);
    if (rc == E_OK) rc = take_sampler(&settings->sampler, &sampler, &argument, err);
    if (rc == E_OK) rc = take_timeout(settings, options, err);
    if (rc == E_OK && *ca_file.value && !(settings->ca_file = strdup(ca_file.value)))
        rc = err_set(err, E_NO_MEMORY, NULL);
    settings->queue = options->queue;
    settings->every_ms = options->every;
    settings->retry_ms = RETRY_MS;
    return rc;
}

int settings_read(const struct telemetry_options *options, const struct telemetry_source *source,
                  struct settings *ret_settings, struct err *err)
{
    struct settings settings = {0};
    int rc = take_all(&settings, options, source, err);
    if (rc)
        settings_deinit(&settings);
    else
        *ret_settings = settings;
    return rc;
}

void settings_deinit(struct settings *settings)
{
    for (struct curl_slist *line = settings->headers; line; line = line->next)
        explicit_bzero(line->data, strlen(line->data));
    curl_slist_free_all(settings->headers);
    buffer_deinit(&settings->resource);
    free(settings->url);
    free(settings->ca_file);
    *settings = (struct settings){0};
}
