"""Folders that are deleted under running workers. The archive's: logsink says so and ends, and its successor makes a new
one and stores what the old one had not. The embedded bus's: its file would take all and go with the last process, so
nobody has a receipt from then on, and every worker says so and ends."""
import collections
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig, once_each, wait_for  # noqa: E402

STATUS = 73  # no_output


def post(rig, name, count):
    """Those that have a receipt."""
    ids = [f"{name}-{i}" for i in range(count)]
    return [id for id in ids if rig.post({"id": id, "text": "The parcel came late."})[0] == 202]


def ends(member):
    member.ends(STATUS, f"{member.worker}, whose folder was deleted")
    if "was deleted" not in open(member.log).read():
        raise SystemExit(f"{member.worker} doesn't say why:\n" + open(member.log).read()[-2000:])


def main():
    with Rig() as rig:
        rig.create_topics()
        preprocess, logsink, door = rig.start("preprocess"), rig.start("logsink"), rig.door()
        old = post(rig, "old", 20)
        wait_for("all is archived", lambda: len(rig.archived()[0]) == len(old) == 20)
        wait_for("and committed", lambda: logsink.metrics().get("verbatim_archive_waiting_records") == 0)
        shutil.rmtree(f"{rig.dir}/archive")
        new = post(rig, "new", 20)
        ends(logsink)
        logsink = rig.start("logsink")
        wait_for("the rest is archived", lambda: len(rig.archived()[0]) >= len(new) == 20)
        once_each("the new archive", collections.Counter(line["id"] for line in rig.archived()[0]), new)
        shutil.rmtree(f"{rig.dir}/bus")
        if post(rig, "late", 20):
            raise SystemExit("a receipt for what is written to a deleted file")
        for member in (door, preprocess, logsink):
            ends(member)
        print("the archive's folder, then the bus's: workers ended with", STATUS, "and no receipt was false")


main()
