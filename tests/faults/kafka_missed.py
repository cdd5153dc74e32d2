"""Retention that is shorter than the backlog, on a real Kafka: what was deleted before it was read can't come back, so it is
said and counted at once, and what is there goes on, each record once; to a worker that was away, and to one that stood
still."""
import os
import re
import signal
import sys

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig, equal, once_each, wait_for  # noqa: E402

BOOTSTRAP = os.environ["KAFKA_BOOTSTRAP"]
SAYS = "messages were deleted before they were read"
admin = AdminClient({"bootstrap.servers": BOOTSTRAP})


def send(rig, name, count):
    ids = [f"{name}-{i}" for i in range(count)]
    rig.send(ids)
    return ids


def delete_all(topic="feedback"):
    deleted = admin.delete_records([TopicPartition(f"missed.{topic}", partition, -1) for partition in range(2)])
    for future in deleted.values():
        future.result(60)


def by_many(count):
    """As many documents as writers, whose transactions end when all are written: so many markers stand behind the last."""
    kept = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "nobody", "auto.offset.reset": "earliest"})
    kept.assign([TopicPartition("missed.documents", number, 0) for number in range(2)])
    message = wait_for("a document", lambda: next((m for m in kept.consume(10, 1) if b"first-" in (m.value() or b"")), None))
    kept.close()
    was = re.search(rb"first-\d+", message.value()).group(0)
    ids = [f"many{number:0{len(was) - 4}}" for number in range(count)]
    writers = [Producer({"bootstrap.servers": BOOTSTRAP, "transactional.id": f"many-{number}"}) for number in range(count)]
    for writer, id in zip(writers, ids):
        writer.init_transactions(60)
        writer.begin_transaction()
        writer.produce("missed.documents", message.value().replace(was, id.encode()), key=id, partition=0, headers=message.headers())
        equal("messages that aren't written", writer.flush(60), 0)
    for writer in writers:
        writer.commit_transaction(60)
    return ids


def markers_alone(rig):
    """Behind what was read lie the markers of its transactions, and are deleted with it: no message was missed."""
    before = len(rig.topic("documents"))
    workers = [rig.start("preprocess"), rig.start("featurize")]
    wait_for("all is read", lambda: len(rig.topic("features")) >= before)
    many = by_many(5)
    wait_for("of many writers, too", lambda: set(many) <= set(rig.ids("features")))
    workers[1].stop()
    delete_all("documents")
    workers[1] = rig.start("featurize")
    ids = send(rig, "after", 20)
    wait_for("it goes on", lambda: set(ids) <= set(rig.ids("features")))
    equal("missed, as all was read", workers[1].metric("verbatim_missed_records_total"), 0)
    equal("said", SAYS in open(workers[1].log).read(), False)
    for worker in workers:
        worker.stop()


def main():
    bus = ["--bus.kind=kafka", f"--kafka.bootstrap.servers={BOOTSTRAP}", "--bus.topic_prefix=missed.", "--bus.partitions=2"]
    with Rig(bus) as rig:
        rig.create_topics()
        worker = rig.start("preprocess")
        there = send(rig, "first", 200)
        wait_for("all is worked off", lambda: len(rig.topic("documents")) >= len(there))
        equal("missed, as nothing was deleted", worker.metric("verbatim_missed_records_total"), 0)
        worker.stop()
        send(rig, "away", 150)
        delete_all()
        there += send(rig, "back", 100)
        worker = rig.start("preprocess")
        wait_for("it goes on with what is there", lambda: len(rig.topic("documents")) >= len(there))
        wait_for("what was deleted is counted", lambda: worker.metric("verbatim_missed_records_total") == 150)
        wait_for("and said", lambda: SAYS in open(worker.log).read())
        worker.signal(signal.SIGSTOP)
        still = send(rig, "still", 250)
        delete_all()
        there += send(rig, "on", 100)
        worker.signal(signal.SIGCONT)
        wait_for("so does one that stood still", lambda: {f"on-{i}" for i in range(100)} <= set(rig.ids("documents")))
        got = rig.ids("documents")
        fetched = [id for id in still if id in got]  # before they were deleted: a fetch was under way
        wait_for("and what it has missed", lambda: worker.metric("verbatim_missed_records_total")
                 == 150 + len(still) - len(fetched))
        worker.stop()
        once_each("documents", rig.ids("documents"), there + fetched)
        markers_alone(rig)
        print("of 800 records", 400 - len(fetched), "were deleted before they were read, and counted; the others are there once")


main()
