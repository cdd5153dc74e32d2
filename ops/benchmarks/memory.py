"""Resident memory of each worker: idle, and at its peak while it works off a backlog at full rate.

usage: memory.py [--json] [--records N] [--option SECTION.NAME=VALUE]... [--variant "SECTION.NAME=VALUE ..."]... [--worker NAME]...
on Kafka where KAFKA_BOOTSTRAP is set; with LD_LIBRARY_PATH on another librdkafka than the system's

With --variant, --worker (segment) reads the same records once more with the options of each in turn, three times over,
interleaved: the best rate and the largest peak of each.

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


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def loaded_door(rig, rows):
    door = rig.door()
    watch = Watch(door.process.pid)
    watch.start()
    begun, before = time.monotonic(), cpu_seconds(door.process.pid)
    for i in range(0, len(rows), BULK):
        body = "\n".join(map(json.dumps, rows[i:i + BULK])).encode()
        status, _, answer = http(f"http://127.0.0.1:{rig.http_port}/v1/feedback", body,
                                 {"Content-Type": "application/x-ndjson"})
        if status != 202:
            raise SystemExit(f"a post of {BULK}: {status} {answer[:200]}")
    rates = (len(rows) / (time.monotonic() - begun), len(rows) / max(cpu_seconds(door.process.pid) - before, 0.01))
    peak = watch.end()
    door.stop()
    return peak, rates


def loaded(rig, worker, records, *options):
    """Peak, own, files; records a second from the first that was handled to the last; records per CPU-second."""
    member = rig.start(worker, *options)
    watch = Watch(member.process.pid)
    watch.start()
    wait_for(f"{worker} begins", lambda: member.metric("verbatim_records_total") > 0)
    before, begun = member.metric("verbatim_records_total"), time.monotonic()
    wait_for(f"{worker} is through", lambda: member.metric("verbatim_records_total") >= records)
    rate = (records - before) / (time.monotonic() - begun)
    per_cpu = records / cpu_seconds(member.process.pid)
    wait_for(f"{worker} has committed", lambda: member.metric("verbatim_backlog_records") == 0)
    peak = watch.end()
    member.stop()
    return peak, (rate, per_cpu)


def compare(rig, variants, records, worker):
    """Each variant reads everything again, as a group of its own; the best rates and the largest peaks of its rounds."""
    best = {variant: [0.0] * 4 for variant in variants}
    for turn in range(3):
        for number, variant in enumerate(variants):
            fresh = f"{worker}-{number}-{turn}"
            own = {"logsink": [f"--logsink.url={rig.dir}/{fresh}"], "preprocess": [f"--preprocess.folder={rig.dir}/{fresh}"]}
            options = [f"--{option}" for option in variant.split()]
            peak, rates = loaded(rig, worker, records, *options, f"--runtime.group={fresh}", *own.get(worker, []))
            print(f"{variant}: {rates[0]:.0f} records/s, peak {peak[0]:.1f} MiB", file=sys.stderr, flush=True)
            best[variant] = [max(pair) for pair in zip(best[variant], (*rates, *peak[:2]))]
    print(f"\n{worker:60}{'records/s':>12}{'per CPU-s':>12}{'peak MiB':>10}{'own':>8}   {records} records")
    for variant, (rate, per_cpu, peak, own) in best.items():
        print(f"{variant:60}{rate:12.0f}{per_cpu:12.0f}{peak:10.1f}{own:8.1f}", flush=True)


def give_options(rig, options):
    """SECTION.NAME=VALUE to the worker of that name, or else (bus, kafka, runtime) to all."""
    rig.options["logsink"] = [f"--logsink.url={rig.dir}/archive"]
    for option in options:
        section = option.split(".")[0]
        for worker in (section,) if section in ("ingest", *STAGES, "logsink") else ("ingest", *STAGES, "logsink"):
            rig.options.setdefault(worker, []).append(f"--{option}")


def show(table, records, kafka):
    print(f"\n{'MiB':12}{'idle':>8}{'peak':>8}{'own':>8}{'files':>8}{'records/s':>12}{'per CPU-s':>11}   {records} records, "
          f"{'Kafka' if kafka else 'embedded bus'}")
    for worker, (idle_mib, peak, rates) in table.items():
        print(f"{worker:12}{idle_mib:8.1f}" + "".join(f"{value:8.1f}" for value in peak)
              + f"{rates[0]:12.0f}{rates[1]:11.0f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--records", type=int, default=40000)
    parser.add_argument("--rounds", type=int, help="of no use here: a peak is a peak")
    parser.add_argument("--option", action="append", default=[])
    parser.add_argument("--variant", action="append")
    parser.add_argument("--worker", action="append", choices=(*STAGES, "logsink"))
    arguments = parser.parse_args()
    kafka = os.environ.get("KAFKA_BOOTSTRAP")
    bus = kafka and ["--bus.kind=kafka", f"--kafka.bootstrap.servers={kafka}", f"--bus.topic_prefix=memory{os.getpid()}."]
    table = {}
    with Rig(bus, partitions=8) as rig:
        give_options(rig, arguments.option)
        rig.create_topics()
        for worker in ("ingest", *STAGES, "logsink"):
            table[worker] = [idle(rig, worker) if not arguments.variant else 0.0]
        table["ingest"] += loaded_door(rig, texts(arguments.records))
        for worker in STAGES:
            table[worker] += loaded(rig, worker, arguments.records)
        table["logsink"] += loaded(rig, "logsink", 5 * arguments.records) if not arguments.variant else ([0.0] * 3, (0.0, 0.0))
        if not arguments.variant:
            show(table, arguments.records, kafka)
        for worker in arguments.variant and (arguments.worker or ["segment"]) or ():
            compare(rig, arguments.variant, arguments.records * (5 if worker == "logsink" else 1), worker)
    if arguments.json and not arguments.variant:
        print(json.dumps({f"{worker}_{name}_mib": round(value, 1) for worker, (idle_mib, peak, _) in table.items()
                          for name, value in zip(("idle", "peak", "own", "files"), (idle_mib, *peak))}))


main()
