"""What the tests of remote models share: `verbatim run` on the embedded bus with a provider on loopback, posts, and
what became of each record."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))
from rig import BIN, PATIENCE, SOURCE, equal, free_port, http, wait_for  # noqa: E402
from metrics import scrape, sum_of  # noqa: E402
from ports import free_ports  # noqa: E402

__all__ = ["SOURCE", "Run", "equal", "free_port", "http", "letters", "wait_for"]
for name in ("AWS_BEARER_TOKEN_BEDROCK", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
    os.environ.pop(name, None)
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1"


def letters(number):
    """A word for each number: it survives cleaning and redaction."""
    return "zork" + "".join(chr(ord("a") + number // 26 ** i % 26) for i in (2, 1, 0))


class Run:
    """`verbatim run`, all six workers; ends with the test, whatever happened."""

    def __init__(self, *options):
        self.dir = tempfile.mkdtemp(prefix="verbatim-llm-")
        self.http, self.admin = free_port(), free_ports(6, in_a_row=True)[0]  # one for each worker
        self.log = f"{self.dir}/run.log"
        self.options, self.process = options, None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if kind and os.path.exists(self.log):
            sys.stderr.write("--- run.log, its end\n" + open(self.log).read()[-2000:])
        if not os.environ.get("VERBATIM_TEST_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def start(self):
        self.process = subprocess.Popen(
            [f"{BIN}/verbatim", "run", "--no-sample", "--quiet", "--data", self.dir, f"--ingest.listen=127.0.0.1:{self.http}",
             f"--runtime.admin=127.0.0.1:{self.admin}", "--bus.durable=false",
             "--genai.digest_every=0",  # an hour may end in any test, and a digest buys calls
             *self.options],
            stdout=open(self.log, "ab"), stderr=subprocess.STDOUT)
        wait_for("run is ready", lambda: self.alive() and http(f"http://127.0.0.1:{self.http}/readyz")[0] == 200)

    def alive(self):
        if self.process.poll() is not None:
            raise SystemExit(f"verbatim run ended with {self.process.returncode}: {open(self.log).read()[-1500:]}")
        return True

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        equal("SIGTERM ends it with 0", self.process.wait(PATIENCE), 0)

    def post(self, records):
        body = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
        status, _, answer = http(f"http://127.0.0.1:{self.http}/v1/feedback", body, {"Content-Type": "application/x-ndjson"})
        equal(f"a receipt for {len(records)} ({answer[:200]!r})", status, 202)

    def topic(self, topic):
        """Its records by id; each may be there once only."""
        read = subprocess.run([f"{BIN}/verbatim", "tail", "--once", "--json", f"--bus.path={self.dir}/bus", topic],
                              stdout=subprocess.PIPE, check=True, timeout=600)
        found = {}
        for line in read.stdout.splitlines():
            record = json.loads(line)
            if record["id"] in found:
                raise SystemExit(f"{topic}: {record['id']} is there twice")
            found[record["id"]] = record
        return found

    def await_topic(self, topic, count):
        """Once it holds so many; the metrics tell when it pays to look."""
        wait_for(f"{count} on {topic}", lambda: self.alive() and self.done() >= count)
        return wait_for(f"{count} on {topic}", lambda: (lambda found: found if len(found) >= count else None)(self.topic(topic)))

    def metrics(self):
        """Of genai: sample -> value."""
        return scrape(self.admin + 4, timeout=30)

    def metric(self, name, **labels):
        return sum_of(self.metrics(), name, **labels)

    def done(self):
        return self.metric("verbatim_records_total", result="done")
