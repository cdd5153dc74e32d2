"""One limit everywhere: 4 MiB for a record as msgpack. At the door the largest record that is taken and one byte more; on
a topic a message of N - 1, N and N + 1 bytes, of which the worker makes dead letters that keep their hash."""
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig, equal, wait_for  # noqa: E402

N = 4 << 20


def body_of(size):
    head, tail = b'{"text":"The lid was broken.","attributes":{"k":"', b'"}}'
    return head + b"x" * (size - len(head) - len(tail)) + tail


def at_the_door(rig):
    """The sizes of bodies between which the door changes its mind: a record has a few bytes more than its JSON."""
    low, high = N - 4096, N + 4096
    equal("a body well below the limit", rig.post(body_of(low))[0], 202)
    equal("a body well above", rig.post(body_of(high))[0], 413)
    taken = 1
    while high - low > 1:
        middle = (low + high) // 2
        status = rig.post(body_of(middle))[0]
        if status == 202:
            low, taken = middle, taken + 1
        else:
            equal(f"a body of {middle} bytes", status, 413)
            high = middle
    equal("the largest once more", rig.post(body_of(low))[0], 202)
    equal("one byte more", rig.post(body_of(low + 1))[0], 413)
    return low, taken + 1


def inside(rig, taken):
    """What the door took: each becomes a document, or, as a document has more bytes, a dead letter with its hash."""
    raws = [b"\xc1" * size for size in (N - 1, N, N + 1)]
    paths = []
    for raw in raws:
        paths.append(f"{rig.dir}/{len(raw)}")
        with open(paths[-1], "wb") as file:
            file.write(raw)
    rig.put("feedback", paths)
    member = rig.start("preprocess")
    wait_for("all are handled", lambda: rig.count("documents") + rig.count("dead-letters") >= taken + len(raws))
    member.stop()
    letters = [row["dead_letter"] for row in rig.topic("dead-letters")]
    hashes = {letter["value_sha256"] for letter in letters}
    for raw in raws:
        if hashlib.sha256(raw).hexdigest() not in hashes:
            raise SystemExit(f"no dead letter with the hash of {len(raw)} bytes")
    for letter in letters:
        if "value" in letter:
            raise SystemExit(f"a dead letter holds {len(letter['value'])} bytes of what was too large")
    equal("each became one or the other", rig.count("documents") + len(letters), taken + len(raws))
    return letters


def main():
    with Rig(partitions=1) as rig:
        rig.create_topics()
        door = rig.door()
        largest, taken = at_the_door(rig)
        door.stop()
        letters = inside(rig, taken)
        print(f"largest body {largest} bytes, one more is 413; {len(letters)} dead letters with their hash: "
              f"{json.dumps(sorted({letter['cause'] for letter in letters}))}")


main()
