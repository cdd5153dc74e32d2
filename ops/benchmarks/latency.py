"""From a POST to its insight: the six workers as their own programs on a real Kafka, at least once and exactly once, and
`verbatim run` on the embedded bus; and bare, what Kafka itself takes: the door, and librdkafka alone in the place of the workers.

usage: latency.py [--json] [--rate N] [--seconds N] [--warm N] [--rounds N] [--hops] [--row ROW]... [--option SECTION.NAME=VALUE]...
                  [--broker-warm SECONDS] [--broker PID]
       on Kafka where KAFKA_BOOTSTRAP is set, else the embedded bus alone

`verbatim-bench latency` posts the records and waits for their insights (see latency.c); a row's figures are the medians of its
rounds, which are interleaved, each with fresh topics. With --hops also each topic between, and the workers' commits. cpu is each
process's share of a processor meanwhile. A fresh broker's Java takes half a minute to warm up: first a run is thrown away.
"""
import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/faults"))
from rig import BIN, Rig, STAGES, free_port, http, wait_for  # noqa: E402

ROWS = ("bare", "at_least_once", "exactly_once", "embedded")
AIMS = {"at_least_once": (2.5, 10), "exactly_once": (80, 250)}
COLUMNS = ("p50", "p90", "p99", "max")


def cpu_seconds(pid):
    """Of all threads, to the nanosecond where the kernel tells (ticks are coarse)."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


def probe(arguments, rig, settings, pids):
    """What verbatim-bench tells, and the share of a processor that each of these processes took."""
    command = [f"{BIN}/verbatim-bench", "latency", "--json", "--port", str(rig.http_port), "--rate", str(arguments.rate),
               "--records", str(arguments.rate * arguments.seconds), "--warm-records", str(arguments.rate * arguments.warm),
               *(["--hops"] if arguments.hops else [])]
    for setting in settings:
        command += ["--set", setting.removeprefix("--")]
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    got = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    spent = {name: (cpu_seconds(pid) - before[name]) / (arguments.seconds + arguments.warm) for name, pid in pids.items()}
    return json.loads(got.stdout.splitlines()[-1]), spent


def commits(members):
    """worker -> (commits so far, seconds in them)"""
    got = {worker: member.metrics() for worker, member in members.items()}
    return {worker: (sums["verbatim_commit_seconds_count"], sums["verbatim_commit_seconds_sum"]) for worker, sums in got.items()}


def tell_commits(before, after, seconds):
    for worker, (count, spent) in after.items():
        count, spent = count - before[worker][0], spent - before[worker][1]
        if count:
            print(f"{'':16}{worker}: {count / seconds:.0f} commits a second of {1000 * spent / count:.1f} ms")


@contextlib.contextmanager
def bare_chain(settings):
    process = subprocess.Popen([f"{BIN}/verbatim-bench", "latency-bare", "--bootstrap", os.environ["KAFKA_BOOTSTRAP"],
                                *(word for setting in settings for word in ("--set", setting.removeprefix("--")))])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def on_kafka(arguments, delivery, number, broker):
    bus = ["--bus.kind=kafka", f"--kafka.bootstrap.servers={os.environ['KAFKA_BOOTSTRAP']}",
           f"--bus.topic_prefix=latency{os.getpid()}-{number}-{delivery}.",
           *(f"--{option}" for option in arguments.option if option.startswith("bus."))]
    with Rig(bus) as rig:
        rig.options["logsink"] = [f"--logsink.url={rig.dir}/archive"]
        rig.create_topics()
        bare, delivery = delivery == "bare", delivery.replace("bare", "at_least_once")
        options = [f"--runtime.delivery={delivery}", *(f"--{option}" for option in arguments.option)]
        members = {worker: rig.start(worker, *options) for worker in (() if bare else (*STAGES, "logsink"))}
        members["ingest"] = rig.door(*options)
        for worker, member in members.items():
            wait_for(f"{worker} is ready", lambda member=member: member.ready() == 200)
        pids = {worker: member.process.pid for worker, member in members.items()}
        before = commits(members)
        with bare_chain(bus) if bare else contextlib.nullcontext():
            got = probe(arguments, rig, bus, {**pids, **({"broker": broker} if broker else {})})
        if arguments.hops:
            tell_commits(before, commits(members), arguments.seconds + arguments.warm)
        return got


def on_embedded(arguments):
    with Rig([]) as rig:
        rig.http_port, path = free_port(), f"{rig.dir}/data"
        command = [f"{BIN}/verbatim", "run", "--no-sample", "--quiet", "--data", path,
                   f"--ingest.listen=127.0.0.1:{rig.http_port}", *(f"--{option}" for option in arguments.option)]
        with open(f"{rig.dir}/log", "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for("verbatim run is ready", lambda: http(f"http://127.0.0.1:{rig.http_port}/readyz")[0] == 200)
            return probe(arguments, rig, [f"bus.path={path}/bus"], {"run": process.pid})
        finally:
            process.terminate()
            process.wait()


def tell(row, figures, spent, hops):
    names = ["receipt"] + (["feedback", "documents", "features", "segments"] if hops else []) + ["insights"]
    for name in names:
        print(f"{row if name == names[0] else '':16}{name:12}" + "".join(f"{figures.get(f'{name}_{column}_ms', 0):10.2f}" for column in COLUMNS))
    print(f"{'':16}lost {figures['lost']:.0f}, doubled {figures['doubled']:.0f}, {figures['rate']:.0f} a second; cpu: "
          + ", ".join(f"{name} {share:.2f}" for name, share in spent.items()), flush=True)


def summary(results):
    """The medians of a row's rounds; lost and doubled are sums."""
    return {f"{row}_{name}": sum(got[name] for got in rounds) if name in ("lost", "doubled")
            else statistics.median(got[name] for got in rounds)
            for row, rounds in results.items() for name in rounds[0] if name != "benchmark"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--hops", action="store_true")
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--warm", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--row", action="append", choices=ROWS)
    parser.add_argument("--option", action="append", default=[])
    parser.add_argument("--broker", type=int, help="the broker's process")
    parser.add_argument("--broker-warm", type=int, default=30, help="seconds of the run that is thrown away")
    arguments = parser.parse_args()
    rows = arguments.row or (ROWS if os.environ.get("KAFKA_BOOTSTRAP") else ROWS[-1:])
    results = {row: [] for row in rows}
    if arguments.broker_warm and set(rows) - {"embedded"}:
        on_kafka(argparse.Namespace(**{**vars(arguments), "seconds": arguments.broker_warm, "hops": False}), "exactly_once", "warm", None)
    print(f"{'':28}" + "".join(f"{column:>10}" for column in COLUMNS) + f"   ms, at {arguments.rate} a second")
    for number in range(arguments.rounds):
        for row in rows:
            got, spent = on_embedded(arguments) if row == "embedded" else on_kafka(arguments, row, number, arguments.broker)
            tell(row, got, spent, arguments.hops)
            results[row].append(got)
    figures = summary(results)
    for row in (row for row in rows if row in AIMS):
        print(f"{row}: p50 {figures[f'{row}_insights_p50_ms']:.1f} ms (aim: at most {AIMS[row][0]}), "
              f"p99 {figures[f'{row}_insights_p99_ms']:.1f} ms (aim: at most {AIMS[row][1]})"
              + (f"; {figures[f'{row}_insights_p50_ms'] / figures['bare_insights_p50_ms']:.1f} times bare"
                 if row == "at_least_once" and "bare" in rows else ""))
    if arguments.json:
        print(json.dumps({"benchmark": "latency", **figures}))
    return any(figures[f"{row}_{what}"] for row in rows for what in ("lost", "doubled"))


if __name__ == "__main__":
    sys.exit(main())
