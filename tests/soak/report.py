"""What is told: a line while it runs, the findings, and one JSON object as the last line."""
import json
import statistics
import sys


class Progress:
    """One line that is written over on a terminal; else a line every half a minute."""

    def __init__(self, stream=sys.stderr):
        self.stream, self.terminal, self.next = stream, stream.isatty(), 0.0

    def show(self, clock, text):
        if self.terminal:
            self.stream.write(f"\r\x1b[K{clock:6.0f} s  {text}")
            self.stream.flush()
        elif clock >= self.next:
            self.next = clock + 30
            print(f"{clock:6.0f} s  {text}", file=self.stream, flush=True)

    def say(self, text):
        if self.terminal:
            self.stream.write("\r\x1b[K")
        print(text, file=self.stream, flush=True)


def recoveries(recovered):
    """[(fault, seconds)] → {kind: {median, worst, times}}; kills also by worker."""
    times = {}
    for fault, seconds in recovered:
        names = [fault.kind]
        if fault.kind == "kill":
            names.append(f"kill {fault.target.rsplit('-', 1)[0]}")
        for name in names:
            times.setdefault(name, []).append(seconds)
    return {name: {"median": round(statistics.median(found), 2), "worst": round(max(found), 2), "times": len(found)}
            for name, found in sorted(times.items())}


def table(recover):
    rows = [f"{'fault':22s} {'times':>5s} {'median':>8s} {'worst':>8s}"]
    rows += [f"{name:22s} {row['times']:5d} {row['median']:6.2f} s {row['worst']:6.2f} s" for name, row in recover.items()]
    return "\n".join(rows)


def failure(seed, schedule, problems, first, folder):
    """Everything that somebody needs who wants to see it again."""
    lines = [f"seed {seed} broke a promise; repeat it with the same arguments", "schedule:"]
    lines += [f"  {fault.line()}" for fault in schedule]
    lines += [f"broken: {problem}" for problem in problems[:20]]
    lines += [f"first {kind}: {json.dumps(found)}" for kind, found in first.items()]
    lines += [f"logs: {folder}"]
    return "\n".join(lines)
