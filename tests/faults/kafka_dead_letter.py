"""The topic of the dead letters is gone, on a real Kafka: nothing of the batch is committed, the source pauses and readyz
says so; when the topic is there again all goes on, the poison is a dead letter once, and every record is there once."""
import os
import signal
import sys

from confluent_kafka.admin import AdminClient

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig, equal, once_each, wait_for  # noqa: E402


def start(rig):
    return rig.start("preprocess", "--bus.commit_timeout=4s", "--kafka.topic.metadata.propagation.max.ms=1000",
                     "--kafka.session.timeout.ms=6000", "--runtime.batch_records=1000")


def main():
    bus = ["--bus.kind=kafka", f"--kafka.bootstrap.servers={os.environ['KAFKA_BOOTSTRAP']}", "--bus.topic_prefix=letter.",
           "--bus.partitions=1"]
    with Rig(bus) as rig:
        rig.create_topics()
        admin = AdminClient({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"]})
        deleted = admin.delete_topics(["letter.dead-letters"])
        deleted["letter.dead-letters"].result(60)
        poison = f"{rig.dir}/poison"
        with open(poison, "wb") as file:
            file.write(b"\xc1 this is no record")
        rig.put("feedback", [poison])
        sent = [f"l-{i}" for i in range(200)]
        rig.send(sent)
        member = start(rig)
        wait_for("the commit is tried again", lambda: member.metric("verbatim_commits_total", result="retried")
                 + member.metric("verbatim_commits_total", result="cancelled") >= 2)
        equal("documents, as long as the letter can't be written", len(rig.topic("documents")), 0)
        wait_for("readyz says so", lambda: member.ready() == 503)
        equal("it runs on", member.process.poll(), None)
        member.process.send_signal(signal.SIGKILL)  # and nothing had been committed
        member.process.wait()
        member = start(rig)
        wait_for("so does the next", lambda: member.metric("verbatim_commits_total", result="retried")
                 + member.metric("verbatim_commits_total", result="cancelled") >= 1)
        rig.create_topics()
        wait_for("all goes on", lambda: len(rig.topic("documents")) >= len(sent))
        wait_for("it is ready again", lambda: member.ready() == 200)
        member.stop()
        once_each("documents", rig.ids("documents"), sent)
        letters = rig.topic("dead-letters")
        equal("dead letters", [(row["dead_letter"]["cause"], row["dead_letter"]["offset"]) for row in letters],
              [("bad_message", 0)])
        print("a dead letter that couldn't be written held up", len(sent), "records; none is lost or doubled")


main()
