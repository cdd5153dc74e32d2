"""How the cost of a record grows: CPU of one replica against two on the same backlog, and of a backlog of N against 10 N.

usage: growth.py [--json] [--records N] [--rounds N] [--worker NAME]...   on the Kafka of KAFKA_BOOTSTRAP

Two sets of topics are filled, one with N records (10,000), one with 10 N, and the stages before a worker work them off once. Then
each round reads them as groups of their own, in turn: N three times, 10 N by one replica, 10 N by two. CPU is that of the worker's
processes, their bus clients included, from when a tenth was done (each replica has its partitions by then, and start-up is over)
until all is committed; it includes the looks at /metrics, four a second of each replica, which cost it 75 us each. The ratios are the
medians of the rounds'.

The broker's group.initial.rebalance.delay.ms (2000) lets two replicas begin together: else the first would have done all before the
second joins.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/faults"))
from latency import cpu_seconds  # noqa: E402
from rig import BIN, PATIENCE, Rig, STAGES  # noqa: E402

WORKERS = ("preprocess", "genai")
AIMS = {"replicas": 1.05, "backlog": 1.03}
SMALL_TIMES = 3
LOOK_EVERY_S = 0.25
TRIES = 5


class Reading:
    """Replicas that work off a backlog together, as a group that has read nothing yet."""

    def __init__(self, rig, worker, replicas, group):
        own = {"preprocess": "--preprocess.folder={}/{}-{}"}.get(worker)
        self.members = [rig.start(worker, f"--runtime.group={group}", *([own.format(rig.dir, group, replica)] if own else []),
                                  replica=replica) for replica in range(replicas)]

    def look(self):
        """(records done by each, records left): one GET of each replica."""
        sums = [member.metrics() for member in self.members]
        return [one["verbatim_records_total"] for one in sums], sum(one["verbatim_backlog_records"] for one in sums)

    def spent(self):
        return sum(cpu_seconds(member.process.pid) for member in self.members)

    def await_done(self, records, least):
        """Looks until so many of these records are done, and each replica has begun, or all are; what each has done."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            done, left = self.look()
            if sum(done) >= records and not left or least < records and sum(done) >= least and all(done):
                return done
            time.sleep(LOOK_EVERY_S)
        raise SystemExit(f"not within {PATIENCE} s: {least} of {records} records")

    def measure(self, records):
        """(CPU seconds, records): from when a tenth is done, and each replica has begun, to the end. None: one came when the
        others had done all (see group.initial.rebalance.delay.ms)."""
        done = self.await_done(records, records / 10)
        before, first = self.spent(), sum(done)
        last = sum(self.await_done(records, records))
        spent = self.spent() - before
        for member in self.members:
            member.stop()
        return (spent, last - first) if all(done) else None


def fill(rig, records, last):
    """Records on `feedback`, worked off by all stages before the last of these workers."""
    rig.create_topics()
    lines = subprocess.Popen([f"{BIN}/verbatim-bench", "lines", "--records", str(records)], stdout=subprocess.PIPE)
    subprocess.run([f"{BIN}/verbatim", "send", *rig.bus], stdin=lines.stdout, check=True, stdout=subprocess.DEVNULL)
    lines.wait()
    for stage in STAGES[:STAGES.index(last)]:
        reading = Reading(rig, stage, 1, f"fill-{stage}")
        reading.await_done(records, records)
        reading.members[0].stop()


def read(rig, worker, records, replicas, times, label):
    spent = done = 0
    for turn in range(times):
        tries = (Reading(rig, worker, replicas, f"{worker}-{label}-{turn}-{again}").measure(records) for again in range(TRIES))
        measured = next((found for found in tries if found), None)
        if not measured:
            raise SystemExit(f"a replica came too late {TRIES} times: see group.initial.rebalance.delay.ms")
        spent, done = spent + measured[0], done + measured[1]
    return 1e6 * spent / max(done, 1)


def one_round(number, rigs, worker, records):
    """µs of CPU a record: of N, of 10 N, of 10 N by two."""
    small, large = rigs
    costs = (read(small, worker, records, 1, SMALL_TIMES, f"small-{number}"),
             read(large, worker, 10 * records, 1, 1, f"one-{number}"),
             read(large, worker, 10 * records, 2, 1, f"two-{number}"))
    print(f"  round {number + 1}: {worker}: {costs[0]:.1f} us a record of {records}, {costs[1]:.1f} of {10 * records}, "
          f"{costs[2]:.1f} by two replicas", file=sys.stderr, flush=True)
    return costs


def tell(figures):
    for name, value in figures.items():
        aim = next((f" (aim: at most {most})" for what, most in AIMS.items() if name.endswith(f"_{what}_ratio")), "")
        print(f"  {name:36}{value:14.3f}{aim}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--records", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", action="append", choices=STAGES)
    arguments = parser.parse_args()
    workers = arguments.worker or WORKERS
    bus = ["--bus.kind=kafka", f"--kafka.bootstrap.servers={os.environ['KAFKA_BOOTSTRAP']}"]
    figures = {}
    with Rig([*bus, f"--bus.topic_prefix=growth{os.getpid()}-n."]) as small, \
            Rig([*bus, f"--bus.topic_prefix=growth{os.getpid()}-10n."]) as large:
        last = max(workers, key=STAGES.index)
        for rig, records in ((small, arguments.records), (large, 10 * arguments.records)):
            rig.options = {}
            fill(rig, records, last)
        for worker in workers:
            rounds = [one_round(number, (small, large), worker, arguments.records) for number in range(arguments.rounds)]
            figures[f"{worker}_us"] = statistics.median(one for _, one, _ in rounds)
            figures[f"{worker}_replicas_ratio"] = statistics.median(two / one for _, one, two in rounds)
            figures[f"{worker}_backlog_ratio"] = statistics.median(one / few for few, one, _ in rounds)
    tell(figures)
    if arguments.json:
        print(json.dumps({"benchmark": "growth", **figures}))


if __name__ == "__main__":
    main()
