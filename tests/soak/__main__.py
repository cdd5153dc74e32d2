"""Many records through the real pipeline while everything around it breaks, and a judge at the end. See README.md."""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import bus
import report
import schedule
from archive import Bucket, contents, in_order
from cluster import ACCESS, BUCKET, SECRET
from kinds import KINDS
from oracle import Judge
from rig import ROOT, Rig

RATE = 1100           # records a second, unless --records says otherwise
RATE_APART = 300      # the same with --apart
RECOVERS_WITHIN = 120  # seconds, with --apart; then the next fault comes all the same
CALM_BETWEEN = 2      # seconds from a recovery to the next fault, with --apart
LONGER = 6            # times the minutes, until the records are in, on a machine that is slow or busy
PATIENCE = 300        # seconds for what must end after the last fault
MEMORY_MOST_MIB = 256  # of a worker, without mapped files
FINDINGS_OF_REPEATS = {"ledger", "read", "written", "doubled", "balance"}   # common/archive/findings.h
TOPICS = ("feedback", "documents", "safety", "features", "segments", "insights", "dead-letters")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(64, f"{self.prog}: {message}; see --help\n")


def arguments_of(argv):
    parser = Parser(prog="ops/soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                    epilog="Exit status: 0 all promises were kept, 1 one was broken, or something didn't start, 64 wrong usage, "
                           "77 something that it needs can't be had, 130 interrupted.\n\n"
                           "example: ops/soak --seed 7 --minutes 10")
    parser.add_argument("--seed", type=int, default=1, help="of schedule and load (default: 1)")
    parser.add_argument("--minutes", type=float, default=10, help="of load and faults (default: 10)")
    parser.add_argument("--faults", default="all", help="all, or names parted by commas (--list); kill@segment hits that worker only")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--delivery", choices=("exactly_once", "at_least_once"), default="exactly_once",
                        help="of the workers; at least once doubles are counted, and losses judged (default: exactly_once)")
    parser.add_argument("--records", type=int, help=f"to post (default: {RATE} a second)")
    parser.add_argument("--apart", type=int, metavar="TIMES",
                        help="one fault after the other, each kind so often: for times to recover; ends when all were made")
    parser.add_argument("--idle", type=float, metavar="SECONDS",
                        help="stop waiting for receipts' ends once nobody has had work for so long (default: five minutes, in any case)")
    parser.add_argument("--folder", help="for logs; default: one that goes away if all is well")
    parser.add_argument("--list", action="store_true", help="the kinds of faults, and end")
    parser.add_argument("--schedule", action="store_true", help="the schedule of this seed, and end")
    parser.add_argument("--source", help=argparse.SUPPRESS)
    parser.add_argument("--programs", help=argparse.SUPPRESS)
    parser.add_argument("--toxiproxy", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    try:
        arguments.names = schedule.names_of(arguments.faults)
    except ValueError as error:
        print(f"ops/soak: {error}", file=sys.stderr)
        sys.exit(64)
    if arguments.apart:
        arguments.minutes, arguments.rate = None, RATE_APART
        return arguments
    arguments.records = arguments.records or int(RATE * arguments.minutes * 60)
    arguments.rate = arguments.records / (arguments.minutes * 60) * 1.02
    return arguments


def play_apart(rig, faults, show):
    """One fault after the other, each when the one before was recovered from."""
    def wait(seconds, until=lambda: False):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            show()
            time.sleep(0.05)
    wait(schedule.CALM_BEFORE / 2)
    rig.watch.worst_lag = 0.0
    wait(schedule.CALM_BEFORE / 2)
    rig.watch.calm_is_over()
    for fault in faults:
        rig.make(fault)
        rig.threads[-1].join(PATIENCE)
        wait(RECOVERS_WITHIN, lambda: not rig.watch.open)
        rig.watch.gives_up()
        wait(CALM_BETWEEN)


def play(rig, faults, arguments, progress):
    """The load and the faults, until both are over; how the workers ended."""
    def show(what="running"):
        lag, _ = rig.receipts.lag()
        receipts, waiting = rig.receipts.count()
        progress.show(rig.clock(), f"{what}: {rig.done}/{len(faults)} faults, {receipts:,} receipts, {waiting:,} wait, "
                                   f"lag {lag:.1f} s, archive {min(rig.watch.archive_lag, 999):.0f} s")
    rig.load.start()
    if arguments.apart:
        play_apart(rig, faults, show)
    else:
        play_schedule(rig, faults, arguments, show)
    rig.end_faults(3 * PATIENCE) # brokers in sync, on a starved machine
    if not rig.load.end(PATIENCE):
        rig.breaks("posts were not answered within five minutes of the last fault")
    if rig.load.sent() < (arguments.records or 0):
        rig.breaks(f"only {rig.load.sent()} records of {arguments.records} were taken in")
    rig.drain(PATIENCE, arguments.idle, show)
    progress.say(f"{rig.clock():6.0f} s  {rig.done} faults made, {rig.receipts.count()[0]:,} receipts; stopping the workers")
    return rig.crew.stop()


def play_schedule(rig, faults, arguments, show):
    began, rest = time.monotonic(), list(faults)
    calm, least, most = True, arguments.minutes * 60, arguments.minutes * 60 * LONGER
    while True:
        elapsed = time.monotonic() - began
        if elapsed < schedule.CALM_BEFORE / 2:
            rig.watch.worst_lag = 0.0   # the first transactions take long
        elif calm and elapsed > schedule.CALM_BEFORE - 0.5:
            calm = False
            rig.watch.calm_is_over()
        while rest and rest[0].at <= elapsed:
            rig.make(rest.pop(0))
        if elapsed >= most or (elapsed >= least and rig.load.sent() >= arguments.records):
            break
        show()
        time.sleep(0.05)


def judge(rig, arguments, progress):
    judge = Judge(rig.receipts.places, rig.receipts.maybe, rig.poisoned, arguments.delivery == "exactly_once")
    bucket = Bucket(rig.store.client, rig.store.port, BUCKET, ROOT)
    objects = 0
    for (topic, partition), names in in_order(bucket.names()).items():
        for _, lines in contents(bucket, names):
            judge.object(topic, partition, lines)
            objects += 1
        progress.show(rig.clock(), f"judging: {objects:,} objects, {sum(judge.lines.values()):,} lines")
    for place in bus.places(rig.kafka.direct, TOPICS):
        judge.readable(*place)
    judge.all_read(TOPICS)
    judge.consumed(rig.receipts.seen)
    judge.verdict()
    return judge, objects


def explained(rig, text, delivery):
    """What we put between two workers ourselves, verify is right to find; and at least once what came or was told twice."""
    try:
        found = json.loads(text)
        if delivery == "at_least_once":
            return {finding["kind"] for finding in found["findings"]} <= FINDINGS_OF_REPEATS
        places = {(finding["topic"], finding["partition"], finding["offset"]) for finding in found["findings"]}
        return found["findings_count"] == len(places) and places <= {place for place in rig.poisoned if place[0] != "feedback"}
    except (ValueError, KeyError):
        return False


def verify(rig, arguments):
    """`verbatim verify` over the same archive: its exit status, None where the program has no such command."""
    program = f"{arguments.programs}/verbatim"
    if "\n  verify" not in subprocess.run([program, "--help"], stdout=subprocess.PIPE, text=True).stdout:
        return None
    done = subprocess.run([program, "verify", "--archive", f"s3://{BUCKET}/{ROOT.rstrip('/')}", "--json",
                           f"--store.endpoint={rig.store.endpoint}", f"--store.access_key_id={ACCESS}",
                           f"--store.secret_access_key={SECRET}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          start_new_session=True)
    with open(f"{rig.folder}/verify.json", "w") as file:
        file.write(done.stdout)
    if done.returncode and not explained(rig, done.stdout, arguments.delivery):
        rig.breaks(f"verbatim verify ended with {done.returncode}: {(done.stderr or done.stdout)[-500:]}")
    return done.returncode


def save_archive(rig):
    """For whoever looks for the cause."""
    bucket = Bucket(rig.store.client, rig.store.port, BUCKET, ROOT)
    for name in bucket.names():
        path = f"{rig.folder}/archive/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(bucket.get(name))


def summary(rig, arguments, faults, judged, verify_exit, ends):
    judge, objects = judged
    peaks = {}
    for member in rig.crew.members.values():
        peaks[member.worker] = max(peaks.get(member.worker, 0), member.peak_kib // 1024)
    for worker, mib in peaks.items():
        if mib > MEMORY_MOST_MIB:
            rig.breaks(f"{worker} used {mib} MiB")
    return {
        "seed": arguments.seed, "minutes": arguments.minutes, "apart": arguments.apart, "brokers": arguments.brokers,
        "delivery": arguments.delivery, "records": rig.load.sent(), "receipts": len(rig.receipts.places), "faults": rig.done,
        "kinds": len({fault.kind for fault in faults}), **judge.found, "repeated": dict(judge.repeated), "verify_exit": verify_exit,
        "broken": len(rig.problems), "exits": {name: ends[name] for name in sorted(ends)},
        "gave_up": dict(sorted(rig.crew.ended_by_itself.items())),
        "lines": dict(judge.lines), "objects": objects,
        "dead_letters": {" ".join(cause): count for cause, count in judge.causes.items()},
        "answers": dict(sorted(rig.load.answers.items())), "crash_points": dict(sorted(rig.points.items())),
        "rss_peak_mib": peaks, "lag_worst_s": round(rig.watch.worst_lag, 1), "seconds": round(rig.clock()),
        "normal_lag_s": round(rig.watch.normal, 2), "unrecovered": len(rig.watch.open) + len(rig.watch.given_up), "recover": report.recoveries(rig.watch.recovered),
    }


def run(arguments, faults, folder, progress):
    """(result, findings' first examples, problems)"""
    rig = Rig(arguments, folder, progress.say)
    try:
        rig.start(arguments)
        ends = play(rig, faults, arguments, progress)
        verify_exit = verify(rig, arguments)
        judged = judge(rig, arguments, progress)
        result = summary(rig, arguments, faults, judged, verify_exit, ends)
        if rig.problems or any(judged[0].found.values()):
            save_archive(rig)
        return result, judged[0].first, rig.problems
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped after {rig.clock():.0f} s: {rig.done} of {len(faults)} faults were made, "
                                f"{rig.receipts.count()[0]:,} of {arguments.records or 0:,} records had their receipts")
    finally:
        rig.take_down()


def main(argv):
    arguments = arguments_of(argv)
    if arguments.list:
        for kind in KINDS:
            print(f"{kind.name:20s} {kind.what}")
        return 0
    if arguments.apart:
        faults = schedule.apart(arguments.seed, arguments.apart, arguments.names, arguments.brokers)
    else:
        faults = schedule.make(arguments.seed, arguments.minutes, arguments.names, arguments.brokers)
    if arguments.schedule:
        print("\n".join(fault.line() for fault in faults))
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = arguments.folder or tempfile.mkdtemp(prefix="verbatim-soak.")
    os.makedirs(folder, exist_ok=True)
    progress = report.Progress()
    much = f"one after the other at {RATE_APART} records a second" if arguments.apart else f"in {arguments.minutes:g} min, {arguments.records:,} records"
    progress.say(f"seed {arguments.seed}: {len(faults)} faults of {len({fault.kind for fault in faults})} kinds {much}, "
                 f"{arguments.brokers} broker(s); logs in {folder}")
    try:
        result, first, problems = run(arguments, faults, folder, progress)
    except (KeyboardInterrupt, OSError) as error:
        progress.say(f"soak: no verdict: {error}\nlogs: {folder}")
        print(json.dumps({"seed": arguments.seed, "error": str(error)}))
        return 1 if isinstance(error, OSError) else 130
    print(report.table(result["recover"]))
    good = not first and not problems
    if not good:
        print(report.failure(arguments.seed, faults, problems, first, folder))
    print(json.dumps(result))
    if good and not arguments.folder:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
