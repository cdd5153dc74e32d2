"""The archive as it lies in the store, read by other people's libraries: objects of one partition in their order."""
import collections
import http.client
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import zstandard

NAME = re.compile(r"^(?:.*/)?(?P<topic>[^/]+)/date=[^/]+/(?P<partition>\d+)/(?P<start>\d{20})[^/]*\.ndjson\.zst$")
AHEAD = 16   # objects that are fetched before they are asked for


def in_order(names):
    """{(topic, partition): [names by their start]}"""
    parts = collections.defaultdict(list)
    for name in names:
        found = NAME.match(name)
        if found:
            parts[found["topic"], int(found["partition"])].append((found["start"], name))
    return {part: [name for _, name in sorted(found)] for part, found in sorted(parts.items())}


class Bucket:
    """Objects below a prefix of a bucket that anybody may read; named without the prefix."""

    def __init__(self, client, port, bucket, prefix):
        self.client, self.port, self.bucket, self.prefix = client, port, bucket, prefix
        self.local = threading.local()

    def names(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        return [item["Key"][len(self.prefix):] for page in pages for item in page.get("Contents", [])]

    def get(self, name):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.local.connection.request("GET", f"/{self.bucket}/{self.prefix}{name}")
        reply = self.local.connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise OSError(f"{name}: {reply.status} {body[:200]!r}")
        return body


def contents(source, names):
    """(name, its lines as bytes), in the order of the names. `source` has get()."""
    def load(name):
        return zstandard.ZstdDecompressor().decompress(source.get(name), max_output_size=1 << 30)
    with ThreadPoolExecutor(4) as pool:
        waiting = collections.deque()
        rest = iter(names)
        for name in rest:
            waiting.append((name, pool.submit(load, name)))
            if len(waiting) >= AHEAD:
                done, future = waiting.popleft()
                yield done, future.result()
        for done, future in waiting:
            yield done, future.result()
