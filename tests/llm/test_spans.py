"""A call of a model as OpenTelemetry's collector sees it, and how a record came to it: `verbatim run` tells its spans to
a stub, whose requests opentelemetry-proto parses. Each trace hangs together from the caller's span to the model, attributes
are those of the conventions for generative AI, no word of the feedback is in them, and a collector that is gone costs a counter."""
import base64
import collections
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from llm_rig import SOURCE, Run, equal, letters, wait_for
from mock import Mock

COUNT, TRACE, CALLER = 12, "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SECRETS = ("jar", "lid", "zork", "Need of", "See to", "customer-7")
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "mock", "gen_ai.response.model": "mock-1",
        "gen_ai.usage.input_tokens": 900, "gen_ai.usage.output_tokens": 120, "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.output.type": "json", "server.address": "127.0.0.1"}


def reexec():
    """This test in a Python that has opentelemetry-proto."""
    made = subprocess.run([f"{SOURCE}/tests/lib/python.sh", f"{SOURCE}/tests/llm/requirements-spans.txt"], stdout=subprocess.PIPE, text=True)
    sys.exit(77 if made.returncode else subprocess.run([made.stdout.strip(), __file__, "there"]).returncode)


class Collector:
    """Takes whatever comes, and keeps it."""

    def __init__(self):
        collector = self
        self.requests, self.lock = [], threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with collector.lock:
                    collector.requests.append((self.path, dict(self.headers), body))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def spans(self):
        """All so far: (service, scope, span), as the protocol's own definition reads them."""
        with self.lock:
            requests = list(self.requests)
        return [found for request in requests for found in parse(*request)]


def parse(path, headers, body):
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    equal("path", path, "/v1/traces")
    equal("Content-Type", headers["Content-Type"], "application/json")
    equal("the configured header", headers["api-key"], "spans test")
    tree = json.loads(body)
    for span in (span for resource in tree["resourceSpans"] for scope in resource["scopeSpans"] for span in scope["spans"]):
        for place in (span, *span.get("links", ())):  # OTLP's JSON has ids in hex; protobuf's own in base64
            for name in ("traceId", "spanId", "parentSpanId"):
                if name in place:
                    place[name] = base64.b64encode(bytes.fromhex(place[name])).decode()
    request = json_format.ParseDict(tree, ExportTraceServiceRequest())  # an unknown field is an error
    for resource in request.resource_spans:
        attributes = attributes_of(resource.resource)
        equal("deployment.environment.name", attributes["deployment.environment.name"], "test bed")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield attributes["service.name"], scope.scope.name, span


def value_of(value):
    kind = value.WhichOneof("value")
    return [value_of(item) for item in value.array_value.values] if kind == "array_value" else getattr(value, kind)


def attributes_of(holder):
    counted = collections.Counter(item.key for item in holder.attributes)
    equal("no attribute twice", [key for key, count in counted.items() if count > 1], [])
    return {item.key: value_of(item.value) for item in holder.attributes}


def check_chats(spans, calls):
    by_id = {span.span_id: (service, span) for service, _, span in spans}
    chats = [span for _, _, span in spans if span.name.startswith("chat")]
    equal("a span for each call", len(chats), calls)
    for span in chats:
        attributes = attributes_of(span)
        equal("name", span.name, "chat mock")
        equal("kind: a client", span.kind, 3)
        service, parent = by_id[span.parent_span_id]
        equal("its parent", (service, parent.name), ("verbatim-genai", "process segments"))
        equal("of its parent's trace", span.trace_id, parent.trace_id)
        equal("links to the others", len(span.links), attributes["verbatim.records"] - 1)
        for link in span.links:
            equal("a link", by_id[link.span_id][1].name, "process segments")
        if not parent.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano <= parent.end_time_unix_nano:
            raise SystemExit("a call outside its record's time")
        if attributes.get("error.type"):
            equal("a failed call", (attributes["error.type"], span.status.code, attributes["http.response.status_code"]), ("server_error", 2, 500))
            continue
        equal("no error", span.status.code, 0)
        for name, wanted in CHAT.items():
            equal(name, attributes.get(name), wanted)
        if not attributes["gen_ai.response.id"].startswith("call-") or attributes["server.port"] <= 0:
            raise SystemExit(f"{attributes}")
    equal("calls that failed", sum("error.type" in attributes_of(span) for span in chats), 1)


def check_trace(spans):
    """From the caller to the insight's archive, each a child of the one before."""
    at, path = bytes.fromhex(CALLER), []
    ours = [(service, span) for service, _, span in spans if span.trace_id.hex() == TRACE]
    for name in ("send feedback", "process feedback", "process documents", "process features", "process segments"):
        found = [(service, span) for service, span in ours if span.parent_span_id == at and span.name == name and service != "verbatim-logsink"]
        equal(f"{name}, once, below the one before", len(found), 1)
        at = found[0][1].span_id
        path.append(found[0][0].removeprefix("verbatim-"))
        equal("the record's id", attributes_of(found[0][1])["messaging.message.id"], "traced")
    equal("who", path, ["ingest", "preprocess", "featurize", "segment", "genai"])
    equal("archived", [span.name for service, span in ours if service == "verbatim-logsink" and span.parent_span_id == at], ["process insights"])
    equal("no other is the caller's child", len([span for _, span in ours if span.parent_span_id.hex() == CALLER and span.name == "send feedback"]), 1)


def check_orphans(spans):
    known = {span.span_id for _, _, span in spans} | {bytes.fromhex(CALLER), b""}
    equal("spans whose parent nobody told", [span.name for _, _, span in spans if span.parent_span_id not in known], [])


def post(run):
    run.post([{"id": f"r-{n}", "customer": "customer-7", "text": f"The lid of the jar came off at once {letters(n)}"} for n in range(COUNT)])


def check_metrics(run, calls):
    labels = {"gen_ai_operation_name": "chat", "gen_ai_provider_name": "openai", "gen_ai_request_model": "mock", "server_address": "127.0.0.1"}
    seconds, tokens = "gen_ai_client_operation_duration_seconds", "gen_ai_client_token_usage"
    equal("durations", run.metric(f"{seconds}_count", **labels), calls)
    equal("of the failed one", run.metric(f"{seconds}_count", error_type="server_error", **labels), 1)
    equal("calls with input tokens", run.metric(f"{tokens}_count", gen_ai_token_type="input", **labels), calls - 1)
    equal("output tokens", run.metric(f"{tokens}_sum", gen_ai_token_type="output", **labels), 120 * (calls - 1))
    equal("900 tokens are above 256", run.metric(f"{tokens}_bucket", gen_ai_token_type="input", le="256", **labels), 0)
    equal("and not above 1024", run.metric(f"{tokens}_bucket", gen_ai_token_type="input", le="1024", **labels), calls - 1)


def told(collector, mock):
    """What check_* need: all workers have told, each by a thread of its own, as far as the last insight's archiving."""
    def all_spans():
        spans = collector.spans()
        steps = collections.Counter((service, span.name) for service, _, span in spans)
        wanted = {(f"verbatim-{worker}", f"process {topic}"): COUNT + 1 for worker, topic in (
            ("preprocess", "feedback"), ("featurize", "documents"), ("segment", "features"), ("genai", "segments"), ("logsink", "insights"))}
        wanted.update({("verbatim-ingest", "send feedback"): COUNT + 1, ("verbatim-genai", "chat mock"): len(mock.calls)})
        return spans if all(steps[step] >= count for step, count in wanted.items()) else None
    return all_spans


def options_for(mock, port):
    return ("--genai.providers=openai,local", "--openai.model=mock", f"--openai.endpoint=http://127.0.0.1:{mock.port}/v1", "--genai.calls=2",
            "--genai.retry_least=1ms", f"--telemetry.endpoint=http://127.0.0.1:{port}", "--telemetry.headers=api-key=spans%20test",
            "--telemetry.every=50ms")


def well():
    collector = Collector()
    with Mock() as mock, Run(*options_for(mock, collector.port)) as run:
        mock.fault = "fail_first"
        import urllib.request
        body = json.dumps({"id": "traced", "customer": "customer-7", "text": "The lid of the jar came off at once zork"}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{run.http}/v1/feedback", body,
                                         {"Content-Type": "application/json", "traceparent": f"00-{TRACE}-{CALLER}-01"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            equal("a receipt", answer.status, 202)
        post(run)
        run.await_topic("insights", COUNT + 1)
        spans = wait_for("all spans", told(collector, mock))
        calls = len(mock.calls)
        check_chats(spans, calls)
        check_trace(spans)
        check_orphans(spans)
        check_metrics(run, calls)
        equal("nothing dropped", run.metric("verbatim_spans_total", result="dropped") + run.metric("verbatim_spans_total", result="refused"), 0)
        run.stop()
        everything = b"".join(body for _, _, body in collector.requests).decode()
        equal("words of the feedback, the answers or the customer", [word for word in SECRETS if word in everything], [])
        print(f"{len(collector.spans())} spans in {len(collector.requests)} requests, {calls} calls of a model")


def gone():
    """Nobody listens: insights come all the same, and the queue's bound holds."""
    with Mock() as mock, Run(*options_for(mock, 9), "--telemetry.queue=4") as run:
        post(run)
        equal("insights", len(run.await_topic("insights", COUNT)), COUNT)
        wait_for("spans are dropped, and counted", lambda: run.metric("verbatim_spans_total", result="dropped") > 0)
        equal("told", run.metric("verbatim_spans_total", result="told"), 0)
        run.stop()


def off():
    """No endpoint: no metric of it either."""
    with Mock() as mock, Run(*options_for(mock, 9)[:5]) as run:
        post(run)
        run.await_topic("insights", COUNT)
        equal("no spans", [name for name in run.metrics() if name.startswith("verbatim_spans_total")], [])
        run.stop()


if len(sys.argv) == 1:
    reexec()
import os  # noqa: E402

os.environ["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment.name=test%20bed"
for scenario in (well, gone, off):
    scenario()
