"""Everything that a read_committed consumer can read, place by place."""
import time

from confluent_kafka import Consumer, KafkaError, TopicPartition


def places(bootstrap, topics, seconds=180):
    """Yields (topic, partition, offset) of each message, once all partitions are at their ends. OSError: too slow."""
    client = Consumer({"bootstrap.servers": bootstrap, "group.id": "judge", "isolation.level": "read_committed",
                       "enable.auto.commit": False, "enable.partition.eof": True, "auto.offset.reset": "earliest",
                       "log_level": 0})
    known = client.list_topics(timeout=60).topics
    parts = [TopicPartition(topic, partition, 0) for topic in topics for partition in known[topic].partitions]
    client.assign(parts)
    left, until = {(part.topic, part.partition) for part in parts}, time.monotonic() + seconds
    while left:
        if time.monotonic() > until:
            raise OSError(f"the topics could not be read to their ends within {seconds} s; left: {sorted(left)[:5]}")
        for message in client.consume(10000, 1):
            if message.error() is None:
                yield message.topic(), message.partition(), message.offset()
            elif message.error().code() == KafkaError._PARTITION_EOF:
                left.discard((message.topic(), message.partition()))
    client.close()
