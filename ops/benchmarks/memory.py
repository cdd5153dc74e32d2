"""Resident memory of each worker: idle, and at its peak while it works off a backlog at full rate.

usage: memory.py [--json] [--records N] [--option WORKER.OPTION=VALUE]...    on Kafka where KAFKA_BOOTSTRAP is set

Anonymous pages are the worker's own; pages of files are its program, its libraries, models, and, on the embedded bus,
what is mapped of the bus, which the kernel may take back at any time.
"""
import argparse
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/faults"))
from rig import Rig, STAGES, http, wait_for  # noqa: E402

MIB = 1024.0
BULK = 1000


def figures(pid):
    """VmHWM, RssAnon and RssFile in MiB; the kernel keeps a peak of the first alone."""
    with open(f"/proc/{pid}/status") as status:
        rows = dict(line.split(":", 1) for line in status)
    return [int(rows[name].split()[0]) / MIB for name in ("VmHWM", "RssAnon", "RssFile")]


class Watch(threading.Thread):
    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak, self.going = pid, [0.0, 0.0, 0.0], True

    def run(self):
        while self.going:
            try:
                self.peak = [max(pair) for pair in zip(self.peak, figures(self.pid))]
            except (OSError, KeyError):
                return
            time.sleep(0.01)

    def end(self):
        self.going = False
        self.join()
        return self.peak


def texts(count):
    filler = "The parcel came late again and the lid was broken; I called support twice and nobody knew anything. "
    return [{"id": f"m-{i}", "customer": f"c-{i % 5000}", "product": f"P{i % 40}", "text": f"Order {i}: {filler * 4}"[:500]}
            for i in range(count)]


def idle(rig, worker):
    member = rig.door() if worker == "ingest" else rig.start(worker)
    wait_for(f"{worker} is ready", lambda: member.ready() == 200)
    time.sleep(2)
    resident = sum(figures(member.process.pid)[1:])
    member.stop()
    return resident


def measured(member, drained):
    watch = Watch(member.process.pid)
    watch.start()
    wait_for(f"{member.worker} is through", drained)
    peak = watch.end()
    member.stop()
    return peak


def loaded_door(rig, rows):
    door = rig.door()
    watch = Watch(door.process.pid)
    watch.start()
    for i in range(0, len(rows), BULK):
        body = "\n".join(map(json.dumps, rows[i:i + BULK])).encode()
        status, _, answer = http(f"http://127.0.0.1:{rig.http_port}/v1/feedback", body,
                                 {"Content-Type": "application/x-ndjson"})
        if status != 202:
            raise SystemExit(f"a post of {BULK}: {status} {answer[:200]}")
    peak = watch.end()
    door.stop()
    return peak


def loaded(rig, worker, records):
    member = rig.start(worker)
    return measured(member, lambda: member.metric("verbatim_records_total") >= records
                    and member.metric("verbatim_backlog_records") == 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--records", type=int, default=40000)
    parser.add_argument("--rounds", type=int, help="of no use here: a peak is a peak")
    parser.add_argument("--option", action="append", default=[])
    arguments = parser.parse_args()
    kafka = os.environ.get("KAFKA_BOOTSTRAP")
    bus = kafka and ["--bus.kind=kafka", f"--kafka.bootstrap.servers={kafka}", "--bus.topic_prefix=memory."]
    table = {}
    with Rig(bus, partitions=8) as rig:
        rig.options["logsink"] = [f"--logsink.url={rig.dir}/archive"]
        for option in arguments.option:
            rig.options.setdefault(option.split(".")[0], []).append(f"--{option}")
        rig.create_topics()
        for worker in ("ingest", *STAGES, "logsink"):
            table[worker] = [idle(rig, worker)]
        rows = texts(arguments.records)
        table["ingest"] += loaded_door(rig, rows)
        for worker in STAGES:
            table[worker] += loaded(rig, worker, arguments.records)
        table["logsink"] += loaded(rig, "logsink", 5 * arguments.records)
    print(f"\n{'MiB':12}{'idle':>8}{'peak':>8}{'own':>8}{'files':>8}   {arguments.records} records, "
          f"{'Kafka' if kafka else 'embedded bus'}")
    for worker, row in table.items():
        print(f"{worker:12}" + "".join(f"{value:8.1f}" for value in row))
    if arguments.json:
        print(json.dumps({f"{worker}_{name}_mib": round(value, 1) for worker, row in table.items()
                          for name, value in zip(("idle", "peak", "own", "files"), row)}))


main()
