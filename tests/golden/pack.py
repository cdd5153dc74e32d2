"""Packs golden/NAME.json to msgpack with Python's msgpack, knowing nothing of our code but the schema's words.

usage: pack.py FOLDER [--check]
Writes NAME.msgpack beside each NAME.json; with --check compares, and unpacks what is there, instead.
example: "$(tests/lib/python.sh)" tests/golden/pack.py tests/golden --check
"""
import base64
import datetime
import json
import pathlib
import struct
import sys

import msgpack

TIMES = {"occurred_at", "received_at", "due_at", "finished_at", "failed_at", "at", "window", "since", "until"}
FLOATS = {"rating", "language_confidence", "distance", "score", "confidence", "cost_usd",
          "usual_records", "usual_spread", "usual_score"}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MILLISECOND = datetime.timedelta(milliseconds=1)


class Float32:
    """A float that goes on the wire in four bytes, as our fields do; those that no table knows take eight."""

    def __init__(self, value):
        self.bytes = b"\xca" + struct.pack(">f", value)


def to_wire(name, value, section):
    if name in TIMES:
        return (datetime.datetime.fromisoformat(value.replace("Z", "+00:00")) - EPOCH) // MILLISECOND
    if name in FLOATS:
        return Float32(value)
    if name == "vector":
        return struct.pack(f"<{len(value)}f", *value)
    if section == "dead_letter" and name in ("key", "value"):
        return base64.b64decode(value)
    if isinstance(value, dict):
        return {key: to_wire(key, inner, section) for key, inner in value.items()}
    if isinstance(value, list):
        return [to_wire("", inner, section) for inner in value]
    return value


def pack(value):
    """As msgpack.packb, with Float32."""
    if isinstance(value, Float32):
        return value.bytes
    packer = msgpack.Packer(use_bin_type=True)
    if isinstance(value, dict):
        pairs = (pack(key) + pack(inner) for key, inner in value.items())
        return packer.pack_map_header(len(value)) + b"".join(pairs)
    if isinstance(value, list):
        return packer.pack_array_header(len(value)) + b"".join(map(pack, value))
    return packer.pack(value)


def plain(value):
    """What an unpacker that knows nothing of the schema must see."""
    if isinstance(value, Float32):
        return struct.unpack(">f", value.bytes[1:])[0]
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def main():
    folder, check = pathlib.Path(sys.argv[1]), "--check" in sys.argv
    failed = 0
    for source in sorted(folder.glob("*.json")):
        record = {"v": 1, **json.loads(source.read_text("utf-8"))}
        wire = {name: to_wire(name, value, name) for name, value in record.items()}
        target = source.with_suffix(".msgpack")
        if not check:
            target.write_bytes(pack(wire))
            continue
        ours = target.read_bytes()
        same = ours == pack(wire) and msgpack.unpackb(ours, raw=False, strict_map_key=True) == plain(wire)
        print(f"{target.name}: {len(ours)} bytes, {'as' if same else 'NOT as'} Python's msgpack has it")
        failed += not same
    sys.exit(1 if failed else 0)


main()
