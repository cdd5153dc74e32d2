"""verbatim-logsink over a real S3, killed with -9 at its crash points and at random moments, then judged.

Each member archives what the embedded bus holds; the bus is filled a little before each. At the end boto3,
zstandard and json, which share nothing with our code, must find every record exactly once.
"""
import collections
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import boto3
import zstandard

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from metrics import scrape, sums  # noqa: E402
from ports import free_port  # noqa: E402
from process import await_handler  # noqa: E402

BIN, ENDPOINT, DIR = sys.argv[1:4]
PATIENCE = 240  # for what must happen
BUS = [f"--bus.path={DIR}/bus", "--bus.durable=false", "--bus.partitions=2"]
LOGSINK = [f"{BIN}/verbatim-logsink", *BUS, "--logsink.url=s3://archive/live", f"--store.endpoint={ENDPOINT}",
           "--store.access_key_id=verbatim", "--store.tags=kind=archive", "--store.storage_class=REDUCED_REDUNDANCY"]
ENV = {**os.environ, "VERBATIM_STORE_SECRET_ACCESS_KEY": "verbatim-secret"}
sent = []


def send(count):
    """Feedback onto the bus, with ids that follow from their number."""
    rows = [{"text": f"Parcel {len(sent) + i} came late, ¡qué pena! 😀", "id": f"record-{len(sent) + i}",
             "customer": f"customer-{(len(sent) + i) % 7}"} for i in range(count)]
    subprocess.run([f"{BIN}/verbatim", "send", *BUS], input="\n".join(map(json.dumps, rows)), text=True, check=True,
                   stdout=subprocess.DEVNULL)
    sent.extend(row["id"] for row in rows)


def start(crash="", *options):
    return subprocess.Popen([*LOGSINK, *options], env={**ENV, "VERBATIM_TEST_CRASH": crash} if crash else ENV)


def expect_exit(member, status, why):
    try:
        got = member.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        member.kill()
        raise SystemExit(f"{why}: still running after {PATIENCE} s")
    assert got == status, f"{why}: exit status {got}, not {status}"


def dies_at(point, *options):
    """The member must reach the crash point by itself, and die there."""
    send(300)
    expect_exit(start(point, *options), -signal.SIGKILL, point)


def stops(*options):
    send(300)
    member = start("", *options)
    await_handler(member, PATIENCE)
    time.sleep(random.uniform(0, 1))
    member.terminate()
    expect_exit(member, 0, "SIGTERM")


def stored():
    """Records of feedback, as the manifests say: what has not been heard of yet is no backlog, so that tells nothing."""
    return sum(json.loads(body)["records"] for key, body in read_archive().items() if key.startswith("manifests/feedback/"))


def finishes(*options):
    """Runs until nothing is left to read or to store."""
    port, until = free_port(), time.monotonic() + PATIENCE
    member = start("", f"--runtime.admin=127.0.0.1:{port}", *options)
    while True:
        got = sums(scrape(port))
        if got["verbatim_archived_records_total"] and not got["verbatim_backlog_records"] \
                and not got["verbatim_archive_memory_bytes"] and stored() >= len(sent):
            break
        assert time.monotonic() < until, f"not finished within {PATIENCE} s: {got}"
        time.sleep(0.05)
    member.terminate()
    expect_exit(member, 0, "SIGTERM")
    return got


def is_killed(*options):
    send(300)
    member = start("", *options)
    time.sleep(random.uniform(0.05, 0.6))
    member.kill()
    member.wait()


def read_archive():
    s3 = boto3.client("s3", endpoint_url=ENDPOINT, region_name="us-east-1", aws_access_key_id="verbatim",
                      aws_secret_access_key="verbatim-secret")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="archive", Prefix="live/")
    bodies = {}
    for item in (item for page in pages for item in page.get("Contents", [])):
        bodies[item["Key"].removeprefix("live/")] = s3.get_object(Bucket="archive", Key=item["Key"])["Body"].read()
        assert item["StorageClass"] == "REDUCED_REDUNDANCY", item
    tags = s3.get_object_tagging(Bucket="archive", Key="live/" + next(iter(bodies)))["TagSet"]
    assert tags == [{"Key": "kind", "Value": "archive"}], tags
    return bodies


def judge():
    bodies = read_archive()
    manifests = [json.loads(body) for key, body in bodies.items() if key.startswith("manifests/")]
    objects = {key: body for key, body in bodies.items() if not key.startswith("manifests/")}
    assert sorted(manifest["object"] for manifest in manifests) == sorted(objects), "a manifest to each object"
    seen, places = collections.Counter(), collections.Counter()
    for manifest in manifests:
        packed = objects[manifest["object"]]
        text = zstandard.ZstdDecompressor().decompress(packed)  # one frame that says its size
        lines = [json.loads(line) for line in text.decode().splitlines()]
        offsets = [line["bus"]["offset"] for line in lines]
        assert offsets == sorted(offsets)
        assert (offsets[0], offsets[-1] + 1, len(lines)) == (manifest["start"], manifest["end"], manifest["records"])
        assert hashlib.sha256(packed).hexdigest() == manifest["sha256"] and len(packed) == manifest["bytes"]
        assert hashlib.sha256(text).hexdigest() == manifest["content_sha256"]
        start = f'{manifest["start"]:020d}'
        assert manifest["object"].endswith(f'/{manifest["partition"]}/{start}.ndjson.zst'), manifest["object"]
        for line in lines:
            assert line["bus"]["topic"] == manifest["topic"] and line["bus"]["partition"] == manifest["partition"]
            assert f'/date={line["bus"]["timestamp"][:10]}/' in manifest["object"] or line is not lines[0]
            places[(line["bus"]["topic"], line["bus"]["partition"], line["bus"]["offset"])] += 1
            if manifest["topic"] == "feedback":
                seen[line["id"]] += 1
                assert line["feedback"]["text"].endswith("¡qué pena! 😀"), line
                assert line["bus"]["key"] == line["feedback"]["customer"] and line["bus"]["traceparent"], line
    assert set(places.values()) == {1}, [place for place, times in places.items() if times > 1][:5]
    missing = [record for record in sent if record not in seen]
    assert not missing and len(seen) == len(sent), (len(missing), missing[:5], len(seen), len(sent))
    assert set(seen.values()) == {1}
    print(f"boto3 agrees: {len(sent)} records, each once, in {len(objects)} objects with their manifests")


def main():
    seed = int(os.environ.get("VERBATIM_TEST_SEED", random.randrange(1 << 30)))
    print("seed", seed, flush=True)
    random.seed(seed)
    subprocess.run([f"{BIN}/verbatim", "topics", "create", *BUS], check=True, stdout=subprocess.DEVNULL)
    small, quick = "--logsink.count=70", "--logsink.age=100ms"
    for point in ("archive.object", "archive.manifest"):
        dies_at(point, small)                            # before the manifest; before the commit
        dies_at(point + ":3", "--logsink.count=40")      # and cut elsewhere than before
        stops("--logsink.count=1000")
    dies_at("archive.object", quick)                     # cut by the clock
    stops(quick, "--logsink.part_bytes=5M")
    for _ in range(6):
        is_killed(random.choice([small, quick, "--logsink.count=23"]), "--logsink.uploads=4")
    stops()
    send(300)
    print("at the end:", {name: value for name, value in finishes(quick).items() if "archive" in name or "object" in name})
    judge()


main()
