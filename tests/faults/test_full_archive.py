"""The disk of the archive is full (a small tmpfs, seen by logsink alone): no object is torn, records wait and the figures
say so; when there is room again all is stored, once."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig, equal, once_each, wait_for  # noqa: E402
import collections  # noqa: E402

TEMPORARY = ".verbatim-tmp-*"
MOUNT = 'mkdir -p "$0" && mount -t tmpfs -o size=32m tmpfs "$0" && head -c 32500k /dev/zero >"$0/ballast" && exec "$@"'


def unshare():
    """How a mount of our own can be had here."""
    for how in (["unshare", "-m"], ["unshare", "-rm"]):
        if subprocess.run([*how, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], stderr=subprocess.DEVNULL).returncode == 0:
            return how
    print("skipped: no mount namespace can be had here", file=sys.stderr)
    raise SystemExit(77)


def copy(rig, member):
    """What logsink sees, to where we can read it; its temporary files come and go meanwhile."""
    shutil.rmtree(f"{rig.dir}/archive", ignore_errors=True)
    shutil.copytree(f"/proc/{member.process.pid}/root{rig.dir}/disk", f"{rig.dir}/archive",
                    ignore=shutil.ignore_patterns("ballast", TEMPORARY))


def main():
    how = unshare()
    with Rig() as rig:
        rig.create_topics()
        rig.wrapper = [*how, "sh", "-c", MOUNT, f"{rig.dir}/disk"]
        rig.options["logsink"] = [f"--logsink.url={rig.dir}/disk", "--logsink.age=100ms", "--logsink.count=2000"]
        member = rig.start("logsink")
        rig.wrapper = []
        wait_for("logsink is ready", lambda: member.ready() == 200)
        sent = [f"f-{i}-{os.urandom(9).hex()}" for i in range(12000)]
        rig.send(sent)
        wait_for("the disk is full", lambda: member.metric("verbatim_objects_total", result="failed") >= 4)
        # a small object may still have found room, and was a success for a moment
        wait_for("it says so", lambda: member.metrics()["verbatim_archive_failing"] == 1)
        equal("it runs on", member.process.poll(), None)
        copy(rig, member)
        before, objects = rig.archived()  # zstd refuses what is torn
        os.unlink(f"/proc/{member.process.pid}/root{rig.dir}/disk/ballast")
        wait_for("all is stored", lambda: member.metrics()["verbatim_archived_records_total"] >= len(sent)
                 and member.metrics()["verbatim_backlog_records"] == 0)
        copy(rig, member)
        lines, after = rig.archived()
        member.stop()
        once_each("the archive", collections.Counter(line["id"] for line in lines), sent)
        if not set(objects) <= set(after):
            raise SystemExit("an object went away")
        print(f"{len(before)} records in {len(objects)} whole objects on the full disk; then {len(lines)}, each once")


main()
