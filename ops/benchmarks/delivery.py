"""What exactly-once costs, and how long it takes to recover from each kind of fault: two parts, one after the other.

usage: delivery.py --kafka FOLDER --bootstrap ADDRESS [--json] [--records N] [--rounds N] [--times N] [--brokers 1|3] [--faults NAMES]

First `verbatim-bench delivery`, on the broker that ops/bench has started in FOLDER: exactly-once against at-least-once,
interleaved. Then, with that broker gone, `ops/soak --apart N`: the six workers at 300 records a second, each kind of fault N
times (3), one after the other. A fault that wasn't recovered from within two minutes, or a broken promise, is an error: exit 1.
"""
import argparse
import json
import os
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))


def passed_on(command):
    """Runs it and prints what it prints, but the last line, which is an object: (its status, the object)."""
    last = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if last is not None:
                print(last, end="", flush=True)
            last = line
    try:
        return process.returncode, json.loads(last or "")
    except ValueError:
        print(last or "", end="")
        return process.returncode or 1, {}


def costs(arguments):
    command = [f"{ROOT}/build/release/bin/verbatim-bench", "delivery", "--json", "--bootstrap", arguments.bootstrap]
    for name in ("records", "rounds"):
        if getattr(arguments, name):
            command += [f"--{name}", str(getattr(arguments, name))]
    return passed_on(command)


def recovery(arguments):
    """The same names as in the table: recover_kill_genai_median_s, …"""
    status, result = passed_on([f"{ROOT}/ops/soak", "--seed", "1", "--apart", str(arguments.times), "--brokers", str(arguments.brokers),
                                "--faults", arguments.faults])
    figures = {f"recover_{name.replace('-', '_').replace(' ', '_')}_{what}_s": row[what]
               for name, row in result.get("recover", {}).items() for what in ("median", "worst")}
    for name in ("faults", "kinds", "receipts", "normal_lag_s", "unrecovered", "lost", "doubled", "disordered", "unknown"):
        if name in result:
            figures[name] = result[name]
    return status or bool(result.get("unrecovered")), figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--records", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--faults", default="all")
    arguments = parser.parse_args()
    cost_status, cost = costs(arguments)
    subprocess.run([f"{ROOT}/tests/lib/kafka.sh", "stop", arguments.kafka], stdout=subprocess.DEVNULL, check=False)
    print("\ntime to recover, in seconds from the end of a fault until all is as it was (tests/soak/watch.py says what that is):", flush=True)
    recovery_status, recover = recovery(arguments)
    if arguments.json:
        print(json.dumps({**cost, **recover}))
    return 1 if cost_status or recovery_status else 0


sys.exit(main())
