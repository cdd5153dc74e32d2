"""A read_committed consumer of what comes out, as anybody's would be, and how far behind the pipeline is.

A fault's time to recover is counted from its end (what was stopped runs again, the line is whole) until
  stream   a record whose receipt came after that has its insight, and no receipt has waited for its insight for
           longer than what was normal before the first fault: max(1 s, 3 × the worst lag then)
  archive  the same, and the archive writers' oldest waiting record is younger than logsink.age + 3 s, and their last
           call of the store succeeded
Where faults overlap, this is an upper bound: another fault may be what was still felt. With --apart none do."""
import threading
import time

import msgpack
from confluent_kafka import Consumer, TopicPartition

SAMPLE_SECONDS = 0.1


def id_within(message):
    """The id of the record that a dead letter holds; None: it holds none that can be read."""
    try:
        return msgpack.unpackb(message, strict_map_key=False)["id"]
    except Exception:   # msgpack has many, and poison is meant to find them
        return None


class Watch:
    def __init__(self, bootstrap, receipts, crew, archive_age):
        self.receipts, self.crew, self.archive_age = receipts, crew, archive_age
        self.bootstrap, self.over = bootstrap, threading.Event()
        self.letters, self.doubled = {}, {}       # dead letter id → count; what was consumed twice
        self.normal, self.worst_lag = 1.0, 0.0
        self.open, self.recovered = [], []        # (fault, its end), (fault, seconds)
        self.given_up = []                        # as open
        self.lock = threading.Lock()
        self.archive_lag = 0.0
        self.threads = [threading.Thread(target=run, daemon=True) for run in (self.consume, self.sample, self.look_at_archive)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def consumer(self):
        client = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "watch", "isolation.level": "read_committed",
                           "enable.auto.commit": False, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 50,
                           "topic.metadata.refresh.interval.ms": 5000, "reconnect.backoff.max.ms": 1000, "log_level": 0})
        topics = client.list_topics(timeout=30).topics
        client.assign([TopicPartition(topic, partition, 0) for topic in ("insights", "dead-letters")
                       for partition in topics[topic].partitions])
        return client

    def consume(self):
        client = self.consumer()
        while not self.over.is_set():
            ended = []
            for message in client.consume(2000, 0.1):
                if message.error():
                    continue
                record = msgpack.unpackb(message.value(), strict_map_key=False)
                name = record["id"]
                if message.topic() == "dead-letters":
                    self.letters[name] = self.letters.get(name, 0) + 1
                    name = id_within(record["dead_letter"].get("value", b""))
                ended.append(name)
            self.receipts.ended(name for name in ended if name is not None)
        client.close()

    def look_at_archive(self):
        while not self.over.wait(0.5):
            lags = []
            for member in self.crew.members.values():
                if member.worker == "logsink":
                    metrics = member.metrics()
                    failing = metrics.get("verbatim_archive_failing", 1)
                    lags.append(1e9 if failing else max(metrics.get("verbatim_archive_waiting_seconds", 0),
                                                        metrics.get("verbatim_backlog_seconds", 0)))
            self.archive_lag = max(lags)

    def sample(self):
        while not self.over.wait(SAMPLE_SECONDS):
            lag, newest = self.receipts.lag()
            self.worst_lag = max(self.worst_lag, lag)
            with self.lock:
                for entry in list(self.open):
                    fault, ended, by = entry
                    stream = newest > ended and lag <= self.normal
                    if stream and (by == "stream" or self.archive_lag <= self.archive_age + 3):
                        self.open.remove(entry)
                        self.recovered.append((fault, time.monotonic() - ended))

    def calm_is_over(self):
        """What was seen until now is normal."""
        self.normal, self.worst_lag = max(1.0, 3 * self.worst_lag), 0.0

    def healed(self, fault, by):
        with self.lock:
            self.open.append((fault, time.monotonic(), by))

    def gives_up(self):
        """What has not recovered by now won't be waited for."""
        with self.lock:
            self.given_up += self.open
            self.open.clear()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(10)
