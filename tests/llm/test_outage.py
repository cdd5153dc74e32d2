"""The provider is gone while records go on coming: insights go on, marked degraded; danger reaches people meanwhile; what
waits stays bounded; when it is back it is asked slowly at first.

usage: test_outage.py [SECONDS [RECORDS_A_SECOND]]    (20 and 200; ten minutes were run by hand, see README.md)
"""
import collections
import sys
import threading
import time

from mock import Mock
from llm_rig import Run, equal, letters, wait_for

SECONDS, RATE = int((sys.argv[1:] or [20])[0]), int((sys.argv[2:] or [200])[0])
ANSWERS = 100  # that come before it goes, and when it is back
CALLS, DEADLINE = 32, 3


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


def watch(run, what, ended):
    """The most that waited in front of genai until then."""
    most = 0
    while not ended() and run.alive():
        most = max(most, backlog(run))
        time.sleep(0.5)
    print(f"{what}: at most {most:.0f} records waited", flush=True)
    return most


def after(seconds):
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def answers(mock, count):
    wanted = mock.answered + count
    return lambda: mock.answered >= wanted


def danger(run, what):
    """What the screen finds is on `safety` before the provider is back: the caller hasn't brought it back yet."""
    began = time.monotonic()
    run.post([{"id": f"danger-{what}", "text": "I was taken to hospital with a severe rash after taking these tablets."}])
    wait_for(f"{what}: danger reaches people", lambda: f"danger-{what}" in run.topic("safety"))
    print(f"{what}: danger reached people after {time.monotonic() - began:.1f} s", flush=True)


def each_second(mock, start, end):
    counts = collections.Counter(int(call.at - start) for call in mock.calls if start <= call.at < end)
    return [counts[second] for second in range(int(end - start) + 1)]


def check_calls(probes, back):
    """Judged by counts, not by the clock: a busy machine only makes them fewer."""
    if len(probes) > SECONDS + CALLS:
        raise SystemExit(f"{len(probes)} calls to a provider that is down")
    for call in back:  # one at once, and one more a window of answers: n at once after n * (n - 1) / 2 of them
        answered = call.answered - back[0].answered
        if call.open * (call.open - 1) / 2 > answered + 1:
            raise SystemExit(f"a storm when it came back: {call.open} calls at once after {answered} answers")


def main():
    options = ("--genai.providers=openai,local", "--openai.model=mock", f"--openai.deadline={DEADLINE}s", "--genai.outage_least=1s",
               "--genai.outage_most=8s", f"--genai.calls={CALLS}")
    with Mock(latency=0.1) as mock, Run(f"--openai.endpoint=http://127.0.0.1:{mock.port}/v1", *options) as run:
        load = Load(run)
        load.start()
        began = time.monotonic()
        watch(run, "well", answers(mock, ANSWERS))
        half = SECONDS / 2
        down, sent = time.monotonic(), load.sent
        mock.fault = "hang"     # first it takes calls and never answers,
        danger(run, "hanging")
        most = watch(run, "hanging", after(half))
        mock.stop()             # then nobody listens
        danger(run, "gone")
        most = max(most, watch(run, "gone", after(half)))
        mock.fault = None
        mock.start()
        back, sent = time.monotonic(), load.sent - sent
        watch(run, "back", answers(mock, ANSWERS))
        load.end.set()
        load.join()
        end = time.monotonic()
        calls = each_second(mock, back, end)
        print(f"{load.sent} records sent; calls each second: well {each_second(mock, began, down)}, "
              f"hanging {each_second(mock, down, down + half)}, back {calls}", flush=True)
        insights = run.await_topic("insights", load.sent + 2)
        equal("an insight for each record", len(insights), load.sent + 2)
        equal("dead letters", len(run.topic("dead-letters")), 0)
        degraded = sum(record["insight"].get("degraded", False) for record in insights.values())
        local = sum(record["insight"]["provider"] == "local" for record in insights.values())
        equal("the local ones are marked", degraded, local)
        print(f"{load.sent} records, {degraded} degraded", flush=True)
        if degraded < sent * 0.3:
            raise SystemExit("insights didn't go on while it was down")
        if most > RATE * 20:
            raise SystemExit(f"{most:.0f} records waited: more than twenty seconds' worth")
        check_calls([call for call in mock.calls if down + DEADLINE < call.at < back], [call for call in mock.calls if call.at >= back])
        wait_for("nothing waits", lambda: backlog(run) == 0)
        run.stop()


main()
