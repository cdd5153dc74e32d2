#!/usr/bin/env python3
"""Writes feedback straight to the Kafka topic: one record from the command line, or one JSON object a line of
standard input. The receipt is the broker's acknowledgement from all in-sync replicas.

example: produce.py --bootstrap 127.0.0.1:29092 --text "Great taste, but I got a rash." --customer c-17
"""
import argparse
import datetime
import json
import sys
import time
import uuid

import msgpack
from confluent_kafka import Producer

FIELDS = {"text", "source", "channel", "product", "customer", "rating", "language", "occurred_at", "attributes"}


def milliseconds(text):
    """RFC 3339 to milliseconds since 1970, as times are on the wire."""
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def encode(fields):
    """(id, key, value): a map of version, id and one section. `verbatim schema` prints all fields."""
    record_id = fields.pop("id", None) or str(uuid.uuid4())
    unknown = set(fields) - FIELDS
    if unknown or not fields.get("text", "").strip():
        raise ValueError(f"unknown fields {sorted(unknown)}" if unknown else "text is required")
    section = {"source": "kafka", **fields, "received_at": round(time.time() * 1000)}
    if "occurred_at" in section:
        section["occurred_at"] = milliseconds(section["occurred_at"])
    if "rating" in section:
        section["rating"] = float(section["rating"])
    # One customer's feedback has one key, so it stays in order.
    return record_id, section.get("customer") or record_id, msgpack.packb({"v": 1, "id": record_id, "feedback": section})


class Sender:
    def __init__(self, bootstrap, topic):
        self.topic, self.sent, self.failed = topic, 0, 0
        self.producer = Producer({
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,       # a retry inside the client doubles nothing
            "partitioner": "murmur2_random",  # as Java clients and Verbatim itself choose partitions
        })

    def on_delivery(self, error, _message):
        self.sent += error is None
        self.failed += error is not None
        if error:
            print(f"not delivered: {error}", file=sys.stderr)

    def send(self, fields):
        record_id, key, value = encode(dict(fields))
        headers = {
            "content-type": "application/msgpack",
            "ce_specversion": "1.0", "ce_type": "verbatim.feedback", "ce_source": "produce.py", "ce_id": record_id,
        }
        while True:
            try:
                self.producer.produce(self.topic, value, key, headers=headers, on_delivery=self.on_delivery)
                break
            except BufferError:  # the client's queue is full: let it work
                self.producer.poll(0.1)
        self.producer.poll(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", default="127.0.0.1:9092")
    parser.add_argument("--topic", default="feedback")
    parser.add_argument("--text", help="one record; without it, records come from standard input")
    parser.add_argument("--customer")
    parser.add_argument("--product")
    options = parser.parse_args()
    sender = Sender(options.bootstrap, options.topic)
    refused = 0
    if options.text:
        records = [{name: value for name in ("text", "customer", "product") if (value := getattr(options, name))}]
    else:
        records = (json.loads(line) for line in sys.stdin if line.strip())
    for record in records:
        try:
            sender.send(record)
        except ValueError as error:
            refused += 1
            print(f"refused: {error}", file=sys.stderr)
    sender.producer.flush(60)
    print(f"{sender.sent} sent, {refused + sender.failed} not", file=sys.stderr)
    sys.exit(1 if refused or sender.failed else 0)


if __name__ == "__main__":
    main()
