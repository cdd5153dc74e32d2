"""Two replicas of verbatim-logsink on a real Kafka: one is killed with -9, the other is stopped until it has lost
its partitions and then goes on as if it hadn't. Every record must be in the archive once.

usage: KAFKA_BOOTSTRAP=HOST:PORT archive.py BIN-FOLDER
"""
import collections
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import zstandard

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from metrics import scrape, sums  # noqa: E402
from ports import free_port  # noqa: E402

BIN, DIR = sys.argv[1], tempfile.TemporaryDirectory()
BUS = ["--bus.kind=kafka", f"--kafka.bootstrap.servers={os.environ['KAFKA_BOOTSTRAP']}", "--bus.partitions=4",
       "--bus.topic_prefix=archived."]
sent = 0


def send(count):
    global sent
    rows = [{"text": f"Number {sent + i} came late. " * 10, "id": f"record-{sent + i}", "customer": f"c-{i % 50}"}
            for i in range(count)]
    subprocess.run([f"{BIN}/verbatim", "send", *BUS], input="\n".join(map(json.dumps, rows)), text=True, check=True,
                   stdout=subprocess.DEVNULL)
    sent += count


class Member:
    def __init__(self, replica):
        self.port = free_port()
        self.process = subprocess.Popen([
            f"{BIN}/verbatim-logsink", *BUS, "--kafka.session.timeout.ms=6000", f"--logsink.url={DIR.name}/archive",
            "--logsink.age=2s", "--logsink.count=1500", f"--runtime.replica={replica}", "--runtime.log_level=warn",
            f"--runtime.admin=127.0.0.1:{self.port}"])

    def metric(self, name):
        """Its sum over all labels; -1 while the member doesn't answer or has none."""
        return sums(scrape(self.port, timeout=2)).get(name, -1)

    def memory_mib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))


def archived():
    """How often each record is there, and each place of any topic."""
    records, places = collections.Counter(), collections.Counter()
    for path in glob.glob(f"{DIR.name}/archive/*/date=*/*/*.zst"):
        with open(path, "rb") as file:
            text = zstandard.ZstdDecompressor().decompress(file.read())
        for line in map(json.loads, text.splitlines()):
            places[(line["bus"]["topic"], line["bus"]["partition"], line["bus"]["offset"])] += 1
            if line["bus"]["topic"] == "feedback":
                records[line["id"]] += 1
    return records, places


def wait_for(why, condition):
    until = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < until, f"not within 180 s: {why}"
        time.sleep(0.05)
    print("seen:", why, flush=True)


def holds_some(member):
    """Until it holds what isn't stored: for two seconds only, so who looks too late sends some more."""
    def seen():
        send(500)
        until = time.monotonic() + 1
        while time.monotonic() < until:
            if member.metric("verbatim_archive_waiting_records") > 0:
                return True
        return False
    return seen


def all_archived():
    return len(archived()[0]) == sent


def main():
    subprocess.run([f"{BIN}/verbatim", "topics", "create", *BUS], check=True, stdout=subprocess.DEVNULL)
    send(3000)
    first = Member(0)
    wait_for("one member archives all", all_archived)

    second = Member(1)
    wait_for("the second has partitions", lambda: second.metric("verbatim_backlog_records") >= 0)
    send(6000)
    wait_for("both archive", lambda: all(m.metric("verbatim_archived_records_total") > 0 for m in (first, second)))

    send(3000)
    wait_for("the first holds what isn't stored", holds_some(first))
    first.process.kill()
    first.process.wait()
    send(3000)
    wait_for("its partitions are taken over after kill -9", all_archived)

    first = Member(0)
    wait_for("the first is back", lambda: first.metric("verbatim_backlog_records") >= 0)
    send(6000)
    wait_for("the second holds what isn't stored", holds_some(second))
    second.process.send_signal(signal.SIGSTOP)
    send(2000)
    wait_for("its partitions are taken over while it stands still", all_archived)
    second.process.send_signal(signal.SIGCONT)
    send(3000)
    wait_for("all is archived after it went on", all_archived)
    wait_for("it is back", lambda: second.metric("verbatim_archive_waiting_records") == 0)

    memory = [member.memory_mib() for member in (first, second)]
    for member in (first, second):
        member.process.terminate()
    for member in (first, second):
        assert member.process.wait(60) == 0
    records, places = archived()
    assert len(records) == sent and set(records.values()) == {1}, (len(records), sent, records.most_common(3))
    assert set(places.values()) == {1}, places.most_common(3)
    print(f"{sent} records, each once; at most {max(memory)} MiB resident")


main()
