"""verbatim-logsink and verbatim-ingest over an S3 that speaks TLS: a wrong authority and an expired certificate fail closed, are told by a
figure, and cost nothing; then authority and certificate are rotated while records come in, by SIGHUP, without a failure.
"""
import collections
import json
import os
import shutil
import signal
import subprocess
import sys

import boto3
import zstandard

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/../faults")
from rig import Rig, equal, once_each, wait_for  # noqa: E402

ENDPOINT, DIR = sys.argv[1:3]
TRUSTED = f"{DIR}/trusted.pem"
FAILURES = 3


def show(certificate):
    """The server comes back with another certificate."""
    for end, name in (("pem", "public.crt"), ("key", "private.key")):
        shutil.copy(f"{DIR}/tls/{certificate}.{end}", f"{DIR}/certs/{name}")
    subprocess.run([f"{HERE}/../lib/minio.sh", "restart", DIR], check=True)


def trust(*authorities):
    with open(TRUSTED + ".new", "w") as out:
        for name in authorities:
            out.write(open(f"{DIR}/tls/{name}.pem").read())
    os.replace(TRUSTED + ".new", TRUSTED)


def s3():
    return boto3.client("s3", endpoint_url=ENDPOINT, aws_access_key_id="verbatim", region_name="us-east-1",
                        aws_secret_access_key="verbatim-secret", verify=f"{DIR}/tls/all.pem")


def archived():
    """id -> times, of all objects of feedback; without what the watcher took in."""
    client, found = s3(), collections.Counter()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="archive", Prefix="live/feedback/"):
        for entry in page.get("Contents", []):
            body = client.get_object(Bucket="archive", Key=entry["Key"])["Body"].read()
            text = zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True).read()
            ids = (json.loads(line)["id"] for line in text.splitlines())
            found.update(id for id in ids if id.startswith("record-"))
    return found


class Archive:
    """What was sent, and the member that stores it."""

    def __init__(self, rig):
        self.rig, self.sent = rig, []
        self.member = rig.start("logsink", "--logsink.url=s3://archive/live", f"--store.endpoint={ENDPOINT}",
                                f"--store.ca_file={TRUSTED}", "--store.access_key_id=verbatim",
                                "--store.secret_access_key_file=" + write_secret(), "--logsink.count=50")

    def send(self, count=200):
        fresh = [f"record-{len(self.sent) + i}" for i in range(count)]
        self.rig.send(fresh)
        self.sent += fresh

    def failed(self):
        return self.member.metric("verbatim_objects_total", result="failed")

    def fails(self, why):
        before = self.failed()
        self.send()
        wait_for(f"{why}: it fails and tries again", lambda: self.failed() >= before + FAILURES)
        equal(f"{why}: verbatim_archive_failing", self.member.metrics()["verbatim_archive_failing"], 1)
        self.member.signal(0)  # it lives

    def stored(self, why):
        wait_for(f"{why}: all is stored", lambda: self.well())
        once_each(why, archived(), self.sent)

    def well(self):
        """Not by its count of records: of an object whose answer was lost that counts none, as it was there already."""
        figures = self.member.metrics()
        return figures["verbatim_archive_waiting_records"] == figures["verbatim_archive_failing"] == 0 and \
            len(archived()) >= len(self.sent)

    def reload(self):
        before = self.reloads()
        self.member.signal(signal.SIGHUP)
        wait_for("it has reloaded", lambda: self.reloads() > before)

    def reloads(self):
        return self.member.metric("verbatim_config_reloads_total", result="done")


class Intake:
    """Objects under raw/, and the member that takes their rows in."""

    def __init__(self, rig):
        self.rig, self.objects = rig, 0
        self.member = rig.start("ingest", "--ingest.listen=", "--ingest.watch=s3://archive/raw/", f"--store.endpoint={ENDPOINT}",
                                f"--store.ca_file={TRUSTED}", "--store.access_key_id=verbatim", "--ingest.watch_every=100ms",
                                "--store.secret_access_key_file=" + write_secret())

    def put(self):
        self.objects += 1
        s3().put_object(Bucket="archive", Key=f"raw/{self.objects}.ndjson", Body=b'{"text":"It works well."}\n')

    def taken(self):
        return self.member.metric("verbatim_files_total", result="done")

    def fails(self, why):
        before = self.member.metric("verbatim_files_total", result="retried")
        wait_for(f"{why}: the watcher fails and tries again",
                 lambda: self.member.metric("verbatim_files_total", result="retried") > before)

    def takes(self, why):
        self.put()
        self.member.signal(signal.SIGHUP)
        wait_for(f"{why}: the object is taken in", lambda: self.taken() == self.objects)


def write_secret():
    with open(f"{DIR}/secret", "w") as out:
        out.write("verbatim-secret\n")
    return out.name


def fails_closed(archive, intake):
    wait_for("logsink runs", archive.member.metrics)
    archive.fails("an authority that isn't trusted")
    intake.put()
    intake.fails("an authority that isn't trusted")
    equal("nothing was stored", archived(), {})
    equal("nothing was taken in", intake.taken(), 0)
    trust("old")
    archive.reload()
    intake.takes("the right authority, by SIGHUP")
    archive.stored("the right authority, by SIGHUP")
    show("expired")
    archive.fails("an expired certificate")
    show("by-old")
    archive.stored("a good certificate, by itself")


def rotates(archive, intake):
    """Both authorities are trusted while certificates change: then a failure is only the server's own restart."""
    trust("old", "new")
    archive.reload()
    archive.send()
    show("by-new")
    archive.send()
    trust("new")
    archive.reload()
    intake.takes("rotated")
    archive.stored("rotated")
    before = archive.failed()
    archive.send()
    archive.stored("after the rotation")
    equal("failures after the rotation", archive.failed(), before)
    show("by-old")  # which is nobody's any more
    archive.fails("the authority that went")
    show("by-new")
    archive.stored("the new one again")


def main():
    trust("new")
    with Rig() as rig:
        rig.create_topics()
        archive, intake = Archive(rig), Intake(rig)
        fails_closed(archive, intake)
        rotates(archive, intake)
        for member in (archive.member, intake.member):
            member.stop()
            log = open(member.log).read()
            for said in ("certificate", "verbatim-secret"):
                equal(f"the log of {member.worker} says {said}", said in log, said == "certificate")
        print(f"{len(archive.sent)} records, each once, over two authorities and an expired certificate")


main()
