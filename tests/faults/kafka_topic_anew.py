"""An operator deletes a topic under running workers and creates it anew, on a real Kafka: a worker reads the new one from
its beginning, each record once, also one that has outgrown the old one before it is read, and ends with 0 when told to,
though librdkafka's client may never end (issues 4362, 4674); logsink refuses to mix two topics in one archive, says so, and
ends with 78: before anything of the new one is stored, unless that has outgrown the old one.

usage: kafka_topic_anew.py COUNT    so many records on the new topic; the old one has 300"""
import os
import sys

from confluent_kafka.admin import AdminClient

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig, once_each, wait_for  # noqa: E402

BOOTSTRAP = os.environ["KAFKA_BOOTSTRAP"]
COUNT = int(sys.argv[1])
PREFIX = f"anew{COUNT}."


def misses(member, since):
    """Has it complained for seconds, or (what ends the complaints) been told that there is no such topic? Behind `since`
    bytes of its log: at its start it may not have heard of the topic either."""
    log = open(member.log).read()[since:]
    return log.count("the bus can't be read") >= 4 or "a topic does not exist yet" in log


def main():
    bus = ["--bus.kind=kafka", f"--kafka.bootstrap.servers={BOOTSTRAP}", f"--bus.topic_prefix={PREFIX}", "--bus.partitions=2",
           "--kafka.session.timeout.ms=6000"]
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    with Rig(bus) as rig:
        rig.create_topics()
        preprocess, logsink = rig.start("preprocess"), rig.start("logsink")
        old = [f"old-{i}" for i in range(300)]
        rig.send(old)
        wait_for("all of the old topic is worked off", lambda: len(rig.topic("documents")) >= len(old))
        wait_for("and archived", lambda: len(rig.archived("feedback")[0]) >= len(old))
        members = {member: len(open(member.log).read()) for member in (preprocess, logsink)}
        admin.delete_topics([f"{PREFIX}feedback"])[f"{PREFIX}feedback"].result(60)
        wait_for("both have missed it for seconds", lambda: all(misses(*member) for member in members.items()))
        rig.create_topics()
        new = [f"new-{i}" for i in range(COUNT)]
        rig.send(new)
        wait_for("all of the new topic is worked off", lambda: len(rig.topic("documents")) >= len(old) + len(new))
        once_each("documents", rig.ids("documents"), old + new)
        preprocess.stop()
        logsink.ends(78, "another topic under an old name")
        if "was the topic created anew?" not in open(logsink.log).read():
            raise SystemExit("logsink doesn't say what is wrong:\n" + open(logsink.log).read()[-2000:])
        lines = {line["id"] for line in rig.archived("feedback")[0]}
        if not set(old) <= lines or (COUNT < len(old) and lines != set(old)):
            raise SystemExit(f"the archive holds {len(lines)} records of feedback, not the {len(old)} of the old topic")
        print("a topic made anew:", len(new), "records behind", len(old), "each once")


main()
