/* GET /metrics, /healthz and /readyz on an address of the worker's own. */

#include "runtime/internal.h"

static void write_flow(struct runtime *runtime, struct metrics_writer *writer)
{
    const struct flow_counters *counters = &runtime->flow.counters;
    metrics_sample(writer, METRIC_RECORDS, "result", "done", (double)counters->done);
    metrics_sample(writer, METRIC_RECORDS, "result", "rejected", (double)counters->rejected);
    metrics_sample(writer, METRIC_RECORDS, "result", "dropped", (double)counters->dropped);
    metrics_sample(writer, METRIC_OUTPUTS, NULL, NULL, (double)counters->outputs);
    metrics_sample(writer, METRIC_INPUT_BYTES, NULL, NULL, (double)counters->input_bytes);
    metrics_sample(writer, METRIC_RETRIES, NULL, NULL, (double)counters->retries);
    /* From 0 on: Prometheus sees no increase in a series that begins at 1, and the first letter
     * of a cause would alert nobody. */
    for (int i = 1; i < ERR_COUNT; i++)
        if (err_class((enum err_code)i) != ERR_FATAL || counters->dead_letters[i])
            metrics_sample(writer, METRIC_DEAD_LETTERS, "cause", err_name((enum err_code)i),
                           (double)counters->dead_letters[i]);
    metrics_sample(writer, METRIC_COMMITS, "result", "done", (double)runtime->commits_done);
    metrics_sample(writer, METRIC_COMMITS, "result", "retried", (double)runtime->commits_retried);
    metrics_sample(writer, METRIC_COMMITS, "result", "cancelled",
                   (double)runtime->commits_cancelled);
    metrics_histogram(writer, METRIC_COMMIT_SECONDS, NULL, 0, &runtime->commit_seconds);
    metrics_histogram(writer, METRIC_PROCESS_SECONDS, NULL, 0, &counters->process_seconds);
    metrics_histogram(writer, METRIC_LATENCY_SECONDS, NULL, 0, &counters->age_seconds);
    metrics_sample(writer, METRIC_IN_FLIGHT, NULL, NULL, runtime->flow.in_flight);
    bool waits = runtime->paused || runtime->poll_failures || runtime->commit_failures;
    metrics_sample(writer, METRIC_PAUSED, NULL, NULL, waits);
}

static void write_backlog(struct runtime *runtime, struct metrics_writer *writer)
{
    metrics_sample(writer, METRIC_MISSED, NULL, NULL, (double)bus_missed(runtime->consumer));
    for (size_t i = 0; i < runtime->backlog_count; i++) {
        char partition[16];
        snprintf(partition, sizeof partition, "%u", runtime->backlog[i].partition);
        metrics_sample2(writer, METRIC_BACKLOG_RECORDS, "topic",
                        topic_info(runtime->backlog[i].topic)->name, "partition", partition,
                        (double)runtime->backlog[i].records);
    }
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (runtime->worker->consumes >> i & 1)
            metrics_sample(writer, METRIC_BACKLOG_SECONDS, "topic", topic_info((enum topic)i)->name,
                           status_backlog_seconds(runtime, (enum topic)i));
}

/* Of the certificate that we log in to Kafka with: as the file says, which a restart would take. */
static void write_certificate(const struct runtime *runtime, struct metrics_writer *writer)
{
    for (size_t i = 0; i < config_property_count(runtime->config); i++) {
        const char *name, *path;
        config_property(runtime->config, i, &name, &path);
        if (!str_equal(str_of(name), STR("ssl.certificate.location"))) continue;
        int64_t expires = http_certificate_file_expires(path);
        if (expires) metrics_sample(writer, METRIC_CERTIFICATE, "use", "kafka", (double)expires);
    }
}

static void write_spans(struct telemetry *telemetry, struct metrics_writer *writer)
{
    struct telemetry_counts counts = telemetry_counts(telemetry);
    metrics_sample(writer, METRIC_SPANS, "result", "told", (double)counts.told);
    metrics_sample(writer, METRIC_SPANS, "result", "dropped", (double)counts.dropped);
    metrics_sample(writer, METRIC_SPANS, "result", "refused", (double)counts.refused);
}

static void write_metrics(struct runtime *runtime, struct buffer *out)
{
    char common[128];
    snprintf(common, sizeof common, "worker=\"%s\",member=\"%s\"", runtime->worker->name,
             runtime->member);
    struct metrics_writer writer = {.out = out, .common = common};
    metrics_sample2(&writer, METRIC_BUILD, "version", VERBATIM_VERSION, "bus",
                    bus_description(runtime->bus), 1);
    double uptime = (double)(clock_mono_ns(runtime->context.clock) - runtime->started_ns) * 1e-9;
    metrics_sample(&writer, METRIC_START_SECONDS, NULL, NULL,
                   (double)clock_wall_ms(runtime->context.clock) * 1e-3 - uptime);
    if (runtime->ready_ns)
        metrics_sample(&writer, METRIC_READY_SECONDS, NULL, NULL,
                       (double)(runtime->ready_ns - runtime->started_ns) * 1e-9);
    if (runtime->consumer) write_flow(runtime, &writer), write_backlog(runtime, &writer);
    metrics_sample(&writer, METRIC_CONFIG_RELOADS, "result", "done", (double)runtime->reloads_done);
    metrics_sample(&writer, METRIC_CONFIG_RELOADS, "result", "refused",
                   (double)runtime->reloads_refused);
    write_certificate(runtime, &writer);
    if (runtime->telemetry) write_spans(runtime->telemetry, &writer);
    if (runtime->worker->metrics) runtime->worker->metrics(&runtime->context, &writer);
    metrics_process(&writer);
}

static void answer_metrics(struct runtime *runtime, struct http_request *request)
{
    struct buffer out = {0};
    write_metrics(runtime, &out);
    if (out.failed) http_refuse(request, 503, "Short of memory.");
    else
        http_respond(request, 200, STR("text/plain; version=0.0.4; charset=utf-8"),
                     buffer_str(&out));
    buffer_deinit(&out);
}

/* Alive: the loop turns, or nobody would answer. Ready: the bus is open, and answers. */
static void on_request(struct http_request *request, void *user)
{
    struct runtime *runtime = user;
    if (request->method != HTTP_METHOD_GET && request->method != HTTP_METHOD_HEAD)
        http_refuse(request, 405, "Only GET is served here.");
    else if (str_equal(request->path, STR("/metrics"))) answer_metrics(runtime, request);
    else if (str_equal(request->path, STR("/healthz")))
        http_respond(request, 200, STR("text/plain"), STR("alive\n"));
    else if (!str_equal(request->path, STR("/readyz")))
        http_refuse(request, 404, "Served here: /metrics, /healthz, /readyz.");
    else if (runtime->phase != PHASE_RUNNING)
        http_refuse_busy(request, 503, 1, "Starting or stopping.");
    else if (!runtime_is_ready(runtime))
        http_refuse_busy(request, 503, 1, "The bus does not answer.");
    else http_respond(request, 200, STR("text/plain"), STR("ready\n"));
}

/* It tells no secrets, but how much there is to do, to whoever asks. */
static int check_open(const struct runtime *runtime, const char *host, struct err *err)
{
    if (runtime->options.admin_open || http_is_loopback(host)) return E_OK;
    return err_set(err, E_BAD_CONFIG,
                   "%s is no loopback address: whoever reaches it may read /metrics; where that is "
                   "wanted, set runtime.admin_open = true", host);
}

int admin_start(struct runtime *runtime, struct err *err)
{
    char host[HTTP_HOST_BYTES];
    struct http_server_config config = {.address = host, .on_request = on_request, .user = runtime,
                                        .limits = {.body_bytes = 1024, .connections = 64}};
    int rc = http_split_address("runtime.admin", runtime->options.admin, host, &config.port, err);
    if (rc == E_OK) rc = check_open(runtime, host, err);
    if (rc == E_OK) rc = http_server_start(&runtime->loop, &config, &runtime->admin, err);
    if (rc) return err_wrap(err, "runtime.admin %s", runtime->options.admin);
    http_join_address(runtime->admin_listens, host, http_server_port(runtime->admin));
    return E_OK;
}
