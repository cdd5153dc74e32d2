"""Each worker dies, as by kill -9, at each of its crash points: before and after produce, delivery, PUT and commit.
Another takes over, and at the end each record is in each topic once. VERBATIM_TEST_BUS=kafka: on a real broker."""
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import BIN, Rig, STAGES, once_each, seeded, wait_for, equal  # noqa: E402

KAFKA = os.environ.get("KAFKA_BOOTSTRAP")
POINTS = ["commit.before", "commit.flushed", "commit.done", "commit.after"]
KAFKA_POINTS = ["commit.before", "commit.begun", "commit.sent", "commit.positions", "commit.flushed", "commit.done", "commit.after"]
OUTPUT = {"preprocess": "documents", "featurize": "features", "segment": "segments", "genai": "insights"}
sent = []


def more(rig, count):
    fresh = [f"r-{len(sent) + i}" for i in range(count)]
    sent.extend(fresh)
    rig.send(fresh)


def dies(rig, worker, point):
    member = rig.start(worker, "--runtime.batch_records=40", crash=point)
    member.ends(-signal.SIGKILL, f"{worker} at {point}")


def door(rig):
    """A post whose answer never came is posted again under its id: one insight."""
    for i, point in enumerate(("door.produce", "door.written")):
        dying = rig.door(crash=point)
        row = {"id": f"door-{i}", "text": "The lid was broken and the parcel came late."}
        wait_for("the door answers", lambda: dying.ready() == 200)
        equal(f"no receipt from a door that dies at {point}", rig.post(row)[0], 0)
        dying.ends(-signal.SIGKILL, f"ingest at {point}")
        healthy = rig.door()
        equal("the second post", rig.post(row)[0], 202)
        healthy.stop()
        sent.append(row["id"])


def logsink(rig):
    for point in ("archive.put", "archive.object", "archive.manifest", *POINTS):
        more(rig, 150)
        dies(rig, "logsink", point)
        dies(rig, "logsink", point + ":2")


def main():
    seeded()
    bus = None
    if KAFKA:
        bus = ["--bus.kind=kafka", f"--kafka.bootstrap.servers={KAFKA}", "--bus.topic_prefix=crash.", "--bus.partitions=3",
               "--kafka.session.timeout.ms=6000"]
    with Rig(bus) as rig:
        rig.create_topics()
        door(rig)
        for i, point in enumerate(KAFKA_POINTS if KAFKA else POINTS):
            more(rig, 200)
            for j, worker in enumerate(STAGES):
                if not KAFKA or i % len(STAGES) == j:  # there a place is free after seconds only: each point, by turns
                    dies(rig, worker, point)
                if not KAFKA:
                    dies(rig, worker, point + ":2")
                healthy = rig.start(worker)
                topic = OUTPUT[worker]
                wait_for(f"{worker} goes on after {point}", lambda: rig.count(topic) >= len(sent))
                healthy.stop()
            print("all workers died at", point, flush=True)
        for topic in OUTPUT.values():
            once_each(topic, rig.ids(topic), sent)
        equal("dead letters", len(rig.topic("dead-letters")), 0)
        if KAFKA:
            return
        logsink(rig)
        last = rig.start("logsink")
        wait_for("the archive is whole", lambda: len(rig.archived()[0]) >= len(sent))
        last.stop()
        lines, objects = rig.archived()
        places = [(line["bus"]["partition"], line["bus"]["offset"]) for line in lines]
        equal("places in the archive", len(places), len(set(places)))
        print(f"{len(sent)} records, each once in every topic, and in {len(objects)} objects")


main()
