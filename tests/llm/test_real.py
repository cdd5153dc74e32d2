"""Fifty real records through the whole program, answered by a real model: SmolLM2-135M on llama.cpp's server (the script
`real` gets both). What such a small model says is worth little, so nothing here judges it. Asserted is what must hold
whoever answers: each record ends as one insight; a model's claims quote the text; tokens, prompt and model are told; the
calls kept to their limit; what could not be used was asked for once more, then answered here and marked. A recorder
between the two keeps what the server said, so that it is judged by others' eyes too: by jsonschema, against the schema
that was sent. Prints one line of figures for each thing measured."""
import collections
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jsonschema
from llm_rig import Run, equal, free_port, wait_for

RECORDS = int(os.environ.get("VERBATIM_TEST_RECORDS", "50"))  # fewer: where there is no time for all
CALLS, TOKENS, SLOT_TOKENS = 2, 700, 8192
START_S, ANSWER_S = 300, 7200  # a hang is longer than that, on a busy machine too
SOURCES = (("needs/minibar_en.tsv", "en", 20), ("needs/minibar_fr.tsv", "fr", 15), ("sentiment/tweets_es.tsv", "es", 15))
SIDES = ("start", "end")
MODEL = "smollm2-135m-instruct"


def real_records(folder):
    """The same ones each time: drawn with one seed, of a length as people write."""
    draw, records = random.Random(6), []
    for name, language, count in SOURCES:
        with open(f"{folder}/{name}", encoding="utf-8") as file:
            texts = sorted({row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
                            if 40 <= len(row["text"]) <= 300})
        records += [{"id": f"{language}-{number}", "text": text, "language": language, "channel": "review"}
                    for number, text in enumerate(draw.sample(texts, count))]
    return draw.sample(records, RECORDS)


class Recorder:
    """Stands before the server: passes all on, keeps each exchange, and counts what is under way at once."""

    def __init__(self, port):
        self.exchanges, self.open, self.most, self.lock = [], 0, 0, threading.Lock()
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                recorder.pass_on(self, port)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pass_on(self, handler, port):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self.lock:
            self.open += 1
            self.most = max(self.most, self.open)
        began = time.monotonic()
        request = urllib.request.Request(f"http://127.0.0.1:{port}{handler.path}", body, {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=ANSWER_S) as reply:
                status, answer = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            status, answer = error.code, error.read()
        with self.lock:
            self.open -= 1
            self.exchanges.append((json.loads(body), status, json.loads(answer), time.monotonic() - began))
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)


class Server:
    """llama.cpp's, with room for CALLS requests at once."""

    def __init__(self, program, model, folder):
        self.port, self.log = free_port(), f"{folder}/server.log"
        self.process = subprocess.Popen(
            [program, "--model", model, "--host", "127.0.0.1", "--port", str(self.port), "--ctx-size", str(CALLS * SLOT_TOKENS),
             "--parallel", str(CALLS), "--threads", "2", "--alias", MODEL, "--no-warmup"],
            stdout=open(self.log, "wb"), stderr=subprocess.STDOUT)

    def __enter__(self):
        until = time.monotonic() + START_S
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > until:
                self.__exit__()
                raise SystemExit("llama-server doesn't start: " + open(self.log, errors="replace").read()[-1500:])
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def ready(self):
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            return opener.open(f"http://127.0.0.1:{self.port}/health", timeout=30).status == 200
        except OSError:
            return False


# --- what came out -------------------------------------------------------------------------------------

def claims_of(insight):
    """Every claim that rests on words of the text: (what, span)."""
    for span in insight["sentiment"].get("evidence", []):
        yield "sentiment", span
    for name in ("needs", "mentions", "recommendations", "signals", "aspects"):
        for claim in insight.get(name, []):
            yield name, claim


def check_insight(record):
    insight, text = record["insight"], record["document"]["text"].encode()
    for what, span in claims_of(insight):
        start, end = (span[side] for side in SIDES)
        if not 0 <= start < end <= len(text) or not text[start:end].decode("utf-8", "strict").strip():
            raise SystemExit(f"{record['id']}: {what} rests on no words: {span}")
    if insight["provider"] == "local":
        equal(f"{record['id']}, answered here, says so", insight.get("degraded"), True)
        return
    equal(f"{record['id']}: provider", insight["provider"], "openai")
    equal(f"{record['id']}: model", insight["model"], MODEL)
    if not insight["prompt"].startswith("insight-") or insight["input_tokens"] < 100 or insight["output_tokens"] < 10:
        raise SystemExit(f"{record['id']}: provenance {insight}")


def judge_exchanges(exchanges):
    """What the server said, each counted once; whether it kept to the schema is for jsonschema to say."""
    counts, out_tokens, in_tokens = collections.Counter(), 0, 0
    for request, status, answer, _ in exchanges:
        counts["calls"] += 1
        if status != 200:
            counts[f"status {status}"] += 1
            continue
        out_tokens += answer["usage"]["completion_tokens"]
        in_tokens += answer["usage"]["prompt_tokens"]
        choice, schema = answer["choices"][0], request["response_format"]["json_schema"]["schema"]
        counts["finish " + choice["finish_reason"]] += 1
        if answer["usage"]["completion_tokens"] > request["max_tokens"]:
            raise SystemExit(f"more tokens than were asked for: {answer['usage']}")
        try:
            jsonschema.validate(json.loads(choice["message"]["content"]), schema)
            counts["keep the schema"] += 1
        except json.JSONDecodeError:
            counts["no whole JSON"] += 1
        except jsonschema.ValidationError:
            counts["break the schema"] += 1
    return counts, in_tokens, out_tokens


def speeds(exchanges):
    """By the server's own clock: tokens a second of one request, read and written."""
    timings = [answer["timings"] for _, status, answer, _ in exchanges if status == 200 and "timings" in answer]
    read_ms, written_ms = (sum(timing[name] for timing in timings) for name in ("prompt_ms", "predicted_ms"))
    return (sum(timing["prompt_n"] for timing in timings) / read_ms * 1e3 if read_ms else 0,
            sum(timing["predicted_n"] for timing in timings) / written_ms * 1e3 if written_ms else 0)


def report(insights, exchanges, seconds, metrics):
    model = [record["insight"] for record in insights.values() if record["insight"]["provider"] == "openai"]
    claims = sum(1 for insight in model for _ in claims_of(insight))
    dropped = sum(insight.get("dropped_claims", 0) for insight in model)
    first = sum(insight.get("attempts", 0) == 1 for insight in model)
    counts, in_tokens, out_tokens = judge_exchanges(exchanges)
    read, written = speeds(exchanges)
    print(f"records: {len(insights)}; by the model at first {first}, after a repair {len(model) - first}, "
          f"degraded to local {len(insights) - len(model)}; {seconds:.0f} s")
    print("server: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    print(f"claims of the model: {claims + dropped}, located in the text {claims}, dropped {dropped}")
    print(f"tokens: {in_tokens} in, {out_tokens} out; a request reads {read:.0f} and writes {written:.1f} tokens/s")
    equal("tokens in, by our metric", metrics["input"], in_tokens)
    equal("tokens out, by our metric", metrics["output"], out_tokens)
    if not model:
        raise SystemExit("the model has answered nothing that is of use: nothing was shown")


def await_all(run):
    until = time.monotonic() + ANSWER_S
    while run.alive() and run.done() < RECORDS:
        if time.monotonic() > until:
            raise SystemExit(f"{run.done():.0f} of {RECORDS} records in {ANSWER_S} s")
        time.sleep(0.5)
    return wait_for("all insights", lambda: (lambda found: found if len(found) >= RECORDS else None)(run.topic("insights")))


def main():
    program, model, folder = sys.argv[1:]
    records = real_records(folder)
    equal("records", len(records), RECORDS)
    with tempfile.TemporaryDirectory() as scratch, Server(program, model, scratch) as server:
        recorder = Recorder(server.port)
        with Run("--genai.providers=openai", f"--openai.endpoint=http://127.0.0.1:{recorder.port}/v1", f"--openai.model={MODEL}",
                 "--openai.deadline=30m", "--genai.patience=1h", f"--genai.calls={CALLS}", "--genai.batch_records=1",
                 f"--genai.answer_tokens={TOKENS}") as run:
            began = time.monotonic()
            run.post(records)
            insights = await_all(run)
            seconds = time.monotonic() - began
            equal("one insight for each record", sorted(insights), sorted(record["id"] for record in records))
            for record in insights.values():
                check_insight(record)
            report(insights, recorder.exchanges, seconds,
                   {kind: run.metric("gen_ai_client_token_usage_sum", gen_ai_token_type=kind) for kind in ("input", "output")})
            equal("dead letters", len(run.topic("dead-letters")), 0)
            run.stop()
        if recorder.most > CALLS:
            raise SystemExit(f"{recorder.most} calls at once, not {CALLS} at most")
        if len(recorder.exchanges) > 2 * RECORDS:
            raise SystemExit(f"{len(recorder.exchanges)} calls for {RECORDS} records: one each, and one repair")


main()
