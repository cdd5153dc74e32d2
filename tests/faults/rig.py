"""What the fault tests share: members (our programs) on a bus, their figures, and what the topics hold.

Every wait is for something that must happen; its time is only how long to wait for a hang. All that was started is
ended by its pid when the test ends, whatever happened. Only the standard library is used.
"""
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from metrics import scrape, sum_of, sums  # noqa: E402
from ports import free_port  # noqa: E402
from process import await_handler  # noqa: E402

SOURCE = os.environ.get("VERBATIM_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("VERBATIM_BIN") or f"{SOURCE}/build/release/bin"
PUT = os.environ.get("VERBATIM_TEST_PUT") or f"{BIN}/../tests/faults_put"
PATIENCE = 240  # in CI all is slower, and now and then stands still
STAGES = ("preprocess", "featurize", "segment", "genai")
READS = {"preprocess": "feedback", "featurize": "documents", "segment": "features", "genai": "segments",
         "logsink": "feedback"}
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else no `finally` runs, and members stay
for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "VERBATIM_CONFIG"):
    os.environ.pop(name, None)


def seeded():
    """One seed for all that is drawn; VERBATIM_TEST_SEED plays a run again."""
    seed = int(os.environ.get("VERBATIM_TEST_SEED", random.SystemRandom().randrange(1 << 30)))
    print("seed", seed, flush=True)
    random.seed(seed)


def wait_for(why, condition):
    until = time.monotonic() + PATIENCE
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > until:
            raise SystemExit(f"not within {PATIENCE} s: {why}")
        time.sleep(0.02)


def equal(what, got, wanted):
    if got != wanted:
        raise SystemExit(f"{what}: {got!r}, not {wanted!r}")


def http(url, body=None, headers=None):
    """(status, headers, body); (0, {}, b"") where nobody answers."""
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with OPENER.open(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()
    except OSError:
        return 0, {}, b""


class Member:
    """One of our programs, with an admin address."""

    def __init__(self, rig, worker, replica, options, crash):
        self.worker, self.port, self.log = worker, free_port(), f"{rig.dir}/{worker}-{replica}.log"
        environment = dict(os.environ)
        if crash:
            environment["VERBATIM_TEST_CRASH"] = crash
        self.process = subprocess.Popen(
            [*rig.wrapper, f"{BIN}/verbatim-{worker}", *rig.bus, f"--runtime.replica={replica}", "--runtime.backoff_most=1s",
             f"--runtime.admin=127.0.0.1:{self.port}", *rig.options.get(worker, []), *options],
            env=environment, stdout=open(self.log, "ab"), stderr=subprocess.STDOUT)

    def metrics(self):
        """name -> sum over its labels; empty while nobody answers."""
        return sums(scrape(self.port, timeout=30))

    def metric(self, name, **labels):
        return sum_of(scrape(self.port, timeout=30), name, **labels)

    def ready(self):
        return http(f"http://127.0.0.1:{self.port}/readyz")[0]

    def signal(self, number):
        self.process.send_signal(number)

    def ends(self, wanted, why):
        try:
            got = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise SystemExit(f"{why}: still running after {PATIENCE} s")
        if got != wanted:
            print(open(self.log).read()[-3000:], file=sys.stderr)
            raise SystemExit(f"{why}: exit status {got}, not {wanted}")

    def stop(self):
        await_handler(self.process, PATIENCE)
        self.signal(signal.SIGTERM)
        self.ends(0, f"SIGTERM to {self.worker}")


class Rig:
    """A scratch folder, a bus in it (or Kafka), and members; ends them all."""

    def __init__(self, bus=None, partitions=3):
        self.dir = tempfile.mkdtemp(prefix="verbatim-faults-")
        self.bus = bus or [f"--bus.path={self.dir}/bus", "--bus.durable=false", f"--bus.partitions={partitions}"]
        self.options = {"preprocess": [f"--preprocess.folder={self.dir}/preprocess"],
                        "logsink": [f"--logsink.url={self.dir}/archive", "--logsink.age=200ms"]}
        self.members, self.wrapper, self.http_port = [], [], 0

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for member in self.members:
            if member.process.poll() is None:
                member.process.kill()
                member.process.wait()
        if kind and not os.environ.get("VERBATIM_TEST_KEEP"):
            for member in self.members:
                print(f"--- {member.log}, its end\n" + open(member.log).read()[-1500:], file=sys.stderr)
        if os.environ.get("VERBATIM_TEST_KEEP"):
            print("kept:", self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def start(self, worker, *options, replica=0, crash=None):
        member = Member(self, worker, replica, options, crash)
        self.members.append(member)
        return member

    def door(self, *options, **more):
        self.http_port = self.http_port or free_port()
        door = self.start("ingest", f"--ingest.listen=127.0.0.1:{self.http_port}", *options, **more)
        if not more.get("crash"):
            wait_for("the door is open", lambda: door.ready() == 200)
        return door

    def post(self, row, query=""):
        body = row if isinstance(row, bytes) else json.dumps(row).encode()
        return http(f"http://127.0.0.1:{self.http_port}/v1/feedback{query}", body, {"Content-Type": "application/json"})

    def create_topics(self):
        subprocess.run([f"{BIN}/verbatim", "topics", "create", *self.bus], check=True, stdout=subprocess.DEVNULL)

    def send(self, ids, pad=0):
        rows = "\n".join(json.dumps({"id": id, "customer": f"customer-{i % 11}",
                                     "text": f"The parcel {id} came late and the lid was broken. {'very ' * pad}"})
                         for i, id in enumerate(ids))
        subprocess.run([f"{BIN}/verbatim", "send", *self.bus], input=rows, text=True, check=True, stdout=subprocess.DEVNULL)

    def put(self, topic, paths):
        got = subprocess.run([PUT, topic, *self.bus, *paths], check=True, capture_output=True, text=True).stdout
        equal("messages put", int(got), len(paths))

    def topic(self, topic):
        """All that a topic holds, as JSON; read_committed on Kafka."""
        got = subprocess.run([f"{BIN}/verbatim", "tail", topic, "--from-start", "--once", *self.bus], check=True,
                             capture_output=True, text=True).stdout
        return [json.loads(line) for line in got.splitlines() if line.strip()]

    def count(self, topic):
        """Messages on it, duplicates included."""
        if "--bus.kind=kafka" in self.bus:  # whose offsets count transaction markers too
            return len(self.topic(topic))
        got = subprocess.run([f"{BIN}/verbatim", "topics", "list", "--json", *self.bus], check=True, capture_output=True).stdout
        return next(row["records"] for row in json.loads(got) if row["topic"] == topic)

    def ids(self, topic):
        return collections.Counter(record.get("id") for record in self.topic(topic))

    def archived(self, topic="feedback"):
        """Lines of the archive folder, and each object's name with the number of its lines."""
        lines, objects = [], {}
        for folder, _, names in os.walk(f"{self.dir}/archive/{topic}"):
            for name in (name for name in names if name.endswith(".zst")):
                text = subprocess.run(["zstd", "-dcq", f"{folder}/{name}"], check=True, capture_output=True).stdout
                objects[f"{folder}/{name}"] = len(text.splitlines())
                lines += map(json.loads, text.splitlines())
        return lines, objects


def once_each(what, counted, wanted):
    wrong = {id: counted.get(id, 0) for id in wanted if counted.get(id, 0) != 1}
    more = {id: times for id, times in counted.items() if id not in set(wanted)}
    if wrong or more:
        raise SystemExit(f"{what}: not once each: {dict(list(wrong.items())[:5])} ({len(wrong)}); "
                         f"unknown: {dict(list(more.items())[:5])} ({len(more)})")
