"""The provider is gone while records go on coming: insights go on, marked degraded; what waits stays bounded; when it is
back it is asked slowly at first.

usage: test_outage.py [SECONDS [RECORDS_A_SECOND]]    (20 and 200; ten minutes were run by hand, see README.md)
"""
import collections
import sys
import threading
import time

from mock import Mock
from llm_rig import Run, equal, letters, wait_for

SECONDS, RATE = int((sys.argv[1:] or [20])[0]), int((sys.argv[2:] or [200])[0])
BEFORE, AFTER = 5, 12  # seconds well, at both ends
DOWN_CALLS_A_SECOND = 2


class Load(threading.Thread):
    """So many records a second, whatever happens."""

    def __init__(self, run):
        super().__init__(daemon=True)
        self.run_, self.sent, self.end = run, 0, threading.Event()

    def run(self):
        started, step = time.monotonic(), 0
        while not self.end.wait(max(0, started + step * 0.1 - time.monotonic())):
            count = RATE // 10
            self.run_.post([{"id": f"r-{n}", "customer": f"c-{n % 97}", "text": f"The lid of the jar came off at once {letters(n)}"}
                            for n in range(self.sent, self.sent + count)])
            self.sent += count
            step += 1


def backlog(run):
    return run.metric("verbatim_backlog_records", topic="segments") + run.metric("verbatim_in_flight_records")


def watch(run, seconds, what):
    """The most that waited in front of genai in that time."""
    most, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        most = max(most, backlog(run))
        time.sleep(0.5)
    print(f"{what}: at most {most:.0f} records waited", flush=True)
    return most


def each_second(mock, start, end):
    counts = collections.Counter(int(call.at - start) for call in mock.calls if start <= call.at < end)
    return [counts[second] for second in range(int(end - start) + 1)]


def main():
    options = ("--genai.providers=openai,local", "--openai.model=mock", "--openai.deadline=2s", "--genai.outage_least=1s",
               "--genai.outage_most=8s", "--genai.calls=32")
    with Mock(latency=0.1) as mock, Run(f"--openai.endpoint=http://127.0.0.1:{mock.port}/v1", *options) as run:
        load = Load(run)
        load.start()
        watch(run, BEFORE, "well")
        half = SECONDS / 2
        down = time.monotonic()
        mock.fault = "hang"     # first it takes calls and never answers,
        most = watch(run, half, "hanging")
        mock.fault = None
        mock.stop()             # then nobody listens
        most = max(most, watch(run, half, "gone"))
        mock.calls_down = len(mock.calls)
        mock.start()
        back = time.monotonic()
        watch(run, AFTER, "back")
        load.end.set()
        load.join()
        end = time.monotonic()
        insights = run.await_topic("insights", load.sent)
        equal("an insight for each record", len(insights), load.sent)
        equal("dead letters", len(run.topic("dead-letters")), 0)
        degraded = sum(record["insight"].get("degraded", False) for record in insights.values())
        local = sum(record["insight"]["provider"] == "local" for record in insights.values())
        equal("the local ones are marked", degraded, local)
        calls = each_second(mock, back, end)
        print(f"{load.sent} records, {degraded} degraded; calls each second: well {each_second(mock, down - BEFORE, down)}, "
              f"hanging {each_second(mock, down, down + half)}, back {calls}")
        usual = max(each_second(mock, down - BEFORE, down))
        if degraded < RATE * SECONDS * 0.5:
            raise SystemExit("insights didn't go on while it was down")
        if most > RATE * 10:
            raise SystemExit(f"{most:.0f} records waited: more than ten seconds' worth")
        if max(calls) > 2 * usual:
            raise SystemExit(f"a storm when it came back: {max(calls)} calls in a second, {usual} before")
        if sum(calls[-4:]) == 0:
            raise SystemExit("it was never asked again")
        in_outage = sum(each_second(mock, down + 3, down + half))
        if in_outage > DOWN_CALLS_A_SECOND * half:
            raise SystemExit(f"{in_outage} calls to a provider that hangs")
        wait_for("nothing waits", lambda: backlog(run) == 0)
        run.stop()


main()
