"""Poison: the fuzzers' corpora on each worker's input. Each message that is no record becomes one dead letter with its
cause, origin and raw bytes, the partition moves on, and what is well between them is processed."""
import base64
import glob
import hashlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig, READS, SOURCE, STAGES, wait_for, equal  # noqa: E402



def corpus():
    paths = sorted(glob.glob(f"{SOURCE}/tests/fuzz/corpus/*/*"))
    return [path for path in paths if 0 < os.path.getsize(path) < 400000]


def check_letter(letter, worker, raw_of):
    """The digest of what it holds, which must be what was sent."""
    dead = letter["dead_letter"]
    for field, wanted in (("worker", worker), ("topic", READS[worker])):
        equal(f"{field} of {dead}", dead[field], wanted)
    if not dead["cause"] or not dead["message"] or dead["attempts"] < 1:
        raise SystemExit(f"a dead letter without its cause: {letter}")
    digest = hashlib.sha256(base64.b64decode(dead["value"])).hexdigest()
    equal("value_sha256", dead["value_sha256"], digest)
    if digest not in raw_of:
        raise SystemExit(f"raw bytes that nobody sent: {letter}")
    return digest, (dead["partition"], dead["offset"])


def main():
    paths = corpus()
    raw_of = {}
    for path in paths:
        with open(path, "rb") as file:
            raw_of[hashlib.sha256(file.read()).hexdigest()] = path
    for worker in STAGES:
        with Rig(partitions=2) as rig:
            rig.create_topics()
            rig.put(READS[worker], paths)
            member = rig.start(worker)
            wait_for(f"{worker} is through", lambda: member.metric("verbatim_records_total") >= len(paths)
                     and member.metric("verbatim_backlog_records") == 0 and member.metric("verbatim_in_flight_records") == 0)
            wait_for("all is committed", lambda: member.metric("verbatim_records_total") >= len(paths))
            rejected = int(member.metric("verbatim_records_total", result="rejected"))
            wait_for("the letters are written", lambda: len(rig.topic("dead-letters")) >= rejected)
            letters = rig.topic("dead-letters")
            checked = [check_letter(letter, worker, raw_of) for letter in letters]
            equal("each origin once", len({place for _, place in checked}), len(letters))
            digests = {digest for digest, _ in checked}
            equal("one dead letter for each that was refused", len(letters), rejected)
            done = int(member.metric("verbatim_records_total", result="done"))
            equal("every message became an output or a dead letter", done + rejected, len(paths))
            if len(digests) < 50:
                raise SystemExit(f"only {len(digests)} different poisons: is the corpus there?")
            if worker == "preprocess":
                well = [f"well-{i}" for i in range(50)]
                rig.send(well)
                wait_for("what is well goes on", lambda: set(well) <= set(rig.ids("documents")))
            member.stop()
            print(f"{worker}: {len(paths)} messages, {rejected} dead letters, {done} records", flush=True)


main()
