"""SIGTERM under load: each worker drains within its deadline, exits 0, and doubles nothing; so do two replicas that come
and go, and one that stands still (SIGSTOP) until its place is taken."""
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig, STAGES, once_each, seeded, wait_for, equal  # noqa: E402

RECORDS, STOPS, DRAIN_S = 8000, 4, 10
AT_REST_S = 15  # a stop takes a second; so long a machine may stand still meanwhile, and yet no other deadline is over


def main():
    seeded()
    with Rig() as rig:
        rig.create_topics()
        sent = [f"s-{i}" for i in range(RECORDS)]
        slices = [sent[i::STOPS] for i in range(STOPS)]
        members = {worker: rig.start(worker, f"--runtime.drain={DRAIN_S}s") for worker in (*STAGES, "logsink")}
        slowest = 0
        for part in slices:
            rig.send(part)
            for worker in members:
                wait_for(f"{worker} works", lambda: members[worker].metric("verbatim_records_total", result="done") > 0)
                time.sleep(random.uniform(0, 0.05))  # somewhere in a batch
                begun = time.monotonic()
                members[worker].stop()
                slowest = max(slowest, time.monotonic() - begun)
                members[worker] = rig.start(worker, f"--runtime.drain={DRAIN_S}s")
        stands = members["genai"]
        wait_for("it is there", lambda: stands.ready() == 200)
        stands.signal(signal.SIGSTOP)
        other = rig.start("genai", replica=1)
        late = [f"late-{i}" for i in range(2000)]
        rig.send(late)
        wait_for("the other took its partitions", lambda: rig.count("insights") >= len(sent) + len(late))
        stands.signal(signal.SIGCONT)
        wait_for("it is back", lambda: stands.ready() == 200)
        other.stop()
        last = [f"last-{i}" for i in range(500)]
        rig.send(last)
        everything = sent + late + last
        wait_for("all insights", lambda: rig.count("insights") >= len(everything))
        wait_for("all archived", lambda: len(rig.archived("insights")[0]) >= len(everything))
        for member in members.values():
            member.stop()
        for topic in ("documents", "features", "segments", "insights"):
            once_each(topic, rig.ids(topic), everything)
        equal("archived insights", len(rig.archived("insights")[0]), len(everything))
        if slowest > DRAIN_S + AT_REST_S:
            raise SystemExit(f"a stop took {slowest:.1f} s")
        print(f"{STOPS * len(members)} stops under load, the slowest in {slowest:.2f} s; {len(everything)} insights, each once")


main()
