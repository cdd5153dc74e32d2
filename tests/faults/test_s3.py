"""A store that fails in every way while logsink archives: the offsets stay, the lag shows, the calls are few and spread,
no object is ever cut short, and when the store is well again everything is there once.

And credentials that are refused: no storm of calls, a figure to alert on, and new ones in the file are found."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bucket import Bucket  # noqa: E402
from rig import Rig, equal, seeded, wait_for  # noqa: E402

FAULTS = [
    ("internal errors", (500, "InternalError")),
    ("slow down, with Retry-After", (503, "SlowDown")),
    ("slow errors", "slow"),
    ("no answer at all", "hang"),
    ("half a PUT, then a reset", "half"),
    ("done, but the answer is lost", "lost"),
    ("an access key without rights", (403, "AccessDenied")),
    ("an expired token", (400, "ExpiredToken")),
]
FAILURES = 5  # of the store, for each fault
LEAST_MS = 200


def unpack(body):
    return subprocess.run(["zstd", "-dcq"], input=body, check=True, capture_output=True).stdout


def judge(bucket, sent):
    """Every object is whole, has its manifest, and holds what no other does."""
    seen, places = [], []
    manifests = [json.loads(body) for key, body in bucket.objects.items() if "/manifests/" in key]
    objects = {key: body for key, body in bucket.objects.items() if "/manifests/" not in key}
    equal("a manifest to each object", len(manifests), len(objects))
    for manifest in manifests:
        body = bucket.objects["archive/" + manifest["object"]]
        equal(f"bytes of {manifest['object']}", len(body), manifest["bytes"])
        lines = [json.loads(line) for line in unpack(body).splitlines()]
        equal(f"lines of {manifest['object']}", len(lines), manifest["records"])
        places += [(manifest["topic"], manifest["partition"], line["bus"]["offset"]) for line in lines]
        seen += [line["id"] for line in lines if manifest["topic"] == "feedback"]
    equal("places, each once", len(places), len(set(places)))
    equal("records, each once", sorted(seen), sorted(sent))


def start(rig, bucket, credentials):
    return rig.start("logsink", "--logsink.url=s3://bucket/archive", f"--store.endpoint={bucket.endpoint}",
                     f"--store.credentials_file={credentials}", "--store.deadline=1s", "--logsink.age=100ms",
                     "--logsink.count=60", "--logsink.memory=4M", "--logsink.uploads=1")


def write_credentials(path, key):
    with open(path + ".new", "w") as file:
        file.write(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = SECRET\n")
    os.replace(path + ".new", path)


def pauses(log):
    """How many there were between calls that failed."""
    times = [at for at, *_ in log]
    return sum((b - a) * 1000 >= LEAST_MS * 0.9 for a, b in zip(times, times[1:]))


def stored(bucket):
    """Records of feedback, as the manifests say."""
    bodies = [body for key, body in list(bucket.objects.items()) if "/manifests/feedback/" in key]
    return sum(json.loads(body)["records"] for body in bodies)


def stays(member):
    """While the store fails: figures that a person is told by."""
    figures = member.metrics()
    equal("verbatim_archive_failing", figures["verbatim_archive_failing"], 1)
    if figures["verbatim_archive_waiting_records"] + figures["verbatim_in_flight_records"] < 1:
        raise SystemExit("nothing waits, although the store fails")


def quiet(member):
    figures = member.metrics()
    return figures["verbatim_build_info"] and figures["verbatim_archive_waiting_records"] == 0 \
        and figures["verbatim_backlog_records"] == 0 and figures["verbatim_in_flight_records"] == 0


def fails(rig, bucket, member, credentials, why, how, killed, sent):
    wait_for("all is quiet", lambda: quiet(member))
    failed = member.metric("verbatim_objects_total", result="failed")
    bucket.tell(how)
    fresh = [f"r-{len(sent) + i}" for i in range(300)]
    rig.send(fresh)
    sent.extend(fresh)
    wait_for(f"{why}: it has failed some times, with a pause after each",
             lambda: member.metric("verbatim_objects_total", result="failed") >= failed + FAILURES
             and pauses(bucket.requests()) >= FAILURES - 1)
    log = bucket.requests()
    failures = member.metric("verbatim_objects_total", result="failed") - failed  # whoever looks late finds more of both
    stays(member)
    calls = len(log)
    most = 6 * (failures + 3)  # a call, its few inner tries; 300 records in 60s on 3 partitions would be hundreds
    if calls > most:
        raise SystemExit(f"{why}: a storm of {calls} requests for {failures:.0f} failures")
    if failures > 6 * FAILURES:  # where this store stood still itself, requests wait for it, and come without a pause
        raise SystemExit(f"{why}: no back-off: {failures:.0f} failures, {pauses(log)} pauses")
    if killed:  # the offsets have not moved: another reads all of it again
        member.process.kill()
        member.process.wait()
        member = start(rig, bucket, credentials)
    bucket.tell(None)
    begun = time.monotonic()
    wait_for(f"{why}: all is stored", lambda: stored(bucket) >= len(sent) and quiet(member))
    print(f"{why}: {calls} requests, well {time.monotonic() - begun:.1f} s after the store", flush=True)
    return member


def rotates(rig, bucket, member, credentials, sent):
    """The key is withdrawn; some time later a new one appears in the file, and nobody restarts anything."""
    failed = member.metric("verbatim_objects_total", result="failed")
    bucket.tell(None)
    bucket.keys = {"NEWKEY"}
    fresh = [f"rotated-{i}" for i in range(200)]
    rig.send(fresh)
    sent.extend(fresh)
    wait_for("it is refused some times",
             lambda: member.metric("verbatim_objects_total", result="failed") >= failed + FAILURES)
    equal("it says so", member.metrics()["verbatim_archive_failing"], 1)
    calls = len(bucket.requests())
    failures = member.metric("verbatim_objects_total", result="failed") - failed
    if calls > 6 * (failures + 3):
        raise SystemExit(f"a storm of {calls} requests with refused credentials, for {failures:.0f} failures")
    write_credentials(credentials, "NEWKEY")
    wait_for("it goes on with the new key", lambda: stored(bucket) >= len(sent) and member.metrics()["verbatim_archive_failing"] == 0)
    print(f"credentials: {calls} requests while refused; the new ones are found in the file", flush=True)


def main():
    seeded()
    bucket, sent = Bucket(), []
    with Rig() as rig:
        credentials = f"{rig.dir}/credentials"
        write_credentials(credentials, "KEY")
        rig.create_topics()
        member = start(rig, bucket, credentials)
        sent += [f"first-{i}" for i in range(100)]
        rig.send(sent)
        wait_for("the first are stored", lambda: member.metrics()["verbatim_archived_records_total"] >= 100)
        for i, (why, how) in enumerate(FAULTS):
            member = fails(rig, bucket, member, credentials, why, how, i % 2 == 1, sent)
        rotates(rig, bucket, member, credentials, sent)
        bucket.tell("half")  # and killed in the middle of it
        fresh = [f"killed-{i}" for i in range(200)]
        rig.send(fresh)
        sent.extend(fresh)
        wait_for("it has tried", lambda: len(bucket.requests()) > 2)
        member.process.kill()
        member.process.wait()
        bucket.tell(None)
        member = start(rig, bucket, credentials)
        wait_for("the next one stores it", lambda: stored(bucket) >= len(sent) and quiet(member))
        member.stop()
        judge(bucket, sent)
        print(f"{len(sent)} records, each once, in {len(bucket.objects) // 2} whole objects")


main()
