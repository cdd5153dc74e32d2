#!/usr/bin/env python3
"""Reads finished insights from Kafka, decodes them, and prints a line for each.

isolation.level=read_committed matters: Verbatim's workers write in transactions, and a record of one that was
aborted must not be seen. Offsets are committed after a record was handled, so a crash repeats, never loses.
Exit status 69: no broker answered when it stopped.

example: consume.py --bootstrap 127.0.0.1:29092 --safety positive
"""
import argparse
import json
import signal
import sys

import msgpack
from confluent_kafka import Consumer, KafkaError

COMMIT_EVERY = 500


def line_of(record):
    if "digest" in record:  # what a window of insights says together: an event of its own kind
        digest = record["digest"]
        needs = ", ".join(f"{need['text']} ({need['records']})" for need in digest.get("needs", [])[:3])
        return f"{record['id']}  {digest['records']} insights  {needs}"
    insight, document = record["insight"], record["document"]
    sentiment = insight["sentiment"]
    needs = ", ".join(need["text"] for need in insight.get("needs", []))
    return "{id}  {label:8} {score:+.2f}  {language:3}  {safety:10}  {text}{needs}".format(
        id=record["id"], label=sentiment["label"], score=sentiment["score"], language=document["language"],
        safety=record.get("safety", {}).get("state", "?"), text=document["text"][:70].replace("\n", " "),
        needs=f"  [{needs}]" if needs else "")


def readable(value):
    """Bytes (vectors, raw messages) are no JSON."""
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else str(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", default="127.0.0.1:9092")
    parser.add_argument("--topic", default="insights")
    parser.add_argument("--group", default="example", help="readers of one group share the partitions")
    parser.add_argument("--safety", choices=["positive", "negative", "unassessed"])
    parser.add_argument("--json", action="store_true", help="whole records, as JSON lines")
    parser.add_argument("--idle", type=float, help="stop when nothing came for so many seconds")
    parser.add_argument("--count", type=int, help="stop after so many records")
    options = parser.parse_args()

    down = []  # holds something while no broker answers

    consumer = Consumer({
        "bootstrap.servers": options.bootstrap,
        "group.id": options.group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "reconnect.backoff.ms": 1000,  # the library tells of each failure on standard error
        "error_cb": lambda error: down.append(error) if error.code() == KafkaError._ALL_BROKERS_DOWN else None,
    })
    stopping = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.append(True))
    consumer.subscribe([options.topic])
    seen = uncommitted = 0
    idle_s = 0.0
    while not stopping and (options.count is None or seen < options.count):
        message = consumer.poll(0.5)
        if message is None:
            idle_s += 0.5
            if options.idle is not None and idle_s >= options.idle:
                break
            continue
        if message.error():
            if message.error().code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise SystemExit(f"no topic {options.topic}; verbatim topics create makes it")
            print(f"kafka: {message.error()}", file=sys.stderr)
            continue
        idle_s = 0.0
        down.clear()
        record = msgpack.unpackb(message.value(), strict_map_key=True)
        if options.safety is None or record.get("safety", {}).get("state") == options.safety:
            print(json.dumps(record, ensure_ascii=False, default=readable) if options.json else line_of(record), flush=True)
        seen += 1
        uncommitted += 1
        if uncommitted == COMMIT_EVERY:
            consumer.commit(asynchronous=False)
            uncommitted = 0
    if uncommitted:
        consumer.commit(asynchronous=False)
    consumer.close()
    print(f"{seen} records read", file=sys.stderr)
    if down:
        print(f"no broker answers at {options.bootstrap}", file=sys.stderr)
        sys.exit(69)


if __name__ == "__main__":
    main()
