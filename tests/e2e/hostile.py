#!/usr/bin/env python3
"""Writes messages that no worker can use onto topics of a Kafka, a few into each partition, and prints how many.

usage: hostile.py BOOTSTRAP TOPIC...
"""
import os
import struct
import sys

import msgpack
from confluent_kafka import Producer


def record(**sections):
    return msgpack.packb({"v": 1, "id": "hostile", **sections})


CASES = {
    "no bytes at all": b"",
    "an array that claims 2^26 items in five bytes": bytes.fromhex("dd04000000"),
    "a map that claims 2^32-1 items": bytes.fromhex("dfffffffff"),
    "a string longer than the message": bytes.fromhex("dbffffffff61"),
    "nested a thousand deep": b"\x91" * 1000 + b"\xc0",
    "a byte that msgpack never uses": b"\xc1",
    "random bytes": os.urandom(512),
    "text": b'{"id":"x","feedback":{"text":"json, not msgpack"}}',
    "a record cut off in the middle": record(feedback={"text": "x" * 100})[:40],
    "bytes behind the record": record(feedback={"text": "x"}) + b"\x01",
    "a key twice": b"\x84" + b"".join(map(msgpack.packb, ["v", 1, "id", "a", "id", "b", "feedback", {"text": "x"}])),
    "no id": msgpack.packb({"v": 1, "feedback": {"text": "x"}}),
    "an id that is a number": msgpack.packb({"v": 1, "id": 7, "feedback": {"text": "x"}}),
    "another version": msgpack.packb({"v": 99, "id": "hostile", "feedback": {"text": "x"}}),
    "a section that is a number": record(feedback=1, document=2, features=3, safety=4),
    "no section": record(),
    "a text that is not UTF-8": b"\x83" + msgpack.packb("v") + b"\x01" + msgpack.packb("id") + msgpack.packb("hostile")
                                + msgpack.packb("feedback") + b"\x81" + msgpack.packb("text") + b"\xa2\xff\xfe",
    "a vector of the wrong size": record(document={"text": "x", "language": "en", "language_confidence": 1.0, "content_hash": "0"},
                                         features={"vector": struct.pack("<f", float("nan")), "extractor": "x"}),
}


def main():
    failed = []
    producer = Producer({"bootstrap.servers": sys.argv[1], "message.max.bytes": 1000000})
    for topic in sys.argv[2:]:
        partitions = len(producer.list_topics(topic).topics[topic].partitions)
        for number, value in enumerate(CASES.values()):
            producer.produce(topic, value, key=b"hostile-%d" % number, partition=number % partitions,
                             on_delivery=lambda error, _: failed.append(error) if error else None)
    producer.flush(30)
    print(len(CASES))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
